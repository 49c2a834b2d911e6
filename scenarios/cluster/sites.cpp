#include "scenarios/cluster/sites.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fakes/daytona/cloud.hpp"
#include "fakes/docker/engine.hpp"
#include "fakes/fly/cloud.hpp"
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
        {"fly", kFlyAuthority, fly, fly_client, fakes::FlyCloud::act_of},
        {"daytona", kDaytonaAuthority, daytona, daytona_client, fakes::DaytonaCloud::act_of},
        {"docker", kDockerAuthority, docker, docker_client, fakes::DockerEngine::act_of},
    };
    return all;
}

const Site* site_at(std::string_view authority) {
    const auto found = std::ranges::find(sites(), authority, &Site::authority);
    return found == sites().end() ? nullptr : &*found;
}

}  // namespace scenarios
