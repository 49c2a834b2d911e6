#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "system/identity/registration.hpp"
#include "system/lifecycle/machine_changes.hpp"
#include "system/model/error.hpp"
#include "system/ports/http.hpp"
#include "system/providers/providers.hpp"
#include "system/rows/page.hpp"
#include "system/tasks/delegations.hpp"

// What requests ask for, checked field by field. Every error names what is wrong and what to do.
namespace lifecycle {

// `usual`: the provider of machines that ask for none.
Result<MachineRequest> parse_create(const HttpRequest& request, const std::string& project,
                                    const Providers& providers, const std::string& usual);
Result<DaemonStatus> parse_status(const HttpRequest& request);
Result<Registration> parse_registration(const HttpRequest& request, const std::string& machine);

// What the Authorization header has; unauthorized if it has nothing.
Result<std::string> parse_token(const HttpRequest& request);

struct RecreateRequest {
    std::string machine;  // to be replaced; empty: whatever the project has
    std::string reason;
};
Result<RecreateRequest> parse_recreate(const HttpRequest& request);

Result<DelegationRequest> parse_delegation(const HttpRequest& request, const std::string& project);

struct Conclusion {
    DelegationState outcome;  // terminal
    std::string result;
};
Result<Conclusion> parse_conclusion(const HttpRequest& request);

// The part of a list that a query asks for: "limit", and "after", which is the "next" of the part
// before.
Result<Page> parse_page(std::string_view target);

// A request without fields.
Result<void> parse_nothing(const HttpRequest& request);

struct Binding {
    std::string repository;  // "owner/name"
    std::string branch;
};
Result<Binding> parse_binding(const HttpRequest& request);

struct ReconcileRequest {
    bool apply = false;           // whether it is to change anything
    std::set<std::string> named;  // external ids of resources that are to be destroyed at once
};
Result<ReconcileRequest> parse_reconcile(const HttpRequest& request);

// The idempotency key that a client chose, set apart from those that we make; empty: none.
Result<std::string> parse_key(const HttpRequest& request);

}  // namespace lifecycle
