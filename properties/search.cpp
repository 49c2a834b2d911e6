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
