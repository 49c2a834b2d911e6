#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "properties/rules/fairness.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/json.hpp"

namespace properties {
namespace {

using nlohmann::json;

// How long a provider may answer nothing before that has to be said, and after how many calls.
constexpr sim::Duration kSilence = std::chrono::minutes(10);
constexpr std::int64_t kCalls = 3;

class OutageIsSaid final : public Property {
  public:
    OutageIsSaid()
        : Property("outage-is-said",
                   "The health route says that a provider is out of reach once it has answered "
                   "nothing for ten minutes, and not any more when it has answered.") {}

    void on_provider_call(const scenarios::ProviderCall& call) override {
        Calls& calls = calls_[call.server][call.provider];
        if (call.response && call.response->status < 500) {
            calls.failed = 0;
        } else if (calls.failed++ == 0) {
            calls.failing_since = call.sent_at;
        }
    }
    // What it knew is forgotten with it, and the calls that it had in hand end with it.
    void on_server_down(const std::string& server) override { calls_.erase(server); }

    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        if (answer.request.target != "/v1/health") return;
        const json said =
            lifecycle::json_or_null(answer.response.body).value("providers", json::object());
        for (const auto& [provider, calls] : calls_[answer.server]) {
            const bool in_reach = said.value(provider, json::object()).value("in_reach", true);
            const sim::Duration silent = answer.at - calls.failing_since;
            if (calls.failed == 0 && !in_reach) {
                broken(fmt::format("{} has answered, and is said to be out of reach", provider));
            }
            if (calls.failed >= kCalls && silent >= kSilence && in_reach) {
                broken(fmt::format(
                    "{} has answered none of {} calls in {} s, and nothing is said of it", provider,
                    calls.failed,
                    std::chrono::duration_cast<std::chrono::seconds>(silent).count()));
            }
        }
    }

  private:
    struct Calls {
        std::int64_t failed = 0;  // in a row
        sim::VirtualTime failing_since{};
    };
    std::map<std::string, std::map<std::string, Calls>> calls_;  // by server and provider
};

}  // namespace

std::unique_ptr<Property> outage_is_said() {
    return std::make_unique<OutageIsSaid>();
}

}  // namespace properties
