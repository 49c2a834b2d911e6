#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "properties/property.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/machine.hpp"
#include "system/rows/delegations.hpp"
#include "system/store/store.hpp"

// What changes leaves a trace: in the machine's history, and in what operators hear.
namespace properties {
namespace {

using lifecycle::DelegationState;
using lifecycle::Machine;
using scenarios::Shadow;

class HistoryIsWhole final : public Property {
  public:
    HistoryIsWhole()
        : Property(
              "history-is-whole",
              "A machine that is made, enters another state or gets another resource has a new "
              "entry in its history from the same moment on.") {}
    void on_row(const lifecycle::RowChange& change, sim::VirtualTime /*at*/) override {
        if (change.table == "machine_history" && !change.deleted) ++entries_;
    }
    void on_machine(const Machine* before, const Machine& after,
                    const Shadow& /*shadow*/) override {
        const bool made = before == nullptr;
        const bool moved = !made && before->state != after.state;
        const bool renamed =
            !made && before->external_id != after.external_id && !after.external_id.empty();
        changes_ += static_cast<int>(made) + static_cast<int>(moved) + static_cast<int>(renamed);
        last_ = after.id;
    }
    void on_commit(const Shadow& /*shadow*/) override {
        const int entries = std::exchange(entries_, 0);
        const int changes = std::exchange(changes_, 0);
        if (entries >= changes) return;
        broken(fmt::format("{} changes of machines, {} among them, and {} entries of history",
                           changes, last_, entries));
    }
    void on_tampered() override { entries_ = changes_ = 0; }

  private:
    int entries_ = 0;  // of this commit
    int changes_ = 0;
    std::string last_;
};

class ChangesAreTold final : public EndProperty {
  public:
    ChangesAreTold()
        : EndProperty(
              "changes-are-told",
              "Operators hear of each machine that is made or changes its state or what its "
              "daemon says, and of each delegation that is queued, delivered or ended.") {}
    void on_machine(const Machine* before, const Machine& after,
                    const Shadow& /*shadow*/) override {
        if (before == nullptr) return owe("machine.created", after.id);
        if (before->state != after.state) owe("machine.state", after.id);
        if (before->daemon_status != after.daemon_status) owe("machine.daemon", after.id);
    }
    void on_delegation(const lifecycle::Delegation& now) override {
        const auto [known, made] = delegations_.emplace(now.id, now.state);
        if (made && now.state == DelegationState::queued) owe("delegation.queued", now.id);
        if (made || known->second == now.state) return;
        known->second = now.state;
        const bool ended =
            now.state == DelegationState::processed || now.state == DelegationState::failed;
        if (ended) owe("delegation.ended", now.id);
        if (now.state == DelegationState::delivered) owe("delegation.delivered", now.id);
    }
    void on_text(std::string_view where, std::string_view text) override {
        if (where.starts_with("machine.") || where.starts_with("delegation.")) {
            ++told_[{std::string(where), std::string(text)}];
        }
    }
    // Whoever dies between a commit and its telling tells nothing.
    void on_server_down(const std::string& /*server*/) override { dies_ = true; }
    void on_tampered() override { dies_ = true; }
    void judge_end(const scenarios::Ending& /*ending*/, const Broken& broken) override {
        if (dies_) return;
        for (const auto& [what, times] : owed_) {
            if (told_[what] >= times) continue;
            broken(fmt::format("{} of {} was told {} times and not {}", what.first, what.second,
                               told_[what], times));
        }
    }

  private:
    using What = std::pair<std::string, std::string>;  // event, and whom it is about
    void owe(const char* event, const std::string& id) { ++owed_[{event, id}]; }

    std::map<What, int> owed_;
    std::map<What, int> told_;
    std::map<std::string, DelegationState> delegations_;
    bool dies_ = false;
};

}  // namespace

Properties history_properties() {
    Properties all;
    all.push_back(std::make_unique<HistoryIsWhole>());
    all.push_back(std::make_unique<ChangesAreTold>());
    return all;
}

}  // namespace properties
