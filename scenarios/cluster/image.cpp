#include "scenarios/cluster/image.hpp"

#include <memory>
#include <utility>

#include "sim/disk/disk.hpp"
#include "sim/world/tape.hpp"
#include "sim/world/trace.hpp"
#include "sim/world/world.hpp"
#include "system/model/store_failure.hpp"
#include "system/store/store.hpp"

namespace scenarios {
namespace {

std::vector<char> made() {
    constexpr const char* kPath = "image.db";
    sim::Tape tape(std::make_unique<sim::CalmSource>());
    sim::Trace trace;
    sim::World world(tape, trace);
    sim::Process& process = world.add_process("maker", "maker");
    process.boot();
    open_store(kPath, process).reset();
    // The last to close it has moved all that was logged into the file.
    return process.disk().content(kPath);
}

}  // namespace

std::unique_ptr<lifecycle::Store> open_store(const char* path, sim::Process& process,
                                             lifecycle::CommitFollower* follower,
                                             lifecycle::Telemetry* telemetry,
                                             lifecycle::Clock* clock) {
    auto store = lifecycle::Store::open(
        {path, process.disk().vfs_name(), follower, telemetry, clock}, process.executor());
    if (!store) throw lifecycle::StoreFailure(store.error().message);
    return *std::move(store);
}

const std::vector<char>& migrated_database() {
    static const std::vector<char> image = made();
    return image;
}

}  // namespace scenarios
