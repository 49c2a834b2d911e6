#include "system/model/machine.hpp"

#include <gtest/gtest.h>

#include <array>

#include "system/model/reasons.hpp"

namespace lifecycle {
namespace {

using enum MachineState;
constexpr std::array kAll = {starting, active, detached, archived, failed};

TEST(Machine, StatesHaveNamesThatParseBack) {
    for (const MachineState state : kAll) EXPECT_EQ(parse_machine_state(to_string(state)), state);
    EXPECT_EQ(parse_machine_state("destroyed"), std::nullopt);
}

TEST(Machine, TransitionsAreThoseOfTheTableOnly) {
    std::string legal;
    for (const MachineState from : kAll) {
        for (const MachineState to : kAll) {
            if (!may_transition(from, to)) continue;
            legal += std::string(to_string(from)) + ">" + std::string(to_string(to)) + " ";
        }
    }
    EXPECT_EQ(legal,
              "starting>active starting>detached starting>failed active>detached "
              "detached>archived ");
}

TEST(Machine, ArchivedAndFailedAreTerminal) {
    for (const MachineState state : kAll) {
        EXPECT_EQ(is_terminal(state), state == archived || state == failed) << to_string(state);
    }
}

TEST(Machine, ProjectIdsAreShortAndPlain) {
    for (const char* good : {"a", "alpha", "alpha-2", "a23456789012345678901234567890123456789"}) {
        EXPECT_TRUE(is_valid_project_id(good)) << good;
    }
    for (const char* bad : {"", "2alpha", "-a", "Alpha", "a_b", "a/b", "a b", "\xc3\xa4",
                            "a2345678901234567890123456789012345678901"}) {
        EXPECT_FALSE(is_valid_project_id(bad)) << bad;
    }
}

TEST(Reasons, AreKnownByTheirWordsWhateverFollows) {
    constexpr std::array kReasons = {Reason::no_sign_of_life, Reason::crash_loop, Reason::gone};
    for (const Reason reason : kReasons) {
        const std::string said = std::string(to_text(reason)) + ", and more";
        for (const Reason other : kReasons) EXPECT_EQ(says(said, other), other == reason) << said;
        EXPECT_FALSE(says("it is " + said, reason)) << said;
    }
}

}  // namespace
}  // namespace lifecycle
