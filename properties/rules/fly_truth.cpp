#include "properties/rules/fly_truth.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "fakes/cloud.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/search/linearizability.hpp"
#include "system/model/json.hpp"

namespace properties {
namespace {

using nlohmann::json;
using sim::search::Call;
using sim::search::is_linearizable;
using Answer = FlyAction::Answer;
using Verb = FlyAction::Verb;
using State = FlyModel::State;

constexpr std::string_view kMachines = "/machines";

// The machine's id and what follows it, of ".../machines/ID/verb?query".
std::pair<std::string, std::string> parts_of(std::string_view target) {
    const auto found = target.find(kMachines);
    std::string_view rest =
        found == std::string_view::npos ? "" : target.substr(found + kMachines.size());
    rest = rest.substr(0, rest.find('?'));
    if (!rest.empty()) rest.remove_prefix(1);
    const auto slash = rest.find('/');
    return {std::string(rest.substr(0, slash)),
            slash == std::string_view::npos ? std::string() : std::string(rest.substr(slash + 1))};
}

Verb verb_of(const std::string& method, const std::string& id, const std::string& rest) {
    if (id.empty()) return method == "POST" ? Verb::create : Verb::list;
    if (method == "DELETE") return Verb::destroy;
    if (rest == "start") return Verb::start;
    return rest == "wait" ? Verb::wait : Verb::get;
}

bool is_read(Verb verb) {
    return verb == Verb::get || verb == Verb::list || verb == Verb::wait;
}

Answer answer_of(Verb verb, int status, const json& body) {
    if (status == 200 && verb == Verb::get) {
        // What is remembered of a host that is out of reach says nothing of now.
        if (body.is_object() && body.value("host_status", "ok") != "ok") return Answer::refused;
        const std::string state = body.is_object() ? body.value("state", "") : "";
        return state == "destroyed" || state == "destroying" ? Answer::gone : Answer::done;
    }
    if (status == 200) return Answer::done;
    if (status == 404) return Answer::missing;
    const bool server_fault = status >= 500 || status == 408;
    if (server_fault) return is_read(verb) ? Answer::refused : Answer::unknown;
    return Answer::refused;
}

// "... machine ID abc already exists ..."
std::string conflicting_id(const std::string& text) {
    constexpr std::string_view kBefore = "machine ID ";
    const auto begin = text.find(kBefore);
    if (begin == std::string::npos) return {};
    const auto end = text.find(' ', begin + kBefore.size());
    return text.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

// The effect of a create that answered, or did not answer, with that id.
State born(const State& before, const std::string& id) {
    State after = before;
    if (!after.living.empty()) after.dead.insert(after.living);
    after.living = id;
    after.dying = false;
    after.seen = false;
    return after;
}

std::vector<State> after_read(const State& state, const FlyAction& action) {
    const bool is_living = !action.id.empty() && action.id == state.living;
    State seen = state;
    switch (action.answer) {
        case Answer::done:
            // A list of what has the name; or a machine that is neither destroyed nor going.
            if (!is_living || (state.dying && action.verb == Verb::get)) return {};
            seen.seen = true;
            return {seen};
        case Answer::gone:
            if (is_living && state.dying) return {state};
            if (state.dead.contains(action.id)) return {state};
            return {};
        case Answer::missing:
            if (action.verb == Verb::list) {
                return state.living.empty() || state.dying || !state.seen
                           ? std::vector<State>{state}
                           : std::vector<State>{};
            }
            if (is_living && state.seen && !state.dying) return {};
            return {state};
        default: return {state};
    }
}

std::vector<State> after_create(const State& state, const FlyAction& action) {
    const bool free = state.living.empty() || state.dying;
    switch (action.answer) {
        case Answer::done:
            return free && !state.dead.contains(action.id)
                       ? std::vector<State>{born(state, action.id)}
                       : std::vector<State>{};
        case Answer::conflict: {
            // The registry may take a name for used by a machine that nobody has ever seen.
            const bool ghost = state.living.empty() && !state.dead.contains(action.id);
            return state.living == action.id || ghost ? std::vector<State>{state}
                                                      : std::vector<State>{};
        }
        case Answer::unknown: {
            // Its id is known to the history, since the fake tells who was born.
            std::vector<State> both = {state};
            if (free && !action.id.empty() && !state.dead.contains(action.id)) {
                both.push_back(born(state, action.id));
            }
            return both;
        }
        default: return {state};
    }
}

}  // namespace

std::vector<State> FlyModel::next(const State& state, const FlyAction& action) const {
    if (action.verb == Verb::create) return after_create(state, action);
    if (is_read(action.verb)) return after_read(state, action);
    const bool is_living = action.id == state.living && !state.living.empty();
    State after = state;
    if (action.verb == Verb::destroy) after.dying = is_living || state.dying;
    switch (action.answer) {
        case Answer::done: return is_living ? std::vector<State>{after} : std::vector<State>{};
        case Answer::missing:
            return is_living && !state.dying ? std::vector<State>{} : std::vector<State>{state};
        case Answer::unknown:
            return is_living ? std::vector<State>{state, after} : std::vector<State>{state};
        default: return {state};
    }
}

std::optional<FlyAction> fly_action(const scenarios::ProviderCall& call) {
    if (call.request.target.find(kMachines) == std::string::npos) return std::nullopt;
    const auto [id, rest] = parts_of(call.request.target);
    FlyAction action;
    action.verb = verb_of(call.request.method, id, rest);
    action.id = id;
    if (!call.response) {
        action.answer = is_read(action.verb) ? Answer::refused : Answer::unknown;
        return action;
    }
    const json body = lifecycle::json_or_null(call.response->body);
    action.answer = answer_of(action.verb, call.response->status, body);
    if (action.verb == Verb::create) {
        if (action.answer == Answer::done && body.is_object()) action.id = body.value("id", "");
        // Something was made, and the answer does not say what.
        if (action.answer == Answer::done && action.id.empty()) action.answer = Answer::unknown;
        const std::string other =
            call.response->status == 409 ? conflicting_id(call.response->body) : "";
        if (!other.empty()) {
            action.answer = Answer::conflict;
            action.id = other;
        }
    }
    if (action.verb == Verb::list && action.answer == Answer::done) {
        action.answer = Answer::missing;
        for (const json& machine : body.is_array() ? body : json::array()) {
            const std::string state = machine.value("state", "");
            if (machine.value("host_status", "ok") != "ok") {
                action.answer = Answer::refused;
                return action;
            }
            if (state == "destroying") continue;
            action.id = machine.value("id", "");
            action.answer = action.id.empty() ? Answer::refused : Answer::done;
        }
    }
    return action;
}

namespace {

class FlyTruth final : public EndProperty {
  public:
    FlyTruth()
        : EndProperty("provider-truth",
                      "What the provider answered about each name could have come from a provider "
                      "that does one thing at a time.") {}

