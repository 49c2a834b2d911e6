#include "fakes/fly/cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "fakes/fly/dialect.hpp"
#include "fakes/json.hpp"
#include "fakes/mishap.hpp"
#include "sim/world/run_queue.hpp"
#include "sim/world/tape.hpp"
#include "system/ports/clock.hpp"
#include "system/ports/http.hpp"
#include "system/ports/time.hpp"

namespace fakes {
namespace {

using lifecycle::Duration;
using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<Mishap, 6> kMishaps = {{
    {"is well"},
    {"answers 500 and does nothing", 500, "internal: server error"},
    {"answers 503 and does nothing", 503, "unavailable: host unreachable"},
    {"answers 429", 429, "rate limit exceeded"},
    {"does what was asked and answers 500", 500, "internal: server error", true},
    {"does what was asked and answers 408", 408, "deadline_exceeded: machine still starting", true},
}};
std::string capacity_words(std::uint64_t value) {
    constexpr std::array<const char*, 5> kWords = {"has room", "has a host without memory",
                                                   "has no capacity", "finds no host",
                                                   "has no room beside a volume"};
    return kWords[value];
}
constexpr sim::LaneKind kMishap = sim::fault("fly.mishap", 1, 40, mishap_words<kMishaps>);
constexpr sim::LaneKind kCapacity = sim::fault("fly.capacity", 1, 30, capacity_words);
constexpr std::uint64_t kLagWorth[] = {10};
constexpr sim::LaneKind kLag = sim::fault(
    "fly.lag", 1, 4,
    [](std::uint64_t value) {
        return "does not show a new machine for " + std::to_string(value * 500) + " ms";
    },
    kLagWorth);
constexpr sim::LaneKind kEager = sim::fault("fly.eager-launch", 1, 20, [](std::uint64_t) {
    return std::string("launches a machine at once");
});
constexpr sim::LaneKind kLaunchFailure = sim::fault("fly.launch-failure", 1, 60, [](std::uint64_t) {
    return std::string("fails to launch a machine");
});
constexpr sim::LaneKind kOdd = sim::fault("fly.odd-answer", 1, 60, [](std::uint64_t) {
    return std::string("shows a machine without its id");
});
constexpr sim::LaneKind kPrepare = sim::choice("fly.prepare", [](std::uint64_t value) {
    return "prepares a machine for " + std::to_string(value + 1) + " s";
});
constexpr sim::LaneKind kStart = sim::choice("fly.start", [](std::uint64_t value) {
    return "starts a machine in " + std::to_string(300 + 200 * value) + " ms";
});
constexpr sim::LaneKind kStop = sim::choice("fly.stop", [](std::uint64_t value) {
    return "takes " + std::to_string(value) + " half seconds longer to stop";
});
constexpr sim::LaneKind kExit = sim::fault("fly.exit", 1, 40, [](std::uint64_t) {
    return std::string("lets a started machine stop by itself");
});
constexpr sim::LaneKind kLinger = sim::fault("fly.linger", 1, 6, [](std::uint64_t value) {
    return "takes a volume for bound " + std::to_string(value) + " s longer than it is";
});

constexpr sim::LaneKind kLoss = sim::fault("fly.loss", 1, 100, [](std::uint64_t value) {
    return "loses a started machine with its host after " + std::to_string(value) + " min";
});

constexpr sim::LaneKind kHydrate = sim::choice("fly.hydrate", [](std::uint64_t value) {
    return "fills a fork for " + std::to_string(value + 1) + " min";
});

constexpr sim::LaneKind kOrder = sim::choice("fly.order", [](std::uint64_t value) {
    return "begins a list of volumes with number " + std::to_string(value + 1);
});

constexpr std::uint64_t kHostWorth[] = {2, 13};
constexpr sim::LaneKind kHost = sim::fault(
    "fly.host-unreachable", 1, 40,
    [](std::uint64_t value) {
        return fmt::format("does not reach a machine's host for {} min, {}", (value + 1) / 2,
                           value % 2 == 0 ? "as soon as it is made" : "ten minutes later");
    },
    kHostWorth);

// The volume that a configuration mounts; empty: none.
std::string volume_in(const json& config) {
    const auto mounts = config.find("mounts");
    if (mounts == config.end() || !mounts->is_array() || mounts->empty()) return {};
    return mounts->front().value("volume", "");
}

}  // namespace

FlyCloud::FlyCloud(lifecycle::Clock& clock, sim::Tape& tape, BoxHost& host, FlyCloudOptions options)
    : Cloud(clock, tape, host, "fly"),
      options_(std::move(options)),
      mishap_lane_(tape.lane("fly mishap", kMishap)),
      capacity_lane_(tape.lane("fly capacity", kCapacity)),
      lag_lane_(tape.lane("fly lag", kLag)),
      odd_lane_(tape.lane("fly odd answer", kOdd)),
      eager_lane_(tape.lane("fly eager launch", kEager)),
      launch_failure_lane_(tape.lane("fly launch", kLaunchFailure)),
      prepare_lane_(tape.lane("fly prepare", kPrepare)),
      start_lane_(tape.lane("fly start", kStart)),
      stop_lane_(tape.lane("fly stop", kStop)),
      exit_lane_(tape.lane("fly exit", kExit)),
      linger_lane_(tape.lane("fly linger", kLinger)),
      loss_lane_(tape.lane("fly loss", kLoss)),
      hydrate_lane_(tape.lane("fly hydrate", kHydrate)),
      order_lane_(tape.lane("fly order", kOrder)),
      host_lane_(tape.lane("fly host", kHost)) {}

void FlyCloud::handle(const HttpRequest& request, Respond respond) {
    const std::string prefix = fmt::format("/v1/apps/{}/", options_.app);
    if (!shows(options_.token, request)) {
        respond(refuse(401, "unauthorized: invalid token"));
        return;
    }
    if (!request.target.starts_with(prefix)) {
        respond(refuse(404, "not_found: app not found"));
        return;
    }
    const Mishap& mishap = kMishaps[tape_.draw(mishap_lane_, kMishaps.size())];
    if (mishap.prevents(request.method)) {
        respond(refuse(mishap.status, mishap.said));
        return;
    }
    const std::string_view path = std::string_view(request.target).substr(prefix.size());
    const std::string_view bare = path.substr(0, path.find('?'));
    constexpr std::string_view kMachines = "machines/";
    if (request.method == "GET" && bare.starts_with(kMachines) && bare.ends_with("/wait")) {
        const std::string id(bare.substr(kMachines.size(), bare.size() - kMachines.size() - 5));
        if (!limits_.take("GET wait", id, 1, 3, clock_.now())) {
            respond(refuse(429, "rate limit exceeded"));
            return;
        }
        if (auto refused = refuse_for_host(id)) {
            respond(*std::move(refused));
            return;
        }
        wait(id, path.substr(std::min(path.size(), bare.size() + 1)), std::move(respond));
        return;
    }
    HttpResponse response = respond_to(request, path);
    if (request.method == "POST" && bare == "machines" && response.status == 200 &&
        options_.late_creates > 0) {
        --options_.late_creates;
        response = refuse(408,
                          "deadline_exceeded: machine failed to reach desired state, started, "
                          "currently created");
    }
    if (mishap.happens) response = refuse(mishap.status, mishap.said);
    respond(std::move(response));
}

HttpResponse FlyCloud::respond_to(const HttpRequest& request, std::string_view path) {
    const auto mark = path.find('?');
    const std::string_view query =
        mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
    path = path.substr(0, mark);
    const auto slash = path.find('/');
    const std::string_view what = path.substr(0, slash);
    const std::string_view rest =
        slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (what == "machines") return respond_about_machines(request, rest, query);
    if (what == "volumes") return respond_about_volumes(request, rest);
    return refuse(404, "not_found: no such route");
}

HttpResponse FlyCloud::respond_about_machines(const HttpRequest& request, std::string_view path,
                                              std::string_view query) {
    const auto slash = path.find('/');
    const std::string id(path.substr(0, slash));
    const std::string_view verb =
        slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    // One request a second and a burst of three, per action and id; a machine's read gets more.
    const bool read = request.method == "GET";
    const bool one = read && verb.empty() && !id.empty();
    const std::string action = fmt::format("{} {}", request.method, verb);
    if (!limits_.take(action, id.empty() ? options_.app : id, one ? 5 : 1, one ? 10 : 3,
                      clock_.now())) {
        return refuse(429, "rate limit exceeded");
    }
    if (verb == "lease") return lease(request, id);
    if (!read) {
        if (auto refused = refuse_for_host(id)) return *std::move(refused);
        if (auto refused = refuse_for_lease(request, id)) return *std::move(refused);
    }
    if (id.empty()) {
        if (request.method == "POST") return create(request);
        if (read) return list(query);
    } else if (verb.empty()) {
        if (read) return get(id);
        if (request.method == "DELETE") return destroy(id, query);
    } else if (request.method == "POST") {
        if (verb == "start") return start(id);
        if (verb == "stop") return stop(id);
        if (verb == "restart") return restart(id);
        if (verb.starts_with("metadata/")) return annotate(id, verb.substr(9), request);
    }
    return refuse(404, "not_found: no such route");
}

HttpResponse FlyCloud::create(const HttpRequest& request) {
    const json body = json_or_null(request.body);
    const json config = body.is_object() ? body.value("config", json()) : json();
    if (!config.is_object() || !config.contains("image")) {
        constexpr std::string_view kSaid = "invalid_argument: config.image is required";
        return malformed(kSaid, refuse(400, kSaid));
    }
    if (config.value("guest", json::object()).value("memory_mb", 256) % 256 != 0) {
        constexpr std::string_view kSaid =
            "invalid_argument: config.guest.memory_mb has to be a multiple of 256";
        return malformed(kSaid, refuse(400, kSaid));
    }
    if (!options_.refuse_create.empty()) return refuse(400, options_.refuse_create);
    std::string name = body.value("name", "");
    if (const FlyMachine* taken = find_by_name(name); taken != nullptr && !name.empty()) {
        if (options_.garble_conflicts) {
            return refuse(409, "already_exists: unique machine name violation");
        }
        return refuse(409, fmt::format("already_exists: unique machine name violation, machine ID "
                                       "{} already exists with name \"{}\"",
                                       taken->id, name));
    }
    if (const auto ghost = options_.ghosts.find(name); ghost != options_.ghosts.end()) {
        return refuse(409, fmt::format("already_exists: unique machine name violation, machine ID "
                                       "{} already exists with name \"{}\"",
                                       ghost->second, name));
    }
    const std::string region = body.value("region", options_.region);
    const std::string volume = volume_in(config);
    if (auto refused = refuse_for_room(region, volume)) return *std::move(refused);
    ++created_;
    FlyMachine machine;
    machine.id = fmt::format("{:014x}", 0x18571500000000ULL + created_ * 0x9e3779b1ULL);
    machine.name = name.empty() ? fmt::format("nameless-{}", created_) : std::move(name);
    machine.region = region;
    machine.volume = volume;
    machine.instance_id = fmt::format("01HEPA{:020X}", created_);
    machine.private_ip = options_.address(created_);
    machine.config = config;
    machine.created_at = clock_.now();
    machine.visible_at =
        clock_.now() + options_.lag + drawn(lag_lane_, Duration(0), milliseconds(500), 11);
    machine.launch_when_prepared =
        !body.value("skip_launch", false) || options_.launch_eagerly || tape_.chance(eager_lane_);
    FlyMachine& kept = machines_.emplace(machine.id, machine).first->second;
    enter(kept, "created");
    if (!volume.empty()) volumes_.at(volume).attached_machine = kept.id;
    if (observer_ != nullptr) observer_->on_created(described(kept));
    prepare(kept);
    HttpResponse made = reply(200, shown(kept, tape_.chance(odd_lane_)));
    if (const std::uint64_t away = tape_.draw(host_lane_, 21); away > 0) {
        const Duration wait = std::chrono::minutes(away % 2 == 0 ? 0 : 10);
        const Duration duration = std::chrono::minutes(1) * static_cast<std::int64_t>(away + 1) / 2;
        clock_.schedule(clock_.now() + wait, [this, id = kept.id, duration] {
            const auto found = machines_.find(id);
            if (found != machines_.end()) lose_sight(found->second, duration);
        });
    }
    return made;
}

HttpResponse FlyCloud::list(std::string_view query) {
    const bool odd = tape_.chance(odd_lane_);
    json found = json::array();
    for (const auto& [id, machine] : machines_) {
        // Lists are behind reads of one machine, by as much as those are behind the truth.
        const bool listed =
            visible(id) != nullptr && clock_.now() >= machine.visible_at + options_.lag;
        if (listed && machine.state != "destroyed" && has_metadata(machine, query)) {
            found.push_back(shown(machine, odd && found.empty()));
        }
    }
    return reply(200, found);
}

HttpResponse FlyCloud::get(const std::string& id) {
    const FlyMachine* machine = visible(id);
    if (machine == nullptr) return machine_not_found();
    return reply(200, shown(*machine, tape_.chance(odd_lane_)));
}

HttpResponse FlyCloud::start(const std::string& id) {
    const auto found = machines_.find(id);
    if (found == machines_.end() || found->second.state == "destroyed") return machine_not_found();
    FlyMachine& machine = found->second;
    if (machine.state == "started" || machine.state == "starting") {
        return reply(200, json{{"previous_state", machine.state}, {"migrated", false}});
    }
    if (machine.state != "stopped") {
        return refuse(412, fmt::format("failed_precondition: unable to start machine from current "
                                       "state: '{}'",
                                       machine.state));
    }
    if (machine.host_down) return refuse(503, "unavailable: host unreachable");
    if (observer_ != nullptr) observer_->on_start_asked(described(machine));
    if (options_.failed_starts > 0) {
        --options_.failed_starts;
        return refuse(500, "internal: server error");
    }
    launch(machine);
    return reply(200, json{{"previous_state", "stopped"}, {"migrated", false}, {"new_host", ""}});
}

HttpResponse FlyCloud::stop(const std::string& id) {
    const auto found = machines_.find(id);
    if (found == machines_.end() || found->second.state == "destroyed") return machine_not_found();
    if (found->second.host_down) return refuse(503, "unavailable: host unreachable");
    if (found->second.state == "started") halt(found->second);
    return reply(200, json{{"ok", true}});
}

HttpResponse FlyCloud::restart(const std::string& id) {
    const auto found = machines_.find(id);
    if (found == machines_.end() || found->second.state == "destroyed") return machine_not_found();
    FlyMachine& machine = found->second;
    if (machine.state != "started" && machine.state != "stopped") {
        return refuse(412, fmt::format("failed_precondition: unable to start machine from current "
                                       "state: '{}'",
                                       machine.state));
    }
    if (machine.host_down) return refuse(503, "unavailable: host unreachable");
    host_.power_off(machine.id);
    launch(machine);
    return reply(200, json{{"ok", true}});
}

void FlyCloud::halt(FlyMachine& machine) {
    host_.power_off(machine.id);
    enter(machine, "stopping");
    later(machines_, machine, drawn(stop_lane_, milliseconds(500), milliseconds(500), 10),
          [this](FlyMachine& stopping) { enter(stopping, "stopped"); });
}

HttpResponse FlyCloud::destroy(const std::string& id, std::string_view query) {
    const auto found = machines_.find(id);
    if (found == machines_.end() || found->second.state == "destroyed") return machine_not_found();
    FlyMachine& machine = found->second;
    if (options_.refuse_destroys) return refuse(503, "unavailable: host unreachable");
    const bool running = machine.state == "started" || machine.state == "starting";
    if (running && parameter(query, "force") != "true") {
        return refuse(412, "failed_precondition: unable to destroy machine, not currently stopped");
    }
    if (machine.host_down) {
        // It is done as soon as the host is back, if it ever is.
        enter(machine, "destroying");
    } else if (machine.state != "destroying") {
        finish_destroying(machine);
    }
    return reply(200, json{{"ok", true}});
}

void FlyCloud::wait(const std::string& id, std::string_view query, Respond respond) {
    const FlyMachine* machine = visible(id);
    if (machine == nullptr) {
        respond(machine_not_found());
        return;
    }
    std::string wanted = parameter(query, "state");
    if (wanted.empty()) wanted = "started";
    if (machine->state == wanted) {
        respond(reply(200, json{{"ok", true}}));
        return;
    }
    const std::string text = parameter(query, "timeout");
    int timeout = 60;
    std::from_chars(text.data(), text.data() + text.size(), timeout);
    const std::uint64_t number = ++waits_;
    waiters_.push_back({number, id, wanted, std::move(respond)});
    clock_.schedule(clock_.now() + seconds(std::clamp(timeout, 1, 60)),
                    [this, number] { give_up_waiting(number); });
}

void FlyCloud::give_up_waiting(std::uint64_t number) {
    const auto waiter = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter& waiting) {
        return waiting.number == number;
    });
    if (waiter == waiters_.end()) return;
    Waiter done = std::move(*waiter);
    waiters_.erase(waiter);
    const auto machine = machines_.find(done.id);
    done.respond(machine == machines_.end()
                     ? machine_not_found()
                     : refuse(408, fmt::format("deadline_exceeded: machine failed to reach desired "
                                               "state, {}, currently {}",
                                               done.wanted, machine->second.state)));
}

