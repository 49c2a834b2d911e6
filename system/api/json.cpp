#include "system/api/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "system/model/json.hpp"
#include "system/rows/machine_history.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxTextBytes = 512;
constexpr std::size_t kMaxParts = 100'000;

Error bad_field(std::string_view name, std::string_view rule) {
    return {ErrorCode::bad_request, fmt::format("the field \"{}\" {}", name, rule),
            "correct the field and send the request again"};
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::bad_request: return 400;
        case ErrorCode::unauthorized: return 401;
        case ErrorCode::forbidden: return 403;
        case ErrorCode::not_found: return 404;
        case ErrorCode::method_not_allowed: return 405;
        case ErrorCode::conflict: return 409;
        case ErrorCode::superseded: return 410;
        case ErrorCode::too_large: return 413;
        case ErrorCode::misdirected: return 421;
        case ErrorCode::internal: return 500;
        case ErrorCode::not_implemented: return 501;
        case ErrorCode::machine_error: return 502;
        case ErrorCode::machine_unavailable:
        case ErrorCode::overloaded:
        case ErrorCode::stale_lease:
        case ErrorCode::store_unavailable:
        case ErrorCode::store_unusable: break;
    }
    return 503;
}

}  // namespace

Result<json> parse_object(std::string_view body) {
    if (body.empty()) return json::object();
    const JsonLimits limits{.max_parts = kMaxParts};
    auto parsed = parse_json(body, limits);
    if (!parsed) {
        return std::unexpected(
            Error(ErrorCode::bad_request, fmt::format("the body {}", to_string(parsed.error())),
                  fmt::format("send one JSON object in UTF-8, at most {} levels deep and of at "
                              "most {} values",
                              limits.max_depth, limits.max_parts)));
    }
    if (!parsed->is_object()) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     fmt::format("the body is a JSON {}", parsed->type_name()),
                                     "send one JSON object"));
    }
    return *std::move(parsed);
}

Result<void> only_fields(const json& object, std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object.items()) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return std::unexpected(
                bad_field(name.substr(0, kMaxTextBytes),
                          fmt::format("is not known here; known are: {}", fmt::join(known, ", "))));
        }
    }
    return {};
}

Result<std::string> text_field(const json& object, std::string_view name,
                               std::string_view fallback) {
    const auto found = object.find(name);
    if (found == object.end()) return std::string(fallback);
    if (!found->is_string()) return std::unexpected(bad_field(name, "has to be a text"));
    auto text = found->get<std::string>();
    if (text.size() > kMaxTextBytes || text.find('\0') != std::string::npos) {
        return std::unexpected(bad_field(
            name, fmt::format("may have at most {} bytes and no zero byte", kMaxTextBytes)));
    }
    return text;
}

Result<std::int64_t> integer_field(const json& object, std::string_view name, std::int64_t fallback,
                                   std::int64_t least, std::int64_t most) {
    const auto found = object.find(name);
    if (found == object.end()) return fallback;
    const std::string rule = fmt::format("has to be a whole number from {} to {}", least, most);
    if (!found->is_number_integer()) return std::unexpected(bad_field(name, rule));
    // A number beyond 63 bits is kept unsigned: it is out of bounds, not negative.
    if (found->is_number_unsigned() &&
        found->get<std::uint64_t>() > static_cast<std::uint64_t>(most)) {
        return std::unexpected(bad_field(name, rule));
    }
    const auto number = found->get<std::int64_t>();
    if (number < least || number > most) return std::unexpected(bad_field(name, rule));
    return number;
}

std::int64_t shown_ms(Time time, const Clock& clock) {
    if (time == Time{}) return 0;  // never
    return clock.shown(time).time_since_epoch().count() / 1000;
}

