#include "fakes/daytona/pace.hpp"

#include <vector>

#include "fakes/pace.hpp"
#include "sim/world/time.hpp"
#include "system/ports/http.hpp"

namespace fakes {
namespace {

// 30 changes in any second, whoever makes them.
class DaytonaPace final : public Pace {
  public:
    std::optional<std::string> exceeded_by(const std::string& /*server*/,
                                           const lifecycle::HttpRequest& request,
                                           sim::VirtualTime sent_at) override {
        constexpr std::size_t kMax = 30;
        if (request.method == "GET") return std::nullopt;
        const sim::VirtualTime since = sent_at - std::chrono::seconds(1);
        std::erase_if(last_, [&](sim::VirtualTime at) { return at <= since; });
        last_.push_back(sent_at);
        if (last_.size() <= kMax) return std::nullopt;
        return "changes at daytona";
    }

  private:
    std::vector<sim::VirtualTime> last_;  // of the last second
};

}  // namespace

std::unique_ptr<Pace> daytona_pace() {
    return std::make_unique<DaytonaPace>();
}

}  // namespace fakes
