#include "tests/contract/provider_contract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "system/ports/suspend.hpp"

namespace tests {
namespace {

using lifecycle::CreateResource;
using lifecycle::Duration;
using lifecycle::Labels;
using lifecycle::ProviderErrorClass;
using lifecycle::ProviderResult;
using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Class = ProviderErrorClass;

// The steps, one after the other; what is broken is collected.
class Contract {
  public:
    explicit Contract(Subject subject) : subject_(std::move(subject)) {}

    boost::asio::awaitable<std::vector<std::string>> check() {
        name_ = subject_.prefix + "-1";
        co_await nothing_is_there();
        const std::string id = co_await one_is_made();
        if (id.empty()) co_return std::move(broken_);
        co_await the_name_is_taken(id);
        co_await it_is_found(id);
        co_await it_starts(id);
        co_await it_stops_and_starts_again(id);
        co_await it_is_destroyed(id);
        co_await the_name_is_free();
        co_await all_are_found();
        co_await a_missing_image_is_refused();
        if (subject_.provider.has_volumes()) co_await volumes_hold();
        co_return std::move(broken_);
    }

  private:
    using Void = boost::asio::awaitable<void>;
    template <class T>
    using Act = std::function<boost::asio::awaitable<ProviderResult<T>>()>;

    void expect(bool kept, std::string promise) {
        if (!kept) broken_.push_back(std::move(promise));
    }
    template <class T>
    void expect_class(const ProviderResult<T>& result, Class wanted, const std::string& promise) {
        const std::string got = result ? "success" : describe(result.error());
        expect(!result && result.error().error_class == wanted,
               fmt::format("{} (wanted {}, got {})", promise, to_string(wanted), got));
    }
    template <class T>
    void expect_success(const ProviderResult<T>& result, const std::string& promise) {
        expect(result.has_value(), fmt::format("{} (got {})", promise,
                                               result ? std::string() : describe(result.error())));
    }

    Void sleep(Duration duration) {
        std::move_only_function<void(lifecycle::Resume<bool>)> start =
            [&clock = subject_.clock, duration](lifecycle::Resume<bool> resume) {
                clock.schedule(clock.now() + duration,
                               [wake = std::move(resume)]() mutable { wake(true); });
            };
        const bool woken = co_await lifecycle::suspend<bool>(std::move(start));
        static_cast<void>(woken);
    }

    // Again until it is not busy, for a while.
    template <class T>
    boost::asio::awaitable<ProviderResult<T>> patiently(Act<T> act) {
        ProviderResult<T> result = co_await act();
        for (int tries = 0; tries < 60 && !result &&
                            (result.error().error_class == Class::busy ||
                             result.error().error_class == Class::throttled);
             ++tries) {
            co_await sleep(seconds(1));
            result = co_await act();
        }
        co_return result;
    }

    boost::asio::awaitable<bool> until(std::string id, ResourceState state) {
        for (int tries = 0; tries < 120; ++tries) {
            const auto resource = co_await subject_.provider.get(id);
            if (resource && resource->state == state) co_return true;
            co_await sleep(milliseconds(500));
        }
        co_return false;
    }

    Labels labels() const {
        return {{"vivarium_machine", name_}, {"vivarium_project", "a project & more"}};
    }

    CreateResource request() const {
        CreateResource wanted;
        wanted.name = name_;
        wanted.spec.image = subject_.image;
        wanted.spec.memory_mb = 1024;
        wanted.labels = labels();
        wanted.environment = {{"KEY", "some value"}};
        return wanted;
    }

    Void nothing_is_there() {
        const auto got = co_await subject_.provider.get("0000deadbeef");
        expect_class(got, Class::gone, "what never was is gone");
        const auto destroyed = co_await subject_.provider.destroy("0000deadbeef");
        expect_class(destroyed, Class::gone, "what never was has not to be destroyed");
        const auto found = co_await subject_.provider.find(labels());
        expect(found && found->none(), "labels that nobody has are not found");
    }

