#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "scenarios/durable/row_checks.hpp"
#include "system/rows/delegations.hpp"
#include "system/rows/machine_requests.hpp"

namespace scenarios {
namespace {

using lifecycle::Delegation;
using lifecycle::DelegationState;
using lifecycle::MachineRequest;
using lifecycle::Tx;
using std::string;

constexpr const char* kProjects[] = {"alpha", "beta", "gone", "empty"};
constexpr const char* kDelegations[] = {"alpha.1", "alpha.2", "alpha.3", "alpha.11",
                                        "beta.1",  "beta.2",  "beta.3",  "beta.4"};

string line(const Delegation& d) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|\n", d.id, d.project, d.agent,
                       d.payload, to_string(d.state), d.machine, d.deliveries, d.result,
                       text(d.deadline), text(d.created_at), text(d.updated_at), d.digest,
                       d.number);
}
string line(const MachineRequest& r) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}\n", r.id, r.project,
                       r.provider, r.spec.image, r.spec.region, r.spec.cpus, r.spec.memory_mb,
                       r.spec.volume_gb, r.spec.active_within_s, r.idempotency_key, r.digest,
                       r.machine, r.may_take.count(), text(r.asked_at), text(r.withdrawn));
}
template <class Many>
string lines(const Many& some) {
    string all;
    if constexpr (requires { some.has_value(); }) {
        if (some) all = line(*some);
    } else {
        for (const auto& each : some) all += line(each);
    }
    return all;
}
string lines(Table table, bool payload, std::int64_t limit = -1) {
    if (!payload) change(table, [](const Record&) { return true; }, {{"payload", ""}});
    return told(table,
                {"id", "project", "agent", "payload", "state", "machine", "deliveries", "result",
                 "deadline", "created_at", "updated_at", "digest", "number"},
                limit);
}

Where open_ones(const string& column, const string& value) {
    return [=](const Record& r) {
        return r.at(column) == value && (r.at("state") == "queued" || r.at("state") == "delivered");
    };
}

void end_open(Tables& t, const Where& which, const string& state, const string& result) {
    for (const Record& r : sorted(t["delegation"], which, "number")) {
        t.told.push_back(fmt::format("delegation.ended delegation={} state={}", r.at("id"), state));
    }
    change(t["delegation"], which, {{"state", state}, {"result", result}, {"updated_at", "9000"}});
}

