#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "properties/property.hpp"
#include "properties/rules/unanswered.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/delegation.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"
#include "system/rows/project_errors.hpp"

// What holds of a project as a whole: what it says is wrong with it, and that it ends.
namespace properties {
namespace {

using lifecycle::ErrorSubject;
using lifecycle::Machine;
using lifecycle::MachineState;
using lifecycle::ProjectError;
using scenarios::ServerAnswer;
using scenarios::Shadow;

// The machine that has proved itself by this answer; empty: none.
std::string proved_by(const ServerAnswer& answer) {
    constexpr std::string_view kMachines = "/v1/machines/";
    const std::string_view target = answer.request.target;
    const bool proof = target.ends_with("/register") || target.ends_with("/status");
    if (answer.request.method != "POST" || answer.response.status != 200 || !proof ||
        !target.starts_with(kMachines)) {
        return {};
    }
    return std::string(target.substr(kMachines.size(), target.rfind('/') - kMachines.size()));
}

class ErrorsLastUntilHealed final : public Property {
  public:
    ErrorsLastUntilHealed()
        : Property("errors-last-until-healed",
                   "What a project says is wrong with it stays until that is healed, whatever else "
                   "happens, and not for longer.") {}
    void on_tampered() override { forget(); }
    void on_recovery(const Shadow&, const Shadow&) override { forget(); }
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before != nullptr && before->state == after.state) return;
        if (after.state == MachineState::active) activated_.insert(after.project);
        if (after.state == MachineState::failed || after.state == MachineState::detached) {
            gone_.insert(after.project);
        }
    }
    void on_error(const ProjectError& now) override {
        if (now.subject == ErrorSubject::machine && now.until) {
            ended_.emplace(now.project, now.text);
        }
    }
    void on_commit(const Shadow& shadow) override {
        const std::set<std::string> activated = std::exchange(activated_, {});
        const std::set<std::string> gone = std::exchange(gone_, {});
        for (const auto& [project, text] : std::exchange(ended_, {})) {
            // Another machine is what is wrong now.
            if (activated.contains(project) || gone.contains(project)) continue;
            const auto row = shadow.projects().find(project);
            if (row != shadow.projects().end() && row->second.archived) continue;
            broken(fmt::format("project {} says no more that \"{}\", and nothing healed it",
                               project, text));
        }
        open_ = shadow.open_errors();
        for (const auto& [id, error] : open_) {
            const bool by_activation =
                error.subject == ErrorSubject::machine || error.subject == ErrorSubject::silence;
            if (by_activation && activated.contains(error.project)) {
                broken(fmt::format("project {} has an active machine, and still says that \"{}\"",
                                   error.project, error.text));
            }
        }
    }
    // What there was when a box proved itself is over by a proof that it began to give later.
    void on_server_answer(const ServerAnswer& answer) override {
        const std::string machine = proved_by(answer);
        if (machine.empty()) return;
        for (const auto& [id, error] : open_) {
            if (error.subject != ErrorSubject::registration || error.about != machine) continue;
            const auto [first, is_first] = proved_.emplace(id, answer.at);
            if (!is_first && answer.asked_at > first->second) {
                broken(
                    fmt::format("the box of {} has proved itself, and its project says that "
                                "\"{}\"",
                                machine, error.text));
            }
        }
    }

  private:
    void forget() {
        activated_.clear();
        gone_.clear();
        ended_.clear();
        open_.clear();
    }
    std::set<std::string> activated_;  // projects, in the commit that comes next
    std::set<std::string> gone_;
    std::map<std::string, std::string> ended_;
    std::map<std::int64_t, ProjectError> open_;
    std::map<std::int64_t, sim::VirtualTime> proved_;  // at first while it was open, by error
};

class ArchivedStaysArchived final : public Property {
  public:
    ArchivedStaysArchived()
        : Property("archived-stays-archived",
                   "An archived project has no machine in service and no work that waits for one, "
                   "and nothing brings it back but a person who asks for a machine.") {}
    void on_tampered() override { archived_.clear(); }
    void on_recovery(const Shadow&, const Shadow&) override { made_.clear(); }
    void on_server_request(const std::string& method, const std::string& target) override {
        asked_.ask(method, target);
    }
    void on_server_answer(const ServerAnswer& answer) override { asked_.answer(answer); }
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before == nullptr) made_.push_back(after);
    }
    void on_commit(const Shadow& shadow) override {
        for (const Machine& machine : std::exchange(made_, {})) {
            const std::string request = fmt::format("/v1/projects/{}/machines", machine.project);
            if (archived_.contains(machine.project) && !asked_.contains(request)) {
                broken(fmt::format("project {} was archived, and {} was made: no person asked",
                                   machine.project, machine.id));
            }
        }
        archived_.clear();
        for (const auto& [id, project] : shadow.projects()) {
            if (project.archived) archived_.insert(id);
        }
        if (archived_.empty()) return;
        for (const auto& [id, machine] : shadow.machines()) {
            if (lifecycle::in_service(machine) && archived_.contains(machine.project)) {
                broken(fmt::format("project {} is archived, and machine {} is {}", machine.project,
                                   id, lifecycle::to_string(machine.state)));
            }
        }
        for (const auto& [id, delegation] : shadow.delegations()) {
            if (archived_.contains(delegation.project) && !delegation.ended()) {
                broken(fmt::format("project {} is archived, and delegation {} is {}",
                                   delegation.project, id, to_string(delegation.state)));
            }
        }
    }

  private:
    std::vector<Machine> made_;       // in the commit that comes next
    std::set<std::string> archived_;  // projects
    Unanswered asked_;
};

