#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// Fly's Machines API, and what it says of machines.
namespace scenarios {
namespace {

using lifecycle::ProviderErrorClass;
using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::seconds;
using enum ProviderErrorClass;

constexpr Saying kSayings[] = {
    {400, R"({"error":"invalid_argument: config.image is required"})", permanent},
    {401, R"({"error":"unauthorized"})", permanent},
    {402, R"({"error":"payment required"})", unknown},
    {403, R"({"error":"forbidden"})", permanent},
    {403, R"({"error":"your organization is over the allowed quota"})", capacity_region},
    {404, R"({"error":"machine not found"})", gone},
    {404, R"({"error":"not_found: machine not found"})", gone},
    {404, R"({"error":"not_found: app not found"})", gone},
    {404, R"({"error":"not_found: volume not found"})", gone},
    {405, R"({"error":"method not allowed"})", unknown},
    {407, "", unknown},
    {408, R"({"error":"deadline_exceeded"})", ambiguous},
    {408, R"({"error":"deadline_exceeded: machine still starting"})", not_yet},
    {408,
     R"({"error":"deadline_exceeded: machine failed to reach desired state, started, currently created"})",
     not_yet},
    {409, R"({"error":"something that nobody has seen before"})", unknown},
    {409,
     R"({"error":"machine ID 1857 lease currently held by x, expires at 2026-01-01T00:00:00Z"})",
     busy},
    {409, R"({"status":"error","message":"lease currently held by somebody"})", busy},
    {409, R"({"error":"","message":"lease currently held by somebody"})", busy},
    {409, R"({"error":"another thing","message":"lease currently held by somebody"})", unknown},
    {409, R"({"error":"aborted: machine update failed due to concurrent update"})", busy},
    {409, R"({"error":"aborted: version mismatch"})", busy},
    {409, R"({"error":"conflict: machine is already being updated"})", busy},
    {409, R"({"error":"aborted: could not reserve resource for machine"})", capacity_host},
    {409, R"({"error":"aborted: insufficient memory available to fulfill request"})",
     capacity_host},
    {409, R"({"error":"aborted: insufficient CPUs available on the current host"})", capacity_host},
    {409, R"({"error":"aborted: insufficient IPs available to fulfill request"})", capacity_host},
    {409, R"({"error":"aborted: insufficient resources available"})", capacity_host},
    {409, R"({"error":"aborted: no capacity"})", capacity_region},
    {412,
     R"({"error":"insufficient resources to create new machine with existing volume 'vol_x'"})",
     capacity_volume},
    {412, R"({"error":"no room beside volume id 'x'","status":"volume_placement_capacity"})",
     capacity_volume},
    {412,
     R"({"error":"failed_precondition: unable to start machine from current state: 'created'"})",
     busy},
    {412, R"({"error":"failed_precondition: machine still active, refusing to start"})", busy},
    {412, R"({"error":"failed_precondition: unable to destroy machine, not currently stopped"})",
     busy},
    {412, R"({"error":"failed_precondition: volume is currently bound to machine: x"})", busy},
    {412, R"({"error":"volume already claimed by machine 1857156b526dd8"})", busy},
    {412, R"({"error":"failed_precondition: snapshot is already scheduled at 12:00"})", busy},
    {412, R"({"error":"min_secrets_version 4 is not yet available"})", busy},
    {412, "", unknown},
    {418, R"([1,2,3])", unknown},
    {421, "", unknown},
    {422, R"({"error":"could not find a candidate host"})", capacity_region},
    {422, R"({"error":"no such place","status":"insufficient_capacity"})", capacity_region},
    {422, R"({"error":"Validation failed: Name has already been taken","status":"name_taken"})",
     permanent},
    {422, R"({"error":"account machine limit"})", permanent},
    {423, "", unknown},
    {428, "", unknown},
    {429, R"({"error":"rate limit exceeded"})", throttled},
    {430, "", unknown},
    {499, "", unknown},
    {500, R"({"error":"internal"})", ambiguous},
    {500, R"({"error":"aborted: no capacity"})", ambiguous},
    {500, R"({"error":"no such place","status":"insufficient_capacity"})", capacity_region},
    {502, "", ambiguous},
    {503, "<html>not JSON at all</html>", ambiguous},
    {599, "", ambiguous},
    {600, "", unknown},
    {300, "", unknown},
    {301, "", unknown},
    {199, "", unknown},
};

constexpr std::pair<const char*, ResourceState> kStates[] = {
    {"created", ResourceState::preparing},    {"creating", ResourceState::preparing},
    {"starting", ResourceState::starting},    {"started", ResourceState::started},
    {"restarting", ResourceState::starting},  {"updating", ResourceState::starting},
    {"replacing", ResourceState::starting},   {"stopping", ResourceState::stopping},
    {"suspending", ResourceState::stopping},  {"stopped", ResourceState::stopped},
    {"suspended", ResourceState::stopped},    {"failed", ResourceState::failed},
    {"launch_failed", ResourceState::failed}, {"destroying", ResourceState::destroying},
    {"destroyed", ResourceState::destroyed},  {"replaced", ResourceState::destroyed},
    {"migrated", ResourceState::destroyed},   {"a word from the future", ResourceState::unknown},
};

// The name is taken, in these words; by whom, as far as they say it.
Phrase taken(int status, const std::string& text, std::string by) {
    Phrase phrase = refused(
        Call::create, answer(status, R"({"error":"already_exists: )" + text + R"("})"), conflict);
    phrase.expected.conflicting_id = std::move(by);
    return phrase;
}

constexpr const char* kWhole =
    R"({"id":"1857156b526dd8","name":"alpha-1","state":"started","region":"ams",)"
    R"("private_ip":"fdaa::3","host_status":"ok","config":{"image":"i",)"
    R"("metadata":{"a b":"c/d","project":"alpha"},"guest":{"cpus":2,"memory_mb":512},)"
    R"("mounts":[{"volume":"vol_1","path":"/data"}]}})";

Resource whole() {
    Resource machine;
    machine.external_id = "1857156b526dd8";
    machine.name = "alpha-1";
    machine.state = ResourceState::started;
    machine.region = "ams";
    machine.address = "fdaa::3";
    machine.labels = {{"a b", "c/d"}, {"project", "alpha"}};
    machine.volume = "vol_1";
    machine.cpus = 2;
    machine.memory_mb = 512;
    return machine;
}

Resource bare(std::string id, ResourceState state = ResourceState::unknown) {
    Resource machine;
    machine.external_id = std::move(id);
    machine.state = state;
    machine.partial = true;
    return machine;
}

void add_readings(std::vector<Phrase>& all) {
    all.push_back(described(Call::get, kWhole, std::vector{whole()}));
    all.back().asks = {"GET /v1/apps/vivarium/machines/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4"};
    all.push_back(described(Call::create, kWhole, std::vector{whole()}));
    all.back().asks = {"POST /v1/apps/vivarium/machines"};
    all.back().body =
        R"({"name":"alpha-1","region":"ams","skip_launch":true,"config":{)"
        R"("image":"registry.example/box:7","env":{"SECRET":"vvb_1"},)"
        R"("guest":{"cpu_kind":"shared","cpus":2,"memory_mb":512},"metadata":{"project":"alpha"},)"
        R"("mounts":[{"volume":"vol_1","path":"/data"}]}})";
    for (const auto& [word, state] : kStates) {
        std::string body = R"({"id":"1","state":")";
        body.append(word).append(R"("})");
        all.push_back(described(Call::get, std::move(body), std::vector{bare("1", state)}));
    }
    // A host that is out of reach: what is left of the config stands elsewhere.
    Resource out_of_reach = whole();
    out_of_reach.partial = true;
    out_of_reach.cpus = 0;
    out_of_reach.memory_mb = 0;
    out_of_reach.volume = "";
    all.push_back(
        described(Call::get,
                  R"({"id":"1857156b526dd8","name":"alpha-1","state":"started","region":"ams",)"
                  R"("private_ip":"fdaa::3","host_status":"unreachable",)"
                  R"("incomplete_config":{"metadata":{"a b":"c/d","project":"alpha"}}})",
                  std::vector{out_of_reach}));
    Resource doubtful = whole();
    doubtful.partial = true;
    std::string doubted = kWhole;
    doubted.replace(doubted.find(R"("ok")"), 4, R"("unknown")");
    all.push_back(described(Call::get, std::move(doubted), std::vector{doubtful}));
    // What has another type is not there.
    all.push_back(
        described(Call::get,
                  R"({"id":"1","name":7,"state":[],"region":null,"private_ip":{},"config":[],)"
                  R"("incomplete_config":"none"})",
                  std::vector{bare("1")}));
    Resource odd = bare("1");
    odd.partial = false;
    odd.labels = {{"a", "b"}};
    all.push_back(described(
        Call::get,
        R"({"id":"1","config":{"metadata":{"a":"b","c":7},"guest":{"cpus":1.5,"memory_mb":"x"},)"
        R"("mounts":[]}})",
        std::vector{odd}));
    odd.labels = {};
    for (const char* config :
         {R"("guest":7,"mounts":{}})", R"("guest":{"cpus":18446744073709551615},"mounts":7})",
          R"("guest":{"cpus":9007199254740992},"mounts":[7]})",
          R"("guest":{"cpus":-9007199254740992},"mounts":[{}]})"}) {
        std::string body = R"({"id":"1","config":{"metadata":7,)";
        body.append(config).append("}");
        all.push_back(described(Call::get, std::move(body), std::vector{odd}));
    }
    odd.cpus = 9007199254740991;
    odd.memory_mb = -9007199254740991;
    all.push_back(described(
        Call::get,
        R"({"id":"1","config":{"guest":{"cpus":9007199254740991,"memory_mb":-9007199254740991}}})",
        std::vector{odd}));
}

