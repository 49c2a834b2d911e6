#include "system/lifecycle/adoption.hpp"

#include <gtest/gtest.h>

namespace lifecycle {
namespace {

Resource resource(const std::string& id, ResourceState state) {
    Resource made;
    made.external_id = id;
    made.state = state;
    made.labels = {{"owner", "us"}, {"more", "labels"}};
    return made;
}

TEST(Adoption, TakesOnlyWhatBearsOurLabelsAndMountsOurVolume) {
    Resource found = resource("a", ResourceState::stopped);
    found.volume = "vol_1";
    EXPECT_EQ(judge(found, {{"owner", "us"}}, "vol_1"), Fitness::fits);
    EXPECT_EQ(judge(found, {{"owner", "us"}}, "vol_2"), Fitness::other_volume);
    EXPECT_EQ(judge(found, {{"owner", "us"}}, ""), Fitness::other_volume);
    EXPECT_EQ(judge(found, {{"owner", "them"}}, "vol_1"), Fitness::not_ours);
    EXPECT_EQ(judge(found, {{"owner", "us"}, {"absent", "label"}}, "vol_1"), Fitness::not_ours);
}

TEST(Adoption, PrefersWhatIsFurthestOnItsWay) {
    EXPECT_EQ(best_candidate({}), nullptr);
    EXPECT_EQ(best_candidate({resource("a", ResourceState::destroying),
                              resource("b", ResourceState::destroyed)}),
              nullptr);
    const std::vector<Resource> found = {
        resource("a", ResourceState::stopped), resource("b", ResourceState::failed),
        resource("c", ResourceState::started), resource("d", ResourceState::starting)};
    EXPECT_EQ(best_candidate(found)->external_id, "c");
}

}  // namespace
}  // namespace lifecycle
