#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "system/ports/clock.hpp"
#include "system/providers/provider.hpp"

// What the core takes for granted of every provider, described once. It runs against any Provider:
// a fake in a simulated world or on a socket, or the real thing.
namespace tests {

struct Subject {
    lifecycle::Provider& provider;
    lifecycle::Clock& clock;
    std::string image;
    std::string missing_image;  // that no creation succeeds with; empty: not known
    std::string prefix;         // of the names that it makes
    bool starts_by_itself = false;
    bool has_address = true;  // a started machine can be reached
};

// Each promise that was not kept, in words; none if all were. Leaves nothing behind.
boost::asio::awaitable<std::vector<std::string>> broken_promises(Subject subject);

}  // namespace tests
