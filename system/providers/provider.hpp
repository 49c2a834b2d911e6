#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/machine.hpp"
#include "system/ports/time.hpp"

namespace lifecycle {

// What the answer of a provider means for what to do next, whatever its dialect.
enum class ProviderErrorClass : std::uint8_t {
    gone,       // no such resource (or not visible yet, just after its creation)
    conflict,   // the name is taken; by the resource in conflicting_id, if that could be read
    busy,       // the resource is in between; ask again in a moment
    capacity,   // no room for it now
    throttled,  // too many requests
    not_yet,    // waited for in vain so far
    ambiguous,  // no telling whether it happened: look before asking again
    permanent,  // asking again cannot help
    unknown,    // an answer that no table lists; logged whole
};
std::string_view to_string(ProviderErrorClass error);

struct ProviderError {
    ProviderErrorClass error_class;
    std::string detail;          // what the provider said, whole
    std::string conflicting_id;  // only with conflict
    Duration retry_after{0};

    ProviderError(ProviderErrorClass kind, std::string said)
        : error_class(kind), detail(std::move(said)) {}
};
std::string describe(const ProviderError& error);

template <class T>
using ProviderResult = std::expected<T, ProviderError>;

enum class ResourceState : std::uint8_t {
    preparing,  // exists, cannot be started yet
    stopped,    // can be started
    starting,
    started,
    stopping,
    failed,
    destroying,
    destroyed,
    unknown,  // a word that no table lists
};
std::string_view to_string(ResourceState state);

using Labels = std::map<std::string, std::string>;

// A machine at a provider.
struct Resource {
    std::string external_id;
    std::string name;
    ResourceState state = ResourceState::unknown;
    std::string address;  // host of its daemon; empty if the provider did not say
    Labels labels;
};

struct CreateResource {
    std::string name;  // unique at the provider: a second create of the name is a conflict
    MachineSpec spec;
    Labels labels;
    std::map<std::string, std::string> environment;

    CreateResource() = default;
};

// A cloud that runs machines. Every call may fail with any class of error; none is retried here.
class Provider {
  public:
    virtual ~Provider() = default;

    // Makes a resource that does not start by itself. A conflict means that the name exists.
    virtual boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) = 0;
    virtual boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) = 0;
    // Resources with all of these labels. One that was just created may be missing.
    virtual boost::asio::awaitable<ProviderResult<std::vector<Resource>>> find(Labels labels) = 0;
    // Accepted, not finished, when these return.
    virtual boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) = 0;
    virtual boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) = 0;
    // Whatever state it is in. `gone` if there is nothing to destroy.
    virtual boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) = 0;
    // Until it is started, at most `timeout`; then `not_yet`.
    virtual boost::asio::awaitable<ProviderResult<void>> wait_started(std::string external_id,
                                                                      Duration timeout) = 0;
};

}  // namespace lifecycle
