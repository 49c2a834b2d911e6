#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "scenarios/flows/oddities.hpp"

namespace scenarios {

// How a project is in the end when a call came out oddly, and it is not as it usually is.
struct FinalState {
    std::vector<Call> calls;
    Oddities oddities;
    std::vector<std::int64_t> times;  // the first of such calls is 1; empty: any
    std::string told;                 // as LoneLifecycle::told() says it
};

// Of one situation.
struct FinalStates {
    std::string usually;
    std::vector<FinalState> otherwise;

    // How it is then: the row in `otherwise`, or null.
    const FinalState* of(Call call, Oddity oddity, std::int64_t time) const;
};

extern const FinalStates kMakingEnds;
extern const FinalStates kMakingWithVolumeEnds;
extern const FinalStates kReplacingEnds;
extern const FinalStates kReplacingWithVolumeEnds;
extern const FinalStates kRetiringEnds;
extern const FinalStates kRestartingEnds;
extern const FinalStates kStartingAgainEnds;
extern const FinalStates kLosingEnds;
extern const FinalStates kArchivingEnds;
extern const FinalStates kMovingVolumeEnds;
extern const FinalStates kGoingElsewhereEnds;
extern const FinalStates kTakingOverNameEnds;
extern const FinalStates kMakingUnheardEnds;
extern const FinalStates kLosingCopyEnds;
extern const FinalStates kSnapshottingEarlyEnds;
extern const FinalStates kSnapshottingEnds;

}  // namespace scenarios
