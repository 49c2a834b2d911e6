#include <gtest/gtest.h>

#include <string>

#include "system/providers/docker.hpp"

namespace lifecycle {
namespace {

struct Row {
    int status;
    const char* body;
    ProviderErrorClass expected;
};

using enum ProviderErrorClass;

// Every text and status of the Engine API that the client's calls are known to be answered.
const Row kRows[] = {
    {404, R"({"message":"No such container: alpha-1"})", gone},
    {404, R"({"message":"No such exec instance: 12ab"})", gone},
    {404, R"({"message":"No such image: busybox:latest"})", permanent},
    {404, R"({"message":"page not found"})", permanent},
    {404, "", unknown},
    {409,
     R"({"message":"Conflict. The container name \"/alpha-1\" is already in use by container \"00ff\". You have to remove (or rename) that container to be able to reuse that name."})",
     conflict},
    {409, R"({"message":"removal of container 00ff is already in progress"})", busy},
    {409, R"({"message":"container is marked for removal and cannot be started"})", busy},
    {409, R"({"message":"cannot start a paused container, try unpause instead"})", busy},
    {409, R"({"message":"Container 00ff is paused, unpause the container before exec"})", busy},
    {409, R"({"message":"Container 00ff is restarting, wait until the container is running"})",
     busy},
    {409, R"({"message":"container 00ff is not running"})", busy},
    {409,
     R"({"message":"cannot remove container \"/alpha-1\": container is running: stop the container before removing or force remove"})",
     busy},
    {409, R"({"message":"something that nobody has seen before"})", busy},
    {400, R"({"message":"client version 1.99 is too new. Maximum supported API version is 1.41"})",
     busy},
    {400,
     R"({"message":"client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version"})",
     busy},
    {400, R"({"message":"invalid reference format"})", permanent},
    {401, R"({"message":"authentication required"})", permanent},
    {500, R"({"message":"failed to create shim task: no space left on device: unknown"})",
     capacity_host},
    {500, R"({"message":"Internal Server Error"})", ambiguous},
    {503, "<html></html>", ambiguous},
    {418, "[]", unknown},
};

TEST(DockerErrors, MeanWhatTheTableSays) {
    for (const Row& row : kRows) {
        const ProviderError error = classify_docker_error(row.status, row.body);
        EXPECT_EQ(to_string(error.error_class), to_string(row.expected))
            << row.status << " " << row.body;
        EXPECT_EQ(error.detail, row.body) << "what the provider said is kept whole";
    }
}

TEST(DockerErrors, NameTheContainerThatHoldsTheName) {
    const auto id_in = [](const std::string& id) {
        return classify_docker_error(
                   409, R"({"message":"Conflict. The container name \"/x\" is already in use by )"
                        R"(container \")" +
                            id + R"(\". You have"})")
            .conflicting_id;
    };
    EXPECT_EQ(id_in("00ff"), "00ff");
    EXPECT_EQ(id_in("not an id"), "");
    EXPECT_EQ(id_in(""), "");
}

TEST(DockerVersions, AreReadOrRefused) {
    EXPECT_EQ(parse_docker_version("1.41"), DockerVersion(1, 41));
    for (const char* text : {"", "1", "1.", ".4", "1.4x", "v1.41", "0.9", "1.-2"}) {
        EXPECT_FALSE(parse_docker_version(text)) << text;
    }
}

TEST(DockerVersions, MeetInTheNewestThatBothKnow) {
    EXPECT_EQ(common_docker_version({1, 44}, {1, 52}), DockerVersion(1, 52));
    EXPECT_EQ(common_docker_version({1, 12}, {1, 41}), DockerVersion(1, 41));
    EXPECT_EQ(common_docker_version({1, 44}, {1, 99}), DockerVersion(1, 56));
    EXPECT_FALSE(common_docker_version({1, 12}, {1, 40})) << "too old an engine";
    EXPECT_FALSE(common_docker_version({1, 60}, {1, 99})) << "too new a one";
}

TEST(DockerPulls, AskForOneImage) {
    const auto parts = [](const char* image) {
        const ImageReference reference = parse_image(image);
        return reference.name + " " + reference.tag;
    };
    EXPECT_EQ(parts("busybox"), "busybox latest");
    EXPECT_EQ(parts("busybox:1.36"), "busybox 1.36");
    EXPECT_EQ(parts("localhost:5000/a/b"), "localhost:5000/a/b latest");
    EXPECT_EQ(parts("localhost:5000/a/b:2"), "localhost:5000/a/b 2");
    EXPECT_EQ(parts("r.io/a@sha256:00ff"), "r.io/a sha256:00ff");
    EXPECT_EQ(parts("busybox:"), "busybox: latest");
}

TEST(DockerPulls, FailInsideAnAnswerThatBeganWell) {
    EXPECT_TRUE(pull_result("{\"status\":\"Pulling\"}\r\n{\"status\":\"Done\"}\r\n"));
    EXPECT_TRUE(pull_result(""));
    const auto class_of = [](const std::string& said) {
        const auto result = pull_result("{\"status\":\"Pulling\"}\r\n" + said + "\r\n");
        return result ? std::string_view("success") : to_string(result.error().error_class);
    };
    EXPECT_EQ(class_of(R"({"errorDetail":{"message":"manifest unknown"}})"), "permanent");
    EXPECT_EQ(class_of(R"({"error":"pull access denied for x, repository does not exist"})"),
              "permanent");
    EXPECT_EQ(class_of(R"({"errorDetail":{"message":"toomanyrequests: slow down"}})"), "throttled");
    EXPECT_EQ(class_of(R"({"errorDetail":{"message":"dial tcp: i/o timeout"}})"), "busy");
    EXPECT_EQ(class_of("not JSON"), "success");
}

TEST(DockerStates, AreKnownByTheirWords) {
    EXPECT_EQ(parse_docker_state("created"), ResourceState::stopped);
    EXPECT_EQ(parse_docker_state("running"), ResourceState::started);
    EXPECT_EQ(parse_docker_state("restarting"), ResourceState::starting);
    EXPECT_EQ(parse_docker_state("removing"), ResourceState::destroying);
    EXPECT_EQ(parse_docker_state("exited"), ResourceState::stopped);
    EXPECT_EQ(parse_docker_state("dead"), ResourceState::failed);
    EXPECT_EQ(parse_docker_state("paused"), ResourceState::unknown);
}

TEST(DockerFrames, AreDecodedAndWhatIsCutOffIsKept) {
    const std::string out("\x01\0\0\0\0\0\0\x02hi", 10);
    const std::string err("\x02\0\0\0\0\0\0\x01!", 9);
    EXPECT_EQ(decode_docker_frames(out + err), "hi!");
    EXPECT_EQ(decode_docker_frames(out.substr(0, 9)), "h");
    EXPECT_EQ(decode_docker_frames("plain"), "plain");
    EXPECT_EQ(decode_docker_frames(""), "");
    EXPECT_EQ(decode_docker_frames(std::string("\x01\0\0\0\xff\xff\xff\xff", 8)), "");
}

}  // namespace
}  // namespace lifecycle
