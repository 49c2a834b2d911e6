#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "properties/rules/boxes.hpp"
#include "properties/rules/unanswered.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "sim/world/time.hpp"
#include "system/model/delegation.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/model/reasons.hpp"
#include "system/model/secrets.hpp"
#include "system/rows/delegations.hpp"

// Who is who, who is alive, and who says so.
namespace properties {
namespace {

using lifecycle::Machine;
using lifecycle::MachineState;
using scenarios::Ending;
using scenarios::ServerAnswer;
using scenarios::Shadow;
using sim::VirtualTime;
using std::chrono::minutes;

class OneTokenLineage final : public Property {
  public:
    OneTokenLineage()
        : Property("one-token-lineage",
                   "A machine has at most one valid token, and a machine that was replaced or "
                   "retired has none.") {}
    void on_credential(const std::string& machine, const Shadow&) override {
        changed_.insert(machine);
    }
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before != nullptr && before->state != after.state) changed_.insert(after.id);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(changed_, {})) {
            const auto found = shadow.credentials().find(id);
            if (found == shadow.credentials().end()) continue;
            int valid = 0;
            for (const auto& [boot, credential] : found->second) {
                valid += credential.superseded ? 0 : 1;
            }
            if (valid > 1) broken(fmt::format("{} boots of {} have valid tokens", valid, id));
            if (valid > 0 && !in_service(shadow.machine(id))) {
                broken(fmt::format("machine {} is out of service, and its token is valid", id));
            }
        }
    }

  private:
    std::set<std::string> changed_;
};

class SingleFlight final : public Property {
  public:
    SingleFlight()
        : Property("single-flight",
                   "Nothing displaces a machine that is on its way but a person who retires it, "
                   "and who wants one replaced meanwhile joins.") {}
    void on_server_request(const std::string& method, const std::string& target) override {
        asked_.ask(method, target);
    }
    void on_server_answer(const ServerAnswer& answer) override { asked_.answer(answer); }
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        if (before == nullptr || before->state != MachineState::starting ||
            after.state != MachineState::detached) {
            return;
        }
        const std::string machine = fmt::format("/v1/machines/{}", after.id);
        const std::string project = fmt::format("/v1/projects/{}/archive", after.project);
        if (asked_.contains(machine + "/retire") || asked_.contains(machine + "/archive") ||
            asked_.contains(project)) {
            return;
        }
        broken(fmt::format("machine {} was starting and was displaced, and no person said so",
                           after.id));
    }
    // What a commit tells is told before the commit is looked at.
    void on_recreated(const scenarios::Recreation& recreation, const Shadow& shadow) override {
        const Machine* old = shadow.machine(recreation.machine);
        if (old == nullptr) return;
        for (const auto& [id, machine] : shadow.machines()) {
            if (machine.project == old->project && machine.state == MachineState::starting) {
                broken(fmt::format("{} was recreated while {} was on its way", old->id, id));
            }
        }
    }

  private:
    Unanswered asked_;
};

class SilenceBeforeDeath final : public Property {
  public:
    SilenceBeforeDeath()
        : Property("silence-before-death",
                   "A machine is recreated for its silence only if it has really been silent, "
                   "while a server was there to hear it and whatever its clock said, and its "
                   "provider reaches the host of what it mounts.") {}
    void on_credential(const std::string& machine, const Shadow& shadow) override {
        last_seen_.learn(machine, shadow);
    }
    void on_server_answer(const ServerAnswer& answer) override { last_seen_.hear(answer); }
    void on_server_up(const std::string& server, VirtualTime at) override {
        up_since_[server] = at;
    }
    void on_recreated(const scenarios::Recreation& recreation, const Shadow& shadow) override {
        if (recreation.reason != to_text(lifecycle::Reason::no_sign_of_life)) return;
        const Machine* machine = shadow.machine(recreation.machine);
        for (const fakes::CloudMachine& resource : shadow.clouds().inventory()) {
            if (machine == nullptr || resource.id != machine->external_id) continue;
            if (resource.out_of_sight && !resource.volume.empty()) {
                broken(fmt::format("machine {} was recreated, and nobody knows how {} is",
                                   recreation.machine, resource.volume));
            }
        }
        const auto heard =
            std::max(last_seen_.of(recreation.machine), up_since_[recreation.server]);
        const auto silence = recreation.at - heard;
        if (silence < minutes(5)) {
            broken(fmt::format("machine {} was heard {} s before it was recreated for its silence",
                               recreation.machine, silence.count() / 1'000'000));
        }
    }

  private:
    LastSeen last_seen_;
    std::map<std::string, VirtualTime> up_since_;  // by server
};