void add_lists(std::vector<Phrase>& all) {
    const std::string mine = kWhole;
    all.push_back(described(Call::find, "[" + mine + "]", std::vector{whole()}));
    all.back().asks = {
        "GET /v1/apps/vivarium/machines?metadata.a%20b=c%2Fd&metadata.project=alpha"};
    all.push_back(described(Call::find, "[]", std::vector<Resource>{}));
    std::string theirs = mine;
    theirs.replace(theirs.find("c/d"), 3, "e/f");
    std::string nobodys = mine;
    nobodys.replace(nobodys.find(R"("metadata")"), 10, R"("other")");
    std::string nameless = mine;
    nameless.replace(nameless.find(R"("id")"), 4, R"("no")");
    std::string nameless_of_theirs = theirs;
    nameless_of_theirs.replace(nameless_of_theirs.find(R"("id")"), 4, R"("no")");
    // The filter of the provider is not relied on; what may be ours, and cannot be read, counts.
    const auto list = [&all](const std::string& elements, std::size_t mine_too,
                             std::size_t unread) {
        all.push_back(described(Call::find, "[" + elements + "]",
                                std::vector<Resource>(mine_too, whole()), unread));
    };
    list(theirs + "," + mine + "," + nobodys, 1, 0);
    list(nameless, 0, 1);
    list(nameless_of_theirs, 0, 0);
    list("7," + mine + ",{}", 1, 2);
    // One that is known only in part may have our labels.
    list(R"({"id":"2","host_status":"unreachable"},)" + mine, 1, 1);
    all.back().expected.unread = "number 1, 2, which is known only in part";
    list(R"({"id":"2","incomplete_config":{"metadata":{"a b":"x"}}})", 0, 0);
    for (const char* body : {"{}", "null", "", "[", "7", R"({"machines":[]})"}) {
        all.push_back(unreadable(Call::find, answer(200, body)));
    }
}

}  // namespace

