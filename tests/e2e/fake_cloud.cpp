#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "fakes/box.hpp"
#include "fakes/docker/engine.hpp"
#include "fakes/fly/cloud.hpp"
#include "sim/world/tape.hpp"
#include "system/server/adapters.hpp"
#include "system/server/http_client.hpp"
#include "system/server/http_server.hpp"

// The fake Fly, the fake Docker Engine and their boxes on loopback sockets and the real clock.
//   fake_cloud DAEMON_PORT [LATENCY_MS]
// Prints "control PORT", "ready PORT" and "docker PORT" when the test's own routes, the Machines
// API and the Engine API are served. An answer of the Machines API leaves LATENCY_MS after its
// effect. Machines are at 127.77.x.y, containers at 127.78.1.n, on a bridge whose gateway is
// 127.78.0.1.
namespace {

namespace server = lifecycle::server;
using nlohmann::json;

// What only a strange box answers.
//   /page          a page that would take the place of whoever passes it on
//   /status/CODE   that status, whether or not there is one
std::optional<lifecycle::HttpResponse> odd_answer(const std::string& target) {
    constexpr std::string_view kStatus = "/status/";
    if (target.starts_with(kStatus)) {
        return lifecycle::HttpResponse{std::stoi(target.substr(kStatus.size())), {}, ""};
    }
    if (target != "/page") return std::nullopt;
    return lifecycle::HttpResponse{200,
                                   {{"Content-Type", "text/html"},
                                    {"Content-Security-Policy", "default-src 'self'"},
                                    {"Set-Cookie", "a=b"},
                                    {"Service-Worker-Allowed", "/"},
                                    {"Access-Control-Allow-Origin", "*"},
                                    {"Access-Control-Allow-Credentials", "true"},
                                    {"Strict-Transport-Security", "max-age=1000000"}},
                                   "<script></script>"};
}

class SocketBoxes final : public fakes::BoxHost {
  public:
    SocketBoxes(boost::asio::io_context& context, lifecycle::Clock& clock,
                lifecycle::HttpClient& http, sim::Tape& tape)
        : context_(context), clock_(clock), http_(http), tape_(tape) {}

    void power_on(const fakes::BoxSpec& machine) override {
        // A box that was switched off is kept: its last callbacks may still be under way.
        auto& running = boxes_[machine.id].emplace_back(std::make_unique<Running>());
        const auto told = [&](const char* name) {
            const auto found = machine.environment.find(name);
            return found == machine.environment.end() ? std::string() : found->second;
        };
        running->box = std::make_unique<fakes::Box>(
            fakes::BoxPorts{context_.get_executor(), clock_, http_, tape_},
            fakes::BoxIdentity{
                told("VIVARIUM_MACHINE"), told("VIVARIUM_CONTROL"), told("VIVARIUM_BOOTSTRAP"),
                fmt::format("boot-{:.20}-{}", machine.id, boxes_[machine.id].size())},
            disks_[machine.id], kOrderly, [](const std::string&) {});
        running->box->boot([this, box = running.get(),
                            at = server::split_authority(machine.authority)] {
            if (box->off) return;
            box->listener = std::make_unique<server::HttpServer>(
                context_, at.host, static_cast<std::uint16_t>(std::stoi(at.port)),
                [box](const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
                    const auto odd = odd_answer(request.target);
                    respond(odd ? *odd : box->box->handle(request));
                });
        });
    }

    void power_off(const std::string& id) override {
        for (auto& running : boxes_[id]) {
            running->off = true;
            running->listener.reset();
        }
    }

  private:
    static constexpr fakes::BoxOptions kOrderly;
    struct Running {
        std::unique_ptr<fakes::Box> box;
        std::unique_ptr<server::HttpServer> listener;
        bool off = false;
    };
    boost::asio::io_context& context_;
    lifecycle::Clock& clock_;
    lifecycle::HttpClient& http_;
    sim::Tape& tape_;
    std::map<std::string, fakes::BoxDisk> disks_;
    std::map<std::string, std::vector<std::unique_ptr<Running>>> boxes_;
};

// The Machines API at its address, which tests can close and open again, and what they ask of it.
class MachinesApi {
  public:
    MachinesApi(boost::asio::io_context& context, lifecycle::Clock& clock, fakes::FlyCloud& fly,
                lifecycle::Duration latency)
        : context_(context), clock_(clock), fly_(fly), latency_(latency) {
        open();
    }

