#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// Daytona's API.
namespace scenarios {
namespace {

using lifecycle::HttpResponse;
using lifecycle::ProviderErrorClass;
using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::seconds;
using enum ProviderErrorClass;

constexpr Saying kSayings[] = {
    {400, "Sandbox is in an errored state", permanent},
    {400, "Sandbox is not in valid state", busy},
    {400, "Sandbox is not in a stoppable state", busy},
    {400, "Sandbox 0f is not in a valid state to be destroyed. State: starting", busy},
    {400, "Sandbox failed to start: Timeout after 30 seconds", ambiguous},
    {400, "Sandbox failed to start: No available runners", ambiguous},
    {400, "Cannot specify Sandbox resources when using a snapshot", permanent},
    {400, "Snapshot a:1 not found. Did you add it through the Daytona Dashboard?", permanent},
    {400, "Snapshot a:1 is not available in region eu", permanent},
    {400, "CPU request 8 exceeds maximum allowed per sandbox (4).", permanent},
    {400, "Total CPU limit exceeded. Maximum allowed: 10.", capacity_region},
    {400, "State change in progress", busy},
    {400, "No available nodes", capacity_region},
    {400, "No available runners", capacity_region},
    {400, "Total CPU quota exceeded (10 > 8).", capacity_region},
    {400, "failed to resolve container IP after 3 attempts", busy},
    {400, "Invalid port", permanent},
    {400, "name must be a string", permanent},
    {401, "Unauthorized", permanent},
    {402, "Payment Required", unknown},
    {403, "Forbidden resource", permanent},
    {403, "Region eu is not available to the organization", permanent},
    {403, "Total memory quota exceeded", capacity_region},
    {404, "Region not found", gone},
    {404, "Sandbox with ID or name alpha-1 not found", gone},
    {405, "Method Not Allowed", unknown},
    {407, "", unknown},
    {408, "Request Timeout", ambiguous},
    {409, "Sandbox with name alpha-1 already exists", conflict},
    {409, "Sandbox state change in progress", busy},
    {409, "Sandbox was modified by another operation", busy},
    {409, "Sandbox recovery has been attempted recently, try again later", busy},
    {409, "something that nobody has seen before", busy},
    {410, "", unknown},
    {418, "I'm a teapot", unknown},
    {421, "", unknown},
    {422, "This sandbox class does not support it", permanent},
    {423, "", unknown},
    {428, "", unknown},
    {429, "Rate limit exceeded", throttled},
    {429, "Sandbox with name alpha-1 already exists", throttled},
    {430, "", unknown},
    {499, "", unknown},
    {500, "Sandbox with name alpha-1 already exists", ambiguous},
    {502, "Bad Gateway", ambiguous},
    {599, "", ambiguous},
    {600, "", unknown},
    {199, "", unknown},
    {300, "", unknown},
    {302, "", unknown},
};

constexpr std::pair<const char*, ResourceState> kStates[] = {
    {"creating", ResourceState::starting},
    {"restoring", ResourceState::starting},
    {"destroying", ResourceState::destroying},
    {"started", ResourceState::started},
    {"stopped", ResourceState::stopped},
    {"starting", ResourceState::starting},
    {"stopping", ResourceState::stopping},
    {"error", ResourceState::failed},
    {"build_failed", ResourceState::failed},
    {"pending_build", ResourceState::starting},
    {"building_snapshot", ResourceState::starting},
    {"unknown", ResourceState::unknown},
    {"pulling_snapshot", ResourceState::starting},
    {"archived", ResourceState::stopped},
    {"archiving", ResourceState::stopping},
    {"resizing", ResourceState::started},
    {"snapshotting", ResourceState::started},
    {"forking", ResourceState::started},
    {"pausing", ResourceState::stopping},
    {"paused", ResourceState::stopped},
    {"resuming", ResourceState::starting},
    {"a word from the future", ResourceState::unknown},
    // A runner that has not seen a new sandbox says so.
    {"destroyed", ResourceState::unknown},
};

std::string complaint(int status, std::string_view message) {
    return fmt::format(R"({{"path":"/api/sandbox","statusCode":{},"error":"x","message":"{}"}})",
                       status, message);
}

HttpResponse says(int status, std::string_view message) {
    return answer(status, complaint(status, message));
}

constexpr const char* kWhole =
    R"({"id":"0f-1","name":"alpha-1","state":"started","desiredState":"started","target":"ams",)"
    R"("labels":{"a b":"c/d","project":"alpha"},"cpu":2,"memory":4,"errorReason":null})";

Resource whole() {
    Resource sandbox;
    sandbox.external_id = "0f-1";
    sandbox.name = "alpha-1";
    sandbox.state = ResourceState::started;
    sandbox.region = "ams";
    sandbox.labels = {{"a b", "c/d"}, {"project", "alpha"}};
    sandbox.cpus = 2;
    sandbox.memory_mb = 4096;
    return sandbox;
}

Resource bare(ResourceState state) {
    Resource sandbox;
    sandbox.external_id = "1";
    sandbox.state = state;
    return sandbox;
}

Phrase in_states(std::string_view state, std::string_view desired, ResourceState means) {
    return described(
        Call::get, fmt::format(R"({{"id":"1","state":"{}","desiredState":"{}"}})", state, desired),
        std::vector{bare(means)});
}

void add_readings(std::vector<Phrase>& all) {
    all.push_back(described(Call::get, kWhole, std::vector{whole()}));
    all.back().asks = {"GET /api/sandbox/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4"};
    all.push_back(described(Call::create, kWhole, std::vector{whole()}));
    all.back().asks = {"POST /api/sandbox"};
    all.back().body =
        R"({"name":"alpha-1","snapshot":"registry.example/box:7","env":{"SECRET":"vvb_1"},)"
        R"("labels":{"project":"alpha"},"target":"ams","autoStopInterval":0,)"
        R"("autoDeleteInterval":-1})";
    for (const auto& [word, state] : kStates) all.push_back(in_states(word, "started", state));
    all.push_back(in_states("destroyed", "destroyed", ResourceState::destroyed));
    all.push_back(in_states("stopping", "destroyed", ResourceState::destroying));
    all.push_back(in_states("started", "destroyed", ResourceState::destroying));
    all.push_back(in_states("unknown", "destroyed", ResourceState::unknown));
    all.push_back(described(
        Call::get,
        R"({"id":"1","name":[],"state":7,"desiredState":null,"target":{},"labels":[],"cpu":"2"})",
        std::vector{bare(ResourceState::unknown)}));
    for (const char* body : {"", "null", "[]", "{}", R"({"id":""})", R"({"id":7})", "<html>"}) {
        all.push_back(unreadable(Call::get, answer(200, body)));
        all.push_back(unreadable(Call::create, answer(200, body)));
    }
}

constexpr const char* kList =
    "GET /api/sandbox?limit=200&sort=createdAt&order=asc&labels="
    "%7B%22a%20b%22%3A%22c%2Fd%22%2C%22project%22%3A%22alpha%22%7D";

std::string page(const std::string& items, const std::string& next) {
    return fmt::format(R"({{"items":[{}],"nextCursor":{}}})", items, next);
}

void add_lists(std::vector<Phrase>& all) {
    const std::string mine = kWhole;
    std::string theirs = mine;
    theirs.replace(theirs.find("c/d"), 3, "e/f");
    std::string nameless = mine;
    nameless.replace(nameless.find(R"("id")"), 4, R"("no")");
    all.push_back(described(Call::find, page(mine + "," + theirs, "null"), std::vector{whole()}));
    all.back().asks = {kList};
    all.push_back(described(Call::find, page(mine, R"("")"), std::vector{whole()}));
    all.push_back(described(Call::find, page("", "null"), std::vector<Resource>{}));
    all.push_back(described(Call::find, "[" + mine + "," + theirs + "]", std::vector{whole()}));
    all.push_back(described(Call::find, page(nameless + ",7", "null"), std::vector<Resource>{}, 2));
    // In pages, each of which says how the next is asked for.
    Phrase pages = described(Call::find, page(mine, R"("a b")"), std::vector{whole(), whole()}, 1);
    pages.answers.push_back(answer(200, page(nameless, R"("2")")));
    pages.answers.push_back(answer(200, page(mine, "null")));
    pages.asks = {kList, std::string(kList) + "&cursor=a%20b", std::string(kList) + "&cursor=2"};
    all.push_back(std::move(pages));
    // One that fails is the whole list's.
    Phrase broken = refused(Call::find, answer(502, "Bad Gateway"), ambiguous);
    broken.answers.insert(broken.answers.begin(), answer(200, page(mine, R"("1")")));
    all.push_back(std::move(broken));
    Phrase odd = unreadable(Call::find, answer(200, R"({"items":{}})"));
    odd.answers.insert(odd.answers.begin(), answer(200, page(mine, R"("1")")));
    all.push_back(std::move(odd));
    // One that says itself again does not end, nor does one of too many pages.
    Phrase endless = described(Call::find, page(mine, R"("1")"), std::vector{whole(), whole()}, 1);
    endless.asks = {kList, std::string(kList) + "&cursor=1"};
    all.push_back(std::move(endless));
    Phrase many = described(Call::find, page("", R"("0")"), std::vector<Resource>{}, 1);
    many.asks = {kList};
    for (int i = 1; i < 500; ++i) {
        many.asks.push_back(fmt::format("{}&cursor={}", kList, i - 1));
        many.answers.push_back(answer(200, page("", fmt::format(R"("{}")", i))));
    }
    all.push_back(std::move(many));
    for (const char* body : {"{}", "null", "", "7", R"({"items":7})"}) {
        all.push_back(unreadable(Call::find, answer(200, body)));
    }
}

// The way to a daemon: an address, and a token that goes with it.
Phrase preview(std::string_view url, std::string authority, bool tls) {
    Phrase phrase =
        done(Call::reach, answer(200, fmt::format(R"({{"url":"{}","token":"t0"}})", url)));
    phrase.expected.endpoint.authority = std::move(authority);
    phrase.expected.endpoint.tls = tls;
    phrase.expected.endpoint.headers["x-daytona-preview-token"] = "t0";
    return phrase;
}

void add_previews(std::vector<Phrase>& all) {
    all.push_back(preview("https://8080-0f.proxy.app", "8080-0f.proxy.app:443", true));
    all.back().asks = {
        "GET /api/sandbox/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/ports/8080/preview-url"};
    all.push_back(preview("http://8080-0f.proxy.app", "8080-0f.proxy.app:80", false));
    all.push_back(preview("http://[fdaa::3]", "[fdaa::3]:80", false));
    all.push_back(preview("http://[fdaa::3]:81/x", "[fdaa::3]:81", false));
    all.push_back(preview("https://a.app:8443/path?q#f", "a.app:8443", true));
    all.push_back(preview("https://a.app?q", "a.app:443", true));
    all.push_back(preview("https://a.app#f", "a.app:443", true));
    Phrase open = preview("https://a.app", "a.app:443", true);
    open.answers.front().body = R"({"url":"https://a.app"})";
    open.expected.endpoint.headers.clear();
    all.push_back(std::move(open));
    for (const char* body :
         {R"({"url":"ftp://a.app","token":"t0"})", R"({"url":"https://","token":"t0"})",
          R"({"url":"https:///x","token":"t0"})", R"({"url":"https://a@b","token":"t0"})",
          R"({"url":"https://a\u0001b","token":"t0"})", R"({"url":"https://a","token":"t\n0"})",
          R"({"url":"https://a\u007fb"})", R"({"token":"t0"})", "[]", "", R"({"url":7})"}) {
        all.push_back(refused(Call::reach, answer(200, body), unknown));
        all.back().expected.detail = "a preview address that is none";  // and no token
    }
}

// How long to stay away, by whichever header says so; the longest counts.
void add_retries(std::vector<Phrase>& all) {
    const auto after = [&all](const char* header, const char* value, int wait) {
        all.push_back(refused(Call::get, answer(429, "", header, value), throttled));
        all.back().expected.retry_after = seconds(wait);
    };
    after("Retry-After", "7", 7);
    after("retry-after", "3600", 3600);
    after("Retry-After", "3601", 3600);
    after("Retry-After-sandbox-create", "3", 3);
    after("Retry-Later", "3", 0);
    after("Retry-Afte", "3", 0);
    after("Retry-After", "-4", 0);
    after("Retry-After", "0", 0);
    after("Retry-After", "7 s", 0);
    after("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", 0);
    after("Retry-After", "", 0);
    all.push_back(refused(Call::get, answer(429, "", "Retry-After", "5"), throttled));
    all.back().answers.back().headers["Retry-After-sandbox-lifecycle"] = "9";
    all.back().answers.back().headers["A-Retry-After"] = "11";
    all.back().expected.retry_after = seconds(9);
}

}  // namespace

std::vector<Phrase> daytona_phrases() {
    std::vector<Phrase> all;
    for (const Saying& saying : kSayings) {
        all.push_back(refused(Call::get, says(saying.status, saying.said), saying.means));
    }
    // The answer does not say who has the name, but names do as ids.
    all.push_back(
        refused(Call::create, says(409, "Sandbox with name alpha-1 already exists"), conflict));
    all.back().expected.conflicting_id = "alpha-1";
    // What is not there is not the sandbox.
    all.push_back(refused(Call::create, says(404, "Region not found"), permanent));
    all.push_back(refused(Call::stop, says(400, "Sandbox is not in valid state"), busy));
    for (const Call call : {Call::stop, Call::restart}) {
        all.push_back(done(call, says(400, "Sandbox is not started")));
        all.push_back(done(call, answer(200, kWhole)));
        all.back().asks = {"POST /api/sandbox/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/stop"};
    }
    all.push_back(done(Call::start, answer(200, kWhole)));
    all.back().asks = {"POST /api/sandbox/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/start"};
    all.push_back(done(Call::destroy, answer(200, kWhole)));
    all.back().asks = {"DELETE /api/sandbox/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4"};
    for (const Call call : {Call::create, Call::find, Call::start, Call::stop, Call::restart,
                            Call::destroy, Call::reach}) {
        all.push_back(refused(call, says(502, "Bad Gateway"), ambiguous));
        all.push_back(refused(call, silence(), ambiguous));
        all.back().expected.detail = "timed out";
        const bool held = call == Call::create || call == Call::start;
        all.back().takes = seconds(held ? 60 : 30);
    }
    for (const Call call : {Call::create_volume, Call::get_volume, Call::find_volumes,
                            Call::destroy_volume, Call::snapshot_volume}) {
        all.push_back(refused(call, answer(200, "{}"), permanent));
        all.back().expected.detail = "this provider has no volumes";
    }
    add_readings(all);
    add_lists(all);
    add_previews(all);
    add_retries(all);
    return all;
}

}  // namespace scenarios
