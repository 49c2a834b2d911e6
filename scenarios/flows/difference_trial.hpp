#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/flows/lone_trial.hpp"
#include "sim/world/awaitable.hpp"
#include "system/lifecycle/reconcile.hpp"
#include "system/model/machine.hpp"

namespace scenarios {

// A lifecycle whose provider has something else than its rows say, in one way after the other, and
// what sweeps have to find.
class EveryDifference final : public LoneTrial {
  public:
    EveryDifference();

  protected:
    LoneLifecycle::Hooks hooks() override;
    sim::Coroutine play() override;

  private:
    // What a sweep has to say of one thing.
    struct Found {
        std::string kind;
        std::string resource;  // its id
        bool done = false;
    };

    sim::Coroutine nothing();
    sim::Coroutine second();
    sim::Coroutine stopped();
    sim::Coroutine failed();
    sim::Coroutine moved();
    sim::Coroutine missing();
    sim::Coroutine out_of_sight();
    sim::Coroutine lost_id();
    sim::Coroutine lost_id_unfit();
    sim::Coroutine orphan();
    sim::Coroutine quarantined();
    sim::Coroutine newer();
    sim::Coroutine foreign();
    sim::Coroutine broken_row();
    sim::Coroutine unreadable();
    sim::Coroutine unanswered();
    sim::Coroutine orphaned_volume();
    sim::Coroutine unknown_volume();
    sim::Coroutine ambiguous_volume();
    sim::Coroutine too_much();

    // Sweeps that count are as far apart.
    static constexpr lifecycle::Duration kApart = std::chrono::minutes(1);
    // Until what was given up is believed to be gone.
    static constexpr lifecycle::Duration kGone = std::chrono::minutes(10);

    // A machine in service, and nothing else.
    sim::Coroutine have(bool with_volume = false);
    // The next sweep has to say this too.
    void finds(const char* kind, std::string resource, bool done = false);
    // A sweep that mends, so long after the one before; of that many things it has to say that
    // nothing is known.
    sim::Coroutine look(lifecycle::Duration after = kApart, std::size_t unknown = 0);
    // One that only tells, or does what a person names.
    sim::Coroutine ask(std::size_t unknown = 0);
    sim::Coroutine sweep(bool apply, std::size_t unknown);
    // From now on such calls come out that way.
    void twist(Call call, Twist twist);

    std::optional<lifecycle::Machine> row() { return lone().machine(machine_); }
    lifecycle::Resource& there() { return lone().provider().resources().at(id_); }
    // Another like the machine's; its id.
    std::string another() { return lone().provider().add(lifecycle::Resource(there())); }
    bool exists(const std::string& id) { return lone().provider().resources().contains(id); }
    void forget_id() { lone().tamper("UPDATE machine SET external_id = ''"); }
    void check(bool held, std::string_view message);

    Call twisted_ = Call::find;
    std::optional<Twist> twist_;
    std::string case_;
    std::string project_;
    std::string machine_;
    std::string id_;               // of its resource
    std::vector<Found> expected_;  // of the next sweep
    std::set<std::string> named_;  // for it, by a person
    std::int64_t projects_ = 0;
    std::int64_t sweeps_ = 0;
};

}  // namespace scenarios