    std::uint16_t port() const { return port_; }

    //   GET /state           what there is, and how many calls have no answer yet
    //   POST /close, /open   from now on nobody listens at the API's address, or somebody does
    void control(const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
        lifecycle::HttpResponse response;
        if (request.target == "/close") {
            listener_.reset();
        } else if (request.target == "/open") {
            open();
        } else {
            response.body = state().dump();
        }
        respond(std::move(response));
    }

  private:
    void open() {
        listener_.reset();
        listener_ = std::make_unique<server::HttpServer>(
            context_, "127.0.0.1", port_,
            [this](const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
                answer(request, std::move(respond));
            });
        port_ = listener_->port();
    }

    void answer(const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
        ++calls_;
        ++unanswered_;
        fly_.handle(request, [this, respond = std::move(respond)](
                                 lifecycle::HttpResponse response) mutable {
            clock_.schedule(clock_.now() + latency_, [this, respond = std::move(respond),
                                                      response = std::move(response)]() mutable {
                --unanswered_;
                respond(std::move(response));
            });
        });
    }

    json state() const {
        json machines = json::array();
        for (const fakes::CloudMachine& machine : fly_.inventory()) {
            if (machine.leaving) continue;
            machines.push_back({{"id", machine.id},
                                {"name", machine.name},
                                {"running", machine.running},
                                {"volume", machine.volume}});
        }
        json volumes = json::array();
        for (const auto& [id, volume] : fly_.volumes()) {
            if (volume.state == "pending_destroy") continue;
            volumes.push_back({{"id", id}, {"name", volume.name}});
        }
        return {{"calls", calls_},
                {"unanswered", unanswered_},
                {"machines", std::move(machines)},
                {"volumes", std::move(volumes)}};
    }

    boost::asio::io_context& context_;
    lifecycle::Clock& clock_;
    fakes::FlyCloud& fly_;
    lifecycle::Duration latency_;
    std::unique_ptr<server::HttpServer> listener_;
    std::uint16_t port_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t unanswered_ = 0;
};

}  // namespace

int main(int count, char** words) {
    const auto daemon_port = static_cast<std::uint16_t>(count > 1 ? std::atoi(words[1]) : 8080);
    const std::chrono::milliseconds latency(count > 2 ? std::atoi(words[2]) : 0);
    boost::asio::io_context context(1);
    server::RealClock clock(context);
    server::BeastHttpClient http;
    sim::Tape tape(std::make_unique<sim::CalmSource>());
    SocketBoxes boxes(context, clock, http, tape);
    fakes::FlyCloudOptions options;
    options.daemon_port = daemon_port;
    options.address = [](std::uint64_t number) {
        return fmt::format("127.77.{}.{}", number / 256, number % 256);
    };
    fakes::FlyCloud fly(clock, tape, boxes, options);
    MachinesApi api(context, clock, fly, latency);
    server::HttpServer control(
        context, "127.0.0.1", 0,
        [&api](const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
            api.control(request, std::move(respond));
        });
    fakes::DockerEngineOptions engine;
    engine.daemon_port = daemon_port;
    engine.subnet = "127.78.0.0/16";
    engine.gateway = "127.78.0.1";
    engine.address = [](std::uint64_t number) { return fmt::format("127.78.1.{}", number); };
    fakes::DockerEngine docker(clock, tape, boxes, engine);
    server::HttpServer docker_listener(
        context, "127.0.0.1", 0,
        [&docker](const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
            docker.handle(request, std::move(respond));
        });
    fmt::print("control {}\nready {}\ndocker {}\n", control.port(), api.port(),
               docker_listener.port());
    std::fflush(stdout);
    context.run();
    return 0;
}
