#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "sim/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"

namespace fakes {

// What a box needs of the machine that it runs on.
struct BoxPorts {
    boost::asio::any_io_executor executor;
    lifecycle::Clock& clock;
    lifecycle::HttpClient& http;
    sim::Tape& tape;
};

// What a box was told when its machine was created.
struct BoxIdentity {
    std::string machine;
    std::string control_authority;
};

// The inside of a machine: it boots for a while, then its daemon listens, reports itself ready to
// the control plane until that is acknowledged, and answers the probe and its agents' calls.
class Box {
  public:
    Box(BoxPorts ports, BoxIdentity identity);

    // Starts booting; calls `listen` when the daemon is ready to be called.
    void boot(std::function<void()> listen);

    lifecycle::HttpResponse handle(const lifecycle::HttpRequest& request);

  private:
    boost::asio::awaitable<int> report(std::string status);
    void report_until_heard();

    BoxPorts ports_;
    BoxIdentity identity_;
    sim::LaneId boot_lane_;
    sim::LaneId slow_lane_;
    sim::LaneId unwell_lane_;
    std::uint64_t unwell_probes_ = 0;
    int reports_ = 0;
};

}  // namespace fakes
