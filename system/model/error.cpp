#include "system/model/error.hpp"

namespace lifecycle {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::bad_request: return "bad_request";
        case ErrorCode::unauthorized: return "unauthorized";
        case ErrorCode::forbidden: return "forbidden";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::method_not_allowed: return "method_not_allowed";
        case ErrorCode::misdirected: return "misdirected";
        case ErrorCode::internal: return "internal";
        case ErrorCode::too_large: return "too_large";
        case ErrorCode::conflict: return "conflict";
        case ErrorCode::not_implemented: return "not_implemented";
        case ErrorCode::superseded: return "superseded";
        case ErrorCode::machine_unavailable: return "machine_unavailable";
        case ErrorCode::machine_error: return "machine_error";
        case ErrorCode::stale_lease: return "stale_lease";
        case ErrorCode::overloaded: return "overloaded";
        case ErrorCode::store_unavailable: return "store_unavailable";
        case ErrorCode::store_unusable: return "store_unusable";
    }
    return "unknown";
}

}  // namespace lifecycle
