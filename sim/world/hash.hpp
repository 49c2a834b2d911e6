#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Fixed 64-bit mixing, the same on every compiler and standard library. Not for secrets.
namespace sim {

// A bijection of 64-bit words in which every input bit moves about half of the output bits.
constexpr std::uint64_t mix(std::uint64_t word) {
    word ^= word >> 32;
    word *= 0xd6e8feb86659fd93ULL;
    word ^= word >> 29;
    word *= 0x9e6c63d0876a9a47ULL;
    word ^= word >> 32;
    return word;
}

constexpr std::uint64_t combine(std::uint64_t digest, std::uint64_t word) {
    return mix(digest * 0x9e3779b97f4a7c15ULL + word + 1);
}

// Digest of a text, its length included, eight bytes a step. Assumes a little-endian processor.
inline std::uint64_t combine(std::uint64_t digest, std::string_view text) {
    const char* bytes = text.data();
    std::size_t left = text.size();
    digest = combine(digest, left);
    for (; left >= 8; left -= 8, bytes += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, 8);
        digest = combine(digest, word);
    }
    if (left > 0) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, left);
        digest = combine(digest, word);
    }
    return digest;
}

// One multiplication folds a word into a running digest: a third of the latency of combine(), for
// long streams of words that only have to be told apart.
constexpr std::uint64_t absorb(std::uint64_t digest, std::uint64_t word) {
    __extension__ using Wide = unsigned __int128;
    const Wide product =
        static_cast<Wide>(digest ^ word ^ 0x9e3779b97f4a7c15ULL) * (digest + 0xd6e8feb86659fd93ULL);
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

// The same for a text; its length goes into the word of its last bytes. Assumes a little-endian
// processor.
inline std::uint64_t absorb(std::uint64_t digest, std::string_view text) {
    const char* bytes = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, bytes += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, 8);
        digest = absorb(digest, word);
    }
    std::uint64_t word = 0;
    if (left > 0) std::memcpy(&word, bytes, left);
    return absorb(digest, word | (static_cast<std::uint64_t>(text.size()) << 56));
}

inline std::uint64_t hash(std::string_view text) {
    return combine(0x76697661726975ULL, text);
}

// Maps a uniform 64-bit word onto [0, bound) without division; bound > 0.
constexpr std::uint64_t scale(std::uint64_t word, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(word) * bound) >> 64);
}

// A stream of words from a seed and a purpose, quick to draw from: the next is a product of what
// is known already.
class Words {
  public:
    explicit Words(std::uint64_t seed, std::string_view purpose = {})
        : state_(combine(mix(seed), purpose)) {}
    // Uniform over [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound) {
        state_ += 0x9e3779b97f4a7c15ULL;
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(state_) * (state_ ^ 0xd6e8feb86659fd93ULL);
        return scale(
            static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product), bound);
    }

  private:
    std::uint64_t state_;
};

}  // namespace sim
