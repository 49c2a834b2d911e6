#include <fmt/format.h>

#include "fakes/fly/cloud.hpp"
#include "fakes/fly/dialect.hpp"
#include "fakes/json.hpp"
#include "fakes/timestamp.hpp"
#include "system/ports/http.hpp"

// The leases of Fly's Machines API: while somebody holds one, nobody else changes the machine.
namespace fakes {

using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::seconds;

namespace {

constexpr const char* kNonce = "fly-machine-lease-nonce";

std::string nonce_of(const HttpRequest& request) {
    const auto found = request.headers.find(kNonce);
    return found == request.headers.end() ? std::string() : found->second;
}

json to_json_lease(const FlyMachine& machine) {
    const auto until = machine.leased_until.time_since_epoch();
    return {{"status", "success"},
            {"data",
             {{"nonce", machine.lease},
              {"expires_at", std::chrono::duration_cast<seconds>(until).count()},
              {"owner", "somebody@example.com"},
              {"description", ""},
              {"version", machine.instance_id}}}};
}

HttpResponse held(const FlyMachine& machine) {
    return refuse(409, fmt::format("machine ID {} lease currently held by somebody@example.com, "
                                   "expires at {}",
                                   machine.id, timestamp(machine.leased_until)));
}

}  // namespace

HttpResponse FlyCloud::lease(const HttpRequest& request, const std::string& id) {
    FlyMachine* machine = visible(id);
    if (machine == nullptr) return machine_not_found();
    const bool leased = clock_.now() < machine->leased_until;
    const bool theirs = leased && machine->lease != nonce_of(request);
    if (request.method == "GET") {
        return leased ? reply(200, to_json_lease(*machine)) : refuse(404, "lease not found");
    }
    if (theirs) return held(*machine);
    if (request.method == "DELETE") {
        machine->leased_until = clock_.now();
        return reply(200, json{{"ok", true}});
    }
    const json body = json_or_null(request.body);
    const std::int64_t ttl = body.is_object() ? body.value("ttl", 13) : 13;
    machine->lease = fmt::format("{:012x}", ++leases_ * 0x9e3779b1ULL);
    machine->leased_until = clock_.now() + seconds(ttl);
    return reply(201, to_json_lease(*machine));
}

std::optional<HttpResponse> FlyCloud::refuse_for_lease(const HttpRequest& request,
                                                       const std::string& id) const {
    const auto found = machines_.find(id);
    if (found == machines_.end() || clock_.now() >= found->second.leased_until ||
        found->second.lease == nonce_of(request)) {
        return std::nullopt;
    }
    return held(found->second);
}

}  // namespace fakes
