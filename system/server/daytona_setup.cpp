#include <CLI/CLI.hpp>
#include <utility>

#include "system/providers/daytona.hpp"
#include "system/server/control_address.hpp"
#include "system/server/option_words.hpp"
#include "system/server/provider_setup.hpp"

namespace lifecycle::server {
namespace {

class DaytonaSetup final : public ProviderSetup {
  public:
    std::string_view name() const override { return "daytona"; }
    std::string_view option() const override { return "--daytona-token-file"; }
    void add_options(CLI::App& app) override {
        app.add_option("--daytona-api", options_.authority, "host:port of Daytona's API")
            ->capture_default_str();
        app.add_flag("--daytona-plain{false}", options_.tls, "Without TLS");
        app.add_option("--daytona-token-file", token_file_,
                       "File whose first line is the API key; sets Daytona up");
    }
    std::expected<bool, std::string> read(bool /*clients_are_known*/) override {
        if (token_file_.empty()) return false;
        auto token = read_secret("--daytona-token-file", token_file_);
        if (!token) return std::unexpected(token.error());
        options_.token = *std::move(token);
        if (auto fits = check_authority("--daytona-api", options_.authority); !fits) {
            return std::unexpected(fits.error());
        }
        return true;
    }
    std::expected<std::string, std::string> host_for_boxes(const Listen& boxes) const override {
        return nowhere("Daytona", boxes);
    }
    std::unique_ptr<Provider> connect(Parts parts) const override {
        return std::make_unique<DaytonaProvider>(parts.http, parts.clock, parts.telemetry,
                                                 options_);
    }

  private:
    DaytonaOptions options_;
    std::string token_file_;
};

}  // namespace

std::unique_ptr<ProviderSetup> daytona_setup() {
    return std::make_unique<DaytonaSetup>();
}

}  // namespace lifecycle::server
