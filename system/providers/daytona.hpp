#pragma once

#include <string>
#include <string_view>

#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

struct DaytonaOptions {
    std::string authority = "app.daytona.io:443";
    bool tls = true;
    std::string token;
    std::string organization;  // empty: the key's own
    // The answers to a creation and to a start are held until the sandbox runs, at most 30 seconds.
    Duration start_timeout = std::chrono::seconds(60);
    Duration timeout = std::chrono::seconds(30);  // of any other call
};

// Which class a failed answer of the API belongs to: by its text first, then by its status.
// https://www.daytona.io/docs/en/tools/api/ and docs/providers.md
ProviderError classify_daytona_error(int status, std::string_view body);

// The API has 22 states; the desired one says where those in between are going.
ResourceState parse_daytona_state(std::string_view state, std::string_view desired);

// The client of Daytona's API: each machine is a sandbox of its name, made from the snapshot that
// its image names, which says how large it is. It starts as soon as it is created. Its daemon is
// reached through a preview address, with a token that every restart of the sandbox changes.
class DaytonaProvider final : public Provider {
  public:
    DaytonaProvider(HttpClient& http, Clock& clock, Telemetry& telemetry, DaytonaOptions options);

    const Availability& availability() const override { return dialect_.availability(); }

    boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) override;
    // By id or by name.
    boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) override;
    boost::asio::awaitable<ListResult<Resource>> find(Labels labels) override;
    boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) override;
    // Stops it; whoever looks next finds it stopped, and starts it.
    boost::asio::awaitable<ProviderResult<void>> restart(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<Endpoint>> reach(std::string external_id,
                                                           std::string address,
                                                           std::uint16_t port) override;
    bool sizes_machines() const override { return false; }

  private:
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(std::string method, std::string path,
                                                              std::string body, Duration timeout);

    Dialect dialect_;
    DaytonaOptions options_;
};

}  // namespace lifecycle
