#include <gtest/gtest.h>

#include <string>

#include "system/providers/docker.hpp"

namespace lifecycle {
namespace {

TEST(DockerImages, HaveANameAndATag) {
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
