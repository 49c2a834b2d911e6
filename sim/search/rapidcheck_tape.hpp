#pragma once

#include <rapidcheck.h>

#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "sim/search/explain.hpp"

// Tapes as values of RapidCheck: generated as a few deviations from a scenario's calm run, shrunk
// by taking deviations away and making their values smaller, and printed as the list of what they
// do. For programs that link RapidCheck; the library itself does not.
namespace sim::search {

struct GeneratedTape {
    const Scenario* scenario = nullptr;
    std::vector<Deviation> deviations;
};

inline void showValue(const GeneratedTape& tape, std::ostream& out) {
    out << tape.deviations.size() << " deviations from the calm run of " << tape.scenario->name;
    for (const std::string& line : explain(*tape.scenario, tape.deviations)) {
        out << "\n  " << line;
    }
}

// The scenario must outlive the generator. The number of deviations grows with RapidCheck's size.
inline rc::Gen<GeneratedTape> any_tape(const Scenario& scenario,
                                       std::shared_ptr<const Profile> profile) {
    // Where a deviation stands is drawn once and kept; RapidCheck shrinks its value.
    const auto place = rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>());
    const auto deviation =
        rc::gen::map(rc::gen::pair(place, rc::gen::inRange<std::uint64_t>(1, 64)),
                     [profile](const std::pair<std::uint64_t, std::uint64_t>& drawn) {
                         auto made = few_deviations(*profile, {}, drawn.first, 1);
                         made.front().value = std::min(made.front().value, drawn.second);
                         return made.front();
                     });
    return rc::gen::map(rc::gen::container<std::vector<Deviation>>(deviation),
                        [&scenario](std::vector<Deviation> deviations) {
                            return GeneratedTape{&scenario, std::move(deviations)};
                        });
}

}  // namespace sim::search
