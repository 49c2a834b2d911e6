#include "scenarios/flows/introductions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/consul/consul.hpp"
#include "scenarios/flows/lone_trial.hpp"
#include "system/identity/registration.hpp"
#include "system/model/error.hpp"
#include "system/model/machine.hpp"
#include "system/ports/daemon.hpp"
#include "system/ports/http.hpp"

namespace scenarios {
namespace {

using lifecycle::DaemonStatus;
using lifecycle::ErrorCode;
using lifecycle::ErrorSubject;
using lifecycle::HttpError;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using lifecycle::machine_id;
using lifecycle::MachineState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr lifecycle::Duration kActive = minutes(4);
// A report makes a box count as alive for that long.
constexpr lifecycle::Duration kAlive = seconds(90);
constexpr const char* kFirst = "boot-number-one";
constexpr const char* kSecond = "boot-number-two";

class EveryIntroduction final : public LoneTrial {
  public:
    EveryIntroduction() : LoneTrial(kBoxesKnown) {}

  protected:
    LoneLifecycle::Hooks hooks() override {
        LoneLifecycle::Hooks all;
        all.daemons = [this](const HttpRequest&) {
            ++probes_;
            if (while_probed_) while_probed_();
            return answer_;
        };
        all.routes = [this](const HttpRequest& request) {
            ++routed_;
            return consul_.handle(request);
        };
        return all;
    }

    sim::Coroutine play() override {
        nonces();
        co_await prove();
        co_await take_over();
        co_await rotate();
        co_await too_late();
        co_await boot_again_and_again();
        co_await say_what_is_wrong();
        co_await arbitrate();
    }

  private:
    using Answer = LoneLifecycle::Hooks::Answer;

    void nonces() {
        const std::string plain = "09azAZ-_.";
        for (const std::size_t size : {0, 7, 8, 64, 65}) {
            check(lifecycle::is_boot(std::string(size, 'x')) == (size >= 8 && size <= 64),
                  fmt::format("a nonce of {}", size));
        }
        for (int c = 1; c < 128; ++c) {
            const auto one = static_cast<char>(c);
            const bool alphanumeric = (one >= '0' && one <= '9') || (one >= 'a' && one <= 'z') ||
                                      (one >= 'A' && one <= 'Z');
            check(lifecycle::is_boot("1234567" + std::string(1, one)) ==
                      (alphanumeric || plain.contains(one)),
                  fmt::format("a nonce with character {}", c));
        }
    }

    sim::Coroutine prove() {
        project_ = "nothing";
        expect_refused(kFirst, "", ErrorCode::not_found);
        co_await have();
        lifecycle::Registration stranger = boot(kFirst);
        stranger.secret = "guessed";
        const auto guessed = lone().introduce(stranger);
        check(!guessed && guessed.error().code == ErrorCode::unauthorized, "a guess is good");
        const std::string token = expect_token(kFirst);
        check(expect_token(kFirst) == token, "the same boot gets another token");
        expect_known(token);
        expect_unknown("nobody's", ErrorCode::unauthorized);
        co_await have();
        expect_unknown(token, ErrorCode::forbidden);
        const auto nobody = lone().authenticate("nothing-1", "nobody's");
        check(!nobody && nobody.error().code == ErrorCode::not_found, "what there is not is known");
        // What it says of itself counts.
        co_await have(false);
        lifecycle::Registration ready = boot(kFirst);
        ready.status = DaemonStatus::ready;
        const auto heard = lone().introduce(ready);
        check(heard && heard->machine.daemon_status == DaemonStatus::ready, "it is not heard");
        lone().forget_all();
    }

    sim::Coroutine take_over() {
        co_await have();
        routed_ = 0;
        const std::string first = expect_token(kFirst);
        co_await sim::sleep(lone().process(), seconds(1));
        check(routed_ > 0, "nobody looks where a new boot is reached");
        routed_ = 0;
        expect_refused(kSecond, "", ErrorCode::conflict);
        expect_refused(kSecond, "guessed", ErrorCode::conflict);
        co_await sim::sleep(lone().process(), kAlive / 2);
        expect_known(first);
        co_await sim::sleep(lone().process(), kAlive - std::chrono::microseconds(1));
        check(routed_ == 0, "who is refused changes something");
        expect_refused(kSecond, "", ErrorCode::conflict);
        co_await sim::sleep(lone().process(), std::chrono::microseconds(1));
        const std::string second = expect_token(kSecond);
        check(second != first, "another boot gets the same token");
        expect_unknown(first, ErrorCode::unauthorized);
        expect_known(second);
        // The first may come back as any other.
        expect_refused(kFirst, "", ErrorCode::conflict);
        expect_refused(kFirst, first, ErrorCode::conflict);
        const std::string third = expect_token("boot-number-three", second);
        expect_unknown(second, ErrorCode::unauthorized);
        co_await sim::sleep(lone().process(), kAlive);
        routed_ = 0;
        const std::string again = expect_token(kFirst);
        check(again != first && again != third, "a token that was another's is good again");
        expect_unknown(third, ErrorCode::unauthorized);
        expect_known(again);
        lone().forget_all();
    }