    boost::asio::awaitable<std::string> one_is_made() {
        const auto made = co_await subject_.provider.create(request());
        expect_success(made, "a machine is made");
        if (!made) co_return std::string();
        expect(!made->external_id.empty(), "it has an id");
        expect(made->name == name_, "it has the name that was asked for");
        bool seen = false;
        for (int tries = 0; tries < 60 && !seen; ++tries) {
            const auto got = co_await subject_.provider.get(made->external_id);
            seen = got && got->name == name_ && got->labels == labels();
            if (!seen) co_await sleep(milliseconds(500));
        }
        expect(seen, "it can be read by its id, labels and all");
        co_return made->external_id;
    }

    Void the_name_is_taken(std::string id) {
        const auto again = co_await subject_.provider.create(request());
        expect_class(again, Class::conflict, "a second one of the name is a conflict");
        if (again) co_return;
        const auto holder = co_await subject_.provider.get(again.error().conflicting_id);
        expect(holder && holder->external_id == id, "the conflict leads to the one that has it");
    }

    Void it_is_found(std::string id) {
        bool found = false;
        for (int tries = 0; tries < 60 && !found; ++tries) {
            const auto all = co_await subject_.provider.find(labels());
            found = all && all->found.size() == 1 && all->found.front().external_id == id &&
                    all->found.front().name == name_ && all->complete();
            if (!found) co_await sleep(milliseconds(500));
        }
        expect(found, "it is found by its labels, alone");
        Labels others = labels();
        others["vivarium_machine"] = "another";
        const auto none = co_await subject_.provider.find(others);
        expect(none && none->none(), "it is not found by labels that it has only in part");
    }

    // Three more, of which a list may need several pages.
    Void all_are_found() {
        Labels shared = {{"vivarium_project", "of several"}};
        std::vector<std::string> made;
        for (int number = 5; number < 8; ++number) {
            CreateResource wanted = request();
            wanted.name = fmt::format("{}-{}", subject_.prefix, number);
            wanted.labels = shared;
            Act<Resource> to_made = [this, wanted] { return subject_.provider.create(wanted); };
            const auto one = co_await patiently<Resource>(to_made);
            expect_success(one, "several machines are made");
            if (one) made.push_back(one->external_id);
        }
        std::size_t most = 0;
        for (int tries = 0; tries < 60 && most < made.size(); ++tries) {
            const auto all = co_await subject_.provider.find(shared);
            most = std::max(most, all ? all->found.size() : 0);
            if (most < made.size()) co_await sleep(milliseconds(500));
        }
        expect(most == made.size(), "all that have a label are found, however many");
        for (const std::string& id : made) {
            Act<void> to_destroyed = [this, id] { return subject_.provider.destroy(id); };
            const auto destroyed = co_await patiently<void>(to_destroyed);
            expect_success(destroyed, "each of several is destroyed");
        }
    }

    Void it_starts(std::string id) {
        if (!subject_.starts_by_itself) {
            Act<void> to_started = [this, id] { return subject_.provider.start(id); };
            const auto started = co_await patiently<void>(to_started);
            expect_success(started, "it is started");
        }
        const bool running = co_await until(id, ResourceState::started);
        expect(running, "it gets to run");
        const auto again = co_await subject_.provider.start(id);
        expect_success(again, "starting what runs succeeds");
        if (!subject_.has_address) co_return;
        const auto got = co_await subject_.provider.get(id);
        const auto way =
            co_await subject_.provider.reach(id, got ? got->address : std::string(), 8080);
        expect(way && !way->authority.empty(), "its daemon can be reached");
    }

    Void it_stops_and_starts_again(std::string id) {
        Act<void> to_stopped = [this, id] { return subject_.provider.stop(id); };
        const auto stopped = co_await patiently<void>(to_stopped);
        expect_success(stopped, "it is stopped");
        const bool still = co_await until(id, ResourceState::stopped);
        expect(still, "it gets to stop");
        const auto again = co_await subject_.provider.stop(id);
        expect_success(again, "stopping what is stopped succeeds");
        Act<void> to_started = [this, id] { return subject_.provider.start(id); };
        const auto started = co_await patiently<void>(to_started);
        expect_success(started, "it is started again");
        const bool running = co_await until(id, ResourceState::started);
        expect(running, "it gets to run again");
        Act<void> to_restarted = [this, id] { return subject_.provider.restart(id); };
        const auto restarted = co_await patiently<void>(to_restarted);
        expect_success(restarted, "it is restarted");
        // A restart may leave it stopped: whoever asked looks again.
        bool back = false;
        for (int tries = 0; tries < 60 && !back; ++tries) {
            const auto got = co_await subject_.provider.get(id);
            back = got && got->state == ResourceState::started;
            if (got && got->state == ResourceState::stopped) {
                const auto started_again = co_await subject_.provider.start(id);
                static_cast<void>(started_again);
            }
            co_await sleep(seconds(1));
        }
        expect(back, "and runs after that");
    }

