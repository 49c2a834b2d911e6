#pragma once

#include <cstdint>
#include <string_view>

namespace lifecycle {

// Why a machine is replaced or given up, where others than people have to know it. A row, a history
// and an event say it in the words of to_text(), details behind them.
enum class Reason : std::uint8_t {
    no_sign_of_life,  // nobody has heard of it for long
    crash_loop,       // it boots again and again
    gone,             // its provider does not have its resource any more
};
std::string_view to_text(Reason reason);

// Whether that is what a text says, with or without details.
bool says(std::string_view text, Reason reason);

}  // namespace lifecycle
