#include "scenarios/flows/silences.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/flows/lone_trial.hpp"
#include "system/model/machine.hpp"
#include "system/providers/provider.hpp"

namespace scenarios {
namespace {

using lifecycle::ErrorSubject;
using lifecycle::machine_id;
using lifecycle::MachineState;
using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kLooks = LoneLifecycle::kSilentLooks;
constexpr lifecycle::Duration kActive = minutes(4);

class EverySilence final : public LoneTrial {
  public:
    EverySilence() : LoneTrial(kSilenceJudged) {}

  protected:
    LoneLifecycle::Hooks hooks() override {
        LoneLifecycle::Hooks all;
        all.twisted = [this](Call call, std::string_view, bool) -> std::optional<Twist> {
            if (call != Call::get || !twist_) return std::nullopt;
            if (while_asked_) while_asked_();
            return twist_;
        };
        return all;
    }

    sim::Coroutine play() override {
        co_await heard();
        co_await silent();
        co_await not_running();
        co_await out_of_reach();
        co_await heard_meanwhile();
        co_await many();
        co_await again_and_again();
    }

  private:
    // What is played.

    sim::Coroutine heard() {
        co_await have(1);
        for (int i = 0; i < 3 * kLooks; ++i) {
            lone().beat(machine(0));
            co_await look();
        }
        // A sign of life at any look is one.
        for (int i = 0; i < 3 * kLooks; ++i) {
            if (i % kLooks == 0) lone().beat(machine(0));
            co_await look();
        }
        expect_kept(0);
    }

    sim::Coroutine silent() {
        for (const bool with_volume : {false, true}) {
            co_await have(1, with_volume);
            lone().beat(machine(0));
            // The first look finds out what there is.
            for (int i = 0; i < kLooks; ++i) co_await look();
            expect_kept(0);
            check(lone().errors_of(project(0)).empty(), "it is called silent too early");
            co_await look();
            expect_replaced(0);
            // No look more is needed while the next is on its way.
            co_await look();
            check(!lone().machine(machine_id(project(0), 3)), "it is replaced twice");
        }
    }

    // Whatever its provider says but that it runs.
    sim::Coroutine not_running() {
        for (const ResourceState state :
             {ResourceState::preparing, ResourceState::stopped, ResourceState::starting,
              ResourceState::stopping, ResourceState::failed, ResourceState::destroying,
              ResourceState::destroyed, ResourceState::unknown}) {
            co_await have(1);
            twist_.emplace();
            twist_->resource = [state](Resource& one) { one.state = state; };
            for (int i = 0; i < 2 * kLooks; ++i) co_await look();
            expect_kept(0);
            // It was silent all the time.
            twist_.reset();
            co_await look();
            expect_replaced(0);
        }
        co_await have(1);
        twist_.emplace();
        twist_->error = lifecycle::ProviderErrorClass::gone;
        for (int i = 0; i < 2 * kLooks; ++i) co_await look();
        expect_kept(0);
        lone().tamper("UPDATE machine SET external_id = ''");
        twist_.reset();
        co_await look();
        expect_kept(0);
    }

    // What a host out of reach has may come back with it.
    sim::Coroutine out_of_reach() {
        for (const bool with_volume : {false, true}) {
            co_await have(1, with_volume);
            twist_.emplace();
            twist_->resource = [](Resource& one) { one.partial = true; };
            for (int i = 0; i < kLooks; ++i) co_await look();
            check(lone().errors_of(project(0)).empty(), "it is called silent too early");
            co_await look();
            if (with_volume) {
                expect_kept(0);
                const auto errors = lone().errors_of(project(0));
                check(errors.size() == 1 && errors.front().subject == ErrorSubject::silence &&
                          errors.front().about == machine(0),
                      "nobody says that it is silent");
            } else {
                expect_replaced(0);
            }
            twist_.reset();
        }
    }

    sim::Coroutine heard_meanwhile() {
        co_await have(1);
        twist_.emplace();
        while_asked_ = [this] { lone().beat(machine(0)); };
        for (int i = 0; i < 2 * kLooks; ++i) co_await look();
        expect_kept(0);
        while_asked_ = nullptr;
        twist_.reset();
    }

