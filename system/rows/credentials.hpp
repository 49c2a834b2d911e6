#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/ports/time.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// What one boot of a machine is known by. At most one of a machine's is not superseded: the table
// itself refuses a second.
struct Credential {
    std::string machine;
    std::string boot;        // the nonce that the box chose when it booted
    std::int64_t epoch = 0;  // counts the tokens that the machine was ever given
    std::string token_hash;
    bool superseded = false;  // another boot, or another machine, has taken its place
};

std::optional<Credential> find_credential(ReadTx& tx, std::string_view machine,
                                          std::string_view boot);
std::optional<Credential> live_credential(ReadTx& tx, std::string_view machine);
std::optional<Credential> credential_of_token(ReadTx& tx, std::string_view token_hash);
// The highest that the machine's credentials ever had; 0 if it has none.
std::int64_t newest_epoch(ReadTx& tx, std::string_view machine);

// Takes the place of whatever the machine had.
void replace_credential(Tx& tx, const Credential& credential, Time now);
void supersede_credentials(Tx& tx, std::string_view machine);
// Those of every machine; how many there were.
std::int64_t supersede_all_credentials(Tx& tx);

}  // namespace lifecycle