const FlyMachine* FlyCloud::find_by_name(std::string_view name) const {
    for (const auto& [id, machine] : machines_) {
        if (machine.name == name && machine.state != "destroyed") return &machine;
    }
    return nullptr;
}

FlyMachine* FlyCloud::visible(const std::string& id) {
    const auto found = machines_.find(id);
    if (found == machines_.end() || clock_.now() < found->second.visible_at) return nullptr;
    return &found->second;
}

CloudMachine FlyCloud::described(const FlyMachine& machine) const {
    CloudMachine described;
    described.provider = provider();
    described.id = machine.id;
    described.name = machine.name;
    described.labels = machine.config.value("metadata", std::map<std::string, std::string>());
    described.volume = machine.volume;
    described.leaving = machine.state == "destroying" || machine.state == "destroyed";
    described.running = machine.state == "started" && !machine.host_down;
    described.out_of_sight = machine.host_down || !machine.known_state.empty();
    if (described.running) {
        described.authority = fmt::format("[{}]:{}", machine.private_ip, options_.daemon_port);
    }
    const auto volume = volumes_.find(machine.volume);
    described.empty_volume =
        volume != volumes_.end() && volume->second.holds.empty() && volume->second.awaited.empty();
    return described;
}

std::vector<CloudMachine> FlyCloud::inventory() const {
    std::vector<CloudMachine> all;
    for (const auto& [id, machine] : machines_) all.push_back(described(machine));
    return all;
}

void FlyCloud::stop_by_itself(const std::string& name) {
    for (auto& [id, machine] : machines_) {
        if (machine.name == name && machine.state == "started" && !machine.host_down) {
            halt(machine);
        }
    }
}

}  // namespace fakes
