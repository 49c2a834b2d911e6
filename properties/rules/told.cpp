#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "properties/property.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/delegation.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/project_errors.hpp"

// What the control plane tells its clients, against the rows that it tells of.
namespace properties {
namespace {

using lifecycle::Delegation;
using lifecycle::Machine;
using nlohmann::json;
using scenarios::ServerAnswer;
using scenarios::Shadow;
using sim::VirtualTime;

// What a row was, and until when: an answer may be of any moment since its request came.
template <class Row>
class Versions {
  public:
    void put(const std::string& key, Row row, VirtualTime now) {
        auto& all = rows_[key];
        if (!all.empty()) all.back().until = now;
        all.push_back({std::move(row), kNow});
    }
    // Null if it is not known.
    const Row* newest(const std::string& key) const {
        const auto found = rows_.find(key);
        return found == rows_.end() ? nullptr : &found->second.back().row;
    }
    bool knows(const std::string& key) const { return rows_.contains(key); }
    void clear() { rows_.clear(); }
    // What speaks against each version that there was since then; nothing if one fits.
    template <class Against>
    std::optional<std::string> fits(const std::string& key, VirtualTime since, Against against) {
        auto& all = rows_.at(key);
        std::erase_if(all,
                      [&](const Version& version) { return version.until < kForgetAfter(since); });
        std::optional<std::string> last;
        for (const Version& version : all) {
            if (version.until < since) continue;
            last = against(version.row);
            if (!last) return std::nullopt;
        }
        return last;
    }

  private:
    static constexpr VirtualTime kNow = VirtualTime::max();
    // No request is under way for so long.
    static VirtualTime kForgetAfter(VirtualTime since) { return since - std::chrono::hours(1); }
    struct Version {
        Row row;
        VirtualTime until;
    };
    std::map<std::string, std::vector<Version>> rows_;
};

// The first field that is told otherwise than it is.
std::optional<std::string> otherwise(const json& told, const json& is) {
    for (const auto& [name, value] : is.items()) {
        const auto found = told.find(name);
        if (found == told.end()) return fmt::format("\"{}\" is not told", name);
        if (*found != value) {
            return fmt::format("\"{}\" is {} and not {}", name, lifecycle::json_text(value),
                               lifecycle::json_text(*found));
        }
    }
    return std::nullopt;
}

// Which time a client is shown depends on the clocks of two hosts; whether there is one does not.
bool tells(const json& told, const char* name, lifecycle::Time is) {
    return (told.value(name, std::int64_t{0}) > 0) == (is != lifecycle::Time{});
}

std::optional<std::string> against(const json& told, const Machine& row) {
    if (!tells(told, "created_at_ms", row.created_at)) return "it was made at another time";
    if (!tells(told, "updated_at_ms", row.updated_at)) return "it changed at another time";
    return otherwise(told, {{"id", row.id},
                            {"project", row.project},
                            {"generation", row.generation},
                            {"provider", row.provider},
                            {"state", to_string(row.state)},
                            {"external_id", row.external_id},
                            {"image", row.spec.image},
                            {"region", row.spec.region},
                            {"cpus", row.spec.cpus},
                            {"memory_mb", row.spec.memory_mb},
                            {"volume_gb", row.spec.volume_gb},
                            {"active_within_s", row.spec.active_within_s},
                            {"daemon_status", to_string(row.daemon_status)},
                            {"provisioning_error", row.provisioning_error}});
}

std::optional<std::string> against(const json& told, const Delegation& row) {
    if (!tells(told, "created_at_ms", row.created_at)) return "it was made at another time";
    if (!tells(told, "deadline_ms", row.deadline)) return "it has another deadline";
    return otherwise(told, {{"id", row.id},
                            {"project", row.project},
                            {"agent", row.agent},
                            {"state", to_string(row.state)},
                            {"machine", row.machine},
                            {"deliveries", row.deliveries},
                            {"result", row.result}});
}

// A project, as far as rows that are watched say how it is.
struct Project {
    std::string active_machine;
    bool archived = false;
    bool waits = false;
    std::int64_t generation = 0;
    std::set<std::string> errors;
    bool operator==(const Project&) const = default;
};

std::string error_text(std::string_view subject, std::string_view about, std::string_view text) {
    return fmt::format("{} {}: {}", subject, about, text);
}

// The errors of an answer that are not over.
std::set<std::string> open_errors(const json& errors) {
    std::set<std::string> open;
    for (const json& error : errors) {
        if (error.contains("until_ms")) continue;
        open.insert(error_text(error.value("subject", ""), error.value("about", ""),
                               error.value("error", "")));
    }
    return open;
}

std::optional<std::string> against(const json& told, const Project& is) {
    const json errors = told.value("errors", json::array());
    if (open_errors(errors) != is.errors) return "its errors are others";
    const std::string first = errors.empty() ? "" : errors.front().value("error", "");
    if (told.value("last_error", "") != first) return "its last error is not the first of them";
    if (told.value("waiting", json()).is_null() == is.waits) return "what waits is not so";
    return otherwise(told, {{"active_machine", is.active_machine},
                            {"archived", is.archived},
                            {"generation", is.generation}});
}

class ToldIsTrue final : public Property {
  public:
    ToldIsTrue()
        : Property("told-is-true",
                   "What an answer says of a machine, a project, its errors or a delegation was so "
                   "at some moment since it was asked.") {}

