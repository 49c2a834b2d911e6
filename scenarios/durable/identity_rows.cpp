#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "scenarios/durable/row_checks.hpp"
#include "system/rows/credentials.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/presence.hpp"
#include "system/rows/quarantine.hpp"

namespace scenarios {
namespace {

using lifecycle::Credential;
using lifecycle::Quarantined;
using lifecycle::Tx;
using std::string;

constexpr const char* kMachines[] = {"alpha-1", "alpha-3", "alpha-4",
                                     "alpha-5", "beta-4",  "gone-3"};

string line_of(const std::optional<Credential>& c) {
    if (!c) return "";
    return fmt::format("{}|{}|{}|{}|{}|\n", c->machine, c->boot, c->epoch, c->token_hash,
                       text(c->superseded));
}
string lines(const Table& table) {
    return told(table, {"machine", "boot", "epoch", "token_hash", "superseded"});
}

void check_credentials(RowChecks& all, const string& m) {
    const Where of = is({{"machine", m}});
    const Where live = is({{"machine", m}, {"superseded", "0"}});
    all.push_back({"live_credential", m,
                   [m](Tx& tx) { return line_of(lifecycle::live_credential(tx, m)); },
                   [live](Tables& t) { return lines(sorted(t["credential"], live, "boot")); }});
    all.push_back({"newest_epoch", m, [m](Tx& tx) { return text(lifecycle::newest_epoch(tx, m)); },
                   [of](Tables& t) -> string {
                       const Table found = sorted(t["credential"], of, "epoch");
                       return found.empty() ? "0" : found.back().at("epoch");
                   }});
    all.push_back({"supersede_credentials", m,
                   [m](Tx& tx) {
                       lifecycle::supersede_credentials(tx, m);
                       return string();
                   },
                   [of](Tables& t) {
                       change(t["credential"], of, {{"superseded", "1"}});
                       return string();
                   }});
    for (const string boot : {"b1", "b2", "b9"}) {
        const Where one = is({{"machine", m}, {"boot", boot}});
        all.push_back({"find_credential", fmt::format("{} {}", m, boot),
                       [=](Tx& tx) { return line_of(lifecycle::find_credential(tx, m, boot)); },
                       [one](Tables& t) { return lines(sorted(t["credential"], one, "boot")); }});
        const string hash = fmt::format("h-{}-{}", m, boot);
        all.push_back({"credential_of_token", hash,
                       [=](Tx& tx) { return line_of(lifecycle::credential_of_token(tx, hash)); },
                       [hash](Tables& t) {
                           return lines(
                               sorted(t["credential"], is({{"token_hash", hash}}), "boot"));
                       }});
        all.push_back({"replace_credential", fmt::format("{} {}", m, boot),
                       [=](Tx& tx) {
                           lifecycle::replace_credential(tx, {m, boot, 9, "hash", true}, at(9'000));
                           return string();
                       },
                       [=](Tables& t) {
                           change(t["credential"], of, {{"superseded", "1"}});
                           remove(t["credential"], one);
                           t["credential"].push_back({{"machine", m},
                                                      {"boot", boot},
                                                      {"epoch", "9"},
                                                      {"token_hash", "hash"},
                                                      {"superseded", "0"},
                                                      {"issued_at", "9000"}});
                           return string();
                       }});
    }
}

void check_presence(RowChecks& all, const string& m) {
    const Where of = is({{"machine", m}});
    all.push_back({"presence_of", m,
                   [m](Tx& tx) {
                       const lifecycle::Presence p = lifecycle::presence_of(tx, m);
                       return fmt::format("{}|{}|{}|{}|\n", text(p.seen_at), p.beats, p.boots,
                                          text(p.boots_since));
                   },
                   [of](Tables& t) -> string {
                       const Table found = sorted(t["presence"], of, "machine");
                       if (found.empty()) return "0|0|0|0|\n";
                       return told(found, {"seen_at", "beats", "boots", "boots_since"});
                   }});
    all.push_back({"record_seen", m,
                   [m](Tx& tx) {
                       lifecycle::record_seen(tx, m, at(9'000));
                       return string();
                   },
                   [=](Tables& t) {
                       for (Record& r : t["presence"]) {
                           if (!of(r)) continue;
                           r["seen_at"] = "9000";
                           r["beats"] = text(number(r, "beats") + 1);
                           return string();
                       }
                       t["presence"].push_back({{"machine", m},
                                                {"seen_at", "9000"},
                                                {"beats", "1"},
                                                {"boots", "0"},
                                                {"boots_since", "0"}});
                       return string();
                   }});
    all.push_back({"record_boots", m,
                   [m](Tx& tx) {
                       lifecycle::record_boots(tx, m, 33, at(9'000));
                       return string();
                   },
                   [of](Tables& t) {
                       change(t["presence"], of, {{"boots", "33"}, {"boots_since", "9000"}});
                       return string();
                   }});
}

string line(const Quarantined& q) {
    return fmt::format("{}|{}|{}|{}|{}|{}|\n", q.provider, q.resource, q.machine,
                       text(q.first_seen), text(q.last_seen), q.watched.count());
}
string quarantine_lines(const Table& table) {
    return told(table,
                {"provider", "resource", "machine", "first_seen", "last_seen", "watched_us"});
}

void check_quarantine(RowChecks& all) {
    all.push_back(
        {"quarantined", "all",
         [](Tx& tx) {
             string some;
             for (const Quarantined& q : lifecycle::quarantined(tx)) some += line(q);
             return some;
         },
         [](Tables& t) {
             return quarantine_lines(sorted(
                 t["quarantine"], [](const Record&) { return true; }, "provider", "resource"));
         }});
    for (const string provider : {"fly", "docker"}) {
        for (const string resource : {"x", "y"}) {
            const Where one = is({{"provider", provider}, {"resource", resource}});
            all.push_back({"forget_quarantined", fmt::format("{} {}", provider, resource),
                           [=](Tx& tx) {
                               lifecycle::forget_quarantined(tx, provider, resource);
                               return string();
                           },
                           [one](Tables& t) {
                               remove(t["quarantine"], one);
                               return string();
                           }});
            // Before it was last seen, soon after, and long after.
            for (const std::int64_t now : {50, 100, 105, 10'000}) {
                all.push_back(
                    {"record_quarantined", fmt::format("{} {} at {}", provider, resource, now),
                     [=](Tx& tx) {
                         return line(lifecycle::record_quarantined(
                             tx, provider, resource, "m9", at(now), lifecycle::Duration(12)));
                     },
                     [=](Tables& t) {
                         for (Record& r : t["quarantine"]) {
                             if (!one(r)) continue;
                             const std::int64_t gap = now - number(r, "last_seen");
                             const std::int64_t counts =
                                 gap < 0 ? 0 : std::min<std::int64_t>(gap, 12);
                             r["watched_us"] = text(number(r, "watched_us") + counts);
                             r["last_seen"] = text(now);
                             return quarantine_lines({r});
                         }
                         t["quarantine"].push_back({{"provider", provider},
                                                    {"resource", resource},
                                                    {"machine", "m9"},
                                                    {"first_seen", text(now)},
                                                    {"last_seen", text(now)},
                                                    {"watched_us", "0"}});
                         return quarantine_lines({t["quarantine"].back()});
                     }});
            }
        }
    }
}

void check_installation(RowChecks& all) {
    all.push_back({"all_installations", "ours and older",
                   [](Tx& tx) {
                       string names;
                       for (const string& id : lifecycle::all_installations(tx)) names += id + "|";
                       return names;
                   },
                   [](Tables& t) {
                       std::vector<string> ids = {t["installation"].front().at("id")};
                       for (const Record& resource : t["provider_resource"]) {
                           if (resource.at("state") == "gone") continue;
                           for (const Record& m : t["machine"]) {
                               if (m.at("id") == resource.at("machine")) {
                                   ids.push_back(m.at("installation"));
                               }
                           }
                       }
                       std::ranges::sort(ids);
                       ids.erase(std::ranges::unique(ids).begin(), ids.end());
                       string names;
                       for (const string& id : ids) names += id.empty() ? "" : id + "|";
                       return names;
                   }});
    for (const bool born : {true, false}) {
        for (const string name : {"ours", "others"}) {
            all.push_back(
                {"claim_installation", name,
                 [=](Tx& tx) {
                     if (!born) tx.run("DELETE FROM installation");
                     const auto claimed = lifecycle::claim_installation(tx, "id", name, at(9'000));
                     return fmt::format("{}|{}|{}|\n", claimed.id, claimed.name,
                                        text(claimed.born_at));
                 },
                 [=](Tables& t) {
                     if (born) {
                         t["installation"].front()["name"] = name;
                     } else {
                         t["installation"] = {
                             {{"one", "1"}, {"id", "id"}, {"name", name}, {"born_at", "9000"}}};
                         change(t["machine"], is({{"installation", ""}}), {{"installation", name}});
                     }
                     return told(t["installation"], {"id", "name", "born_at"});
                 }});
        }
    }
    for (const bool born : {true, false}) {
        all.push_back({"installation_of", born ? "one" : "none",
                       [born](Tx& tx) {
                           if (!born) tx.run("DELETE FROM installation");
                           const auto ours = lifecycle::installation_of(tx);
                           return fmt::format("{}|{}|{}|", ours.id, ours.name, text(ours.born_at));
                       },
                       [born](Tables& t) -> string {
                           if (born) return "inst|ours|5|";
                           t["installation"].clear();
                           return "||0|";
                       }});
    }
    for (const bool known : {true, false}) {
        all.push_back({"key_fingerprint", known ? "known" : "none",
                       [known](Tx& tx) {
                           if (!known) tx.run("DELETE FROM identity_key");
                           return lifecycle::key_fingerprint(tx);
                       },
                       [known](Tables& t) -> string {
                           if (known) return t["identity_key"].front().at("fingerprint");
                           t["identity_key"].clear();
                           return "";
                       }});
        all.push_back({"record_key_fingerprint", known ? "known" : "none",
                       [known](Tx& tx) {
                           if (!known) tx.run("DELETE FROM identity_key");
                           lifecycle::record_key_fingerprint(tx, "new");
                           return string();
                       },
                       [](Tables& t) {
                           t["identity_key"] = {{{"one", "1"}, {"fingerprint", "new"}}};
                           return string();
                       }});
    }
    all.push_back(
        {"installation_id", "of chance",
         [](Tx&) {
             return fmt::format("{} {} {} {}", lifecycle::installation_id(0, at(0)),
                                lifecycle::installation_id(1, at(2)),
                                lifecycle::installation_id(32, at(0)),
                                lifecycle::installation_id(~std::uint64_t{0}, at(0)));
         },
         [](Tables&) -> string { return "aaaaaaaaaaaa daaaaaaaaaaa abaaaaaaaaaa 777777777777"; }});
}

}  // namespace

void identity_checks(RowChecks& all) {
    for (const string m : kMachines) {
        check_credentials(all, m);
        check_presence(all, m);
    }
    all.push_back(
        {"supersede_all_credentials", "all",
         [](Tx& tx) { return text(lifecycle::supersede_all_credentials(tx)); },
         [](Tables& t) {
             return text(change(t["credential"], is({{"superseded", "0"}}), {{"superseded", "1"}}));
         }});
    all.push_back(
        {"watches", "all",
         [](Tx& tx) {
             string some;
             for (const lifecycle::Watch& w : lifecycle::watches(tx)) {
                 some +=
                     fmt::format("{}|{}|{}|{}|\n", w.machine, w.project, w.beats, w.recreations);
             }
             return some;
         },
         [](Tables& t) {
             string some;
             const Where active = [](const Record& r) { return !r.at("active_machine").empty(); };
             for (const Record& p : sorted(t["project"], active, "active_machine")) {
                 const Table seen =
                     sorted(t["presence"], is({{"machine", p.at("active_machine")}}), "machine");
                 some += fmt::format("{}|{}|{}|{}|\n", p.at("active_machine"), p.at("id"),
                                     seen.empty() ? "0" : seen.front().at("beats"),
                                     p.at("recreations"));
             }
             return some;
         }});
    check_quarantine(all);
    check_installation(all);
}

}  // namespace scenarios
