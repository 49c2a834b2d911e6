#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/world/time.hpp"
#include "system/ports/http.hpp"

namespace fakes {

// How often a provider lets itself be asked, by its documentation.
class Pace {
  public:
    virtual ~Pace() = default;
    // What is asked too often, if this request of that server makes it so.
    virtual std::optional<std::string> exceeded_by(const std::string& server,
                                                   const lifecycle::HttpRequest& request,
                                                   sim::VirtualTime sent_at) = 0;
    // A server that starts anew cannot know what it asked before.
    virtual void on_server_down(const std::string& /*server*/) {}
};

// That of a provider which may be asked as often as one likes: none.
inline std::unique_ptr<Pace> unpaced() {
    return nullptr;
}

// Requests that one is let make at once, and so many more each second.
class Allowance {
  public:
    Allowance(std::int64_t per_second, std::int64_t burst)
        : each_(sim::Duration(std::chrono::seconds(1)) / per_second), burst_(burst * each_) {}
    // Whether there was one left.
    bool take(sim::VirtualTime now) {
        full_ = std::max(full_, now) + each_;
        return full_ - now <= burst_;
    }

  private:
    sim::Duration each_;
    sim::Duration burst_;
    sim::VirtualTime full_{};  // when it will be full again
};

}  // namespace fakes
