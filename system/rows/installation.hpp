#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "system/store/store.hpp"

// Who this control plane is to its providers. Each runs in the transaction given.
namespace lifecycle {

struct Installation {
    std::string id;    // made at birth, on everything that it makes at a provider
    std::string name;  // what people call it; two may have the same
    Time born_at{};
};

// An identity of 12 characters of a-z and 2-7, out of 60 bits of chance. The time of birth is mixed
// in, so that a poor source of chance does not make twins.
std::string installation_id(std::uint64_t chance, Time born_at);

// The installation of this database. If it has none, it is born now, under `id`; machines that were
// there before it have its name and not its id at their providers.
Installation claim_installation(Tx& tx, std::string_view id, std::string_view name, Time now);

// Without id if the installation was never claimed.
Installation installation_of(ReadTx& tx);

// What our resources may say that they belong to: our identity, and the names that machines have
// which are older than it and not confirmed gone.
std::vector<std::string> all_installations(ReadTx& tx);

// The fingerprint of the key that the secrets of this database's boxes are derived from; empty if
// none was recorded yet.
std::string key_fingerprint(ReadTx& tx);

// Takes the place of the one that was recorded.
void record_key_fingerprint(Tx& tx, std::string_view fingerprint);

}  // namespace lifecycle
