#include "scenarios/dialects/every_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fakes/garble.hpp"
#include "scenarios/cluster/sites.hpp"
#include "scenarios/dialects/lone_client.hpp"
#include "scenarios/dialects/phrase.hpp"
#include "sim/world/awaitable.hpp"
#include "system/model/json.hpp"

namespace scenarios {
namespace {

using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using std::chrono::hours;
using std::chrono::seconds;

// The last error that a client has told.
class Heard final : public lifecycle::Telemetry {
  public:
    using Telemetry::record;
    void record(std::string_view name, std::span<const lifecycle::Fact> facts) override {
        if (name != "provider.error") return;
        for (const lifecycle::Fact& fact : facts) {
            const auto* text = std::get_if<std::string_view>(&fact.value);
            said[std::string(fact.name)] = text != nullptr
                                               ? std::string(*text)
                                               : std::to_string(std::get<std::int64_t>(fact.value));
        }
    }
    std::map<std::string, std::string> said;
};

// What an engine says of itself, unless it is asked about just that.
constexpr const char* kEngineVersion = R"({"ApiVersion":"1.45","MinAPIVersion":"1.24"})";

// An answer that is not what it should be, and where.
struct Garbled {
    std::string where;
    std::string body;
};

std::vector<Garbled> garbled(const std::string& body) {
    std::vector<Garbled> all;
    for (const std::string& place : fakes::places_in(body)) {
        for (std::size_t odd = 0; odd < fakes::kOddValues; ++odd) {
            std::string changed = fakes::with_odd_value(body, place, odd);
            if (!changed.empty()) all.push_back({place, std::move(changed)});
        }
    }
    for (const std::size_t length : {body.size() - 1, body.size() / 2}) {
        all.push_back({fmt::format("{} bytes", length), body.substr(0, length)});
    }
    return all;
}

// All that is written down of a provider, in parts. One without a row is one whose answers nobody
// has written down.
using Part = std::vector<Phrase> (*)();
const std::vector<Part>& parts_of(std::string_view provider) {
    static const std::map<std::string_view, std::vector<Part>> all = {
        {"fly", {fly_phrases, fly_volume_phrases, secret_phrases}},
        {"daytona", {daytona_phrases, secret_phrases}},
        {"docker", {docker_phrases, docker_image_phrases, docker_command_phrases, secret_phrases}},
    };
    return all.at(provider);
}

class EveryAnswer final : public LoneClient {
  public:
    explicit EveryAnswer(const Site* site) : LoneClient(*site, heard_) {}

  protected:
    void serve(HttpRequest request, fakes::Respond respond) override {
        const bool known =
            !site().wants_token || request.headers["Authorization"].starts_with("Bearer ");
        judge_that(known, "a request shows no token");
        judge_that(request.body.empty() == !request.headers.contains("Content-Type"),
                   "what has a body says of which type it is, and nothing else does");
        HttpResponse said = next_answer(request.target);
        asked_.push_back(std::move(request));
        if (said.status == 0) {
            silent_.push_back(std::move(respond));
        } else {
            respond(std::move(said));
        }
    }

    void judge() override { expect(ended_, kAnswersUnderstood, "not all was said"); }
    sim::Duration max_time() const override { return hours(1000); }

    sim::Coroutine play() override {
        for (const auto& part : parts_of(site().name)) {
            std::vector<Phrase> phrases = part();
            phrases_.insert(phrases_.end(), std::make_move_iterator(phrases.begin()),
                            std::make_move_iterator(phrases.end()));
        }
        for (const Phrase& phrase : phrases_) co_await say(&phrase);
        for (const Phrase& phrase : phrases_) {
            const bool reads =
                !phrase.expected.resources.empty() || !phrase.expected.volumes.empty();
            if (!reads || phrase.answers.size() != 1) continue;
            for (const Garbled& odd : garbled(phrase.answers.front().body)) {
                co_await mumble(&phrase, &odd);
            }
        }
        ended_ = true;
        world().halt();
    }

  private:
    HttpResponse next_answer(const std::string& target) {
        const auto beside = phrase_->besides.find(target);
        if (beside != phrase_->besides.end()) return beside->second;
        if (target == "/version") return answer(200, kEngineVersion);
        const std::size_t number = std::min(given_++, phrase_->answers.size() - 1);
        return phrase_->answers[number];
    }

    void hear(const Phrase& phrase) {
        phrase_ = &phrase;
        given_ = 0;
        asked_.clear();
        heard_.said.clear();
    }

