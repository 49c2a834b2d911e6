#include <fmt/format.h>

#include <charconv>

#include "reports/commands.hpp"

namespace reports {
namespace {

using lifecycle::Error;
using lifecycle::ErrorCode;
using lifecycle::Result;

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Result<SeedRange> parse_seeds(const std::string& text) {
    constexpr std::uint64_t kMost = 1'000'000'000'000;
    const std::string_view all = text;
    const auto dots = all.find("..");
    SeedRange range;
    const bool read = dots == std::string_view::npos
                          ? parse_number(all, range.first) && parse_number(all, range.last)
                          : parse_number(all.substr(0, dots), range.first) &&
                                parse_number(all.substr(dots + 2), range.last);
    if (!read || range.last < range.first || range.last - range.first >= kMost) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     fmt::format("\"{}\" is no range of seeds", text),
                                     "write one seed, or first..last such as 1..5000"));
    }
    return range;
}

Result<double> parse_duration(const std::string& text) {
    std::string_view digits = text;
    double unit = 1;
    if (digits.ends_with('s')) {
        digits.remove_suffix(1);
    } else if (digits.ends_with('m')) {
        unit = 60;
        digits.remove_suffix(1);
    } else if (digits.ends_with('h')) {
        unit = 3600;
        digits.remove_suffix(1);
    }
    std::uint32_t number = 0;
    if (!parse_number(digits, number) || number == 0) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     fmt::format("\"{}\" is no duration", text),
                                     "write it as 60s, 5m or 1h"));
    }
    return number * unit;
}

}  // namespace reports
