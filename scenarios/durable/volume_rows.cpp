#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "scenarios/durable/row_checks.hpp"
#include "system/rows/volumes.hpp"

namespace scenarios {
namespace {

using lifecycle::Tx;
using lifecycle::VolumeRow;
using lifecycle::VolumeState;
using std::string;

constexpr const char* kVolumes[] = {"a-alpha", "v-alpha", "z-alpha", "v-beta", "v1",
                                    "v2",      "v3",      "v5",      "v6",     "none"};
constexpr std::pair<VolumeState, const char*> kStates[] = {
    {VolumeState::planned, "planned"}, {VolumeState::asked, "asked"},
    {VolumeState::present, "present"}, {VolumeState::superseded, "superseded"},
    {VolumeState::leaving, "leaving"}, {VolumeState::gone, "gone"}};

string line(const VolumeRow& v) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|\n", v.name, v.project, v.provider,
                       v.region, v.size_gb, v.copy_of, v.external_id, to_string(v.state),
                       text(v.used), v.snapshots, text(v.snapshot_at));
}
template <class Found>
string line_of(const Found& found) {
    return found ? line(*found) : string();
}
string lines(const Table& table, std::int64_t limit = -1) {
    return told(table,
                {"name", "project", "provider", "region", "size_gb", "copy_of", "external_id",
                 "state", "used", "snapshots", "snapshot_at"},
                limit);
}

void check_queries(RowChecks& all) {
    for (const string name : kVolumes) {
        all.push_back({"find_volume", name,
                       [name](Tx& tx) { return line_of(lifecycle::find_volume(tx, name)); },
                       [name](Tables& t) {
                           return lines(sorted(t["volume"], is({{"name", name}}), "name"));
                       }});
    }
    for (const string provider : {"fly", "docker"}) {
        for (const string id : {"x1", "x2", "x5", "x9"}) {
            all.push_back(
                {"find_volume_by_id", fmt::format("{} {}", provider, id),
                 [=](Tx& tx) { return line_of(lifecycle::find_volume_by_id(tx, provider, id)); },
                 [=](Tables& t) {
                     return lines(sorted(t["volume"],
                                         is({{"provider", provider}, {"external_id", id}}), "name"),
                                  1);
                 }});
        }
    }
    for (const string project : {"alpha", "beta", "gone", "nobody"}) {
        all.push_back({"volume_of", project,
                       [=](Tx& tx) { return line_of(lifecycle::volume_of(tx, project)); },
                       [=](Tables& t) {
                           const Where current = [&](const Record& r) {
                               const string& state = r.at("state");
                               return r.at("project") == project &&
                                      (state == "planned" || state == "asked" ||
                                       state == "present");
                           };
                           return lines(sorted(t["volume"], current, "name"), 1);
                       }});
        all.push_back({"volumes_of", project,
                       [=](Tx& tx) {
                           string some;
                           for (const VolumeRow& v : lifecycle::volumes_of(tx, project)) {
                               some += line(v);
                           }
                           return some;
                       },
                       [=](Tables& t) {
                           return lines(sorted(t["volume"], is({{"project", project}}), "name"));
                       }});
    }
    all.push_back({"count_volumes", "all",
                   [](Tx& tx) { return text(lifecycle::count_volumes(tx)); },
                   [](Tables& t) { return text(std::ssize(t["volume"])); }});
}

