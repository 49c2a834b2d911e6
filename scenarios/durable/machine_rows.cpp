#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "scenarios/durable/row_checks.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/machine_history.hpp"
#include "system/rows/machines.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/provider_resources.hpp"

namespace scenarios {
namespace {

using lifecycle::DaemonStatus;
using lifecycle::Machine;
using lifecycle::MachineState;
using lifecycle::Tx;
using std::string;

constexpr const char* kMachines[] = {"alpha-1", "alpha-2", "alpha-3", "alpha-4",
                                     "alpha-5", "beta-3",  "beta-4",  "beta-5",
                                     "gone-1",  "gone-5",  "nobody-1"};
constexpr const char* kProjects[] = {"alpha", "beta", "gone", "empty", "nobody"};
constexpr std::pair<MachineState, const char*> kStates[] = {{MachineState::starting, "starting"},
                                                            {MachineState::active, "active"},
                                                            {MachineState::detached, "detached"},
                                                            {MachineState::archived, "archived"},
                                                            {MachineState::failed, "failed"}};

string line(const Machine& m) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|\n", m.id,
                       m.project, m.generation, m.provider, to_string(m.state), m.external_id,
                       m.address, m.spec.image, m.spec.region, m.spec.cpus, m.spec.memory_mb,
                       to_string(m.daemon_status), m.provisioning_error, text(m.created_at),
                       text(m.updated_at), m.spec.volume_gb, m.volume, m.spec.active_within_s,
                       m.installation);
}
template <class Many>
string lines(const Many& machines) {
    string all;
    if constexpr (requires { machines.has_value(); }) {
        if (machines) all = line(*machines);
    } else {
        for (const Machine& machine : machines) all += line(machine);
    }
    return all;
}
string lines(const Table& table, std::int64_t limit = -1) {
    return told(
        table,
        {"id", "project", "generation", "provider", "state", "external_id", "address", "image",
         "region", "cpus", "memory_mb", "daemon_status", "provisioning_error", "created_at",
         "updated_at", "volume_gb", "volume", "active_within_s", "installation"},
        limit);
}

// Sets those columns of the machine that is named.
void check_setter(RowChecks& all, const char* name, std::function<void(Tx&, string)> call,
                  std::vector<std::pair<const char*, string>> values) {
    for (const string id : kMachines) {
        all.push_back({name, id,
                       [call, id](Tx& tx) {
                           call(tx, id);
                           return string();
                       },
                       [id, values](Tables& t) {
                           for (const auto& [column, value] : values) {
                               change(t["machine"], is({{"id", id}}), {{column, value}});
                           }
                           return string();
                       }});
    }
}

void add_history(Tables& t, const string& machine, const string& when, const string& what,
                 const string& detail) {
    Table& history = t["machine_history"];
    const std::int64_t next = number(history.back(), "id") + 1;
    history.push_back({{"id", text(next)},
                       {"machine", machine},
                       {"at", when},
                       {"what", what},
                       {"detail", detail}});
}

