#include "system/lifecycle/attempt.hpp"

#include <gtest/gtest.h>

namespace lifecycle {
namespace {

TEST(Attempt, AProviderThatIsNotThereMayBeAfterAnotherStart) {
    const Outcome outcome = without_provider("fly");
    ASSERT_TRUE(std::holds_alternative<Retry>(outcome));
    EXPECT_EQ(std::get<Retry>(outcome).reason, "this control plane has no provider fly");
}

TEST(Attempt, OnlyWhatNoAttemptCanChangeIsBuried) {
    using enum ProviderErrorClass;
    for (const ProviderErrorClass kind :
         {gone, conflict, busy, capacity_host, capacity_volume, capacity_region, volume_gone,
          throttled, not_yet, ambiguous, unknown}) {
        EXPECT_TRUE(std::holds_alternative<Retry>(after(ProviderError(kind, ""))))
            << to_string(kind);
    }
    EXPECT_TRUE(std::holds_alternative<GiveUp>(after(ProviderError(permanent, ""))));
}

TEST(Attempt, WaitsAsLongAsTheProviderSays) {
    ProviderError throttled(ProviderErrorClass::throttled, "");
    throttled.retry_after = std::chrono::seconds(40);
    EXPECT_EQ(std::get<Retry>(after(throttled)).at_least, std::chrono::seconds(40));
    const ProviderError full(ProviderErrorClass::capacity_host, "");
    EXPECT_EQ(std::get<Retry>(after(full)).at_least, std::chrono::seconds(15));
}

}  // namespace
}  // namespace lifecycle