    Void it_is_destroyed(std::string id) {
        Act<void> to_destroyed = [this, id] { return subject_.provider.destroy(id); };
        const auto destroyed = co_await patiently<void>(to_destroyed);
        expect_success(destroyed, "it is destroyed while it runs");
        bool gone = false;
        for (int tries = 0; tries < 120 && !gone; ++tries) {
            const auto got = co_await subject_.provider.get(id);
            gone = !got && got.error().error_class == Class::gone;
            if (!gone) co_await sleep(milliseconds(500));
        }
        expect(gone, "it is gone after that");
        const auto again = co_await subject_.provider.destroy(id);
        expect_class(again, Class::gone, "destroying it once more says that it is gone");
        const auto found = co_await subject_.provider.find(labels());
        expect(found && found->none(), "it is not found any more");
    }

    Void the_name_is_free() {
        Act<Resource> to_made = [this] { return subject_.provider.create(request()); };
        const auto made = co_await patiently<Resource>(to_made);
        expect_success(made, "its name can be used again");
        if (!made) co_return;
        Act<void> to_destroyed = [this, id = made->external_id] {
            return subject_.provider.destroy(id);
        };
        const auto destroyed = co_await patiently<void>(to_destroyed);
        expect_success(destroyed, "the second one is destroyed too");
    }

    Void a_missing_image_is_refused() {
        if (subject_.missing_image.empty()) co_return;
        CreateResource wanted = request();
        wanted.name = subject_.prefix + "-2";
        wanted.spec.image = subject_.missing_image;
        const auto made = co_await subject_.provider.create(std::move(wanted));
        expect_class(made, Class::permanent, "an image that is not there is refused for good");
    }

    Void volumes_hold() {
        lifecycle::CreateVolume wanted;
        wanted.name = "v_contract";
        wanted.region = "ams";
        const auto made = co_await subject_.provider.create_volume(wanted);
        expect_success(made, "a volume is made");
        if (!made) co_return;
        const auto found = co_await subject_.provider.find_volumes("v_contract");
        expect(found && found->found.size() == 1 && found->found.front().id == made->id &&
                   made->usable,
               "it is found by its name");
        CreateResource mounting = request();
        mounting.name = subject_.prefix + "-3";
        mounting.spec.region = "ams";
        mounting.volume = made->id;
        const auto machine = co_await subject_.provider.create(mounting);
        expect(machine && machine->volume == made->id, "a machine mounts it, and says so");
        if (!machine) co_return;
        const auto refused = co_await subject_.provider.destroy_volume(made->id);
        expect_class(refused, Class::busy, "a volume that is mounted is not destroyed");
        mounting.name = subject_.prefix + "-4";
        const auto second = co_await subject_.provider.create(mounting);
        expect_class(second, Class::busy, "a volume is mounted by one machine at a time");
        Act<void> to_destroyed = [this, id = machine->external_id] {
            return subject_.provider.destroy(id);
        };
        const auto destroyed = co_await patiently<void>(to_destroyed);
        expect_success(destroyed, "its machine is destroyed");
        Act<void> to_freed = [this, id = made->id] { return subject_.provider.destroy_volume(id); };
        const auto freed = co_await patiently<void>(to_freed);
        expect_success(freed, "then the volume is");
        const auto left = co_await subject_.provider.find_volumes("v_contract");
        expect(left && (left->none() || !left->found.front().usable), "and is not usable any more");
        const auto never = co_await subject_.provider.get_volume("vol_never");
        expect_class(never, Class::gone, "a volume that never was is gone");
    }

    Subject subject_;
    std::string name_;
    std::vector<std::string> broken_;
};

}  // namespace

boost::asio::awaitable<std::vector<std::string>> broken_promises(Subject subject) {
    Contract contract(std::move(subject));
    auto broken = co_await contract.check();
    co_return broken;
}

}  // namespace tests
