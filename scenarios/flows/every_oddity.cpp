#include "scenarios/flows/every_oddity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/flows/lone_trial.hpp"
#include "scenarios/flows/reactions.hpp"
#include "scenarios/flows/situations.hpp"
#include "system/lifecycle/events.hpp"

namespace scenarios {
namespace {

using lifecycle::Duration;
using lifecycle::OutboxStep;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

// Longer than a machine may take to become active.
constexpr Duration kLasting = minutes(25);
// Until what was kept from being done is done.
constexpr Duration kMended = minutes(10);
// Of the calls of one kind, how many are tried.
constexpr std::int64_t kMaxTimes = 3;
// How late may be what is not late.
constexpr Duration kSlack = milliseconds(10);

// One call, or from one on all for a while, comes out oddly.
struct Trouble {
    Call call;
    Oddity oddity;
    std::int64_t time;
    bool lasts;
    std::optional<sim::VirtualTime> since = {};  // nothing: not yet
};

constexpr sim::LaneKind kSecond = sim::choice("trouble.second", [](std::uint64_t value) {
    return value == 0 ? std::string("comes alone") : fmt::format("comes with trouble {}", value);
});

class EveryOddity final : public LoneTrial {
  public:
    explicit EveryOddity(const Situation* situation)
        : LoneTrial(kOdditiesHandled), situation_(*situation) {}

  protected:
    LoneLifecycle::Hooks hooks() override {
        LoneLifecycle::Hooks all;
        all.twisted = [this](Call call, std::string_view about, bool there) {
            return meet(call, about, there);
        };
        all.stepped = [this](const LoneLifecycle::Step& step) { hear(step); };
        all.reported = [this](const std::string& machine) { hasten(machine); };
        return all;
    }

    sim::Coroutine play() override {
        const sim::LaneId second = tape().lane("second", kSecond);
        std::vector<Trouble> troubles;
        co_await play_one(troubles);
        judge_told(situation_.ends.usually);
        usually_has_volume_ = has_volume_;
        const std::vector<Trouble> all =
            situation_.any_call ? troubles_of(calls_) : std::vector<Trouble>();
        choose_part();
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!is_tried(i)) continue;
            const Trouble& trouble = all[i];
            const std::uint64_t other = tape().draw(second, all.size());
            troubles = {trouble};
            if (other != 0) troubles.push_back(all[other]);
            co_await play_one(troubles);
            // What comes of two in the end nobody has said.
            if (other == 0 && !trouble.lasts) judge_ending(trouble);
            // Whatever came of it, nothing is left of what was to be done.
            judge_that(at_rest_, fmt::format("it does not come to rest: {}", told_));
        }
    }

  private:
    // An event, and what is awaited of it.
    struct Handled {
        std::int64_t event = 0;
        std::string kind;
        std::string subject;
        sim::VirtualTime since{};  // it was taken first
        bool in_hand = false;
        std::int64_t attempts = 0;  // that have failed
        std::int64_t looks = 0;     // at what was odd
        bool known = false;         // the id of its machine, at the last
        std::optional<Reaction> reaction;
        std::optional<sim::VirtualTime> settled;  // and to be taken again
        Duration least{0};
        Duration most{0};
    };

    static std::vector<Trouble> troubles_of(const std::map<Call, std::int64_t>& calls) {
        std::vector<Trouble> all;
        for (const auto& [call, count] : calls) {
            for (const Oddity oddity : oddities_of(call)) {
                for (std::int64_t time = 1; time <= std::min(count, kMaxTimes); ++time) {
                    all.push_back({call, oddity, time, false});
                }
                // What a person has said once need not be said again.
                const bool once = oddity == Oddity::retired || oddity == Oddity::archived;
                if (!once) all.push_back({call, oddity, 1, true});
            }
        }
        return all;
    }

    void judge_ending(const Trouble& trouble) {
        if (trouble.oddity == Oddity::retired || trouble.oddity == Oddity::archived) {
            judge_given_up(trouble.oddity == Oddity::archived);
            return;
        }
        const FinalStates& ends = situation_.ends;
        const FinalState* ending = ends.of(trouble.call, trouble.oddity, trouble.time);
        judge_told(ending == nullptr ? ends.usually : ending->told);
        if (ending != nullptr) tell(kEndingMet, situation_.name, ending - ends.otherwise.data());
    }

