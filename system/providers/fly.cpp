#include "system/providers/fly.hpp"
#include "system/model/json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

// Where a machine finds its volume.
constexpr const char* kMountPath = "/data";

// Memory comes in units: at least what was asked for.
std::int64_t whole_units(std::int64_t memory_mb) {
    constexpr std::int64_t kUnit = 256;
    return (memory_mb + kUnit - 1) / kUnit * kUnit;
}

std::optional<Resource> resource_of(const json& machine) {
    if (!machine.is_object()) return std::nullopt;
    Resource resource;
    resource.external_id = text_in(machine, "id");
    resource.name = text_in(machine, "name");
    resource.state = parse_fly_state(text_in(machine, "state"));
    resource.region = text_in(machine, "region");
    resource.address = text_in(machine, "private_ip");
    // A machine whose host is not "ok" comes with an incomplete_config in place of its config, made
    // up of what other sources remember.
    const json& whole = object_in(machine, "config");
    const std::string host = text_in(machine, "host_status");
    resource.partial = whole.empty() || (!host.empty() && host != "ok");
    const json& config = whole.empty() ? object_in(machine, "incomplete_config") : whole;
    resource.labels = texts_of(object_in(config, "metadata"));
    const json& guest = object_in(config, "guest");
    resource.cpus = number_in(guest, "cpus");
    resource.memory_mb = number_in(guest, "memory_mb");
    const auto mounts = config.find("mounts");
    if (mounts != config.end() && mounts->is_array() && !mounts->empty()) {
        resource.volume = text_in(mounts->front(), "volume");
    }
    return resource;
}

std::optional<Volume> volume_of(const json& described) {
    if (!described.is_object()) return std::nullopt;
    Volume volume;
    volume.id = text_in(described, "id");
    volume.name = text_in(described, "name");
    volume.region = text_in(described, "region");
    const std::string state = text_in(described, "state");
    // A volume that is still being filled can be mounted already.
    volume.usable = state != "scheduling_destroy" && state != "pending_destroy";
    volume.whole = state == "created" || state == "extending";
    volume.in_reach = text_in(described, "host_status") != "unreachable";
    volume.created_at = text_in(described, "created_at");
    volume.attached_to = text_in(described, "attached_machine_id");
    volume.size_gb = number_in(described, "size_gb");
    return volume;
}

// What a path is about: "/machines/ID/start?..." is the verb "machines start" on ID, and a path
// without an id is about the app.
struct Subject {
    std::string verb;
    std::string id;
};

Subject subject_of(std::string_view path) {
    path = path.substr(1, path.find('?') - 1);
    const auto first = path.find('/');
    if (first == std::string_view::npos) return {std::string(path), {}};
    const std::string_view rest = path.substr(first + 1);
    const auto second = rest.find('/');
    std::string verb(path.substr(0, first));
    if (second != std::string_view::npos) verb.append(" ").append(rest.substr(second + 1));
    return {std::move(verb), std::string(rest.substr(0, second))};
}

}  // namespace

FlyProvider::FlyProvider(HttpClient& http, Clock& clock, Telemetry& telemetry, FlyOptions options)
    : dialect_(http, clock, telemetry, "fly", classify_fly_error),
      pacer_(std::make_shared<Pacer>(clock)),
      options_(std::move(options)) {}

FlyProvider::FlyProvider(const FlyProvider& other, CallClass call_class)
    : dialect_(other.dialect_),
      pacer_(other.pacer_),
      options_(other.options_),
      call_class_(call_class) {}

Provider& FlyProvider::as(CallClass call_class) {
    std::unique_ptr<FlyProvider>& other = others_[call_class];
    if (!other) other.reset(new FlyProvider(*this, call_class));
    return *other;
}

