#include "system/model/delegation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "system/model/provider_resource.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/projects.hpp"
#include "tests/support/sim_fixture.hpp"

namespace lifecycle {
namespace {

constexpr std::array kAll = {DelegationState::queued, DelegationState::delivered,
                             DelegationState::processed, DelegationState::failed};

TEST(Delegation, StatesHaveNamesThatParseBack) {
    for (const DelegationState state : kAll) {
        EXPECT_EQ(parse_delegation_state(to_string(state)), state);
    }
    EXPECT_EQ(parse_delegation_state("done"), std::nullopt);
}

TEST(Delegation, TransitionsAreThoseOfTheTableOnly) {
    std::string legal;
    for (const DelegationState from : kAll) {
        for (const DelegationState to : kAll) {
            if (!may_transition(from, to)) continue;
            legal += std::string(to_string(from)) + ">" + std::string(to_string(to)) + " ";
        }
    }
    EXPECT_EQ(legal,
              "queued>delivered queued>processed queued>failed delivered>delivered "
              "delivered>processed delivered>failed ");
}

// The statements say which states are open, for the sake of their index; the table decides.
TEST(Delegation, RowsChangeStateAsTheTableSays) {
    for (const DelegationState from : kAll) {
        for (const DelegationState to : kAll) {
            if (to == DelegationState::queued) continue;
            tests::SimFixture at;
            const auto store = at.open_store();
            auto change = [&](Tx& tx) -> Result<DelegationState> {
                make_project(tx, "alpha", Time());
                Delegation wanted;
                wanted.project = "alpha";
                const std::string id = insert_delegation(tx, wanted, "").id;
                tx.run("UPDATE delegation SET state = ? WHERE id = ?", {to_string(from), id});
                EXPECT_EQ(count_open_delegations(tx, "alpha"), is_terminal(from) ? 0 : 1);
                if (to == DelegationState::delivered) {
                    record_delivered(tx, id, "alpha-1", Time());
                } else {
                    EXPECT_EQ(end_delegation(tx, id, to, "", Time()), may_transition(from, to));
                }
                return find_delegation(tx, id)->state;
            };
            const auto reached = store->transact_now(change);
            EXPECT_EQ(*reached, may_transition(from, to) ? to : from)
                << to_string(from) << ">" << to_string(to);
        }
    }
}

TEST(ResourceRecord, NothingLeadsBackFromGone) {
    using enum ResourceRecordState;
    EXPECT_TRUE(may_transition(asked, present));
    EXPECT_TRUE(may_transition(asked, gone));
    EXPECT_TRUE(may_transition(present, gone));
    for (const ResourceRecordState to : {asked, present}) EXPECT_FALSE(may_transition(gone, to));
    EXPECT_FALSE(may_transition(present, asked));
    for (const ResourceRecordState state : {asked, present, gone}) {
        EXPECT_EQ(parse_resource_record_state(to_string(state)), state);
    }
}

}  // namespace
}  // namespace lifecycle
