#include <CLI/CLI.hpp>
#include <utility>

#include "system/providers/fly.hpp"
#include "system/server/control_address.hpp"
#include "system/server/option_words.hpp"
#include "system/server/provider_setup.hpp"

namespace lifecycle::server {
namespace {

class FlySetup final : public ProviderSetup {
  public:
    std::string_view name() const override { return "fly"; }
    std::string_view option() const override { return "--fly-token-file"; }
    void add_options(CLI::App& app) override {
        app.add_option("--fly-api", options_.authority, "host:port of Fly's Machines API")
            ->capture_default_str();
        app.add_option("--fly-app", options_.app, "Fly app that holds the machines");
        app.add_option("--fly-token-file", token_file_,
                       "File whose first line is the API token; sets Fly up");
    }
    std::expected<bool, std::string> read(bool /*clients_are_known*/) override {
        if (token_file_.empty()) return false;
        if (options_.app.empty()) {
            return std::unexpected("--fly-app is required with --fly-token-file");
        }
        auto token = read_secret("--fly-token-file", token_file_);
        if (!token) return std::unexpected(token.error());
        options_.token = *std::move(token);
        if (auto fits = check_authority("--fly-api", options_.authority); !fits) {
            return std::unexpected(fits.error());
        }
        return true;
    }
    std::expected<std::string, std::string> host_for_boxes(const Listen& boxes) const override {
        return nowhere("Fly", boxes);
    }
    std::unique_ptr<Provider> connect(Parts parts) const override {
        return std::make_unique<FlyProvider>(parts.http, parts.clock, parts.telemetry, options_);
    }

  private:
    FlyOptions options_;
    std::string token_file_;
};

}  // namespace

std::unique_ptr<ProviderSetup> fly_setup() {
    return std::make_unique<FlySetup>();
}

}  // namespace lifecycle::server
