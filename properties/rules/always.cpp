#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "fakes/cloud.hpp"
#include "properties/property.hpp"
#include "properties/rules/fairness.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

namespace properties {
namespace {

using lifecycle::DaemonStatus;
using lifecycle::Machine;
using lifecycle::MachineState;
using scenarios::EventRow;
using scenarios::Shadow;

class SingleReadinessEnqueue final : public Property {
  public:
    SingleReadinessEnqueue()
        : Property("single-readiness-enqueue",
                   "Readiness is enqueued at most once for each machine.") {}
    void on_event(const EventRow*, const EventRow& after, const Shadow& shadow) override {
        if (after.kind != "machine:readiness") return;
        const int count = shadow.readiness_events(after.machine);
        if (count > 1) {
            broken(fmt::format("machine {} has {} readiness events", after.machine, count));
        }
    }
};

class ReadinessNeedsExternalId final : public Property {
  public:
    ReadinessNeedsExternalId()
        : Property("readiness-needs-external-id",
                   "Readiness is never enqueued before the machine's external id is durable.") {}
    void on_event(const EventRow* before, const EventRow& after, const Shadow&) override {
        if (before == nullptr && after.kind == "machine:readiness") fresh_.push_back(after.machine);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(fresh_, {})) {
            const Machine* machine = shadow.machine(id);
            if (machine == nullptr || machine->external_id.empty()) {
                broken(fmt::format(
                    "readiness was enqueued for machine {}, which has no external id", id));
            }
        }
    }

  private:
    std::vector<std::string> fresh_;
};

class ReadyLeadsToReadiness final : public Property {
  public:
    ReadyLeadsToReadiness()
        : Property("ready-leads-to-readiness",
                   "A starting machine with an external id and a ready daemon has readiness "
                   "enqueued, whichever came first.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        changed_.insert(after.id);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& id : std::exchange(changed_, {})) {
            const Machine& machine = *shadow.machine(id);
            if (machine.state == MachineState::starting && !machine.external_id.empty() &&
                machine.daemon_status == DaemonStatus::ready && shadow.readiness_events(id) == 0) {
                broken(fmt::format("machine {} is ready and provisioned, and nobody will probe it",
                                   id));
            }
        }
    }

  private:
    std::set<std::string> changed_;
};

class LegalTransitions final : public Property {
  public:
    LegalTransitions()
        : Property("legal-transitions",
                   "A machine's state changes only along the table of transitions; the terminal "
                   "states are left never, and an external id is never changed.") {}
    void on_machine(const Machine* before, const Machine& after, const Shadow&) override {
        judge(before, after);
    }
    void on_recovery(const Shadow& before, const Shadow& after) override {
        for (const auto& [id, machine] : after.machines()) judge(before.machine(id), machine);
    }

  private:
    void judge(const Machine* before, const Machine& after) {
        if (before == nullptr) return;
        if (before->state != after.state &&
            !lifecycle::may_transition(before->state, after.state)) {
            broken(fmt::format("machine {} went from {} to {}", after.id,
                               lifecycle::to_string(before->state),
                               lifecycle::to_string(after.state)));
        }
        if (!before->external_id.empty() && before->external_id != after.external_id) {
            broken(fmt::format("machine {} changed its external id from {} to \"{}\"", after.id,
                               before->external_id, after.external_id));
        }
    }
};

class OneActivePerProject final : public Property {
  public:
    OneActivePerProject()
        : Property("one-active-per-project",
                   "A project has at most one active machine, and its traffic goes to that one.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        changed_.insert(after.project);
    }
    void on_commit(const Shadow& shadow) override {
        for (const std::string& project : std::exchange(changed_, {})) {
            std::vector<std::string> active;
            for (const auto& [id, machine] : shadow.machines()) {
                if (machine.project == project && machine.state == MachineState::active) {
                    active.push_back(id);
                }
            }
            const auto row = shadow.projects().find(project);
            const std::string routed =
                row == shadow.projects().end() ? std::string() : row->second.active_machine;
            if (active.size() > 1) {
                broken(fmt::format("project {} has two active machines, {} and {}", project,
                                   active[0], active[1]));
            } else if (routed != (active.empty() ? std::string() : active[0])) {
                broken(fmt::format("the traffic of project {} goes to \"{}\" and not to \"{}\"",
                                   project, routed, active.empty() ? std::string() : active[0]));
            }
        }
    }