    // What a person has said while something was under way stands.
    void judge_given_up(bool project) {
        judge_that(over_, fmt::format("its machine is not over: {}", told_));
        judge_that(has_volume_ == (usually_has_volume_ && !project),
                   fmt::format("it has a volume, or none: {}", told_));
        judge_that(!project || empty_, fmt::format("something is left of it: {}", told_));
    }

    void judge_told(std::string_view expected) {
        judge_that(told_ == expected,
                   fmt::format("in the end there is {}, and not {}", told_, expected));
    }

    void tell(const char* what, std::string_view of, std::int64_t row) {
        lone().process().emit(what, {{"of", of}, {"row", row}});
    }

    sim::Coroutine play_one(std::vector<Trouble> troubles) {
        handled_.clear();
        troubles_.clear();
        project_ = fmt::format("p{}", ++projects_);
        co_await situation_.prelude(&lone(), project_);
        troubles_ = std::move(troubles);
        calls_.clear();
        co_await situation_.play(&lone(), project_);
        const std::int64_t lasting = std::ranges::count(troubles_, true, &Trouble::lasts);
        co_await sim::sleep(lone().process(), lasting * (kLasting + kMended));
        for (const auto& [_, handled] : handled_) {
            judge_that(!handled.settled, fmt::format("{} is not taken up again", handled.kind));
        }
        told_ = lone().told(project_);
        at_rest_ = lone().at_rest();
        const auto newest = lone().machine(lone().newest_of(project_));
        over_ = newest && newest->state == lifecycle::MachineState::archived;
        has_volume_ = lone().volume_of(project_).has_value();
        empty_ = lone().provider().resources().empty() && lone().provider().volumes().empty();
        lone().forget_all();
    }

    // Whether a call comes out oddly, and what its flow then has to do.
    std::optional<Twist> meet(Call call, std::string_view about, bool there) {
        const std::int64_t time = ++calls_[call];
        for (Trouble& trouble : troubles_) {
            if (trouble.call == call && strikes(trouble, time, there)) {
                expect_reaction(trouble, about, there, time);
                return twist_of(trouble.oddity);
            }
        }
        return std::nullopt;
    }

    bool strikes(Trouble& trouble, std::int64_t time, bool there) {
        if (time < trouble.time || (needs_something(trouble.oddity) && !there)) return false;
        const sim::VirtualTime now = world().now();
        if (trouble.since && (!trouble.lasts || now - *trouble.since > kLasting)) return false;
        if (!trouble.since) trouble.since = now;
        return true;
    }

    void expect_reaction(const Trouble& trouble, std::string_view about, bool there,
                         std::int64_t time) {
        lone().set_health(health_of(trouble.oddity));
        Handled* handled = handler(about);
        if (happens_meanwhile(trouble.oddity)) happen(trouble.oddity, handled);
        // What comes of two at once nobody has said.
        if (handled == nullptr || troubles_.size() > 1) return;
        Met met{handled->kind, trouble.call, trouble.oddity};
        met.mounts = situation_.mounts;
        met.there = there;
        met.known = lone().is_known(handled->subject);
        // What was looked at before was not the machine's.
        if (std::exchange(handled->known, met.known) != met.known) handled->looks = 0;
        met.time = time;
        met.looks = ++handled->looks;
        met.attempts = handled->attempts;
        const auto row = reaction_to(met);
        if (!row) {
            judge_that(false, fmt::format("nobody has said what {} makes of it", handled->kind));
            return;
        }
        handled->reaction = row->reaction;
        tell(kReactionMet, handled->kind, static_cast<std::int64_t>(row->number));
    }

    void happen(Oddity oddity, const Handled* handled) {
        if (oddity == Oddity::taken_over && handled != nullptr) {
            lone().take_over(handled->event);
        } else if (oddity == Oddity::retired) {
            static_cast<void>(lone().retire(lone().newest_of(project_)));
        } else if (oddity == Oddity::archived) {
            static_cast<void>(lone().archive(project_));
        }
    }

