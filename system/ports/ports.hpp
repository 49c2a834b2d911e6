#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "system/ports/clock.hpp"
#include "system/ports/entropy.hpp"
#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"

namespace lifecycle {

// All that the core asks of the outside world. Whoever builds the core keeps these alive longer.
struct Ports {
    boost::asio::any_io_executor executor;
    Clock& clock;
    HttpClient& http;
    Entropy& entropy;
    Telemetry& telemetry;
};

}  // namespace lifecycle
