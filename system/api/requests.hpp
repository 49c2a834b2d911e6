#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "system/lifecycle/machine_changes.hpp"
#include "system/model/error.hpp"
#include "system/ports/http.hpp"
#include "system/providers/providers.hpp"

// What requests ask for, checked field by field. Every error names what is wrong and what to do.
namespace lifecycle {

// The parts of a path between its slashes; the query is left out.
std::vector<std::string> segments_of(std::string_view target);

Result<MachineRequest> parse_create(const HttpRequest& request, const std::string& project,
                                    const Providers& providers);
Result<DaemonStatus> parse_status(const HttpRequest& request);

struct Binding {
    std::string repository;  // "owner/name"
    std::string branch;
};
Result<Binding> parse_binding(const HttpRequest& request);

// Whether a reconciliation is to change anything.
Result<bool> parse_apply(const HttpRequest& request);

// The idempotency key that a client chose, set apart from those that we make; empty: none.
Result<std::string> parse_key(const HttpRequest& request);

}  // namespace lifecycle
