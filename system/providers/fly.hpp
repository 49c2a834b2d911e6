#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/pacer.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

struct FlyOptions {
    std::string authority = "_api.internal:4280";  // the API as seen from Fly's private network
    std::string app;
    std::string token;
    Duration timeout = std::chrono::seconds(30);  // of one call
};

// Which class a failed answer of the Machines API belongs to: by its "status" word first, then by
// its text, then by its HTTP status. https://fly.io/docs/machines/api/
ProviderError classify_fly_error(int status, std::string_view body);

ResourceState parse_fly_state(std::string_view state);

// The client of Fly's Machines API. Keeps to its limits: one call a second and a burst of three for
// each action on each machine and on the app, five and ten for the read of one machine.
class FlyProvider final : public Provider {
  public:
    FlyProvider(HttpClient& http, Clock& clock, Telemetry& telemetry, FlyOptions options);

    // All share one pacer.
    Provider& as(CallClass call_class) override;

    const Availability& availability() const override { return dialect_.availability(); }

    boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) override;
    boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) override;
    boost::asio::awaitable<ListResult<Resource>> find(Labels labels) override;
    boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> restart(std::string external_id) override;

    bool has_volumes() const override { return true; }
    boost::asio::awaitable<ProviderResult<Volume>> create_volume(CreateVolume request) override;
    boost::asio::awaitable<ProviderResult<Volume>> get_volume(std::string id) override;
    boost::asio::awaitable<ListResult<Volume>> find_volumes(std::string name) override;
    boost::asio::awaitable<ProviderResult<void>> destroy_volume(std::string id) override;
    boost::asio::awaitable<ProviderResult<void>> snapshot_volume(std::string id) override;

  private:
    // One call under /v1/apps/{app}.
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(std::string method, std::string path,
                                                              std::string body);

    FlyProvider(const FlyProvider& other, CallClass call_class);

    Dialect dialect_;
    std::shared_ptr<Pacer> pacer_;
    FlyOptions options_;
    CallClass call_class_ = CallClass::provisioning;
    std::map<CallClass, std::unique_ptr<FlyProvider>> others_;
};

}  // namespace lifecycle
