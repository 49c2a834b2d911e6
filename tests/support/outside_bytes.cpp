#include "tests/support/outside_bytes.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "scenarios/cluster/sites.hpp"
#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/model/delegation.hpp"
#include "system/model/json.hpp"
#include "system/model/machine.hpp"
#include "system/model/provider_resource.hpp"
#include "system/model/secrets.hpp"
#include "system/model/volume.hpp"
#include "system/outbox/outbox_step.hpp"
#include "system/providers/daytona.hpp"
#include "system/providers/docker.hpp"
#include "system/providers/fly.hpp"
#include "system/providers/redact.hpp"
#include "system/providers/url.hpp"
#include "system/routing/route_table.hpp"

namespace tests {
namespace {

using namespace lifecycle;
using nlohmann::json;

void expect(bool held, std::string_view what) {
    if (!held) throw std::logic_error(std::string(what));
}

// Answers every request with the same bytes.
class SameAnswer final : public HttpClient {
  public:
    explicit SameAnswer(std::string_view body) { response_.body = body; }
    boost::asio::awaitable<std::expected<HttpResponse, HttpError>> send(
        HttpRequest request, Duration /*timeout*/) override {
        for (const auto& [name, value] : request.headers) {
            expect(is_header_text(value), "a header has control characters");
        }
        HttpResponse response = response_;
        // Behind this, a Docker Engine is asked for more.
        if (request.target == "/version") response.body = R"({"ApiVersion":"1.52"})";
        co_return response;
    }

  private:
    HttpResponse response_;
};

class NoTime final : public Clock {
  public:
    Time wall() const override { return {}; }
    SteadyTime steady() const override { return {}; }
    std::string origin() const override { return {}; }
    TimerId schedule(Time, std::move_only_function<void()>) override { return TimerId{0}; }
    void expedite(TimerId) override {}
};

class Deaf final : public Telemetry {
  public:
    using Telemetry::record;
    void record(std::string_view, std::span<const Fact>) override {}
};

// Runs a coroutine that has nothing to wait for.
template <class T>
T result_of(boost::asio::awaitable<T> work) {
    boost::asio::io_context context(1);
    std::optional<T> result;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr failure, T made) {
        if (failure) std::rethrow_exception(failure);
        result = std::move(made);
    });
    context.run();
    return std::move(result).value();
}

// What the core does with any provider's answers.
void feed_provider(Provider& provider) {
    if (const auto one = result_of(provider.get("id")); one) {
        expect(!one->external_id.empty(), "a resource has no id");
    }
    static_cast<void>(result_of(provider.find({{"owner", "us"}})));
    static_cast<void>(result_of(provider.find_volumes("")));
    const auto way = result_of(provider.reach("id", "127.0.0.1", 80));
    if (way) expect(is_header_text(way->authority), "an authority has control characters");
}

void feed_providers(std::string_view bytes) {
    SameAnswer http(bytes);
    NoTime clock;
    Deaf telemetry;
    boost::asio::io_context nobody(1);
    for (const scenarios::Site& site : scenarios::sites()) {
        const auto provider = site.client({http, clock, telemetry, nobody.get_executor()});
        feed_provider(*provider);
    }
}

void feed_fly(std::string_view bytes) {
    static_cast<void>(parse_fly_state(bytes));
    for (const int status : {400, 404, 409, 422, 500}) {
        const ProviderError error = classify_fly_error(status, bytes);
        expect(error.conflicting_id.find(' ') == std::string::npos, "an id with a space");
    }
}

void feed_daytona(std::string_view bytes) {
    static_cast<void>(parse_daytona_state(bytes, bytes));
    for (const int status : {400, 404, 409, 429, 500}) {
        static_cast<void>(classify_daytona_error(status, bytes));
    }
}