class OnlineIsAuthenticated final : public EndProperty {
  public:
    OnlineIsAuthenticated()
        : EndProperty(
              "online-is-authenticated",
              "A project is said to be online only while its active machine proves itself.") {}
    void on_credential(const std::string& machine, const Shadow& shadow) override {
        registered_.insert(machine);
        last_seen_.learn(machine, shadow);
    }
    void on_server_answer(const ServerAnswer& answer) override {
        last_seen_.hear(answer);
        const Path path = path_of(answer.request.target);
        if (answer.request.method != "GET" || path.kind != "projects" || !path.verb.empty() ||
            answer.response.status != 200) {
            return;
        }
        const auto body = lifecycle::json_or_null(answer.response.body);
        if (!body["project"].value("online", false)) return;
        const std::string machine = body["project"].value("active_machine", "");
        // A registration that its server did not live to answer has counted all the same.
        if (last_seen_.of(machine) == VirtualTime{} && registered_.contains(machine)) return;
        const auto silence = answer.at - last_seen_.of(machine);
        if (silence <= longest_) return;
        longest_ = silence;
        longest_silent_ = machine;
    }
    void judge_end(const Ending& ending, const Broken& broken) override {
        // Clocks may be as wrong as the world lets them be.
        const Duration tolerance = times_were_right(ending) ? kOnItsWay : Duration(minutes(11));
        if (longest_ <= minutes(5) + tolerance) return;
        broken(fmt::format("{} was said to be online {} s after it was last heard", longest_silent_,
                           std::chrono::duration_cast<std::chrono::seconds>(longest_).count()));
    }

  private:
    using Duration = sim::Duration;
    // An answer may take that long to be read.
    static constexpr Duration kOnItsWay = std::chrono::seconds(30);

    LastSeen last_seen_;
    std::set<std::string> registered_;
    Duration longest_{};
    std::string longest_silent_;
};

class HolderIsLetIn final : public Property {
  public:
    HolderIsLetIn()
        : Property("holder-is-let-in",
                   "A boot to which its machine's token was given, or that shows that token, is "
                   "never told that another has its place.") {}
    void on_tampered() override { holders_.clear(); }
    void on_credential(const std::string& machine, const Shadow& shadow) override {
        const auto* live = shadow.live_credential(machine);
        const Holder now = live == nullptr ? Holder{{}, {}, shadow.now()}
                                           : Holder{live->boot, live->token_hash, shadow.now()};
        Holder& before = holders_[machine];
        if (before.boot != now.boot || before.token_hash != now.token_hash) before = now;
    }
    void on_server_answer(const ServerAnswer& answer) override {
        const Path path = path_of(answer.request.target);
        if (path.verb != "register" || answer.response.status != 409) return;
        const Holder& holder = holders_[path.id];
        const auto asked = lifecycle::json_or_null(answer.request.body);
        // Who was given the place meanwhile could not know.
        if (holder.boot.empty() || holder.since >= answer.asked_at || !asked.is_object()) return;
        const std::string token = asked.value("token", "");
        if (asked.value("boot", "") == holder.boot ||
            (!token.empty() && lifecycle::hash_of(token) == holder.token_hash)) {
            broken(fmt::format("{} has its place, and was told that another has", path.id));
        }
    }

  private:
    struct Holder {
        std::string boot;
        std::string token_hash;
        VirtualTime since{};
    };
    std::map<std::string, Holder> holders_;  // by machine
};

class StoppedOnlyWhenReplaced final : public Property {
  public:
    StoppedOnlyWhenReplaced()
        : Property("stopped-only-when-replaced",
                   "A box is told to stop for good only when its machine was replaced or "
                   "retired: it may be the one that answers at the machine's address.") {}
    void on_tampered() override { told_.clear(); }
    void on_server_answer(const ServerAnswer& answer) override {
        const Path path = path_of(answer.request.target);
        if (path.kind == "machines" && answer.response.status == 410) told_.insert(path.id);
    }
    // Who has left service does not come back. The answer may rest on a commit that its server did
    // not live to show us; the next shows both.
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(told_, {})) {
            if (in_service(shadow.machine(id))) {
                broken(fmt::format("a box of {} was told to stop, and {} is in service", id, id));
            }
        }
    }

  private:
    std::set<std::string> told_;
};

class DeliveredIsNotProcessed final : public Property {
  public:
    DeliveredIsNotProcessed()
        : Property("delivered-is-not-processed",
                   "A delegation is processed only when an agent has worked it off.") {}
    void on_processed(const std::string&, const std::string& delegation) override {
        processed_.insert(delegation);
    }
    void on_delegation(const lifecycle::Delegation& now) override {
        if (now.state == lifecycle::DelegationState::processed && !processed_.contains(now.id)) {
            broken(fmt::format("delegation {} is said to be processed, and nobody did it", now.id));
        }
    }

