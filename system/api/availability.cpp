#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "system/api/api.hpp"
#include "system/api/json.hpp"

// What cannot go on because a provider is out of reach says so.
namespace lifecycle {
namespace {

using nlohmann::json;

// In milliseconds since the Unix epoch, by the wall clock; 0: never.
std::int64_t shown_ms(std::optional<SteadyTime> reading, const Clock& clock) {
    if (!reading) return 0;
    return lifecycle::shown_ms(clock.now() - (clock.steady() - *reading), clock);
}

json to_json(const Availability& availability, const Clock& clock) {
    const auto since = availability.out_of_reach_since();
    return {{"in_reach", !since},
            {"since_ms", shown_ms(since, clock)},
            {"why", since ? availability.last_failure() : std::string()},
            {"answered_at_ms", shown_ms(availability.answered_at(), clock)}};
}

// What a machine waits for, in words; empty: nothing that is known of.
std::string waits_for(const Machine& machine, const Providers& providers, SteadyTime now) {
    const bool on_its_way =
        machine.state == MachineState::starting || machine.state == MachineState::detached;
    const Provider* provider = providers.find(machine.provider);
    if (!on_its_way || provider == nullptr) return {};
    const Availability& availability = provider->availability();
    const auto since = availability.out_of_reach_since();
    if (!since) return {};
    return fmt::format("provider {}, which has been out of reach for {} s: {}", machine.provider,
                       std::chrono::duration_cast<std::chrono::seconds>(now - *since).count(),
                       availability.last_failure());
}

}  // namespace

json Api::shown(const Machine& machine) const {
    json shown = lifecycle::to_json(machine, ports_.clock);
    shown["waits_for"] = waits_for(machine, providers_, ports_.clock.steady());
    return shown;
}

// This process is well even if no provider is: whoever balances load has to keep it.
Api::Answer Api::health(std::string, HttpRequest) {
    json providers = json::object();
    for (const auto& [name, provider] : providers_.all()) {
        providers[name] = to_json(provider->availability(), ports_.clock);
    }
    co_return to_response(200, json{{"status", "ok"}, {"providers", std::move(providers)}});
}

// What boxes are told of us.
Api::Answer Api::alive(std::string, HttpRequest) {
    co_return to_response(200, json{{"status", "ok"}});
}

}  // namespace lifecycle
