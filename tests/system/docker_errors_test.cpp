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
     permanent},
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