void check_of_project(RowChecks& all, const string& p) {
    for (const string key : {"key-1", "key-3", "key-11"}) {
        all.push_back(
            {"find_delegation_by_key", fmt::format("{} {}", p, key),
             [=](Tx& tx) { return lines(find_delegation_by_key(tx, p, key)); },
             [=](Tables& t) {
                 return lines(
                     sorted(t["delegation"], is({{"project", p}, {"idempotency_key", key}}), "id"),
                     true);
             }});
    }
    for (const lifecycle::Page page : {lifecycle::Page{0, 100}, lifecycle::Page{0, 2},
                                       lifecycle::Page{2, 2}, lifecycle::Page{3, 1}}) {
        all.push_back(
            {"delegations_of", p, [=](Tx& tx) { return lines(delegations_of(tx, p, page)); },
             [=](Tables& t) {
                 const Where behind = [&](const Record& r) {
                     return r.at("project") == p && number(r, "number") > page.after;
                 };
                 return lines(sorted(t["delegation"], behind, "number"), false, page.limit);
             }});
    }
    const Where open = open_ones("project", p);
    all.push_back(
        {"open_delegations", p, [p](Tx& tx) { return lines(lifecycle::open_delegations(tx, p)); },
         [open](Tables& t) { return lines(sorted(t["delegation"], open, "number"), false); }});
    all.push_back(
        {"count_open_delegations", p, [p](Tx& tx) { return text(count_open_delegations(tx, p)); },
         [open](Tables& t) { return text(std::ranges::count_if(t["delegation"], open)); }});
    all.push_back({"fail_delegations", p,
                   [p](Tx& tx) {
                       fail_delegations(tx, p, "why", at(9'000));
                       return string();
                   },
                   [open](Tables& t) {
                       end_open(t, open, "failed", "why");
                       return string();
                   },
                   p == "alpha"});
    for (const string key : {"", "mine"}) {
        all.push_back({"insert_delegation", fmt::format("{} {}", p, key),
                       [=](Tx& tx) {
                           Delegation made;
                           made.project = p;
                           made.agent = "agent";
                           made.payload = "{}";
                           made.deadline = at(9'900);
                           made.created_at = at(9'000);
                           made.digest = "dig";
                           made.state = DelegationState::failed;
                           return insert_delegation(tx, made, key).id;
                       },
                       [=](Tables& t) {
                           string next;
                           for (Record& r : t["project"]) {
                               if (r["id"] == p)
                                   next = r["delegations"] = text(number(r, "delegations") + 1);
                           }
                           const string id = fmt::format("{}.{}", p, next);
                           t["delegation"].push_back({{"id", id},
                                                      {"project", p},
                                                      {"idempotency_key", key.empty() ? id : key},
                                                      {"agent", "agent"},
                                                      {"payload", "{}"},
                                                      {"state", "queued"},
                                                      {"machine", ""},
                                                      {"deliveries", "0"},
                                                      {"result", ""},
                                                      {"deadline", "9900"},
                                                      {"created_at", "9000"},
                                                      {"updated_at", "9000"},
                                                      {"digest", "dig"},
                                                      {"number", next}});
                           t.told.push_back(
                               fmt::format("delegation.queued delegation={} agent=agent", id));
                           return id;
                       },
                       p == "alpha"});
    }
}

void check_one(RowChecks& all, const string& id) {
    const Where open = open_ones("id", id);
    all.push_back(
        {"find_delegation", id, [id](Tx& tx) { return lines(lifecycle::find_delegation(tx, id)); },
         [id](Tables& t) { return lines(sorted(t["delegation"], is({{"id", id}}), "id"), true); }});
    all.push_back({"record_delivered", id,
                   [id](Tx& tx) {
                       record_delivered(tx, id, "m", at(9'000));
                       return string();
                   },
                   [id, open](Tables& t) {
                       for (Record& r : t["delegation"]) {
                           if (!open(r)) continue;
                           r["state"] = "delivered";
                           r["machine"] = "m";
                           r["deliveries"] = text(number(r, "deliveries") + 1);
                           r["updated_at"] = "9000";
                           t.told.push_back(
                               fmt::format("delegation.delivered delegation={} machine=m", id));
                       }
                       return string();
                   },
                   id == "alpha.3" || id == "alpha.1"});
    all.push_back({"end_delegation", id,
                   [id](Tx& tx) {
                       return text(
                           end_delegation(tx, id, DelegationState::processed, "well", at(9'000)));
                   },
                   [open](Tables& t) {
                       const bool was_open = std::ranges::any_of(t["delegation"], open);
                       end_open(t, open, "processed", "well");
                       return text(was_open);
                   },
                   id == "alpha.3" || id == "alpha.1"});
}

string request_lines(const Table& table) {
    string all;
    for (const Record& r : table) {
        string one = told({r}, {"id", "project", "provider", "image", "region", "cpus", "memory_mb",
                                "volume_gb", "active_within_s", "idempotency_key", "digest",
                                "machine", "may_take", "asked_at"});
        one.pop_back();
        all += one + text(r.at("state") == "withdrawn") + "\n";
    }
    return all;
}

MachineRequest asked(const string& project, const string& key, std::int64_t id) {
    MachineRequest request;
    request.id = id;
    request.project = project;
    request.provider = "fly";
    request.spec = {"img", "ams", 3, 512, 7, 90};
    request.idempotency_key = key;
    request.digest = "dig";
    request.may_take = lifecycle::Duration(77);
    return request;
}

void keep(Tables& t, const string& project, const string& key, const string& state,
          const string& machine) {
    Table& requests = t["machine_request"];
    requests.push_back({{"id", text(number(requests.back(), "id") + 1)},
                        {"project", project},
                        {"provider", "fly"},
                        {"image", "img"},
                        {"region", "ams"},
                        {"cpus", "3"},
                        {"memory_mb", "512"},
                        {"volume_gb", "7"},
                        {"active_within_s", "90"},
                        {"idempotency_key", key},
                        {"digest", "dig"},
                        {"state", state},
                        {"machine", machine},
                        {"may_take", "77"},
                        {"asked_at", "9000"}});
}

Where unanswered(const string& project) {
    return [=](const Record& r) {
        return r.at("project") == project &&
               (r.at("state") == "waiting" || r.at("state") == "replaced");
    };
}

void check_requests(RowChecks& all, const string& p) {
    for (const string key : {"", "k1", "k2", "k3", "k4"}) {
        all.push_back({"find_request", fmt::format("{} {}", p, key),
                       [=](Tx& tx) { return lines(lifecycle::find_request(tx, p, key)); },
                       [=](Tables& t) {
                           const Where named = [&](const Record& r) {
                               return !key.empty() && r.at("project") == p &&
                                      r.at("idempotency_key") == key;
                           };
                           return request_lines(sorted(t["machine_request"], named, "id"));
                       }});
    }
    all.push_back({"waiting_request", p,
                   [p](Tx& tx) { return lines(lifecycle::waiting_request(tx, p)); },
                   [p](Tables& t) {
                       return request_lines(sorted(
                           t["machine_request"], is({{"project", p}, {"state", "waiting"}}), "id"));
                   }});
    all.push_back({"withdraw_requests", p,
                   [p](Tx& tx) {
                       lifecycle::withdraw_requests(tx, p);
                       return string();
                   },
                   [p](Tables& t) {
                       change(t["machine_request"], unanswered(p), {{"state", "withdrawn"}});
                       return string();
                   }});
    for (const string key : {"", "new"}) {
        all.push_back({"keep_waiting", fmt::format("{} {}", p, key),
                       [=](Tx& tx) {
                           lifecycle::keep_waiting(tx, asked(p, key, 0), at(9'000));
                           return string();
                       },
                       [=](Tables& t) {
                           change(t["machine_request"], is({{"project", p}, {"state", "waiting"}}),
                                  {{"state", "replaced"}});
                           keep(t, p, key, "waiting", "");
                           t.told.push_back("machine.queued project=" + p);
                           return string();
                       },
                       p == "alpha"});
        for (const std::int64_t id : {0, 1}) {
            all.push_back(
                {"keep_begun", fmt::format("{} {} {}", p, key, id),
                 [=](Tx& tx) {
                     lifecycle::keep_begun(tx, asked(p, key, id), "m", at(9'000));
                     return string();
                 },
                 [=](Tables& t) {
                     if (id == 0) {
                         if (!key.empty()) keep(t, p, key, "begun", "m");
                         return string();
                     }
                     change(t["machine_request"], unanswered(p),
                            {{"state", "begun"}, {"machine", "m"}});
                     remove(t["machine_request"],
                            is({{"project", p}, {"state", "begun"}, {"idempotency_key", ""}}));
                     return string();
                 }});
        }
    }
}

}  // namespace

void delegation_checks(RowChecks& all) {
    for (const string p : kProjects) {
        check_of_project(all, p);
        check_requests(all, p);
    }
    for (const string id : kDelegations) check_one(all, id);
}

}  // namespace scenarios
