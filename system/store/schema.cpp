#include "system/store/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lifecycle {
namespace {

// Version N is the result of the first N scripts. A script that has been released never changes.
// Times are microseconds since the Unix epoch. Only what SQLite and PostgreSQL share.
constexpr std::array kMigrations = {
    R"sql(
    CREATE TABLE project (
        id TEXT NOT NULL PRIMARY KEY,
        generation BIGINT NOT NULL,
        active_machine TEXT NOT NULL DEFAULT '',
        last_error TEXT NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL
    );
    CREATE TABLE machine (
        id TEXT NOT NULL PRIMARY KEY,
        project TEXT NOT NULL REFERENCES project (id),
        generation BIGINT NOT NULL,
        provider TEXT NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('starting', 'active', 'detached', 'archived', 'failed')),
        external_id TEXT NOT NULL DEFAULT '',
        address TEXT NOT NULL DEFAULT '',
        image TEXT NOT NULL,
        region TEXT NOT NULL,
        cpus BIGINT NOT NULL,
        memory_mb BIGINT NOT NULL,
        daemon_status TEXT NOT NULL,
        provisioning_error TEXT NOT NULL DEFAULT '',
        idempotency_key TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        UNIQUE (project, generation),
        UNIQUE (project, idempotency_key)
    );
    CREATE TABLE provider_resource (
        name TEXT NOT NULL PRIMARY KEY,
        machine TEXT NOT NULL REFERENCES machine (id),
        external_id TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('asked', 'present', 'gone')),
        asked_at BIGINT NOT NULL
    );
    CREATE TABLE outbox_event (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        ordering_key TEXT NOT NULL,
        dedupe_key TEXT NOT NULL UNIQUE,
        machine TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
        available_at BIGINT NOT NULL,
        attempts BIGINT NOT NULL DEFAULT 0,
        deliveries BIGINT NOT NULL DEFAULT 0,
        lease_owner TEXT NOT NULL DEFAULT '',
        lease_epoch BIGINT NOT NULL DEFAULT 0,
        outcome TEXT NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL
    );
    CREATE INDEX outbox_due ON outbox_event (available_at, id) WHERE state = 'pending';
    CREATE INDEX outbox_order ON outbox_event (ordering_key, id) WHERE state = 'pending';
    )sql",
    R"sql(
    ALTER TABLE provider_resource ADD COLUMN absences BIGINT NOT NULL DEFAULT 0;
    )sql",
    R"sql(
    ALTER TABLE machine ADD COLUMN volume_gb BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE machine ADD COLUMN volume TEXT NOT NULL DEFAULT '';
    CREATE TABLE volume (
        name TEXT NOT NULL PRIMARY KEY,
        project TEXT NOT NULL REFERENCES project (id),
        provider TEXT NOT NULL,
        region TEXT NOT NULL,
        size_gb BIGINT NOT NULL,
        copy_of TEXT NOT NULL,
        external_id TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('asked', 'present', 'leaving', 'gone')),
        used BIGINT NOT NULL DEFAULT 0
    );
    CREATE INDEX volume_of_project ON volume (project);
    CREATE TABLE github_binding (
        project TEXT NOT NULL PRIMARY KEY REFERENCES project (id),
        repository TEXT NOT NULL,
        branch TEXT NOT NULL
    );
    CREATE INDEX github_repository ON github_binding (repository);
    CREATE TABLE machine_history (
        id INTEGER PRIMARY KEY,
        machine TEXT NOT NULL,
        at BIGINT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE INDEX history_of_machine ON machine_history (machine, id);
    )sql",
    // A machine's boots: each has one token, and one boot at most has one that is valid.
    R"sql(
    CREATE TABLE credential (
        machine TEXT NOT NULL REFERENCES machine (id),
        boot TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        token_hash TEXT NOT NULL UNIQUE,
        superseded BIGINT NOT NULL DEFAULT 0,
        issued_at BIGINT NOT NULL,
        PRIMARY KEY (machine, boot)
    );
    CREATE UNIQUE INDEX credential_live ON credential (machine) WHERE superseded = 0;
    CREATE TABLE presence (
        machine TEXT NOT NULL PRIMARY KEY REFERENCES machine (id),
        seen_at BIGINT NOT NULL,
        beats BIGINT NOT NULL DEFAULT 0,
        boots BIGINT NOT NULL DEFAULT 0,
        boots_since BIGINT NOT NULL DEFAULT 0
    );
    ALTER TABLE machine ADD COLUMN active_within_s BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE project ADD COLUMN recreations BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE volume ADD COLUMN snapshots BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE volume ADD COLUMN snapshot_at BIGINT NOT NULL DEFAULT 0;
    CREATE TABLE delegation (
        id TEXT NOT NULL PRIMARY KEY,
        project TEXT NOT NULL REFERENCES project (id),
        idempotency_key TEXT NOT NULL,
        agent TEXT NOT NULL,
        payload TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'processed', 'failed')),
        machine TEXT NOT NULL DEFAULT '',
        deliveries BIGINT NOT NULL DEFAULT 0,
        result TEXT NOT NULL DEFAULT '',
        deadline BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        UNIQUE (project, idempotency_key)
    );
    )sql",
    // Volumes in two more states. A check of a column can only change with its table.
    R"sql(
    ALTER TABLE volume RENAME TO volume_of_four_states;
    CREATE TABLE volume (
        name TEXT NOT NULL PRIMARY KEY,
        project TEXT NOT NULL REFERENCES project (id),
        provider TEXT NOT NULL,
        region TEXT NOT NULL,
        size_gb BIGINT NOT NULL,
        copy_of TEXT NOT NULL,
        external_id TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN
            ('planned', 'asked', 'present', 'superseded', 'leaving', 'gone')),
        used BIGINT NOT NULL DEFAULT 0,
        snapshots BIGINT NOT NULL DEFAULT 0,
        snapshot_at BIGINT NOT NULL DEFAULT 0
    );
    INSERT INTO volume (name, project, provider, region, size_gb, copy_of, external_id, state,
                        used, snapshots, snapshot_at)
        SELECT name, project, provider, region, size_gb, copy_of, external_id, state,
               used, snapshots, snapshot_at FROM volume_of_four_states;
    DROP TABLE volume_of_four_states;
    UPDATE volume SET used = 0 WHERE state = 'asked' AND copy_of <> '';
    UPDATE volume SET state = 'superseded' WHERE state = 'leaving' AND external_id IN
        (SELECT copy_of FROM volume WHERE copy_of <> '' AND state IN ('asked', 'present'));
    CREATE INDEX volume_of_project ON volume (project);
    )sql",
    // What is wrong with a project, each by its subject, and since when; ended_at 0: it is so now.
    R"sql(
    CREATE TABLE project_error (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES project (id),
        subject TEXT NOT NULL,
        about TEXT NOT NULL,
        what TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        ended_at BIGINT NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX project_error_open ON project_error (project, subject) WHERE ended_at = 0;
    CREATE INDEX project_error_newest ON project_error (project, subject, id);
    INSERT INTO project_error (project, subject, about, what, opened_at)
        SELECT id, 'machine', '', last_error, 0 FROM project WHERE last_error <> '' ORDER BY id;
    ALTER TABLE project DROP COLUMN last_error;
    )sql",
    // A project that was archived stays so until a person asks for a machine; 0: it is not. Of
    // those of before, their newest machine's route tells: nothing but archiving ended one. Who
    // asked for which machine; an empty digest: nobody knows what was sent. When the newest push
    // was made that a project has heard of, by GitHub's clock.
    R"sql(
    ALTER TABLE project ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;
    UPDATE project SET archived_at = (SELECT
        CASE WHEN outbox_event.created_at > 0 THEN outbox_event.created_at ELSE 1 END
        FROM outbox_event
        WHERE outbox_event.dedupe_key = 'project:route-end:' || project.id || '-' ||
            project.generation)
        WHERE EXISTS (SELECT 1 FROM outbox_event WHERE outbox_event.dedupe_key =
            'project:route-end:' || project.id || '-' || project.generation);
    DELETE FROM github_binding WHERE project IN
        (SELECT id FROM project WHERE archived_at <> 0);
    UPDATE delegation SET state = 'failed', result = 'the project was archived',
        updated_at = (SELECT archived_at FROM project WHERE project.id = delegation.project)
        WHERE state IN ('queued', 'delivered') AND project IN
            (SELECT id FROM project WHERE archived_at <> 0);
    UPDATE project_error SET
        ended_at = (SELECT archived_at FROM project WHERE project.id = project_error.project)
        WHERE ended_at = 0 AND project IN (SELECT id FROM project WHERE archived_at <> 0);
    ALTER TABLE delegation ADD COLUMN digest TEXT NOT NULL DEFAULT '';
    ALTER TABLE github_binding ADD COLUMN pushed_at BIGINT NOT NULL DEFAULT 0;
    CREATE TABLE machine_request (
        id INTEGER PRIMARY KEY,
        project TEXT NOT NULL REFERENCES project (id),
        provider TEXT NOT NULL,
        image TEXT NOT NULL,
        region TEXT NOT NULL,
        cpus BIGINT NOT NULL,
        memory_mb BIGINT NOT NULL,
        volume_gb BIGINT NOT NULL,
        active_within_s BIGINT NOT NULL,
        idempotency_key TEXT NOT NULL,
        digest TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'replaced', 'begun', 'withdrawn')),
        machine TEXT NOT NULL,
        may_take BIGINT NOT NULL,
        asked_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX machine_request_waiting ON machine_request (project)
        WHERE state = 'waiting';
    CREATE UNIQUE INDEX machine_request_key ON machine_request (project, idempotency_key)
        WHERE idempotency_key <> '';
    INSERT INTO machine_request (project, provider, image, region, cpus, memory_mb, volume_gb,
        active_within_s, idempotency_key, digest, state, machine, may_take, asked_at)
        SELECT project, provider, image, region, cpus, memory_mb, volume_gb, active_within_s,
        idempotency_key, '', 'begun', id, 0, created_at FROM machine
        WHERE idempotency_key <> id ORDER BY project, generation;
    )sql",
    // Rows are forgotten when they are over, and names are never given again: they are counted.
    // What is old, and what is measured, is found by index.
    R"sql(
    ALTER TABLE project ADD COLUMN volumes BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE project ADD COLUMN delegations BIGINT NOT NULL DEFAULT 0;
    UPDATE project SET
        volumes = (SELECT COUNT(*) FROM volume WHERE volume.project = project.id),
        delegations = (SELECT COUNT(*) FROM delegation WHERE delegation.project = project.id);
    ALTER TABLE delegation ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
    UPDATE delegation SET number = CAST(substr(id, length(project) + 2) AS BIGINT);
    CREATE INDEX delegation_of_project ON delegation (project, number);
    CREATE INDEX delegation_over ON delegation (updated_at)
        WHERE state IN ('processed', 'failed');
    CREATE INDEX machine_by_state ON machine (state, provider, created_at);
    CREATE INDEX machine_without_id ON machine (state, provider) WHERE external_id = '';
    CREATE INDEX machine_over ON machine (updated_at) WHERE state IN ('archived', 'failed');
    CREATE INDEX machine_of_volume ON machine (volume) WHERE volume <> '';
    CREATE INDEX outbox_of_machine ON outbox_event (machine);
    CREATE INDEX outbox_settled ON outbox_event (kind, created_at) WHERE state <> 'pending';
    CREATE INDEX outbox_dead ON outbox_event (id) WHERE state = 'dead';
    CREATE INDEX resource_of_machine ON provider_resource (machine);
    CREATE INDEX resource_owed ON provider_resource (name) WHERE state <> 'gone';
    CREATE INDEX error_over ON project_error (ended_at) WHERE ended_at <> 0;
    CREATE INDEX request_over ON machine_request (asked_at) WHERE state <> 'waiting';
    CREATE INDEX history_by_age ON machine_history (at);
    CREATE INDEX credential_over ON credential (issued_at) WHERE superseded = 1;
    )sql",
    // Takings of an event in a row that came to no outcome, and why it was buried.
    R"sql(
    ALTER TABLE outbox_event ADD COLUMN unsettled BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE outbox_event ADD COLUMN died_of TEXT NOT NULL DEFAULT '';
    )sql",
    // What the handling of an event waits for. Those of before share one lane.
    R"sql(
    ALTER TABLE outbox_event ADD COLUMN lane TEXT NOT NULL DEFAULT 'any';
    CREATE INDEX outbox_lane ON outbox_event (lane, available_at, id) WHERE state = 'pending';
    )sql",
    // One row: what time it was by the installation's own reckoning, when the clocks said that.
    R"sql(
    CREATE TABLE timeline (
        id BIGINT NOT NULL PRIMARY KEY,
        origin TEXT NOT NULL,
        steady BIGINT NOT NULL,
        reached BIGINT NOT NULL,
        wall BIGINT NOT NULL
    );
    )sql",
    // What tells our resources from everybody else's. `one` keeps it to one row. A machine's
    // `installation` is the one that its resource is labelled with. And resources that have our
    // identity and that no row knows, and over what time they were seen.
    R"sql(
    CREATE TABLE installation (
        one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        born_at BIGINT NOT NULL
    );
    ALTER TABLE machine ADD COLUMN installation TEXT NOT NULL DEFAULT '';
    CREATE TABLE quarantine (
        provider TEXT NOT NULL,
        resource TEXT NOT NULL,
        machine TEXT NOT NULL,
        first_seen BIGINT NOT NULL,
        last_seen BIGINT NOT NULL,
        watched_us BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (provider, resource)
    );
    )sql",
    // Which key the secrets of boxes are derived from, by a hash of it. `one` keeps it to one row.
    R"sql(
    CREATE TABLE identity_key (
        one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
        fingerprint TEXT NOT NULL
    );
    )sql",
    // What was asked of an event while somebody had it in hand, who may not have seen why: to come
    // back by then, and to be done once more. 0: nothing.
    R"sql(
    ALTER TABLE outbox_event ADD COLUMN hastened_to BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE outbox_event ADD COLUMN again_at BIGINT NOT NULL DEFAULT 0;
    )sql",
    R"sql(
    ALTER TABLE volume ADD COLUMN absences BIGINT NOT NULL DEFAULT 0;
    )sql",
    // Whose work an event is, within its lane. What is handed to boxes shares no lane with probes,
    // nor do routes that several providers are asked for.
    R"sql(
    ALTER TABLE outbox_event ADD COLUMN share TEXT NOT NULL DEFAULT '';
    UPDATE outbox_event SET
        lane = CASE WHEN lane LIKE '%/box'
            THEN substr(lane, 1, length(lane) - 3) || 'hand' ELSE lane END,
        share = (SELECT project FROM delegation
            WHERE delegation.id = substr(outbox_event.ordering_key, 12))
        WHERE kind = 'delegation:deliver' AND state = 'pending' AND EXISTS
            (SELECT 1 FROM delegation WHERE delegation.id = substr(outbox_event.ordering_key, 12));
    UPDATE outbox_event SET
        lane = (SELECT provider FROM machine WHERE machine.id = outbox_event.machine) || '/route'
        WHERE kind = 'project:route' AND machine IN (SELECT id FROM machine);
    DROP INDEX outbox_lane;
    CREATE INDEX outbox_lane ON outbox_event (lane, available_at, id, share)
        WHERE state = 'pending';
    CREATE INDEX delegation_open ON delegation (project, number)
        WHERE state IN ('queued', 'delivered');
    )sql",
    // What an event is about, which stood in its ordering key.
    R"sql(
    ALTER TABLE outbox_event ADD COLUMN subject TEXT NOT NULL DEFAULT '';
    UPDATE outbox_event SET subject = CASE kind
        WHEN 'delegation:deliver' THEN substr(ordering_key, 12)
        WHEN 'volume:destroy' THEN substr(ordering_key, 8)
        WHEN 'volume:release' THEN substr(ordering_key, 9)
        WHEN 'volume:snapshot' THEN substr(ordering_key, 10)
        ELSE machine END;
    )sql",
};

