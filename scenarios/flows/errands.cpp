#include "scenarios/flows/errands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/flows/lone_trial.hpp"
#include "system/model/delegation.hpp"
#include "system/model/error.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/daemon.hpp"
#include "system/ports/http.hpp"

namespace scenarios {
namespace {

using lifecycle::Delegation;
using lifecycle::DelegationState;
using lifecycle::ErrorCode;
using lifecycle::HttpError;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using lifecycle::machine_id;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr lifecycle::Duration kActive = minutes(4);

class EveryErrand final : public LoneTrial {
  public:
    EveryErrand() : LoneTrial(kWorkHandedOver) {}

  protected:
    LoneLifecycle::Hooks hooks() override {
        LoneLifecycle::Hooks all;
        all.daemons = [this](const HttpRequest& request) { return serve(request); };
        return all;
    }

    sim::Coroutine play() override {
        co_await again_and_again();
        co_await not_taken();
        co_await taken_by_any_success();
        co_await without_machine();
        co_await replaced();
        co_await concluded();
        co_await not_to_be_done();
    }

  private:
    using Answer = LoneLifecycle::Hooks::Answer;

    // What is taken is offered again, ever more rarely, until its time is up.
    sim::Coroutine again_and_again() {
        co_await have();
        const Delegation made = delegate(hours(1));
        co_await sim::sleep(lone().process(), minutes(59));
        expect_offers(made.id, {0, 60, 180, 420, 900, 1800, 2700});
        check(state_of(made.id) == DelegationState::delivered, "it is not delivered");
        check(lone().delegation(made.id).value().deliveries == 7, "its deliveries are not counted");
        check(lone().delegation(made.id).value().machine == machine(1), "it is another machine's");
        co_await sim::sleep(lone().process(), minutes(2));
        check(state_of(made.id) == DelegationState::failed, "its time is never up");
        check(lone().delegation(made.id).value().result.contains(machine(1)), "nobody had it");
        co_await sim::sleep(lone().process(), hours(2));
        check(offers_.size() == 7, "it is offered after its time");
        // One whose time is up sooner is not waited for until it would be offered again.
        const Delegation soon = delegate(seconds(90));
        co_await sim::sleep(lone().process(), seconds(91));
        check(state_of(soon.id) == DelegationState::failed, "it is given up too late");
    }

    // A box that does not take work is left alone, for longer each time, whatever there is for it.
    sim::Coroutine not_taken() {
        const std::vector<Answer> odd = {std::unexpected(HttpError::refused), answered(199),
                                         answered(300), answered(404), answered(503)};
        for (const Answer& each : odd) {
            co_await have();
            said_ = each;
            const Delegation first = delegate(hours(1));
            const Delegation second = delegate(hours(1));
            co_await sim::sleep(lone().process(), minutes(25));
            check(state_of(first.id) == DelegationState::queued, "what is not taken is delivered");
            // Together: either is offered, and the other waits with it.
            std::vector<std::int64_t> at;
            for (const Offer& offer : offers_) {
                const std::int64_t second_of = (offer.at - since_) / seconds(1);
                if (at.empty() || second_of != at.back()) at.push_back(second_of);
            }
            const std::vector<std::int64_t> due = {0, 5, 15, 35, 75, 155, 315, 615, 915, 1215};
            check(at == due, fmt::format("a box that takes no work is asked {} times", at.size()));
            said_.reset();
            offers_.clear();
            co_await sim::sleep(lone().process(), minutes(5));
            check(state_of(first.id) == DelegationState::delivered &&
                      state_of(second.id) == DelegationState::delivered,
                  "what waits is not offered once the box takes work");
            lone().forget_all();
        }
    }

    sim::Coroutine taken_by_any_success() {
        for (const int status : {200, 202, 299}) {
            co_await have();
            said_ = answered(status);
            const Delegation made = delegate(hours(1));
            co_await sim::sleep(lone().process(), seconds(1));
            check(state_of(made.id) == DelegationState::delivered, "it is not delivered");
            said_.reset();
            lone().forget_all();
        }
    }