    void on_tampered() override { forget(); }
    void on_recovery(const Shadow&, const Shadow& after) override {
        forget();
        for (const auto& [id, machine] : after.machines()) machines_.put(id, machine, after.now());
        for (const auto& [id, work] : after.delegations()) delegations_.put(id, work, after.now());
        on_commit(after);
    }
    void on_machine(const Machine* before, const Machine& after, const Shadow& shadow) override {
        machines_.put(after.id, after, shadow.now());
        if (before == nullptr) states_[after.id].clear();
        if (before == nullptr || before->state == after.state) return;
        const auto known = states_.find(after.id);
        if (known != states_.end()) {
            known->second.emplace_back(std::string(to_string(after.state)), shadow.now());
        }
    }
    void on_delegation(const Delegation& now) override { changed_.push_back(now); }
    void on_commit(const Shadow& shadow) override {
        for (Delegation& work : changed_) {
            const std::string id = work.id;
            delegations_.put(id, std::move(work), shadow.now());
        }
        changed_.clear();
        std::map<std::string, Project> now;
        for (const auto& [id, row] : shadow.projects()) {
            now[id].active_machine = row.active_machine;
            now[id].archived = row.archived;
        }
        for (const auto& [id, machine] : shadow.machines()) {
            auto& generation = now[machine.project].generation;
            generation = std::max(generation, machine.generation);
        }
        for (const auto& [id, project] : shadow.waiting()) now[project].waits = true;
        for (const auto& [id, error] : shadow.open_errors()) {
            now[error.project].errors.insert(
                error_text(to_string(error.subject), error.about, error.text));
        }
        for (auto& [id, project] : now) {
            const Project* known = projects_.newest(id);
            if (known != nullptr && *known == project) continue;
            projects_.put(id, std::move(project), shadow.now());
        }
    }

    void on_server_answer(const ServerAnswer& answer) override {
        const std::string& target = answer.request.target;
        if (answer.response.status / 100 != 2 || target.contains("/proxy/")) return;
        // What boxes are told is theirs.
        if (target.ends_with("/register") || target.ends_with("/status")) return;
        const json body = lifecycle::json_or_null(answer.response.body);
        if (!body.is_object()) return;
        judge(answer, body, "machine", machines_);
        judge(answer, body, "delegation", delegations_);
        if (answer.request.method != "GET") return;
        judge(answer, body, "project", projects_);
        if (body.contains("errors")) judge_errors(answer, body["errors"]);
        if (body.contains("events")) judge_history(answer, body);
    }

  private:
    void forget() {
        machines_.clear();
        delegations_.clear();
        projects_.clear();
        states_.clear();
        changed_.clear();
    }

