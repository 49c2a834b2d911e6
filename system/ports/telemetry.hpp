#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace lifecycle {

// One named fact about an occurrence. Texts live only as long as the call that carries them.
struct Fact {
    std::string_view name;
    std::variant<std::int64_t, std::string_view> value;

    Fact(std::string_view fact, std::string_view text) : name(fact), value(text) {}
    Fact(std::string_view fact, const std::string& text)
        : name(fact), value(std::string_view(text)) {}
    Fact(std::string_view fact, const char* text) : name(fact), value(std::string_view(text)) {}
    Fact(std::string_view fact, std::int64_t number) : name(fact), value(number) {}
};

// Where the core tells what it does: the log and the metrics in production, the trace in a
// simulation. What concerns the store is told after it is committed. Never a secret.
class Telemetry {
  public:
    virtual ~Telemetry() = default;
    // `name` is a fixed dotted word such as "machine.active".
    virtual void record(std::string_view name, std::span<const Fact> facts) = 0;
    void record(std::string_view name, std::initializer_list<Fact> facts) {
        record(name, std::span<const Fact>(facts.begin(), facts.size()));
    }
};

}  // namespace lifecycle
