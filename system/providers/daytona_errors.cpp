#include <string>
#include <string_view>

#include "system/model/json.hpp"
#include "system/providers/daytona.hpp"
#include "system/providers/dialect.hpp"

// What the answers of Daytona's API mean. Rows are tried from the top; the first that matches
// decides.
namespace lifecycle {
namespace {

using enum ProviderErrorClass;

constexpr TextRule kTexts[] = {
    // The sandbox is there: it may have failed, or may still start. Whatever the reason behind it.
    {"Sandbox failed to start", ambiguous},
    {"already exists", conflict},
    {"state change in progress", busy},
    {"State change in progress", busy},
    {"modified by another operation", busy},
    {"not in a valid state", busy},
    {"not in valid state", busy},
    {"not in a stoppable state", busy},
    {"recovery has been attempted recently", busy},
    {"failed to resolve container IP", busy},
    {"is in an errored state", permanent},
    {"No available nodes", capacity_region},
    {"No available runners", capacity_region},
    {"quota", capacity_region},
    {"limit exceeded", capacity_region},
};
constexpr StatusRule kCodes[] = {
    {400, 401, permanent}, {403, 403, permanent}, {404, 404, gone},      {408, 408, ambiguous},
    {409, 409, busy},      {422, 422, permanent}, {429, 429, throttled}, {500, 599, ambiguous},
};

constexpr StateWord kStates[] = {
    {"creating", ResourceState::starting},
    {"restoring", ResourceState::starting},
    {"starting", ResourceState::starting},
    {"pending_build", ResourceState::starting},
    {"building_snapshot", ResourceState::starting},
    {"pulling_snapshot", ResourceState::starting},
    {"resuming", ResourceState::starting},
    {"started", ResourceState::started},
    {"resizing", ResourceState::started},
    {"snapshotting", ResourceState::started},
    {"forking", ResourceState::started},
    {"stopping", ResourceState::stopping},
    {"pausing", ResourceState::stopping},
    {"archiving", ResourceState::stopping},
    {"stopped", ResourceState::stopped},
    {"paused", ResourceState::stopped},
    {"archived", ResourceState::stopped},
    {"error", ResourceState::failed},
    {"build_failed", ResourceState::failed},
    {"destroying", ResourceState::destroying},
    {"destroyed", ResourceState::destroyed},
};

}  // namespace

ResourceState parse_daytona_state(std::string_view state, std::string_view desired) {
    const ResourceState now = state_of(kStates, state);
    const bool unwanted = desired == "destroyed";
    // A runner says "destroyed" of what it has not seen yet; only a wish makes it true.
    if (now == ResourceState::destroyed) return unwanted ? now : ResourceState::unknown;
    if (now == ResourceState::unknown || !unwanted) return now;
    return ResourceState::destroying;
}

ProviderError classify_daytona_error(int status, std::string_view body) {
    const auto parsed = json_or_null(body);
    const std::string said = text_in(parsed, "message");
    ProviderError error(unknown, std::string(body));
    // A server error says nothing about the request, and 429 only that there were too many.
    if (status < 500 && status != 429) {
        if (const auto meant = class_of_text(kTexts, said)) {
            error.error_class = *meant;
            return error;
        }
    }
    error.error_class = class_of_status(kCodes, status);
    return error;
}

}  // namespace lifecycle
