#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "system/providers/docker.hpp"
#include "system/server/adapters.hpp"
#include "system/server/http_client.hpp"
#include "system/server/log.hpp"
#include "tests/contract/provider_contract.hpp"

// The promises of a provider, kept by a real Docker Engine or not.
//   real_docker unix:PATH IMAGE NETWORK
namespace {

using lifecycle::DockerProvider;

boost::asio::awaitable<int> run(DockerProvider* engine, tests::Subject subject) {
    DockerProvider& provider = *engine;
    int broken = 0;
    const auto promises = co_await tests::broken_promises(std::move(subject));
    for (const std::string& promise : promises) {
        fmt::print("BROKEN {}\n", promise);
        ++broken;
    }
    // And what only this client can do: a command in a container.
    lifecycle::CreateResource wanted;
    wanted.name = "vivarium-contract-exec";
    wanted.spec.image = "vivarium-contract:1";
    const auto made = co_await provider.create(std::move(wanted));
    bool started = false;
    if (made) {
        const auto asked = co_await provider.start(made->external_id);
        started = asked.has_value();
    }
    if (started) {
        std::vector<std::string> command = {"sh", "-c", "echo out; echo err >&2; exit 3"};
        const auto ran = co_await provider.exec(made->external_id, std::move(command));
        const bool right = ran && ran->exit_code == 3 && ran->output.size() == 8;
        fmt::print("{} exec: {}\n", right ? "kept" : "BROKEN",
                   ran ? ran->output : describe(ran.error()));
        broken += right ? 0 : 1;
        const auto destroyed = co_await provider.destroy(made->external_id);
        broken += destroyed ? 0 : 1;
    } else {
        fmt::print("BROKEN a container for exec\n");
        ++broken;
    }
    co_return broken;
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) {
        fmt::print(stderr, "usage: real_docker unix:PATH IMAGE NETWORK\n");
        return 2;
    }
    boost::asio::io_context context(1);
    lifecycle::server::RealClock clock(context);
    lifecycle::server::BeastHttpClient http;
    lifecycle::server::LogTelemetry telemetry(clock);
    lifecycle::DockerOptions options;
    options.authority = words[1];
    options.network = words[3];
    DockerProvider provider(http, clock, telemetry, context.get_executor(), options);
    int broken = 1;
    tests::Subject subject{provider,
                           clock,
                           words[2],
                           "no-such-image-here",
                           "vivarium-contract",
                           false,
                           options.network != "none"};
    boost::asio::co_spawn(context, run(&provider, std::move(subject)),
                          [&](std::exception_ptr failure, int result) {
                              if (failure) std::rethrow_exception(failure);
                              broken = result;
                              context.stop();
                          });
    context.run();
    fmt::print("{}\n", broken == 0 ? "every promise was kept" : "promises were broken");
    return broken == 0 ? 0 : 1;
}
