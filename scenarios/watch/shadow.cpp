#include "scenarios/watch/shadow.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "scenarios/watch/witness.hpp"
#include "system/rows/installation.hpp"
#include "system/rows/provider_resources.hpp"
#include "system/rows/quarantine.hpp"

#define EVENT_COLUMNS                                                                      \
    "id, kind, subject, ordering_key, machine, state, created_at, available_at, outcome, " \
    "died_of, lease_owner, lease_epoch, dedupe_key"

namespace scenarios {
namespace {

using lifecycle::ReadTx;
using lifecycle::Row;

EventRow event_of(const Row& row) {
    return {row.integer(0), row.text(1),     row.text(2),    row.text(3), row.text(4),
            row.text(5),    row.integer(6),  row.integer(7), row.text(8), row.text(9),
            row.text(10),   row.integer(11), row.text(12)};
}

// Written while nothing happens.
constexpr std::array<std::string_view, 2> kPeriodic = {"presence", "timeline"};

bool is_periodic(const lifecycle::RowChange& change) {
    return std::ranges::find(kPeriodic, change.table) != kPeriodic.end();
}

}  // namespace

void Shadow::on_commit(ReadTx& tx, const std::vector<lifecycle::RowChange>& changes) {
    if (!std::ranges::all_of(changes, is_periodic)) changed_at_ = now_;
    if (forgotten_) return;  // recover() will read it
    unread_.insert(unread_.end(), changes.begin(), changes.end());
    while (!unread_.empty()) {
        const lifecycle::RowChange change = unread_.front();
        if (change.deleted) forget_row(change);
        if (change.table == "machine") read_machine(tx, change.row);
        if (change.table == "outbox_event") read_event(tx, change.row);
        if (change.table == "provider_resource") read_resource(tx, change.row);
        if (change.table == "project") read_project(tx, change.row);
        if (change.table == "volume") read_volume(tx, change.row);
        if (change.table == "credential") read_credential(tx, change.row);
        if (change.table == "delegation") read_delegation(tx, change.row);
        if (change.table == "installation") read_installation(tx);
        if (change.table == "quarantine") read_quarantine(tx);
        if (change.table == "project_error") read_error(tx, change.row);
        if (change.table == "machine_request") read_request(tx, change.row);
        unread_.pop_front();
    }
    witnesses_->tell(&Witness::on_commit, *this);
}

void Shadow::read_machine(ReadTx& tx, std::int64_t row) {
    const auto id = tx.first("SELECT id FROM machine WHERE rowid = ?", {row},
                             [](const Row& found) { return found.text(0); });
    if (!id) return;
    machine_rows_[row] = *id;
    const lifecycle::Machine after = *lifecycle::find_machine(tx, *id);
    const auto known = machines_.find(*id);
    if (known == machines_.end()) {
        machines_.emplace(*id, after);
        witnesses_->tell(&Witness::on_machine, nullptr, after, *this);
    } else {
        const lifecycle::Machine before = std::exchange(known->second, after);
        witnesses_->tell(&Witness::on_machine, &before, after, *this);
    }
}

void Shadow::forget_row(const lifecycle::RowChange& change) {
    if (change.table == "machine") {
        const auto id = machine_rows_.find(change.row);
        const auto known = id == machine_rows_.end() ? machines_.end() : machines_.find(id->second);
        if (known == machines_.end()) return;
        const lifecycle::Machine last = known->second;
        machines_.erase(known);
        resources_.erase(last.id);
        credentials_.erase(last.id);
        machine_rows_.erase(id);
        witnesses_->tell(&Witness::on_forgotten, last);
    }
    if (change.table == "outbox_event") {
        const auto known = events_.find(change.row);
        if (known == events_.end()) return;
        const EventRow last = known->second;
        events_.erase(known);
        witnesses_->tell(&Witness::on_event_forgotten, last);
    }
}

void Shadow::read_event(ReadTx& tx, std::int64_t row) {
    const auto after =
        tx.first("SELECT " EVENT_COLUMNS " FROM outbox_event WHERE id = ?", {row}, event_of);
    if (!after) return;
    const auto known = events_.find(row);
    if (known == events_.end()) {
        events_.emplace(row, *after);
        if (after->kind == "machine:readiness") ++readiness_[after->machine];
        witnesses_->tell(&Witness::on_event, nullptr, *after, *this);
    } else {
        const EventRow before = std::exchange(known->second, *after);
        witnesses_->tell(&Witness::on_event, &before, *after, *this);
    }
}

void Shadow::read_resource(ReadTx& tx, std::int64_t row) {
    const auto name = tx.first("SELECT name FROM provider_resource WHERE rowid = ?", {row},
                               [](const Row& found) { return found.text(0); });
    if (name) resources_[*name] = *lifecycle::find_resource(tx, *name);
}

void Shadow::read_project(ReadTx& tx, std::int64_t row) {
    const auto project =
        tx.first("SELECT id, active_machine, archived_at FROM project WHERE rowid = ?", {row},
                 [](const Row& found) {
                     return ProjectRow{found.text(0), found.text(1), found.integer(2) != 0};
                 });
    if (project) projects_[project->id] = *project;
}

void Shadow::read_volume(ReadTx& tx, std::int64_t row) {
    const auto name = tx.first("SELECT name FROM volume WHERE rowid = ?", {row},
                               [](const Row& found) { return found.text(0); });
    if (name) volumes_[*name] = *lifecycle::find_volume(tx, *name);
}

void Shadow::read_credential(ReadTx& tx, std::int64_t row) {
    const auto key =
        tx.first("SELECT machine, boot FROM credential WHERE rowid = ?", {row},
                 [](const Row& found) { return std::pair(found.text(0), found.text(1)); });
    if (!key) return;
    credentials_[key->first][key->second] =
        *lifecycle::find_credential(tx, key->first, key->second);
    witnesses_->tell(&Witness::on_credential, key->first, *this);
}

void Shadow::read_delegation(ReadTx& tx, std::int64_t row) {
    const auto id = tx.first("SELECT id FROM delegation WHERE rowid = ?", {row},
                             [](const Row& found) { return found.text(0); });
    if (!id) return;
    delegations_[*id] = *lifecycle::find_delegation(tx, *id);
    witnesses_->tell(&Witness::on_delegation, delegations_[*id]);
}

void Shadow::read_error(ReadTx& tx, std::int64_t row) {
    const auto error = lifecycle::find_error(tx, row);
    if (!error) return;
    if (error->until) {
        errors_.erase(row);
    } else {
        errors_[row] = *error;
    }
    witnesses_->tell(&Witness::on_error, *error);
}

void Shadow::read_request(ReadTx& tx, std::int64_t row) {
    const auto project =
        tx.first("SELECT project FROM machine_request WHERE id = ? AND state = 'waiting'", {row},
                 [](const Row& found) { return found.text(0); });
    if (project) {
        waiting_[row] = *project;
    } else {
        waiting_.erase(row);
    }
}

void Shadow::read_installation(ReadTx& tx) {
    installation_ = lifecycle::installation_of(tx).id;
}

void Shadow::read_quarantine(ReadTx& tx) {
    quarantine_.clear();
    for (const auto& one : lifecycle::quarantined(tx)) {
        quarantine_[one.provider].insert(one.resource);
    }
}

bool Shadow::owns(const std::map<std::string, std::string>& labels) const {
    const auto value = [&](const char* name) {
        const auto found = labels.find(name);
        return found == labels.end() ? std::string() : found->second;
    };
    const std::string said = value("vivarium_installation");
    if (said.empty()) return false;
    const lifecycle::Machine* row = machine(value("vivarium_machine"));
    return said == installation_ || (row != nullptr && row->installation == said);
}

void Shadow::forget() {
    forgotten_ = true;
    installation_.clear();
    quarantine_.clear();
    machines_.clear();
    events_.clear();
    resources_.clear();
    projects_.clear();
    volumes_.clear();
    unread_.clear();
    credentials_.clear();
    delegations_.clear();
    errors_.clear();
    waiting_.clear();
    readiness_.clear();
    machine_rows_.clear();
}

void Shadow::recover(lifecycle::Store& store) {
    const Shadow before = *this;
    forget();
    auto read = [this](ReadTx& tx) -> lifecycle::Result<bool> {
        const auto rows = [&](std::string_view sql) {
            return tx.all(sql, {}, [](const Row& row) { return row.integer(0); });
        };
        read_installation(tx);
        read_quarantine(tx);
        for (const auto row : rows("SELECT rowid FROM project ORDER BY rowid")) {
            read_project(tx, row);
        }
        for (const auto row : rows("SELECT rowid FROM volume ORDER BY rowid")) read_volume(tx, row);
        for (const auto row : rows("SELECT rowid FROM machine ORDER BY rowid")) {
            const auto id = tx.first("SELECT id FROM machine WHERE rowid = ?", {row},
                                     [](const Row& found) { return found.text(0); });
            machine_rows_[row] = *id;
            machines_[*id] = *lifecycle::find_machine(tx, *id);
        }
        for (const auto row : rows("SELECT rowid FROM credential ORDER BY rowid")) {
            read_credential(tx, row);
        }
        for (const auto row : rows("SELECT rowid FROM delegation ORDER BY rowid")) {
            read_delegation(tx, row);
        }
        for (const auto row : rows("SELECT id FROM machine_request ORDER BY id")) {
            read_request(tx, row);
        }
        for (const auto row : rows("SELECT id FROM project_error WHERE ended_at = 0 ORDER BY id")) {
            errors_[row] = *lifecycle::find_error(tx, row);
        }
        for (const auto row : rows("SELECT rowid FROM provider_resource ORDER BY rowid")) {
            read_resource(tx, row);
        }
        for (EventRow& event :
             tx.all("SELECT " EVENT_COLUMNS " FROM outbox_event ORDER BY id", {}, event_of)) {
            if (event.kind == "machine:readiness") ++readiness_[event.machine];
            events_.emplace(event.id, std::move(event));
        }
        return true;
    };
    static_cast<void>(store.read_now(read));
    forgotten_ = false;
    witnesses_->tell(&Witness::on_recovery, before, *this);
}

const lifecycle::Machine* Shadow::machine(const std::string& id) const {
    const auto found = machines_.find(id);
    return found == machines_.end() ? nullptr : &found->second;
}

const lifecycle::Credential* Shadow::live_credential(const std::string& machine) const {
    const auto known = credentials_.find(machine);
    if (known == credentials_.end()) return nullptr;
    for (const auto& [boot, credential] : known->second) {
        if (!credential.superseded) return &credential;
    }
    return nullptr;
}

int Shadow::readiness_events(const std::string& machine) const {
    const auto found = readiness_.find(machine);
    return found == readiness_.end() ? 0 : found->second;
}

}  // namespace scenarios
