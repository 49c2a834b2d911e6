#include <fmt/format.h>

#include <string>

#include "scenarios/durable/row_checks.hpp"
#include "system/store/store.hpp"

namespace scenarios {
namespace {

using lifecycle::Tx;

void fill_project(Tx& tx, const std::string& project, std::int64_t n) {
    const bool gone = project == "gone";
    const bool empty = project == "empty";
    tx.run(
        "INSERT INTO project (id, generation, active_machine, created_at, recreations, archived_at,"
        " volumes, delegations) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {project, std::int64_t{empty ? 0 : 5}, gone || empty ? "" : project + "-4", 10 + n, n,
         std::int64_t{gone ? 50 : 0}, n + 1, n + 3});
    if (empty) return;
    constexpr const char* kStates[] = {"archived", "failed", "detached", "active", "starting"};
    constexpr const char* kEnded[] = {"archived", "archived", "failed", "failed", "failed"};
    constexpr const char* kDaemon[] = {"silent", "booting", "ready"};
    constexpr const char* kResources[] = {"gone", "present", "asked", "present"};
    for (std::int64_t generation = 1; generation <= 5; ++generation) {
        const std::int64_t m = n * 10 + generation;
        const std::string id = fmt::format("{}-{}", project, generation);
        const bool known = generation != 2 && id != "alpha-5";
        tx.run(
            "INSERT INTO machine (id, project, generation, provider, state, external_id, address,"
            " image, region, cpus, memory_mb, daemon_status, provisioning_error, idempotency_key,"
            " created_at, updated_at, volume_gb, volume, active_within_s, installation)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {id,
             project,
             generation,
             m % 2 == 0 ? "fly" : "docker",
             gone ? kEnded[generation - 1] : kStates[generation - 1],
             known ? "e-" + id : std::string(),
             fmt::format("a{}", m),
             fmt::format("i{}", m),
             fmt::format("r{}", m),
             m,
             256 + m,
             kDaemon[m % 3],
             generation == 2 ? "it failed" : "",
             id,
             100 + m,
             generation * 100,
             m + 1,
             generation >= 4 ? "v-" + project : std::string(),
             m + 2,
             generation == 1   ? ""
             : generation == 2 ? "old"
                               : "inst"});
        for (std::int64_t entry = 0; entry < 3; ++entry) {
            tx.run("INSERT INTO machine_history (machine, at, what, detail) VALUES (?, ?, ?, ?)",
                   {id, 300 - (m + entry) % 4 * 50, fmt::format("w{}", entry), id});
        }
        if (generation == 5) continue;
        const bool confirmed = id == "alpha-2" || id == "gone-3";
        tx.run(
            "INSERT INTO provider_resource (name, machine, external_id, state, asked_at, absences)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            {id, id, generation == 3 ? std::string() : "e-" + id,
             confirmed ? "gone" : kResources[generation - 1], 40 + m, m % 3});
    }
}

void fill_events(Tx& tx) {
    struct Made {
        const char *kind, *dedupe, *machine, *state;
        std::int64_t created_at;
    };
    constexpr Made kAll[] = {
        {"a", "1", "alpha-1", "done", 100},   {"a", "2", "alpha-2", "dead", 90},
        {"a", "3", "alpha-1", "pending", 80}, {"b", "4", "alpha-2", "done", 70},
        {"a", "5", "gone-2", "pending", 60},  {"a", "6", "", "done", 90},
        {"a", "7", "gone-3", "done", 100},    {"a", "volume-destroy:v4", "", "done", 500},
        {"a", "9", "", "done", 90},           {"a", "10", "gone-1", "done", 10}};
    for (const auto& [kind, dedupe, machine, state, created_at] : kAll) {
        tx.run(
            "INSERT INTO outbox_event (kind, ordering_key, dedupe_key, machine, state,"
            " available_at, created_at) VALUES (?, 'k', ?, ?, ?, 5, ?)",
            {kind, dedupe, machine, state, created_at});
    }
}