    // One of that name in the answer, and each of a list of them.
    template <class Row>
    void judge(const ServerAnswer& answer, const json& body, const std::string& name,
               Versions<Row>& versions) {
        if (const auto one = body.find(name); one != body.end()) judge_one(answer, *one, versions);
        const auto many = body.find(name + "s");
        if (many == body.end() || !many->is_array()) return;
        for (const json& each : *many) judge_one(answer, each, versions);
    }
    template <class Row>
    void judge_one(const ServerAnswer& answer, const json& told, Versions<Row>& versions) {
        if (!told.is_object() || !told.contains("id")) return;
        const std::string id = told.at("id");
        // What somebody changed behind our back is known again once it changes.
        if (!versions.knows(id)) return;
        const auto why =
            versions.fits(id, answer.asked_at, [&](const Row& row) { return against(told, row); });
        if (why) broken(said_of(answer, id, *why));
        const std::string& target = answer.request.target;
        const std::string project = told.value("project", "");
        if (target.starts_with("/v1/projects/") && !project.empty() &&
            !(target + "/").starts_with("/v1/projects/" + project + "/")) {
            broken(said_of(answer, id, "it is of another project"));
        }
    }
    void judge_errors(const ServerAnswer& answer, const json& errors) {
        const std::string project = named_in(answer, "/v1/projects/");
        if (!projects_.knows(project) || errors.size() >= kMaxErrors) return;
        for (const json& error : errors) {
            if (error.value("since_ms", std::int64_t{0}) <= 0) {
                broken(said_of(answer, project, "an error of it has no time"));
            }
        }
        const auto why = projects_.fits(project, answer.asked_at,
                                        [&](const Project& is) -> std::optional<std::string> {
                                            if (open_errors(errors) == is.errors)
                                                return std::nullopt;
                                            return "its errors are others";
                                        });
        if (why) broken(said_of(answer, project, *why));
    }
    // The states that a machine went through, as its history has them.
    void judge_history(const ServerAnswer& answer, const json& body) {
        const std::string machine = named_in(answer, "/v1/machines/");
        const auto known = states_.find(machine);
        const bool whole = !answer.request.target.contains('?') && !body.contains("next");
        // Old entries are forgotten.
        if (known == states_.end() || !whole || answer.at > scenarios::kKeepFor) return;
        std::vector<std::string> told;
        for (const json& entry : body["events"]) {
            const std::string what = entry.value("what", "");
            if (lifecycle::parse_machine_state(what)) told.push_back(what);
        }
        std::size_t least = 0;
        bool fits = told.size() <= known->second.size();
        for (std::size_t i = 0; i < known->second.size(); ++i) {
            const auto& [state, since] = known->second[i];
            if (since < answer.asked_at) ++least;
            fits = fits && (i >= told.size() || told[i] == state);
        }
        if (!fits || told.size() < least) {
            broken(said_of(answer, machine, "its history has other states than it had"));
        }
    }
    static std::string named_in(const ServerAnswer& answer, std::string_view prefix) {
        const std::string_view target = answer.request.target;
        if (!target.starts_with(prefix)) return {};
        const std::string_view rest = target.substr(prefix.size());
        return std::string(rest.substr(0, rest.find_first_of("/?")));
    }
    static std::string said_of(const ServerAnswer& answer, std::string_view what,
                               std::string_view why) {
        return fmt::format("{} {} was told of {}, and {}", answer.request.method,
                           answer.request.target, what, why);
    }

    static constexpr std::size_t kMaxErrors = 100;  // that are listed
    Versions<Machine> machines_;
    Versions<Delegation> delegations_;
    Versions<Project> projects_;
    std::vector<Delegation> changed_;  // in the commit that is being looked at
    // What each machine became, and when, of those whose life was seen from its beginning.
    std::map<std::string, std::vector<std::pair<std::string, VirtualTime>>> states_;
};

}  // namespace

Properties told_properties() {
    Properties all;
    all.push_back(std::make_unique<ToldIsTrue>());
    return all;
}

}  // namespace properties
