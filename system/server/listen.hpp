#pragma once

#include <cstdint>
#include <string>

namespace lifecycle::server {

// An address and a port of this host.
struct Listen {
    std::string host;
    std::uint16_t port = 0;
    bool loopback = true;
};

}  // namespace lifecycle::server