json to_json(const Machine& machine, const Clock& clock) {
    return {
        {"id", machine.id},
        {"project", machine.project},
        {"generation", machine.generation},
        {"provider", machine.provider},
        {"state", to_string(machine.state)},
        {"external_id", machine.external_id},
        {"image", machine.spec.image},
        {"region", machine.spec.region},
        {"cpus", machine.spec.cpus},
        {"memory_mb", machine.spec.memory_mb},
        {"volume_gb", machine.spec.volume_gb},
        {"active_within_s", machine.spec.active_within_s},
        {"daemon_status", to_string(machine.daemon_status)},
        {"provisioning_error", machine.provisioning_error},
        {"created_at_ms", shown_ms(machine.created_at, clock)},
        {"updated_at_ms", shown_ms(machine.updated_at, clock)},
    };
}

json to_json(const MachineRequest& request, const Clock& clock) {
    return {{"provider", request.provider},
            {"image", request.spec.image},
            {"region", request.spec.region},
            {"cpus", request.spec.cpus},
            {"memory_mb", request.spec.memory_mb},
            {"volume_gb", request.spec.volume_gb},
            {"active_within_s", request.spec.active_within_s},
            {"asked_at_ms", shown_ms(request.asked_at, clock)}};
}

json to_json(const HistoryEntry& entry, const Clock& clock) {
    return {{"at_ms", shown_ms(entry.at, clock)}, {"what", entry.what}, {"detail", entry.detail}};
}

json without_payload(const Delegation& delegation, const Clock& clock) {
    return {{"id", delegation.id},
            {"project", delegation.project},
            {"agent", delegation.agent},
            {"state", to_string(delegation.state)},
            {"machine", delegation.machine},
            {"deliveries", delegation.deliveries},
            {"result", delegation.result},
            {"created_at_ms", shown_ms(delegation.created_at, clock)},
            {"deadline_ms", shown_ms(delegation.deadline, clock)}};
}

json to_json(const Delegation& delegation, const Clock& clock) {
    json shown = without_payload(delegation, clock);
    shown["payload"] = json_or_null(delegation.payload);
    return shown;
}

json to_json(const ProjectError& error, const Clock& clock) {
    json shown = {{"subject", to_string(error.subject)},
                  {"about", error.about},
                  {"error", error.text},
                  {"since_ms", shown_ms(error.since, clock)}};
    if (error.until) shown["until_ms"] = shown_ms(*error.until, clock);
    return shown;
}

json to_json(const ReconcileReport& report, bool applied) {
    json findings = json::array();
    for (const Finding& finding : report.findings) {
        findings.push_back({{"kind", finding.kind},
                            {"machine", finding.machine},
                            {"provider", finding.provider},
                            {"resource", finding.resource},
                            {"what", finding.what},
                            {"action", finding.action},
                            {"done", finding.done}});
    }
    return {{"applied", applied},
            {"installation", report.installation},
            {"findings", std::move(findings)},
            {"unknown", report.unknown},
            {"halted", report.halted}};
}

HttpResponse to_response(int status, const json& body) {
    HttpResponse response;
    response.status = status;
    response.headers["Content-Type"] = "application/json";
    response.body = json_text(body);
    return response;
}

HttpResponse to_page(std::string_view name, json elements, const Page& page, std::int64_t last) {
    json body = json::object();
    const bool full = elements.size() == static_cast<std::size_t>(page.limit);
    if (full) body["next"] = fmt::format("{}", last);
    body[std::string(name)] = std::move(elements);
    return to_response(200, body);
}

HttpResponse to_response(const Error& error) {
    HttpResponse response =
        to_response(status_of(error.code), json{{"error",
                                                 {{"code", to_string(error.code)},
                                                  {"message", error.message},
                                                  {"action", error.action}}}});
    const bool passes = error.code == ErrorCode::machine_unavailable ||
                        error.code == ErrorCode::store_unavailable ||
                        error.code == ErrorCode::overloaded;
    if (passes) response.headers["Retry-After"] = "5";
    return response;
}

}  // namespace lifecycle
