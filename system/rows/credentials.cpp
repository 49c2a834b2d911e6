#include "system/rows/credentials.hpp"

#define CREDENTIAL_COLUMNS "machine, boot, epoch, token_hash, superseded"

namespace lifecycle {
namespace {

Credential credential_of(const Row& row) {
    return {row.text(0), row.text(1), row.integer(2), row.text(3), row.integer(4) != 0};
}

}  // namespace

std::optional<Credential> find_credential(ReadTx& tx, std::string_view machine,
                                          std::string_view boot) {
    return tx.first("SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE machine = ? AND boot = ?",
                    {machine, boot}, credential_of);
}

std::optional<Credential> live_credential(ReadTx& tx, std::string_view machine) {
    return tx.first("SELECT " CREDENTIAL_COLUMNS
                    " FROM credential WHERE machine = ? AND superseded = 0",
                    {machine}, credential_of);
}

std::optional<Credential> credential_of_token(ReadTx& tx, std::string_view token_hash) {
    return tx.first("SELECT " CREDENTIAL_COLUMNS " FROM credential WHERE token_hash = ?",
                    {token_hash}, credential_of);
}

std::int64_t newest_epoch(ReadTx& tx, std::string_view machine) {
    return tx
        .first("SELECT COALESCE(MAX(epoch), 0) FROM credential WHERE machine = ?", {machine},
               [](const Row& row) { return row.integer(0); })
        .value_or(0);
}

void replace_credential(Tx& tx, const Credential& credential, Time now) {
    supersede_credentials(tx, credential.machine);
    tx.run(
        "INSERT INTO credential (machine, boot, epoch, token_hash, superseded, issued_at)"
        " VALUES (?, ?, ?, ?, 0, ?)"
        " ON CONFLICT (machine, boot) DO UPDATE SET epoch = excluded.epoch,"
        " token_hash = excluded.token_hash, superseded = 0, issued_at = excluded.issued_at",
        {credential.machine, credential.boot, credential.epoch, credential.token_hash,
         count_of(now)});
}

void supersede_credentials(Tx& tx, std::string_view machine) {
    tx.run("UPDATE credential SET superseded = 1 WHERE machine = ? AND superseded = 0", {machine});
}

std::int64_t supersede_all_credentials(Tx& tx) {
    return tx.run("UPDATE credential SET superseded = 1 WHERE superseded = 0");
}

}  // namespace lifecycle
