#include "system/server/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "system/model/secrets.hpp"
#include "system/server/http_client.hpp"
#include "system/server/option_words.hpp"
#include "system/server/private_file.hpp"

namespace lifecycle::server {
namespace {

// What was said, before it is checked.
struct Words {
    std::string listen = "127.0.0.1:8700";
    std::string box_listen = "127.0.0.1:8701";
    std::string admin_token_file;
    std::int64_t grace_minutes = 240;
    std::int64_t reconcile_minutes = 5;
    std::int64_t quarantine_days = 7;
    std::string github_secret_file;
    std::string consul_token_file;
    std::int64_t heartbeat_seconds = 30;
    std::int64_t keep_days = 30;
    std::int64_t lease_seconds = 30;
    std::string reconcile_at = "127.0.0.1:8700";
    bool dry_run = false;
};

std::unexpected<std::string> bad(std::string text) {
    return std::unexpected(std::move(text));
}

bool parse_port(const std::string& text, std::uint16_t& port) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size();
}

void add_server_options(CLI::App& app, Words& words, ServerOptions& options) {
    SystemOptions& system = options.system;
    app.add_option("--listen", words.listen, "Address and port of the API")->capture_default_str();
    app.add_option("--box-listen", words.box_listen,
                   "Address and port at which machines report, and can do nothing else")
        ->capture_default_str();
    app.add_option("--admin-token-file", words.admin_token_file,
                   "File whose first line is the token that clients send as \"Authorization: "
                   "Bearer\"; without one anybody on a loopback address may do anything");
    app.add_option("--host-names", options.host_names,
                   "Names, besides localhost, that clients know the API's host by, separated by "
                   "commas")
        ->delimiter(',');
    app.add_option("--database", options.database, "SQLite file; made if it is not there")
        ->capture_default_str();
    app.add_option("--control", system.lifecycle.control_authority,
                   "host:port at which machines reach --box-listen; by default what that says, or "
                   "with Docker on a bridge the bridge's own address");
    app.add_option("--installation", system.installation, "Name of this control plane, for people")
        ->capture_default_str();
    app.add_option("--region", system.lifecycle.machines.region,
                   "Region of machines that ask for none");
    app.add_option("--regions", system.lifecycle.machines.regions,
                   "Regions to try in turn when one is full, separated by commas")
        ->delimiter(',');
    app.add_option("--daemon-port", system.daemon.port,
                   "Port on which every machine's daemon listens")
        ->capture_default_str();
    app.add_option("--detached-grace", words.grace_minutes,
                   "Minutes that a replaced machine keeps running")
        ->check(CLI::Range(0, 60 * 24 * 30))
        ->capture_default_str();
    app.add_option("--reconcile-every", words.reconcile_minutes,
                   "Minutes between comparisons of rows and providers; 0: never")
        ->check(CLI::Range(0, 60 * 24))
        ->capture_default_str();
    app.add_option("--quarantine-days", words.quarantine_days,
                   "Days for which what is ours and no row knows is kept; 0: until a person says "
                   "so, with reconcile --destroy")
        ->check(CLI::Range(0, 3650))
        ->capture_default_str();
    app.add_option("--max-swept", system.lifecycle.reconcile.max_swept,
                   "Destroy and give up nothing where a comparison would destroy more than this "
                   "many, or give up more than this many and than --max-swept-percent")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--max-swept-percent", system.lifecycle.reconcile.max_swept_percent,
                   "Of what is there")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    app.add_option("--identity-key-file", options.identity_key_file,
                   "File with the key of all boxes' secrets, made at the first start; by default "
                   "the database's name with .key");
    app.add_flag("--replace-identity-key", options.replace_identity_key,
                 "Takes the key that is in that file, or makes one, in the place of the one that "
                 "the database knows: every box is locked out until its machine is recreated");
    app.add_option("--heartbeat-every", words.heartbeat_seconds,
                   "Seconds between the reports of a box; silent for three of them, it is offline")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_option("--lease", words.lease_seconds,
                   "Seconds after which work that a server died with is taken up again")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_option("--consul", system.routes.authority,
                   "host:port of a Consul that is told which machine each project's is");
    app.add_option("--consul-prefix", system.routes.prefix, "Where in its key-value store")
        ->capture_default_str();
    app.add_option("--consul-token-file", words.consul_token_file,
                   "File whose first line is the token for it");
    app.add_option("--keep-days", words.keep_days,
                   "Days for which what is over is remembered: machines, their history, work, and "
                   "idempotency keys; 0: for ever")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{36'500}))
        ->capture_default_str();
    app.add_option("--github-secret-file", words.github_secret_file,
                   "File whose first line is the secret of GitHub's webhooks");
    app.add_option("--provider", system.lifecycle.machines.provider,
                   "Provider of machines that ask for none; by default the first that is set up");
}

// "--a, --b or --c".
std::string options_of(const std::vector<std::unique_ptr<ProviderSetup>>& setups) {
    std::string all;
    for (std::size_t i = 0; i < setups.size(); ++i) {
        if (i > 0) all += i + 1 == setups.size() ? " or " : ", ";
        all += setups[i]->option();
    }
    return all;
}

std::expected<void, std::string> set_providers_up(
    std::vector<std::unique_ptr<ProviderSetup>> setups, ServerOptions& options) {
    const std::string how = options_of(setups);
    for (auto& setup : setups) {
        const auto used = setup->read(!options.system.api.admin_token_hash.empty());
        if (!used) return std::unexpected(used.error());
        if (*used) options.providers.push_back(std::move(setup));
    }
    if (options.providers.empty()) return bad(fmt::format("no provider: use {}", how));
    std::string& chosen = options.system.lifecycle.machines.provider;
    if (chosen.empty()) chosen = options.providers.front()->name();
    const auto is_chosen = [&](const auto& setup) { return setup->name() == chosen; };
    if (std::ranges::none_of(options.providers, is_chosen)) {
        return bad(fmt::format("--provider: {} is not set up", chosen));
    }
    return {};
}

std::expected<void, std::string> set_routes_up(const Words& words, ServerOptions& options) {
    RouteTableOptions& routes = options.system.routes;
    if (!routes.authority.empty()) {
        if (auto fits = check_authority("--consul", routes.authority); !fits) return fits;
    }
    if (words.consul_token_file.empty()) return {};
    auto token = read_secret("--consul-token-file", words.consul_token_file);
    if (!token) return std::unexpected(token.error());
    routes.token = std::move(*token);
    return {};
}

std::expected<Listen, std::string> parse_listen(std::string_view option, const std::string& said) {
    const HostPort address = split_authority(said);
    boost::system::error_code no_address;
    const auto ip = boost::asio::ip::make_address(address.host, no_address);
    Listen listen{address.host, 0, ip.is_loopback()};
    if (address.host.empty() || no_address || !parse_port(address.port, listen.port)) {
        return bad(fmt::format("{}: \"{}\" is not an address and a port such as 127.0.0.1:8700",
                               option, said));
    }
    return listen;
}

std::expected<std::string, std::string> read_admin_token(const std::string& path) {
    constexpr std::size_t kMinLength = 32;
    auto token = read_private_file(path, kMinLength);
    if (!token) return bad(fmt::format("--admin-token-file: {}", token.error()));
    return *std::move(token);
}

std::expected<void, std::string> set_doors_up(const Words& words, ServerOptions& options) {
    auto clients = parse_listen("--listen", words.listen);
    if (!clients) return std::unexpected(clients.error());
    options.clients = *std::move(clients);
    auto boxes = parse_listen("--box-listen", words.box_listen);
    if (!boxes) return std::unexpected(boxes.error());
    options.boxes = *std::move(boxes);
    if (words.admin_token_file.empty()) {
        if (options.clients.loopback) return {};
        return bad(fmt::format(
            "--listen: at {}, which is not a loopback address, anybody could do anything: {}",
            words.listen, kGiveAnAdminToken));
    }
    const auto token = read_admin_token(words.admin_token_file);
    if (!token) return std::unexpected(token.error());
    options.system.api.admin_token_hash = hash_of(*token);
    return {};
}

// `lifecycled reconcile`.
std::expected<void, std::string> settle_reconcile(const Words& said, ServerOptions& options) {
    if (auto fits = check_authority("--api", said.reconcile_at); !fits) return fits;
    options.reconcile_at = said.reconcile_at;
    if (said.admin_token_file.empty()) return {};
    auto token = read_admin_token(said.admin_token_file);
    if (!token) return std::unexpected(token.error());
    options.admin_token = *std::move(token);
    return {};
}

std::expected<void, std::string> settle(const Words& said,
                                        std::vector<std::unique_ptr<ProviderSetup>> setups,
                                        ServerOptions& options) {
    if (options.database.empty() || options.database == ":memory:") {
        return bad("--database: what is known has to outlive the process: name a file");
    }
    const std::string& control = options.system.lifecycle.control_authority;
    if (!control.empty()) {
        if (auto fits = check_authority("--control", control); !fits) {
            return std::unexpected(fits.error());
        }
    }
    if (auto open = set_doors_up(said, options); !open) return std::unexpected(open.error());
    if (auto ready = set_providers_up(std::move(setups), options); !ready) {
        return std::unexpected(ready.error());
    }
    if (!said.github_secret_file.empty()) {
        auto secret = read_secret("--github-secret-file", said.github_secret_file);
        if (!secret) return std::unexpected(secret.error());
        options.system.api.github_secret = std::move(*secret);
    }
    if (auto told = set_routes_up(said, options); !told) return std::unexpected(told.error());
    if (options.identity_key_file.empty()) options.identity_key_file = options.database + ".key";
    const std::chrono::seconds heartbeat(said.heartbeat_seconds);
    options.system.api.heartbeat_every = heartbeat;
    options.system.identity.online_for = 3 * heartbeat;
    options.system.outbox.lease = std::chrono::seconds(said.lease_seconds);
    options.system.watchdog.every = heartbeat;
    options.system.lifecycle.graces.detached = std::chrono::minutes(said.grace_minutes);
    options.system.lifecycle.reconcile.every = std::chrono::minutes(said.reconcile_minutes);
    options.system.retention.keep_for = std::chrono::days(said.keep_days);
    options.system.lifecycle.reconcile.quarantine_for =
        std::chrono::hours(24 * said.quarantine_days);
    return {};
}

}  // namespace

