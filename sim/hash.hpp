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

inline std::uint64_t hash(std::string_view text) {
    return combine(0x76697661726975ULL, text);
}

// Maps a uniform 64-bit word onto [0, bound) without division; bound > 0.
constexpr std::uint64_t scale(std::uint64_t word, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(word) * bound) >> 64);
}

}  // namespace sim
