#include "properties/search.hpp"

#include <atomic>
#include <exception>
#include <thread>

namespace properties {

std::shared_ptr<const sim::Profile> calm_profile(const scenarios::Scenario& scenario) {
    sim::Recorder recorder;
    RunOptions options;
    options.recorder = &recorder;
    run(scenario, scenarios::calm_tape(), options);
    return std::make_shared<sim::Profile>(sim::profile_of(recorder));
}

std::vector<sim::Deviation> deviations_of(std::span<const std::uint8_t> bytes,
                                          const sim::Profile& profile) {
    std::vector<const sim::Profile::Lane*> drawn;
    for (const sim::Profile::Lane& lane : profile.lanes) {
        if (lane.draws > 0) drawn.push_back(&lane);
    }
    std::vector<sim::Deviation> deviations;
    for (std::size_t at = 0; at + 4 <= bytes.size() && !drawn.empty(); at += 4) {
        const sim::Profile::Lane& lane = *drawn[bytes[at] % drawn.size()];
        const std::uint64_t place = bytes[at + 1] * 256ULL + bytes[at + 2];
        // A deviating run may draw more often than the calm one did.
        const std::uint64_t index = place % (lane.draws + lane.draws / 2 + 1);
        deviations.push_back({lane.name, index, 1 + bytes[at + 3] % (lane.bound - 1)});
    }
    return deviations;
}

void parallel(std::uint64_t total, unsigned jobs, const std::function<bool()>& stopped,
              const std::function<void(std::uint64_t)>& work) {
    std::atomic<std::uint64_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr failure;
    const auto labour = [&] {
        try {
            while (!failed.load() && !stopped()) {
                const std::uint64_t number = next.fetch_add(1);
                if (number >= total) return;
                work(number);
            }
        } catch (...) {
            if (!failed.exchange(true)) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned job = 1; job < jobs; ++job) threads.emplace_back(labour);
        labour();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace properties
