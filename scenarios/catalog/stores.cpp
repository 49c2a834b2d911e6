#include "scenarios/catalog/parts.hpp"
#include "sim/disk/disk.hpp"
#include "sim/net/network.hpp"

// The store cannot be written for a while: what is there can be read, and nothing is lost.
namespace scenarios {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

boost::asio::awaitable<int> status(Stage stage, std::string method, std::string target,
                                   std::string body = {}) {
    const auto answer = co_await stage.call(std::move(method), std::move(target), std::move(body));
    co_return answer ? answer->status : 0;
}

// One machine works and one is being made when the store takes nothing any more; `heal` ends that.
Script without_writes(Stage stage, std::function<void()> trouble, std::function<void()> heal) {
    const std::string active = co_await stage.create("alpha");
    co_await stage.expect_active(active);
    stage.network().delay("fly", "server", seconds(5));
    const std::string starting = co_await stage.create("beta");
    co_await stage.sleep(seconds(7));
    const std::uint32_t lives = stage.cluster().server().incarnation();
    trouble();
    stage.network().delay("fly", "server", seconds(0));
    for (int minute = 0; minute < 12; ++minute) {
        co_await stage.sleep(minutes(1));
        const int read = co_await status(stage, "GET", "/v1/projects/alpha");
        stage.expect(read == 200, "a project is shown");
        const int passed = co_await status(stage, "GET", "/v1/projects/alpha/proxy/");
        stage.expect(passed == 200, "a machine is reached");
        const auto refused = co_await stage.call("POST", "/v1/projects/gamma/machines",
                                                 R"({"image": "registry.fly.io/vivarium:1"})");
        stage.expect(
            refused && refused->status == 503 && refused->body.contains("store_unavailable") &&
                refused->headers.contains("Retry-After"),
            "a machine that cannot be recorded is not promised, and may be asked for later");
    }
    // The next who looks is the watchdog, and no box has been heard for minutes.
    const sim::Duration every = kWatchEvery;
    co_await stage.sleep(2 * every - seconds(2) - stage.cluster().world().now() % every);
    heal();
    stage.expect(stage.cluster().server().incarnation() == lives, "the process is the same");
    co_await stage.expect_active(starting);
    stage.expect(stage.count(starting) == 1, "the provider has one of its name");
    const std::string refused = co_await stage.create("gamma");
    co_await stage.expect_active(refused);
    co_await stage.sleep(minutes(5));
    stage.expect(!stage.exists("alpha-2"), "whoever could not be heard was not silent");
}

Script disk_full(Stage stage) {
    sim::Disk* disk = &stage.cluster().server().disk();
    return without_writes(stage, [disk] { disk->fill(); }, [disk] { disk->make_room(); });
}

// Somebody has the database open, and its write lock in hand.
Script store_locked(Stage stage) {
    Cluster* cluster = &stage.cluster();
    return without_writes(
        stage, [cluster] { cluster->lock_store(); }, [cluster] { cluster->unlock_store(); });
}

// The disk is new: what dies on the way leaves a database that was half made.
Script first_start(Stage stage) {
    const std::string machine = co_await stage.create("alpha");
    co_await stage.until(machine, "active", minutes(30));
}

}  // namespace

std::vector<Scenario> stores() {
    return {
        {.name = "disk-full",
         .sentence = "The disk of the control plane is full for twelve minutes.",
         .faults = {},
         .at_most = minutes(80),
         .play = disk_full,
         .sometimes = {"store.unavailable", "net.answer server 503"}},
        {.name = "store-locked",
         .sentence = "Another process holds the lock of the database for twelve minutes.",
         .faults = {},
         .at_most = minutes(80),
         .play = store_locked,
         .sometimes = {"store.locked", "store.unavailable", "net.answer server 503"}},
        {.name = "first-start",
         .sentence = "Two control planes make their database on a new disk, and die while they do.",
         .faults = {"crash", "disk."},
         .at_most = minutes(60),
         .play = first_start,
         .sometimes = {"process.crash server", "process.crash server-2"},
         .cluster = {.servers = 2, .new_disk = true}},
    };
}

}  // namespace scenarios
