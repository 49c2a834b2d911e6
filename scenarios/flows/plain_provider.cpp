#include "scenarios/flows/plain_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "system/lifecycle/ownership.hpp"

namespace scenarios {
namespace {

using lifecycle::Endpoint;
using lifecycle::Labels;
using lifecycle::Listing;
using lifecycle::ListResult;
using lifecycle::ProviderError;
using lifecycle::ProviderErrorClass;
using lifecycle::ProviderResult;
using lifecycle::Resource;
using lifecycle::ResourceState;
using lifecycle::Volume;

std::unexpected<ProviderError> refuse(ProviderErrorClass why) {
    return std::unexpected(ProviderError(why, "as it is told"));
}

template <class Map>
std::string id_of(const Map& all, std::string_view name) {
    const auto found =
        std::ranges::find_if(all, [&](const auto& each) { return each.second.name == name; });
    return found == all.end() ? "" : found->first;
}

void bend(const Twist& twist, Resource& resource) {
    if (twist.resource) twist.resource(resource);
}
void bend(const Twist& twist, Volume& volume) {
    if (twist.volume) twist.volume(volume);
}
void bend(const Twist& twist, Endpoint& way) {
    if (twist.endpoint) twist.endpoint(way);
}
template <class T>
void bend(const Twist& twist, Listing<T>& listing) {
    if (twist.hidden) listing.found.clear();
    if (twist.unreadable) listing.unreadable.emplace_back("one of them");
    for (T& one : listing.found) bend(twist, one);
}

template <class T>
bool is_there(const T& /*one*/) {
    return true;
}
template <class T>
bool is_there(const Listing<T>& listing) {
    return !listing.found.empty();
}

ProviderError error_of(const Twist& twist) {
    ProviderError error(*twist.error, "as it is told");
    error.retry_after = twist.retry_after;
    return error;
}

}  // namespace

template <class T>
ProviderResult<T> PlainProvider::answer(Call call, std::string_view about, const Plain<T>& plain) {
    const std::optional<Twist> twist = twisted_ ? twisted_(call, about, false) : std::nullopt;
    if (!twist || !twist->error) return plain();
    if (twist->happens) static_cast<void>(plain());
    return std::unexpected(error_of(*twist));
}

template <class T>
ProviderResult<T> PlainProvider::describe(Call call, std::string_view about,
                                          ProviderResult<T> plain) {
    const bool there = plain && is_there(*plain);
    const std::optional<Twist> twist = twisted_ ? twisted_(call, about, there) : std::nullopt;
    if (twist && twist->error) return std::unexpected(error_of(*twist));
    if (twist && plain) bend(*twist, *plain);
    return plain;
}

std::string PlainProvider::resource_of(std::string_view name) const {
    return id_of(resources_, name);
}

std::string PlainProvider::volume_of(std::string_view name) const {
    return id_of(volumes_, name);
}

std::string PlainProvider::add(Resource resource) {
    resource.external_id = fmt::format("r{:06}", ++last_);
    const std::string id = resource.external_id;
    names_[id] = resource.name;
    resources_[id] = std::move(resource);
    return id;
}

std::string PlainProvider::add(Volume volume) {
    volume.id = fmt::format("v{:06}", ++last_);
    volume.created_at = fmt::format("{:08}", last_);
    const std::string id = volume.id;
    names_[id] = volume.name;
    volumes_[id] = std::move(volume);
    return id;
}

void PlainProvider::lose(const std::string& id) {
    resources_.erase(id);
    for (auto& [_, volume] : volumes_) {
        if (volume.attached_to == id) volume.attached_to.clear();
    }
}

void PlainProvider::forget_all() {
    resources_.clear();
    volumes_.clear();
    full_beside_.clear();
    full_region_.clear();
    names_.clear();
    loses_answer_ = false;
    copies_slowly_ = false;
}

ProviderResult<Resource> PlainProvider::make(const lifecycle::CreateResource& request) {
    if (const std::string there = resource_of(request.name); !there.empty()) {
        ProviderError taken(ProviderErrorClass::conflict, "the name is taken");
        taken.conflicting_id = there;
        return std::unexpected(std::move(taken));
    }
    if (!request.volume.empty() && request.volume == full_beside_) {
        return refuse(ProviderErrorClass::capacity_volume);
    }
    if (request.spec.region == full_region_) return refuse(ProviderErrorClass::capacity_region);
    const auto volume = volumes_.find(request.volume);
    if (!request.volume.empty() && volume == volumes_.end()) {
        return refuse(ProviderErrorClass::volume_gone);
    }
    if (volume != volumes_.end() && !volume->second.attached_to.empty()) {
        return refuse(ProviderErrorClass::busy);
    }
    Resource made;
    made.name = request.name;
    made.state = ResourceState::stopped;
    made.region = request.spec.region;
    made.address = fmt::format("{}.plain", request.name);
    made.labels = request.labels;
    made.volume = request.volume;
    const std::string id = add(std::move(made));
    if (volume != volumes_.end()) volume->second.attached_to = id;
    if (!std::exchange(loses_answer_, false)) return resources_[id];
    Resource second = resources_[id];
    second.state = ResourceState::failed;
    add(std::move(second));
    return refuse(ProviderErrorClass::ambiguous);
}

ProviderResult<void> PlainProvider::run(const std::string& id) {
    const auto found = resources_.find(id);
    if (found == resources_.end()) return refuse(ProviderErrorClass::gone);
    found->second.state = ResourceState::started;
    if (started_) started_(found->second.name);
    return {};
}

boost::asio::awaitable<ProviderResult<Resource>> PlainProvider::create(
    lifecycle::CreateResource request) {
    co_return answer<Resource>(Call::create, request.name, [&] { return make(request); });
}

boost::asio::awaitable<ProviderResult<Resource>> PlainProvider::get(std::string external_id) {
    const auto found = resources_.find(external_id);
    ProviderResult<Resource> plain = refuse(ProviderErrorClass::gone);
    if (found != resources_.end()) plain = found->second;
    co_return describe(Call::get, external_id, std::move(plain));
}

boost::asio::awaitable<ListResult<Resource>> PlainProvider::find(Labels labels) {
    Resource wanted;
    wanted.labels = labels;
    const std::string machine = lifecycle::owner_of(wanted);
    Listing<Resource> all;
    for (const auto& [_, resource] : resources_) {
        const bool has = std::ranges::all_of(labels, [&](const auto& label) {
            const auto own = resource.labels.find(label.first);
            return own != resource.labels.end() && own->second == label.second;
        });
        if (has) all.found.push_back(resource);
    }
    co_return describe(Call::find, machine, ListResult<Resource>(std::move(all)));
}

boost::asio::awaitable<ProviderResult<void>> PlainProvider::start(std::string external_id) {
    co_return answer<void>(Call::start, external_id, [&] { return run(external_id); });
}

boost::asio::awaitable<ProviderResult<void>> PlainProvider::stop(std::string external_id) {
    co_return answer<void>(Call::stop, external_id, [&]() -> ProviderResult<void> {
        const auto found = resources_.find(external_id);
        if (found == resources_.end()) return refuse(ProviderErrorClass::gone);
        found->second.state = ResourceState::stopped;
        return {};
    });
}

boost::asio::awaitable<ProviderResult<void>> PlainProvider::restart(std::string external_id) {
    co_return answer<void>(Call::restart, external_id, [&] { return run(external_id); });
}

boost::asio::awaitable<ProviderResult<void>> PlainProvider::destroy(std::string external_id) {
    co_return answer<void>(Call::destroy, external_id, [&]() -> ProviderResult<void> {
        if (!resources_.contains(external_id)) return refuse(ProviderErrorClass::gone);
        lose(external_id);
        return {};
    });
}

boost::asio::awaitable<ProviderResult<Endpoint>> PlainProvider::reach(std::string external_id,
                                                                      std::string /*address*/,
                                                                      std::uint16_t port) {
    ProviderResult<Endpoint> plain = refuse(ProviderErrorClass::gone);
    if (const auto found = resources_.find(external_id); found != resources_.end()) {
        const std::string& at = found->second.address;
        plain = Endpoint{fmt::format("{}:{}", at, port), {}, false, at};
    }
    co_return describe(Call::reach, external_id, std::move(plain));
}

boost::asio::awaitable<ProviderResult<Volume>> PlainProvider::create_volume(
    lifecycle::CreateVolume request) {
    const Call call = request.copy_of.empty() ? Call::create_volume : Call::copy_volume;
    co_return answer<Volume>(call, request.name, [&]() -> ProviderResult<Volume> {
        if (request.region == full_region_) return refuse(ProviderErrorClass::capacity_region);
        Volume made;
        made.name = request.name;
        made.region = request.region;
        made.usable = true;
        made.whole = request.copy_of.empty() || !copies_slowly_;
        made.size_gb = request.size_gb;
        return volumes_[add(std::move(made))];
    });
}

boost::asio::awaitable<ProviderResult<Volume>> PlainProvider::get_volume(std::string id) {
    const auto found = volumes_.find(id);
    ProviderResult<Volume> plain = refuse(ProviderErrorClass::gone);
    if (found != volumes_.end()) plain = found->second;
    co_return describe(Call::get_volume, id, std::move(plain));
}

boost::asio::awaitable<ListResult<Volume>> PlainProvider::find_volumes(std::string name) {
    Listing<Volume> all;
    for (const auto& [_, volume] : volumes_) {
        if (name.empty() || volume.name == name) all.found.push_back(volume);
    }
    co_return describe(Call::find_volumes, name, ListResult<Volume>(std::move(all)));
}

boost::asio::awaitable<ProviderResult<void>> PlainProvider::destroy_volume(std::string id) {
    co_return answer<void>(Call::destroy_volume, id, [&]() -> ProviderResult<void> {
        const auto found = volumes_.find(id);
        if (found == volumes_.end()) return refuse(ProviderErrorClass::gone);
        if (!found->second.attached_to.empty()) return refuse(ProviderErrorClass::busy);
        volumes_.erase(found);
        return {};
    });
}

boost::asio::awaitable<ProviderResult<void>> PlainProvider::snapshot_volume(std::string id) {
    co_return answer<void>(Call::snapshot_volume, id, [&]() -> ProviderResult<void> {
        if (!volumes_.contains(id)) return refuse(ProviderErrorClass::gone);
        return {};
    });
}

}  // namespace scenarios