boost::asio::awaitable<ProviderResult<HttpResponse>> FlyProvider::call(std::string method,
                                                                       std::string path,
                                                                       std::string body) {
    HttpRequest request;
    request.method = std::move(method);
    request.authority = options_.authority;
    request.target = fmt::format("/v1/apps/{}{}", options_.app, path);
    request.headers["Authorization"] = "Bearer " + options_.token;
    if (!body.empty()) request.headers["Content-Type"] = "application/json";
    request.body = std::move(body);
    std::string what = fmt::format("{} {}", request.method, path);
    const Subject subject = subject_of(path);
    // Everything else is a call like any other: lists too.
    const bool read = request.method == "GET" && subject.verb == "machines" && !subject.id.empty();
    const auto turn =
        co_await pacer_->turn(call_class_, fmt::format("{} {}", request.method, subject.verb),
                              subject.id, read ? 5 : 1, read ? 10 : 3);
    if (!turn) {
        ProviderError crowded(ProviderErrorClass::throttled, "too many calls wait for their turn");
        crowded.retry_after = turn.error();
        co_return std::unexpected(std::move(crowded));
    }
    auto answer = co_await dialect_.call(std::move(request), options_.timeout, std::move(what));
    co_return answer;
}

boost::asio::awaitable<ProviderResult<Resource>> FlyProvider::create(CreateResource request) {
    json body = {
        {"name", request.name},
        {"skip_launch", true},
        {"config",
         {{"image", request.spec.image},
          {"env", request.environment},
          {"guest",
           {{"cpu_kind", "shared"},
            {"cpus", request.spec.cpus},
            {"memory_mb", whole_units(request.spec.memory_mb)}}},
          {"metadata", request.labels}}},
    };
    if (!request.spec.region.empty()) body["region"] = request.spec.region;
    if (!request.volume.empty()) {
        body["config"]["mounts"] =
            json::array({{{"volume", request.volume}, {"path", kMountPath}}});
    }
    const auto answer = co_await call("POST", "/machines", json_text(body));
    co_return parse(answer, resource_of);
}

boost::asio::awaitable<ProviderResult<Resource>> FlyProvider::get(std::string external_id) {
    const auto answer = co_await call("GET", "/machines/" + url_encode(external_id), "");
    co_return parse(answer, resource_of);
}

boost::asio::awaitable<ListResult<Resource>> FlyProvider::find(Labels labels) {
    std::string query;
    for (const auto& [name, value] : labels) {
        query += fmt::format("{}metadata.{}={}", query.empty() ? '?' : '&', url_encode(name),
                             url_encode(value));
    }
    const auto answer = co_await call("GET", "/machines" + query, "");
    // The filter is not in the provider's own schema: do not rely on it.
    co_return parse_all(answer, resource_of, with_all(labels));
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::start(std::string external_id) {
    const auto answer =
        co_await call("POST", "/machines/" + url_encode(external_id) + "/start", "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::stop(std::string external_id) {
    const auto answer =
        co_await call("POST", "/machines/" + url_encode(external_id) + "/stop", "{}");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::restart(std::string external_id) {
    const auto answer =
        co_await call("POST", "/machines/" + url_encode(external_id) + "/restart", "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::destroy(std::string external_id) {
    const auto answer =
        co_await call("DELETE", "/machines/" + url_encode(external_id) + "?force=true", "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<Volume>> FlyProvider::create_volume(CreateVolume request) {
    json body = {{"name", request.name},
                 {"compute",
                  {{"cpu_kind", "shared"},
                   {"cpus", request.beside.cpus},
                   {"memory_mb", whole_units(request.beside.memory_mb)}}}};
    if (!request.region.empty()) body["region"] = request.region;
    if (request.copy_of.empty()) {
        body["size_gb"] = request.size_gb;
    } else {
        body["source_volume_id"] = request.copy_of;
    }
    const auto answer = co_await call("POST", "/volumes", json_text(body));
    co_return parse(answer, volume_of);
}

boost::asio::awaitable<ProviderResult<Volume>> FlyProvider::get_volume(std::string id) {
    const auto answer = co_await call("GET", "/volumes/" + url_encode(id), "");
    co_return parse(answer, volume_of);
}

boost::asio::awaitable<ListResult<Volume>> FlyProvider::find_volumes(std::string name) {
    const auto answer = co_await call("GET", "/volumes", "");
    const auto named = [&name](const Volume& one) { return name.empty() || one.name == name; };
    co_return parse_all(answer, volume_of, named);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::destroy_volume(std::string id) {
    const auto answer = co_await call("DELETE", "/volumes/" + url_encode(id), "");
    co_return discard(answer);
}

boost::asio::awaitable<ProviderResult<void>> FlyProvider::snapshot_volume(std::string id) {
    const auto answer = co_await call("POST", "/volumes/" + url_encode(id) + "/snapshots", "");
    co_return discard(answer);
}

}  // namespace lifecycle
