#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "system/ports/time.hpp"

namespace fakes {

// Token buckets, one for each action and identifier.
class RateLimits {
  public:
    // Takes a token if there is one. A bucket starts full with `burst` and gains `per_second`.
    bool take(const std::string& action, const std::string& id, std::int64_t per_second,
              std::int64_t burst, lifecycle::Time now) {
        constexpr std::int64_t kToken = 1'000'000;
        auto [found, fresh] = buckets_.try_emplace({action, id}, Bucket{burst * kToken, now});
        Bucket& bucket = found->second;
        const std::int64_t gained = (now - bucket.at).count() * per_second;
        bucket.level = std::min(burst * kToken, bucket.level + gained);
        bucket.at = now;
        if (bucket.level < kToken) return false;
        bucket.level -= kToken;
        return true;
    }

    // The identifier will not be used again.
    void forget(const std::string& id) {
        std::erase_if(buckets_, [&](const auto& bucket) { return bucket.first.second == id; });
    }

  private:
    struct Bucket {
        std::int64_t level;  // in millionths of a token
        lifecycle::Time at;
    };
    std::map<std::pair<std::string, std::string>, Bucket> buckets_;
};

}  // namespace fakes
