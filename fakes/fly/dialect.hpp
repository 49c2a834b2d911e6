#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fakes/json_reply.hpp"
#include "fakes/query.hpp"
#include "system/ports/http.hpp"

// How the Machines API puts things. https://fly.io/docs/machines/api/
namespace fakes {

struct FlyMachine;

// {"error": text}
lifecycle::HttpResponse refuse(int status, std::string_view text);
lifecycle::HttpResponse machine_not_found();

// Whether a machine has all the metadata that a query asks for as metadata.KEY=VALUE.
bool has_metadata(const FlyMachine& machine, std::string_view query);

nlohmann::json to_json(const FlyMachine& machine);

}  // namespace fakes
