#include "properties/rules/boxes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/cluster/cluster.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/model/secrets.hpp"
#include "system/ports/http.hpp"

namespace properties {
namespace {

using lifecycle::HttpRequest;
using lifecycle::Machine;
using lifecycle::MachineState;
using nlohmann::json;
using scenarios::ServerAnswer;
using scenarios::Shadow;
using sim::VirtualTime;
using std::chrono::minutes;

// A text of a body; empty if there is none.
std::string text_in(const std::string& body, const char* name) {
    const json read = lifecycle::json_or_null(body);
    if (!read.is_object() || !read.contains(name) || !read[name].is_string()) return {};
    return read[name].get<std::string>();
}

std::int64_t in_minutes(sim::Duration duration) {
    return std::chrono::duration_cast<minutes>(duration).count();
}

class NobodyLockedOut final : public Property {
  public:
    NobodyLockedOut()
        : Property("nobody-locked-out",
                   "The box at the address of a machine in service is not refused for long, when "
                   "it registers or when it reports, whoever else is taken for that machine; and "
                   "after the calm that of an active machine proves itself again and again.") {}
    void on_machine(const Machine*, const Machine& after, const Shadow&) override {
        if (in_service(&after)) return;
        registering_.erase(after.id);
        reporting_.erase(after.id);
    }
    void on_credential(const std::string& machine, const Shadow& shadow) override {
        last_seen_.learn(machine, shadow);
    }
    void on_tampered() override {
        registering_.clear();
        reporting_.clear();
    }
    void on_server_answer(const ServerAnswer& answer) override {
        last_seen_.hear(answer);
        const Path path = path_of(answer.request.target);
        const bool registers = path.verb == "register";
        if (path.kind != "machines" || (!registers && path.verb != "status")) return;
        const std::string boot = last_seen_.boot_of(answer.request);
        const std::string its = boot_at_address(answer.shadow, path.id);
        // Who is not at the address may be told to wait for as long as it likes.
        if (!its.empty() && boot != its) return;
        const int status = answer.response.status;
        if (status == 200) {
            registering_.erase(path.id);
            if (!registers) reporting_.erase(path.id);
        }
        if (status != 401 && status != 403 && status != 409) return;
        if (registers) {
            judge(path.id, registering_.emplace(path.id, answer.at).first->second, answer.at);
            return;
        }
        // A boot that registers well, and whose token is refused each time, is refused.
        Refusals& refusals = reporting_.emplace(path.id, Refusals{boot, answer.at}).first->second;
        if (refusals.boot != boot) refusals = {boot, answer.at};
        judge(path.id, refusals.since, answer.at);
    }
    void at_end(const scenarios::Ending& ending) override {
        for (const auto& [id, machine] : ending.shadow.machines()) {
            if (machine.state != MachineState::active) continue;
            const std::string its = boot_at_address(ending.shadow, id);
            const VirtualTime heard = its.empty() ? last_seen_.of(id) : last_seen_.of_boot(its);
            if (ending.at - heard > minutes(10)) {
                broken(fmt::format("the box of active machine {} was last heard {} min ago", id,
                                   in_minutes(ending.at - heard)));
            }
        }
    }

  private:
    struct Refusals {
        std::string boot;
        VirtualTime since{};
    };

    // Empty: it is not known where the machine is, or nobody is there.
    static std::string boot_at_address(const Shadow& shadow, const std::string& id) {
        const Machine* machine = shadow.machine(id);
        if (machine == nullptr || machine->external_id.empty()) return {};
        return shadow.clouds().boot_at(machine->external_id);
    }
    void judge(const std::string& machine, VirtualTime since, VirtualTime now) const {
        // Longer than a token that nobody uses keeps its place, by the worst of clocks.
        if (now - since <= minutes(25)) return;
        broken(fmt::format("the box of {} has been refused for {} min", machine,
                           in_minutes(now - since)));
    }

    LastSeen last_seen_;
    // Since when, without being let in in between; by machine.
    std::map<std::string, VirtualTime> registering_;
    std::map<std::string, Refusals> reporting_;
};

}  // namespace

bool in_service(const Machine* machine) {
    return machine != nullptr && lifecycle::in_service(*machine);
}

Path path_of(const std::string& target) {
    std::vector<std::string> parts;
    for (std::size_t begin = 1; begin < target.size() && parts.size() < 4;) {
        const std::size_t end = std::min(target.find('/', begin), target.size());
        parts.push_back(target.substr(begin, end - begin));
        begin = end + 1;
    }
    parts.resize(4);
    return {parts[1], parts[2], parts[3]};
}

void LastSeen::learn(const std::string& machine, const Shadow& shadow) {
    const auto known = shadow.credentials().find(machine);
    if (known == shadow.credentials().end()) return;
    for (const auto& [boot, credential] : known->second) {
        holders_[credential.token_hash] = {machine, boot};
    }
}

void LastSeen::hear(const ServerAnswer& answer) {
    if (answer.request.method != "POST" || answer.response.status != 200) return;
    const Path path = path_of(answer.request.target);
    if (path.kind == "machines" && path.verb == "register") {
        const std::string boot = boot_of(answer.request);
        machines_[path.id] = answer.at;
        boots_[boot] = answer.at;
        // Whatever the rows say of it.
        const std::string token = text_in(answer.response.body, "token");
        if (!token.empty()) holders_[lifecycle::hash_of(token)] = {path.id, boot};
        return;
    }
    const Holder* holder = holder_in(answer.request);
    if (holder == nullptr) return;
    machines_[holder->machine] = answer.at;
    boots_[holder->boot] = answer.at;
}

VirtualTime LastSeen::of(const std::string& machine) const {
    const auto found = machines_.find(machine);
    return found == machines_.end() ? VirtualTime{} : found->second;
}

VirtualTime LastSeen::of_boot(const std::string& boot) const {
    const auto found = boots_.find(boot);
    return found == boots_.end() ? VirtualTime{} : found->second;
}

std::string LastSeen::boot_of(const HttpRequest& request) const {
    if (path_of(request.target).verb == "register") return text_in(request.body, "boot");
    const Holder* holder = holder_in(request);
    return holder == nullptr ? std::string() : holder->boot;
}

const LastSeen::Holder* LastSeen::holder_in(const HttpRequest& request) const {
    constexpr std::string_view kBearer = "Bearer ";
    const auto shown = request.headers.find("Authorization");
    if (shown == request.headers.end() || !shown->second.starts_with(kBearer)) return nullptr;
    const auto holder = holders_.find(lifecycle::hash_of(shown->second.substr(kBearer.size())));
    return holder == holders_.end() ? nullptr : &holder->second;
}

std::unique_ptr<Property> nobody_locked_out() {
    return std::make_unique<NobodyLockedOut>();
}

}  // namespace properties
