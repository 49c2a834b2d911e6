#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "system/providers/provider.hpp"

namespace lifecycle {

// In words: machines are recorded with a provider of that name, and this control plane has none.
inline std::string no_such_provider(std::string_view name) {
    return "this control plane has no provider " + std::string(name);
}

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

    // The same providers, asked for that reason.
    Providers as(CallClass call_class) const {
        Providers same;
        for (const auto& [name, provider] : all_) same.add(name, provider->as(call_class));
        return same;
    }

    // By name.
    const std::map<std::string, Provider*, std::less<>>& all() const { return all_; }

  private:
    std::map<std::string, Provider*, std::less<>> all_;
};

// The providers as each part asks them: why it does so is known by who it is.
struct ProvidersByClass {
    explicit ProvidersByClass(const Providers& all)
        : person(all.as(CallClass::person)),
          healing(all.as(CallClass::healing)),
          provisioning(all.as(CallClass::provisioning)),
          probing(all.as(CallClass::probing)),
          sweeping(all.as(CallClass::sweeping)) {}

    Providers person;
    Providers healing;
    Providers provisioning;
    Providers probing;
    Providers sweeping;
};

}  // namespace lifecycle