    sim::Coroutine without_machine() {
        co_await have();
        static_cast<void>(lone().retire(machine(1)));
        co_await sim::sleep(lone().process(), minutes(1));
        const Delegation made = delegate(hours(1));
        co_await sim::sleep(lone().process(), minutes(10));
        check(offers_.empty(), "it is offered to a machine that is not active");
        static_cast<void>(lone().create(project_));
        co_await sim::sleep(lone().process(), kActive);
        check(state_of(made.id) == DelegationState::delivered, "the next machine does not get it");
        check(lone().delegation(made.id).value().machine == machine(2), "it is another machine's");
        lone().forget_all();
    }

    // Whoever takes a machine's place gets what is not done at once.
    sim::Coroutine replaced() {
        co_await have();
        const Delegation made = delegate(hours(2));
        co_await sim::sleep(lone().process(), minutes(10));
        const std::size_t before = offers_.size();
        static_cast<void>(lone().roll(project_));
        co_await sim::sleep(lone().process(), minutes(2));
        check(offers_.size() == before + 1 && offers_.back().machine == machine(2),
              "the next machine does not get it at once");
        check(lone().delegation(made.id).value().machine == machine(2), "it is another machine's");
        lone().forget_all();
    }

    sim::Coroutine concluded() {
        co_await have();
        const std::string token = introduced(1);
        const Delegation made = delegate(hours(1));
        const Delegation other = delegate(hours(1));
        co_await sim::sleep(lone().process(), seconds(1));
        const auto refused = [&](const std::string& id, const std::string& shown,
                                 DelegationState outcome) {
            const auto ended = lone().conclude(id, shown, outcome, "so");
            return ended ? std::optional<ErrorCode>() : ended.error().code;
        };
        check(refused(made.id, "nobody's", DelegationState::processed) == ErrorCode::unauthorized,
              "anybody may end it");
        check(refused("nothing", token, DelegationState::processed) == ErrorCode::not_found,
              "what there is not is ended");
        const auto ended = lone().conclude(made.id, token, DelegationState::processed, "so it is");
        check(ended && ended->state == DelegationState::processed && ended->result == "so it is",
              "it is not ended");
        check(!refused(made.id, token, DelegationState::processed), "to say it again is refused");
        check(lone().delegation(made.id).value().result == "so it is",
              "what was said is overwritten");
        check(refused(made.id, token, DelegationState::failed) == ErrorCode::conflict,
              "it ends twice");
        const auto failed = lone().conclude(other.id, token, DelegationState::failed, "no");
        check(failed && failed->state == DelegationState::failed, "it does not fail");
        offers_.clear();
        co_await sim::sleep(lone().process(), hours(2));
        check(offers_.empty(), "what has ended is offered");
        // Of another project, and of a machine that is not active yet.
        const Delegation third = delegate(hours(1));
        co_await have();
        const std::string theirs = introduced(1);
        check(refused(third.id, theirs, DelegationState::processed) == ErrorCode::forbidden,
              "another project's box ends it");
        static_cast<void>(lone().roll(project_));
        co_await sim::sleep(lone().process(), seconds(10));
        const std::string next = introduced(2);
        const Delegation fourth = delegate(hours(1));
        check(refused(fourth.id, next, DelegationState::processed) == ErrorCode::conflict,
              "one that is not active ends it");
        lone().forget_all();
    }

    sim::Coroutine not_to_be_done() {
        project_ = "nothing";
        check(refusal(request()) == ErrorCode::not_found, "a project that there is not has work");
        co_await have();
        for (std::int64_t i = 0; i < LoneLifecycle::kMaxOpenDelegations; ++i) {
            auto wanted = request();
            wanted.idempotency_key = fmt::format("key {}", i);
            wanted.digest = "this";
            check(!refusal(wanted), "work is refused");
        }
        check(refusal(request()) == ErrorCode::conflict, "more is open than may be");
        auto again = request();
        again.idempotency_key = "key 0";
        again.digest = "this";
        check(!refusal(again), "the same is not known again");
        again.digest = "that";
        check(refusal(again) == ErrorCode::conflict, "a key is used twice");
        // What others have open, and what has ended, counts for nothing.
        const std::string ours = project_;
        co_await have();
        check(!refusal(request()), "others' work counts");
        project_ = ours;
        const std::string token = introduced(1);
        const auto first = lone().delegate([&] {
            auto same = request();
            same.idempotency_key = "key 0";
            same.digest = "this";
            return same;
        }());
        const std::string done = first ? first->id : "";
        check(lone().conclude(done, token, DelegationState::processed, "").has_value(),
              "it is not ended");
        check(!refusal(request()), "what has ended counts");
        static_cast<void>(lone().archive(project_));
        check(state_of(done) == DelegationState::processed, "what was done has failed");
        check(refusal(request()) == ErrorCode::conflict, "an archived project has work");
        offers_.clear();
        co_await sim::sleep(lone().process(), hours(1));
        check(std::ranges::none_of(
                  offers_, [&](const Offer& offer) { return offer.id.starts_with(ours + "."); }),
              "an archived project's work is offered");
        lone().forget_all();
    }

