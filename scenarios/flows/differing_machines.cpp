#include "scenarios/flows/difference_trial.hpp"

#include <fmt/format.h>

#include <utility>

#include "sim/world/awaitable.hpp"
#include "system/providers/provider.hpp"

namespace scenarios {

using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

sim::Coroutine EveryDifference::nothing() {
    co_await have(true);
    co_await look();
    co_await look();
    check(exists(id_), "it is left alone");
}

sim::Coroutine EveryDifference::second() {
    co_await have();
    const std::string other = another();
    finds("double", other);
    co_await ask();
    finds("double", other);
    co_await ask();
    finds("double", other);
    co_await ask();
    finds("double", other);
    co_await look();
    finds("double", other);
    co_await look(seconds(59));
    finds("double", other);
    co_await look(seconds(1));
    check(exists(other), "it is destroyed too early");
    finds("double", other);
    co_await ask();
    finds("double", other, true);
    co_await look();
    check(!exists(other) && exists(id_), "the second is destroyed, and the first is not");
    const std::string third = another();
    finds("double", third, true);
    named_ = {third};
    co_await ask();
    check(!exists(third), "one that a person names is destroyed at once");
    const std::string again = another();
    finds("double", again);
    co_await look();
    // Looks count in a row.
    twist(Call::find, {.error = {}, .hidden = true});
    co_await look();
    twist_.reset();
    finds("double", again);
    co_await look();
    finds("double", again);
    co_await look();
    finds("double", again, true);
    co_await look();
}

sim::Coroutine EveryDifference::stopped() {
    co_await have();
    there().state = ResourceState::stopped;
    finds("stopped", id_);
    co_await ask();
    co_await sim::sleep(lone().process(), minutes(1));
    check(there().state == ResourceState::stopped, "who only asks starts nothing");
    finds("stopped", id_, true);
    co_await look();
    co_await sim::sleep(lone().process(), seconds(1));
    check(there().state == ResourceState::started, "it is started again");
    co_await look();
    // One that is about to start is nobody's business.
    there().state = ResourceState::starting;
    co_await look();
}

sim::Coroutine EveryDifference::failed() {
    co_await have();
    there().state = ResourceState::failed;
    finds("failed", id_);
    co_await look();
    finds("failed", id_);
    co_await ask();
    finds("failed", id_);
    co_await look();
    check(row().value().state == lifecycle::MachineState::active, "it leaves service too early");
    finds("failed", id_, true);
    co_await look();
    check(row().value().state == lifecycle::MachineState::detached, "it leaves service");
}

sim::Coroutine EveryDifference::moved() {
    co_await have();
    there().address = "elsewhere";
    finds("moved", id_);
    co_await ask();
    check(row().value().address != "elsewhere", "who only asks moves nothing");
    finds("moved", id_, true);
    co_await look();
    check(row().value().address == "elsewhere", "the row follows");
    co_await look();
    there().address.clear();
    co_await look();
    there().address = "elsewhere again";
    there().state = ResourceState::starting;
    co_await look();
}

sim::Coroutine EveryDifference::missing() {
    co_await have();
    lone().provider().lose(id_);
    finds("missing", id_);
    co_await look();
    finds("missing", id_);
    co_await look();
    check(row().value().state == lifecycle::MachineState::active, "it leaves service too early");
    finds("missing", id_, true);
    co_await look();
    check(row().value().state == lifecycle::MachineState::detached, "it leaves service");
    co_await look();
}

// Not found in the list, and known by its id.
sim::Coroutine EveryDifference::out_of_sight() {
    co_await have();
    twist(Call::find, {.error = {}, .hidden = true});
    for (int i = 0; i < 4; ++i) {
        co_await look();
    }
    twist(Call::find, {.error = {}, .resource = [](Resource& one) { one.partial = true; }});
    for (int i = 0; i < 4; ++i) {
        co_await look(kApart, 1);
    }
    twist_.reset();
    // Going, it is there no more.
    there().state = ResourceState::destroying;
    co_await look();
    there().state = ResourceState::destroyed;
    finds("missing", id_);
    co_await look();
    there().partial = true;
    co_await look(kApart, 1);
    there().partial = false;
    there().state = ResourceState::started;
    lone().provider().lose(id_);
    twist(Call::get, {.error = lifecycle::ProviderErrorClass::unknown});
    for (int i = 0; i < 4; ++i) {
        co_await look();
    }
    check(row().value().state == lifecycle::MachineState::active, "it stays in service");
}

sim::Coroutine EveryDifference::lost_id() {
    co_await have(true);
    forget_id();
    finds("lost-id", id_);
    co_await ask();
    check(row().value().external_id.empty(), "who only asks puts nothing back");
    finds("lost-id", id_, true);
    co_await look();
    check(row().value().external_id == id_, "the id is put back");
    // Its volume's is lost too: then that has to have the name.
    forget_id();
    lone().tamper("UPDATE volume SET external_id = ''");
    finds("lost-id", id_, true);
    co_await look();
    check(row().value().external_id == id_, "the id is put back again");
    forget_id();
    twist(Call::get_volume, {.error = lifecycle::ProviderErrorClass::unknown});
    co_await look(kApart, 1);
    twist_.reset();
    for (auto& [_, volume] : lone().provider().volumes()) volume.name = "another";
    finds("unfit", id_);
    finds("missing", "");
    co_await look();
}

sim::Coroutine EveryDifference::lost_id_unfit() {
    co_await have(true);
    forget_id();
    there().volume = "another";
    finds("unfit", id_);
    finds("missing", "");
    co_await look();
    there().volume = lone().volume_of(project_).value().external_id;
    there().state = ResourceState::failed;
    finds("unfit", id_);
    finds("missing", "");
    co_await look();
    there().state = ResourceState::started;
    auto labels = there().labels;
    there().labels.erase("vivarium_generation");
    finds("unfit", id_);
    finds("missing", "", true);
    co_await look();
    check(row().value().state == lifecycle::MachineState::detached, "it leaves service");
}

sim::Coroutine EveryDifference::orphan() {
    co_await have();
    const Resource kept = there();
    static_cast<void>(lone().retire(machine_));
    co_await sim::sleep(lone().process(), kGone);
    check(row().value().state == lifecycle::MachineState::archived, "it is gone");
    const std::string late = lone().provider().add(kept);
    finds("orphan", late);
    co_await look();
    finds("orphan", late);
    co_await look();
    check(exists(late), "it is destroyed too early");
    finds("orphan", late, true);
    co_await look();
    check(!exists(late), "it is destroyed");
}

sim::Coroutine EveryDifference::quarantined() {
    co_await have();
    Resource strange = there();
    strange.labels["vivarium_machine"] = "other-1";
    strange.labels["vivarium_project"] = "other";
    strange.labels["vivarium_generation"] = "1";
    strange.name = "other-1";
    const std::string other = lone().provider().add(strange);
    for (int i = 0; i < 4; ++i) {
        finds("quarantined", other);
        co_await look();
    }
    finds("quarantined", other);
    co_await ask();
    finds("quarantined", other, true);
    named_ = {other};
    co_await ask();
    check(!exists(other), "one that a person names is destroyed at once");
    const std::string second = lone().provider().add(strange);
    // A long gap counts as little as two sweeps.
    finds("quarantined", second);
    co_await look();
    finds("quarantined", second);
    co_await look(hours(24 * 8));
    check(exists(second), "it is destroyed after two looks");
    // All of a week, but for what the two have seen.
    for (int i = 0; i < 24 * 7 * 6 - 2; ++i) {
        finds("quarantined", second);
        co_await look(minutes(10));
    }
    check(exists(second), "it is destroyed before a week is over");
    finds("quarantined", second, true);
    co_await look(minutes(10));
    check(!exists(second), "it is destroyed after a week");
    // Seen again, it is new.
    const std::string third = lone().provider().add(strange);
    finds("quarantined", third);
    co_await look();
    check(exists(third), "what was seen of another counts for it");
}

sim::Coroutine EveryDifference::newer() {
    co_await have();
    Resource next = there();
    next.labels["vivarium_machine"] = lifecycle::machine_id(project_, 2);
    next.labels["vivarium_generation"] = "2";
    next.name = lifecycle::machine_id(project_, 2);
    const std::string other = lone().provider().add(next);
    for (int i = 0; i < 24 * 8; ++i) {
        finds("newer", other);
        co_await look(hours(1));
    }
    check(exists(other), "it is left alone");
    finds("newer", other, true);
    named_ = {other};
    co_await ask();
    check(!exists(other), "a person may have it destroyed");
}

sim::Coroutine EveryDifference::foreign() {
    co_await have();
    Resource strange = there();
    strange.labels["vivarium_installation"] = "theirs";
    const std::string other = lone().provider().add(strange);
    for (int i = 0; i < 4; ++i) {
        co_await look();
    }
    // No word of a person touches it.
    named_ = {other};
    co_await ask(1);
    check(exists(other), "it is left alone");
}

sim::Coroutine EveryDifference::broken_row() {
    static_cast<void>(lone().create(project_));
    lone().tamper(fmt::format("UPDATE machine SET provisioning_error = 'it broke' WHERE id = '{}'",
                              machine_));
    lone().tamper("DELETE FROM outbox_event");
    finds("broken-row", "");
    co_await ask(0);
    check(row().value().state == lifecycle::MachineState::starting,
          "who only asks changes nothing");
    finds("broken-row", "", true);
    co_await look();
    check(row().value().state == lifecycle::MachineState::failed, "it becomes failed");
    co_await look();
}

sim::Coroutine EveryDifference::unreadable() {
    co_await have();
    lone().provider().lose(id_);
    twist(Call::find, {.error = {}, .unreadable = true});
    // By its id it is known to be gone.
    finds("missing", id_);
    co_await look(kApart, 1);
    forget_id();
    for (int i = 0; i < 4; ++i) {
        co_await look(kApart, 1);
    }
    check(row().value().state == lifecycle::MachineState::active, "it stays in service");
}

sim::Coroutine EveryDifference::unanswered() {
    co_await have();
    lone().provider().lose(id_);
    twist(Call::find, {.error = lifecycle::ProviderErrorClass::unknown});
    for (int i = 0; i < 4; ++i) {
        co_await look(kApart, 1);
    }
    check(row().value().state == lifecycle::MachineState::active, "it stays in service");
}

}  // namespace scenarios
