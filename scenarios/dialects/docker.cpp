#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// The Docker Engine.
namespace scenarios {
namespace {

using lifecycle::HttpResponse;
using lifecycle::ProviderErrorClass;
using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::minutes;
using std::chrono::seconds;
using enum ProviderErrorClass;

constexpr Saying kSayings[] = {
    {400, R"({"message":"invalid reference format"})", permanent},
    {401, R"({"message":"authentication required"})", permanent},
    {402, "", unknown},
    {403, R"({"message":"forbidden"})", permanent},
    {404, R"({"message":"No such container: alpha-1"})", gone},
    {404, R"({"message":"No such exec instance: 12ab"})", gone},
    {404, R"({"message":"No such image: busybox:latest"})", permanent},
    {404, R"({"message":"page not found"})", permanent},
    {404, "", unknown},
    {405, "", unknown},
    {406, "", permanent},
    {407, "", unknown},
    {408, "", unknown},
    {409, R"({"message":"removal of container 00ff is already in progress"})", busy},
    {409, R"({"message":"container is marked for removal and cannot be started"})", busy},
    {409, R"({"message":"cannot start a paused container, try unpause instead"})", busy},
    {409, R"({"message":"Container 00ff is paused, unpause the container before exec"})", busy},
    {409, R"({"message":"Container 00ff is restarting, wait until the container is running"})",
     busy},
    {409, R"({"message":"container 00ff is not running"})", busy},
    {409, R"({"message":"cannot remove container: stop the container before removing"})", busy},
    {409, R"({"message":"something that nobody has seen before"})", busy},
    {410, "", unknown},
    {418, "[]", unknown},
    {421, "", unknown},
    {422, "", permanent},
    {423, "", unknown},
    {428, "", unknown},
    {429, "", throttled},
    {430, "", unknown},
    {499, "", unknown},
    {500, R"({"message":"failed to create shim task: no space left on device: unknown"})",
     capacity_host},
    {500, R"({"message":"OCI runtime: not enough memory"})", capacity_host},
    {500, R"({"message":"Container 00ff is restarting"})", busy},
    {500, R"({"message":"cannot start a paused container"})", busy},
    {500, R"({"message":"container is marked for removal"})", busy},
    {500, R"({"message":"the container is not running"})", busy},
    {500, R"({"message":"the container is paused"})", busy},
    {500, R"({"message":"stop the container before removing"})", busy},
    {500, R"({"message":"it is already in progress"})", busy},
    {500, R"({"message":"Internal Server Error"})", ambiguous},
    {503, "<html></html>", ambiguous},
    {599, "", ambiguous},
    {600, "", unknown},
    {300, "", unknown},
    {301, "", unknown},
    {199, "", unknown},
};

constexpr std::pair<const char*, ResourceState> kStates[] = {
    {"created", ResourceState::stopped},     {"running", ResourceState::started},
    {"restarting", ResourceState::starting}, {"removing", ResourceState::destroying},
    {"exited", ResourceState::stopped},      {"dead", ResourceState::failed},
    {"paused", ResourceState::unknown},      {"a word from the future", ResourceState::unknown},
};

HttpResponse version(const std::string& newest, const std::string& oldest) {
    return answer(200,
                  fmt::format(R"({{"ApiVersion":"{}","MinAPIVersion":"{}"}})", newest, oldest));
}

Phrase at_version(Phrase phrase, HttpResponse said) {
    phrase.besides["/version"] = std::move(said);
    return phrase;
}

// Whatever the engine speaks, it is asked in the newest version that both know.
void add_versions(std::vector<Phrase>& all) {
    const auto spoken = [&all](const char* newest, const char* oldest, const char* in) {
        Phrase phrase = done(Call::start, answer(204));
        phrase.asks = {
            "GET /version",
            fmt::format("POST /v{}/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/start", in)};
        all.push_back(at_version(std::move(phrase), version(newest, oldest)));
    };
    spoken("1.45", "1.24", "1.45");
    spoken("1.41", "1.12", "1.41");
    spoken("1.56", "1.56", "1.56");
    spoken("1.99", "1.44", "1.56");
    spoken("1.42", "no number", "1.42");
    spoken("1.42", "", "1.42");
    const auto refuses = [&all](const char* newest, const char* oldest) {
        Phrase phrase = refused(Call::start, answer(204), permanent);
        phrase.asks = {"GET /version"};
        phrase.expected.detail = fmt::format(
            "the engine speaks versions {} to {} of its API, none of which is known here: use "
            "another engine, or another version of this program",
            oldest, newest);
        all.push_back(at_version(std::move(phrase), version(newest, oldest)));
    };
    refuses("1.40", "1.12");
    refuses("1.99", "1.57");
    refuses("2.1", "1.57");
    for (const char* body :
         {"", "[]", R"({"ApiVersion":7})", R"({"ApiVersion":"1"})", R"({"ApiVersion":"1."})",
          R"({"ApiVersion":".4"})", R"({"ApiVersion":"1.4x"})", R"({"ApiVersion":"v1.41"})",
          R"({"ApiVersion":"0.9"})", R"({"ApiVersion":"1.-2"})", R"({"ApiVersion":""})",
          R"({"ApiVersion":"1:4"})"}) {
        Phrase phrase = unreadable(Call::start, answer(200, body));
        all.push_back(at_version(std::move(phrase), answer(200, body)));
    }
    all.push_back(
        at_version(refused(Call::start, answer(500, "no"), ambiguous), answer(500, "no")));
    // It is asked once, and again when the engine says that it is another.
    Phrase other = refused(
        Call::start,
        answer(400, R"({"message":"client version 1.45 is too new. Maximum supported: 1.41"})"),
        busy);
    other.asks = {"GET /version",
                  "POST /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/start"};
    all.push_back(std::move(other));
    Phrase again = done(Call::start, answer(204));
    again.asks = {"GET /version",
                  "POST /v1.41/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/start"};
    again.later = seconds(1);
    all.push_back(at_version(std::move(again), version("1.41", "1.12")));
    Phrase still = done(Call::stop, answer(204));
    still.asks = {"POST /v1.41/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/stop?t=5"};
    still.later = seconds(1);
    all.push_back(std::move(still));
}

constexpr const char* kInspected =
    R"({"Id":"00ff","Name":"/alpha-1","State":{"Status":"running"},)"
    R"("Config":{"Labels":{"a b":"c/d","project":"alpha"}},)"
    R"("HostConfig":{"Memory":524288000,"NanoCpus":2000000000,"NetworkMode":"bridge"},)"
    R"("NetworkSettings":{"Networks":{"a":{"IPAddress":""},"b":{"IPAddress":"172.17.0.2"},)"
    R"("c":{"IPAddress":"172.18.0.2"}}}})";

Resource inspected() {
    Resource container;
    container.external_id = "00ff";
    container.name = "alpha-1";
    container.state = ResourceState::started;
    container.labels = {{"a b", "c/d"}, {"project", "alpha"}};
    container.address = "172.17.0.2";
    container.cpus = 2;
    container.memory_mb = 500;
    return container;
}

Resource bare(std::string name = {}, std::string address = {}) {
    Resource container;
    container.external_id = "00ff";
    container.name = std::move(name);
    container.address = std::move(address);
    return container;
}

void add_readings(std::vector<Phrase>& all) {
    const auto read = [&all](const char* body, Resource expected) {
        all.push_back(described(Call::get, body, std::vector{std::move(expected)}));
    };
    read(kInspected, inspected());
    all.back().asks = {"GET /version",
                       "GET /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/json"};
    for (const auto& [word, state] : kStates) {
        Resource expected = bare();
        expected.state = state;
        read(fmt::format(R"({{"Id":"00ff","State":{{"Status":"{}"}}}})", word).c_str(), expected);
    }
    read(R"({"Id":"00ff","Name":"alpha-1"})", bare("alpha-1"));
    read(R"({"Id":"00ff","Name":7,"State":[],"Config":{"Labels":7},"HostConfig":"x"})", bare());
    // Engines of before 2017 say the address there.
    read(R"({"Id":"00ff","NetworkSettings":{"IPAddress":"10.0.0.1",)"
         R"("Networks":{"a":{"IPAddress":"10.0.0.2"}}}})",
         bare("", "10.0.0.1"));
    read(R"({"Id":"00ff","HostConfig":{"NetworkMode":"host"},)"
         R"("NetworkSettings":{"Networks":{"host":{"IPAddress":""}}}})",
         bare("", "127.0.0.1"));
    read(R"({"Id":"00ff","NetworkSettings":{"Networks":{"a":7}}})", bare());
    for (const char* body : {"", "null", "[]", "{}", R"({"Id":""})", R"({"Id":7})"}) {
        all.push_back(unreadable(Call::get, answer(200, body)));
        all.push_back(unreadable(Call::create, answer(201, body)));
    }
}

constexpr const char* kListed =
    R"({"Id":"00ff","Names":["/alpha-1"],"State":"running",)"
    R"("Labels":{"a b":"c/d","project":"alpha"},)"
    R"("NetworkSettings":{"Networks":{"a":{"IPAddress":""},"b":{"IPAddress":"172.17.0.2"},)"
    R"("c":{"IPAddress":"172.18.0.2"}}}})";

void add_lists(std::vector<Phrase>& all) {
    Resource listed = inspected();
    listed.cpus = 0;
    listed.memory_mb = 0;
    const std::string mine = kListed;
    std::string theirs = mine;
    theirs.replace(theirs.find("c/d"), 3, "e/f");
    const auto list = [&all](const std::string& elements, std::vector<Resource> found,
                             std::size_t unread = 0) {
        all.push_back(described(Call::find, "[" + elements + "]", std::move(found), unread));
    };
    list(theirs + "," + mine, {listed});
    all.back().asks = {"GET /version",
                       "GET /v1.45/containers/json?all=true&filters=%7B%22label%22%3A%5B%22"
                       "a%20b%3Dc%2Fd%22%2C%22project%3Dalpha%22%5D%7D"};
    list("", {});
    std::string nameless = mine;
    nameless.replace(nameless.find(R"("Id")"), 4, R"("no")");
    list(nameless + ",7,{}", {}, 3);
    all.back().expected.unread =
        R"(number 1, named "alpha-1", without an id; number 2; number 3, named "", without an id)";
    const auto varied = [&](const std::string& part, const std::string& by, Resource expected) {
        std::string changed = mine;
        changed.replace(changed.find(part), part.size(), by);
        list(changed, {std::move(expected)});
    };
    Resource unnamed = listed;
    unnamed.name = "";
    for (const char* names : {"7", "[]", "[7]", "null", R"({"a":"/b"})"}) {
        varied(R"(["/alpha-1"])", names, unnamed);
    }
    varied(R"("Names")", R"("Nomes")", unnamed);
    varied(R"(["/alpha-1"])", R"(["alpha-1","/beta-1"])", listed);
    Resource at_home = listed;
    at_home.address = "127.0.0.1";
    varied(R"("c":{"IPAddress":"172.18.0.2"})", R"("host":{"IPAddress":""})", at_home);
    for (const char* body : {"{}", "null", "", "7"}) {
        all.push_back(unreadable(Call::find, answer(200, body)));
    }
}

void add_reaching(std::vector<Phrase>& all) {
    Phrase way = done(Call::reach, answer(200, kInspected));
    way.expected.endpoint.authority = "172.17.0.2:8080";
    way.expected.endpoint.address = "172.17.0.2";
    way.asks = {"GET /version", "GET /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/json"};
    all.push_back(std::move(way));
    const auto refuses = [&all](std::string body, std::string_view state) {
        all.push_back(refused(Call::reach, answer(200, std::move(body)), busy));
        all.back().expected.detail = fmt::format("the container is {}", state);
    };
    refuses(R"({"Id":"00ff","State":{"Status":"running"}})", "started");
    std::string ended = kInspected;
    ended.replace(ended.find("running"), 7, "exited");
    refuses(std::move(ended), "stopped");
    all.push_back(refused(Call::reach, answer(404, R"({"message":"No such container: x"})"), gone));
    std::string odd = kInspected;
    odd.replace(odd.find("172.17.0.2"), 10, R"(a\u0001b)");
    all.push_back(refused(Call::reach, answer(200, std::move(odd)), unknown));
    all.back().expected.detail = "an address that is none";
}

// The name is taken, in these words; by whom, as far as they say it.
Phrase taken(const std::string& by, std::string id) {
    Phrase phrase = refused(
        Call::create,
        answer(409, R"({"message":"Conflict. The name \"/x\" is already in use by container )" +
                        by + R"("})"),
        conflict);
    phrase.expected.conflicting_id = std::move(id);
    return phrase;
}

}  // namespace

