#pragma once

#include <set>
#include <string>

#include "scenarios/watch/witness.hpp"

namespace properties {

// The POST requests that have reached a server and are not answered: what clients want done now.
// One whose server died stays: it may have had its effect.
class Unanswered {
  public:
    void ask(const std::string& method, const std::string& target) {
        if (method == "POST") targets_.insert(target);
    }
    void answer(const scenarios::ServerAnswer& answer) {
        const auto found = targets_.find(answer.request.target);
        if (answer.request.method == "POST" && found != targets_.end()) targets_.erase(found);
    }
    bool contains(const std::string& target) const { return targets_.contains(target); }

  private:
    std::multiset<std::string> targets_;
};

}  // namespace properties
