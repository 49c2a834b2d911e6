#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/ports/time.hpp"

namespace lifecycle {

enum class MachineState : std::uint8_t {
    starting,  // asked for; being provisioned, booted and probed
    active,    // serves its project; one per project
    detached,  // replaced or retired; its resource is to be destroyed
    archived,  // retired, and the provider confirmed that its resource is gone
    failed,    // never became active, and says why
};
std::string_view to_string(MachineState state);
std::optional<MachineState> parse_machine_state(std::string_view text);

// The one table of legal transitions. Nothing else decides.
bool may_transition(MachineState from, MachineState to);

// No transition leads out of it.
bool is_terminal(MachineState state);

// What the machine's daemon last said of itself.
enum class DaemonStatus : std::uint8_t { silent, booting, ready };
std::string_view to_string(DaemonStatus status);
std::optional<DaemonStatus> parse_daemon_status(std::string_view text);

// What a client asks for.
struct MachineSpec {
    std::string image;
    std::string region;
    std::int64_t cpus = 1;
    std::int64_t memory_mb = 256;
    std::int64_t volume_gb = 0;  // of the project's volume, which it mounts; 0: it mounts none
    // How long machines of its kind may take until they are active; 0: as long as most.
    std::int64_t active_within_s = 0;
};

struct Machine {
    std::string id;  // "<project>-<generation>": unique, speaking, and the provider's name too
    std::string project;
    std::int64_t generation = 0;
    std::string provider;
    std::string installation;  // that its resource says at the provider that it belongs to
    MachineState state = MachineState::starting;
    std::string external_id;  // empty until the provider's answer is durable
    std::string address;      // host of the daemon, without port; empty until known
    MachineSpec spec;
    std::string volume;  // our name of the volume that it mounts; empty: none
    DaemonStatus daemon_status = DaemonStatus::silent;
    std::string provisioning_error;
    Time created_at{};
    Time updated_at{};
};

// Whether it is its project's machine, or is to become that.
bool in_service(const Machine& machine);

// Projects are named by clients: 1 to 40 of [a-z0-9-], beginning with a letter.
bool is_valid_project_id(std::string_view id);

std::string machine_id(std::string_view project, std::int64_t generation);

}  // namespace lifecycle