  private:
    std::set<std::string> processed_;
};

class EndedStaysEnded final : public Property {
  public:
    EndedStaysEnded()
        : Property("ended-stays-ended",
                   "A delegation that has ended stays as it ended, whatever is said of it later.") {
    }
    void on_delegation(const lifecycle::Delegation& now) override {
        const auto known = ended_.find(now.id);
        const std::string outcome = fmt::format("{}: {}", to_string(now.state), now.result);
        if (known != ended_.end() && known->second != outcome) {
            broken(fmt::format("delegation {} had ended, {}, and is {}", now.id, known->second,
                               outcome));
        }
        if (now.ended()) ended_[now.id] = outcome;
    }
    void on_tampered() override { ended_.clear(); }

  private:
    std::map<std::string, std::string> ended_;
};

class DelegationsEnd final : public Property {
  public:
    DelegationsEnd()
        : Property("delegations-end",
                   "A delegation is processed or, with a reason, failed after the calm; by its "
                   "deadline, if nothing went wrong. It fails only if its agent says so, its time "
                   "is up, or its project is archived.") {}
    void on_server_request(const std::string& method, const std::string& target) override {
        const Path path = path_of(target);
        if (method == "POST" && path.kind == "delegations" && path.verb == "result") {
            told_.insert(path.id);
        }
    }
    void on_delegation(const lifecycle::Delegation& now) override {
        if (now.state == lifecycle::DelegationState::failed && now.updated_at < now.deadline &&
            !told_.contains(now.id)) {
            early_[now.id] = now;
        }
    }
    // What a commit tells is told before the commit can be looked at.
    void on_commit(const Shadow& shadow) override {
        for (const auto& [id, delegation] : std::exchange(early_, {})) {
            const auto project = shadow.projects().find(delegation.project);
            if (project != shadow.projects().end() && project->second.archived) continue;
            broken(
                fmt::format("delegation {} had time left and failed, and its agent has not said "
                            "so: {}",
                            id, delegation.result));
        }
    }
    void on_tampered() override { early_.clear(); }
    void at_end(const Ending& ending) override {
        constexpr auto kMaxLate = std::chrono::seconds(30);
        for (const auto& [id, delegation] : ending.shadow.delegations()) {
            if (!delegation.ended()) {
                broken(fmt::format("delegation {} is still {}", id, to_string(delegation.state)));
            } else if (delegation.result.empty()) {
                broken(fmt::format("delegation {} is {} for no reason", id,
                                   to_string(delegation.state)));
            } else if (ending.faults.empty() &&
                       delegation.updated_at > delegation.deadline + kMaxLate) {
                const auto late = delegation.updated_at - delegation.deadline;
                broken(fmt::format("delegation {} ended {} s after its deadline", id,
                                   late.count() / 1'000'000));
            }
        }
    }

  private:
    std::set<std::string> told_;  // by an agent, how they went
    std::map<std::string, lifecycle::Delegation> early_;
};

class SecretsStaySecret final : public Property {
  public:
    SecretsStaySecret()
        : Property("secrets-stay-secret",
                   "No token, bootstrap secret or key is ever in a log, a row or an answer, but "
                   "for the one that hands it out.") {}
    void on_text(std::string_view where, std::string_view text) override {
        for (const std::string_view secret : {scenarios::kTokenMark, scenarios::kBootstrapMark,
                                              std::string_view(scenarios::kIdentityKey)}) {
            if (text.find(secret) == std::string_view::npos) continue;
            broken(
                fmt::format("{} tells a secret that begins with {}", where, secret.substr(0, 4)));
        }
    }
    void on_server_answer(const ServerAnswer& answer) override {
        if (path_of(answer.request.target).verb != "register" || answer.response.status != 200) {
            on_text(answer.request.target, answer.response.body);
        }
    }
};

}  // namespace

Properties identity_properties() {
    Properties all;
    all.push_back(std::make_unique<OneTokenLineage>());
    all.push_back(std::make_unique<SingleFlight>());
    all.push_back(std::make_unique<SilenceBeforeDeath>());
    all.push_back(std::make_unique<OnlineIsAuthenticated>());
    all.push_back(nobody_locked_out());
    all.push_back(std::make_unique<HolderIsLetIn>());
    all.push_back(std::make_unique<StoppedOnlyWhenReplaced>());
    all.push_back(std::make_unique<DeliveredIsNotProcessed>());
    all.push_back(std::make_unique<EndedStaysEnded>());
    all.push_back(std::make_unique<DelegationsEnd>());
    all.push_back(std::make_unique<SecretsStaySecret>());
    return all;
}

}  // namespace properties
