#include "scenarios/flows/routes.hpp"

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

#include "fakes/consul/consul.hpp"
#include "scenarios/flows/lone_trial.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/routing/router.hpp"

namespace scenarios {
namespace {

using lifecycle::HttpError;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using lifecycle::machine_id;
using lifecycle::OutboxStep;
using lifecycle::ProviderErrorClass;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr lifecycle::Duration kActive = minutes(4);

HttpResponse answer(int status, std::string body) {
    HttpResponse made;
    made.status = status;
    made.body = std::move(body);
    return made;
}

class EveryRoute final : public LoneTrial {
  public:
    EveryRoute() : LoneTrial(kRecordFollows) {}

  protected:
    LoneLifecycle::Hooks hooks() override {
        LoneLifecycle::Hooks all;
        all.twisted = [this](Call call, std::string_view, bool) {
            return call == Call::reach ? reach_ : std::nullopt;
        };
        all.stepped = [this](const LoneLifecycle::Step& step) { hear(step); };
        all.routes = [this](const HttpRequest& request) { return serve(request); };
        return all;
    }

    sim::Coroutine play() override {
        co_await follow();
        co_await lead_nowhere();
        co_await go_on();
        co_await lose_the_way();
        co_await end();
    }

  private:
    using Answer = LoneLifecycle::Hooks::Answer;

