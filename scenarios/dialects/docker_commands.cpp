#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// What Docker says of commands in its containers, and of its networks.
namespace scenarios {
namespace {

using lifecycle::HttpResponse;
using enum lifecycle::ProviderErrorClass;

// Frames of a stream: which of the two it is of, three zeros, a length, and so many bytes.
std::string frame(char of, const std::string& payload) {
    std::string text(8, '\0');
    text[0] = of;
    text[6] = static_cast<char>(payload.size() >> 8);
    text[7] = static_cast<char>(payload.size() & 0xff);
    return text + payload;
}

void add_commands(std::vector<Phrase>& all) {
    const HttpResponse made = answer(201, R"({"Id":"12 ab"})");
    const auto runs = [&](std::string stream, const char* ended, std::string said) {
        Phrase phrase = done(Call::exec, made);
        phrase.answers.push_back(answer(200, std::move(stream)));
        phrase.answers.push_back(answer(200, ended));
        phrase.expected.said = std::move(said);
        all.push_back(std::move(phrase));
    };
    const std::string large(300, 'x');
    runs(frame(1, "hi") + frame(2, "!") + frame(1, large), R"({"ExitCode":3})", "3: hi!" + large);
    all.back().asks = {"GET /version",
                       "POST /v1.45/containers/" + std::string(kAskedInUrl) + "/exec",
                       "POST /v1.45/exec/12%20ab/start", "GET /v1.45/exec/12%20ab/json"};
    all.back().body = R"({"Cmd":["echo","a b"],"AttachStdout":true,"AttachStderr":true})";
    // What was cut off is kept as it is.
    runs(frame(1, "hi").substr(0, 9), R"({"ExitCode":0})", "0: h");
    runs("plain", R"({"ExitCode":0})", "0: plain");
    runs("", R"({"ExitCode":0})", "0: ");
    runs(std::string("\x01\0\0\0\xff\xff\xff\xff", 8), R"({"ExitCode":0})", "0: ");
    for (const char* ended : {"", "[]", "{}", R"({"Running":true})"}) {
        Phrase phrase = unreadable(Call::exec, answer(200, ended));
        phrase.answers.insert(phrase.answers.begin(), {made, answer(200)});
        all.push_back(std::move(phrase));
    }
    for (const char* body : {"", "{}", R"({"Id":7})"}) {
        all.push_back(unreadable(Call::exec, answer(201, body)));
    }
    const HttpResponse no = answer(404, R"({"message":"No such exec instance: 12"})");
    all.push_back(refused(Call::exec, no, gone));
    for (std::size_t before = 1; before <= 2; ++before) {
        all.push_back(refused(Call::exec, no, gone));
        all.back().answers.insert(all.back().answers.begin(), before, made);
    }
}

void add_networks(std::vector<Phrase>& all) {
    const auto network = [&all](const char* body, const char* said) {
        all.push_back(done(Call::network, answer(200, body)));
        all.back().expected.said = said;
    };
    network(R"({"Driver":"bridge","IPAM":{"Config":[{"Subnet":"172.17.0.0/16",)"
            R"("Gateway":"172.17.0.1"},{"Subnet":"fd00::/64","Gateway":"fd00::1/64"},{},7]}})",
            "bridge, 172.17.0.0/16 by 172.17.0.1, fd00::/64 by fd00::1,  by ,  by ");
    all.back().asks = {"GET /version", "GET /v1.45/networks/" + std::string(kAskedInUrl)};
    network(R"({"Driver":"host"})", "host");
    network(R"({"Driver":"host","IPAM":{}})", "host");
    network(R"({"Driver":"host","IPAM":{"Config":7}})", "host");
    network(R"({"Driver":"host","IPAM":{"Config":null}})", "host");
    for (const char* body : {"", "[]", "{}", R"({"Driver":""})", R"({"Driver":7})"}) {
        all.push_back(unreadable(Call::network, answer(200, body)));
    }
    all.push_back(
        refused(Call::network, answer(404, R"({"message":"page not found"})"), permanent));
}

}  // namespace

std::vector<Phrase> docker_command_phrases() {
    std::vector<Phrase> all;
    add_commands(all);
    add_networks(all);
    return all;
}

}  // namespace scenarios
