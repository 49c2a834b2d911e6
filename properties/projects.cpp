#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "properties/property.hpp"

// What holds of a project as a whole: what it says is wrong with it.
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
    const std::string_view target = answer.target;
    const bool proof = target.ends_with("/register") || target.ends_with("/status");
    if (answer.method != "POST" || answer.response.status != 200 || !proof ||
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
    // By the second proof that a box gives, what there was before the first is over.
    void on_server_answer(const ServerAnswer& answer) override {
        const std::string machine = proved_by(answer);
        if (machine.empty()) return;
        for (const auto& [id, error] : open_) {
            if (error.subject != ErrorSubject::registration || error.about != machine) continue;
            if (++proofs_[id] == 2) {
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
    std::map<std::int64_t, int> proofs_;  // by error
};

}  // namespace

Properties project_properties() {
    Properties all;
    all.push_back(std::make_unique<ErrorsLastUntilHealed>());
    return all;
}

}  // namespace properties
