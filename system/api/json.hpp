#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "system/lifecycle/reconcile.hpp"
#include "system/model/error.hpp"
#include "system/model/machine.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machine_requests.hpp"
#include "system/rows/page.hpp"
#include "system/rows/project_errors.hpp"

namespace lifecycle {

// The object in a request's body. An error if it is anything else; an empty body is an empty
// object.
Result<nlohmann::json> parse_object(std::string_view body);

// An error if the object has a field that is not in the list, which names all that a route takes.
Result<void> only_fields(const nlohmann::json& object,
                         std::initializer_list<std::string_view> known);

// A field of the object, or the fallback if it is absent; an error if it is of another type or out
// of bounds. A text may be up to 512 bytes.
Result<std::string> text_field(const nlohmann::json& object, std::string_view name,
                               std::string_view fallback);
Result<std::int64_t> integer_field(const nlohmann::json& object, std::string_view name,
                                   std::int64_t fallback, std::int64_t least, std::int64_t most);

// Milliseconds since the Unix epoch by the wall clock as it is set now; 0: never.
std::int64_t shown_ms(Time time, const Clock& clock);

nlohmann::json to_json(const Machine& machine, const Clock& clock);
nlohmann::json to_json(const MachineRequest& request, const Clock& clock);
nlohmann::json to_json(const HistoryEntry& entry, const Clock& clock);
nlohmann::json to_json(const Delegation& delegation, const Clock& clock);
// For lists: a thousand payloads have no place in one answer.
nlohmann::json without_payload(const Delegation& delegation, const Clock& clock);
nlohmann::json to_json(const ProjectError& error, const Clock& clock);
nlohmann::json to_json(const ReconcileReport& report, bool applied);

// The answer to a request for a page: {NAME: elements}, and "next" if there may be more behind
// them, which is the number of the last.
HttpResponse to_page(std::string_view name, nlohmann::json elements, const Page& page,
                     std::int64_t last);

// {"error": {"code", "message", "action"}} with the status that belongs to the code.
HttpResponse to_response(const Error& error);
HttpResponse to_response(int status, const nlohmann::json& body);

}  // namespace lifecycle
