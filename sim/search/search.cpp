#include "sim/search/search.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace sim::search {

std::shared_ptr<const Profile> calm_profile(const Scenario& scenario) {
    Recorder recorder;
    RunOptions options;
    options.recorder = &recorder;
    run(scenario, calm_tape(), options);
    return std::make_shared<Profile>(profile_of(recorder));
}

std::vector<std::string> unknown_faults(const Scenario& scenario, const Profile& baseline) {
    std::vector<std::string> unknown;
    for (const std::string& name : scenario.faults) {
        const bool known = std::ranges::any_of(baseline.lanes, [&](const Profile::Lane& lane) {
            return lane.kind.fault && matches_kind(name, lane.kind.name);
        });
        if (!known) unknown.push_back(name);
    }
    return unknown;
}

std::vector<Deviation> deviations_of(std::span<const std::uint8_t> bytes, const Profile& profile) {
    std::vector<const Profile::Lane*> drawn;
    for (const Profile::Lane& lane : profile.lanes) {
        if (lane.draws > 0) drawn.push_back(&lane);
    }
    std::vector<Deviation> deviations;
    for (std::size_t at = 0; at + 4 <= bytes.size() && !drawn.empty(); at += 4) {
        const Profile::Lane& lane = *drawn[bytes[at] % drawn.size()];
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

}  // namespace sim::search
