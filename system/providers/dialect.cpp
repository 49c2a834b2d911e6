#include "system/providers/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

// Up to here every reader of JSON agrees on an integer (RFC 8259, 6), and units can be multiplied.
constexpr std::uint64_t kMaxExact = (std::uint64_t{1} << 53) - 1;

ProviderError of_transport(HttpError error) {
    // What was not sent has not happened, so that is as good as a busy API.
    return {was_not_sent(error) ? ProviderErrorClass::busy : ProviderErrorClass::ambiguous,
            to_string(error)};
}

// Retry-After, or a relative of it that names a throttler.
Duration retry_after_of(const Headers& headers) {
    Duration longest{0};
    constexpr std::string_view kName = "Retry-After";
    const auto is_relative = [&](std::string_view name) {
        const HeaderOrder before;
        const std::string_view head = name.substr(0, kName.size());
        return !before(head, kName) && !before(kName, head);
    };
    for (const auto& [name, value] : headers) {
        if (is_relative(name)) longest = std::max(longest, parse_retry_after(value));
    }
    return longest;
}

}  // namespace

void Dialect::note(const std::expected<HttpResponse, HttpError>& answer) {
    constexpr int kServerErrors = 500;
    const SteadyTime now = clock_.steady();
    if (!answer && answer.error() != HttpError::too_large) {
        availability_->note_failure(to_string(answer.error()), now);
    } else if (answer && answer->status >= kServerErrors) {
        availability_->note_failure(fmt::format("it answered {}", answer->status), now);
    } else {
        availability_->note_answer(now);
    }
}

boost::asio::awaitable<ProviderResult<HttpResponse>> Dialect::call(HttpRequest request,
                                                                   Duration timeout,
                                                                   std::string what) {
    auto answer = co_await http_.send(std::move(request), timeout);
    note(answer);
    if (!answer) co_return std::unexpected(of_transport(answer.error()));
    if ((answer->status >= 200 && answer->status < 300) || answer->status == 304) {
        co_return std::move(*answer);
    }
    ProviderError error = classify_(answer->status, answer->body);
    error.retry_after = retry_after_of(answer->headers);
    telemetry_.record("provider.error", {{"provider", provider_},
                                         {"call", what},
                                         {"status", std::int64_t{answer->status}},
                                         {"class", to_string(error.error_class)},
                                         {"body", error.detail}});
    co_return std::unexpected(std::move(error));
}

std::string text_in(const json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_in(const json& object, const char* key) {
    if (!object.is_object()) return 0;
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) return 0;
    // A number beyond 63 bits is kept unsigned.
    if (found->is_number_unsigned() && found->get<std::uint64_t>() > kMaxExact) return 0;
    const auto number = found->get<std::int64_t>();
    return number < -static_cast<std::int64_t>(kMaxExact) ? 0 : number;
}

const json& object_in(const json& object, const char* key) {
    static const json kEmpty = json::object();
    if (!object.is_object()) return kEmpty;
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : kEmpty;
}

std::map<std::string, std::string> texts_of(const json& object) {
    std::map<std::string, std::string> texts;
    if (!object.is_object()) return texts;
    for (const auto& [name, value] : object.items()) {
        if (value.is_string()) texts[name] = value.get<std::string>();
    }
    return texts;
}

bool has_labels(const Resource& resource, const Labels& labels) {
    for (const auto& [name, value] : labels) {
        const auto label = resource.labels.find(name);
        if (label == resource.labels.end() || label->second != value) return false;
    }
    return true;
}

ProviderError unreadable(const HttpResponse& response) {
    return {ProviderErrorClass::unknown,
            fmt::format("unreadable answer {}: {}", response.status, response.body)};
}

ProviderResult<void> discard(const ProviderResult<HttpResponse>& answer) {
    if (!answer) return std::unexpected(answer.error());
    return {};
}

std::optional<ProviderErrorClass> class_of_text(std::span<const TextRule> rules,
                                                std::string_view said) {
    const auto rule =
        std::ranges::find_if(rules, [&](const TextRule& row) { return said.contains(row.text); });
    if (rule == rules.end()) return std::nullopt;
    return rule->error_class;
}

ProviderErrorClass class_of_status(std::span<const StatusRule> rules, int status) {
    const auto rule = std::ranges::find_if(
        rules, [&](const StatusRule& row) { return status >= row.from && status <= row.to; });
    return rule == rules.end() ? ProviderErrorClass::unknown : rule->error_class;
}

ResourceState state_of(std::span<const StateWord> words, std::string_view word) {
    const auto found = std::ranges::find(words, word, &StateWord::word);
    return found == words.end() ? ResourceState::unknown : found->state;
}

}  // namespace lifecycle
