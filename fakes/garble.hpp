#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Answers that are no longer what their description says: a gateway, a proxy, a server of another
// version. What they mean is not another thing, it is nothing that could be read.
namespace fakes {

// Where in a JSON document there are values, those with parts of their own too, as JSON pointers;
// empty for what is none, and for what has no parts.
std::vector<std::string> places_in(std::string_view body);

// Of which types a value can be instead.
inline constexpr std::size_t kOddValues = 7;
// The document with a value of another type in that place; empty if `odd` is of the same type.
std::string with_odd_value(std::string_view body, const std::string& place, std::size_t odd);

// In how many ways a whole answer can be garbled, and one of them; 0 leaves it as it is.
inline constexpr std::uint64_t kWaysToGarble = 200;
std::string garbled(std::string_view body, std::uint64_t way);
// In words.
std::string garbling(std::uint64_t way);

}  // namespace fakes