Machine machine_of(const string& id, const string& project, MachineState state) {
    Machine machine;
    machine.id = id;
    machine.project = project;
    machine.state = state;
    machine.created_at = at(5'000);
    return machine;
}

void check_queries(RowChecks& all) {
    for (const string id : kMachines) {
        all.push_back(
            {"find_machine", id, [id](Tx& tx) { return lines(find_machine(tx, id)); },
             [id](Tables& t) { return lines(sorted(t["machine"], is({{"id", id}}), "id")); }});
    }
    for (const string p : kProjects) {
        const Where of = is({{"project", p}});
        all.push_back({"machines_of", p,
                       [p](Tx& tx) { return lines(lifecycle::machines_of(tx, p)); },
                       [of](Tables& t) { return lines(sorted(t["machine"], of, "generation")); }});
        for (const lifecycle::Page page : {lifecycle::Page{0, 100}, lifecycle::Page{0, 2},
                                           lifecycle::Page{2, 2}, lifecycle::Page{5, 2}}) {
            all.push_back({"machines_of", fmt::format("{} in pages", p),
                           [p, page](Tx& tx) { return lines(lifecycle::machines_of(tx, p, page)); },
                           [p, page](Tables& t) {
                               const Where behind = [&](const Record& r) {
                                   return r.at("project") == p &&
                                          number(r, "generation") > page.after;
                               };
                               return lines(sorted(t["machine"], behind, "generation"), page.limit);
                           }});
        }
        all.push_back({"starting_machine", p,
                       [p](Tx& tx) { return lines(starting_machine(tx, p)); },
                       [p](Tables& t) {
                           return lines(sorted(t["machine"],
                                               is({{"project", p}, {"state", "starting"}}), "id"));
                       }});
        all.push_back({"active_machine", p, [p](Tx& tx) { return lines(active_machine(tx, p)); },
                       [p](Tables& t) {
                           const Table named = sorted(t["project"], is({{"id", p}}), "id");
                           if (named.empty()) return string();
                           const string id = named.front().at("active_machine");
                           return lines(sorted(t["machine"], is({{"id", id}}), "id"));
                       }});
    }
    for (const auto& [state, name] : kStates) {
        all.push_back({"machines_in", name,
                       [state](Tx& tx) { return lines(machines_in(tx, state)); },
                       [name](Tables& t) {
                           return lines(sorted(t["machine"], is({{"state", name}}), "id"));
                       }});
    }
}

void check_insertion(RowChecks& all) {
    all.push_back({"insert_machine", "one",
                   [](Tx& tx) {
                       Machine made = machine_of("alpha-6", "alpha", MachineState::starting);
                       made.generation = 6;
                       made.provider = "fly";
                       made.installation = "inst";
                       made.external_id = "is not known yet";
                       made.spec = {"img", "ams", 3, 512, 7, 90};
                       made.volume = "v-alpha";
                       made.daemon_status = DaemonStatus::booting;
                       made.updated_at = at(5'001);
                       insert_machine(tx, made);
                       return string();
                   },
                   [](Tables& t) {
                       t["machine"].push_back({{"id", "alpha-6"},
                                               {"project", "alpha"},
                                               {"generation", "6"},
                                               {"provider", "fly"},
                                               {"state", "starting"},
                                               {"external_id", ""},
                                               {"address", ""},
                                               {"image", "img"},
                                               {"region", "ams"},
                                               {"cpus", "3"},
                                               {"memory_mb", "512"},
                                               {"daemon_status", "booting"},
                                               {"provisioning_error", ""},
                                               {"idempotency_key", "alpha-6"},
                                               {"created_at", "5000"},
                                               {"updated_at", "5001"},
                                               {"volume_gb", "7"},
                                               {"volume", "v-alpha"},
                                               {"active_within_s", "90"},
                                               {"installation", "inst"}});
                       add_history(t, "alpha-6", "5000", "created", "generation 6 on fly");
                       t.told.push_back("machine.created machine=alpha-6 provider=fly");
                       return string();
                   },
                   true});
}

// From the state that it was read in, be it in that still or not.
void check_transitions(RowChecks& all) {
    constexpr std::pair<const char*, const char*> kLegal[] = {{"starting", "active"},
                                                              {"starting", "failed"},
                                                              {"starting", "detached"},
                                                              {"active", "detached"},
                                                              {"detached", "archived"}};
    for (const auto& [from, from_name] : kStates) {
        for (const auto& [to, to_name] : kStates) {
            for (const string id : {"alpha-1", "alpha-3", "alpha-4", "alpha-5", "beta-4"}) {
                const string project = id.substr(0, id.find('-'));
                all.push_back(
                    {"transition", fmt::format("{} from {} to {}", id, from_name, to_name),
                     [=](Tx& tx) {
                         const bool moved =
                             transition(tx, machine_of(id, project, from), to, at(9'000));
                         return text(moved);
                     },
                     [=](Tables& t) -> string {
                         if (std::ranges::none_of(kLegal, [&](const auto& each) {
                                 return string(each.first) == from_name &&
                                        string(each.second) == to_name;
                             })) {
                             return "refused";
                         }
                         if (change(t["machine"], is({{"id", id}, {"state", from_name}}),
                                    {{"state", to_name}, {"updated_at", "9000"}}) == 0) {
                             return "0";
                         }
                         if (string(to_name) != "active") {
                             change(t["credential"], is({{"machine", id}}), {{"superseded", "1"}});
                             for (const char* subject : {"registration", "silence"}) {
                                 change(t["project_error"],
                                        is({{"project", project},
                                            {"about", id},
                                            {"subject", subject},
                                            {"ended_at", "0"}}),
                                        {{"ended_at", "9000"}});
                             }
                         }
                         add_history(t, id, "9000", to_name, fmt::format("was {}", from_name));
                         t.told.push_back(
                             fmt::format("machine.state machine={} from={} to={} after_ms=4", id,
                                         from_name, to_name));
                         return "1";
                     },
                     (id == "alpha-5" && from == MachineState::starting) ||
                         (id == "alpha-4" && from == MachineState::active)});
            }
        }
    }
}

void check_ids(RowChecks& all) {
    for (const string id : kMachines) {
        for (const bool again : {false, true}) {
            all.push_back(
                {again ? "restore_external_id" : "set_external_id", id,
                 [id, again](Tx& tx) {
                     return text(again ? restore_external_id(tx, id, "new", "there", at(9'000))
                                       : set_external_id(tx, id, "new", "there", at(9'000)));
                 },
                 [id, again](Tables& t) -> string {
                     const Where unknown = [&](const Record& r) {
                         return r.at("id") == id && r.at("external_id").empty() &&
                                (again || r.at("state") == "starting");
                     };
                     if (change(t["machine"], unknown,
                                {{"external_id", "new"},
                                 {"address", "there"},
                                 {"updated_at", "9000"}}) == 0) {
                         return "0";
                     }
                     add_history(t, id, "9000", again ? "found again" : "provisioned", "new");
                     return "1";
                 }});
        }
        for (const string address : {"there", "a24"}) {
            all.push_back({"set_address", fmt::format("{} {}", id, address),
                           [=](Tx& tx) { return text(set_address(tx, id, address)); },
                           [=](Tables& t) -> string {
                               const Where other = [&](const Record& r) {
                                   return r.at("id") == id && r.at("address") != address;
                               };
                               const bool news =
                                   change(t["machine"], other, {{"address", address}}) > 0;
                               if (news) {
                                   t.told.push_back(fmt::format(
                                       "machine.address machine={} address={}", id, address));
                               }
                               return text(news);
                           },
                           id == "alpha-4" || id == "nobody-1"});
        }
        all.push_back({"set_daemon_status", id,
                       [id](Tx& tx) {
                           set_daemon_status(tx, id, DaemonStatus::ready, at(9'000));
                           return string();
                       },
                       [id](Tables& t) {
                           change(t["machine"], is({{"id", id}}),
                                  {{"daemon_status", "ready"}, {"updated_at", "9000"}});
                           t.told.push_back(
                               fmt::format("machine.daemon machine={} status=ready", id));
                           return string();
                       },
                       id == "alpha-4"});
    }
}

void check_resources(RowChecks& all) {
    using lifecycle::ProviderResource;
    for (const string name : kMachines) {
        const Where named = is({{"name", name}});
        all.push_back({"find_resource", name,
                       [name](Tx& tx) -> string {
                           const auto found = lifecycle::find_resource(tx, name);
                           if (!found) return "";
                           return fmt::format("{}|{}|{}|{}|\n", found->name, found->machine,
                                              found->external_id, to_string(found->state));
                       },
                       [named](Tables& t) {
                           return told(sorted(t["provider_resource"], named, "name"),
                                       {"name", "machine", "external_id", "state"});
                       }});
        all.push_back({"absences", name,
                       [name](Tx& tx) { return text(lifecycle::absences(tx, name)); },
                       [named](Tables& t) -> string {
                           const Table found = sorted(t["provider_resource"], named, "name");
                           return found.empty() ? "0" : found.front().at("absences");
                       }});
        all.push_back({"record_absence", name,
                       [name](Tx& tx) { return text(lifecycle::record_absence(tx, name)); },
                       [named](Tables& t) -> string {
                           for (Record& r : t["provider_resource"]) {
                               if (!named(r)) continue;
                               return r["absences"] = text(number(r, "absences") + 1);
                           }
                           return "0";
                       }});
        all.push_back({"forget_absences", name,
                       [name](Tx& tx) {
                           lifecycle::forget_absences(tx, name);
                           return string();
                       },
                       [named](Tables& t) {
                           change(t["provider_resource"], named, {{"absences", "0"}});
                           return string();
                       }});
        if (name != "nobody-1") {
            all.push_back({"record_ask", name,
                           [name](Tx& tx) {
                               lifecycle::record_ask(tx, name, name, at(9'000));
                               return string();
                           },
                           [name, named](Tables& t) {
                               if (change(t["provider_resource"], named, {{"asked_at", "9000"}}) ==
                                   0) {
                                   t["provider_resource"].push_back({{"name", name},
                                                                     {"machine", name},
                                                                     {"external_id", ""},
                                                                     {"state", "asked"},
                                                                     {"asked_at", "9000"},
                                                                     {"absences", "0"}});
                               }
                               return string();
                           }});
        }
        for (const string id : {"", "new"}) {
            all.push_back({"record_present", fmt::format("{} as {}", name, id),
                           [=](Tx& tx) {
                               lifecycle::record_present(tx, name, id);
                               return string();
                           },
                           [=](Tables& t) -> string {
                               for (Record& r : t["provider_resource"]) {
                                   if (!named(r)) continue;
                                   if (r["state"] == "gone") return "refused";
                                   r["state"] = "present";
                                   if (!id.empty()) r["external_id"] = id;
                               }
                               return "";
                           }});
        }
        all.push_back({"record_gone", name,
                       [name](Tx& tx) {
                           lifecycle::record_gone(tx, name);
                           return string();
                       },
                       [named](Tables& t) {
                           change(t["provider_resource"], named, {{"state", "gone"}});
                           return string();
                       }});
    }
}

}  // namespace

void machine_checks(RowChecks& all) {
    check_queries(all);
    check_insertion(all);
    check_transitions(all);
    check_ids(all);
    check_resources(all);
    check_setter(all, "set_provisioning_error",
                 [](Tx& tx, const string& id) { set_provisioning_error(tx, id, "why"); },
                 {{"provisioning_error", "why"}});
    check_setter(all, "set_size", [](Tx& tx, const string& id) { set_size(tx, id, 91, 92); },
                 {{"cpus", "91"}, {"memory_mb", "92"}});
    check_setter(all, "set_region", [](Tx& tx, const string& id) { set_region(tx, id, "syd"); },
                 {{"region", "syd"}});
    check_setter(all, "set_volume", [](Tx& tx, const string& id) { set_volume(tx, id, "v9"); },
                 {{"volume", "v9"}});
    for (const string id : kMachines) {
        all.push_back({"record_history", id,
                       [id](Tx& tx) {
                           lifecycle::record_history(tx, id, at(9'000), "it", "so");
                           return string();
                       },
                       [id](Tables& t) {
                           add_history(t, id, "9000", "it", "so");
                           return string();
                       }});
        for (const lifecycle::Page page :
             {lifecycle::Page{0, 100}, lifecycle::Page{0, 2}, lifecycle::Page{20, 2}}) {
            all.push_back({"history_of", id,
                           [=](Tx& tx) {
                               string all_told;
                               for (const auto& entry : lifecycle::history_of(tx, id, page)) {
                                   all_told +=
                                       fmt::format("{}|{}|{}|{}|\n", entry.number, text(entry.at),
                                                   entry.what, entry.detail);
                               }
                               return all_told;
                           },
                           [=](Tables& t) {
                               const Where behind = [&](const Record& r) {
                                   return r.at("machine") == id && number(r, "id") > page.after;
                               };
                               return told(sorted(t["machine_history"], behind, "id"),
                                           {"id", "at", "what", "detail"}, page.limit);
                           }});
        }
    }
}

}  // namespace scenarios