void fill_credentials(Tx& tx) {
    struct Made {
        const char *machine, *boot;
        std::int64_t epoch, superseded, issued_at;
    };
    constexpr Made kAll[] = {{"alpha-4", "b1", 1, 1, 100}, {"alpha-4", "b2", 3, 0, 100},
                             {"alpha-4", "b3", 2, 1, 100}, {"beta-4", "b1", 5, 0, 120},
                             {"alpha-1", "b1", 3, 1, 90},  {"alpha-1", "b2", 2, 1, 100},
                             {"alpha-5", "b1", 1, 0, 90},  {"gone-5", "b1", 1, 0, 80}};
    for (const auto& [machine, boot, epoch, superseded, issued_at] : kAll) {
        tx.run(
            "INSERT INTO credential (machine, boot, epoch, token_hash, superseded, issued_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            {machine, boot, epoch, fmt::format("h-{}-{}", machine, boot), superseded, issued_at});
    }
    tx.run(
        "INSERT INTO presence (machine, seen_at, beats, boots, boots_since) VALUES"
        " ('alpha-4', 150, 7, 2, 140), ('gone-3', 130, 3, 1, 120)");
    tx.run("INSERT INTO installation (one, id, name, born_at) VALUES (1, 'inst', 'ours', 5)");
    tx.run("INSERT INTO identity_key (one, fingerprint) VALUES (1, 'print')");
    tx.run(
        "INSERT INTO quarantine (provider, resource, machine, first_seen, last_seen, watched_us)"
        " VALUES ('fly', 'y', 'm1', 10, 100, 20), ('fly', 'x', 'm2', 11, 90, 30),"
        " ('docker', 'x', 'm3', 12, 80, 40)");
}

void fill_work(Tx& tx) {
    struct Made {
        const char* project;
        std::int64_t number;
        const char* state;
        std::int64_t updated_at;
    };
    constexpr Made kAll[] = {{"alpha", 1, "processed", 100}, {"alpha", 2, "failed", 90},
                             {"alpha", 11, "queued", 80},    {"alpha", 3, "delivered", 70},
                             {"beta", 1, "delivered", 60},   {"beta", 2, "processed", 90},
                             {"beta", 3, "queued", 100},     {"gone", 1, "failed", 101}};
    for (const auto& [project, number, state, updated_at] : kAll) {
        tx.run(
            "INSERT INTO delegation (id, project, idempotency_key, agent, payload, state, machine,"
            " deliveries, result, deadline, created_at, updated_at, digest, number)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {fmt::format("{}.{}", project, number), project, fmt::format("key-{}", number),
             fmt::format("agent-{}", number), fmt::format("payload-{}", number), state,
             number == 3 ? "alpha-4" : "", number, number == 2 ? "a result" : "", 500 + number,
             20 + number, updated_at, fmt::format("digest-{}", number), number});
    }
    tx.run(
        "INSERT INTO github_binding (project, repository, branch, pushed_at) VALUES"
        " ('alpha', 'o/r', 'main', 70), ('beta', 'o/r', 'main', 0), ('gone', 'o/r', 'dev', 70),"
        " ('empty', 'o/s', 'main', 70)");
    tx.run(
        "INSERT INTO project_error (project, subject, about, what, opened_at, ended_at) VALUES"
        " ('alpha', 'machine', 'alpha-2', 'lost', 10, 60), ('alpha', 'registration', 'alpha-4',"
        " 'who', 20, 0), ('alpha', 'machine', 'alpha-5', 'lost', 30, 0), ('alpha', 'volume',"
        " 'v-alpha', 'full', 40, 70), ('beta', 'silence', 'alpha-4', 'mute', 50, 0), ('alpha',"
        " 'silence', 'alpha-4', 'mute', 60, 0), ('beta', 'machine', 'alpha-5', 'lost', 70, 0),"
        " ('beta', 'registration', 'beta-4', 'who', 1, 2), ('gone', 'volume', 'v', 'full', 5, 60),"
        " ('beta', 'registration', 'alpha-4', 'who', 80, 0)");
}

void fill_requests(Tx& tx) {
    struct Made {
        const char *project, *key, *state, *machine;
        std::int64_t asked_at;
    };
    constexpr Made kAll[] = {
        {"alpha", "", "waiting", "", 40},        {"alpha", "k1", "replaced", "", 30},
        {"alpha", "", "replaced", "", 20},       {"alpha", "k2", "begun", "alpha-4", 10},
        {"beta", "k1", "waiting", "", 40},       {"beta", "k3", "withdrawn", "", 40},
        {"beta", "k4", "begun", "beta-77", 30},  {"beta", "", "begun", "beta-78", 30},
        {"gone", "k5", "begun", "gone-1", 20},   {"gone", "k1", "replaced", "", 41},
        {"gone", "k6", "withdrawn", "beta-4", 5}};
    std::int64_t n = 0;
    for (const auto& [project, key, state, machine, asked_at] : kAll) {
        ++n;
        tx.run(
            "INSERT INTO machine_request (project, provider, image, region, cpus, memory_mb,"
            " volume_gb, active_within_s, idempotency_key, digest, state, machine, may_take,"
            " asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {project, "fly", fmt::format("i{}", n), fmt::format("r{}", n), n, n + 20, n + 40,
             n + 60, key, fmt::format("d{}", n), state, machine, n + 80, asked_at});
    }
}

void fill_volumes(Tx& tx) {
    struct Made {
        const char *name, *project, *provider, *external_id, *state;
    };
    constexpr Made kAll[] = {{"a-alpha", "alpha", "fly", "x1", "superseded"},
                             {"v-alpha", "alpha", "fly", "x2", "present"},
                             {"z-alpha", "alpha", "fly", "", "asked"},
                             {"v-beta", "beta", "docker", "x2", "gone"},
                             {"v1", "beta", "fly", "", "leaving"},
                             {"v2", "beta", "fly", "x1", "gone"},
                             {"v3", "beta", "fly", "x5", "gone"},
                             {"v4", "beta", "fly", "x6", "gone"},
                             {"v5", "gone", "fly", "", "planned"},
                             {"v6", "gone", "fly", "x7", "asked"}};
    std::int64_t n = 0;
    for (const auto& [name, project, provider, external_id, state] : kAll) {
        ++n;
        tx.run(
            "INSERT INTO volume (name, project, provider, region, size_gb, copy_of, external_id,"
            " state, used, snapshots, snapshot_at, absences)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {name, project, provider, fmt::format("r{}", n), n + 1, n % 2 == 0 ? "x1" : "",
             external_id, state, n % 3 == 0 ? std::int64_t{1} : std::int64_t{0}, n + 4, n + 5,
             n % 3});
    }
}

}  // namespace

void fill(Tx& tx) {
    for (const char* table :
         {"machine_history", "outbox_event", "credential", "presence", "provider_resource",
          "installation", "identity_key", "quarantine", "delegation", "github_binding",
          "project_error", "machine_request", "volume", "machine", "project"}) {
        tx.run(fmt::format("DELETE FROM {}", table));
    }
    std::int64_t n = 0;
    for (const char* project : {"beta", "alpha", "gone", "empty"}) fill_project(tx, project, ++n);
    fill_events(tx);
    fill_credentials(tx);
    fill_work(tx);
    fill_requests(tx);
    fill_volumes(tx);
}

}  // namespace scenarios
