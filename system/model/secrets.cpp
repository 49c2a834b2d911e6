#include "system/model/secrets.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "system/model/signature.hpp"

namespace lifecycle {

std::string IdentityKey::bootstrap_secret(std::string_view machine) const {
    return fmt::format("{}{}", kBootstrapMark,
                       hmac_sha256(key_, fmt::format("bootstrap\n{}", machine)));
}

std::string IdentityKey::token(std::string_view machine, std::string_view boot,
                               std::int64_t epoch) const {
    return fmt::format("{}{}", kTokenMark,
                       hmac_sha256(key_, fmt::format("token\n{}\n{}\n{}", machine, epoch, boot)));
}

std::string IdentityKey::fingerprint() const {
    return hmac_sha256(key_, "fingerprint");
}

std::string hash_of(std::string_view secret) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(secret.data(), secret.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
        1) {
        throw std::runtime_error("SHA-256 failed");
    }
    return to_hex({digest.data(), length});
}

}  // namespace lifecycle
