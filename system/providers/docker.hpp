#pragma once

#include <string>
#include <string_view>

#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

struct DockerOptions {
    std::string authority = "unix:/var/run/docker.sock";  // or host:port
    std::string network;  // of the containers: "bridge", "host", ...; empty: the engine's default
    Duration timeout = std::chrono::seconds(30);  // of one call
};

// Which class a failed answer of the Engine API belongs to: by its text first, then by its status.
// https://docs.docker.com/engine/api/v1.41/
ProviderError classify_docker_error(int status, std::string_view body);

ResourceState parse_docker_state(std::string_view status);

// What a command in a container came to.
struct ExecResult {
    std::int64_t exit_code = 0;
    std::string output;  // of both streams, in the order in which it came
};

// The text of a stream of frames (8 bytes of header, then the payload); what is left of a frame
// that was cut off is kept as it is.
std::string decode_docker_frames(std::string_view stream);

// The client of the Docker Engine API, version 1.41: each machine is a container of its name.
class DockerProvider final : public Provider {
  public:
    DockerProvider(HttpClient& http, Telemetry& telemetry, DockerOptions options);

    boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) override;
    boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<std::vector<Resource>>> find(Labels labels) override;
    boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> restart(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> wait_started(std::string external_id,
                                                              Duration timeout) override;
    // Asks each time: a container gets another address whenever it starts.
    boost::asio::awaitable<ProviderResult<Endpoint>> reach(std::string external_id,
                                                           std::string address,
                                                           std::uint16_t port) override;

    // Runs a command in a started container, to its end.
    boost::asio::awaitable<ProviderResult<ExecResult>> exec(std::string external_id,
                                                            std::vector<std::string> command);

  private:
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(std::string method, std::string path,
                                                              std::string body);

    Dialect dialect_;
    DockerOptions options_;
};

}  // namespace lifecycle
