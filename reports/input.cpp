#include "reports/input.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace reports {

using lifecycle::Error;
using lifecycle::ErrorCode;

lifecycle::Result<const scenarios::Scenario*> known_scenario(const std::string& name) {
    const scenarios::Scenario* scenario = scenarios::find_scenario(name);
    if (scenario == nullptr) {
        return std::unexpected(Error(ErrorCode::not_found,
                                     fmt::format("there is no scenario \"{}\"", name),
                                     "see `vivarium list`"));
    }
    return scenario;
}

Error cannot_write(const std::string& path) {
    return {ErrorCode::bad_request, fmt::format("cannot write {}: {}", path, std::strerror(errno)),
            "name a file in a folder that can be written"};
}

}  // namespace reports
