#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "system/model/machine.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"
#include "system/providers/availability.hpp"
#include "system/providers/call_class.hpp"

namespace lifecycle {

// What the answer of a provider means for what to do next, whatever its dialect.
enum class ProviderErrorClass : std::uint8_t {
    gone,             // no such resource (or not visible yet, just after its creation)
    conflict,         // the name is taken; by the resource in conflicting_id, if that is known
    busy,             // the resource is in between; ask again in a moment
    capacity_host,    // no room where it would run; elsewhere in the region there may be some
    capacity_volume,  // no room beside its volume: the volume has to move
    capacity_region,  // no room in the region
    volume_gone,      // the volume that it should mount is no longer usable
    throttled,        // too many requests
    not_yet,          // waited for in vain so far
    ambiguous,        // no telling whether it happened: look before asking again
    permanent,        // asking again cannot help
    unknown,          // an answer that no table lists; logged whole
};
std::string_view to_string(ProviderErrorClass error);

struct ProviderError {
    ProviderErrorClass error_class;
    std::string detail;          // what the provider said, without secrets and within bounds
    std::string conflicting_id;  // only with conflict: what get() takes
    Duration retry_after{0};

    ProviderError(ProviderErrorClass kind, std::string_view said);
};
std::string describe(const ProviderError& error);
// False: the provider said that it did nothing.
bool may_have_happened(const ProviderError& error);

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

// A machine at a provider. One that is `partial` runs on a host that the provider does not reach:
// it is there, its state is the last that was known, and what it lacks here it may have. That is no
// reason to take it for something else, for stopped or for gone.
struct Resource {
    std::string external_id;
    std::string name;
    ResourceState state = ResourceState::unknown;
    bool partial = false;
    std::string region;
    std::string address;  // host of its daemon; empty if the provider did not say
    Labels labels;
    std::string volume;          // the id of the volume that it mounts; empty: none
    std::int64_t cpus = 0;       // 0: the provider did not say
    std::int64_t memory_mb = 0;  // 0: the provider did not say
};

struct CreateResource {
    std::string name;  // unique at the provider: a second create of the name is a conflict
    MachineSpec spec;
    Labels labels;
    std::map<std::string, std::string> environment;
    std::string volume;  // the id of the volume to mount; empty: none

    CreateResource() = default;
};

// Storage that outlives machines and is mounted by one at a time.
struct Volume {
    std::string id;
    std::string name;
    std::string region;
    bool usable = false;      // false: it is on its way out
    bool whole = false;       // false: what it has to hold is still being copied to it
    bool in_reach = true;     // false: the host that it is on does not answer
    std::string attached_to;  // external id of a machine; empty: free
    std::string created_at;   // as the provider says it; later is greater; empty: it does not say
    std::int64_t size_gb = 0;
};

struct CreateVolume {
    std::string name;  // not unique at the provider
    std::string region;
    std::int64_t size_gb = 1;
    std::string copy_of;  // id of a volume whose content it begins with; empty: it begins empty
    MachineSpec beside;   // what is to run where it is put

    CreateVolume() = default;
};

// What a provider listed. Nothing is concluded from what is missing in a list that is incomplete.
template <class T>
struct Listing {
    std::vector<T> found;
    std::vector<std::string> unreadable;  // in words: what was listed too, and could not be read

    bool complete() const { return unreadable.empty(); }
    // There is nothing for certain.
    bool none() const { return found.empty() && complete(); }
};
template <class T>
using ListResult = ProviderResult<Listing<T>>;
// Why nothing is concluded from a list; in words.
std::string describe_unreadable(const std::vector<std::string>& unreadable);

// How to reach a daemon of a machine.
struct Endpoint {
    std::string authority;
    Headers headers = {};  // to send with every request
    bool tls = false;
    std::string address = {};  // of the resource, if that is what leads there
};

// A cloud that runs machines. Every call may fail with any class of error; none is retried here.
class Provider {
  public:
    virtual ~Provider() = default;

    // The same provider, asked for that reason. Lives as long as this.
    virtual Provider& as(CallClass /*call_class*/) { return *this; }

    // Whether it answers: what all calls tell, for whatever reason they are made.
    virtual const Availability& availability() const = 0;

    // Makes a resource, which does not start by itself where the provider lets us ask for that. A
    // conflict means that the name exists.
    virtual boost::asio::awaitable<ProviderResult<Resource>> create(CreateResource request) = 0;
    virtual boost::asio::awaitable<ProviderResult<Resource>> get(std::string external_id) = 0;
    // Resources with all of these labels. One that was just created may be missing.
    virtual boost::asio::awaitable<ListResult<Resource>> find(Labels labels) = 0;
    // Accepted, not finished, when these return. Starting what runs and stopping what is stopped
    // succeed.
    virtual boost::asio::awaitable<ProviderResult<void>> start(std::string external_id) = 0;
    virtual boost::asio::awaitable<ProviderResult<void>> stop(std::string external_id) = 0;
    virtual boost::asio::awaitable<ProviderResult<void>> restart(std::string external_id) = 0;
    // Whatever state it is in. `gone` if there is nothing to destroy.
    virtual boost::asio::awaitable<ProviderResult<void>> destroy(std::string external_id) = 0;
    // Where the daemon that listens on that port is reached. `address` is what the resource said
    // of itself.
    virtual boost::asio::awaitable<ProviderResult<Endpoint>> reach(std::string external_id,
                                                                   std::string address,
                                                                   std::uint16_t port);

    // False: a machine is as large as its image says, and a wish for a size cannot be met.
    virtual bool sizes_machines() const { return true; }

    // Providers without volumes answer each of these with `permanent`.
    virtual bool has_volumes() const { return false; }
    virtual boost::asio::awaitable<ProviderResult<Volume>> create_volume(CreateVolume request);
    virtual boost::asio::awaitable<ProviderResult<Volume>> get_volume(std::string id);
    // All volumes of that name, in any state; with an empty name, all there are.
    virtual boost::asio::awaitable<ListResult<Volume>> find_volumes(std::string name);
    // `busy` while a machine holds it, `gone` if there is nothing to destroy.
    virtual boost::asio::awaitable<ProviderResult<void>> destroy_volume(std::string id);
    virtual boost::asio::awaitable<ProviderResult<void>> snapshot_volume(std::string id);
};

}  // namespace lifecycle
