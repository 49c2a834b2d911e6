#include "system/lifecycle/adoption.hpp"

#include "system/lifecycle/ownership.hpp"
#include "system/providers/dialect.hpp"

namespace lifecycle {
namespace {

// Lower is better.
int rank_of(const Resource& resource) {
    if (resource.partial) return 8;
    switch (resource.state) {
        case ResourceState::started: return 0;
        case ResourceState::starting: return 1;
        case ResourceState::stopped: return 2;
        case ResourceState::preparing: return 3;
        case ResourceState::stopping: return 4;
        case ResourceState::unknown: return 5;
        case ResourceState::failed: return 6;
        case ResourceState::destroying:
        case ResourceState::destroyed: return 7;
    }
    return 7;
}

}  // namespace

Fitness judge(const Resource& resource, const Labels& ours, const std::string& volume) {
    if (resource.partial) return Fitness::unknown;
    if (!has_labels(resource, ours)) return Fitness::not_ours;
    return resource.volume == volume ? Fitness::fits : Fitness::other_volume;
}

const Resource* best_candidate(const std::vector<Resource>& found) {
    const Resource* best = nullptr;
    for (const Resource& resource : found) {
        if (is_leaving(resource)) continue;
        if (best == nullptr || rank_of(resource) < rank_of(*best)) best = &resource;
    }
    return best;
}

}  // namespace lifecycle