    void on_provider_call(const scenarios::ProviderCall& call) override {
        if (call.provider == "fly") calls_.push_back(call);
    }
    void on_provider_created(const fakes::CloudMachine& machine,
                             const scenarios::Shadow& shadow) override {
        if (machine.provider != "fly") return;
        // A list by our labels says nothing of what does not have them.
        if (!shadow.owns(machine.labels)) foreign_.insert(machine.name);
        names_[machine.id] = machine.name;
        born_[machine.name].push_back(machine.id);
    }
    // Reads that a script made lie fit no order.
    void on_provider_hidden(const fakes::CloudMachine& machine) override {
        foreign_.insert(machine.name);
    }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        const bool doubled = ending.doubled_requests();
        for (const auto& [name, calls] : histories(doubled)) {
            if (foreign_.contains(name)) continue;
            if (is_linearizable(calls, FlyModel{}, FlyModel::State{})) continue;
            broken(fmt::format("the {} calls about {} fit no order of one thing at a time",
                               calls.size(), name));
        }
    }

  private:
    using History = std::vector<Call<FlyAction>>;

    // The calls about each name. A request that the network doubled may act a second time, at any
    // time after the first.
    std::map<std::string, History> histories(bool doubled) const {
        std::map<std::string, History> all;
        for (const scenarios::ProviderCall& call : calls_) {
            const auto action = fly_action(call);
            if (!action) continue;
            const std::string name = name_of(call, *action);
            if (name.empty()) continue;
            const bool unknown = action->answer == Answer::unknown;
            add(all[name], name, *action, call.begun,
                unknown ? Call<FlyAction>::kNever : call.ended);
            const bool acts = !is_read(action->verb);
            if (!doubled || !acts || unknown) continue;
            FlyAction again = *action;
            again.answer = Answer::unknown;
            if (again.verb == Verb::create) again.id.clear();
            add(all[name], name, again, call.begun, Call<FlyAction>::kNever);
        }
        return all;
    }

    // An unanswered create made one of the machines that were born under its name, or none.
    void add(History& history, const std::string& name, const FlyAction& action,
             std::uint64_t begun, std::uint64_t ended) const {
        if (action.verb != Verb::create || action.answer != Answer::unknown) {
            history.push_back({action, begun, ended});
            return;
        }
        const auto born = born_.find(name);
        if (born == born_.end()) return;
        for (const std::string& id : born->second) {
            FlyAction made = action;
            made.id = id;
            history.push_back({made, begun, ended});
        }
    }

    std::string name_of(const scenarios::ProviderCall& call, const FlyAction& action) const {
        if (action.verb == Verb::create) {
            const json body = lifecycle::json_or_null(call.request.body);
            return body.is_object() ? body.value("name", "") : "";
        }
        if (action.verb == Verb::list) {
            constexpr std::string_view kLabel = "metadata.vivarium_machine=";
            const auto at = call.request.target.find(kLabel);
            if (at == std::string::npos) return {};
            const std::string rest = call.request.target.substr(at + kLabel.size());
            return rest.substr(0, rest.find('&'));
        }
        const auto found = names_.find(action.id);
        return found == names_.end() ? std::string() : found->second;
    }

    std::vector<scenarios::ProviderCall> calls_;
    std::map<std::string, std::string> names_;  // by id
    std::set<std::string> foreign_;
    std::map<std::string, std::vector<std::string>> born_;
};

}  // namespace

std::unique_ptr<Property> fly_truth() {
    return std::make_unique<FlyTruth>();
}

}  // namespace properties
