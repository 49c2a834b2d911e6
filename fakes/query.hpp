#pragma once

#include <string>
#include <string_view>

namespace fakes {

// The value of one parameter of a query, percent-decoded; empty if it is not there.
std::string parameter(std::string_view query, std::string_view name);

}  // namespace fakes
