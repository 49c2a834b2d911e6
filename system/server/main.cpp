#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "system/providers/fly.hpp"
#include "system/server/adapters.hpp"
#include "system/server/http_client.hpp"
#include "system/server/http_server.hpp"
#include "system/server/options.hpp"
#include "system/system.hpp"

namespace lifecycle::server {
namespace {

constexpr int kBadInput = 2;
constexpr int kCannotGoOn = 3;

// The core says that it cannot go on: end at once, so that whoever supervises us starts afresh from
// what is durable.
[[noreturn]] void die(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& what) {
        fmt::print(stderr, "lifecycled: cannot go on: {}\n", what.what());
    }
    std::fflush(stderr);
    std::_Exit(kCannotGoOn);
}

int serve(ServerOptions options) {
    boost::asio::io_context context(1);
    RealClock clock(context);
    RealEntropy entropy;
    LogTelemetry telemetry(clock);
    BeastHttpClient http;
    const Ports ports{context.get_executor(), clock, http, entropy, telemetry};
    auto store = Store::open({options.database, "", nullptr, &telemetry}, ports.executor);
    if (!store) {
        fmt::print(stderr, "lifecycled: {}; {}\n", store.error().message, store.error().action);
        return kBadInput;
    }
    FlyProvider provider(http, telemetry, options.fly);
    // Machines are told where to report, so the port has to be known before the first is made.
    System* running = nullptr;
    HttpServer listener(context, options.host, options.port,
                        [&running](HttpRequest request, HttpServer::Respond respond) {
                            running->serve(std::move(request), std::move(respond));
                        });
    if (options.system.lifecycle.control_authority.empty()) {
        options.system.lifecycle.control_authority =
            fmt::format("{}:{}", options.host, listener.port());
    }
    System system(std::move(*store), ports, provider, options.system, die);
    running = &system;
    system.start();
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        telemetry.record("server.stopping", {});
        listener.stop();
        system.stop([&context] { context.stop(); });
    });
    telemetry.record("server.listening", {{"host", options.host}, {"port", listener.port()}});
    context.run();
    telemetry.record("server.stopped", {});
    return 0;
}

}  // namespace
}  // namespace lifecycle::server

int main(int count, char** words) {
    using namespace lifecycle::server;
    auto options = parse_options(count, words);
    if (!options) {
        const bool help = options.error().help;
        fmt::print(help ? stdout : stderr, "{}{}{}",
                   help ? "" : "lifecycled: ", options.error().text, help ? "" : "\n");
        return help ? 0 : kBadInput;
    }
    try {
        return serve(std::move(*options));
    } catch (const boost::system::system_error& error) {
        fmt::print(stderr, "lifecycled: cannot listen: {}\n", error.what());
        return kBadInput;
    } catch (const lifecycle::StoreFailure& failure) {
        fmt::print(stderr, "lifecycled: the database cannot be used: {}\n", failure.what());
        return kBadInput;
    }
}