    // By which it is played.

    struct Offer {
        std::string machine;
        std::string id;
        sim::VirtualTime at;
    };

    sim::Coroutine have() {
        project_ = fmt::format("p{}", ++projects_);
        static_cast<void>(lone().create(project_));
        co_await sim::sleep(lone().process(), kActive);
        offers_.clear();
        since_ = world().now();
    }

    lifecycle::DelegationRequest request() const {
        lifecycle::DelegationRequest wanted;
        wanted.project = project_;
        wanted.agent = "an agent";
        wanted.payload = R"({"a":[1,2]})";
        wanted.timeout = hours(1);
        return wanted;
    }

    Delegation delegate(lifecycle::Duration timeout) {
        auto wanted = request();
        wanted.timeout = timeout;
        const auto made = lone().delegate(wanted);
        check(made.has_value(), "work is refused");
        return made.value_or(Delegation());
    }

    std::optional<ErrorCode> refusal(const lifecycle::DelegationRequest& wanted) {
        const auto made = lone().delegate(wanted);
        if (made) return std::nullopt;
        return made.error().code;
    }

    // The token of the machine's box.
    std::string introduced(std::int64_t generation) {
        lifecycle::Registration boot;
        boot.machine = machine(generation);
        boot.secret = lone().secret_of(boot.machine);
        boot.boot = "boot-of-" + boot.machine;
        const auto registered = lone().introduce(boot);
        check(registered.has_value(), "a box is refused");
        return registered ? registered->token : "";
    }

    std::string machine(std::int64_t generation) const { return machine_id(project_, generation); }
    DelegationState state_of(const std::string& id) {
        const auto found = lone().delegation(id);
        return found ? found->state : DelegationState::queued;
    }

    static HttpResponse answered(int status) {
        HttpResponse answer;
        answer.status = status;
        return answer;
    }

    Answer serve(const HttpRequest& request) {
        if (request.target == lifecycle::kHealthPath) return answered(200);
        const auto body = lifecycle::json_or_null(request.body);
        const std::string id = body.value("id", "");
        const nlohmann::json expected = {
            {"id", id}, {"agent", "an agent"}, {"payload", {{"a", {1, 2}}}}};
        const auto key = request.headers.find("Idempotency-Key");
        check(request.method == "POST" && request.target == "/delegations" && body == expected &&
                  key != request.headers.end() && key->second == id &&
                  request.headers.contains("Content-Type"),
              "a box is asked for something else");
        const std::string at = request.authority.substr(0, request.authority.find('.'));
        offers_.push_back({at, id, world().now()});
        return said_.value_or(answered(202));
    }

    void expect_offers(const std::string& id, const std::vector<std::int64_t>& due) {
        check(offers_.size() == due.size(), fmt::format("it is offered {} times", offers_.size()));
        for (std::size_t i = 0; i < std::min(offers_.size(), due.size()); ++i) {
            const sim::Duration late = offers_[i].at - since_ - seconds(due[i]);
            check(late >= seconds(0) && late < milliseconds(100) && offers_[i].id == id,
                  fmt::format("offer {} is {} ms late", i + 1, late / milliseconds(1)));
        }
    }

    void check(bool held, std::string_view message) {
        if (held) return;
        expect(false, kWorkHandedOver, fmt::format("project {}: {}", project_, message));
    }

    std::optional<Answer> said_;  // by every box that is offered work; nothing: it is taken
    std::vector<Offer> offers_;   // of this case
    sim::VirtualTime since_{};
    std::string project_;
    std::int64_t projects_ = 0;
};

}  // namespace

sim::search::Scenario every_errand() {
    return sim::search::scenario<EveryErrand>(
        "every-errand", "A lifecycle and its delegations alone, and whatever boxes make of them.");
}

}  // namespace scenarios
