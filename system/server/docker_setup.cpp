#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "system/providers/docker.hpp"
#include "system/server/control_address.hpp"
#include "system/server/option_words.hpp"
#include "system/server/provider_setup.hpp"

namespace lifecycle::server {
namespace {

class DockerSetup final : public ProviderSetup {
  public:
    std::string_view name() const override { return "docker"; }
    std::string_view option() const override { return "--docker"; }
    void add_options(CLI::App& app) override {
        app.add_option("--docker", options_.authority,
                       "unix:PATH or host:port of a Docker Engine; sets Docker up");
        app.add_option("--docker-network", options_.network, "Network of the containers");
        app.add_option("--docker-pull", pull_,
                       "Which images the engine is told to pull: never any, or those that are "
                       "missing")
            ->check(CLI::IsMember({"never", "missing"}))
            ->capture_default_str();
    }
    std::expected<bool, std::string> read(bool clients_are_known) override {
        if (options_.authority.empty()) return false;
        if (auto fits = check_authority("--docker", options_.authority); !fits) {
            return std::unexpected(fits.error());
        }
        options_.pulls = pull_ == "missing";
        const std::string& network = options_.network;
        const bool shared = network == "host" || network.starts_with("container:");
        if (shared && !clients_are_known) {
            return std::unexpected(
                fmt::format("--docker-network {}: boxes there would reach --listen as clients do, "
                            "and could do anything: {}",
                            network, kGiveAnAdminToken));
        }
        return true;
    }
    std::expected<std::string, std::string> host_for_boxes(const Listen& boxes) const override {
        return host_for_containers(options_, boxes);
    }
    std::unique_ptr<Provider> connect(Parts parts) const override {
        return std::make_unique<DockerProvider>(parts.http, parts.clock, parts.telemetry,
                                                std::move(parts.executor), options_);
    }

  private:
    DockerOptions options_{.authority = "", .network = ""};
    std::string pull_ = "never";
};

}  // namespace

std::unique_ptr<ProviderSetup> docker_setup() {
    return std::make_unique<DockerSetup>();
}

}  // namespace lifecycle::server