// As its column says; `more` is what else has to be so.
void check_setters(RowChecks& all) {
    const auto set = [&](const char* function, std::function<string(Tx&, string)> call,
                         std::function<string(Table&, const Where&, const string&)> expected) {
        for (const string name : kVolumes) {
            all.push_back(
                {function, name, [=](Tx& tx) { return call(tx, name); },
                 [=](Tables& t) { return expected(t["volume"], is({{"name", name}}), name); }});
        }
    };
    set(
        "set_volume_id",
        [](Tx& tx, const string& name) { return text(lifecycle::set_volume_id(tx, name, "new")); },
        [](Table& volumes, const Where&, const string& name) {
            return text(change(volumes, is({{"name", name}, {"external_id", ""}}),
                               {{"external_id", "new"}}) == 1);
        });
    set(
        "set_volume_region",
        [](Tx& tx, const string& name) {
            lifecycle::set_volume_region(tx, name, "syd");
            return string();
        },
        [](Table& volumes, const Where& named, const string&) {
            change(volumes, named, {{"region", "syd"}});
            return string();
        });
    for (const bool used : {false, true}) {
        set(
            "set_volume_used",
            [used](Tx& tx, const string& name) {
                lifecycle::set_volume_used(tx, name, used);
                return string();
            },
            [used](Table& volumes, const Where& named, const string&) {
                change(volumes, named, {{"used", text(used)}});
                return string();
            });
    }
    set(
        "record_snapshot",
        [](Tx& tx, const string& name) {
            lifecycle::record_snapshot(tx, name, at(9'000));
            return string();
        },
        [](Table& volumes, const Where& named, const string&) {
            for (Record& r : volumes) {
                if (!named(r)) continue;
                r["snapshots"] = text(number(r, "snapshots") + 1);
                r["snapshot_at"] = "9000";
            }
            return string();
        });
    set(
        "record_volume_absence",
        [](Tx& tx, const string& name) { return text(lifecycle::record_volume_absence(tx, name)); },
        [](Table& volumes, const Where& named, const string&) -> string {
            for (Record& r : volumes) {
                if (named(r)) return r["absences"] = text(number(r, "absences") + 1);
            }
            return "0";
        });
    set(
        "forget_volume_absences",
        [](Tx& tx, const string& name) {
            lifecycle::forget_volume_absences(tx, name);
            return string();
        },
        [](Table& volumes, const Where& named, const string&) {
            change(volumes, named, {{"absences", "0"}});
            return string();
        });
}

bool is_legal(const string& from, const string& to) {
    constexpr std::pair<const char*, const char*> kLegal[] = {
        {"planned", "asked"},      {"planned", "present"},    {"asked", "planned"},
        {"asked", "present"},      {"present", "superseded"}, {"superseded", "present"},
        {"planned", "leaving"},    {"asked", "leaving"},      {"present", "leaving"},
        {"superseded", "leaving"}, {"leaving", "gone"}};
    return std::ranges::any_of(
        kLegal, [&](const auto& each) { return from == each.first && to == each.second; });
}

bool move(Tables& t, const string& name, const string& from, const string& to) {
    if (change(t["volume"], is({{"name", name}, {"state", from}}), {{"state", to}}) == 0) {
        return false;
    }
    t.told.push_back(fmt::format("volume.state volume={} from={} to={}", name, from, to));
    return true;
}

VolumeRow read_as(const string& name, VolumeState state) {
    VolumeRow volume;
    volume.name = name;
    volume.state = state;
    return volume;
}

void check_transitions(RowChecks& all) {
    for (const auto& [from, from_name] : kStates) {
        for (const string name : kVolumes) {
            for (const auto& [to, to_name] : kStates) {
                all.push_back({"transition", fmt::format("{} {} {}", name, from_name, to_name),
                               [=](Tx& tx) {
                                   const bool moved =
                                       lifecycle::transition(tx, read_as(name, from), to);
                                   return text(moved);
                               },
                               [=](Tables& t) -> string {
                                   if (!is_legal(from_name, to_name)) return "refused";
                                   return text(move(t, name, from_name, to_name));
                               },
                               name == "v6" && from == VolumeState::asked});
            }
            all.push_back(
                {"set_volume_present", fmt::format("{} {}", name, from_name),
                 [=](Tx& tx) {
                     const bool set =
                         lifecycle::set_volume_present(tx, read_as(name, from), "new", "syd");
                     return text(set);
                 },
                 [=](Tables& t) -> string {
                     if (!is_legal(from_name, "present")) return "refused";
                     if (!move(t, name, from_name, "present")) return "0";
                     return text(change(t["volume"], is({{"name", name}, {"external_id", ""}}),
                                        {{"external_id", "new"}, {"region", "syd"}}) == 1);
                 }});
        }
    }
}

// What a name is made of is stated by what it has to tell apart, and by what Fly takes.
void check_insertion(RowChecks& all) {
    constexpr const char* kProjectNames[] = {"alpha", "beta"};
    for (const string project : kProjectNames) {
        for (const bool taken : {false, true}) {
            all.push_back(
                {"insert_volume", project,
                 [=](Tx& tx) -> string {
                     const lifecycle::NewVolume wanted{project, "fly", "ams", 7, "x1"};
                     string meets;
                     if (taken) {
                         // The other project has the name that is next.
                         const VolumeRow first = lifecycle::insert_volume(tx, wanted, "inst");
                         tx.run("UPDATE project SET volumes = volumes - 1 WHERE id = ?", {project});
                         meets = first.name;
                     }
                     const VolumeRow made = lifecycle::insert_volume(tx, wanted, "inst");
                     const VolumeRow other = lifecycle::insert_volume(tx, wanted, "another");
                     const bool fits = made.name.size() <= 30 && made.name != meets &&
                                       made.name.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyz0123456789_") == string::npos;
                     const bool apart = made.name.substr(0, 7) != other.name.substr(0, 7) &&
                                        made.name.contains("_" + project.substr(0, 6) + "_");
                     const string kept = line_of(lifecycle::find_volume(tx, made.name));
                     const bool same = kept == line(made);
                     const string number = made.name.substr(made.name.rfind('_') + 1);
                     tx.run("DELETE FROM volume WHERE name IN (?, ?, ?)",
                            {made.name, other.name, meets});
                     return fmt::format("{}{}{} {} {}", fits, apart, same, number,
                                        line(made).substr(made.name.size()));
                 },
                 [=](Tables& t) {
                     const std::int64_t added = taken ? 2 : 1;
                     string number_given;
                     for (Record& r : t["project"]) {
                         if (r["id"] != project) continue;
                         number_given = text(number(r, "volumes") + added);
                         r["volumes"] = text(number(r, "volumes") + added + 1);
                     }
                     return fmt::format("truetruetrue {} |{}|fly|ams|7|x1||planned|0|0|0|\n",
                                        number_given, project);
                 }});
        }
    }
}

}  // namespace

void volume_checks(RowChecks& all) {
    check_queries(all);
    check_setters(all);
    check_transitions(all);
    check_insertion(all);
}

}  // namespace scenarios
