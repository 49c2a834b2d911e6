#include "system/server/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <fstream>

#include "system/server/http_client.hpp"

namespace lifecycle::server {
namespace {

std::expected<std::string, BadOptions> read_secret(const std::string& path) {
    std::ifstream in(path);
    std::string secret;
    if (!std::getline(in, secret) || secret.empty()) {
        return std::unexpected(BadOptions{
            fmt::format("--fly-token-file: {} cannot be read, or its first line is empty", path)});
    }
    return secret;
}

bool parse_port(const std::string& text, std::uint16_t& port) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::expected<ServerOptions, BadOptions> parse_options(int count, char** words) {
    ServerOptions options;
    std::string listen = "127.0.0.1:8700";
    std::string token_file;
    std::int64_t grace_minutes = 240;
    CLI::App app("lifecycled: the control plane that gives projects their machines");
    app.set_version_flag("--version", "lifecycled " VIVARIUM_VERSION);
    app.add_option("--listen", listen, "Address and port of the API")->capture_default_str();
    app.add_option("--database", options.database, "SQLite file; made if it is not there")
        ->capture_default_str();
    app.add_option("--control", options.system.lifecycle.control_authority,
                   "host:port at which machines reach this API; by default what --listen says");
    app.add_option("--fly-api", options.fly.authority, "host:port of Fly's Machines API")
        ->capture_default_str();
    app.add_option("--fly-app", options.fly.app, "Fly app that holds the machines")->required();
    app.add_option("--fly-token-file", token_file, "File whose first line is the API token")
        ->required();
    app.add_option("--region", options.system.lifecycle.region,
                   "Region of machines that ask for none");
    app.add_option("--daemon-port", options.system.lifecycle.daemon_port,
                   "Port on which every machine's daemon listens")
        ->capture_default_str();
    app.add_option("--detached-grace", grace_minutes,
                   "Minutes that a replaced machine keeps running")
        ->check(CLI::Range(0, 60 * 24 * 30))
        ->capture_default_str();
    try {
        app.parse(count, words);
    } catch (const CLI::CallForHelp&) {
        return std::unexpected(BadOptions{app.help(), true});
    } catch (const CLI::CallForVersion& version) {
        return std::unexpected(BadOptions{fmt::format("{}\n", version.what()), true});
    } catch (const CLI::ParseError& error) {
        return std::unexpected(BadOptions{fmt::format("{}; see --help", error.what())});
    }
    const HostPort address = split_authority(listen);
    boost::system::error_code no_address;
    boost::asio::ip::make_address(address.host, no_address);
    if (address.host.empty() || no_address || !parse_port(address.port, options.port)) {
        return std::unexpected(
            BadOptions{fmt::format("--listen: \"{}\" is not an address and a port such as "
                                   "127.0.0.1:8700",
                                   listen)});
    }
    options.host = address.host;
    if (split_authority(options.fly.authority).host.empty()) {
        return std::unexpected(BadOptions{
            fmt::format("--fly-api: \"{}\" is not of the form host:port", options.fly.authority)});
    }
    auto token = read_secret(token_file);
    if (!token) return std::unexpected(std::move(token.error()));
    options.fly.token = std::move(*token);
    options.system.lifecycle.detached_grace = std::chrono::minutes(grace_minutes);
    return options;
}

}  // namespace lifecycle::server
