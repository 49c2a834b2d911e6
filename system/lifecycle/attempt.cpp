#include "system/lifecycle/attempt.hpp"

#include <algorithm>

#include "system/providers/providers.hpp"

namespace lifecycle {

Outcome after(const ProviderError& error) {
    using std::chrono::seconds;
    if (error.error_class == ProviderErrorClass::permanent) return GiveUp{describe(error)};
    const bool full = error.error_class == ProviderErrorClass::capacity_host ||
                      error.error_class == ProviderErrorClass::capacity_volume ||
                      error.error_class == ProviderErrorClass::capacity_region;
    const Duration at_least = full ? seconds(15) : seconds(1);
    return Retry{describe(error), std::max(error.retry_after, at_least)};
}

Outcome without_provider(std::string_view name) {
    return Retry{no_such_provider(name)};
}

Outcome after(const Error& error) {
    return error.code == ErrorCode::stale_lease ? Outcome(LeaseLost{})
                                                : Outcome(Retry{error.message});
}

}  // namespace lifecycle
