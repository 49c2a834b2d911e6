#include "system/providers/provider.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "system/providers/redact.hpp"
#include "system/providers/url.hpp"

namespace lifecycle {
namespace {

ProviderError no_volumes() {
    return {ProviderErrorClass::permanent, "this provider has no volumes"};
}

}  // namespace

std::string_view to_string(ProviderErrorClass error) {
    switch (error) {
        case ProviderErrorClass::gone: return "gone";
        case ProviderErrorClass::conflict: return "conflict";
        case ProviderErrorClass::busy: return "busy";
        case ProviderErrorClass::capacity_host: return "capacity_host";
        case ProviderErrorClass::capacity_volume: return "capacity_volume";
        case ProviderErrorClass::capacity_region: return "capacity_region";
        case ProviderErrorClass::volume_gone: return "volume_gone";
        case ProviderErrorClass::throttled: return "throttled";
        case ProviderErrorClass::not_yet: return "not_yet";
        case ProviderErrorClass::ambiguous: return "ambiguous";
        case ProviderErrorClass::permanent: return "permanent";
        case ProviderErrorClass::unknown: return "unknown";
    }
    return "unknown";
}

ProviderError::ProviderError(ProviderErrorClass kind, std::string_view said)
    : error_class(kind), detail(without_secrets(said)) {}

std::string describe(const ProviderError& error) {
    return fmt::format("{}: {}", to_string(error.error_class), error.detail);
}

bool may_have_happened(const ProviderError& error) {
    switch (error.error_class) {
        case ProviderErrorClass::not_yet:
        case ProviderErrorClass::ambiguous:
        case ProviderErrorClass::unknown: return true;
        case ProviderErrorClass::gone:
        case ProviderErrorClass::conflict:
        case ProviderErrorClass::busy:
        case ProviderErrorClass::capacity_host:
        case ProviderErrorClass::capacity_volume:
        case ProviderErrorClass::capacity_region:
        case ProviderErrorClass::volume_gone:
        case ProviderErrorClass::throttled:
        case ProviderErrorClass::permanent: return false;
    }
    return true;
}

std::string describe_unreadable(const std::vector<std::string>& unreadable) {
    return fmt::format("{} listed elements could not be read: {}", unreadable.size(),
                       without_secrets(fmt::format("{}", fmt::join(unreadable, ", "))));
}

std::string_view to_string(ResourceState state) {
    switch (state) {
        case ResourceState::preparing: return "preparing";
        case ResourceState::stopped: return "stopped";
        case ResourceState::starting: return "starting";
        case ResourceState::started: return "started";
        case ResourceState::stopping: return "stopping";
        case ResourceState::failed: return "failed";
        case ResourceState::destroying: return "destroying";
        case ResourceState::destroyed: return "destroyed";
        case ResourceState::unknown: return "unknown";
    }
    return "unknown";
}

boost::asio::awaitable<ProviderResult<Endpoint>> Provider::reach(std::string /*external_id*/,
                                                                 std::string address,
                                                                 std::uint16_t port) {
    if (address.empty() || !is_header_text(address)) {
        co_return std::unexpected(
            ProviderError(ProviderErrorClass::unknown, "an address that is none"));
    }
    Endpoint way{authority_of(address, port)};
    way.address = std::move(address);
    co_return std::move(way);
}

boost::asio::awaitable<ProviderResult<Volume>> Provider::create_volume(CreateVolume /*request*/) {
    co_return std::unexpected(no_volumes());
}

boost::asio::awaitable<ProviderResult<Volume>> Provider::get_volume(std::string /*id*/) {
    co_return std::unexpected(no_volumes());
}

boost::asio::awaitable<ListResult<Volume>> Provider::find_volumes(std::string /*name*/) {
    co_return std::unexpected(no_volumes());
}

boost::asio::awaitable<ProviderResult<void>> Provider::destroy_volume(std::string /*id*/) {
    co_return std::unexpected(no_volumes());
}

boost::asio::awaitable<ProviderResult<void>> Provider::snapshot_volume(std::string /*id*/) {
    co_return std::unexpected(no_volumes());
}

}  // namespace lifecycle