    sim::Coroutine rotate() {
        co_await have();
        check(lone().rotate(machine()).has_value(), "without a token none can be made invalid");
        const std::string first = expect_token(kFirst);
        check(lone().rotate(machine()).has_value(), "it cannot be made invalid");
        expect_unknown(first, ErrorCode::unauthorized);
        const std::string second = expect_token(kFirst);
        check(second != first, "the same token is given again");
        expect_known(second);
        const auto nobody = lone().rotate("nothing-1");
        check(!nobody && nobody.error().code == ErrorCode::not_found, "what there is not is known");
        static_cast<void>(lone().retire(machine()));
        const auto late = lone().rotate(machine());
        check(!late && late.error().code == ErrorCode::conflict, "a retired one has a token");
        lone().forget_all();
    }

    sim::Coroutine too_late() {
        co_await have();
        const std::string token = expect_token(kFirst);
        static_cast<void>(lone().retire(machine()));
        expect_refused(kFirst, "", ErrorCode::superseded);
        expect_refused(kSecond, "", ErrorCode::superseded);
        const auto known = lone().authenticate(machine(), token);
        check(!known && known.error().code == ErrorCode::superseded, "a retired one is known");
        lone().forget_all();
    }

    // One that boots too often in ten minutes is given up.
    sim::Coroutine boot_again_and_again() {
        for (const bool active : {true, false}) {
            co_await have(active);
            std::string token;
            for (std::int64_t i = 0; i <= LoneLifecycle::kMaxBoots; ++i) {
                check(in_service(), "it is given up too early");
                token = expect_token(fmt::format("boot-number-{:04}", i), token);
                co_await sim::sleep(lone().process(), seconds(10));
            }
            const auto state = lone().machine(machine()).value().state;
            check(active ? state == MachineState::detached || state == MachineState::archived
                         : state == MachineState::failed,
                  fmt::format("it is {}", to_string(state)));
            const auto errors = lone().errors_of(project_);
            check(errors.size() == 1 && errors.front().subject == ErrorSubject::machine,
                  "nobody says that it is in a crash loop");
            lone().forget_all();
        }
        // One now and then is none.
        co_await have();
        std::string token;
        for (std::int64_t i = 0; i < 4 * LoneLifecycle::kMaxBoots; ++i) {
            token = expect_token(fmt::format("boot-number-{:04}", i), token);
            co_await sim::sleep(lone().process(),
                                seconds(600) / LoneLifecycle::kMaxBoots + seconds(1));
        }
        check(in_service(), "it is given up for a boot now and then");
        // One boot that comes again and again is one.
        for (std::int64_t i = 0; i < 4 * LoneLifecycle::kMaxBoots; ++i) {
            token = expect_token("boot-number-last", token);
        }
        check(in_service(), "it is given up for one boot");
        lone().forget_all();
    }

    // That a box is refused is said once in ten minutes, and until it proves itself.
    sim::Coroutine say_what_is_wrong() {
        co_await have();
        const lifecycle::Error why(ErrorCode::unauthorized, "it is not", "do something");
        lone().refuse(machine(), why);
        check(refusals() == 1, "nobody says that a box is refused");
        const auto first = lone().errors_of(project_).at(0);
        check(first.about == machine() && first.text.contains("it is not"), "nobody says why");
        co_await sim::sleep(lone().process(), minutes(10) - seconds(1));
        const lifecycle::Error other(ErrorCode::unauthorized, "it is not either", "do something");
        lone().refuse(machine(), other);
        check(lone().errors_of(project_).at(0).text == first.text, "it is said too often");
        co_await sim::sleep(lone().process(), seconds(1));
        lone().refuse(machine(), other);
        check(refusals() == 1 && lone().errors_of(project_).at(0).text.contains("it is not either"),
              "what is wrong now is not said");
        probes_ = 0;
        co_await sim::sleep(lone().process(), minutes(1));
        check(probes_ == 0, "a box is asked who it is where nobody has its place");
        expect_token(kFirst);
        check(lone().errors_of(project_).empty(), "it is wrong for ever");
        co_await sim::sleep(lone().process(), minutes(10));
        lone().refuse(machine(), other);
        check(refusals() == 1, "nobody says that a box is refused again");
        static_cast<void>(lone().archive(project_));
        check(lone().errors_of(project_).empty(), "a project that is given up has something wrong");
        lone().forget_all();
        co_await have();
        static_cast<void>(lone().retire(machine()));
        lone().refuse(machine(), other);
        check(refusals() == 0, "a machine that is retired is refused");
        lone().refuse("nothing-1", other);
        lone().forget_all();
    }