std::vector<Phrase> fly_phrases() {
    std::vector<Phrase> all;
    for (const Saying& saying : kSayings) {
        all.push_back(refused(Call::get, answer(saying.status, saying.said), saying.means));
    }
    for (const Call call :
         {Call::create, Call::find, Call::start, Call::stop, Call::restart, Call::destroy}) {
        all.push_back(refused(call, answer(503, "unavailable"), ambiguous));
        all.push_back(refused(call, silence(), ambiguous));
        all.back().expected.detail = "timed out";
        all.back().takes = seconds(30);
        all.push_back(refused(call, answer(404, R"({"error":"machine not found"})"), gone));
    }
    all.push_back(
        refused(Call::create, answer(400, R"({"error":"volume not found"})"), volume_gone));
    for (const int status : {409, 422}) {
        all.push_back(taken(status,
                            "unique machine name violation, machine ID 1857156b526dd8 already "
                            R"(exists with name \"alpha-1\")",
                            "1857156b526dd8"));
    }
    all.push_back(taken(409, "unique machine name violation", ""));
    all.push_back(
        taken(409, "unique machine name violation, machine ID  already exists with name x", ""));
    all.push_back(
        taken(409, "unique machine name violation, machine ID a b already exists with name x", ""));
    all.push_back(taken(409, "unique machine name violation, machine ID 1 already exists", ""));
    all.push_back(done(Call::start, answer(200, "{}")));
    all.back().asks = {"POST /v1/apps/vivarium/machines/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/start"};
    all.push_back(done(Call::stop, answer(200, "{}")));
    all.back().asks = {"POST /v1/apps/vivarium/machines/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/stop"};
    all.push_back(done(Call::restart, answer(204)));
    all.back().asks = {
        "POST /v1/apps/vivarium/machines/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/restart"};
    all.push_back(done(Call::destroy, answer(299, "{}")));
    all.back().asks = {
        "DELETE /v1/apps/vivarium/machines/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4?force=true"};
    all.push_back(done(Call::destroy, answer(304)));
    Phrase reached = done(Call::reach, answer(200));
    reached.expected.endpoint.authority = "[fdaa::3]:8080";
    reached.expected.endpoint.address = "fdaa::3";
    all.push_back(std::move(reached));
    for (const char* body : {"", "null", "[]", "{}", R"({"id":""})", R"({"id":7})", "not JSON"}) {
        all.push_back(unreadable(Call::get, answer(200, body)));
        all.push_back(unreadable(Call::create, answer(200, body)));
    }
    add_readings(all);
    add_lists(all);
    return all;
}

}  // namespace scenarios
