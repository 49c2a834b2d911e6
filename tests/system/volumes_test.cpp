#include "system/rows/volumes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "system/rows/projects.hpp"
#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

using enum VolumeState;

NewVolume wanted(const std::string& project) {
    return {project, "fly", "ams", 3};
}

// Makes a row, and gives what `then` makes of it in the same transaction.
template <class Then>
auto with_volume(Store& store, const std::string& project, std::string_view installation,
                 Then then) {
    auto body = [&](Tx& tx) -> Result<decltype(then(tx, std::declval<VolumeRow>()))> {
        make_project(tx, project, Time());
        return then(tx, insert_volume(tx, wanted(project), installation));
    };
    return *store.transact_now(body);
}

std::string name_of(Store& store, const std::string& project, std::string_view installation) {
    return with_volume(store, project, installation,
                       [](Tx&, const VolumeRow& volume) { return volume.name; });
}

TEST(Volumes, AreNamedAfterInstallationAndProjectAndNeverTwiceTheSame) {
    tests::SimFixture at;
    const auto store = at.open_store();
    const std::string project(40, 'p');
    const std::string first = name_of(*store, project, "one");
    EXPECT_LE(first.size() + 4, 30U) << "with room for a number of five digits";
    EXPECT_EQ(first.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos);
    EXPECT_NE(first, name_of(*store, project, "one"));
    tests::SimFixture elsewhere;
    const auto other = elsewhere.open_store();
    EXPECT_EQ(first, name_of(*other, project, "one"));
    tests::SimFixture third;
    EXPECT_NE(first, name_of(*third.open_store(), project, "another"));
}

TEST(Volumes, OfProjectsThatANameCannotTellApartHaveDifferentNames) {
    tests::SimFixture at;
    const auto store = at.open_store();
    std::set<std::string> names;
    for (const char* project :
         {"tenant-97018", "tenant-180400", "tenant-97019", "tenant-180401", "tenant-97018"}) {
        EXPECT_TRUE(names.insert(name_of(*store, project, "one")).second) << project;
    }
}

TEST(Volumes, AreWhatTheirIdSaysFromTheFirstTimeOn) {
    tests::SimFixture at;
    const auto store = at.open_store();
    const bool once = with_volume(*store, "alpha", "one", [](Tx& tx, const VolumeRow& volume) {
        return set_volume_present(tx, volume, "vol_1", "fra") &&
               find_volume(tx, volume.name)->region == "fra" &&
               find_volume_by_id(tx, "fly", "vol_1")->name == volume.name &&
               !set_volume_present(tx, volume, "vol_2", "ams");
    });
    EXPECT_TRUE(once);
}

TEST(Volumes, LeaveNoStateThatTheTableDoesNotAllow) {
    tests::SimFixture at;
    const auto store = at.open_store();
    auto skip = [](Tx& tx, const VolumeRow& volume) { return transition(tx, volume, gone); };
    EXPECT_THROW(static_cast<void>(with_volume(*store, "alpha", "one", skip)), std::logic_error);
    for (const VolumeState state : std::array{planned, asked, present, superseded, leaving, gone}) {
        EXPECT_EQ(parse_volume_state(to_string(state)), state);
        EXPECT_FALSE(may_transition(gone, state));
        EXPECT_EQ(may_transition(leaving, state), state == gone);
    }
}

}  // namespace
}  // namespace lifecycle
