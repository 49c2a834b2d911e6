#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "fakes/fly/cloud.hpp"
#include "fakes/fly/dialect.hpp"
#include "fakes/json.hpp"
#include "fakes/timestamp.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

// The volumes of Fly's Machines API, and where there is room beside them.
namespace fakes {

using lifecycle::Duration;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

json to_json(const FlyVolume& volume) {
    json described = {
        {"id", volume.id},
        {"name", volume.name},
        {"state", volume.state},
        {"size_gb", volume.size_gb},
        {"region", volume.region},
        {"zone", "zone-1"},
        {"encrypted", true},
        {"created_at", timestamp(volume.created_at)},
        {"snapshot_retention", 5},
        {"attached_machine_id", nullptr},
        {"attached_alloc_id", nullptr},
        {"host_status", volume.host_down ? "unreachable" : "ok"},
    };
    if (!volume.attached_machine.empty())
        described["attached_machine_id"] = volume.attached_machine;
    return described;
}

HttpResponse volume_not_found() {
    return refuse(404, "not_found: volume not found");
}

bool is_leaving(const FlyVolume& volume) {
    return volume.state == "scheduling_destroy" || volume.state == "pending_destroy";
}

}  // namespace

HttpResponse FlyCloud::respond_about_volumes(const HttpRequest& request, std::string_view path) {
    constexpr std::string_view kSnapshots = "/snapshots";
    const bool about_snapshots = path.ends_with(kSnapshots);
    if (about_snapshots) path.remove_suffix(kSnapshots.size());
    const std::string id(path);
    const bool read = request.method == "GET";
    if (!limits_.take(request.method + " volumes", id.empty() ? options_.app : id, 1, 3,
                      clock_.now())) {
        return refuse(429, "rate limit exceeded");
    }
    if (id.empty() && request.method == "POST") return create_volume(request);
    if (id.empty() && read) {
        std::vector<json> all;
        for (const auto& [key, volume] : volumes_) {
            if (volume.visible_at <= clock_.now()) all.push_back(to_json(volume));
        }
        // In no order that anybody promised.
        if (all.size() > 1) {
            const std::uint64_t first = tape_.draw(order_lane_, 4) % all.size();
            std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(first));
        }
        return reply(200, all);
    }
    const auto found = volumes_.find(id);
    if (found == volumes_.end()) return volume_not_found();
    if (about_snapshots) {
        return request.method == "POST" ? snapshot_volume(found->second)
                                        : refuse(404, "not_found: no such route");
    }
    if (read && clock_.now() < found->second.visible_at) return volume_not_found();
    if (read) return reply(200, to_json(found->second));
    if (request.method == "DELETE") return destroy_volume(id);
    return refuse(404, "not_found: no such route");
}

void FlyCloud::hide_volume(const std::string& id, Duration duration) {
    volumes_.at(id).visible_at = clock_.now() + duration;
}

HttpResponse FlyCloud::snapshot_volume(FlyVolume& volume) {
    if (is_leaving(volume)) return volume_not_found();
    if (volume.host_down) return refuse(503, "unavailable: host unreachable");
    if (volume.snapshots > 0 && clock_.now() - volume.snapshot_at < seconds(15)) {
        return refuse(412, "failed_precondition: snapshot is already scheduled for this volume");
    }
    ++volume.snapshots;
    volume.snapshot_at = clock_.now();
    return reply(200, json::object());
}

HttpResponse FlyCloud::create_volume(const HttpRequest& request) {
    const json body = json_or_null(request.body);
    const std::string name = body.is_object() ? body.value("name", "") : "";
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (name.empty() || name.size() > 30 || name.find_first_not_of(kLetters) != std::string::npos) {
        return refuse(400, "invalid_argument: volume name must be lowercase alphanumeric or _");
    }
    const std::string region = body.value("region", options_.region);
    if (options_.full_regions.contains(region) || options_.full_of_volumes) {
        return reply(422, json{{"error", "could not find a candidate host"},
                               {"status", "insufficient_capacity"}});
    }
    if (options_.lost_volumes > 0) {
        --options_.lost_volumes;
        return refuse(500, "internal: server error");
    }
    const std::string source = body.value("source_volume_id", "");
    const auto copied = volumes_.find(source);
    // One that is being destroyed is still shown, and cannot be forked any more.
    if (!source.empty() && (copied == volumes_.end() || is_leaving(copied->second))) {
        return volume_not_found();
    }
    if (!source.empty() && copied->second.host_down) {
        return refuse(503, "unavailable: host unreachable");
    }
    if (!source.empty() && copied->second.state != "created" && !options_.fork_half_filled) {
        return refuse(
            412, fmt::format("failed_precondition: volume {} is {}", source, copied->second.state));
    }
    FlyVolume volume;
    volume.id = fmt::format("vol_{:016x}", 0x4a5e6b0000000000ULL + ++volumes_created_);
    volume.name = name;
    volume.region = region;
    volume.size_gb = body.value("size_gb", 3);
    volume.created_at = clock_.now();
    // A fork can be mounted while it is still being filled.
    volume.state = source.empty() ? "created" : "hydrating";
    volume.source = source;
    if (!source.empty()) volume.awaited = copied->second.holds;
    FlyVolume& kept = volumes_.emplace(volume.id, volume).first->second;
    if (!source.empty()) hydrate(kept);
    HttpResponse response = reply(200, to_json(kept));
    if (options_.vanishing_volumes > 0) {
        --options_.vanishing_volumes;
        kept.state = "pending_destroy";
    }
    return response;
}

