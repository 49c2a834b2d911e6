#include "system/providers/gauges.hpp"

#include <fmt/format.h>

namespace lifecycle {

Meter provider_gauges(const Providers& providers, const Clock& clock) {
    return [&providers, &clock](ReadTx&, Time) {
        const SteadyTime now = clock.steady();
        std::vector<Gauge> all;
        for (const auto& [name, provider] : providers.all()) {
            const SteadyTime since = provider->availability().out_of_reach_since().value_or(now);
            all.push_back({"provider_out_of_reach_seconds", fmt::format("provider=\"{}\"", name),
                           (now - since).count() / 1'000'000});
        }
        return all;
    };
}

}  // namespace lifecycle
