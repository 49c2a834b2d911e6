#include "fakes/daytona/cloud.hpp"
#include "fakes/query.hpp"
#include "system/ports/http.hpp"

namespace fakes {

// "/api/sandbox" and what is below it.
Act DaytonaCloud::act_of(const lifecycle::HttpRequest& request) {
    constexpr std::string_view kSandboxes = "/api/sandbox";
    std::string_view rest = request.target;
    if (!rest.starts_with(kSandboxes)) return {};
    rest.remove_prefix(kSandboxes.size());
    if (rest.empty() && request.method == "POST") {
        return {Act::Verb::create, field_in(request.body, "name")};
    }
    if (rest.starts_with("?")) {
        return {Act::Verb::find, field_in(parameter(rest.substr(1), "labels"), "vivarium_machine")};
    }
    return act_on_one(request.method, rest);
}

// A sandbox is as large as its snapshot says.
RequestedMachine DaytonaCloud::requested_by(const lifecycle::HttpRequest& create) {
    return {.image = field_in(create.body, "snapshot")};
}

}  // namespace fakes
