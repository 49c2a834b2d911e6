#pragma once

#include <string>
#include <string_view>

#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

struct FlyOptions {
    std::string authority = "_api.internal:4280";  // the API as seen from Fly's private network
    std::string app;
    std::string token;
    Duration timeout = std::chrono::seconds(30);  // of one call, waits excepted
};

// Which class a failed answer of the Machines API belongs to: by its "status" word first, then by
// its text, then by its HTTP status. https://fly.io/docs/machines/api/
ProviderError classify_fly_error(int status, std::string_view body);

ResourceState parse_fly_state(std::string_view state);

// The client of Fly's Machines API.
class FlyProvider final : public Provider {
  public:
    FlyProvider(HttpClient& http, Telemetry& telemetry, FlyOptions options);

    boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) override;
    boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<std::vector<Resource>>> find(Labels labels) override;
    boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> wait_started(std::string external_id,
                                                              Duration timeout) override;

  private:
    // One call under /v1/apps/{app}/machines; any 2xx is a value.
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(std::string method, std::string path,
                                                              std::string body, Duration timeout);

    HttpClient& http_;
    Telemetry& telemetry_;
    FlyOptions options_;
};

}  // namespace lifecycle