    sim::Coroutine follow() {
        co_await have();
        check(asked_ == std::vector<std::string>{"GET", "PUT ?cas=0"},
              "it asks for something else");
        expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
        // What the record says is not written again.
        co_await look_again();
        check(asked_ == std::vector<std::string>{"GET"}, "what is known is written");
        Twist twist;
        twist.endpoint = [](lifecycle::Endpoint& way) { way.tls = true; };
        reach_ = twist;
        co_await look_again();
        expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)), true);
        co_await look_again();
        check(asked_ == std::vector<std::string>{"GET"}, "what is known of TLS is written");
        reach_.reset();
        co_await look_again();
        expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
        twist.endpoint = [](lifecycle::Endpoint& way) {
            way.authority = "elsewhere:1";
            way.address = "elsewhere";
        };
        reach_ = twist;
        co_await look_again();
        expect_record(1, "elsewhere:1");
        check(lone().machine(machine_id(project_, 1)).value().address == "elsewhere",
              "the row does not know where it is");
        reach_.reset();
        // Whoever looks whether it runs may find it elsewhere too.
        const std::string id = lone().provider().resource_of(machine_id(project_, 1));
        lone().provider().resources().at(id).address = "moved";
        lone().keep_running(machine_id(project_, 1));
        co_await sim::sleep(lone().process(), minutes(1));
        expect_record(1, "moved:8080");
        static_cast<void>(lone().roll(project_));
        co_await sim::sleep(lone().process(), kActive);
        expect_record(2, fmt::format("{}.plain:8080", machine_id(project_, 2)));
        // One that has been replaced has no route.
        asked_.clear();
        lone().route(machine_id(project_, 1));
        co_await sim::sleep(lone().process(), minutes(1));
        check(asked_.empty(), "a machine that has been replaced is looked at");
        lone().forget_all();
    }

    // The record of a generation that is newer stays, and so does one that another has changed.
    sim::Coroutine lead_nowhere() {
        co_await have();
        put(R"({"machine":"another","generation":2,"address":"theirs:1","tls":false})");
        co_await look_again();
        check(asked_ == std::vector<std::string>{"GET"}, "a newer record is replaced");
        put(R"({"machine":"another","generation":1,"address":"theirs:1","tls":false})");
        co_await look_again();
        expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
        put(R"({"machine":"another","generation":0,"address":"theirs:1","tls":false})");
        co_await look_again();
        expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
        lone().forget_all();
    }

    // Whatever its table answers.
    sim::Coroutine go_on() {
        const std::vector<Answer> odd = {std::unexpected(HttpError::timed_out),
                                         answer(500, "no"),
                                         answer(403, "no"),
                                         answer(200, "no"),
                                         answer(200, "[]"),
                                         answer(200, R"([{"ModifyIndex":0,"Value":"e30="}])"),
                                         answer(200, R"({"ModifyIndex":1,"Value":"e30="})")};
        for (const Answer& each : odd) {
            co_await have();
            read_ = each;
            co_await look_again();
            expect_retries(lifecycle::kRoute.name, seconds(1), seconds(20));
            check(asked_.size() >= 2, "it is not read again");
            lone().forget_all();
        }
        for (const Answer& each : {Answer(std::unexpected(HttpError::reset)),
                                   Answer(answer(500, "true")), Answer(answer(200, "false"))}) {
            co_await have();
            put(R"({"machine":"another","generation":0,"address":"theirs:1","tls":false})");
            write_ = each;
            co_await look_again();
            expect_retries(lifecycle::kRoute.name, seconds(1), seconds(20));
            check(asked_.size() >= 4, "it is not read and written again");
            expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
            lone().forget_all();
        }
    }

    sim::Coroutine lose_the_way() {
        for (const ProviderErrorClass why : {ProviderErrorClass::busy, ProviderErrorClass::gone}) {
            co_await have();
            reach_ = refused(why);
            co_await look_again(minutes(5));
            expect_record(1, "", false, true);
            expect_retries(lifecycle::kRoute.name, seconds(1), seconds(20));
            reach_.reset();
            co_await sim::sleep(lone().process(), seconds(30));
            expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
            // Another's is not withdrawn.
            put(R"({"machine":"another","generation":0,"address":"theirs:1","tls":false})");
            reach_ = refused(why);
            co_await look_again();
            check(record().value("machine", "") == "another", "another's record is withdrawn");
            reach_.reset();
            lone().forget_all();
        }
        for (const ProviderErrorClass why :
             {ProviderErrorClass::unknown, ProviderErrorClass::throttled,
              ProviderErrorClass::permanent, ProviderErrorClass::not_yet}) {
            co_await have();
            reach_ = refused(why);
            co_await look_again();
            expect_record(1, fmt::format("{}.plain:8080", machine_id(project_, 1)));
            expect_retries(lifecycle::kRoute.name, seconds(1), seconds(20));
            reach_.reset();
            lone().forget_all();
        }
    }

    sim::Coroutine end() {
        co_await have();
        read_ = answer(500, "no");
        read_lasts_ = minutes(5);
        asked_.clear();
        steps_.clear();
        static_cast<void>(lone().retire(machine_id(project_, 1)));
        co_await sim::sleep(lone().process(), minutes(5));
        expect_retries(lifecycle::kRouteEnd.name, seconds(1), seconds(60));
        // The last failure may have been just before.
        co_await sim::sleep(lone().process(), minutes(5));
        expect_record(1, "", false, true);
        co_await end_again();
        check(asked_ == std::vector<std::string>{"GET"}, "a record that leads nowhere is written");
        put(R"({"machine":"another","generation":2,"address":"theirs:1","tls":false})");
        co_await end_again();
        check(asked_ == std::vector<std::string>{"GET"}, "a newer record is ended");
        write_ = answer(200, "false");
        put(R"({"machine":"another","generation":0,"address":"theirs:1","tls":false})");
        co_await end_again();
        expect_retries(lifecycle::kRouteEnd.name, seconds(1), seconds(60));
        expect_record(1, "", false, true);
        lone().forget_all();
    }

    // By which it is played.

    sim::Coroutine have() {
        project_ = fmt::format("p{}", ++projects_);
        asked_.clear();
        static_cast<void>(lone().create(project_));
        co_await sim::sleep(lone().process(), kActive);
    }

    sim::Coroutine look_again(lifecycle::Duration within = minutes(1)) {
        asked_.clear();
        steps_.clear();
        lone().route(machine_id(project_, 1));
        co_await sim::sleep(lone().process(), within);
    }

    sim::Coroutine end_again() {
        asked_.clear();
        steps_.clear();
        lone().tamper(
            "UPDATE outbox_event SET state = 'pending', attempts = 0"
            " WHERE kind = 'project:route-end'");
        co_await sim::sleep(lone().process(), minutes(1));
    }

    static Twist refused(ProviderErrorClass why) {
        Twist twist;
        twist.error = why;
        return twist;
    }

    Answer serve(const HttpRequest& request) {
        const auto mark = request.target.find('?');
        const std::string key = request.target.substr(0, mark);
        check(key == fmt::format("/v1/kv/routes/{}", project_), "it is about another project");
        const auto token = request.headers.find("X-Consul-Token");
        check(token != request.headers.end() && token->second == "token of the table",
              "it shows no token");
        asked_.push_back(mark == std::string::npos
                             ? request.method
                             : fmt::format("{} {}", request.method, request.target.substr(mark)));
        std::optional<Answer>& odd = request.method == "GET" ? read_ : write_;
        if (!odd) return consul_.handle(request);
        const Answer said = *odd;
        if (read_lasts_.count() == 0) {
            odd.reset();
        } else if (!read_since_) {
            read_since_ = world().now();
        } else if (world().now() - *read_since_ > read_lasts_) {
            odd.reset();
            read_lasts_ = {};
            read_since_.reset();
        }
        return said;
    }

    // Somebody else writes the record.
    void put(std::string value) {
        HttpRequest request;
        request.method = "PUT";
        request.target = fmt::format("/v1/kv/routes/{}", project_);
        request.body = std::move(value);
        consul_.handle(request);
    }

    nlohmann::json record() const {
        const auto found = consul_.entries().find(fmt::format("routes/{}", project_));
        return found == consul_.entries().end() ? nlohmann::json()
                                                : lifecycle::json_or_null(found->second.value);
    }

    void expect_record(std::int64_t generation, const std::string& address, bool tls = false,
                       bool nowhere = false) {
        const nlohmann::json expected = {
            {"machine", nowhere ? "" : machine_id(project_, generation)},
            {"generation", generation},
            {"address", address},
            {"tls", tls}};
        check(record() == expected,
              fmt::format("the record is {}", lifecycle::json_text(record())));
    }

    // Each failure was tried again, the later the more there were.
    void expect_retries(std::string_view kind, lifecycle::Duration first,
                        lifecycle::Duration longest) {
        std::int64_t failures = 0;
        std::optional<sim::VirtualTime> failed;
        for (const Taken& step : steps_) {
            if (step.kind != kind) continue;
            if (failed) {
                const sim::Duration took = step.at - *failed;
                const lifecycle::Duration plain =
                    std::min(longest, first * (std::int64_t{1} << (failures - 1)));
                check(took >= plain && took <= plain + plain / 4 + milliseconds(10),
                      fmt::format("failure {} is tried again after {} ms", failures,
                                  took / milliseconds(1)));
            }
            failed.reset();
            if (step.what != OutboxStep::retry) continue;
            ++failures;
            failed = step.at;
        }
        check(failures > 0, "nothing is tried again");
    }

    void hear(const LoneLifecycle::Step& step) {
        steps_.push_back({step.what, std::string(step.kind), world().now()});
    }

    void check(bool held, std::string_view message) {
        if (held) return;
        expect(false, kRecordFollows, fmt::format("project {}: {}", project_, message));
    }

    struct Taken {
        OutboxStep what;
        std::string kind;
        sim::VirtualTime at;
    };
    fakes::Consul consul_;
    std::optional<Twist> reach_;
    std::optional<Answer> read_;   // in place of the table's own
    std::optional<Answer> write_;  // the same
    lifecycle::Duration read_lasts_{0};
    std::optional<sim::VirtualTime> read_since_;
    std::vector<std::string> asked_;  // of the table, since the last look
    std::vector<Taken> steps_;        // the same
    std::string project_;
    std::int64_t projects_ = 0;
};

}  // namespace

sim::search::Scenario every_route() {
    return sim::search::scenario<EveryRoute>(
        "every-route", "A lifecycle alone, and whatever the table of its routes answers.");
}

}  // namespace scenarios
