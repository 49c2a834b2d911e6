#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

#include "scenarios/durable/row_checks.hpp"
#include "system/rows/forgetting.hpp"

namespace scenarios {
namespace {

using lifecycle::Time;
using lifecycle::Tx;
using std::string;

bool any(Tables& t, const char* table, const Where& which) {
    return std::ranges::any_of(t[table], which);
}

string newest_event(Tables& t) {
    return t["outbox_event"].back().at("id");
}

// Of those that are over before then, the oldest so many go.
using Forget = std::function<std::int64_t(Tx&, Time, std::int64_t)>;
using Over = std::function<bool(Tables&, const Record&)>;
void check(RowChecks& all, const char* function, const char* table, const char* when,
           const char* then, const Forget& forget, const Over& over) {
    for (const std::int64_t before : {0, 60, 61, 90, 91, 100, 101, 200, 250, 251, 10'000}) {
        for (const std::int64_t limit : {1, 100}) {
            all.push_back({function, fmt::format("before {}, {} at most", before, limit),
                           [=](Tx& tx) { return text(forget(tx, at(before), limit)); },
                           [=](Tables& t) {
                               const Where old = [&](const Record& r) {
                                   return (*when == 0 || number(r, when) < before) && over(t, r);
                               };
                               Table doomed = sorted(t[table], old, *when == 0 ? then : when, then);
                               if (std::ssize(doomed) > limit) doomed.resize(limit);
                               return text(remove(t[table], [&](const Record& r) {
                                   return std::ranges::find(doomed, r) != doomed.end();
                               }));
                           }});
        }
    }
}

bool is_over(Tables& t, const Record& r) {
    const string& state = r.at("state");
    if (state != "archived" && state != "failed") return false;
    const string& id = r.at("id");
    const bool newest = any(t, "project", [&](const Record& p) {
        return p.at("id") == r.at("project") && p.at("generation") == r.at("generation");
    });
    const bool owed = any(t, "provider_resource", [&](const Record& o) {
        return o.at("machine") == id && o.at("state") != "gone";
    });
    const bool awaited = any(t, "outbox_event", [&](const Record& e) {
        return e.at("machine") == id &&
               (e.at("state") == "pending" || e.at("id") == newest_event(t));
    });
    return !newest && !owed && !awaited;
}

}  // namespace

void forgetting_checks(RowChecks& all) {
    for (const std::int64_t before : {100, 101, 200, 201, 300, 301, 400, 401, 1000}) {
        for (const std::int64_t limit : {1, 100}) {
            all.push_back(
                {"machines_over", fmt::format("{}, {}", before, limit),
                 [=](Tx& tx) {
                     string names;
                     for (const string& id : lifecycle::machines_over(tx, at(before), limit)) {
                         names += id + "|\n";
                     }
                     return names;
                 },
                 [=](Tables& t) {
                     const Where old = [&](const Record& r) {
                         return number(r, "updated_at") < before && is_over(t, r);
                     };
                     return told(sorted(t["machine"], old, "updated_at", "id"), {"id"}, limit);
                 }});
        }
    }
    for (const string id : {"alpha-1", "alpha-4", "gone-3", "nobody-1"}) {
        all.push_back({"forget_machine", id,
                       [id](Tx& tx) {
                           lifecycle::forget_machine(tx, id);
                           return string();
                       },
                       [id](Tables& t) {
                           for (const char* table :
                                {"outbox_event", "machine_history", "credential", "presence",
                                 "provider_resource"}) {
                               remove(t[table], is({{"machine", id}}));
                           }
                           remove(t["machine"], is({{"id", id}}));
                           return string();
                       }});
    }
    check(all, "forget_delegations", "delegation", "updated_at", "id",
          lifecycle::forget_delegations, [](Tables&, const Record& r) {
              return r.at("state") == "processed" || r.at("state") == "failed";
          });
    for (const string kind : {"a", "b"}) {
        check(
            all, "forget_events", "outbox_event", "created_at", "id",
            [kind](Tx& tx, Time before, std::int64_t limit) {
                return lifecycle::forget_events(tx, kind, before, limit);
            },
            [kind](Tables& t, const Record& r) {
                return r.at("kind") == kind && r.at("state") != "pending" &&
                       r.at("id") != newest_event(t);
            });
    }
    check(all, "forget_history", "machine_history", "at", "id", lifecycle::forget_history,
          [](Tables&, const Record&) { return true; });
    check(all, "forget_credentials", "credential", "issued_at", "token_hash",
          lifecycle::forget_credentials, [](Tables& t, const Record& r) {
              const bool highest = std::ranges::none_of(t["credential"], [&](const Record& other) {
                  return other.at("machine") == r.at("machine") &&
                         number(other, "epoch") > number(r, "epoch");
              });
              return r.at("superseded") == "1" && !highest;
          });
    check(all, "forget_errors", "project_error", "ended_at", "id", lifecycle::forget_errors,
          [](Tables&, const Record& r) { return r.at("ended_at") != "0"; });
    for (const std::int64_t before : {5, 6, 20, 21, 30, 31, 40, 41}) {
        for (const std::int64_t limit : {1, 100}) {
            all.push_back(
                {"forget_requests", fmt::format("{}, {}", before, limit),
                 [=](Tx& tx) { return text(lifecycle::forget_requests(tx, at(before), limit)); },
                 [=](Tables& t) {
                     const Where old = [&](const Record& r) {
                         return r.at("state") != "waiting" && number(r, "asked_at") < before &&
                                !any(t, "machine", is({{"id", r.at("machine")}}));
                     };
                     Table doomed = sorted(t["machine_request"], old, "asked_at", "id");
                     if (std::ssize(doomed) > limit) doomed.resize(limit);
                     return text(remove(t["machine_request"], [&](const Record& r) {
                         return std::ranges::find(doomed, r) != doomed.end();
                     }));
                 }});
        }
    }
    check(
        all, "forget_volumes", "volume", "", "name",
        [](Tx& tx, Time, std::int64_t limit) { return lifecycle::forget_volumes(tx, limit); },
        [](Tables& t, const Record& r) {
            const string& name = r.at("name");
            return r.at("state") == "gone" && !any(t, "machine", is({{"volume", name}})) &&
                   !any(t, "outbox_event", is({{"dedupe_key", "volume-destroy:" + name}}));
        });
}

}  // namespace scenarios
