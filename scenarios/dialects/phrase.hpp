#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "system/ports/http.hpp"
#include "system/providers/provider.hpp"

// What a provider may say, and what its client has to make of it: written from the provider's own
// description, answer by answer.
namespace scenarios {

enum class Call : std::uint8_t {
    create,
    get,
    find,
    start,
    stop,
    restart,
    destroy,
    reach,
    create_volume,
    copy_volume,
    get_volume,
    find_volumes,
    destroy_volume,
    snapshot_volume,
    network,  // of Docker alone, like the next
    exec,
};
std::string_view to_string(Call call);

// What came of a call.
struct Outcome {
    std::optional<lifecycle::ProviderErrorClass> refused;  // nothing: it went well
    std::string detail;                                    // of what was refused
    std::string conflicting_id;
    lifecycle::Duration retry_after{0};
    std::vector<lifecycle::Resource> resources;
    std::vector<lifecycle::Volume> volumes;
    lifecycle::Endpoint endpoint;
    std::size_t unreadable = 0;
    std::string unread = {};  // in words; empty: in whatever words
    std::string said = {};    // by a command, or of a network
};
// Where two of them differ, in words; empty: nowhere.
std::string difference(const Outcome& expected, const Outcome& seen);

// Makes that call, always with the same arguments: about the machine "alpha-1", which the provider
// knows as kAsked, and its volume.
inline constexpr const char* kImage = "registry.example/box:7";
inline constexpr const char* kAsked = "0/:9@AZ[`az{-._~\xc3\xa4";
inline constexpr const char* kAskedInUrl = "0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4";
boost::asio::awaitable<Outcome> perform(lifecycle::Provider* provider, Call call,
                                        std::string image = kImage);

// One call, what its requests have to be, and the answers that they get, in that order; the last
// goes on for ever.
struct Phrase {
    Call call = Call::get;
    std::vector<lifecycle::HttpResponse> answers;
    Outcome expected;
    std::vector<std::string> asks = {};  // "METHOD target" of each; empty: whatever they are
    std::string body = {};               // of the first, as JSON; empty: whatever it is
    std::string image = kImage;          // of the machine that is created
    // What other targets answer, whenever they are asked.
    std::map<std::string, lifecycle::HttpResponse> besides = {};
    // How long the call takes, where that is what counts.
    lifecycle::Duration takes{0};
    // The client is that of the phrase before, so long after it; 0: another, which knows nothing.
    lifecycle::Duration later{0};
};

// No answer at all.
lifecycle::HttpResponse silence();
lifecycle::HttpResponse answer(int status, std::string body = {});
lifecycle::HttpResponse answer(int status, std::string body, std::string header, std::string value);

// What is refused. The detail is the body as it is, unless it is said.
Phrase refused(Call call, lifecycle::HttpResponse said, lifecycle::ProviderErrorClass means);
// What is no answer to that call.
Phrase unreadable(Call call, lifecycle::HttpResponse said);
// A row of what is refused: in which words, and what they mean.
struct Saying {
    int status;
    const char* said;
    lifecycle::ProviderErrorClass means;
};
// What goes well, and tells nothing.
Phrase done(Call call, lifecycle::HttpResponse said);
Phrase described(Call call, std::string body, std::vector<lifecycle::Resource> resources,
                 std::size_t unreadable = 0);
Phrase described(Call call, std::string body, std::vector<lifecycle::Volume> volumes,
                 std::size_t unreadable = 0);

std::vector<Phrase> fly_phrases();
std::vector<Phrase> fly_volume_phrases();
std::vector<Phrase> daytona_phrases();
std::vector<Phrase> docker_phrases();
std::vector<Phrase> docker_image_phrases();
std::vector<Phrase> docker_command_phrases();
// Secrets in what is said, hidden and not: the same whoever says it.
std::vector<Phrase> secret_phrases();

}  // namespace scenarios