    // Who answers at the machine's address has its place.
    sim::Coroutine arbitrate() {
        const lifecycle::Error taken(ErrorCode::conflict, "another is alive", "wait");
        co_await have();
        const std::string first = expect_token(kFirst);
        answer_ = said(kFirst);
        probes_ = 0;
        lone().refuse(machine(), taken);
        co_await sim::sleep(lone().process(), seconds(1));
        check(probes_ == 1, "nobody asks who answers");
        expect_known(first);
        expect_refused(kSecond, "", ErrorCode::conflict);
        // For a while that is known.
        lone().refuse(machine(), taken);
        co_await sim::sleep(lone().process(), lifecycle::kBetweenArbitrations - seconds(2));
        lone().refuse(machine(), taken);
        co_await sim::sleep(lone().process(), seconds(1));
        check(probes_ == 1, "it is asked too often");
        answer_ = said(kSecond);
        lone().refuse(machine(), taken);
        co_await sim::sleep(lone().process(), seconds(2));
        check(probes_ == 2, "it is not asked again");
        expect_unknown(first, ErrorCode::unauthorized);
        const std::string second = expect_token(kSecond);
        expect_known(second);
        lone().forget_all();
        const std::vector<Answer> odd = {said(""), said("short"), HttpResponse(),
                                         std::unexpected(HttpError::timed_out)};
        for (const Answer& each : odd) {
            co_await have();
            const std::string token = expect_token(kFirst);
            probes_ = 0;
            answer_ = each;
            lone().refuse(machine(), taken);
            co_await sim::sleep(lone().process(), seconds(4));
            check(probes_ == 1, "nobody asks who answers");
            expect_known(token);
            co_await sim::sleep(lone().process(), seconds(3));
            check(probes_ == 2, "it is not asked again after five seconds");
            answer_ = said(kSecond);
            co_await sim::sleep(lone().process(), seconds(20));
            expect_unknown(token, ErrorCode::unauthorized);
            lone().forget_all();
        }
        // What has changed meanwhile stands.
        co_await have();
        expect_token(kFirst);
        answer_ = said(kSecond);
        while_probed_ = [this] { static_cast<void>(lone().rotate(machine())); };
        lone().refuse(machine(), taken);
        co_await sim::sleep(lone().process(), seconds(1));
        while_probed_ = nullptr;
        expect_known(expect_token(kFirst));
        expect_refused(kSecond, "", ErrorCode::conflict);
        lone().forget_all();
        answer_ = said(kFirst);
    }

    // By which it is played.

    sim::Coroutine have(bool active = true) {
        project_ = fmt::format("p{}", ++projects_);
        static_cast<void>(lone().create(project_));
        co_await sim::sleep(lone().process(), active ? kActive : lifecycle::Duration(seconds(20)));
        check(lone().machine(machine()).value().state ==
                  (active ? MachineState::active : MachineState::starting),
              "it is not as it should be");
    }

    lifecycle::Registration boot(const std::string& nonce, const std::string& token = {}) {
        lifecycle::Registration wanted;
        wanted.machine = machine();
        wanted.secret = lone().secret_of(wanted.machine);
        wanted.boot = nonce;
        wanted.token = token;
        return wanted;
    }

    std::string expect_token(const std::string& nonce, const std::string& token = {}) {
        const auto registered = lone().introduce(boot(nonce, token));
        check(registered.has_value(),
              fmt::format("{} is refused: {}", nonce,
                          registered ? std::string() : registered.error().message));
        return registered ? registered->token : "";
    }

    void expect_refused(const std::string& nonce, const std::string& token, ErrorCode code) {
        const auto registered = lone().introduce(boot(nonce, token));
        check(!registered && registered.error().code == code, fmt::format("{} is taken", nonce));
    }

    void expect_known(const std::string& token) {
        const auto known = lone().authenticate(machine(), token);
        check(known && known->id == machine(), "a good token is refused");
    }

    void expect_unknown(const std::string& token, ErrorCode code) {
        const auto known = lone().authenticate(machine(), token);
        check(!known && known.error().code == code, "a token is good that is not");
    }

    std::int64_t refusals() {
        const auto errors = lone().errors_of(project_);
        return std::ranges::count(errors, ErrorSubject::registration,
                                  &lifecycle::ProjectError::subject);
    }

    std::string machine() const { return machine_id(project_, 1); }
    bool in_service() { return lifecycle::in_service(lone().machine(machine()).value()); }

    static HttpResponse said(const std::string& boot) {
        HttpResponse answer;
        answer.headers[lifecycle::kBootHeader] = boot;
        return answer;
    }

    void check(bool held, std::string_view message) {
        if (held) return;
        expect(false, kBoxesKnown, fmt::format("project {}: {}", project_, message));
    }

    fakes::Consul consul_;
    Answer answer_ = said(kFirst);        // of every daemon
    std::function<void()> while_probed_;  // what happens while one is asked
    std::int64_t probes_ = 0;
    std::int64_t routed_ = 0;
    std::string project_;
    std::int64_t projects_ = 0;
};

}  // namespace

sim::search::Scenario every_introduction() {
    return sim::search::scenario<EveryIntroduction>(
        "every-introduction", "A lifecycle and its boxes' identities alone, in every order.");
}

}  // namespace scenarios
