#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

namespace scenarios {

// What a call does, or says, that it should not.
struct Twist {
    std::optional<lifecycle::ProviderErrorClass> error;
    bool happens = false;  // what was asked for, whatever the answer says
    lifecycle::Duration retry_after{0};
    // Of what is described, each of it, where that is all that is odd.
    std::function<void(lifecycle::Resource&)> resource = {};
    std::function<void(lifecycle::Volume&)> volume = {};
    std::function<void(lifecycle::Endpoint&)> endpoint = {};
    bool hidden = false;      // nothing is listed
    bool unreadable = false;  // something that is listed cannot be read
};

// A provider as its description has it: whatever it is asked for is done at once, and told as it
// is. It has machines, which do not start by themselves, and volumes. Calls may be twisted.
class PlainProvider final : public lifecycle::Provider {
  public:
    // Either may be missing. Asked before a call is answered, which is about what has that name or
    // id. `there`: something is going to be described.
    using Twisted = std::function<std::optional<Twist>(Call, std::string_view about, bool there)>;
    // Told of a machine, by its name, that has begun to run.
    using Started = std::function<void(const std::string&)>;
    PlainProvider(Twisted twisted, Started started)
        : twisted_(std::move(twisted)), started_(std::move(started)) {}

    // All that is there, by id.
    std::map<std::string, lifecycle::Resource>& resources() { return resources_; }
    std::map<std::string, lifecycle::Volume>& volumes() { return volumes_; }
    // Of all machines and volumes that there were since forget_all(), by id.
    using Names = std::map<std::string, std::string, std::less<>>;
    const Names& names() const { return names_; }
    // The id of the machine, or of the volume, of that name; empty if there is none.
    std::string resource_of(std::string_view name) const;
    std::string volume_of(std::string_view name) const;
    // No machine finds room beside that volume, or in that region, from now on.
    void fill_beside(std::string volume) { full_beside_ = std::move(volume); }
    void fill_region(std::string region) { full_region_ = std::move(region); }
    // The next machine is made twice, the second of them in vain, and nobody hears of it.
    void lose_answer() { loses_answer_ = true; }
    // What is copied from now on is not whole.
    void copy_slowly() { copies_slowly_ = true; }
    // Somebody makes one of these without being asked by us.
    std::string add(lifecycle::Resource resource);
    std::string add(lifecycle::Volume volume);
    void lose(const std::string& id);
    // Nothing is there any more. No id is given twice.
    void forget_all();

    const lifecycle::Availability& availability() const override { return availability_; }
    bool has_volumes() const override { return true; }
    boost::asio::awaitable<lifecycle::ProviderResult<lifecycle::Resource>> create(
        lifecycle::CreateResource request) override;
    boost::asio::awaitable<lifecycle::ProviderResult<lifecycle::Resource>> get(
        std::string external_id) override;
    boost::asio::awaitable<lifecycle::ListResult<lifecycle::Resource>> find(
        lifecycle::Labels labels) override;
    boost::asio::awaitable<lifecycle::ProviderResult<void>> start(std::string external_id) override;
    boost::asio::awaitable<lifecycle::ProviderResult<void>> stop(std::string external_id) override;
    boost::asio::awaitable<lifecycle::ProviderResult<void>> restart(
        std::string external_id) override;
    boost::asio::awaitable<lifecycle::ProviderResult<void>> destroy(
        std::string external_id) override;
    boost::asio::awaitable<lifecycle::ProviderResult<lifecycle::Endpoint>> reach(
        std::string external_id, std::string address, std::uint16_t port) override;
    boost::asio::awaitable<lifecycle::ProviderResult<lifecycle::Volume>> create_volume(
        lifecycle::CreateVolume request) override;
    boost::asio::awaitable<lifecycle::ProviderResult<lifecycle::Volume>> get_volume(
        std::string id) override;
    boost::asio::awaitable<lifecycle::ListResult<lifecycle::Volume>> find_volumes(
        std::string name) override;
    boost::asio::awaitable<lifecycle::ProviderResult<void>> destroy_volume(std::string id) override;
    boost::asio::awaitable<lifecycle::ProviderResult<void>> snapshot_volume(
        std::string id) override;

  private:
    template <class T>
    using Plain = std::function<lifecycle::ProviderResult<T>()>;
    // What the call comes to, unless it is twisted.
    template <class T>
    lifecycle::ProviderResult<T> answer(Call call, std::string_view about, const Plain<T>& plain);
    // The same of one that changes nothing.
    template <class T>
    lifecycle::ProviderResult<T> describe(Call call, std::string_view about,
                                          lifecycle::ProviderResult<T> plain);

    lifecycle::ProviderResult<lifecycle::Resource> make(const lifecycle::CreateResource& request);
    lifecycle::ProviderResult<void> run(const std::string& id);

    Twisted twisted_;
    Started started_;
    lifecycle::Availability availability_;
    std::map<std::string, lifecycle::Resource> resources_;
    std::map<std::string, lifecycle::Volume> volumes_;
    std::string full_beside_;
    std::string full_region_;
    bool loses_answer_ = false;
    bool copies_slowly_ = false;
    Names names_;
    std::int64_t last_ = 0;
};

}  // namespace scenarios