    sim::Coroutine say(const Phrase* phrase) {
        if (phrase->later.count() == 0) meet();
        co_await sim::sleep(client(), phrase->later);
        hear(*phrase);
        const sim::VirtualTime since = world().now();
        const Outcome seen = co_await perform(&last_client(), phrase->call, phrase->image);
        const sim::Duration took = world().now() - since;
        // What is asked beside, or much later, is asked meanwhile.
        co_await sim::sleep(client(), seconds(1));
        const std::string odd = difference(phrase->expected, seen);
        judge_that(odd.empty(), odd);
        const sim::Duration late = took - phrase->takes;
        judge_that(phrase->takes.count() == 0 || (late >= seconds(0) && late < seconds(1)),
                   fmt::format("it took {} us", took.count()));
        judge_requests(*phrase);
        judge_telling(*phrase);
    }

    void judge_requests(const Phrase& phrase) {
        for (std::size_t i = 0; i < phrase.asks.size(); ++i) {
            const std::string asked =
                i < asked_.size() ? fmt::format("{} {}", asked_[i].method, asked_[i].target) : "";
            judge_that(asked == phrase.asks[i], fmt::format("request {} is \"{}\" and not \"{}\"",
                                                            i + 1, asked, phrase.asks[i]));
        }
        judge_that(phrase.asks.empty() || asked_.size() == phrase.asks.size(),
                   fmt::format("{} requests were made", asked_.size()));
        if (phrase.body.empty() || asked_.empty()) return;
        const auto sent = std::ranges::find_if_not(asked_, &std::string::empty, &HttpRequest::body);
        judge_that(sent != asked_.end() &&
                       lifecycle::json_or_null(sent->body) == lifecycle::json_or_null(phrase.body),
                   "it asks for something else");
    }

    // An answer that the provider refuses by is told, and as what it is taken.
    void judge_telling(const Phrase& phrase) {
        if (heard_.said.empty()) {
            const int status = phrase.answers.front().status;
            const bool refusal = status != 0 && (status < 200 || (status >= 300 && status != 304));
            judge_that(!refusal || given_ == 0 || !phrase.besides.empty(), "an error was not told");
            return;
        }
        judge_that(heard_.said["provider"] == site().name, "the error is another provider's");
        // What it is about is the end of a target, without what any target begins with.
        const std::string& what = heard_.said["call"];
        judge_that(std::ranges::any_of(asked_,
                                       [&](const HttpRequest& request) {
                                           return what.starts_with(request.method + " /") &&
                                                  request.target.contains(
                                                      what.substr(request.method.size() + 1));
                                       }),
                   fmt::format("the error is about \"{}\"", what));
        judge_that(phrase.answers.size() > 1 || !phrase.besides.empty() ||
                       heard_.said["status"] == std::to_string(phrase.answers.front().status),
                   "the error has another status");
    }

    // The answer with one value of another type: taken for what it is without it, or for no answer.
    sim::Coroutine mumble(const Phrase* phrase, const Garbled* odd) {
        meet();
        Phrase garbled = *phrase;
        garbled.answers.front().body = odd->body;
        hear(garbled);
        const Outcome seen = co_await perform(&last_client(), garbled.call);
        const bool read = !seen.refused && seen.unreadable == 0;
        const bool unread =
            seen.unreadable > 0 || seen.refused == lifecycle::ProviderErrorClass::unknown;
        phrase_ = phrase;
        judge_that(read || unread,
                   fmt::format("{} is odd, and it is {}", odd->where, difference(Outcome(), seen)));
        const bool nameless = odd->where.ends_with("/id") || odd->where.ends_with("/Id");
        const bool not_ours = difference(phrase->expected, seen).empty();
        judge_that(!nameless || unread || not_ours,
                   fmt::format("{} is odd, and nobody minds", odd->where));
        for (const lifecycle::Resource& resource : seen.resources) {
            judge_that(!resource.external_id.empty(), "a machine without an id");
        }
    }

    void judge_that(bool held, const std::string& message) {
        if (held) return;
        const HttpResponse& said = phrase_->answers.front();
        expect(false, kAnswersUnderstood,
               fmt::format("{} of {} is answered {} {}: {}", to_string(phrase_->call), site().name,
                           said.status, std::string_view(said.body).substr(0, 300), message));
    }

    Heard heard_;
    std::vector<Phrase> phrases_;
    const Phrase* phrase_ = nullptr;
    std::size_t given_ = 0;  // of its answers
    std::vector<HttpRequest> asked_;
    std::vector<fakes::Respond> silent_;
    bool ended_ = false;
};

}  // namespace

std::vector<sim::search::Scenario> every_answer() {
    std::vector<sim::search::Scenario> all;
    for (const Site& site : sites()) {
        all.push_back(sim::search::scenario<EveryAnswer>(
            "dialect-of-" + site.name,
            "A client of " + site.name + " alone, and all that it may be answered.", {}, &site));
    }
    return all;
}

}  // namespace scenarios