    // Who makes a call about that: a name or an id.
    Handled* handler(std::string_view about) {
        const auto& names = lone().provider().names();
        const auto named = names.find(about);
        const std::string_view name = named == names.end() ? about : named->second;
        Handled* other = nullptr;
        for (auto& [_, handled] : handled_) {
            if (!handled.in_hand || !is_flow(handled.kind)) continue;
            if (handled.subject == name) return &handled;
            if (other == nullptr || handled.kind == lifecycle::kProvision.name) other = &handled;
        }
        return other;
    }

    void hear(const LoneLifecycle::Step& step) {
        Handled& handled = handled_[step.event];
        handled.in_hand = step.what == OutboxStep::claimed;
        const LoneLifecycle::Standing standing = lone().standing(step.event);
        if (handled.in_hand) {
            if (handled.kind.empty()) handled.since = world().now();
            handled.event = step.event;
            handled.kind = step.kind;
            handled.subject = standing.subject;
            handled.attempts = standing.attempts;
            if (handled.settled) judge_pause(handled);
            handled.settled.reset();
            handled.reaction.reset();
        } else if (handled.reaction && handled.reaction->step != OutboxStep::claimed) {
            judge_step(handled, step.what, standing.attempts);
        }
    }

    void judge_step(Handled& handled, OutboxStep step, std::int64_t attempts) {
        const Reaction& reaction = *handled.reaction;
        judge_that(step == reaction.step, fmt::format("{} is {} and not {}", handled.kind,
                                                      to_text(step), to_text(reaction.step)));
        handled.least = reaction.pause;
        if (reaction.by_spent) {
            const Duration spent = world().now() - handled.since;
            handled.least = std::max(
                reaction.pause,
                std::clamp<Duration>(spent / 4, std::chrono::seconds(2), std::chrono::seconds(10)));
        }
        handled.most = handled.least;
        if (step == OutboxStep::retry) {
            const Backoff backoff = backoff_of(handled.kind);
            const auto doublings = std::min<std::int64_t>(attempts - 1, 10);
            const Duration plain =
                std::min(backoff.longest, backoff.first * (std::int64_t{1} << doublings));
            handled.least = std::max(reaction.pause, plain);
            handled.most = std::max(reaction.pause, plain + plain / 4);
        } else if (step != OutboxStep::later) {
            return;
        }
        handled.settled = world().now();
    }

    // What is made for a box that reports itself need not be waited for any longer.
    void hasten(const std::string& machine) {
        for (auto& [_, handled] : handled_) {
            if (handled.subject == machine && handled.kind == lifecycle::kProvision.name) {
                handled.least = Duration(0);
            }
        }
    }

    void judge_pause(const Handled& handled) {
        const sim::Duration took = world().now() - *handled.settled;
        judge_that(
            took >= handled.least && took <= handled.most + kSlack,
            fmt::format("{} is taken up again after {} ms", handled.kind, took / milliseconds(1)));
    }

    void judge_that(bool held, const std::string& message) {
        if (held) return;
        std::string when;
        for (const Trouble& trouble : troubles_) {
            when += fmt::format("{} is {} {}; ", to_string(trouble.call), to_string(trouble.oddity),
                                trouble.lasts ? std::string("for a while")
                                              : fmt::format("at time {}", trouble.time));
        }
        expect(false, kOdditiesHandled, when + message);
    }

    const Situation& situation_;
    std::vector<Trouble> troubles_;
    std::map<Call, std::int64_t> calls_;       // so far
    std::map<std::int64_t, Handled> handled_;  // by event
    std::string told_;                         // of the last project
    bool at_rest_ = false;
    bool over_ = false;        // its newest machine
    bool has_volume_ = false;  // the same project
    bool usually_has_volume_ = false;
    bool empty_ = false;  // its provider
    std::string project_;
    std::int64_t projects_ = 0;
};

}  // namespace

std::vector<sim::search::Scenario> every_oddity() {
    std::vector<sim::search::Scenario> all;
    for (const Situation& situation : situations()) {
        sim::search::Scenario scenario = sim::search::scenario<EveryOddity>(
            fmt::format("oddities-when-{}", situation.name),
            fmt::format("{} Every call comes out oddly, once and for a while.", situation.sentence),
            {}, &situation);
        scenario.max_steps = kMaxLoneSteps;
        all.push_back(std::move(scenario));
    }
    return all;
}

}  // namespace scenarios
