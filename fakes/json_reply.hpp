#pragma once

#include <nlohmann/json.hpp>

#include "fakes/json.hpp"
#include "system/ports/http.hpp"

namespace fakes {

// An answer with a JSON body.
inline lifecycle::HttpResponse reply(int status, const nlohmann::json& body) {
    lifecycle::HttpResponse response;
    response.status = status;
    response.headers["Content-Type"] = "application/json";
    response.body = json_text(body);
    return response;
}

}  // namespace fakes
