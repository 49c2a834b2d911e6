#include "scenarios/dialects/manners.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/dialects/lone_client.hpp"
#include "scenarios/dialects/phrase.hpp"
#include "system/model/json.hpp"
#include "system/providers/call_class.hpp"

namespace scenarios {
namespace {

using lifecycle::CallClass;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using lifecycle::ProviderErrorClass;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// How often a call may be made of one thing, by the provider's description.
struct Rhythm {
    Call call;
    std::int64_t per_second;
    std::int64_t burst;
};
constexpr Rhythm kOfFly[] = {{Call::get, 5, 10},       {Call::create, 1, 3},
                             {Call::start, 1, 3},      {Call::stop, 1, 3},
                             {Call::restart, 1, 3},    {Call::destroy, 1, 3},
                             {Call::find, 1, 3},       {Call::create_volume, 1, 3},
                             {Call::get_volume, 1, 3}, {Call::destroy_volume, 1, 3}};

std::span<const Rhythm> rhythms_of(const Site& site) {
    return site.name == "fly" ? std::span<const Rhythm>(kOfFly) : std::span<const Rhythm>();
}

// How many may wait for a turn; more are sent away.
constexpr std::int64_t kMaxWaiting = 64;

class Deaf final : public lifecycle::Telemetry {
  public:
    using Telemetry::record;
    void record(std::string_view /*name*/, std::span<const lifecycle::Fact> /*facts*/) override {}
};

class Manners final : public LoneClient {
  public:
    explicit Manners(const Site* site) : LoneClient(*site, deaf_) {}

  protected:
    void serve(HttpRequest /*request*/, fakes::Respond respond) override {
        arrived_.push_back(world().now() - since_);
        if (answer_.status == 0) {
            silent_.push_back(std::move(respond));
        } else {
            respond(answer_);
        }
    }
    void judge() override { expect(ended_, kClientBehaves, "not all was tried"); }
    sim::Duration max_time() const override { return hours(100); }

    sim::Coroutine play() override {
        answer_ = answer(418);
        for (const Rhythm& rhythm : rhythms_of(site())) {
            co_await keep(&rhythm);
        }
        if (!rhythms_of(site()).empty()) {
            co_await keep_apart();
            co_await share();
            co_await yield();
        }
        co_await lose_and_find();
        ended_ = true;
        world().halt();
    }

  private:
    struct Ended {
        Outcome outcome;
        sim::Duration after;
    };

    void begin_anew() {
        meet();
        arrived_.clear();
        ended_calls_.clear();
        since_ = world().now();
    }

    sim::Coroutine make(Call call, CallClass reason, std::string name) {
        Outcome outcome = co_await perform(&last_client().as(reason), call);
        ended_calls_[name].push_back({std::move(outcome), world().now() - since_});
    }

    void crowd(Call call, CallClass reason, std::int64_t calls, const std::string& name) {
        for (std::int64_t i = 0; i < calls; ++i) sim::spawn(client(), make(call, reason, name));
    }

    // Many calls at once: a burst of them goes out, others one by one as soon as they may, and what
    // would wait behind too many is refused at once.
    sim::Coroutine keep(const Rhythm* rhythm) {
        begin_anew();
        crowd(rhythm->call, CallClass::person, 100, "all");
        co_await sim::sleep(client(), minutes(5));
        const auto& [call, per_second, burst] = *rhythm;
        judge_that(std::ssize(arrived_) == burst + kMaxWaiting, call,
                   fmt::format("of 100 calls at once {} are made", arrived_.size()));
        for (std::int64_t i = 0; i < std::ssize(arrived_); ++i) {
            const sim::Duration due =
                sim::Duration(seconds(1)) / per_second * std::max<std::int64_t>(0, i + 1 - burst);
            const sim::Duration late = arrived_[i] - due;
            judge_that(late >= seconds(0) && late < milliseconds(50), call,
                       fmt::format("call {} is made {} us after it may be", i + 1, late.count()));
        }
        for (const Ended& ended : ended_calls_["all"]) {
            if (ended.outcome.refused != ProviderErrorClass::throttled) continue;
            judge_that(ended.after == seconds(0), call, "it is refused after a while");
            judge_that(
                ended.outcome.retry_after == lifecycle::Duration(seconds(kMaxWaiting)) / per_second,
                call,
                fmt::format("it is to stay away for {} us", ended.outcome.retry_after.count()));
        }
        judge_that(std::ssize(ended_calls_["all"]) == 100, call, "not all calls have ended");
        // Who has rested for long has a burst again, and no more.
        arrived_.clear();
        since_ = world().now();
        crowd(call, CallClass::person, burst + 1, "again");
        co_await sim::sleep(client(), minutes(1));
        judge_that(std::ranges::count_if(
                       arrived_, [](sim::Duration at) { return at < milliseconds(50); }) == burst,
                   call, "after a rest it is no burst that goes out");
    }

