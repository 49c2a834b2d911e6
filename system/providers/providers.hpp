#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "system/providers/provider.hpp"

namespace lifecycle {

// The clouds that this control plane may use, by the name that machines are recorded with.
class Providers {
  public:
    // The provider must outlive this and its copies.
    void add(std::string name, Provider& provider) { all_[std::move(name)] = &provider; }

    // Null if there is none of that name.
    Provider* find(std::string_view name) const {
        const auto found = all_.find(name);
        return found == all_.end() ? nullptr : found->second;
    }

    // By name.
    const std::map<std::string, Provider*, std::less<>>& all() const { return all_; }

  private:
    std::map<std::string, Provider*, std::less<>> all_;
};

}  // namespace lifecycle
