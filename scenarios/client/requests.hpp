#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/ports/http.hpp"

// What the API takes and what it answers, written from docs/api.md and not from the code, so that
// scripts can send every request that there is, and every kind that is refused.
namespace scenarios {

// By which address a route is reached.
enum class Entrance : std::uint8_t { clients, boxes };

// What whoever asks has to show.
enum class Caller : std::uint8_t { client, box, webhook, anybody };

// How the machine is that a request is about, or the newest of the project that it is about;
// `unknown`: there never was one.
enum class Standing : std::uint8_t { unknown, starting, active, detached, failed, archived };
inline constexpr std::size_t kStandings = 6;

// A field of a body, by texts of JSON: values at the edges of what it may have, and beyond.
struct Field {
    std::string name;
    std::vector<std::string> good;
    std::vector<std::string> bad;
    std::string rule = {};  // what a refusal says of it, beside its name
    bool is_text = false;
};

struct DescribedRoute {
    std::string method;  // "*": each that there is
    std::string pattern;
    Caller caller = Caller::client;
    // The status of the answer to a right request, by standing of what the path names; 0: no path
    // can name that.
    std::array<int, kStandings> answers = {};
    bool takes_body = false;
    bool takes_key = false;  // an Idempotency-Key
    bool is_list = false;
    std::string body = {};  // a right one, with what has to be there
    std::vector<Field> fields = {};
    Entrance entrance = Entrance::clients;
};
const std::vector<DescribedRoute>& described_routes();
// The one of them, which has to be there.
const DescribedRoute& described_route(std::string_view method, std::string_view pattern);

// A request, and what its answer has to be.
struct Ask {
    lifecycle::HttpRequest request;
    int status = 200;
    std::vector<std::string> says = {};   // in the message of an error
    std::vector<std::string> omits = {};  // and not in it
    std::string allow = {};               // the header of that name
    bool challenged = false;              // with WWW-Authenticate
    std::string body = {};                // exactly that; empty: any
};

// Of a client with the admin's token, or of nobody in particular at the boxes' address.
lifecycle::HttpRequest request_to(Entrance entrance, std::string method, std::string target,
                                  std::string body = {});

// One of a client that is sent again under its key, if that is not empty.
lifecycle::HttpRequest post(std::string target, std::string body = "{}",
                            const std::string& key = {});
// One of a box with that secret or token.
lifecycle::HttpRequest by_box(std::string target, std::string body, const std::string& bearer);

// A right request of the route about that subject.
lifecycle::HttpRequest request_of(const DescribedRoute& route, const std::string& subject);

// The body of a route with another value of that field, which is a text of JSON.
std::string body_with(const DescribedRoute& route, const std::string& field,
                      const std::string& value);

// Everything that is refused of a route, whatever the state of its subject.
std::vector<Ask> refusals_of(const DescribedRoute& route, const std::string& subject);

// What is refused because no route takes it.
std::vector<Ask> strays();

// A delivery of GitHub as it has to be, with that body.
lifecycle::HttpRequest delivery_of(std::string body);
// Deliveries that are refused, or that change nothing.
std::vector<Ask> refused_deliveries();

// Bodies as large as they may be, and larger; `subject` is a project. Each takes a while.
std::vector<Ask> large_bodies(const std::string& subject);

// A header of an answer; empty if it is not there.
std::string header(const lifecycle::HttpResponse& answer, const char* name);

// What is wrong about an answer; nothing if it is as it has to be.
std::optional<std::string> wrong_about(const Ask& ask, const lifecycle::HttpResponse& answer);

// The request, for people.
std::string to_string(const lifecycle::HttpRequest& request);

}  // namespace scenarios