    // Of so many, so many are silent: of those, one for as long as it takes.
    sim::Coroutine many() {
        struct Case {
            std::int64_t all;
            std::int64_t silent;
            bool replaced;
        };
        const std::vector<Case> cases = {{2, 2, true},  {4, 2, true}, {4, 3, false},
                                         {5, 3, false}, {6, 3, true}, {7, 4, false}};
        for (const auto& [all, silent, replaced] : cases) {
            co_await have(all);
            for (int i = 0; i <= kLooks; ++i) {
                // Those that fall silent later count from half of the time on.
                for (std::int64_t one = 0; one < all; ++one) {
                    const bool falls_silent = one < silent && (one == 0 || i > kLooks / 2);
                    if (!falls_silent) lone().beat(machine(one));
                }
                co_await look();
            }
            if (replaced) {
                expect_replaced(0);
            } else {
                expect_kept(0);
            }
            for (std::int64_t one = 1; one < all; ++one) expect_kept(one);
        }
    }

    // The next is as silent: a person has to look, until one has been lively for long enough.
    sim::Coroutine again_and_again() {
        co_await have(1);
        for (std::int64_t made = 1; made <= LoneLifecycle::kRecreations; ++made) {
            for (int i = 0; i <= kLooks; ++i) co_await look();
            co_await sim::sleep(lone().process(), kActive);
            check(active() == made + 1, "it is not replaced");
            const std::int64_t few = 2 * kLooks - 1;
            for (std::int64_t i = 0; i < few; ++i) lone().beat(machine_id(project(0), made + 1));
            co_await look();
        }
        const std::int64_t last = LoneLifecycle::kRecreations + 1;
        for (int i = 0; i < 2 * kLooks; ++i) co_await look();
        co_await sim::sleep(lone().process(), kActive);
        check(active() == last, "it is replaced once more");
        const auto errors = lone().errors_of(project(0));
        check(!errors.empty() && errors.front().subject == ErrorSubject::silence &&
                  errors.front().about == machine_id(project(0), last),
              "nobody is asked to look");
        lone().beat(machine_id(project(0), last));
        co_await look();
        for (int i = 0; i < kLooks; ++i) co_await look();
        co_await sim::sleep(lone().process(), kActive);
        check(active() == last + 1, "one that was lively is not replaced");
    }

    // By which it is played.

    // Projects with a machine each.
    sim::Coroutine have(std::int64_t count, bool with_volume = false) {
        lone().forget_all();
        lone().tamper("UPDATE project SET active_machine = ''");
        first_ = projects_;
        for (std::int64_t i = 0; i < count; ++i) {
            static_cast<void>(lone().create(fmt::format("p{}", projects_++), with_volume ? 1 : 0));
        }
        co_await sim::sleep(lone().process(), kActive);
    }

    sim::Coroutine look() {
        co_await sim::sleep(lone().process(), seconds(10));
        co_await lone().watchdog().look();
    }

    std::string project(std::int64_t number) const { return fmt::format("p{}", first_ + number); }
    std::string machine(std::int64_t number) const { return machine_id(project(number), 1); }

    // The generation of the active one of the first project; 0: none is.
    std::int64_t active() {
        for (std::int64_t generation = 1; generation < 10; ++generation) {
            const auto one = lone().machine(machine_id(project(0), generation));
            if (one && one->state == MachineState::active) return generation;
        }
        return 0;
    }

    void expect_kept(std::int64_t number) {
        check(!lone().machine(machine_id(project(number), 2)),
              fmt::format("{} is replaced", machine(number)));
    }

    void expect_replaced(std::int64_t number) {
        check(lone().machine(machine_id(project(number), 2)).has_value(),
              fmt::format("{} is not replaced", machine(number)));
        const auto errors = lone().errors_of(project(number));
        check(errors.size() == 1 && errors.front().subject == ErrorSubject::silence &&
                  errors.front().about == machine(number),
              "nobody says that it was silent");
    }

    void check(bool held, std::string_view message) {
        if (!held) expect(false, kSilenceJudged, std::string(message));
    }

    std::optional<Twist> twist_;         // of what its provider says of a machine
    std::function<void()> while_asked_;  // what happens while it is asked
    std::int64_t first_ = 0;             // of the projects of this case
    std::int64_t projects_ = 0;
};

}  // namespace

sim::search::Scenario every_silence() {
    return sim::search::scenario<EverySilence>(
        "every-silence", "A lifecycle and its watchdog alone, and machines that say nothing.");
}

}  // namespace scenarios
