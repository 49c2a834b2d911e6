#include <gtest/gtest.h>
#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "system/store/database.hpp"
#include "tests/e2e/lifecycled.hpp"

// The server while its database cannot be written: what is there is shown, nothing that is lost is
// promised, and it heals by itself.
namespace e2e {
namespace {

class StoreTest : public LifecycledTest {
  protected:
    // What holds while nothing can be written.
    void expect_reads_only() {
        EXPECT_EQ(state("alpha-1"), "active");
        EXPECT_EQ(status("GET", "/v1/projects/alpha/proxy/"), 200);
        EXPECT_EQ(status("GET", "/v1/metrics"), 200);
        const auto refused =
            ask("POST", "/v1/projects/beta/machines", R"({"image": "registry/image:1"})");
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->status, 503) << refused->body;
        EXPECT_TRUE(refused->headers.contains("Retry-After"));
    }
    // What holds when it can be again.
    void expect_healed() {
        EXPECT_TRUE(becomes(create("beta"), "active"));
        server->send_signal(SIGTERM);
        EXPECT_EQ(server->wait(), 0) << "it is the same process: " << server->remaining_output();
    }
};

TEST_F(StoreTest, GoesOnWhileAnotherProcessHoldsTheLock) {
    start_server();
    ASSERT_TRUE(becomes(create(), "active"));
    {
        lifecycle::Database other(folder / "lifecycle.db", "");
        other.wait_for_locks(std::chrono::seconds(5));
        other.run("BEGIN IMMEDIATE");
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(7);
        while (std::chrono::steady_clock::now() < until) expect_reads_only();
    }
    expect_healed();
}

// A file system of a few megabytes in place of the test's folder.
class SmallDisk {
  public:
    explicit SmallDisk(const std::filesystem::path& folder)
        : folder_(folder), mounted_(mount("none", folder.c_str(), "tmpfs", 0, "size=6m") == 0) {}
    ~SmallDisk() {
        if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    bool mounted() const { return mounted_; }
    void fill() {
        const std::string block(4096, 'x');
        std::ofstream filler(folder_ / "filler");
        while (filler << block << std::flush) {
        }
    }
    void make_room() { std::filesystem::remove(folder_ / "filler"); }

  private:
    std::filesystem::path folder_;
    bool mounted_;
};

TEST_F(StoreTest, GoesOnWhileTheDiskIsFull) {
    SmallDisk disk(folder);
    if (!disk.mounted()) GTEST_SKIP() << "mounting a small file system takes root";
    std::ofstream(folder / "token") << "fly-token\n";  // which it hides
    std::filesystem::permissions(folder / "token", kForItsOwner);
    start_server();
    ASSERT_TRUE(becomes(create(), "active"));
    disk.fill();
    expect_reads_only();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    expect_reads_only();
    disk.make_room();
    expect_healed();
}

}  // namespace
}  // namespace e2e
