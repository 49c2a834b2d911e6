#include "scenarios/durable/timelines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/cluster/image.hpp"
#include "scenarios/durable/plan.hpp"
#include "sim/disk/disk.hpp"
#include "sim/search/simple_trial.hpp"
#include "sim/world/awaitable.hpp"
#include "system/concurrency/task_group.hpp"
#include "system/store/timeline.hpp"

namespace scenarios {
namespace {

using lifecycle::Duration;
using lifecycle::Time;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kDatabase = "time.db";

// What a timeline has to say, by what was written down last.
struct Reckoning {
    Time reached{};  // then
    Time wall{};
    Duration ahead{0};         // by how much the wall clock was
    sim::VirtualTime at{};     // in the world
    sim::VirtualTime began{};  // this life
    std::int64_t looks = 0;    // in it

    Time now(sim::VirtualTime world) const { return reached + (world - at); }
    void record(sim::VirtualTime world, Time wall_now) {
        reached = now(world);
        at = world;
        wall = wall_now;
        ahead = wall_now - reached;
    }
};

class Timelines final : public sim::search::SimpleTrial {
  protected:
    void begin() override {
        host_ = &world().add_process("host", "host");
        host_->disk().load(kDatabase, migrated_database());
        clock_ = std::make_unique<fakes::SimClock>(*host_);
        host_->set_program(
            [this](sim::Process& process) { return std::make_unique<Life>(*this, process); });
        plan_.emplace(tape());
        neighbour_ = &world().add_process("neighbour", "neighbour");
        neighbour_->mount(*host_);
        neighbour_->boot();
        host_->boot();
        hand_ = &add_process("hand");
        sim::spawn(*hand_, play());
    }
    void judge() override { expect(ended_, kTimeGoesOn, "not all was tried"); }
    sim::Duration max_time() const override { return hours(1000); }

  private:
    class Life final : public sim::Program, public lifecycle::Telemetry {
      public:
        Life(Timelines& trial, sim::Process& process)
            : trial_(trial),
              clock_(process),
              store_(open_store(kDatabase, process)),
              tasks_(process.executor(),
                     [](const std::exception_ptr& failure) { std::rethrow_exception(failure); }),
              timeline_(*store_, clock_, *this) {
            trial.life_ = this;
            trial.starts(timeline_);
            tasks_.spawn(timeline_.run());
        }
        ~Life() override { trial_.timeline_ = nullptr; }
        void stop() { timeline_.stop(); }
        std::size_t running() const { return tasks_.running(); }
        using Telemetry::record;
        void record(std::string_view what, std::span<const lifecycle::Fact> facts) override {
            trial_.told_.push_back(
                fmt::format("{} {}", what, std::get<std::int64_t>(facts.front().value)));
        }

      private:
        Timelines& trial_;
        fakes::SimClock clock_;
        std::unique_ptr<lifecycle::Store> store_;
        lifecycle::TaskGroup tasks_;
        lifecycle::Timeline timeline_;
    };

    void starts(lifecycle::Timeline& timeline) {
        timeline_ = &timeline;
        const Time wall = clock_->wall();
        if (!known_) {
            known_.emplace();
            known_->reached = wall;
        } else if (!went_down_) {
            known_->reached = known_->now(world().now());
        } else {
            known_->reached += std::max(Duration(0), wall - known_->wall);
        }
        known_->at = known_->began = world().now();
        known_->looks = 0;
        known_->record(world().now(), wall);
    }

    // It looks every minute: a clock that was set is written down, others every ten minutes.
    void look() {
        known_->looks += 1;
        const Time wall = clock_->wall();
        const Duration by = wall - known_->now(world().now()) - known_->ahead;
        const bool set = by > seconds(1) || by < -seconds(1);
        if (set) expected_.push_back(fmt::format("clock.set {}", by.count() / 1000));
        if (set || world().now() - known_->at >= minutes(10)) known_->record(world().now(), wall);
    }

    // So many looks later, and a little.
    sim::Coroutine pass(std::int64_t looks) {
        for (std::int64_t i = 0; i < looks; ++i) {
            const sim::VirtualTime next = known_->began + minutes(1) * (known_->looks + 1);
            co_await sim::sleep(*hand_, next - world().now());
            look();
            co_await sim::sleep(*hand_, milliseconds(1));
            compare();
        }
    }

    void compare() {
        const Time expected = known_->now(world().now());
        expect(timeline_ != nullptr && timeline_->now() == expected, kTimeGoesOn,
               fmt::format("it is {} us off", (timeline_->now() - expected).count()));
        expect(timeline_->shown(expected) == clock_->wall(), kTimeGoesOn,
               "people are told another time than that of the wall clock");
        expect(told_ == expected_, kTimeGoesOn, "that a clock was set is not told");
    }

    sim::Coroutine play() {
        co_await sim::sleep(*hand_, milliseconds(1));
        constexpr Duration kJumps[] = {
            Duration(0),         milliseconds(1000), milliseconds(1001), -milliseconds(1000),
            -milliseconds(1001), hours(2),           -hours(3)};
        for (int step = 0; step < 120; ++step) {
            const std::uint64_t looks = plan_->pick(14);
            co_await pass(static_cast<std::int64_t>(looks));
            host_->jump_clock(plan_->of(kJumps));
            compare();
            if (plan_->pick(3) != 0) continue;
            const std::uint64_t ahead = plan_->pick(2);
            co_await pass(static_cast<std::int64_t>(ahead));
            // The host itself is down when nothing runs on it.
            went_down_ = plan_->pick(2) == 0;
            host_->crash("the hand");
            if (went_down_) neighbour_->crash("the hand");
            const std::uint64_t down = plan_->pick(3);
            co_await sim::sleep(*hand_, seconds(1) + minutes(down * 7));
            neighbour_->boot();
            host_->boot();
            co_await sim::sleep(*hand_, milliseconds(1));
            compare();
        }
        co_await expedite();
        life_->stop();
        co_await sim::sleep(*hand_, seconds(1));
        expect(life_->running() == 0, kTimeGoesOn, "it was stopped and goes on");
        ended_ = true;
        world().halt();
    }

    // What is scheduled by it comes at its time, or at once.
    sim::Coroutine expedite() {
        int came = 0;
        const Time when = timeline_->now() + seconds(2);
        const lifecycle::TimerId first = timeline_->schedule(when, [&came] { came += 1; });
        timeline_->schedule(when, [&came] { came += 10; });
        timeline_->expedite(first);
        co_await sim::sleep(*hand_, milliseconds(1999));
        expect(came == 1, kTimeGoesOn, "what is in a hurry does not come at once");
        co_await sim::sleep(*hand_, milliseconds(2));
        expect(came == 11, kTimeGoesOn, "what was scheduled does not come at its time");
    }

    sim::Process* host_ = nullptr;
    sim::Process* neighbour_ = nullptr;
    Life* life_ = nullptr;
    bool went_down_ = true;
    sim::Process* hand_ = nullptr;
    std::unique_ptr<fakes::SimClock> clock_;
    std::optional<Plan> plan_;
    lifecycle::Timeline* timeline_ = nullptr;
    std::optional<Reckoning> known_;
    std::vector<std::string> told_;
    std::vector<std::string> expected_;
    bool ended_ = false;
};

}  // namespace

std::vector<sim::search::Scenario> timelines() {
    return {sim::search::scenario<Timelines>(
        "timeline-alone",
        "The time of an installation, on a host whose clock is set, and that "
        "starts anew.")};
}

}  // namespace scenarios
