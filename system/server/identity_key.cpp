#include "system/server/identity_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "system/model/secrets.hpp"
#include "system/model/signature.hpp"
#include "system/rows/credentials.hpp"
#include "system/rows/installation.hpp"
#include "system/server/private_file.hpp"

namespace lifecycle::server {
namespace {

constexpr std::size_t kShortest = 32;
constexpr std::string_view kWhatToDo =
    "restore the file from a backup, or start once with --replace-identity-key, which locks every "
    "box out until its machine is recreated";

std::unexpected<std::string> failed(const std::string& path) {
    return std::unexpected(fmt::format("{} cannot be made: {}", path, std::strerror(errno)));
}

// So that the name of a new file outlasts a loss of power.
bool sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path();
    const int opened = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) return false;
    const bool synced = fsync(opened) == 0;
    close(opened);
    return synced;
}

std::expected<std::string, std::string> make_key(const std::string& path) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return failed(path);
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
        fsync(file) == 0 && sync_folder_of(path);
    close(file);
    if (!written) {
        auto failure = failed(path);
        unlink(path.c_str());
        return failure;
    }
    return key;
}

// Whether boxes have secrets from a key, or a start has recorded one.
bool knows_a_key(Store& store) {
    auto read = [](ReadTx& tx) -> Result<bool> {
        const bool boxes = tx.first(
                                 "SELECT 1 FROM machine WHERE state IN"
                                 " ('starting', 'active', 'detached')",
                                 {}, [](const Row&) { return true; })
                               .has_value();
        return boxes || !key_fingerprint(tx).empty();
    };
    return *store.read_now(read);
}

// Whether the key is the database's from now on.
bool record(Store& store, const IdentityKey& key, bool replace) {
    auto change = [&](Tx& tx) -> Result<bool> {
        const std::string fingerprint = key.fingerprint();
        const std::string known = key_fingerprint(tx);
        if (known == fingerprint) return true;
        if (!known.empty() && !replace) return false;
        record_key_fingerprint(tx, fingerprint);
        if (known.empty() && !replace) return true;
        const std::int64_t locked_out = supersede_all_credentials(tx);
        tx.tell("identity.key_replaced",
                {{"was", known}, {"is", fingerprint}, {"locked_out", locked_out}});
        return true;
    };
    return *store.transact_now(change);
}

}  // namespace

std::expected<std::string, std::string> take_identity_key(Store& store, const std::string& path,
                                                          bool replace) {
    const bool missing = access(path.c_str(), F_OK) != 0 && errno == ENOENT;
    if (missing && !replace && knows_a_key(store)) {
        return std::unexpected(fmt::format(
            "{} is missing, and the secrets of this database's boxes come from the key in it: {}",
            path, kWhatToDo));
    }
    auto key = missing ? make_key(path) : read_private_file(path, kShortest);
    if (key && !record(store, IdentityKey(*key), replace)) {
        return std::unexpected(
            fmt::format("{} has another key than the one that the secrets of this database's boxes "
                        "come from: {}",
                        path, kWhatToDo));
    }
    return key;
}

}  // namespace lifecycle::server
