#include <fmt/format.h>

#include <cstdlib>
#include <span>
#include <vector>

#include "properties/lifecycle_trial.hpp"
#include "sim/search/search.hpp"

// Bytes make a tape, the tape a run; a run in which a property breaks is a crash. The first byte
// names the scenario, the rest its deviations.
namespace {

struct Subject {
    const sim::search::Scenario* scenario;
    std::shared_ptr<const sim::search::Profile> profile;
};

const std::vector<Subject>& subjects() {
    static const std::vector<Subject> all = [] {
        std::vector<Subject> made;
        for (const auto& scenario : properties::lifecycle_harness().scenarios) {
            made.push_back({&scenario, sim::search::calm_profile(scenario)});
        }
        return made;
    }();
    return all;
}

void run_bytes(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    const Subject& subject = subjects()[bytes[0] % subjects().size()];
    const auto deviations = sim::search::deviations_of(bytes.subspan(1), *subject.profile);
    const auto result = sim::search::run(*subject.scenario, sim::search::recorded(deviations));
    if (result.held()) return;
    fmt::print(stderr, "BROKEN {}: {}: {}\n", subject.scenario->name, result.violations[0].property,
               result.violations[0].message);
    for (const sim::Deviation& deviation : deviations) {
        fmt::print(stderr, "  {} {} {}\n", deviation.lane, deviation.index, deviation.value);
    }
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    run_bytes({data, size});
    return 0;
}
