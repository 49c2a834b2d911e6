#include "system/server/private_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace lifecycle::server {

std::expected<std::string, std::string> read_private_file(const std::string& path,
                                                          std::size_t min_length) {
    struct stat about{};
    if (stat(path.c_str(), &about) != 0) {
        return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    if ((about.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
        return std::unexpected(fmt::format(
            "{} may be read by every user of this host, or written by others than its owner: "
            "chmod 600 it, and replace what is in it if others may have seen it",
            path));
    }
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    if (line.empty()) {
        return std::unexpected(fmt::format("{} cannot be read, or its first line is empty", path));
    }
    if (line.size() < min_length) {
        return std::unexpected(
            fmt::format("the first line of {} has fewer than {} characters: a good one is made "
                        "by 'openssl rand -hex 32'",
                        path, min_length));
    }
    return line;
}

}  // namespace lifecycle::server