  private:
    std::set<std::string> changed_;
};

class AcknowledgedSurvives final : public Property {
  public:
    AcknowledgedSurvives()
        : Property("acknowledged-survives",
                   "What a client was told has happened is still so after any crash.") {}
    void on_acknowledged(const scenarios::Acknowledgement& promise) override {
        bool& retired = promises_[promise.machine];
        retired = retired || promise.retired;
    }
    void on_tampered() override { promises_.clear(); }
    void on_forgotten(const Machine& last) override {
        if (!lifecycle::is_terminal(last.state)) {
            broken(fmt::format("machine {} was forgotten while it was {}", last.id,
                               lifecycle::to_string(last.state)));
        }
        promises_.erase(last.id);
    }
    void on_recovery(const Shadow&, const Shadow& after) override { judge(after); }
    void at_end(const scenarios::Ending& ending) override { judge(ending.shadow); }

  private:
    void judge(const Shadow& shadow) {
        for (const auto& [id, retired] : promises_) {
            const Machine* machine = shadow.machine(id);
            if (machine == nullptr) {
                broken(fmt::format("machine {} was acknowledged and is lost", id));
            } else if (retired && machine->state != MachineState::detached &&
                       machine->state != MachineState::archived) {
                broken(fmt::format("the retirement of machine {} was acknowledged, and it is {}",
                                   id, lifecycle::to_string(machine->state)));
            }
        }
    }
    std::map<std::string, bool> promises_;
};

class NoBare500 final : public Property {
  public:
    NoBare500()
        : Property("no-bare-500",
                   "Every answer that is a server's error says what is wrong and what to do, and "
                   "none is a 500.") {}
    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        const lifecycle::HttpResponse& response = answer.response;
        if (response.status < 500) return;
        const auto body = lifecycle::json_or_null(response.body);
        const bool explained = body.is_object() && body.contains("error") &&
                               body["error"].is_object() && body["error"].contains("code") &&
                               body["error"].contains("message") &&
                               body["error"].contains("action");
        if (response.status == 500 || !explained) {
            broken(fmt::format("{} {} was answered {}: {}", answer.request.method,
                               answer.request.target, response.status, response.body));
        }
    }
};

class PersistedBeforeStarted final : public Property {
  public:
    PersistedBeforeStarted()
        : Property("persisted-before-started",
                   "A machine is started only after its external id is durable.") {}
    void on_provider_start(const fakes::CloudMachine& machine, const Shadow& shadow) override {
        const auto known = shadow.resources().find(machine.name);
        if (known == shadow.resources().end() || known->second.external_id != machine.id) {
            broken(fmt::format("{} was started before its id {} was durable", machine.name,
                               machine.id));
        }
    }
};

class OneDeliveryAtATime final : public Property {
  public:
    OneDeliveryAtATime()
        : Property("one-delivery-at-a-time",
                   "A server does not take an event again while it still handles it, and none "
                   "takes what another holds before that one's lease has run out.") {}
    void on_event(const EventRow* before, const EventRow& after, const Shadow& shadow) override {
        if (after.state != "pending" || after.lease_owner.empty()) {
            held_since_.erase(after.id);
            return;
        }
        const bool taken = before == nullptr || before->lease_epoch != after.lease_epoch;
        const auto held = held_since_.find(after.id);
        const bool from_another = taken && before != nullptr && !before->lease_owner.empty() &&
                                  before->lease_owner != after.lease_owner;
        if (from_another && held != held_since_.end() &&
            shadow.now() - held->second < scenarios::kLease) {
            taken_early_ = fmt::format(
                "event {} was taken from {} by {} {} ms after it had taken "
                "or renewed its lease",
                after.id, before->lease_owner, after.lease_owner,
                (shadow.now() - held->second).count() / 1000);
        }
        const bool renewed = taken || before->available_at < after.available_at;
        if (renewed) held_since_[after.id] = shadow.now();
    }
    void on_tampered() override { held_since_.clear(); }
    // A lease that was not durable yet is nobody's any more.
    void on_recovery(const Shadow&, const Shadow&) override { held_since_.clear(); }
    void on_delivery(const scenarios::DeliveryStep& step, const Shadow&) override {
        std::set<std::int64_t>& in_hand = in_hand_[step.server];
        if (!step.begins()) {
            in_hand.erase(step.event);
        } else if (!in_hand.insert(step.event).second) {
            broken(fmt::format("event {} was delivered while it was being handled", step.event));
        }
    }
    void on_server_down(const std::string& server) override { in_hand_.erase(server); }
    void at_end(const scenarios::Ending& ending) override {
        if (!taken_early_.empty() && times_were_right(ending)) broken(taken_early_);
    }

