#include <algorithm>
#include <charconv>
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

// What this client knows of the API: the calls that it makes are the same in all of these.
constexpr DockerVersion kOldest{1, 41};
constexpr DockerVersion kNewest{1, 56};

constexpr TextRule kTexts[] = {
    {kVersionRefused, busy},  // until the version is asked for again
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

// Of registries: another attempt meets the same.
constexpr TextRule kPullTexts[] = {
    {"toomanyrequests", throttled},
    {"no space left on device", capacity_host},
    {"manifest unknown", permanent},
    {"not found", permanent},
    {"does not exist", permanent},
    {"denied", permanent},
    {"unauthorized", permanent},
    {"no matching manifest", permanent},
    {"invalid reference format", permanent},
};

}  // namespace

std::optional<DockerVersion> parse_docker_version(std::string_view text) {
    DockerVersion version{0, 0};
    const char* const end = text.data() + text.size();
    const auto [dot, bad_major] =
        std::from_chars(text.data(), text.data() + text.size(), version.first);
    if (bad_major != std::errc() || dot == end || *dot != '.') return std::nullopt;
    const auto [rest, bad_minor] = std::from_chars(dot + 1, end, version.second);
    if (bad_minor != std::errc() || rest != end || version.first < 1 || version.second < 0) {
        return std::nullopt;
    }
    return version;
}

std::optional<DockerVersion> common_docker_version(DockerVersion oldest, DockerVersion newest) {
    const DockerVersion common = std::min(newest, kNewest);
    if (common < std::max(oldest, kOldest)) return std::nullopt;
    return common;
}

ImageReference parse_image(std::string_view image) {
    const auto at = image.rfind('@');
    if (at != std::string_view::npos && at + 1 < image.size()) {
        return {std::string(image.substr(0, at)), std::string(image.substr(at + 1))};
    }
    const auto colon = image.rfind(':');
    const auto slash = image.rfind('/');
    // A colon before a slash is that of the registry's port.
    const bool tagged = colon != std::string_view::npos && colon + 1 < image.size() &&
                        (slash == std::string_view::npos || colon > slash);
    if (!tagged) return {std::string(image), "latest"};
    return {std::string(image.substr(0, colon)), std::string(image.substr(colon + 1))};
}

ProviderError pull_error(std::string_view said) {
    // A registry that is out of reach, most often.
    return {class_of_text(kPullTexts, said).value_or(busy), said};
}

ProviderResult<void> pull_result(std::string_view progress) {
    while (!progress.empty()) {
        const std::string_view line = progress.substr(0, progress.find('\n'));
        progress.remove_prefix(std::min(line.size() + 1, progress.size()));
        const auto told = json_or_null(line);
        // The field "error" says the same, up to version 1.51.
        const std::string detail = text_in(object_in(told, "errorDetail"), "message");
        const std::string error = detail.empty() ? text_in(told, "error") : detail;
        if (!error.empty()) return std::unexpected(pull_error(error));
    }
    return {};
}

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