std::expected<ServerOptions, BadOptions> parse_options(int count, char** words) {
    ServerOptions options;
    options.system.lifecycle.machines.provider.clear();
    Words said;
    CLI::App app("lifecycled: the control plane that gives projects their machines");
    app.set_version_flag("--version", "lifecycled " VIVARIUM_VERSION);
    add_server_options(app, said, options);
    auto setups = provider_setups();
    for (const auto& setup : setups) setup->add_options(app);
    CLI::App* reconcile = app.add_subcommand(
        "reconcile", "Compares rows and providers, through the server that runs");
    reconcile->add_option("--api", said.reconcile_at, "host:port of that server")
        ->capture_default_str();
    reconcile->add_option("--admin-token-file", said.admin_token_file,
                          "File whose first line is the token of that server");
    auto* apply = reconcile->add_flag("--apply", options.apply, "Repair what differs");
    reconcile->add_option("--destroy", options.destroy,
                          "External ids of resources to destroy now, of those that it reports as "
                          "quarantined, newer, orphan or double");
    reconcile->add_flag("--dry-run", said.dry_run, "Only report, which is the default")
        ->excludes(apply);
    try {
        app.parse(count, words);
    } catch (const CLI::CallForHelp&) {
        return std::unexpected(BadOptions{app.help("", CLI::AppFormatMode::All), true});
    } catch (const CLI::CallForVersion& version) {
        return std::unexpected(BadOptions{fmt::format("{}\n", version.what()), true});
    } catch (const CLI::ParseError& error) {
        return std::unexpected(BadOptions{fmt::format("{}; see --help", error.what())});
    }
    const auto settled =
        *reconcile ? settle_reconcile(said, options) : settle(said, std::move(setups), options);
    if (!settled) return std::unexpected(BadOptions{settled.error()});
    return options;
}

}  // namespace lifecycle::server
