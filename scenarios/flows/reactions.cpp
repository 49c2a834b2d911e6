#include "scenarios/flows/reactions.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "system/lifecycle/events.hpp"
#include "system/lifecycle/snapshots.hpp"

namespace scenarios {
namespace {

using lifecycle::Duration;
using lifecycle::OutboxStep;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Reaction kGoesOn{};
constexpr Reaction kDone{OutboxStep::done};
constexpr Reaction kBuried{OutboxStep::dead};
constexpr Reaction kLost{OutboxStep::lease_lost};
constexpr Reaction retried(Duration at_least = Duration(0)) {
    return {OutboxStep::retry, at_least};
}
constexpr Reaction back_in(Duration pause) {
    return {OutboxStep::later, pause};
}
// As soon as whatever takes its time is looked at again: the longer it has taken, the later.
constexpr Reaction looks_again(Duration at_least = Duration(0)) {
    return {OutboxStep::later, at_least, true};
}

constexpr Oddities kRefused(Oddity::gone, Oddity::unknown);
constexpr Oddities kFull(Oddity::capacity_host, Oddity::capacity_region);

// What a flow makes of what its provider answers.
class Rule {
  public:
    Rule(std::optional<Call> call, Oddities oddities, Reaction reaction)
        : reaction_(reaction), call_(call), oddities_(oddities) {}
    // Only there, only at that one of the calls, and only from so many on.
    Rule with_volume() && { return mounts_ = true, *this; }
    Rule without_volume() && { return mounts_ = false, *this; }
    Rule before_known() && { return before_known_ = true, *this; }
    Rule if_there() && { return there_ = true, *this; }
    Rule at_time(std::int64_t time) && { return time_ = time, *this; }
    Rule from_look(std::int64_t looks) && { return looks_ = looks, *this; }
    Rule after_attempts(std::int64_t attempts) && { return attempts_ = attempts, *this; }

    bool fits(const Met& met) const {
        return (!call_ || *call_ == met.call) && oddities_.has(met.oddity) &&
               (!mounts_ || *mounts_ == met.mounts) && (!time_ || *time_ == met.time) &&
               (!there_ || met.there) && (!before_known_ || !met.known) && met.looks >= looks_ &&
               met.attempts >= attempts_;
    }
    const Reaction& reaction() const { return reaction_; }

