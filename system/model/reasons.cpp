#include "system/model/reasons.hpp"

namespace lifecycle {

std::string_view to_text(Reason reason) {
    switch (reason) {
        case Reason::no_sign_of_life: return "no sign of life";
        case Reason::crash_loop: return "a crash loop";
        case Reason::gone: return "the provider no longer has";
    }
    return "unknown";
}

bool says(std::string_view text, Reason reason) {
    return text.starts_with(to_text(reason));
}

}  // namespace lifecycle