void feed_docker(std::string_view bytes) {
    SameAnswer http(bytes);
    NoTime clock;
    Deaf telemetry;
    boost::asio::io_context nobody(1);
    DockerProvider docker(http, clock, telemetry, nobody.get_executor(), {});
    for (const int status : {400, 404, 409, 500}) {
        const ProviderError error = classify_docker_error(status, bytes);
        expect(error.conflicting_id.find_first_not_of("0123456789abcdef") == std::string::npos,
               "an id that is not hexadecimal");
    }
    static_cast<void>(result_of(docker.network("bridge")));
    static_cast<void>(parse_docker_network(bytes));
    static_cast<void>(parse_docker_state(bytes));
    expect(decode_docker_frames(bytes).size() <= bytes.size(), "frames gain bytes");
    static_cast<void>(pull_result(bytes));
    expect(!parse_image(bytes).tag.empty(), "an image without a tag");
    if (const auto version = parse_docker_version(bytes); version) {
        expect(version->first >= 1 && version->second >= 0, "a version below 1");
    }
}

void feed_routes(std::string_view bytes) {
    SameAnswer http(bytes);
    RouteTableOptions options;
    options.authority = "consul:8500";
    RouteTable table(http, std::move(options));
    const auto route = result_of(table.get("alpha"));
    if (route) expect(route->version != 0, "a record that is there has a version");
}

void feed_json(std::string_view bytes) {
    constexpr JsonLimits kLimits{4096, 16};
    const auto parsed = parse_json(bytes, kLimits);
    if (!parsed) return;
    expect(bytes.size() <= kLimits.max_bytes, "too long");
    // What came in goes out, and is the same when it comes in again.
    const std::string text = parsed->dump();
    const auto again = parse_json(text);
    expect(again && *again == *parsed, "it reads back as something else");
}

void feed_request(std::string_view bytes) {
    HttpRequest request;
    request.body = bytes;
    request.headers["Authorization"] = bytes.substr(0, 300);
    request.headers["Idempotency-Key"] = bytes.substr(0, 300);
    const Providers none;
    if (const auto made = parse_create(request, "alpha", none, "fly"); made) {
        expect(!made->spec.image.empty() && made->spec.cpus >= 1, "a machine without an image");
    }
    static_cast<void>(parse_object(bytes));
    static_cast<void>(parse_key(request));
    static_cast<void>(parse_token(request));
    static_cast<void>(parse_status(request));
    static_cast<void>(parse_registration(request, "alpha-1"));
    static_cast<void>(parse_recreate(request));
    static_cast<void>(parse_conclusion(request));
    static_cast<void>(parse_nothing(request));
    static_cast<void>(parse_binding(request));
    static_cast<void>(parse_reconcile(request));
    if (const auto work = parse_delegation(request, "alpha"); work) {
        Delegation delegation;
        delegation.payload = work->payload;
        const NoTime clock;
        static_cast<void>(to_response(200, to_json(delegation, clock)));
    }
}

// Whether what is read as a name is that name.
template <class Named>
void feed_name(std::string_view bytes, const std::optional<Named>& read) {
    expect(!read || to_string(*read) == bytes, "a name is read as another");
}

void feed_names(std::string_view bytes) {
    feed_name(bytes, parse_daemon_status(bytes));
    feed_name(bytes, parse_delegation_state(bytes));
    feed_name(bytes, parse_machine_state(bytes));
    const auto step = parse_outbox_step(bytes);
    expect(!step || to_text(*step) == bytes, "a step is read as another");
    feed_name(bytes, parse_resource_record_state(bytes));
    feed_name(bytes, parse_volume_state(bytes));
}

