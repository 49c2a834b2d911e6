#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/act.hpp"
#include "fakes/cloud.hpp"
#include "fakes/pace.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/provider.hpp"

namespace scenarios {

inline constexpr const char* kFlyAuthority = "_api.internal:4280";
inline constexpr const char* kDaytonaAuthority = "api.daytona.internal:80";
inline constexpr const char* kDockerAuthority = "docker.internal:2375";

// What a client of a provider is made of.
struct ClientParts {
    lifecycle::HttpClient& http;
    lifecycle::Clock& clock;
    lifecycle::Telemetry& telemetry;
    boost::asio::any_io_executor executor;
};

// A provider of the simulated world: all that the rest of it has to know, in one place.
struct Site {
    std::string name;       // of the provider, and of its process and links
    std::string authority;  // at which it is served
    std::unique_ptr<fakes::Cloud> (*cloud)(lifecycle::Clock&, sim::Tape&, fakes::BoxHost&);
    std::unique_ptr<lifecycle::Provider> (*client)(ClientParts);
    fakes::Act (*act)(const lifecycle::HttpRequest&);  // what a request to it does
    fakes::RequestedMachine (*requested)(const lifecycle::HttpRequest&);  // by one that creates
    std::unique_ptr<fakes::Pace> (*pace)();  // how often it may be asked: see fakes::unpaced
    bool has_volumes;
    bool sizes_machines;    // false: its image says how large a machine is
    bool starts_by_itself;  // whether a machine does that is made
    bool wants_token;       // from whoever asks it anything
};

// All of them, in the order in which their processes are made.
const std::vector<Site>& sites();

// The one of that name, which has to be there.
const Site& site_of(std::string_view provider);

// The one that is served there; null if none is.
const Site* site_at(std::string_view authority);

}  // namespace scenarios
