#include <string>
#include <string_view>

#include "system/model/json.hpp"
#include "system/providers/dialect.hpp"
#include "system/providers/docker.hpp"

// What the answers of the Docker Engine mean. Rows are tried from the top; the first that matches
// decides.
namespace lifecycle {
namespace {

using enum ProviderErrorClass;

constexpr TextRule kTexts[] = {
    {"is already in use by container", conflict},
    {"No such container", gone},
    {"No such exec", gone},
    {"No such image", permanent},
    {"page not found", permanent},  // the route, not the container
    {"is already in progress", busy},
    {"is marked for removal", busy},
    {"is restarting", busy},
    {"is not running", busy},
    {"is paused", busy},
    {"paused container", busy},
    {"stop the container before removing", busy},
    {"no space left on device", capacity_host},
    {"not enough memory", capacity_host},
};
constexpr StatusRule kCodes[] = {
    {400, 401, permanent}, {403, 403, permanent}, {406, 406, permanent}, {409, 409, busy},
    {422, 422, permanent}, {429, 429, throttled}, {500, 599, ambiguous},
};

constexpr StateWord kStates[] = {
    {"created", ResourceState::stopped},     {"running", ResourceState::started},
    {"restarting", ResourceState::starting}, {"removing", ResourceState::destroying},
    {"exited", ResourceState::stopped},      {"dead", ResourceState::failed},
};

// "... already in use by container "<id>". ..."; empty if the text is not of that form.
std::string conflicting_id(std::string_view text) {
    constexpr std::string_view kBefore = "already in use by container \"";
    const auto before = text.find(kBefore);
    if (before == std::string_view::npos) return {};
    const auto begin = before + kBefore.size();
    const auto end = text.find('"', begin);
    if (end == std::string_view::npos) return {};
    const std::string_view id = text.substr(begin, end - begin);
    return id.find_first_not_of("0123456789abcdef") == std::string_view::npos ? std::string(id)
                                                                              : std::string();
}

}  // namespace

ResourceState parse_docker_state(std::string_view status) {
    return state_of(kStates, status);  // "paused" is not there: it is nobody's doing here
}

ProviderError classify_docker_error(int status, std::string_view body) {
    const std::string said = text_in(json_or_null(body), "message");
    ProviderError error(unknown, std::string(body));
    if (const auto meant = class_of_text(kTexts, said)) {
        error.error_class = *meant;
        if (*meant == conflict) error.conflicting_id = conflicting_id(said);
        return error;
    }
    error.error_class = class_of_status(kCodes, status);
    return error;
}

std::string decode_docker_frames(std::string_view stream) {
    constexpr std::size_t kHeader = 8;
    std::string text;
    while (stream.size() >= kHeader) {
        std::size_t length = 0;
        for (std::size_t i = 4; i < kHeader; ++i) {
            length = length << 8 | static_cast<unsigned char>(stream[i]);
        }
        const std::string_view payload = stream.substr(kHeader, length);
        text += payload;
        stream.remove_prefix(kHeader + payload.size());
    }
    return text += stream;
}

}  // namespace lifecycle