  private:
    Reaction reaction_;
    std::optional<Call> call_;  // nothing: any
    Oddities oddities_;
    std::optional<bool> mounts_;
    bool there_ = false;
    bool before_known_ = false;
    std::optional<std::int64_t> time_;
    std::int64_t looks_ = 0;
    std::int64_t attempts_ = 0;
};

struct Flow {
    const lifecycle::EventKind* kind;
    Backoff backoff;
    std::vector<Rule> rules;  // the first that fits counts
};

std::vector<Flow> made() {
    using enum Oddity;
    const std::optional<Call> any;
    const Oddities elsewhere_or_odd = {elsewhere, not_ours, of_another_volume};
    const Oddities described(preparing, of_another_volume);
    const Oddities unread = {unreadable, hidden_and_unreadable};
    const Oddities volumes(unusable, attached_out_of_reach);
    const Rule stays_away(any, {throttled_for_long}, retried(kThrottledFor));
    const Rule lost(any, {taken_over}, kLost);
    const Rule goes_on(any, {retired, archived}, kGoesOn);
    return {
        {&lifecycle::kProvision,
         {seconds(2), minutes(1)},
         {
             // Another region is tried at once, and the first one again after a while.
             Rule(Call::create, {conflict}, retried()),
             Rule(Call::create, {busy}, back_in(seconds(5))).with_volume(),
             Rule(Call::create, kFull, retried()).with_volume(),
             Rule(Call::create, {volume_gone}, kGoesOn).with_volume(),
             Rule(Call::create, {capacity_region}, retried(seconds(15))).at_time(3),
             Rule(Call::create, {capacity_region}, retried(seconds(1))),
             Rule(Call::create_volume, {capacity_region}, retried()),
             Rule(Call::copy_volume, {capacity_region}, retried()),
             // Whatever has its name is looked at before it is taken for the machine's.
             Rule(Call::get, {gone}, retried(seconds(1))).before_known(),
             Rule(Call::get, {partial}, back_in(seconds(10))).before_known(),
             Rule(Call::get, {destroying, destroyed}, back_in(seconds(5))).before_known(),
             Rule(Call::get, {not_ours}, kBuried).before_known(),
             Rule(Call::get, {of_another_volume}, retried()).before_known(),
             Rule(Call::get, Oddities(preparing, elsewhere), kGoesOn).before_known(),
             // What was just made need not be visible for half a minute.
             Rule(Call::get, {gone}, kBuried).from_look(15),
             Rule(Call::get, {gone}, back_in(seconds(2))),
             Rule(Call::get, elsewhere_or_odd, kGoesOn),
             Rule(Call::get, {failed, destroying, destroyed}, kBuried),
             Rule(Call::get, {partial}, back_in(seconds(10))),
             Rule(Call::get, {started}, kDone),
             Rule(Call::get, described, looks_again()),
             Rule(Call::find, {hidden_and_unreadable}, retried()),
             Rule(Call::find, Oddities(preparing, unreadable), kGoesOn),
             Rule(Call::start, {busy}, looks_again(seconds(3))),
             Rule(Call::find_volumes, unread, retried()),
             // That a copy is free is asked after its source, which cannot be copied from a host
             // out of reach; and that is not waited for for ever.
             Rule(Call::get_volume, {gone, unusable, out_of_reach, not_whole}, kGoesOn).at_time(2),
             Rule(Call::get_volume, {out_of_reach, attached_out_of_reach}, kBuried)
                 .after_attempts(8),
             Rule(Call::get_volume, {attached_out_of_reach}, retried(seconds(30))).from_look(2),
             Rule(Call::get_volume, {attached_out_of_reach}, retried()).at_time(2),
             Rule(Call::get_volume, {out_of_reach, attached_out_of_reach}, retried(seconds(30))),
             Rule(Call::get_volume, {gone, unusable}, kBuried),
             Rule(Call::get_volume, {attached}, back_in(seconds(5))),
             Rule(Call::get_volume, {not_whole}, back_in(minutes(1))),
             stays_away,
             Rule(any, kFull, retried(seconds(15))),
             Rule(any, {permanent}, kBuried),
             Rule(any, kRefused, retried(seconds(1))),
             lost,
             goes_on,
         }},
        {&lifecycle::kReadiness,
         {seconds(2), seconds(20)},
         {Rule(any, Oddities(gone, silent), retried()), lost, goes_on}},
        // Nothing that a provider says ends the obligation.
        {&lifecycle::kDestroy,
         {seconds(2), minutes(2)},
         {
             Rule(Call::get, {gone, destroyed}, kGoesOn),
             Rule(Call::get, {partial}, back_in(minutes(5))),
             Rule(Call::get, described, back_in(seconds(5))),
             Rule(Call::destroy, {gone}, back_in(seconds(5))),
             // Another that has its labels is destroyed too.
             Rule(Call::find, {unreadable}, back_in(seconds(5))).if_there(),
             Rule(Call::find, unread, retried(seconds(30))),
             Rule(Call::find, {partial}, back_in(minutes(5))),
             Rule(Call::find, {destroyed, hidden}, kDone).from_look(5),
             Rule(Call::find, {destroyed, hidden}, back_in(seconds(75))),
             Rule(Call::find, described, back_in(seconds(5))),
             stays_away,
             Rule(any, kRefused, retried(seconds(1))),
             lost,
             goes_on,
         }},
        {&lifecycle::kRestart,
         {seconds(1), minutes(1)},
         {
             Rule(any, {busy}, back_in(seconds(3))),
             Rule(any, {gone, permanent}, kBuried),
             stays_away,
             Rule(any, kFull, retried(seconds(15))),
             Rule(any, kRefused, retried(seconds(1))),
             lost,
             goes_on,
         }},
        // A machine in service is not given up because a call failed.
        {&lifecycle::kStart,
         {seconds(1), minutes(1)},
         {
             Rule(Call::get, {gone}, kBuried).from_look(5),
             Rule(Call::get, {gone}, back_in(minutes(1))),
             Rule(Call::get, elsewhere_or_odd, kGoesOn),
             Rule(Call::get, {failed, destroying, destroyed}, kBuried),
             Rule(Call::get, {partial}, back_in(seconds(10))),
             Rule(Call::get, {started}, kDone),
             Rule(Call::get, described, looks_again()),
             Rule(Call::start, {busy}, looks_again(seconds(3))),
             stays_away,
             Rule(any, kRefused, retried(seconds(5))),
             lost,
             goes_on,
         }},
        {&lifecycle::kDestroyVolume,
         {seconds(5), minutes(2)},
         {
             Rule(Call::get_volume, {gone}, kDone).from_look(5),
             Rule(Call::get_volume, {gone}, back_in(seconds(75))),
             Rule(Call::get_volume, {unusable}, kDone),
             Rule(Call::get_volume, volumes, back_in(seconds(20))),
             Rule(Call::find_volumes, unread, retried(seconds(30))),
             Rule(Call::destroy_volume, {gone}, back_in(seconds(20))),
             stays_away,
             Rule(any, kRefused, retried()),
             lost,
             goes_on,
         }},
        {&lifecycle::kReleaseVolume,
         {seconds(5), minutes(2)},
         {
             Rule(any, {unusable, not_whole}, back_in(minutes(1))),
             Rule(any, volumes, kDone),
             stays_away,
             Rule(any, kRefused, retried()),
             lost,
             goes_on,
         }},
        {&lifecycle::kSnapshot,
         {seconds(15), minutes(1)},
         {
             Rule(any, {permanent, gone, volume_gone}, kBuried),
             stays_away,
             Rule(any, kRefused, retried(seconds(15))),
             lost,
             goes_on,
         }},
    };
}

const std::vector<Flow>& flows() {
    static const std::vector<Flow> all = made();
    return all;
}

const Flow* flow_of(std::string_view kind) {
    const auto found =
        std::ranges::find_if(flows(), [&](const Flow& flow) { return flow.kind->name == kind; });
    return found == flows().end() ? nullptr : &*found;
}

}  // namespace

bool is_flow(std::string_view kind) {
    return flow_of(kind) != nullptr;
}

std::optional<ReactionRow> reaction_to(const Met& met) {
    const Flow* flow = flow_of(met.kind);
    if (flow == nullptr) return std::nullopt;
    const auto found =
        std::ranges::find_if(flow->rules, [&](const Rule& rule) { return rule.fits(met); });
    if (found == flow->rules.end()) return std::nullopt;
    return ReactionRow{static_cast<std::size_t>(found - flow->rules.begin()), found->reaction()};
}

std::map<std::string, std::size_t> reaction_rows() {
    std::map<std::string, std::size_t> rows;
    for (const Flow& flow : flows()) rows.emplace(flow.kind->name, flow.rules.size());
    return rows;
}

Backoff backoff_of(std::string_view kind) {
    const Flow* flow = flow_of(kind);
    if (flow == nullptr) throw std::logic_error("nobody knows how soon that is tried again");
    return flow->backoff;
}

}  // namespace scenarios
