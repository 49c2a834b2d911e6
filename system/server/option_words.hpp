#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace lifecycle::server {

// What several options have in common. An error is one line that begins with the option's name.

// The first line of a file that nobody else can read.
std::expected<std::string, std::string> read_secret(std::string_view option,
                                                    const std::string& path);

// What to do where anybody could do anything.
inline constexpr std::string_view kGiveAnAdminToken =
    "make a token with 'umask 077; openssl rand -hex 32 > admin.token' and give it as "
    "--admin-token-file admin.token";

// Whether it is of the form host:port or unix:/PATH.
std::expected<void, std::string> check_authority(std::string_view option,
                                                 const std::string& authority);

}  // namespace lifecycle::server
