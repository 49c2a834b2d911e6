#include "scenarios/flows/oddities.hpp"

#include <functional>
#include <utility>

#include "system/providers/provider.hpp"

namespace scenarios {
namespace {

using lifecycle::ProviderErrorClass;
using lifecycle::Resource;
using lifecycle::ResourceState;
using lifecycle::Volume;

Twist refusal(ProviderErrorClass what, bool happens = false) {
    Twist twist;
    twist.error = what;
    twist.happens = happens;
    return twist;
}

Twist machine(std::function<void(Resource&)> change) {
    Twist twist;
    twist.resource = std::move(change);
    return twist;
}

Twist machine_in(ResourceState state) {
    return machine([state](Resource& one) { one.state = state; });
}

Twist volume(std::function<void(Volume&)> change) {
    Twist twist;
    twist.volume = std::move(change);
    return twist;
}

Twist list(bool hidden, bool unreadable) {
    Twist twist;
    twist.hidden = hidden;
    twist.unreadable = unreadable;
    return twist;
}

Twist throttled_for_long() {
    Twist twist = refusal(ProviderErrorClass::throttled);
    twist.retry_after = kThrottledFor;
    return twist;
}

enum class Shows : std::uint8_t { nothing, machine, machines, volume, volumes, daemon };

struct Kind {
    bool changes;  // what was asked for may have been done, whatever the answer says
    Shows shows;
};

Kind kind_of(Call call) {
    switch (call) {
        case Call::create:
        case Call::start:
        case Call::stop:
        case Call::restart:
        case Call::destroy:
        case Call::create_volume:
        case Call::copy_volume:
        case Call::destroy_volume:
        case Call::snapshot_volume: return {true, Shows::nothing};
        case Call::get: return {false, Shows::machine};
        case Call::find: return {false, Shows::machines};
        case Call::get_volume: return {false, Shows::volume};
        case Call::find_volumes: return {false, Shows::volumes};
        case Call::reach: return {false, Shows::daemon};
        case Call::network:
        case Call::exec: break;
    }
    return {false, Shows::nothing};
}

bool can_show(const Kind& kind, Oddity oddity) {
    if (oddity == Oddity::ambiguous_and_done) return kind.changes;
    if (oddity <= Oddity::unknown) return true;
    const bool machines = kind.shows == Shows::machine || kind.shows == Shows::machines;
    if (oddity <= Oddity::of_another_volume) return machines;
    const bool volumes = kind.shows == Shows::volume || kind.shows == Shows::volumes;
    if (oddity <= Oddity::attached_out_of_reach) return volumes;
    if (oddity <= Oddity::hidden_and_unreadable) {
        return kind.shows == Shows::machines || kind.shows == Shows::volumes;
    }
    return happens_meanwhile(oddity) || kind.shows == Shows::daemon;
}

}  // namespace

std::string_view to_string(Oddity oddity) {
    switch (oddity) {
        case Oddity::gone: return "gone";
        case Oddity::conflict: return "conflict";
        case Oddity::busy: return "busy";
        case Oddity::capacity_host: return "no room on the host";
        case Oddity::capacity_volume: return "no room beside the volume";
        case Oddity::capacity_region: return "no room in the region";
        case Oddity::volume_gone: return "the volume is gone";
        case Oddity::throttled: return "throttled";
        case Oddity::throttled_for_long: return "throttled for long";
        case Oddity::not_yet: return "not yet";
        case Oddity::ambiguous: return "ambiguous";
        case Oddity::ambiguous_and_done: return "ambiguous, and done";
        case Oddity::permanent: return "refused for good";
        case Oddity::unknown: return "in unknown words";
        case Oddity::preparing: return "preparing";
        case Oddity::stopped: return "stopped";
        case Oddity::starting: return "starting";
        case Oddity::started: return "started";
        case Oddity::stopping: return "stopping";
        case Oddity::failed: return "failed";
        case Oddity::destroying: return "destroying";
        case Oddity::destroyed: return "destroyed";
        case Oddity::in_unknown_state: return "in an unknown state";
        case Oddity::partial: return "partial";
        case Oddity::elsewhere: return "elsewhere";
        case Oddity::not_ours: return "not ours";
        case Oddity::of_another_volume: return "of another volume";
        case Oddity::unusable: return "unusable";
        case Oddity::not_whole: return "not whole";
        case Oddity::out_of_reach: return "out of reach";
        case Oddity::attached: return "attached";
        case Oddity::attached_out_of_reach: return "attached and out of reach";
        case Oddity::hidden: return "hidden";
        case Oddity::unreadable: return "unreadable";
        case Oddity::hidden_and_unreadable: return "hidden and unreadable";
        case Oddity::unwell: return "unwell";
        case Oddity::silent: return "silent";
        case Oddity::taken_over: return "taken over meanwhile";
        case Oddity::retired: return "too late, its machine is retired";
        case Oddity::archived: return "too late, its project is archived";
    }
    return "";
}

std::vector<Oddity> oddities_of(Call call) {
    std::vector<Oddity> all;
    for (std::size_t each = 0; each < kOddities; ++each) {
        const auto oddity = static_cast<Oddity>(each);
        if (can_show(kind_of(call), oddity)) all.push_back(oddity);
    }
    return all;
}

Twist twist_of(Oddity oddity) {
    switch (oddity) {
        case Oddity::gone: return refusal(ProviderErrorClass::gone);
        case Oddity::conflict: return refusal(ProviderErrorClass::conflict);
        case Oddity::busy: return refusal(ProviderErrorClass::busy);
        case Oddity::capacity_host: return refusal(ProviderErrorClass::capacity_host);
        case Oddity::capacity_volume: return refusal(ProviderErrorClass::capacity_volume);
        case Oddity::capacity_region: return refusal(ProviderErrorClass::capacity_region);
        case Oddity::volume_gone: return refusal(ProviderErrorClass::volume_gone);
        case Oddity::throttled: return refusal(ProviderErrorClass::throttled);
        case Oddity::throttled_for_long: return throttled_for_long();
        case Oddity::not_yet: return refusal(ProviderErrorClass::not_yet);
        case Oddity::ambiguous: return refusal(ProviderErrorClass::ambiguous);
        case Oddity::ambiguous_and_done: return refusal(ProviderErrorClass::ambiguous, true);
        case Oddity::permanent: return refusal(ProviderErrorClass::permanent);
        case Oddity::unknown: return refusal(ProviderErrorClass::unknown);
        case Oddity::preparing: return machine_in(ResourceState::preparing);
        case Oddity::stopped: return machine_in(ResourceState::stopped);
        case Oddity::starting: return machine_in(ResourceState::starting);
        case Oddity::started: return machine_in(ResourceState::started);
        case Oddity::stopping: return machine_in(ResourceState::stopping);
        case Oddity::failed: return machine_in(ResourceState::failed);
        case Oddity::destroying: return machine_in(ResourceState::destroying);
        case Oddity::destroyed: return machine_in(ResourceState::destroyed);
        case Oddity::in_unknown_state: return machine_in(ResourceState::unknown);
        case Oddity::partial: return machine([](Resource& one) { one.partial = true; });
        case Oddity::elsewhere: return machine([](Resource& one) { one.address = "elsewhere"; });
        case Oddity::not_ours: return machine([](Resource& one) { one.labels.clear(); });
        case Oddity::of_another_volume:
            return machine([](Resource& one) { one.volume = "another"; });
        case Oddity::unusable: return volume([](Volume& one) { one.usable = false; });
        case Oddity::not_whole: return volume([](Volume& one) { one.whole = false; });
        case Oddity::out_of_reach: return volume([](Volume& one) { one.in_reach = false; });
        case Oddity::attached: return volume([](Volume& one) { one.attached_to = "another"; });
        case Oddity::attached_out_of_reach:
            return volume([](Volume& one) {
                one.attached_to = "another";
                one.in_reach = false;
            });
        case Oddity::hidden: return list(true, false);
        case Oddity::unreadable: return list(false, true);
        case Oddity::hidden_and_unreadable: return list(true, true);
        case Oddity::unwell:
        case Oddity::silent:
        case Oddity::taken_over:
        case Oddity::retired:
        case Oddity::archived: break;
    }
    return {};
}

Health health_of(Oddity oddity) {
    if (oddity == Oddity::unwell) return Health::unwell;
    return oddity == Oddity::silent ? Health::silent : Health::well;
}

}  // namespace scenarios
