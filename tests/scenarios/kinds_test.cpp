#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "scenarios/catalog/catalog.hpp"
#include "sim/search/search.hpp"
#include "tests/support/catalog.hpp"
#include "tests/support/kinds.hpp"

namespace scenarios {
namespace {

using sim::Effect;

using tests::all_kinds;

// What a name promises to a reader of a report, its kind says to those who judge by it. A kind that
// is declared without its effect is a program's own, and fails here.
TEST(Kinds, HaveTheEffectThatTheirNamesSay) {
    const std::map<std::string, Effect> groups = {
        {"schedule", Effect::order}, {"crash", Effect::crash}, {"disk.", Effect::disk},
        {"net.", Effect::network},   {"pause", Effect::pause}, {"clock.", Effect::clock}};
    std::set<std::string> met;
    for (const auto& [name, kind] : all_kinds()) {
        const auto group = std::ranges::find_if(
            groups, [&](const auto& each) { return sim::matches_kind(each.first, name); });
        const Effect expected = group == groups.end() ? Effect::program : group->second;
        EXPECT_EQ(kind.effect, expected) << name;
        if (group != groups.end()) met.insert(group->first);
    }
    EXPECT_EQ(met.size(), groups.size());
}

// A name that means nothing would let nothing strike.
TEST(Kinds, AreThereForWhatScenariosAllow) {
    const auto kinds = all_kinds();
    for (const Scenario& scenario : catalog()) {
        for (const std::string& name : scenario.faults) {
            EXPECT_TRUE(std::ranges::any_of(kinds,
                                            [&](const auto& kind) {
                                                return kind.second.fault &&
                                                       sim::matches_kind(name, kind.first);
                                            }))
                << scenario.name << " allows " << name;
        }
    }
}

// A storm is every fault that there is.
TEST(Kinds, AllStrikeInAStorm) {
    const Scenario& storm = *std::ranges::find(catalog(), "storm", &Scenario::name);
    for (const auto& [name, kind] : all_kinds()) {
        const bool allowed =
            std::ranges::any_of(storm.faults, [&name](const std::string& allowed_name) {
                return sim::matches_kind(allowed_name, name);
            });
        EXPECT_TRUE(allowed || !kind.fault) << name;
    }
}

}  // namespace
}  // namespace scenarios
