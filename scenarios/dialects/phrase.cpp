#include "scenarios/dialects/phrase.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "system/providers/docker.hpp"
#include "system/providers/docker_network.hpp"

namespace scenarios {
namespace {

using lifecycle::Endpoint;
using lifecycle::Provider;
using lifecycle::ProviderError;
using lifecycle::ProviderErrorClass;
using lifecycle::Resource;
using lifecycle::Volume;

Outcome refusal(const ProviderError& error) {
    Outcome outcome;
    outcome.refused = error.error_class;
    outcome.detail = error.detail;
    outcome.conflicting_id = error.conflicting_id;
    outcome.retry_after = error.retry_after;
    return outcome;
}

void keep(Outcome& outcome, Resource resource) {
    outcome.resources.push_back(std::move(resource));
}

void keep(Outcome& outcome, Volume volume) {
    outcome.volumes.push_back(std::move(volume));
}

void keep(Outcome& outcome, Endpoint endpoint) {
    outcome.endpoint = std::move(endpoint);
}

template <class T>
void keep(Outcome& outcome, lifecycle::Listing<T> listed) {
    for (T& one : listed.found) keep(outcome, std::move(one));
    outcome.unreadable = listed.unreadable.size();
    outcome.unread = fmt::format("{}", fmt::join(listed.unreadable, "; "));
}

void keep(Outcome& outcome, const lifecycle::DockerNetwork& network) {
    outcome.said = network.driver;
    for (const lifecycle::DockerNetwork::Pool& pool : network.pools) {
        outcome.said += fmt::format(", {} by {}", pool.subnet, pool.gateway);
    }
}

void keep(Outcome& outcome, const lifecycle::ExecResult& ended) {
    outcome.said = fmt::format("{}: {}", ended.exit_code, ended.output);
}

template <class T>
Outcome outcome_of(lifecycle::ProviderResult<T> result) {
    if (!result) return refusal(result.error());
    Outcome outcome;
    if constexpr (!std::is_void_v<T>) keep(outcome, *std::move(result));
    return outcome;
}

lifecycle::DockerProvider& docker(Provider* provider) {
    return dynamic_cast<lifecycle::DockerProvider&>(*provider);
}

lifecycle::CreateResource machine(std::string image) {
    lifecycle::CreateResource wanted;
    wanted.name = "alpha-1";
    wanted.spec.image = std::move(image);
    wanted.spec.region = "ams";
    wanted.spec.cpus = 2;
    wanted.spec.memory_mb = 500;
    wanted.labels = {{"project", "alpha"}};
    wanted.environment = {{"SECRET", "vvb_1"}};
    wanted.volume = "vol_1";
    return wanted;
}

lifecycle::CreateVolume volume(std::string copy_of) {
    lifecycle::CreateVolume wanted;
    wanted.name = "alpha_data";
    wanted.region = "ams";
    wanted.size_gb = 3;
    wanted.copy_of = std::move(copy_of);
    wanted.beside.cpus = 1;
    wanted.beside.memory_mb = 512;
    return wanted;
}

// Collects what differs.
class Differences {
  public:
    template <class T>
    void compare(std::string_view what, const T& expected, const T& seen) {
        if (expected == seen) return;
        text_ += fmt::format("{}{} is \"{}\" and not \"{}\"", text_.empty() ? "" : "; ", what, seen,
                             expected);
    }
    void resource(const Resource& expected, const Resource& seen) {
        compare("the id", expected.external_id, seen.external_id);
        compare("the name", expected.name, seen.name);
        compare("the state", to_string(expected.state), to_string(seen.state));
        compare("partial", expected.partial, seen.partial);
        compare("the region", expected.region, seen.region);
        compare("the address", expected.address, seen.address);
        compare("the volume", expected.volume, seen.volume);
        compare("cpus", expected.cpus, seen.cpus);
        compare("memory", expected.memory_mb, seen.memory_mb);
        compare("how many labels", expected.labels.size(), seen.labels.size());
        if (expected.labels != seen.labels) text_ += "; the labels are others";
    }
    void volume(const Volume& expected, const Volume& seen) {
        compare("the id", expected.id, seen.id);
        compare("the name", expected.name, seen.name);
        compare("the region", expected.region, seen.region);
        compare("usable", expected.usable, seen.usable);
        compare("whole", expected.whole, seen.whole);
        compare("in reach", expected.in_reach, seen.in_reach);
        compare("attached to", expected.attached_to, seen.attached_to);
        compare("created at", expected.created_at, seen.created_at);
        compare("gigabytes", expected.size_gb, seen.size_gb);
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

std::string_view class_of(const Outcome& outcome) {
    return outcome.refused ? lifecycle::to_string(*outcome.refused) : "done";
}

}  // namespace

std::string_view to_string(Call call) {
    switch (call) {
        case Call::create: return "create";
        case Call::get: return "get";
        case Call::find: return "find";
        case Call::start: return "start";
        case Call::stop: return "stop";
        case Call::restart: return "restart";
        case Call::destroy: return "destroy";
        case Call::reach: return "reach";
        case Call::create_volume: return "create_volume";
        case Call::copy_volume: return "copy_volume";
        case Call::get_volume: return "get_volume";
        case Call::find_volumes: return "find_volumes";
        case Call::destroy_volume: return "destroy_volume";
        case Call::snapshot_volume: return "snapshot_volume";
        case Call::network: return "network";
        case Call::exec: return "exec";
    }
    throw std::logic_error("there is no such call");
}

std::string difference(const Outcome& expected, const Outcome& seen) {
    Differences all;
    all.compare("it", class_of(expected), class_of(seen));
    all.compare("the detail", expected.detail, seen.detail);
    all.compare("the conflicting id", expected.conflicting_id, seen.conflicting_id);
    all.compare("microseconds to stay away", expected.retry_after.count(),
                seen.retry_after.count());
    all.compare("how many cannot be read", expected.unreadable, seen.unreadable);
    all.compare("what is said", expected.said, seen.said);
    if (!expected.unread.empty()) all.compare("what is unread", expected.unread, seen.unread);
    all.compare("how many machines", expected.resources.size(), seen.resources.size());
    all.compare("how many volumes", expected.volumes.size(), seen.volumes.size());
    for (std::size_t i = 0; i < std::min(expected.resources.size(), seen.resources.size()); ++i) {
        all.resource(expected.resources[i], seen.resources[i]);
    }
    for (std::size_t i = 0; i < std::min(expected.volumes.size(), seen.volumes.size()); ++i) {
        all.volume(expected.volumes[i], seen.volumes[i]);
    }
    all.compare("where it is reached", expected.endpoint.authority, seen.endpoint.authority);
    all.compare("at which address", expected.endpoint.address, seen.endpoint.address);
    all.compare("by TLS", expected.endpoint.tls, seen.endpoint.tls);
    all.compare("how many headers", expected.endpoint.headers.size(), seen.endpoint.headers.size());
    for (const auto& [name, value] : expected.endpoint.headers) {
        const auto found = seen.endpoint.headers.find(name);
        all.compare(name, value, found == seen.endpoint.headers.end() ? "" : found->second);
    }
    return all.take();
}

boost::asio::awaitable<Outcome> perform(Provider* provider, Call call, std::string image) {
    const std::string asked = kAsked;
    switch (call) {
        case Call::create: {
            lifecycle::CreateResource wanted = machine(std::move(image));
            auto made = co_await provider->create(std::move(wanted));
            co_return outcome_of(std::move(made));
        }
        case Call::get: {
            auto got = co_await provider->get(asked);
            co_return outcome_of(std::move(got));
        }
        case Call::find: {
            lifecycle::Labels labels = {{"a b", "c/d"}, {"project", "alpha"}};
            auto found = co_await provider->find(std::move(labels));
            co_return outcome_of(std::move(found));
        }
        case Call::start: {
            auto started = co_await provider->start(asked);
            co_return outcome_of(std::move(started));
        }
        case Call::stop: {
            auto stopped = co_await provider->stop(asked);
            co_return outcome_of(std::move(stopped));
        }
        case Call::restart: {
            auto restarted = co_await provider->restart(asked);
            co_return outcome_of(std::move(restarted));
        }
        case Call::destroy: {
            auto destroyed = co_await provider->destroy(asked);
            co_return outcome_of(std::move(destroyed));
        }
        case Call::reach: {
            auto way = co_await provider->reach(asked, "fdaa::3", 8080);
            co_return outcome_of(std::move(way));
        }
        case Call::create_volume:
        case Call::copy_volume: {
            lifecycle::CreateVolume wanted = volume(call == Call::copy_volume ? "vol_0" : "");
            auto made = co_await provider->create_volume(std::move(wanted));
            co_return outcome_of(std::move(made));
        }
        case Call::get_volume: {
            auto got = co_await provider->get_volume(asked);
            co_return outcome_of(std::move(got));
        }
        case Call::find_volumes: {
            auto found = co_await provider->find_volumes("alpha_data");
            co_return outcome_of(std::move(found));
        }
        case Call::destroy_volume: {
            auto destroyed = co_await provider->destroy_volume(asked);
            co_return outcome_of(std::move(destroyed));
        }
        case Call::snapshot_volume: {
            auto taken = co_await provider->snapshot_volume(asked);
            co_return outcome_of(std::move(taken));
        }
        case Call::network: {
            auto found = co_await docker(provider).network(asked);
            co_return outcome_of(std::move(found));
        }
        case Call::exec: {
            std::vector<std::string> command = {"echo", "a b"};
            auto ended = co_await docker(provider).exec(asked, std::move(command));
            co_return outcome_of(std::move(ended));
        }
    }
    throw std::logic_error("there is no such call");
}

lifecycle::HttpResponse silence() {
    return answer(0);
}

lifecycle::HttpResponse answer(int status, std::string body) {
    lifecycle::HttpResponse said;
    said.status = status;
    said.body = std::move(body);
    return said;
}

lifecycle::HttpResponse answer(int status, std::string body, std::string header,
                               std::string value) {
    lifecycle::HttpResponse said = answer(status, std::move(body));
    said.headers[std::move(header)] = std::move(value);
    return said;
}

Phrase refused(Call call, lifecycle::HttpResponse said, ProviderErrorClass means) {
    Phrase phrase;
    phrase.call = call;
    phrase.expected.refused = means;
    phrase.expected.detail = said.body;
    phrase.answers.push_back(std::move(said));
    return phrase;
}

Phrase unreadable(Call call, lifecycle::HttpResponse said) {
    std::string told = fmt::format("unreadable answer {}: {}", said.status, said.body);
    Phrase phrase = refused(call, std::move(said), ProviderErrorClass::unknown);
    phrase.expected.detail = std::move(told);
    return phrase;
}

Phrase done(Call call, lifecycle::HttpResponse said) {
    Phrase phrase;
    phrase.call = call;
    phrase.answers.push_back(std::move(said));
    return phrase;
}

Phrase described(Call call, std::string body, std::vector<Resource> resources,
                 std::size_t unreadable) {
    Phrase phrase = done(call, answer(200, std::move(body)));
    phrase.expected.resources = std::move(resources);
    phrase.expected.unreadable = unreadable;
    return phrase;
}

Phrase described(Call call, std::string body, std::vector<Volume> volumes, std::size_t unreadable) {
    Phrase phrase = done(call, answer(200, std::move(body)));
    phrase.expected.volumes = std::move(volumes);
    phrase.expected.unreadable = unreadable;
    return phrase;
}

}  // namespace scenarios