  private:
    std::map<std::int64_t, sim::VirtualTime> held_since_;  // events: when taken or renewed
    std::string taken_early_;
    std::map<std::string, std::set<std::int64_t>> in_hand_;
};

class StaleWorkersChangeNothing final : public Property {
  public:
    StaleWorkersChangeNothing()
        : Property(
              "stale-workers-change-nothing",
              "Only the newest lease of an event settles it: a worker that wakes up late finds "
              "its word refused.") {}
    // The numbers of events that somebody deleted are given again.
    void on_tampered() override { newest_.clear(); }
    void on_delivery(const scenarios::DeliveryStep& step, const Shadow&) override {
        std::int64_t& newest = newest_[step.event];
        if (step.begins()) {
            newest = std::max(newest, step.epoch);
        } else if (step.what != lifecycle::OutboxStep::lease_lost && step.epoch < newest) {
            broken(fmt::format("{} settled event {} under lease {}, and {} is the newest",
                               step.server, step.event, step.epoch, newest));
        }
    }

  private:
    std::map<std::int64_t, std::int64_t> newest_;
};

class DueTimesKept final : public Property {
  public:
    DueTimesKept()
        : Property("due-times-kept",
                   "Nobody puts an event off that is in nobody's hands: what a settlement said of "
                   "its next round stands, or comes sooner.") {}
    void on_event(const EventRow* before, const EventRow& after, const Shadow&) override {
        // One that has ended may be made due anew.
        if (before == nullptr || before->state != "pending") return;
        if (!before->lease_owner.empty() || !after.lease_owner.empty()) return;
        if (after.available_at <= before->available_at) return;
        broken(fmt::format("event {} ({} of {}) was put off by {} ms", after.id, after.kind,
                           after.machine, (after.available_at - before->available_at) / 1000));
    }
};

class NoBug final : public Property {
  public:
    NoBug() : Property("no-bug", "No exception but a failing store's ever leaves the core.") {}
    void on_bug(std::string_view what) override { broken(std::string(what)); }
};

class ScriptSatisfied final : public Property {
  public:
    ScriptSatisfied()
        : Property(kScriptSatisfied, "Everything that the scenario's script expects is so.") {}
    void on_script_failure(std::string_view what) override {
        broken(fmt::format("this was expected: {}", what));
    }
};

}  // namespace

Properties always_properties() {
    Properties all;
    all.push_back(std::make_unique<SingleReadinessEnqueue>());
    all.push_back(std::make_unique<ReadinessNeedsExternalId>());
    all.push_back(std::make_unique<ReadyLeadsToReadiness>());
    all.push_back(std::make_unique<LegalTransitions>());
    all.push_back(std::make_unique<OneActivePerProject>());
    all.push_back(std::make_unique<AcknowledgedSurvives>());
    all.push_back(std::make_unique<NoBare500>());
    all.push_back(std::make_unique<PersistedBeforeStarted>());
    all.push_back(std::make_unique<OneDeliveryAtATime>());
    all.push_back(std::make_unique<StaleWorkersChangeNothing>());
    all.push_back(std::make_unique<DueTimesKept>());
    all.push_back(nobody_starves());
    all.push_back(nothing_early());
    all.push_back(reads_go_on());
    all.push_back(outage_is_said());
    all.push_back(std::make_unique<NoBug>());
    all.push_back(std::make_unique<ScriptSatisfied>());
    return all;
}

}  // namespace properties
