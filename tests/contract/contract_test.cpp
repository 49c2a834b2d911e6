#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "fakes/daytona/cloud.hpp"
#include "fakes/docker/engine.hpp"
#include "scenarios/cluster/sites.hpp"
#include "system/providers/daytona.hpp"
#include "system/providers/docker.hpp"
#include "system/server/adapters.hpp"
#include "system/server/http_client.hpp"
#include "system/server/http_server.hpp"
#include "system/server/log.hpp"
#include "tests/contract/provider_contract.hpp"
#include "tests/support/sim_fixture.hpp"

// The core's clients against the fake clouds, over the simulated network and over real sockets.
namespace tests {
namespace {

struct SilentHost final : fakes::BoxHost {
    void power_on(const fakes::BoxSpec&) override {}
    void power_off(const std::string&) override {}
};

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

lifecycle::DaytonaOptions daytona_client(const std::string& authority) {
    lifecycle::DaytonaOptions options;
    options.authority = authority;
    options.tls = false;
    options.token = "daytona-token";
    return options;
}
lifecycle::DockerOptions docker_client(const std::string& authority) {
    lifecycle::DockerOptions options;
    options.authority = authority;
    return options;
}
fakes::DockerEngineOptions docker_engine() {
    fakes::DockerEngineOptions options;
    options.missing_image = "no-such-image";
    return options;
}

class SimulatedContract : public testing::Test {
  protected:
    SimulatedContract()
        : cloud_process(at.world.add_process("cloud", "cloud")), clock(cloud_process) {
        cloud_process.boot();
    }
    void serve(fakes::Cloud& cloud, const std::string& authority = "cloud:1") {
        fakes::listen(cloud_process, authority,
                      [&cloud](const lifecycle::HttpRequest& request, fakes::Respond respond) {
                          cloud.handle(request, std::move(respond));
                      });
    }
    std::string broken(Subject subject) {
        return joined(at.complete(broken_promises(std::move(subject))));
    }

    SimFixture at;
    sim::Process& cloud_process;
    fakes::SimClock clock;
    SilentHost host;
};

TEST_F(SimulatedContract, EverySiteKeepsItsPromises) {
    // Their timers outlive what is asked of them.
    std::vector<std::unique_ptr<fakes::Cloud>> clouds;
    for (const scenarios::Site& site : scenarios::sites()) {
        clouds.push_back(site.cloud(clock, at.tape, host));
        serve(*clouds.back(), site.authority);
        const auto provider = site.client({at.http, at.clock, at.telemetry, at.process.executor()});
        EXPECT_EQ(broken({*provider, at.clock, "image", "", site.name, site.starts_by_itself}), "")
            << site.name;
    }
}

TEST_F(SimulatedContract, DaytonaRefusesAMissingSnapshot) {
    fakes::DaytonaCloudOptions options;
    options.missing_snapshot = "no-such-image";
    fakes::DaytonaCloud cloud(clock, at.tape, host, options);
    serve(cloud);
    lifecycle::DaytonaProvider provider(at.http, at.clock, at.telemetry, daytona_client("cloud:1"));
    EXPECT_EQ(broken({provider, at.clock, "image", "no-such-image", "contract", true}), "");
}

TEST_F(SimulatedContract, DaytonaKeepsItsPromisesInPages) {
    fakes::DaytonaCloudOptions options;
    options.max_page = 1;
    fakes::DaytonaCloud cloud(clock, at.tape, host, options);
    serve(cloud);
    lifecycle::DaytonaProvider provider(at.http, at.clock, at.telemetry, daytona_client("cloud:1"));
    EXPECT_EQ(broken({provider, at.clock, "image", "", "contract", true}), "");
}

TEST_F(SimulatedContract, DockerRefusesAMissingImage) {
    fakes::DockerEngine cloud(clock, at.tape, host, docker_engine());
    serve(cloud);
    lifecycle::DockerProvider provider(at.http, at.clock, at.telemetry, at.process.executor(),
                                       docker_client("cloud:1"));
    EXPECT_EQ(broken({provider, at.clock, "image", "no-such-image", "contract"}), "");
}

// An engine of some years ago, whose newest version is the oldest that the client knows.
TEST_F(SimulatedContract, AnOldDockerKeepsItsPromises) {
    fakes::DockerEngineOptions options = docker_engine();
    options.newest = 41;
    options.oldest = 12;
    fakes::DockerEngine cloud(clock, at.tape, host, options);
    serve(cloud);
    lifecycle::DockerProvider provider(at.http, at.clock, at.telemetry, at.process.executor(),
                                       docker_client("cloud:1"));
    EXPECT_EQ(broken({provider, at.clock, "image", "no-such-image", "contract"}), "");
}

// Docker's fake on a real socket and a real clock: it is the quickest of them.
TEST(SocketContract, DockerKeepsItsPromises) {
    boost::asio::io_context context(1);
    lifecycle::server::RealClock clock(context);
    lifecycle::server::BeastHttpClient http;
    lifecycle::server::LogTelemetry telemetry(clock);
    sim::Tape tape(std::make_unique<sim::CalmSource>());
    SilentHost host;
    fakes::DockerEngine cloud(clock, tape, host, docker_engine());
    lifecycle::server::HttpServer listener(
        context, "127.0.0.1", 0,
        [&cloud](const lifecycle::HttpRequest& request,
                 lifecycle::server::HttpServer::Respond respond) {
            cloud.handle(request, std::move(respond));
        });
    lifecycle::DockerProvider provider(
        http, clock, telemetry, context.get_executor(),
        docker_client("127.0.0.1:" + std::to_string(listener.port())));
    std::string broken = "it did not end";
    boost::asio::co_spawn(context,
                          broken_promises({provider, clock, "image", "no-such-image", "contract"}),
                          [&](std::exception_ptr failure, std::vector<std::string> promises) {
                              if (failure) std::rethrow_exception(failure);
                              broken = joined(promises);
                              context.stop();
                          });
    context.run_for(std::chrono::seconds(60));
    EXPECT_EQ(broken, "");
}

}  // namespace
}  // namespace tests
