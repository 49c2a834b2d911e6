#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "fakes/daytona/cloud.hpp"
#include "fakes/json.hpp"
#include "fakes/json_reply.hpp"
#include "fakes/query.hpp"
#include "system/ports/http.hpp"

// Lists of Daytona's sandboxes: eventually consistent, and in pages.
namespace fakes {

using lifecycle::HttpResponse;
using nlohmann::json;

HttpResponse DaytonaCloud::list(std::string_view query, std::string_view path) {
    const std::string filter = parameter(query, "labels");
    const json labels = json_or_null(filter);
    if (!filter.empty() && !labels.is_object()) {
        constexpr std::string_view kSaid = "Invalid labels JSON format";
        return malformed(kSaid, refuse(400, kSaid, path));
    }
    std::size_t limit = 100;
    if (const std::string asked = parameter(query, "limit"); !asked.empty()) {
        const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), limit);
        if (error != std::errc() || end != asked.data() + asked.size() || limit < 1 ||
            limit > 200) {
            constexpr std::string_view kSaid = "limit must not be greater than 200";
            return malformed(kSaid, refuse(400, kSaid, path));
        }
    }
    limit = std::min(limit, options_.max_page);
    // In the order of creation; a cursor is the place of the last sandbox of the page before.
    const std::string cursor = parameter(query, "cursor");
    std::map<std::string, const Sandbox*> in_order;
    for (const auto& [id, sandbox] : sandboxes_) {
        if (sandbox.state == "destroyed" || clock_.now() < sandbox.listed_from) continue;
        if (sandbox.state == "error" && sandbox.desired == "destroyed") continue;
        std::string place =
            fmt::format("{:020}-{}", sandbox.created_at.time_since_epoch().count(), id);
        if (place <= cursor) continue;
        const json own = sandbox.wanted.value("labels", json::object());
        bool matches = true;
        if (labels.is_object()) {
            for (const auto& [name, value] : labels.items()) {
                matches = matches && own.contains(name) && own[name] == value;
            }
        }
        if (matches) in_order[std::move(place)] = &sandbox;
    }
    json items = json::array();
    std::string last;
    for (const auto& [place, sandbox] : in_order) {
        if (items.size() == limit) break;
        items.push_back(to_list_item(*sandbox));
        last = place;
    }
    json next;
    if (items.size() < in_order.size()) next = last;
    return reply(200, json{{"items", std::move(items)}, {"nextCursor", std::move(next)}});
}

}  // namespace fakes
