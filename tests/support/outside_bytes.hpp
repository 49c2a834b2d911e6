#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Every parser of the core that bytes from outside reach, behind one door: for tests with mutated
// texts, and for a fuzzer.
namespace tests {

struct OutsideParser {
    std::string_view name;
    // What it expects: where mutations begin.
    std::vector<std::string> seeds;
    // Throws std::logic_error if what it makes of the bytes makes no sense. A sanitizer sees the
    // rest.
    void (*feed)(std::string_view bytes);
};
const std::vector<OutsideParser>& outside_parsers();

}  // namespace tests
