#pragma once

#include <string_view>

#include "system/model/error.hpp"
#include "system/outbox/event.hpp"
#include "system/providers/provider.hpp"

namespace lifecycle {

// What an attempt that met this error does next: a provider's answer that another attempt may
// change is retried under the consumer's policy, and one that none can change buries the event.
Outcome after(const ProviderError& error);

// The same where this control plane has no such provider: another start of it may.
Outcome without_provider(std::string_view name);

// The same for an error of the store: a lost lease says nothing more.
Outcome after(const Error& error);

}  // namespace lifecycle
