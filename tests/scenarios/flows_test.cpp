#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "scenarios/flows/every_oddity.hpp"
#include "scenarios/flows/reactions.hpp"
#include "scenarios/flows/situations.hpp"
#include "sim/search/session.hpp"
#include "sim/world/tape.hpp"
#include "tests/support/catalog.hpp"

namespace scenarios {
namespace {

sim::search::RunResult calm_run(const std::string& name) {
    sim::search::RunOptions options;
    options.keep_events = true;
    return sim::search::run(tests::scenario(name), std::make_unique<sim::CalmSource>(), options);
}

// A row that no run meets says nothing, and may be wrong.
TEST(Flows, MeetEveryRowThatIsWrittenDown) {
    std::map<std::string, std::set<std::pair<std::string, std::int64_t>>> met;
    for (const Situation& situation : situations()) {
        const auto result = calm_run(std::string("oddities-when-") + situation.name);
        ASSERT_TRUE(result.held()) << situation.name << ": " << result.violations.front().message;
        for (const auto& event : result.events) {
            if (event.type != kReactionMet && event.type != kEndingMet) continue;
            met[event.type].emplace(std::get<std::string>(event.values.at(0).second),
                                    std::get<std::int64_t>(event.values.at(1).second));
        }
    }
    for (const auto& [kind, rows] : reaction_rows()) {
        for (std::size_t row = 0; row < rows; ++row) {
            EXPECT_TRUE(met[kReactionMet].contains({kind, static_cast<std::int64_t>(row)}))
                << "row " << row << " of what " << kind << " makes of it";
        }
    }
    for (const Situation& situation : situations()) {
        for (std::size_t row = 0; row < situation.ends.otherwise.size(); ++row) {
            EXPECT_TRUE(met[kEndingMet].contains({situation.name, static_cast<std::int64_t>(row)}))
                << "row " << row << " of how " << situation.name << " ends";
        }
    }
}

TEST(Flows, HoldInTheirCalmRuns) {
    for (const char* name : {"every-difference", "every-wish"}) {
        const auto result = calm_run(name);
        EXPECT_TRUE(result.held())
            << name << ": " << (result.held() ? "" : result.violations.front().message);
    }
}

}  // namespace
}  // namespace scenarios
