#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/provider.hpp"
#include "system/server/listen.hpp"

namespace CLI {
class App;
}

namespace lifecycle::server {

// A provider that the server can be told of on its command line: its options, and what is made of
// them. Each is a file of its own, with a place in `provider_setups`. Errors are one line that says
// what is wrong and what to do.
class ProviderSetup {
  public:
    virtual ~ProviderSetup() = default;

    // By which requests, rows and metrics know it.
    virtual std::string_view name() const = 0;
    // The option that sets it up.
    virtual std::string_view option() const = 0;
    virtual void add_options(CLI::App& app) = 0;
    // Once the words are read: whether it is to be used. `clients_are_known`: nobody can call the
    // API without a token.
    virtual std::expected<bool, std::string> read(bool clients_are_known) = 0;
    // At which host its boxes reach us, if we listen for them there: on all addresses, or on one
    // of the loopback.
    virtual std::expected<std::string, std::string> host_for_boxes(const Listen& boxes) const = 0;

    struct Parts {
        HttpClient& http;
        Clock& clock;
        Telemetry& telemetry;
        boost::asio::any_io_executor executor;
    };
    virtual std::unique_ptr<Provider> connect(Parts parts) const = 0;
};

std::unique_ptr<ProviderSetup> fly_setup();
std::unique_ptr<ProviderSetup> daytona_setup();
std::unique_ptr<ProviderSetup> docker_setup();

// All of them; the first that is set up is the one of machines that ask for none.
std::vector<std::unique_ptr<ProviderSetup>> provider_setups();

}  // namespace lifecycle::server
