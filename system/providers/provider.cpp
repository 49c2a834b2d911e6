#include "system/providers/provider.hpp"

#include <fmt/format.h>

namespace lifecycle {

std::string_view to_string(ProviderErrorClass error) {
    switch (error) {
        case ProviderErrorClass::gone: return "gone";
        case ProviderErrorClass::conflict: return "conflict";
        case ProviderErrorClass::busy: return "busy";
        case ProviderErrorClass::capacity: return "capacity";
        case ProviderErrorClass::throttled: return "throttled";
        case ProviderErrorClass::not_yet: return "not_yet";
        case ProviderErrorClass::ambiguous: return "ambiguous";
        case ProviderErrorClass::permanent: return "permanent";
        case ProviderErrorClass::unknown: return "unknown";
    }
    return "unknown";
}

std::string describe(const ProviderError& error) {
    return fmt::format("{}: {}", to_string(error.error_class), error.detail);
}

std::string_view to_string(ResourceState state) {
    switch (state) {
        case ResourceState::preparing: return "preparing";
        case ResourceState::stopped: return "stopped";
        case ResourceState::starting: return "starting";
        case ResourceState::started: return "started";
        case ResourceState::stopping: return "stopping";
        case ResourceState::failed: return "failed";
        case ResourceState::destroying: return "destroying";
        case ResourceState::destroyed: return "destroyed";
        case ResourceState::unknown: return "unknown";
    }
    return "unknown";
}

}  // namespace lifecycle