void feed_text(std::string_view bytes) {
    if (const auto page = parse_page(bytes); page) {
        expect(page->limit >= 1 && page->limit <= kMaxPageLimit, "a page without bound");
    }
    if (const auto decoded = decode_base64(bytes); decoded) {
        expect(decoded->size() <= bytes.size() / 4 * 3, "Base64 gains bytes");
    }
    const std::string told = without_secrets(bytes);
    expect(told.size() <= kMaxToldBytes + 40, "more is told than may be");
    for (const std::string_view secret : {kBootstrapMark, kTokenMark}) {
        expect(!told.contains(secret), "a secret is told");
    }
    const Duration after = parse_retry_after(bytes);
    expect(after >= Duration(0) && after <= std::chrono::hours(1), "a wait out of bounds");
    for (const char c : url_encode(bytes)) expect(c > ' ' && c < 0x7f, "a URL with odd bytes");
}

// Answers that take several lines to write.
constexpr const char* kMachine =
    R"({"id":"1857156b526dd8","name":"a-1","state":"started","private_ip":"fdaa::3",)"
    R"("config":{"metadata":{"owner":"us"},"guest":{"cpus":1,"memory_mb":256},)"
    R"("mounts":[{"volume":"vol_1","path":"/data"}]}})";
constexpr const char* kContainer =
    R"({"Id":"00ff","Name":"/a-1","State":{"Status":"running"},"Config":{"Labels":{}},)"
    R"("HostConfig":{"Memory":268435456},"NetworkSettings":{"IPAddress":"172.17.0.2"}})";
constexpr const char* kPullThatFails = R"({"status":"Pulling"})"
                                       "\r\n"
                                       R"({"errorDetail":{"message":"manifest unknown"}})";

}  // namespace

const std::vector<OutsideParser>& outside_parsers() {
    static const std::vector<OutsideParser> all = {
        {"json", {R"({"a":[1,2.5e3,"\u00e9\"]",null,{"b":false}]})", "[[[[[[[["}, feed_json},
        {"request",
         {R"({"image":"registry.fly.io/app:1","cpus":2,"memory_mb":512,"volume_gb":3})",
          R"({"agent":"coder","payload":{"a":[1]},"timeout_s":60})",
          R"({"boot":"boot-0001","token":"t","status":"ready"})",
          R"({"repository":"a/b","branch":"main"})", R"({"apply":true})"},
         feed_request},
        {"providers",
         {kMachine, kContainer,
          R"({"id":"a","name":"a-1","state":"started","labels":{"owner":"us"},"memory":2})",
          R"({"items":[{"id":"a","labels":{"owner":"us"}},{"name":"b"}],"nextCursor":"c"})",
          R"([{"id":"vol_1","name":"v","state":"created","size_gb":1,"region":"ams"}])",
          R"([{"Id":"00ff","Names":["/a-1"],"State":"running","Labels":{"owner":"us"}}])",
          R"({"url":"https://8080-a.proxy.daytona.work","token":"t"})"},
         feed_providers},
        {"fly",
         {R"({"error":"unique machine name violation, machine ID 18 already exists with name "})"},
         feed_fly},
        {"daytona",
         {R"({"statusCode":409,"message":"Sandbox with name a already exists"})"},
         feed_daytona},
        {"docker",
         {R"({"message":"The container name \"/a\" is already in use by container \"00ff\"."})",
          kPullThatFails, "1.44", "registry.io:5000/a/b@sha256:00ff",
          std::string("\x01\0\0\0\0\0\0\x05hello", 13)},
         feed_docker},
        {"routes",
         {R"([{"ModifyIndex":7,"Value":"eyJtYWNoaW5lIjoiYWxwaGEtMSIsImdlbmVyYXRpb24iOjF9"}])",
          R"([{"ModifyIndex":7,"Value":"===="}])"},
         feed_routes},
        {"names", {"active", "ready", "queued", "outbox.claimed", "present"}, feed_names},
        {"text",
         {"/v1/projects/alpha/proxy/x?a=b", "aGVsbG8=", "====", "120",
          R"({"env":{"VIVARIUM_BOOTSTRAP":"vvb_00"},"token":"vvt_00"})"},
         feed_text},
    };
    return all;
}

}  // namespace tests
