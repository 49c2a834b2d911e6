#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/error.hpp"
#include "system/model/machine.hpp"

namespace scenarios {

// What a project promises to people: what it answers when they want something of its machines, and
// how it is then. Written from docs/api.md and docs/design.md, and simpler than the system, since
// nothing fails here and whatever takes time is over at once.
class ProjectModel {
  public:
    struct Machine {
        std::int64_t generation;
        lifecycle::MachineState state;
        bool mounts;  // the project's volume
    };
    // What is answered: an error, or a machine by its generation.
    struct Answer {
        std::optional<lifecycle::ErrorCode> refused;
        std::int64_t generation = 0;
        bool other = false;  // it is not made for who asked: they wait for it, or join it

        friend bool operator==(const Answer&, const Answer&) = default;
    };

    Answer create(bool with_volume);
    Answer roll();
    // In the place of that generation; nothing: of whatever is active.
    Answer recreate(std::optional<std::int64_t> instead_of);
    Answer retire(std::int64_t generation);
    Answer restart(std::int64_t generation);
    Answer archive();
    // So much time passes that what was begun is done, and that whoever waits for a machine to have
    // served for a while has the turn the next time.
    void start_all();
    // And nobody waits any more.
    void settle();

    // In a line.
    std::string told() const;
    // That a resource is confirmed gone takes its time: until then, and then, its machine is over.
    static std::string_view told(lifecycle::MachineState state);
    std::int64_t newest() const { return std::ssize(machines_); }

  private:
    Machine* find(lifecycle::MachineState state);
    Answer ask(bool with_volume);
    Machine& begin(bool with_volume);
    void begin_waiting();
    bool start_one();

    std::vector<Machine> machines_;  // by generation, which begins with 1
    std::optional<bool> waiting_;    // somebody waits, for a machine with a volume or without
    bool exists_ = false;
    bool archived_ = false;
    bool has_volume_ = false;
};

}  // namespace scenarios
