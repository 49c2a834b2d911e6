#pragma once

#include <cstdint>
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

// For dialects. `id_path` is what follows the collection of machines: "/ID" or "/ID/VERB", with or
// without a query.
Act act_on_one(std::string_view method, std::string_view id_path);
// What follows `key` in a text, up to one of the characters that end it; empty if it is not there.
std::string text_after(std::string_view text, std::string_view key, std::string_view ends);
// The field "name" of a body; empty if there is none.
std::string name_in(const std::string& body);

}  // namespace fakes
