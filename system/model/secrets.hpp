#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lifecycle {

// Secrets are derived from the installation's key: they can be told again when an answer was lost,
// and nothing has to be stored but the hash of what is in use. Each begins with a mark of its own,
// so that one that strays into a log can be found.
inline constexpr std::string_view kBootstrapMark = "vvb_";
inline constexpr std::string_view kTokenMark = "vvt_";

class IdentityKey {
  public:
    explicit IdentityKey(std::string key) : key_(std::move(key)) {}

    // What a machine is created with, and proves itself by before it has a token. A machine id
    // holds its generation, so that no other generation has the same.
    std::string bootstrap_secret(std::string_view machine) const;

    // What one boot of a machine is known by until it, or its machine, is replaced.
    std::string token(std::string_view machine, std::string_view boot, std::int64_t epoch) const;

    // What the key is recognised by, and cannot be learned from.
    std::string fingerprint() const;

  private:
    std::string key_;
};

// SHA-256 in lower-case hexadecimal: what is stored in a secret's place.
std::string hash_of(std::string_view secret);

}  // namespace lifecycle