class QueuedRequestsBegin final : public Property {
  public:
    QueuedRequestsBegin()
        : Property("queued-requests-begin",
                   "A request for a machine waits only while another machine of its project is on "
                   "its way, or has the volume and may serve for a while, and no longer.") {}
    void on_commit(const Shadow& shadow) override {
        for (const auto& [request, project] : shadow.waiting()) {
            bool starting = false;
            for (const auto& [id, machine] : shadow.machines()) {
                starting = starting ||
                           (machine.project == project && machine.state == MachineState::starting);
            }
            if (!starting && !serves_for_a_while(shadow, project)) {
                broken(fmt::format("a request for a machine of {} waits, and none is on its way",
                                   project));
            }
        }
    }

  private:
    static bool serves_for_a_while(const Shadow& shadow, const std::string& project) {
        const auto row = shadow.projects().find(project);
        if (row == shadow.projects().end() || row->second.active_machine.empty()) return false;
        for (const auto& [id, event] : shadow.events()) {
            if (event.kind == "project:next" && event.state == "pending" &&
                event.machine == row->second.active_machine) {
                return true;
            }
        }
        return false;
    }
};

class WaitingIsForSomething final : public Property {
  public:
    WaitingIsForSomething()
        : Property("waiting-is-for-something",
                   "A request for a machine that waits goes on waiting until another of its "
                   "project takes its place, a machine comes of it, or the project is given up.") {}
    void on_tampered() override { waiting_.clear(); }
    void on_recovery(const Shadow&, const Shadow& after) override {
        waiting_ = after.waiting();
        made_.clear();
    }
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before == nullptr) made_.insert(after.project);
    }
    void on_commit(const Shadow& shadow) override {
        for (const auto& [request, project] : waiting_) {
            if (shadow.waiting().contains(request) || made_.contains(project)) continue;
            const auto row = shadow.projects().find(project);
            const bool over = row == shadow.projects().end() || row->second.archived;
            const bool replaced = std::ranges::any_of(shadow.waiting(), [&](const auto& other) {
                return other.second == project && other.first > request;
            });
            if (!over && !replaced) {
                broken(
                    fmt::format("a request for a machine of {} waits no longer, and nothing "
                                "came of it",
                                project));
            }
        }
        waiting_ = shadow.waiting();
        made_.clear();
    }

  private:
    std::map<std::int64_t, std::string>
        waiting_;                 // the project of each request, at the last commit
    std::set<std::string> made_;  // projects that got a machine in the commit that comes next
};

class RepeatsMakeNothingNew final : public Property {
  public:
    RepeatsMakeNothingNew()
        : Property("repeats-make-nothing-new",
                   "However often a request is repeated under its key, or a push is told, its "
                   "answer names the machine or delegation that it named at first.") {}
    void on_tampered() override { first_.clear(); }
    void on_server_answer(const ServerAnswer& answer) override {
        const std::string intention = intention_of(answer.request);
        if (answer.response.status / 100 != 2 || intention.empty()) return;
        const auto body = lifecycle::json_or_null(answer.response.body);
        if (!body.is_object()) return;
        const auto queued = body.value("queued", nlohmann::json::array());
        for (const char* made : {"machine", "delegation"}) {
            if (body.contains(made)) judge(intention, body.at(made), queued == true);
        }
        for (const auto& machine : body.value("machines", nlohmann::json::array())) {
            const auto waits = std::ranges::find(queued, machine.at("project"));
            judge(intention, machine, waits != queued.end());
        }
    }

  private:
    // What all repeats of a request have in common; empty if it is never the same again.
    static std::string intention_of(const lifecycle::HttpRequest& request) {
        const auto key = request.headers.find("Idempotency-Key");
        if (key != request.headers.end() && !key->second.empty()) {
            return fmt::format("{} {} {}", request.method, request.target, key->second);
        }
        return request.target == "/v1/webhooks/github" ? "push " + request.body : std::string();
    }
    // `waits`: what is named is what the request waits for, not what it gets.
    void judge(const std::string& intention, const nlohmann::json& named, bool waits) {
        const std::string id = named.at("id");
        const std::pair key(intention, named.at("project").get<std::string>());
        const auto first = waits ? first_.find(key) : first_.try_emplace(key, id).first;
        if (first == first_.end() || (!waits && first->second == id)) return;
        broken(fmt::format("{} named {} at first, and when it was repeated {} {}", intention,
                           first->second, waits ? "it waited for" : "it named", id));
    }

    std::map<std::pair<std::string, std::string>, std::string> first_;  // by intention and project
};

}  // namespace

Properties project_properties() {
    Properties all;
    all.push_back(std::make_unique<ErrorsLastUntilHealed>());
    all.push_back(std::make_unique<ArchivedStaysArchived>());
    all.push_back(std::make_unique<QueuedRequestsBegin>());
    all.push_back(std::make_unique<WaitingIsForSomething>());
    all.push_back(std::make_unique<RepeatsMakeNothingNew>());
    return all;
}

}  // namespace properties
