#include "fakes/fly/pace.hpp"

#include <map>
#include <utility>

#include "fakes/pace.hpp"
#include "sim/world/time.hpp"
#include "system/ports/http.hpp"

namespace fakes {
namespace {

// "POST /v1/apps/x/machines/1/start" of "/v1/apps/x/machines/1/start?..."; a list is not a machine.
std::string action_of(const lifecycle::HttpRequest& request) {
    return request.method + " " + request.target.substr(0, request.target.find('?'));
}

bool reads_one_machine(const lifecycle::HttpRequest& request) {
    constexpr std::string_view kMachines = "/machines/";
    const auto found = request.target.find(kMachines);
    return request.method == "GET" && found != std::string::npos &&
           request.target.find('/', found + kMachines.size()) == std::string::npos;
}

// One action on one machine, or on the app, once a second and thrice at once; reading one machine
// five times a second, and ten at once.
class FlyPace final : public Pace {
  public:
    std::optional<std::string> exceeded_by(const std::string& server,
                                           const lifecycle::HttpRequest& request,
                                           sim::VirtualTime sent_at) override {
        const bool one = reads_one_machine(request);
        auto [allowance, fresh] = allowances_[server].try_emplace(
            action_of(request), Allowance(one ? 5 : 1, one ? 10 : 3));
        if (allowance->second.take(sent_at)) return std::nullopt;
        return allowance->first;
    }
    void on_server_down(const std::string& server) override { allowances_.erase(server); }

  private:
    std::map<std::string, std::map<std::string, Allowance>> allowances_;  // by server and action
};

}  // namespace

std::unique_ptr<Pace> fly_pace() {
    return std::make_unique<FlyPace>();
}

}  // namespace fakes
