#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/model/provider_resource.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// A name that a provider was or is about to be asked for: an obligation until confirmed gone.
struct ProviderResource {
    std::string name;
    std::string machine;
    std::string external_id;  // empty until the provider's answer is durable
    ResourceRecordState state = ResourceRecordState::asked;
};

std::optional<ProviderResource> find_resource(ReadTx& tx, std::string_view name);
// Records that a create is about to be sent now.
void record_ask(Tx& tx, std::string_view name, std::string_view machine, Time now);
// Each of these throws std::logic_error if the table of transitions does not allow it; nothing if
// there is no such row.
void record_present(Tx& tx, std::string_view name, std::string_view external_id);
void record_gone(Tx& tx, std::string_view name);
// Counts a look at the provider that found nothing; gives how many there were since the last
// forget_absences(). Looks are counted because no time can be: a clock that was set between two of
// them would make any wait look long enough.
std::int64_t record_absence(Tx& tx, std::string_view name);
std::int64_t absences(ReadTx& tx, std::string_view name);
void forget_absences(Tx& tx, std::string_view name);

}  // namespace lifecycle
