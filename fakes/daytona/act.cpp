#include "fakes/daytona/cloud.hpp"

namespace fakes {

// "/api/sandbox" and what is below it.
Act DaytonaCloud::act_of(const lifecycle::HttpRequest& request) {
    constexpr std::string_view kSandboxes = "/api/sandbox";
    std::string_view rest = request.target;
    if (!rest.starts_with(kSandboxes)) return {};
    rest.remove_prefix(kSandboxes.size());
    if (rest.empty() && request.method == "POST") {
        return {Act::Verb::create, name_in(request.body)};
    }
    // Labels are encoded JSON.
    if (rest.starts_with("?")) {
        return {Act::Verb::find, text_after(rest, "vivarium_machine%22%3A%22", "%")};
    }
    return act_on_one(request.method, rest);
}

}  // namespace fakes
