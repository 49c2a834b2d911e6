#include "system/api/requests.hpp"
#include "system/model/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "system/api/json.hpp"
#include "system/model/secrets.hpp"

namespace lifecycle {
namespace {

using nlohmann::json;

Error bad_request(std::string what, std::string advice) {
    return {ErrorCode::bad_request, std::move(what), std::move(advice)};
}

// The body, with no other fields than these.
Result<json> body_with(const HttpRequest& request, std::initializer_list<std::string_view> fields) {
    auto body = parse_object(request.body);
    if (!body) return body;
    if (auto known = only_fields(*body, fields); !known) return std::unexpected(known.error());
    return body;
}

// Of what a client sent, but for white space and the order of fields.
std::string digest_of(const json& body) {
    return hash_of(json_text(body));
}

Result<std::string> known_provider(const std::string& name, const Providers& providers) {
    if (name.empty() || providers.find(name) != nullptr) return name;
    std::vector<std::string> names;
    for (const auto& [known, provider] : providers.all()) names.push_back(known);
    return std::unexpected(bad_request(fmt::format("there is no provider {}", name.substr(0, 200)),
                                       fmt::format("use one of: {}", fmt::join(names, ", "))));
}

Result<DaemonStatus> status_in(const json& body) {
    const auto text = text_field(body, "status", "");
    if (!text) return std::unexpected(text.error());
    const auto status = parse_daemon_status(*text);
    if (!status || *status == DaemonStatus::silent) {
        return std::unexpected(
            bad_request("the field \"status\" has to be \"booting\" or \"ready\"",
                        "correct the field and send the request again"));
    }
    return *status;
}

}  // namespace

Result<std::string> parse_key(const HttpRequest& request) {
    const auto key = request.headers.find("Idempotency-Key");
    if (key == request.headers.end() || key->second.empty()) return std::string();
    if (key->second.size() > 200) {
        return std::unexpected(
            bad_request("the Idempotency-Key is longer than 200 bytes", "send a shorter one"));
    }
    // A prefix keeps what clients choose apart from the machine ids that stand in for a missing
    // key, and from deliveries of webhooks.
    return "client:" + key->second;
}

Result<MachineRequest> parse_create(const HttpRequest& request, const std::string& project,
                                    const Providers& providers, const std::string& usual) {
    const auto body = body_with(request, {"image", "provider", "region", "cpus", "memory_mb",
                                          "volume_gb", "active_within_s"});
    if (!body) return std::unexpected(body.error());
    const auto image = text_field(*body, "image", "");
    if (!image) return std::unexpected(image.error());
    if (image->empty()) {
        return std::unexpected(
            bad_request("the field \"image\" is missing", "name the image that the machine runs"));
    }
    const auto named = text_field(*body, "provider", "");
    if (!named) return std::unexpected(named.error());
    const auto provider = known_provider(*named, providers);
    if (!provider) return std::unexpected(provider.error());
    const auto region = text_field(*body, "region", "");
    if (!region) return std::unexpected(region.error());
    const auto cpus = integer_field(*body, "cpus", 1, 1, 64);
    if (!cpus) return std::unexpected(cpus.error());
    const auto memory = integer_field(*body, "memory_mb", 256, 256, 1'048'576);
    if (!memory) return std::unexpected(memory.error());
    const auto volume = integer_field(*body, "volume_gb", 0, 0, 500);
    if (!volume) return std::unexpected(volume.error());
    const auto grace = integer_field(*body, "active_within_s", 0, 60, 86'400);
    if (!grace) return std::unexpected(grace.error());
    const std::string& used = provider->empty() ? usual : *provider;
    const Provider* chosen = providers.find(used);
    if (*volume > 0 && chosen != nullptr && !chosen->has_volumes()) {
        return std::unexpected(bad_request(fmt::format("provider {} has no volumes", used),
                                           "leave out \"volume_gb\", or use another provider"));
    }
    const bool sized = body->contains("cpus") || body->contains("memory_mb");
    if (sized && chosen != nullptr && !chosen->sizes_machines()) {
        return std::unexpected(
            bad_request(fmt::format("at provider {} the image says how large a machine is", used),
                        "leave out \"cpus\" and \"memory_mb\", or use another provider"));
    }
    const auto key = parse_key(request);
    if (!key) return std::unexpected(key.error());
    MachineRequest wanted;
    wanted.project = project;
    wanted.provider = *provider;
    wanted.spec = {*image, *region, *cpus, *memory, *volume, *grace};
    wanted.idempotency_key = *key;
    wanted.digest = digest_of(*body);
    return wanted;
}

Result<DaemonStatus> parse_status(const HttpRequest& request) {
    const auto body = body_with(request, {"status"});
    if (!body) return std::unexpected(body.error());
    return status_in(*body);
}

Result<std::string> parse_token(const HttpRequest& request) {
    constexpr std::string_view kScheme = "Bearer ";
    const auto header = request.headers.find("Authorization");
    if (header == request.headers.end() || !header->second.starts_with(kScheme)) {
        return std::unexpected(Error(ErrorCode::unauthorized, "the request has no token",
                                     "send it in the header \"Authorization: Bearer ...\""));
    }
    return header->second.substr(kScheme.size());
}

Result<Registration> parse_registration(const HttpRequest& request, const std::string& machine) {
    const auto body = body_with(request, {"boot", "token", "status"});
    if (!body) return std::unexpected(body.error());
    const auto secret = parse_token(request);
    if (!secret) return std::unexpected(secret.error());
    const auto boot = text_field(*body, "boot", "");
    if (!boot) return std::unexpected(boot.error());
    if (!is_boot(*boot)) {
        return std::unexpected(
            bad_request("the field \"boot\" has to be 8 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'",
                        "choose another for each boot, and send the same as long as it lasts"));
    }
    const auto token = text_field(*body, "token", "");
    if (!token) return std::unexpected(token.error());
    const auto status = status_in(*body);
    if (!status) return std::unexpected(status.error());
    return Registration{machine, *secret, *boot, *token, *status};
}

Result<RecreateRequest> parse_recreate(const HttpRequest& request) {
    const auto body = body_with(request, {"machine", "reason"});
    if (!body) return std::unexpected(body.error());
    const auto machine = text_field(*body, "machine", "");
    if (!machine) return std::unexpected(machine.error());
    const auto reason = text_field(*body, "reason", "somebody asked for it");
    if (!reason) return std::unexpected(reason.error());
    return RecreateRequest{*machine, *reason};
}

Result<DelegationRequest> parse_delegation(const HttpRequest& request, const std::string& project) {
    const auto body = body_with(request, {"agent", "payload", "timeout_s"});
    if (!body) return std::unexpected(body.error());
    const auto agent = text_field(*body, "agent", "");
    if (!agent) return std::unexpected(agent.error());
    if (agent->empty()) {
        return std::unexpected(bad_request("the field \"agent\" is missing",
                                           "name the agent, as GET .../agents lists them"));
    }
    const auto timeout = integer_field(*body, "timeout_s", 3600, 1, 604'800);
    if (!timeout) return std::unexpected(timeout.error());
    const auto key = parse_key(request);
    if (!key) return std::unexpected(key.error());
    const auto payload = body->find("payload");
    return DelegationRequest{project,
                             *agent,
                             payload == body->end()
                                 ? "null"
                                 : payload->dump(-1, ' ', false, json::error_handler_t::replace),
                             std::chrono::seconds(*timeout),
                             *key,
                             digest_of(*body)};
}

Result<Conclusion> parse_conclusion(const HttpRequest& request) {
    const auto body = body_with(request, {"outcome", "result"});
    if (!body) return std::unexpected(body.error());
    const auto outcome = text_field(*body, "outcome", "");
    if (!outcome) return std::unexpected(outcome.error());
    const auto state = parse_delegation_state(*outcome);
    if (!state || !is_terminal(*state)) {
        return std::unexpected(
            bad_request("the field \"outcome\" has to be \"processed\" or \"failed\"",
                        "correct the field and send the request again"));
    }
    const auto result = text_field(*body, "result", "");
    if (!result) return std::unexpected(result.error());
    return Conclusion{*state, *result};
}

Result<Page> parse_page(std::string_view target) {
    Page page;
    const auto mark = target.find('?');
    std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    while (!query.empty()) {
        const std::string_view field = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), field.size() + 1));
        const std::string_view name = field.substr(0, field.find('='));
        const std::string_view text = field.substr(std::min(field.size(), name.size() + 1));
        if (name != "limit" && name != "after") {
            return std::unexpected(
                bad_request(fmt::format("the query \"{}\" is not known here", name.substr(0, 200)),
                            "use \"limit\" and \"after\""));
        }
        const bool is_limit = name == "limit";
        const std::int64_t least = is_limit ? 1 : 0;
        const std::int64_t most =
            is_limit ? kMaxPageLimit : std::numeric_limits<std::int64_t>::max();
        std::int64_t number = -1;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size() || number < least ||
            number > most) {
            return std::unexpected(
                bad_request(fmt::format("the query \"{}\" has to be a whole number from {} to {}",
                                        name, least, most),
                            "take \"after\" from the \"next\" of the page before"));
        }
        (is_limit ? page.limit : page.after) = number;
    }
    return page;
}