void FlyCloud::hydrate(FlyVolume& fork) {
    const Duration takes = drawn(hydrate_lane_, minutes(1), minutes(1), 10);
    later(volumes_, fork, takes + options_.hydrate_delay, [this](FlyVolume& filled) {
        // Blocks come from the source for as long as its host answers.
        if (volumes_.at(filled.source).host_down) return hydrate(filled);
        filled.holds.merge(filled.awaited);
        filled.awaited.clear();
        filled.source.clear();
        filled.state = "created";
    });
}

void FlyCloud::strand_forks(const std::string& source) {
    for (auto& [id, fork] : volumes_) {
        if (fork.source != source) continue;
        ++fork.episode;
        fork.awaited.clear();
    }
}

HttpResponse FlyCloud::destroy_volume(const std::string& id) {
    FlyVolume& volume = volumes_.at(id);
    if (!volume.attached_machine.empty()) {
        return refuse(412, fmt::format("failed_precondition: volume is currently bound to machine: "
                                       "{}",
                                       volume.attached_machine));
    }
    // Kept for a day, in which reads still show it.
    if (!is_leaving(volume)) {
        volume.state = "pending_destroy";
        ++volume.episode;  // it is filled no further
        strand_forks(id);
        clock_.schedule(clock_.now() + hours(24), [this, id] { volumes_.erase(id); });
    }
    return reply(200, to_json(volume));
}

std::optional<HttpResponse> FlyCloud::refuse_for_room(const std::string& region,
                                                      const std::string& volume) {
    if (!volume.empty()) {
        const auto found = volumes_.find(volume);
        if (found == volumes_.end() || is_leaving(found->second)) {
            return refuse(400, "volume not found");
        }
        if (!found->second.attached_machine.empty()) {
            return refuse(412, fmt::format("failed_precondition: volume already claimed by machine "
                                           "{}",
                                           found->second.attached_machine));
        }
        if (found->second.region != region) {
            return refuse(400, "invalid_argument: volume is in another region");
        }
    }
    const std::uint64_t drawn = tape_.draw(capacity_lane_, 5);
    const bool unreached = !volume.empty() && volumes_.at(volume).host_down;
    if (!volume.empty() &&
        (drawn == 4 || unreached || options_.stranded_volumes.contains(volume))) {
        return refuse(412, fmt::format("insufficient resources to create new machine with existing "
                                       "volume '{}'",
                                       volume));
    }
    if (drawn == 1 || options_.crowded_volumes.contains(volume)) {
        return refuse(409,
                      "aborted: could not reserve resource for machine: insufficient memory "
                      "available to fulfill request on the current host");
    }
    if (drawn == 2) return refuse(409, "aborted: no capacity");
    if (drawn == 3 || options_.full_regions.contains(region)) {
        return reply(422, json{{"error", "could not find a candidate host"},
                               {"status", "insufficient_capacity"}});
    }
    return std::nullopt;
}

void FlyCloud::detach_volume(const FlyMachine& machine) {
    if (machine.volume.empty()) return;
    clock_.schedule(
        clock_.now() + seconds(1) * static_cast<std::int64_t>(tape_.draw(linger_lane_, 10)),
        [this, volume = machine.volume, id = machine.id] {
            const auto found = volumes_.find(volume);
            if (found != volumes_.end() && found->second.attached_machine == id) {
                found->second.attached_machine.clear();
            }
        });
}

}  // namespace fakes
