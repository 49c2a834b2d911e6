#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fakes {

// What a request to a provider is about, whatever its dialect. Each cloud says it of its own
// requests: see `act_of` there.
struct Act {
    enum class Verb : std::uint8_t { create, destroy, start, find, other };
    Verb verb = Verb::other;
    std::string subject;  // of a create: the name; of a find: the machine's; else the id
};

// What a request for a machine asks for; nothing where the provider decides.
struct RequestedMachine {
    std::string image;
    std::optional<std::int64_t> cpus = {};
    std::optional<std::int64_t> memory_mb = {};
    std::int64_t memory_unit_mb = 1;  // memory is sold in so much, and a wish is rounded up
};

// For dialects. `id_path` is what follows the collection of machines: "/ID" or "/ID/VERB", with or
// without a query.
Act act_on_one(std::string_view method, std::string_view id_path);
// A text field of a JSON object; empty if it is not there.
std::string field_in(const std::string& object, const char* name);

}  // namespace fakes
