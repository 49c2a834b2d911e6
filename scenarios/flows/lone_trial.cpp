#include "scenarios/flows/lone_trial.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace scenarios {
namespace {

constexpr sim::LaneKind kPart = sim::choice(
    "lone.part", [](std::uint64_t value) { return fmt::format("tries part {}", value); });

}  // namespace

void LoneTrial::begin() {
    sim::Process& process = world().add_process("lifecycle", "lifecycle");
    process.set_program([this](sim::Process& self) {
        LoneLifecycle::Hooks heard = hooks();
        heard.failed = [this](std::string_view bug) { expect(false, property_, std::string(bug)); };
        auto lone = std::make_unique<LoneLifecycle>(self, std::move(heard));
        lone_ = lone.get();
        sim::spawn(self, play_to_the_end());
        return lone;
    });
    process.boot();
}

sim::Coroutine LoneTrial::play_to_the_end() {
    co_await play();
    ended_ = true;
    world().halt();
}

void LoneTrial::choose_part() {
    if (!tape().calm()) part_ = tape().draw(tape().lane("part", kPart), kParts);
}

}  // namespace scenarios
