#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// How Docker makes a container of an image, and pulls it if it is not there.
namespace scenarios {
namespace {

using lifecycle::HttpResponse;
using lifecycle::ProviderErrorClass;
using lifecycle::Resource;
using lifecycle::ResourceState;
using std::chrono::minutes;
using std::chrono::seconds;
using enum lifecycle::ProviderErrorClass;

Resource made() {
    Resource container;
    container.external_id = "00ff";
    container.name = "alpha-1";
    container.state = ResourceState::stopped;
    container.labels = {{"project", "alpha"}};
    container.cpus = 2;
    container.memory_mb = 500;
    return container;
}

constexpr const char* kNoImage = R"({"message":"No such image: registry.example/box:7"})";
constexpr const char* kPull = "POST /v1.45/images/create?fromImage=registry.example%2Fbox&tag=7";
constexpr const char* kCreate = "POST /v1.45/containers/create?name=alpha-1";

Phrase creation(std::vector<HttpResponse> answers, lifecycle::Duration later) {
    Phrase phrase = described(Call::create, "", std::vector{made()});
    phrase.answers = std::move(answers);
    phrase.later = later;
    return phrase;
}

Phrase waits_for_pull(std::vector<HttpResponse> answers, lifecycle::Duration later) {
    Phrase phrase = refused(Call::create, answer(0), busy);
    phrase.answers = std::move(answers);
    phrase.expected.detail = "image registry.example/box:7 is being pulled";
    phrase.expected.retry_after = seconds(5);
    phrase.later = later;
    return phrase;
}

// An image that is not there is pulled beside, and whoever asks is told to ask again.
void add_pulls(std::vector<Phrase>& all) {
    const HttpResponse missing = answer(404, kNoImage);
    for (const char* progress :
         {"{\"status\":\"Pulling\"}\r\n{\"status\":\"Done\"}\r\n", "", "not JSON", "\n\n{}\n7\n"}) {
        all.push_back(waits_for_pull({missing, answer(200, progress)}, seconds(0)));
        all.back().asks = {"GET /version", kCreate, kPull};
        all.push_back(creation({answer(201, R"({"Id":"00ff"})")}, seconds(1)));
        all.back().asks = {kCreate};
    }
    const auto fails = [&](HttpResponse said, ProviderErrorClass means, const std::string& why) {
        all.push_back(waits_for_pull({missing, std::move(said)}, seconds(0)));
        all.push_back(refused(Call::create, missing, means));
        all.back().later = seconds(1);
        all.back().asks = {kCreate};
        all.back().expected.detail = "image registry.example/box:7 could not be pulled: " + why;
        // That is told once; then it is tried anew.
        all.push_back(waits_for_pull({missing, answer(200)}, seconds(1)));
    };
    const auto says = [&](const std::string& line, ProviderErrorClass means, const char* why) {
        fails(answer(200, "{\"status\":\"Pulling\"}\r\n" + line + "\r\n"), means, why);
    };
    says(R"({"errorDetail":{"message":"manifest unknown"}})", permanent, "manifest unknown");
    says(R"({"errorDetail":{"message":"a"},"error":"denied"})", busy, "a");
    says(R"({"error":"access denied"})", permanent, "access denied");
    says(R"({"error":"toomanyrequests: slow down"})", throttled, "toomanyrequests: slow down");
    says(R"({"error":"no space left on device"})", capacity_host, "no space left on device");
    says(R"({"error":"x not found"})", permanent, "x not found");
    says(R"({"error":"repository does not exist"})", permanent, "repository does not exist");
    says(R"({"error":"unauthorized: log in"})", permanent, "unauthorized: log in");
    says(R"({"error":"no matching manifest for linux/amd64"})", permanent,
         "no matching manifest for linux/amd64");
    says(R"({"error":"invalid reference format"})", permanent, "invalid reference format");
    says(R"({"error":"dial tcp: i/o timeout"})", busy, "dial tcp: i/o timeout");
    fails(answer(500, "toomanyrequests"), throttled, "toomanyrequests");
    fails(answer(500, "no"), busy, "no");
    // One that does not end is waited for that long, and no second is begun meanwhile.
    all.push_back(waits_for_pull({missing, silence()}, seconds(0)));
    all.push_back(waits_for_pull({missing}, minutes(29)));
    all.back().asks = {kCreate};
    all.push_back(refused(Call::create, missing, busy));
    all.back().later = seconds(70);
    all.back().expected.detail = "image registry.example/box:7 could not be pulled: timed out";
}

// What an image is called by a registry: a colon before a slash is that of a port.
void add_images(std::vector<Phrase>& all) {
    const std::pair<const char*, const char*> kImages[] = {
        {"busybox", "fromImage=busybox&tag=latest"},
        {"busybox:1.36", "fromImage=busybox&tag=1.36"},
        {"localhost:5000/a/b", "fromImage=localhost%3A5000%2Fa%2Fb&tag=latest"},
        {"localhost:5000/a/b:2", "fromImage=localhost%3A5000%2Fa%2Fb&tag=2"},
        {"r.io/a@sha256:00ff", "fromImage=r.io%2Fa&tag=sha256%3A00ff"},
        {"busybox:", "fromImage=busybox%3A&tag=latest"},
        {"busybox@", "fromImage=busybox%40&tag=latest"},
    };
    for (const auto& [image, asked] : kImages) {
        all.push_back(waits_for_pull({answer(404, kNoImage), answer(200)}, seconds(0)));
        all.back().image = image;
        all.back().expected.detail = fmt::format("image {} is being pulled", image);
        all.back().asks = {"GET /version", kCreate,
                           fmt::format("POST /v1.45/images/create?{}", asked)};
    }
}

}  // namespace

std::vector<Phrase> docker_image_phrases() {
    std::vector<Phrase> all;
    all.push_back(creation({answer(201, R"({"Id":"00ff"})")}, seconds(0)));
    all.back().asks = {"GET /version", kCreate};
    all.back().body =
        R"({"Image":"registry.example/box:7","Env":["SECRET=vvb_1"],"Labels":{"project":"alpha"},)"
        R"("HostConfig":{"Memory":524288000,"NanoCpus":2000000000}})";
    add_pulls(all);
    add_images(all);
    return all;
}

}  // namespace scenarios