    // What is asked for another reason, or of something else, does not wait for it.
    sim::Coroutine keep_apart() {
        begin_anew();
        for (const Rhythm& other : rhythms_of(site())) {
            crowd(other.call, CallClass::person, other.burst, "all");
        }
        co_await sim::sleep(client(), milliseconds(50));
        std::int64_t all = 0;
        for (const Rhythm& other : rhythms_of(site())) all += other.burst;
        judge_that(std::ssize(arrived_) == all, Call::get,
                   fmt::format("{} calls of all kinds go out at once", arrived_.size()));
    }

    // A crowd of any reason lets others through, who are few.
    sim::Coroutine share() {
        for (const CallClass crowded : {CallClass::person, CallClass::healing,
                                        CallClass::provisioning, CallClass::sweeping}) {
            const CallClass other =
                crowded == CallClass::healing ? CallClass::person : CallClass::healing;
            begin_anew();
            // Whoever had many turns once has no fewer now, nor more.
            crowd(Call::get, other, 60, "before");
            co_await sim::sleep(client(), minutes(1));
            crowd(Call::get, crowded, 60, "crowd");
            co_await sim::sleep(client(), seconds(1));
            crowd(Call::get, other, 3, "few");
            co_await sim::sleep(client(), seconds(3));
            judge_that(ended_calls_["few"].size() == 3, Call::get, "a crowd starves others");
            co_await sim::sleep(client(), minutes(1));
            judge_that(ended_calls_["crowd"].size() == 60, Call::get,
                       "a crowd never comes through");
        }
    }

    // Of two crowds the one that matters more has the larger share: in six seconds, twice as much.
    sim::Coroutine yield() {
        begin_anew();
        crowd(Call::get, CallClass::sweeping, 60, "sweeping");
        co_await sim::sleep(client(), milliseconds(10));  // the burst is theirs
        crowd(Call::get, CallClass::provisioning, 60, "provisioning");
        co_await sim::sleep(client(), seconds(6));
        const auto swept = std::ssize(ended_calls_["sweeping"]) - 10;
        const auto provisioned = std::ssize(ended_calls_["provisioning"]);
        judge_that(swept > 0 && provisioned > 2 * swept, Call::get,
                   fmt::format("{} sweep while {} provision", swept, provisioned));
        co_await sim::sleep(client(), minutes(1));
    }

    // Out of reach from the first of three failures in a row on, until anything is answered.
    sim::Coroutine lose_and_find() {
        lifecycle::Provider& one = meet();
        const lifecycle::Availability& known = one.availability();
        judge_that(
            !known.out_of_reach_since() && !known.answered_at() && known.last_failure().empty(),
            Call::get, "it knows of its provider before it has asked");
        for (const bool silent : {true, false}) {
            answer_ = answer(silent ? 0 : 500);
            std::optional<lifecycle::SteadyTime> since;
            for (int failures = 1; failures <= 5; ++failures) {
                co_await sim::sleep(client(), seconds(1));
                const Outcome lost = co_await perform(&one, Call::get);
                judge_that(lost.refused == ProviderErrorClass::ambiguous, Call::get,
                           "it is not lost");
                if (failures == 1) since = clock().steady();
                judge_that(known.out_of_reach_since() == (failures < 3 ? std::nullopt : since),
                           Call::get, fmt::format("after {} failures", failures));
            }
            judge_that(known.last_failure() == (silent ? "timed out" : "it answered 500"),
                       Call::get, "why is not why");
            answer_ = answer(499);
            const Outcome found = co_await perform(&one, Call::get);
            judge_that(found.refused == ProviderErrorClass::unknown, Call::get, "it is not found");
            judge_that(!known.out_of_reach_since() && known.answered_at() == clock().steady(),
                       Call::get, "it answers and is out of reach");
        }
    }

    void judge_that(bool held, Call call, const std::string& message) {
        if (held) return;
        expect(false, kClientBehaves,
               fmt::format("{} of {}: {}", to_string(call), site().name, message));
    }

    Deaf deaf_;
    HttpResponse answer_;
    sim::VirtualTime since_{};
    std::vector<sim::Duration> arrived_;
    std::map<std::string, std::vector<Ended>> ended_calls_;
    std::vector<fakes::Respond> silent_;
    bool ended_ = false;
};

}  // namespace

std::vector<sim::search::Scenario> manners() {
    std::vector<sim::search::Scenario> all;
    for (const Site& site : sites()) {
        all.push_back(sim::search::scenario<Manners>(
            "manners-of-" + site.name,
            "Clients of " + site.name + " alone: how often they ask, and whom they give up.", {},
            &site));
    }
    return all;
}

}  // namespace scenarios
