#include "scenarios/flows/difference_trial.hpp"

#include <string>

#include "sim/world/awaitable.hpp"
#include "system/providers/provider.hpp"

namespace scenarios {

using lifecycle::Volume;
using std::chrono::minutes;

sim::Coroutine EveryDifference::orphaned_volume() {
    co_await have(true);
    const Volume kept = lone().provider().volumes().begin()->second;
    static_cast<void>(lone().archive(project_));
    co_await sim::sleep(lone().process(), minutes(20));
    check(lone().provider().volumes().empty(), "it is gone");
    lone().provider().volumes()[kept.id] = kept;
    lone().provider().volumes()[kept.id].attached_to = "r-other";
    co_await look();
    lone().provider().volumes()[kept.id].attached_to.clear();
    finds("orphan", kept.id);
    co_await look();
    twist(Call::find_volumes, {.error = lifecycle::ProviderErrorClass::unknown});
    co_await look(kApart, 1);
    twist_.reset();
    finds("orphan", kept.id);
    co_await look();
    finds("orphan", kept.id);
    co_await look();
    finds("orphan", kept.id, true);
    co_await look();
    check(lone().provider().volumes().empty(), "it is destroyed");
}

sim::Coroutine EveryDifference::unknown_volume() {
    co_await have(true);
    Volume copy = lone().provider().volumes().begin()->second;
    copy.attached_to.clear();
    const std::string other = lone().provider().add(copy);
    copy.name = "of somebody else";
    lone().provider().add(copy);
    for (int i = 0; i < 4; ++i) {
        finds("unknown-volume", other);
        co_await look();
    }
    twist(Call::find_volumes, {.error = {}, .unreadable = true});
    finds("unknown-volume", other);
    co_await look(kApart, 1);
    check(lone().provider().volumes().size() == 3, "it is left alone");
    finds("unknown-volume", other);
    named_ = {other};
    co_await ask(2);
    check(lone().provider().volumes().size() == 3, "it is left alone whatever is said");
}

sim::Coroutine EveryDifference::ambiguous_volume() {
    co_await have(true);
    static_cast<void>(lone().retire(machine_));
    co_await sim::sleep(lone().process(), kGone);
    const Volume first = lone().provider().volumes().begin()->second;
    const std::string other = lone().provider().add(first);
    lone().tamper("UPDATE volume SET external_id = ''");
    co_await look();
    static_cast<void>(lone().archive(project_));
    for (int i = 0; i < 4; ++i) {
        finds("ambiguous-volume", first.id);
        finds("ambiguous-volume", other);
        co_await look();
    }
    // With that, the other has nothing of it but the name.
    finds("unknown-volume", other);
    finds("ambiguous-volume", first.id, true);
    named_ = {first.id};
    co_await ask();
    check(!lone().provider().volumes().contains(first.id), "the one that is meant is destroyed");
    check(lone().provider().volumes().contains(other), "the other is left alone");
}

}  // namespace scenarios
