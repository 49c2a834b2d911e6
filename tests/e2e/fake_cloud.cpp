#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "fakes/box.hpp"
#include "fakes/docker_engine.hpp"
#include "fakes/fly_cloud.hpp"
#include "sim/tape.hpp"
#include "system/server/adapters.hpp"
#include "system/server/http_client.hpp"
#include "system/server/http_server.hpp"

// The fake Fly, the fake Docker Engine and their boxes on loopback sockets and the real clock.
//   fake_cloud DAEMON_PORT
// Prints "ready PORT" when the Machines API is served, and "docker PORT" for the Engine API.
// Machine n is at 127.77.0.n, container n at 127.78.1.n, on a bridge whose gateway is 127.78.0.1.
namespace {

namespace server = lifecycle::server;

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
                    respond(box->box->handle(request));
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

}  // namespace

int main(int count, char** words) {
    const auto daemon_port = static_cast<std::uint16_t>(count > 1 ? std::atoi(words[1]) : 8080);
    boost::asio::io_context context(1);
    server::RealClock clock(context);
    server::BeastHttpClient http;
    sim::Tape tape(std::make_unique<sim::CalmSource>());
    SocketBoxes boxes(context, clock, http, tape);
    fakes::FlyCloudOptions options;
    options.daemon_port = daemon_port;
    options.address = [](std::uint64_t number) { return fmt::format("127.77.0.{}", number); };
    fakes::FlyCloud fly(clock, tape, boxes, options);
    server::HttpServer listener(
        context, "127.0.0.1", 0,
        [&fly](const lifecycle::HttpRequest& request, server::HttpServer::Respond respond) {
            fly.handle(request, std::move(respond));
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
    fmt::print("ready {}\n", listener.port());
    fmt::print("docker {}\n", docker_listener.port());
    std::fflush(stdout);
    context.run();
    return 0;
}
