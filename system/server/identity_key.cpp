#include "system/server/identity_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "system/identity/signature.hpp"

namespace lifecycle::server {
namespace {

constexpr std::size_t kShortest = 32;

std::expected<std::string, std::string> load(const std::string& path) {
    std::ifstream in(path);
    std::string key;
    std::getline(in, key);
    if (key.size() < kShortest) {
        return std::unexpected(fmt::format(
            "{} cannot be read, or its first line has fewer than {} characters", path, kShortest));
    }
    return key;
}

std::unexpected<std::string> failed(const std::string& path) {
    return std::unexpected(fmt::format("{} cannot be made: {}", path, std::strerror(errno)));
}

}  // namespace

std::expected<std::string, std::string> load_or_make_key(const std::string& path) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return errno == EEXIST ? load(path) : failed(path);
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        close(file);
        unlink(path.c_str());
        return std::unexpected(fmt::format("{} cannot be made: no randomness", path));
    }
    std::string key = to_hex(bytes);
    const std::string line = key + "\n";
    const bool written =
        write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
        fsync(file) == 0;
    close(file);
    if (!written) {
        unlink(path.c_str());
        return failed(path);
    }
    return key;
}

}  // namespace lifecycle::server
