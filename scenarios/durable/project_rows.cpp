#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "scenarios/durable/row_checks.hpp"
#include "system/rows/github_bindings.hpp"
#include "system/rows/project_counters.hpp"
#include "system/rows/project_errors.hpp"
#include "system/rows/projects.hpp"

namespace scenarios {
namespace {

using lifecycle::ErrorSubject;
using lifecycle::ProjectError;
using lifecycle::Tx;
using std::string;

constexpr const char* kProjects[] = {"alpha", "beta", "gone", "empty", "nobody"};
constexpr std::pair<ErrorSubject, const char*> kSubjects[] = {
    {ErrorSubject::machine, "machine"},
    {ErrorSubject::silence, "silence"},
    {ErrorSubject::volume, "volume"},
    {ErrorSubject::registration, "registration"}};

string value_of(Tables& t, const string& project, const char* column, const string& otherwise) {
    const Table found = sorted(t["project"], is({{"id", project}}), "id");
    return found.empty() ? otherwise : found.front().at(column);
}

void set(RowChecks& all, const char* name, const string& project,
         std::function<void(Tx&, string)> call, const char* column, const string& value,
         const Where& which) {
    all.push_back({name, project,
                   [=](Tx& tx) {
                       call(tx, project);
                       return string();
                   },
                   [=](Tables& t) {
                       change(t["project"], which, {{column, value}});
                       return string();
                   }});
}

void check_projects(RowChecks& all, const string& p) {
    using namespace lifecycle;
    const Where named = is({{"id", p}});
    all.push_back({"project_exists", p, [p](Tx& tx) { return text(project_exists(tx, p)); },
                   [p](Tables& t) { return value_of(t, p, "id", "") == p ? "1" : "0"; }});
    all.push_back(
        {"is_archived", p, [p](Tx& tx) { return text(is_archived(tx, p)); },
         [p](Tables& t) { return value_of(t, p, "archived_at", "0") == "0" ? "0" : "1"; }});
    all.push_back({"generation_of", p, [p](Tx& tx) { return text(generation_of(tx, p)); },
                   [p](Tables& t) { return value_of(t, p, "generation", "0"); }});
    all.push_back({"recreations_of", p, [p](Tx& tx) { return text(recreations_of(tx, p)); },
                   [p](Tables& t) { return value_of(t, p, "recreations", "0"); }});
    all.push_back({"make_project", p,
                   [p](Tx& tx) {
                       make_project(tx, p, at(9'000));
                       return string();
                   },
                   [p](Tables& t) {
                       if (value_of(t, p, "id", "").empty()) {
                           t["project"].push_back({{"id", p},
                                                   {"generation", "0"},
                                                   {"active_machine", ""},
                                                   {"created_at", "9000"},
                                                   {"recreations", "0"},
                                                   {"archived_at", "0"},
                                                   {"volumes", "0"},
                                                   {"delegations", "0"}});
                       }
                       return string();
                   }});
    const auto count = [&](const char* name, const char* column, auto call) {
        all.push_back({name, fmt::format("{} {}", p, column),
                       [=](Tx& tx) { return text(call(tx)); },
                       [=](Tables& t) -> string {
                           for (Record& r : t["project"]) {
                               if (r["id"] != p) continue;
                               return r[column] = text(number(r, column) + 1);
                           }
                           return "1";
                       }});
    };
    count("next_generation", "generation", [p](Tx& tx) { return next_generation(tx, p); });
    count("next_number", "volumes", [p](Tx& tx) { return next_number(tx, "volumes", p); });
    set(
        all, "set_archived", p,
        [](Tx& tx, const string& project) { set_archived(tx, project, at(9'000)); }, "archived_at",
        "9000", is({{"id", p}, {"archived_at", "0"}}));
    set(
        all, "set_not_archived", p,
        [](Tx& tx, const string& project) { set_not_archived(tx, project); }, "archived_at", "0",
        named);
    set(
        all, "set_active_machine", p,
        [](Tx& tx, const string& project) { set_active_machine(tx, project, "m"); },
        "active_machine", "m", named);
    set(
        all, "set_recreations", p,
        [](Tx& tx, const string& project) { set_recreations(tx, project, 77); }, "recreations",
        "77", named);
}

void check_bindings(RowChecks& all, const string& p) {
    using namespace lifecycle;
    const Where of = is({{"project", p}});
    if (p != "nobody") {
        all.push_back({"bind_repository", p,
                       [p](Tx& tx) {
                           bind_repository(tx, p, "o/t", "dev");
                           return string();
                       },
                       [p, of](Tables& t) {
                           remove(t["github_binding"], of);
                           t["github_binding"].push_back({{"project", p},
                                                          {"repository", "o/t"},
                                                          {"branch", "dev"},
                                                          {"pushed_at", "0"}});
                           return string();
                       }});
    }
    all.push_back({"unbind_repository", p,
                   [p](Tx& tx) {
                       unbind_repository(tx, p);
                       return string();
                   },
                   [of](Tables& t) {
                       remove(t["github_binding"], of);
                       return string();
                   }});
    for (const std::int64_t pushed_at : {69, 70, 71}) {
        all.push_back({"is_stale_push", fmt::format("{} at {}", p, pushed_at),
                       [=](Tx& tx) { return text(is_stale_push(tx, p, pushed_at)); },
                       [=](Tables& t) {
                           const Where older = [&](const Record& r) {
                               return r.at("project") == p && number(r, "pushed_at") <= pushed_at;
                           };
                           return text(change(t["github_binding"], older,
                                              {{"pushed_at", text(pushed_at)}}) == 0);
                       }});
    }
}

string line(const ProjectError& e) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|\n", e.id, e.project, to_string(e.subject), e.about,
                       e.text, text(e.since), e.until ? text(*e.until) : "0");
}
template <class Many>
string lines(const Many& errors) {
    string all;
    if constexpr (requires { errors.has_value(); }) {
        if (errors) all = line(*errors);
    } else {
        for (const ProjectError& error : errors) all += line(error);
    }
    return all;
}
string lines(Table table, std::int64_t limit = -1) {
    return told(table, {"id", "project", "subject", "about", "what", "opened_at", "ended_at"},
                limit);
}
Table newest_first(Table& table, const Where& which) {
    Table found = sorted(table, which, "id");
    std::ranges::reverse(found);
    return found;
}

void check_error_queries(RowChecks& all, const string& p) {
    using namespace lifecycle;
    all.push_back({"open_errors_of", p, [p](Tx& tx) { return lines(open_errors_of(tx, p)); },
                   [p](Tables& t) {
                       Table open;
                       for (const bool strangers : {false, true}) {
                           const Where those = [&](const Record& r) {
                               return r.at("project") == p && r.at("ended_at") == "0" &&
                                      (r.at("subject") == "registration") == strangers;
                           };
                           for (const Record& r : newest_first(t["project_error"], those)) {
                               open.push_back(r);
                           }
                       }
                       return lines(open);
                   }});
    for (const std::int64_t max : {1, 3, 100}) {
        all.push_back({"errors_of", p, [=](Tx& tx) { return lines(errors_of(tx, p, max)); },
                       [=](Tables& t) {
                           return lines(newest_first(t["project_error"], is({{"project", p}})),
                                        max);
                       }});
    }
    all.push_back({"end_errors", p,
                   [p](Tx& tx) {
                       end_errors(tx, p, at(9'000));
                       return string();
                   },
                   [p](Tables& t) {
                       change(t["project_error"], is({{"project", p}, {"ended_at", "0"}}),
                              {{"ended_at", "9000"}});
                       return string();
                   }});
}

void check_errors(RowChecks& all, const string& p, ErrorSubject subject, const char* name) {
    using namespace lifecycle;
    const string both = fmt::format("{} {}", p, name);
    const Where open = is({{"project", p}, {"subject", name}, {"ended_at", "0"}});
    all.push_back(
        {"newest_error", both, [=](Tx& tx) { return lines(newest_error(tx, p, subject)); },
         [=](Tables& t) {
             return lines(newest_first(t["project_error"], is({{"project", p}, {"subject", name}})),
                          1);
         }});
    all.push_back({"end_error", both,
                   [=](Tx& tx) {
                       end_error(tx, p, subject, at(9'000));
                       return string();
                   },
                   [=](Tables& t) {
                       change(t["project_error"], open, {{"ended_at", "9000"}});
                       return string();
                   }});
    for (const string about : {"alpha-4", "alpha-5"}) {
        all.push_back({"end_error_about", both,
                       [=](Tx& tx) {
                           end_error_about(tx, p, subject, about, at(9'000));
                           return string();
                       },
                       [=](Tables& t) {
                           const Where those = [&](const Record& r) {
                               return open(r) && r.at("about") == about;
                           };
                           change(t["project_error"], those, {{"ended_at", "9000"}});
                           return string();
                       }});
        for (const string what : {"who", "lost", "mute", "full"}) {
            if (p == "nobody") continue;
            all.push_back({"open_error", fmt::format("{} {} {}", both, about, what),
                           [=](Tx& tx) {
                               open_error(tx, p, subject, about, what, at(9'000));
                               return string();
                           },
                           [=](Tables& t) {
                               Table& errors = t["project_error"];
                               const Where same = [&](const Record& r) {
                                   return open(r) && r.at("about") == about && r.at("what") == what;
                               };
                               if (std::ranges::any_of(errors, same)) return string();
                               change(errors, open, {{"ended_at", "9000"}});
                               errors.push_back({{"id", text(number(errors.back(), "id") + 1)},
                                                 {"project", p},
                                                 {"subject", name},
                                                 {"about", about},
                                                 {"what", what},
                                                 {"opened_at", "9000"},
                                                 {"ended_at", "0"}});
                               t.told.push_back(fmt::format(
                                   "project.error project={} subject={} why={}", p, name, what));
                               return string();
                           },
                           p == "alpha" && about == "alpha-4"});
        }
    }
}

}  // namespace

void project_checks(RowChecks& all) {
    for (const string p : kProjects) {
        check_projects(all, p);
        check_bindings(all, p);
        check_error_queries(all, p);
        for (const auto& [subject, name] : kSubjects) check_errors(all, p, subject, name);
    }
    for (const std::int64_t id : {1, 3, 10, 99}) {
        all.push_back({"find_error", text(id),
                       [id](Tx& tx) { return lines(lifecycle::find_error(tx, id)); },
                       [id](Tables& t) {
                           return lines(sorted(t["project_error"], is({{"id", text(id)}}), "id"));
                       }});
    }
    for (const string repository : {"o/r", "o/s", "o/n"}) {
        for (const string branch : {"main", "dev"}) {
            all.push_back(
                {"projects_bound_to", fmt::format("{} {}", repository, branch),
                 [=](Tx& tx) {
                     string names;
                     for (const string& p : lifecycle::projects_bound_to(tx, repository, branch)) {
                         names += p + "|\n";
                     }
                     return names;
                 },
                 [=](Tables& t) {
                     return told(
                         sorted(t["github_binding"],
                                is({{"repository", repository}, {"branch", branch}}), "project"),
                         {"project"});
                 }});
        }
    }
}

}  // namespace scenarios
