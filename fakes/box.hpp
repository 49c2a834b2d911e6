#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <set>
#include <string>

#include "sim/world/tape.hpp"
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

// What a box was told when its machine was created, and what it calls this boot of its.
struct BoxIdentity {
    std::string machine;
    std::string control_authority;
    std::string secret;
    std::string boot;
};

// What a box keeps when it is switched off.
struct BoxDisk {
    std::string token;
};

// How a box behaves; may change while it runs.
struct BoxOptions {
    bool mute = false;                  // its daemon answers, but does not call home
    lifecycle::Duration mute_after{0};  // the same from then on; zero: never
    bool hung = false;                  // its agents take work and never finish it
    lifecycle::Duration warms_up{0};    // how long it is ready, as it says, and not well
    bool terminal_401 = false;      // gives up for good when it is refused, as runtimes once did
    bool loses_disk = false;        // at its next boots
    lifecycle::Duration chatty{0};  // how often it reports; zero: as often as it is told to
};

// The inside of a machine: it boots for a while, then its daemon listens, registers, reports itself
// ready to the control plane again and again, and answers the probe, its agents' calls and what is
// delegated to them.
class Box {
  public:
    // Disk and options must outlive the box. `on_processed` hears of each delegation that an agent
    // has really worked off.
    Box(BoxPorts ports, BoxIdentity identity, BoxDisk& disk, const BoxOptions& options,
        std::function<void(const std::string&)> on_processed);

    // Starts booting; calls `listen` when the daemon is ready to be called.
    void boot(std::function<void()> listen);

    lifecycle::HttpResponse handle(const lifecycle::HttpRequest& request);

  private:
    // One call home; how long to wait before the next, nothing if there shall be none.
    boost::asio::awaitable<lifecycle::Duration> call_home();
    boost::asio::awaitable<lifecycle::Duration> introduce();
    boost::asio::awaitable<lifecycle::Duration> report();
    boost::asio::awaitable<lifecycle::HttpResponse> send(std::string path, std::string bearer,
                                                         std::string body);
    boost::asio::awaitable<bool> conclude(std::string delegation);
    void keep_calling();
    void keep_concluding(const std::string& delegation);
    lifecycle::Duration heard(const lifecycle::HttpResponse& answer);
    lifecycle::Duration back_off();
    lifecycle::Duration stop();
    lifecycle::HttpResponse take(const lifecycle::HttpRequest& request);

    BoxPorts ports_;
    BoxIdentity identity_;
    BoxDisk& disk_;
    const BoxOptions& options_;
    std::function<void(const std::string&)> on_processed_;
    sim::LaneId boot_lane_;
    sim::LaneId slow_lane_;
    sim::LaneId unwell_lane_;
    sim::LaneId mute_lane_;
    sim::LaneId disk_lane_;
    sim::LaneId work_lane_;
    std::uint64_t unwell_probes_ = 0;
    lifecycle::Time listening_since_{};
    lifecycle::Time mute_from_{};
    lifecycle::Time mute_until_{};
    std::string token_;  // of this boot
    int refusals_ = 0;
    bool stopped_ = false;  // told that it has been replaced
    std::set<std::string> taken_;
};

}  // namespace fakes
