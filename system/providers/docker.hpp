#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "system/concurrency/task_group.hpp"
#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/docker_network.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

struct DockerOptions {
    std::string authority = "unix:/var/run/docker.sock";  // or host:port
    std::string network;  // of the containers: "bridge", "host", ...; empty: the engine's default
    bool pulls = false;   // images that the engine does not have; false: they are refused
    Duration timeout = std::chrono::seconds(30);       // of one call
    Duration pull_timeout = std::chrono::minutes(30);  // of the pull of one image
};

// Which class a failed answer of the Engine API belongs to: by its text first, then by its status.
// https://docs.docker.com/reference/api/engine/ and docs/providers.md
ProviderError classify_docker_error(int status, std::string_view body);

// In what an engine says of a request in a version of its API that it does not speak.
inline constexpr std::string_view kVersionRefused = "client version";

// A version of the Engine API: "1.41" is {1, 41}.
using DockerVersion = std::pair<int, int>;
std::optional<DockerVersion> parse_docker_version(std::string_view text);
// The newest version that an engine which speaks `oldest` to `newest` and this client have in
// common; nothing if they have none.
std::optional<DockerVersion> common_docker_version(DockerVersion oldest, DockerVersion newest);

// What a pull asks a registry for: "host/name:tag" or "host/name@digest" in two.
struct ImageReference {
    std::string name;
    std::string tag;  // or digest; "latest" if the reference has neither, never empty: all of them
};
ImageReference parse_image(std::string_view image);

// How a pull ended, by its answer, which tells progress and errors alike with status 200.
ProviderResult<void> pull_result(std::string_view progress);
// What it means that a pull failed in these words.
ProviderError pull_error(std::string_view said);

ResourceState parse_docker_state(std::string_view status);

// What a command in a container came to.
struct ExecResult {
    std::int64_t exit_code = 0;
    std::string output;  // of both streams, in the order in which it came
};

// The text of a stream of frames (8 bytes of header, then the payload); what is left of a frame
// that was cut off is kept as it is.
std::string decode_docker_frames(std::string_view stream);

// The client of the Docker Engine API, in the newest version that the engine and it know: each
// machine is a container of its name.
class DockerProvider final : public Provider {
  public:
    // Pulls of images run on the executor, whose pending work ends before this does.
    DockerProvider(HttpClient& http, Clock& clock, Telemetry& telemetry,
                   boost::asio::any_io_executor executor, DockerOptions options);

    const Availability& availability() const override { return dialect_.availability(); }

    boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) override;
    boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) override;
    boost::asio::awaitable<ListResult<Resource>> find(Labels labels) override;
    boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> restart(std::string external_id) override;
    boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) override;
    // Asks each time: a container gets another address whenever it starts.
    boost::asio::awaitable<ProviderResult<Endpoint>> reach(std::string external_id,
                                                           std::string address,
                                                           std::uint16_t port) override;

    // One of the engine's networks, by its name.
    boost::asio::awaitable<ProviderResult<DockerNetwork>> network(std::string name);

    // Runs a command in a started container, to its end.
    boost::asio::awaitable<ProviderResult<ExecResult>> exec(std::string external_id,
                                                            std::vector<std::string> command);

  private:
    // A pull that is under way, or has failed and nobody was told yet.
    struct Pull {
        std::optional<ProviderError> failure;
    };
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(std::string method, std::string path,
                                                              std::string body);
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(std::string method, std::string path,
                                                              std::string body, Duration timeout);
    // The version to speak, as a path begins with it. Asks once in an engine's life.
    boost::asio::awaitable<ProviderResult<std::string>> version();
    // Sees to it that the image is pulled, and says how far that is.
    ProviderError pull_of(std::string image);
    boost::asio::awaitable<void> pull(std::string image);
    boost::asio::awaitable<void> fetch(std::string image);

    Telemetry& telemetry_;
    Dialect dialect_;
    DockerOptions options_;
    std::string version_;  // "/v1.41"; empty: to be asked for
    std::map<std::string, Pull> pulls_;
    TaskGroup tasks_;
};

}  // namespace lifecycle
