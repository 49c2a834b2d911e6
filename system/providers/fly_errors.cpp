#include <string>
#include <string_view>

#include "system/model/json.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/fly.hpp"

// What the answers of the Machines API mean. Rows are tried from the top; the first that matches
// decides. A provider's text is matched where its status alone would mislead.
namespace lifecycle {
namespace {

using enum ProviderErrorClass;

struct StatusWord {
    std::string_view word;
    ProviderErrorClass error_class;
};
constexpr StatusWord kStatusWords[] = {
    {"insufficient_capacity", capacity_region},
    {"volume_placement_capacity", capacity_volume},
    {"name_taken", permanent},
};

constexpr TextRule kTexts[] = {
    {"unique machine name violation", conflict},
    {"lease currently held", busy},
    {"concurrent update", busy},
    {"already being updated", busy},
    {"version mismatch", busy},
    {"create new machine with existing volume", capacity_volume},
    {"could not reserve resource", capacity_host},
    {"insufficient resources", capacity_host},
    {"insufficient memory", capacity_host},
    {"insufficient CPUs", capacity_host},
    {"insufficient IPs", capacity_host},
    {"no capacity", capacity_region},
    {"could not find a candidate host", capacity_region},
    {"over the allowed quota", capacity_region},
    {"unable to start machine from current state", busy},
    {"machine still active", busy},
    {"unable to destroy machine", busy},
    {"volume is currently bound", busy},
    {"volume already claimed", busy},
    {"snapshot is already scheduled", busy},
    {"not yet available", busy},
    {"volume not found", volume_gone},
    {"failed to reach desired state", not_yet},
    {"machine still starting", not_yet},
};

constexpr StatusRule kCodes[] = {
    {400, 401, permanent}, {403, 403, permanent}, {404, 404, gone},      {408, 408, ambiguous},
    {422, 422, permanent}, {429, 429, throttled}, {500, 599, ambiguous},
};

constexpr StateWord kStates[] = {
    {"created", ResourceState::preparing},    {"creating", ResourceState::preparing},
    {"starting", ResourceState::starting},    {"started", ResourceState::started},
    {"restarting", ResourceState::starting},  {"updating", ResourceState::starting},
    {"replacing", ResourceState::starting},   {"stopping", ResourceState::stopping},
    {"suspending", ResourceState::stopping},  {"stopped", ResourceState::stopped},
    {"suspended", ResourceState::stopped},    {"failed", ResourceState::failed},
    {"launch_failed", ResourceState::failed}, {"destroying", ResourceState::destroying},
    {"destroyed", ResourceState::destroyed},  {"replaced", ResourceState::destroyed},
    {"migrated", ResourceState::destroyed},
};

// "... machine ID <id> already exists with name ..."; empty if the text is not of that form.
std::string conflicting_id(std::string_view text) {
    constexpr std::string_view kBefore = "machine ID ";
    constexpr std::string_view kAfter = " already exists with name ";
    const auto before = text.find(kBefore);
    if (before == std::string_view::npos) return {};
    const auto begin = before + kBefore.size();
    const auto end = text.find(kAfter, begin);
    if (end == std::string_view::npos || end == begin) return {};
    const std::string_view id = text.substr(begin, end - begin);
    return id.find(' ') == std::string_view::npos ? std::string(id) : std::string();
}

}  // namespace

ResourceState parse_fly_state(std::string_view state) {
    return state_of(kStates, state);
}

ProviderError classify_fly_error(int status, std::string_view body) {
    const auto parsed = json_or_null(body);
    const std::string word = text_in(parsed, "status");
    const std::string complaint = text_in(parsed, "error");
    const std::string said = complaint.empty() ? text_in(parsed, "message") : complaint;
    ProviderError error(unknown, std::string(body));
    for (const StatusWord& row : kStatusWords) {
        if (row.word == word) {
            error.error_class = row.error_class;
            return error;
        }
    }
    const auto meant = class_of_text(kTexts, said);
    // A server error says nothing about the request, whatever its text; and a volume that was asked
    // for by itself and not found is simply gone.
    if (meant && status < 500 && !(*meant == volume_gone && status == 404)) {
        error.error_class = *meant;
        if (*meant == conflict) error.conflicting_id = conflicting_id(said);
        return error;
    }
    error.error_class = class_of_status(kCodes, status);
    return error;
}

}  // namespace lifecycle
