#include "scenarios/cluster/sites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "fakes/daytona/cloud.hpp"
#include "fakes/daytona/pace.hpp"
#include "fakes/docker/engine.hpp"
#include "fakes/fly/cloud.hpp"
#include "fakes/fly/pace.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "sim/world/tape.hpp"
#include "system/providers/daytona.hpp"
#include "system/providers/docker.hpp"
#include "system/providers/fly.hpp"

namespace scenarios {
namespace {

constexpr const char* kFlyToken = "fly-token";
constexpr const char* kDaytonaToken = "daytona-token";

std::unique_ptr<fakes::Cloud> fly(lifecycle::Clock& clock, sim::Tape& tape, fakes::BoxHost& boxes) {
    fakes::FlyCloudOptions options;
    options.token = kFlyToken;
    options.daemon_port = kDaemonPort;
    options.address = [](std::uint64_t number) { return fmt::format("fdaa:0:1::{:x}", number); };
    return std::make_unique<fakes::FlyCloud>(clock, tape, boxes, std::move(options));
}

std::unique_ptr<lifecycle::Provider> fly_client(ClientParts parts) {
    lifecycle::FlyOptions options;
    options.authority = kFlyAuthority;
    options.app = "vivarium";
    options.token = kFlyToken;
    return std::make_unique<lifecycle::FlyProvider>(parts.http, parts.clock, parts.telemetry,
                                                    std::move(options));
}

std::unique_ptr<fakes::Cloud> daytona(lifecycle::Clock& clock, sim::Tape& tape,
                                      fakes::BoxHost& boxes) {
    fakes::DaytonaCloudOptions options;
    options.token = kDaytonaToken;
    return std::make_unique<fakes::DaytonaCloud>(clock, tape, boxes, std::move(options));
}

std::unique_ptr<lifecycle::Provider> daytona_client(ClientParts parts) {
    lifecycle::DaytonaOptions options;
    options.authority = kDaytonaAuthority;
    options.tls = false;
    options.token = kDaytonaToken;
    return std::make_unique<lifecycle::DaytonaProvider>(parts.http, parts.clock, parts.telemetry,
                                                        std::move(options));
}

std::unique_ptr<fakes::Cloud> docker(lifecycle::Clock& clock, sim::Tape& tape,
                                     fakes::BoxHost& boxes) {
    fakes::DockerEngineOptions options;
    options.daemon_port = kDaemonPort;
    return std::make_unique<fakes::DockerEngine>(clock, tape, boxes, std::move(options));
}

std::unique_ptr<lifecycle::Provider> docker_client(ClientParts parts) {
    lifecycle::DockerOptions options;
    options.authority = kDockerAuthority;
    options.pulls = true;
    return std::make_unique<lifecycle::DockerProvider>(
        parts.http, parts.clock, parts.telemetry, std::move(parts.executor), std::move(options));
}

}  // namespace

const std::vector<Site>& sites() {
    static const std::vector<Site> all = {
        {.name = "fly",
         .authority = kFlyAuthority,
         .cloud = fly,
         .client = fly_client,
         .act = fakes::FlyCloud::act_of,
         .requested = fakes::FlyCloud::requested_by,
         .pace = fakes::fly_pace,
         .has_volumes = true,
         .sizes_machines = true,
         .starts_by_itself = false,
         .wants_token = true},
        {.name = "daytona",
         .authority = kDaytonaAuthority,
         .cloud = daytona,
         .client = daytona_client,
         .act = fakes::DaytonaCloud::act_of,
         .requested = fakes::DaytonaCloud::requested_by,
         .pace = fakes::daytona_pace,
         .has_volumes = false,
         .sizes_machines = false,
         .starts_by_itself = true,
         .wants_token = true},
        {.name = "docker",
         .authority = kDockerAuthority,
         .cloud = docker,
         .client = docker_client,
         .act = fakes::DockerEngine::act_of,
         .requested = fakes::DockerEngine::requested_by,
         .pace = fakes::unpaced,
         .has_volumes = false,
         .sizes_machines = true,
         .starts_by_itself = false,
         .wants_token = false},
    };
    return all;
}

const Site& site_of(std::string_view provider) {
    const auto found = std::ranges::find(sites(), provider, &Site::name);
    if (found == sites().end()) {
        throw std::logic_error(fmt::format("there is no provider {}", provider));
    }
    return *found;
}

const Site* site_at(std::string_view authority) {
    const auto found = std::ranges::find(sites(), authority, &Site::authority);
    return found == sites().end() ? nullptr : &*found;
}

}  // namespace scenarios
