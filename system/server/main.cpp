#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "system/api/json.hpp"
#include "system/model/json.hpp"
#include "system/providers/url.hpp"
#include "system/server/adapters.hpp"
#include "system/server/control_address.hpp"
#include "system/server/guard.hpp"
#include "system/server/http_client.hpp"
#include "system/server/http_server.hpp"
#include "system/server/identity_key.hpp"
#include "system/server/log.hpp"
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
        LineWriter(STDERR_FILENO).write(fmt::format("lifecycled: cannot go on: {}", what.what()));
    }
    std::_Exit(kCannotGoOn);
}

int serve(ServerOptions options) {
    std::string& control = options.system.lifecycle.control_authority;
    std::string host_for_them;
    if (control.empty()) {
        auto found = host_for_boxes(options.boxes, options.providers);
        if (!found) {
            fmt::print(stderr, "lifecycled: {}\n", found.error());
            return kBadInput;
        }
        host_for_them = *std::move(found);
    }
    boost::asio::io_context context(1);
    RealClock clock(context);
    RealEntropy entropy;
    LogTelemetry telemetry(clock);
    Counters counters(telemetry);
    BeastHttpClient http(&counters);
    const Ports ports{context.get_executor(), clock, http, entropy, counters};
    auto store = Store::open({options.database, "", nullptr, &counters, &clock}, ports.executor);
    if (!store) {
        fmt::print(stderr, "lifecycled: {}; {}\n", store.error().message, store.error().action);
        return kBadInput;
    }
    auto key = take_identity_key(**store, options.identity_key_file, options.replace_identity_key);
    if (!key) {
        fmt::print(stderr, "lifecycled: --identity-key-file: {}\n", key.error());
        return kBadInput;
    }
    options.system.identity_key = std::move(*key);
    std::vector<std::unique_ptr<Provider>> connected;
    Providers providers;
    for (const auto& setup : options.providers) {
        connected.push_back(setup->connect({http, clock, counters, ports.executor}));
        providers.add(std::string(setup->name()), *connected.back());
    }
    // Machines are told where to report, so the port has to be known before the first is made.
    System* running = nullptr;
    const Guard guard(options.clients.loopback, options.host_names);
    HttpServer clients(
        context, options.clients.host, options.clients.port,
        [&](HttpRequest request, HttpServer::Respond respond) {
            if (const auto refusal = guard.refuses(request)) {
                respond(to_response(*refusal));
            } else {
                running->serve(Door::clients, std::move(request), std::move(respond));
            }
        },
        [&running](const HttpRequest& head) {
            return running->max_body_bytes(Door::clients, head);
        });
    HttpServer boxes(context, options.boxes.host, options.boxes.port,
                     [&running](HttpRequest request, HttpServer::Respond respond) {
                         running->serve(Door::boxes, std::move(request), std::move(respond));
                     });
    if (control.empty()) control = authority_of(host_for_them, boxes.port());
    System system(std::move(*store), ports, counters, std::move(providers), options.system, die);
    running = &system;
    system.start();
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        telemetry.record("server.stopping", {});
        clients.stop();
        boxes.stop();
        system.stop([&context] { context.stop(); });
    });
    telemetry.record("server.listening", {{"host", options.clients.host},
                                          {"port", clients.port()},
                                          {"box_host", options.boxes.host},
                                          {"box_port", boxes.port()},
                                          {"control", control}});
    context.run();
    telemetry.record("server.stopped", {});
    return 0;
}

// A line for each difference, and one for them all. Throws what JSON throws if it is no report.
std::string lines_of(const nlohmann::json& report, const ServerOptions& options) {
    std::string lines;
    for (const auto& finding : report.at("findings")) {
        lines += fmt::format("{:<11} {:<24} {:<24} {}; {}\n", finding.value("kind", ""),
                             finding.value("machine", ""), finding.value("resource", ""),
                             finding.value("what", ""),
                             finding.value("done", false) ? "done: " + finding.value("action", "")
                                                          : finding.value("action", ""));
    }
    for (const auto& unknown : report.at("unknown")) {
        lines += fmt::format("unknown     {}\n", unknown.get<std::string>());
    }
    if (const auto halted = report.value("halted", std::string()); !halted.empty()) {
        lines += fmt::format("halted      {}\n", halted);
    }
    return lines + fmt::format("{} differences, {}\n", report.at("findings").size(),
                               options.apply ? "repaired where that is certain"
                               : options.destroy.empty()
                                   ? "nothing was changed"
                                   : "nothing was changed but what was named");
}

// Asks the server that runs for a comparison, and prints a line for each difference.
int reconcile(const ServerOptions& options) {
    boost::asio::io_context context(1);
    BeastHttpClient http;
    HttpRequest request;
    request.method = "POST";
    request.authority = *options.reconcile_at;
    request.target = "/v1/reconcile";
    if (!options.admin_token.empty()) {
        request.headers["Authorization"] = "Bearer " + options.admin_token;
    }
    request.body =
        json_text(nlohmann::json{{"apply", options.apply}, {"destroy", options.destroy}});
    std::optional<HttpResponse> answer;
    boost::asio::co_spawn(context, http.send(std::move(request), std::chrono::minutes(10)),
                          [&](std::exception_ptr failure, auto result) {
                              if (failure) std::rethrow_exception(failure);
                              if (result) answer = std::move(*result);
                          });
    context.run();
    const auto report = answer ? json_or_null(answer->body) : nlohmann::json();
    if (answer && answer->status == 401) {
        fmt::print(stderr, "lifecycled: {} wants its admin's token: give --admin-token-file\n",
                   *options.reconcile_at);
        return kBadInput;
    }
    const auto no_report = [&options] {
        fmt::print(stderr, "lifecycled: no report from {}; is a server running there?\n",
                   *options.reconcile_at);
        return kBadInput;
    };
    if (!answer || answer->status != 200) return no_report();
    std::string lines;
    try {
        lines = lines_of(report, options);
    } catch (const nlohmann::json::exception&) {
        return no_report();
    }
    fmt::print("{}", lines);
    return 0;
}

}  // namespace
}  // namespace lifecycle::server

int main(int count, char** words) {
    using namespace lifecycle::server;
    secure_standard_streams();
    auto options = parse_options(count, words);
    if (!options) {
        const bool help = options.error().help;
        fmt::print(help ? stdout : stderr, "{}{}{}",
                   help ? "" : "lifecycled: ", options.error().text, help ? "" : "\n");
        return help ? 0 : kBadInput;
    }
    try {
        return options->reconcile_at ? reconcile(*options) : serve(std::move(*options));
    } catch (const boost::system::system_error& error) {
        fmt::print(stderr, "lifecycled: cannot listen: {}\n", error.what());
        return kBadInput;
    } catch (const lifecycle::StoreFailure& failure) {
        fmt::print(stderr, "lifecycled: the database cannot be used: {}\n", failure.what());
        return kBadInput;
    } catch (const std::logic_error& bug) {
        // Such as an upgrade that breaks a rule of the schema.
        fmt::print(stderr, "lifecycled: cannot go on: {}\n", bug.what());
        return kCannotGoOn;
    }
}
