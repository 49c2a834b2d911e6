#include "system/rows/installation.hpp"

namespace lifecycle {

std::string installation_id(std::uint64_t chance, Time born_at) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
    constexpr int kCharacters = 12;
    std::uint64_t bits = chance + static_cast<std::uint64_t>(count_of(born_at));
    std::string id;
    for (int i = 0; i < kCharacters; ++i, bits >>= 5) id += kAlphabet[bits & 31];
    return id;
}

Installation claim_installation(Tx& tx, std::string_view id, std::string_view name, Time now) {
    const Installation present = installation_of(tx);
    if (present.id.empty()) {
        tx.run("INSERT INTO installation (one, id, name, born_at) VALUES (1, ?, ?, ?)",
               {id, name, count_of(now)});
        tx.run("UPDATE machine SET installation = ? WHERE installation = ''", {name});
    } else if (present.name != name) {
        tx.run("UPDATE installation SET name = ?", {name});
    }
    return installation_of(tx);
}

Installation installation_of(ReadTx& tx) {
    return tx
        .first(
            "SELECT id, name, born_at FROM installation", {},
            [](const Row& row) { return Installation{row.text(0), row.text(1), row.time_at(2)}; })
        .value_or(Installation{});
}

std::vector<std::string> all_installations(ReadTx& tx) {
    return tx.all(
        "SELECT id FROM installation"
        " UNION SELECT machine.installation FROM machine"
        " JOIN provider_resource ON provider_resource.machine = machine.id"
        " WHERE provider_resource.state <> 'gone' AND machine.installation <> ''"
        " ORDER BY 1",
        {}, [](const Row& row) { return row.text(0); });
}

std::string key_fingerprint(ReadTx& tx) {
    return tx
        .first("SELECT fingerprint FROM identity_key", {},
               [](const Row& row) { return row.text(0); })
        .value_or("");
}

void record_key_fingerprint(Tx& tx, std::string_view fingerprint) {
    tx.run(
        "INSERT INTO identity_key (one, fingerprint) VALUES (1, ?)"
        " ON CONFLICT (one) DO UPDATE SET fingerprint = excluded.fingerprint",
        {fingerprint});
}

}  // namespace lifecycle
