#include <fmt/format.h>

#include <utility>
#include <vector>

#include "fakes/fly/cloud.hpp"
#include "fakes/fly/dialect.hpp"
#include "system/ports/time.hpp"

// What becomes of a machine at Fly by itself, in the time that it takes.
namespace fakes {
namespace {

using lifecycle::Duration;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a destroyed machine can still be read, as "destroyed", before it is not found.
constexpr Duration kAfterglow = seconds(10);

}  // namespace

void FlyCloud::enter(FlyMachine& machine, std::string state) {
    machine.state = std::move(state);
    ++machine.episode;
    std::vector<Waiter> satisfied;
    std::erase_if(waiters_, [&](Waiter& waiter) {
        if (waiter.id != machine.id || waiter.wanted != machine.state) return false;
        satisfied.push_back(std::move(waiter));
        return true;
    });
    for (Waiter& waiter : satisfied) waiter.respond(reply(200, json{{"ok", true}}));
}

void FlyCloud::prepare(FlyMachine& machine) {
    later(machines_, machine, drawn(prepare_lane_, seconds(1), seconds(1), 10),
          [this](FlyMachine& created) {
              if (created.launch_when_prepared) {
                  launch(created);
              } else {
                  enter(created, "stopped");
              }
          });
}

void FlyCloud::launch(FlyMachine& machine) {
    enter(machine, "starting");
    const bool fails = tape_.chance(launch_failure_lane_) || options_.fail_launches;
    later(machines_, machine,
          options_.start_delay + drawn(start_lane_, milliseconds(300), milliseconds(200), 20),
          [this, fails](FlyMachine& starting) {
              if (fails) {
                  enter(starting, "failed");
                  return;
              }
              enter(starting, "started");
              if (!starting.volume.empty()) {
                  volumes_.at(starting.volume).holds.insert(starting.name);
              }
              const json environment = starting.config.value("env", json::object());
              host_.power_on({starting.id, starting.name,
                              fmt::format("[{}]:{}", starting.private_ip, options_.daemon_port), "",
                              environment.get<std::map<std::string, std::string>>()});
              if (const std::uint64_t lost = tape_.draw(loss_lane_, 30); lost > 0) {
                  later(machines_, starting,
                        std::chrono::minutes(1) * static_cast<std::int64_t>(lost),
                        [this](FlyMachine& started) { lose(std::string(started.name)); });
              } else if (tape_.chance(exit_lane_)) {
                  later(machines_, starting, drawn(stop_lane_, seconds(2), seconds(20), 10),
                        [this](FlyMachine& started) { halt(started); });
              }
          });
}

void FlyCloud::finish_destroying(FlyMachine& machine) {
    host_.power_off(machine.id);
    enter(machine, "destroying");
    const Duration takes = drawn(stop_lane_, seconds(1), milliseconds(500), 10);
    later(machines_, machine, takes + options_.destroy_delay, [this](FlyMachine& destroying) {
        enter(destroying, "destroyed");
        detach_volume(destroying);
        later(machines_, destroying, kAfterglow, [this](FlyMachine& destroyed) {
            host_.discard(destroyed.id);
            limits_.forget(destroyed.id);
            machines_.erase(std::string(destroyed.id));
        });
    });
}

}  // namespace fakes