Result<void> parse_nothing(const HttpRequest& request) {
    const auto body = body_with(request, {});
    if (!body) return std::unexpected(body.error());
    return {};
}

Result<Binding> parse_binding(const HttpRequest& request) {
    const auto body = body_with(request, {"repository", "branch"});
    if (!body) return std::unexpected(body.error());
    const auto repository = text_field(*body, "repository", "");
    if (!repository) return std::unexpected(repository.error());
    if (std::count(repository->begin(), repository->end(), '/') != 1) {
        return std::unexpected(bad_request("the field \"repository\" has to be \"owner/name\"",
                                           "name the repository as GitHub does"));
    }
    const auto branch = text_field(*body, "branch", "main");
    if (!branch) return std::unexpected(branch.error());
    return Binding{*repository, *branch};
}

Result<ReconcileRequest> parse_reconcile(const HttpRequest& request) {
    const auto body = body_with(request, {"apply", "destroy"});
    if (!body) return std::unexpected(body.error());
    ReconcileRequest wanted;
    if (const auto apply = body->find("apply"); apply != body->end()) {
        if (!apply->is_boolean()) {
            return std::unexpected(bad_request("the field \"apply\" has to be true or false",
                                               "leave it out to see what would be done"));
        }
        wanted.apply = apply->get<bool>();
    }
    const auto named = body->find("destroy");
    if (named == body->end()) return wanted;
    const auto no_list = [] {
        return std::unexpected(bad_request("the field \"destroy\" has to be a list of external ids",
                                           "name them as the findings of a reconciliation do"));
    };
    if (!named->is_array()) return no_list();
    for (const auto& id : *named) {
        if (!id.is_string() || id.get_ref<const std::string&>().empty()) return no_list();
        wanted.named.insert(id.get<std::string>());
    }
    return wanted;
}

}  // namespace lifecycle
