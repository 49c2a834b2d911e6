#pragma once

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/json.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/telemetry.hpp"
#include "system/providers/availability.hpp"
#include "system/providers/provider.hpp"

// What the clients of all providers do alike: one call, its answer told apart, foreign JSON read
// without trust in its shape.
namespace lifecycle {

// Which class a failed answer belongs to, in one provider's dialect.
using Classify = ProviderError (*)(int status, std::string_view body);

class Dialect {
  public:
    Dialect(HttpClient& http, Clock& clock, Telemetry& telemetry, std::string provider,
            Classify classify)
        : http_(http),
          clock_(clock),
          telemetry_(telemetry),
          provider_(std::move(provider)),
          classify_(classify) {}

    // Sends the request; any status up to 299, and 304, is a value. Every other answer is told to
    // telemetry, without secrets, under `what` it was about. Notes whether the provider answers.
    boost::asio::awaitable<ProviderResult<HttpResponse>> call(HttpRequest request, Duration timeout,
                                                              std::string what);

    // What all calls of this and of its copies tell.
    const Availability& availability() const { return *availability_; }

  private:
    void note(const std::expected<HttpResponse, HttpError>& answer);

    HttpClient& http_;
    Clock& clock_;
    Telemetry& telemetry_;
    std::string provider_;
    Classify classify_;
    std::shared_ptr<Availability> availability_ = std::make_shared<Availability>();
};

// A text or number field of an object; empty or 0 if it is not there, of another type, or a number
// of more than 53 bits.
std::string text_in(const nlohmann::json& object, const char* key);
std::int64_t number_in(const nlohmann::json& object, const char* key);
// An object's field that is an object itself; an empty one otherwise.
const nlohmann::json& object_in(const nlohmann::json& object, const char* key);
// The text fields of an object.
std::map<std::string, std::string> texts_of(const nlohmann::json& object);

bool has_labels(const Resource& resource, const Labels& labels);
// Whether a resource has all of them, which have to outlive the question.
inline auto with_all(const Labels& labels) {
    return [&labels](const Resource& one) { return has_labels(one, labels); };
}

ProviderError unreadable(const HttpResponse& response);
ProviderResult<void> discard(const ProviderResult<HttpResponse>& answer);

// By which a thing is known; empty: the provider said none, and it is of no use.
inline const std::string& id_of(const Resource& resource) {
    return resource.external_id;
}
inline const std::string& id_of(const Volume& volume) {
    return volume.id;
}
// Whether it says whose it is, as far as could be read.
inline bool says_whose(const Resource& resource) {
    return !resource.labels.empty();
}
inline bool says_whose(const Volume& volume) {
    return !volume.name.empty();
}
inline bool is_partial(const Resource& resource) {
    return resource.partial;
}
inline bool is_partial(const Volume& /*volume*/) {
    return false;
}

// Reads one thing out of an answer. `make` gives nothing for what is no description of one.
template <class T>
ProviderResult<T> parse(const ProviderResult<HttpResponse>& answer,
                        std::optional<T> (*make)(const nlohmann::json&)) {
    if (!answer) return std::unexpected(answer.error());
    auto made = make(json_or_null(answer->body));
    if (!made || id_of(*made).empty()) return std::unexpected(unreadable(*answer));
    return *std::move(made);
}

// Adds those elements of an array that are wanted. One that cannot be read, and does not say that
// it is somebody else's, makes the list incomplete.
template <class T, class Wanted>
void read_elements(const nlohmann::json& array, std::optional<T> (*make)(const nlohmann::json&),
                   Wanted wanted, Listing<T>& into) {
    std::size_t number = 0;
    for (const nlohmann::json& element : array) {
        ++number;
        auto made = make(element);
        if (!made) {
            into.unreadable.push_back(fmt::format("number {}", number));
            continue;
        }
        const bool known = !id_of(*made).empty();
        if (known && wanted(*made)) {
            into.found.push_back(*std::move(made));
        } else if (!known && (!says_whose(*made) || wanted(*made))) {
            into.unreadable.push_back(
                fmt::format("number {}, named \"{}\", without an id", number, made->name));
        } else if (is_partial(*made) && !says_whose(*made)) {
            into.unreadable.push_back(
                fmt::format("number {}, {}, which is known only in part", number, id_of(*made)));
        }
    }
}

template <class T, class Wanted>
ListResult<T> parse_all(const ProviderResult<HttpResponse>& answer,
                        std::optional<T> (*make)(const nlohmann::json&), Wanted wanted) {
    if (!answer) return std::unexpected(answer.error());
    const auto listed = json_or_null(answer->body);
    if (!listed.is_array()) return std::unexpected(unreadable(*answer));
    Listing<T> all;
    read_elements(listed, make, wanted, all);
    return all;
}

// A row of a table of errors: what a text that contains `text` means.
struct TextRule {
    std::string_view text;
    ProviderErrorClass error_class;
};
// And what a status means where no text decides.
struct StatusRule {
    int from;
    int to;
    ProviderErrorClass error_class;
};
// A provider's word for a state.
struct StateWord {
    std::string_view word;
    ResourceState state;
};

// The rows are tried in order, and the first that matches decides. Nothing if none does.
std::optional<ProviderErrorClass> class_of_text(std::span<const TextRule> rules,
                                                std::string_view said);
// `unknown` if no row has the status.
ProviderErrorClass class_of_status(std::span<const StatusRule> rules, int status);
ResourceState state_of(std::span<const StateWord> words, std::string_view word);

}  // namespace lifecycle
