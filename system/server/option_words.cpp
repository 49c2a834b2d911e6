#include "system/server/option_words.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/server/http_client.hpp"
#include "system/server/private_file.hpp"

namespace lifecycle::server {

std::expected<std::string, std::string> read_secret(std::string_view option,
                                                    const std::string& path) {
    auto secret = read_private_file(path, 1);
    if (!secret) return std::unexpected(fmt::format("{}: {}", option, secret.error()));
    return *std::move(secret);
}

std::expected<void, std::string> check_authority(std::string_view option,
                                                 const std::string& authority) {
    if (authority.starts_with("unix:/") || !split_authority(authority).host.empty()) return {};
    return std::unexpected(
        fmt::format("{}: \"{}\" is not of the form host:port", option, authority));
}

}  // namespace lifecycle::server
