#include "sim/search/linearizability.hpp"

#include <gtest/gtest.h>

#include "properties/rules/fly_truth.hpp"

namespace properties {
namespace {

using sim::search::Call;
using sim::search::is_linearizable;

// A register: writes set it, reads must see it.
struct RegisterAction {
    bool write = false;
    int value = 0;
};
struct RegisterModel {
    using State = int;
    std::vector<int> next(int state, const RegisterAction& action) const {
        if (action.write) return {action.value};
        return action.value == state ? std::vector<int>{state} : std::vector<int>{};
    }
};
using Register = std::vector<Call<RegisterAction>>;
constexpr auto kNever = Call<RegisterAction>::kNever;

bool fits(const Register& calls) {
    return is_linearizable(calls, RegisterModel{}, 0);
}

TEST(Linearizability, FollowsTheOrderOfCallsThatDoNotOverlap) {
    EXPECT_TRUE(fits({{{true, 1}, 1, 2}, {{false, 1}, 3, 4}}));
    EXPECT_FALSE(fits({{{true, 1}, 1, 2}, {{false, 0}, 3, 4}}));
}

TEST(Linearizability, LetsOverlappingCallsTakeEffectInAnyOrder) {
    EXPECT_TRUE(fits({{{true, 1}, 1, 10}, {{false, 0}, 2, 3}, {{false, 1}, 4, 5}}));
    EXPECT_FALSE(fits({{{true, 1}, 1, 10}, {{false, 1}, 2, 3}, {{false, 0}, 4, 5}}));
}

TEST(Linearizability, CountsACallWithoutAnAnswerAsUnknown) {
    EXPECT_TRUE(fits({{{true, 1}, 1, kNever}, {{false, 0}, 5, 6}}));
    EXPECT_TRUE(fits({{{true, 1}, 1, kNever}, {{false, 0}, 5, 6}, {{false, 1}, 7, 8}}));
    EXPECT_FALSE(fits({{{true, 1}, 1, kNever}, {{false, 1}, 5, 6}, {{false, 0}, 7, 8}}));
}

using Verb = FlyAction::Verb;
using Answer = FlyAction::Answer;
using Fly = std::vector<Call<FlyAction>>;

bool fly_fits(const Fly& calls) {
    return is_linearizable(calls, FlyModel{}, FlyModel::State{});
}

TEST(FlyTruth, GivesANameToOneMachineAtATime) {
    const Call<FlyAction> first = {{Verb::create, Answer::done, "a"}, 1, 2};
    EXPECT_FALSE(fly_fits({first, {{Verb::create, Answer::done, "b"}, 3, 4}}));
    EXPECT_TRUE(fly_fits({first, {{Verb::create, Answer::conflict, "a"}, 3, 4}}));
    EXPECT_FALSE(fly_fits({first, {{Verb::create, Answer::conflict, "x"}, 3, 4}}));
    EXPECT_TRUE(fly_fits({first,
                          {{Verb::destroy, Answer::done, "a"}, 3, 4},
                          {{Verb::create, Answer::done, "b"}, 5, 6}}));
}

TEST(FlyTruth, NeverForgetsWhatItHasShownAndNeverRevivesTheDead) {
    const Call<FlyAction> first = {{Verb::create, Answer::done, "a"}, 1, 2};
    EXPECT_TRUE(fly_fits({first, {{Verb::get, Answer::missing, "a"}, 3, 4}})) << "it may lag";
    EXPECT_FALSE(fly_fits({first,
                           {{Verb::get, Answer::done, "a"}, 3, 4},
                           {{Verb::get, Answer::missing, "a"}, 5, 6}}));
    EXPECT_FALSE(fly_fits({first,
                           {{Verb::destroy, Answer::done, "a"}, 3, 4},
                           {{Verb::get, Answer::done, "a"}, 5, 6}}));
    EXPECT_TRUE(fly_fits({first,
                          {{Verb::destroy, Answer::unknown, "a"}, 3, Call<FlyAction>::kNever},
                          {{Verb::get, Answer::done, "a"}, 5, 6},
                          {{Verb::get, Answer::missing, "a"}, 7, 8}}));
}

TEST(FlyTruth, ReadsWhatCallsAndAnswersSay) {
    scenarios::ProviderCall call;
    call.request.method = "POST";
    call.request.target = "/v1/apps/vivarium/machines";
    EXPECT_EQ(fly_action(call)->answer, Answer::unknown) << "no answer came";
    call.response.emplace();
    call.response->status = 409;
    call.response->body =
        R"({"error":"already_exists: unique machine name violation, machine ID abc already exists"})";
    EXPECT_EQ(fly_action(call)->answer, Answer::conflict);
    EXPECT_EQ(fly_action(call)->id, "abc");
    call.response->status = 500;
    call.response->body = "not even JSON";
    EXPECT_EQ(fly_action(call)->answer, Answer::unknown);
    call.request.method = "GET";
    call.request.target = "/v1/apps/vivarium/machines/abc?x=y";
    call.response->status = 200;
    call.response->body = R"({"state":"destroyed"})";
    EXPECT_EQ(fly_action(call)->verb, Verb::get);
    EXPECT_EQ(fly_action(call)->answer, Answer::gone);
}

}  // namespace
}  // namespace properties