Error unusable(std::string_view path, std::string_view why) {
    return {ErrorCode::store_unusable, fmt::format("the database {} cannot be used: {}", path, why),
            "name another file, or start the version of the program that wrote it"};
}

std::int64_t version_of(Database& database) {
    std::int64_t version = 0;
    database.query("SELECT COALESCE(MAX(version), 0) FROM schema_version", {}, [&](const Row& row) {
        version = row.integer(0);
        return false;
    });
    return version;
}

}  // namespace

Result<void> migrate(Database& database, std::string_view path, std::int64_t up_to) {
    constexpr auto kNewest = static_cast<std::int64_t>(kMigrations.size());
    database.script("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
    for (;;) {
        // The write lock before the look: another control plane may be at the same step.
        database.run("BEGIN IMMEDIATE");
        const std::int64_t version = version_of(database);
        if (version >= std::min(kNewest, up_to)) {
            database.run("ROLLBACK");
            if (version <= kNewest) return {};
            return std::unexpected(unusable(
                path, fmt::format("its schema is version {}, and this program knows up to {}",
                                  version, kNewest)));
        }
        database.script(kMigrations[static_cast<std::size_t>(version)]);
        database.run("INSERT INTO schema_version (version) VALUES (?)", {version + 1});
        database.run("COMMIT");
    }
}

}  // namespace lifecycle