std::vector<Phrase> docker_phrases() {
    std::vector<Phrase> all;
    for (const Saying& saying : kSayings) {
        all.push_back(refused(Call::get, answer(saying.status, saying.said), saying.means));
    }
    all.push_back(taken(R"(\"00ff\". You have to remove it)", "00ff"));
    all.push_back(taken(R"(\"not an id\".)", ""));
    all.push_back(taken(R"(\"\".)", ""));
    all.push_back(taken(R"(\"00ff)", ""));
    all.push_back(taken("00ff", ""));
    for (const auto& [call, request] :
         {std::pair(Call::start, "POST /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/start"),
          std::pair(Call::stop,
                    "POST /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/stop?t=5"),
          std::pair(Call::restart,
                    "POST /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4/restart?t=5"),
          std::pair(
              Call::destroy,
              "DELETE /v1.45/containers/0%2F%3A9%40AZ%5B%60az%7B-._~%C3%A4?force=true&v=true")}) {
        all.push_back(done(call, answer(204)));
        all.back().asks = {"GET /version", request};
        all.push_back(done(call, answer(304)));
    }
    // Somebody else has asked for the same already.
    all.push_back(
        done(Call::destroy,
             answer(409, R"({"message":"removal of container 00ff is already in progress"})")));
    all.push_back(
        refused(Call::destroy, answer(409, R"({"message":"the container is paused"})"), busy));
    all.push_back(
        refused(Call::destroy, answer(500, R"({"message":"already in progress"})"), ambiguous));
    for (const Call call : {Call::create, Call::find, Call::start, Call::stop, Call::restart,
                            Call::destroy, Call::reach}) {
        all.push_back(refused(call, answer(503, "no"), ambiguous));
        all.push_back(refused(call, silence(), ambiguous));
        all.back().expected.detail = "timed out";
        all.back().takes = seconds(30);
    }
    add_versions(all);
    add_readings(all);
    add_lists(all);
    add_reaching(all);
    return all;
}

}  // namespace scenarios
