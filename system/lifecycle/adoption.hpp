#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "system/providers/provider.hpp"

// Which of the resources that are there may become a machine's. Pure judgement: no I/O.
namespace lifecycle {

enum class Fitness : std::uint8_t {
    fits,
    not_ours,      // it does not have our labels: it must not be touched
    other_volume,  // ours, but it mounts another volume than the machine has to
    unknown,       // its provider knows only a part of it now: wait
};

Fitness judge(const Resource& resource, const Labels& ours, const std::string& volume);

// The resource that is furthest on its way, among those that are not leaving; null if none is. One
// that is partial comes last: it keeps others from being made.
const Resource* best_candidate(const std::vector<Resource>& found);

}  // namespace lifecycle
