#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "tests/support/outside_bytes.hpp"

// The first byte chooses a parser of the core that bytes from outside reach, the rest is what it
// is fed. A crash, or a result that makes no sense, is what is looked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto& parsers = tests::outside_parsers();
    const tests::OutsideParser& parser = parsers[data[0] % parsers.size()];
    try {
        parser.feed({reinterpret_cast<const char*>(data) + 1, size - 1});
    } catch (const std::exception& failure) {
        fmt::print(stderr, "BROKEN {}: {}\n", parser.name, failure.what());
        std::abort();
    }
    return 0;
}
