#include "scenarios/durable/made_up_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace scenarios {
namespace {

using lifecycle::NewEvent;
using lifecycle::Work;

constexpr std::string_view kProviders[] = {"", "fly", "docker"};
constexpr Work kWorks[] = {Work::make, Work::end, Work::box, Work::hand, Work::route, Work::rows};
constexpr std::string_view kShares[] = {"", "a", "ab", "b"};
constexpr std::int64_t kUnsettled[] = {0, 1, 2, 3, 4, 5, 18, 19, 20, 39, 68};
constexpr std::int64_t kAttempts[] = {0, 0, 1, 3, 6, 12, 19, 20, 21, 45};
constexpr int kDelaySeconds[] = {0, 0, 1, 7, 20, 60, -10};

NewEvent in_some_lane(Plan& plan, NewEvent event, int lanes) {
    event.lane.provider = kProviders[plan.pick(static_cast<std::uint64_t>(std::min(lanes, 3)))];
    event.lane.work = kWorks[plan.pick(static_cast<std::uint64_t>(lanes))];
    event.lane.share = plan.of(kShares);
    return event;
}

}  // namespace

std::map<std::string, KindTerms, std::less<>> made_up_terms() {
    using std::chrono::hours;
    using std::chrono::milliseconds;
    using std::chrono::minutes;
    using std::chrono::seconds;
    const auto obsolete = [](const std::string& subject) { return subject.ends_with("x"); };
    std::map<std::string, KindTerms, std::less<>> all;
    all["forever"] = {lifecycle::ForEver{}, seconds(1), seconds(60)};
    all["deadline"] = {lifecycle::UntilItsDeadline{}, seconds(2), seconds(16), obsolete};
    all["within"] = {lifecycle::Within{minutes(3)}, seconds(4), seconds(40)};
    all["patient"] = {lifecycle::UntilItsDeadline{}, milliseconds(1), hours(1)};
    return all;
}

NewEvent made_up_event(Plan& plan, int lanes, lifecycle::Time now) {
    const std::uint64_t number = plan.pick(40);
    NewEvent event{kMadeUpKinds[number % std::size(kMadeUpKinds)],
                   fmt::format("s{}{}", number, number % 3 == 0 ? "x" : ""),
                   fmt::format("k{}", plan.pick(25)),
                   fmt::format("d{}", number),
                   fmt::format("m{}", number),
                   {},
                   now + std::chrono::seconds(plan.of(kDelaySeconds))};
    return in_some_lane(plan, std::move(event), lanes);
}

NewEvent made_up_due_event(int number, lifecycle::Time now) {
    const std::string name = fmt::format("due-{}", number);
    NewEvent event{
        kMadeUpKinds[static_cast<std::size_t>(number % kUnheard)], name, name, name, name, {}, now};
    // All in one lane: there are more than it has slots.
    event.lane = {"fly", Work::make, number % 3 == 0 ? "a" : ""};
    return event;
}

void give_past(Plan& plan, Entry& entry, lifecycle::Time now) {
    entry.unsettled = plan.of(kUnsettled);
    entry.attempts = plan.of(kAttempts);
    const std::int64_t age = static_cast<std::int64_t>(plan.pick(8)) * 30 - 30;
    entry.created_at = lifecycle::count_of(now - std::chrono::seconds(age));
}

}  // namespace scenarios
