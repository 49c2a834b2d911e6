#include <algorithm>

#include "fakes/docker/engine.hpp"

namespace fakes {

// "/v1.41/containers" and what is below it.
Act DockerEngine::act_of(const lifecycle::HttpRequest& request) {
    constexpr std::string_view kContainers = "/containers";
    std::string_view rest = request.target;
    rest.remove_prefix(std::min(rest.find('/', 1), rest.size()));
    if (!rest.starts_with(kContainers)) return {};
    rest.remove_prefix(kContainers.size());
    if (rest.starts_with("/create?name=")) {
        return {Act::Verb::create, text_after(rest, "name=", "&")};
    }
    // Labels are encoded JSON of "name=value".
    if (rest.starts_with("/json?")) {
        return {Act::Verb::find, text_after(rest, "vivarium_machine%3D", "%")};
    }
    return act_on_one(request.method, rest);
}

}  // namespace fakes
