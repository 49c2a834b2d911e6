#include "sim/disk/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "sim/disk/disk_vfs.hpp"
#include "sim/world/hash.hpp"
#include "sim/world/process.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/world.hpp"

namespace sim {
namespace {

constexpr std::int64_t kSector = 512;
constexpr std::int64_t kLost = -2;

constexpr LaneKind kErrorKind = fault(Effect::disk, "disk.error", 1, 5000, [](std::uint64_t) {
    return std::string("fails with an I/O error");
});
constexpr LaneKind kFullKind =
    fault(Effect::disk, "disk.full", 1, 5000, [](std::uint64_t) { return std::string("is full"); });
constexpr LaneKind kLostKind = fault(Effect::disk, kLostWrite, 1, 3, [](std::uint64_t) {
    return std::string("forgets what was not synced");
});
constexpr LaneKind kTornKind = fault(Effect::disk, kTornWrite, 1, 10, [](std::uint64_t) {
    return std::string("keeps only the first sectors of a write that was not synced");
});
constexpr LaneKind kSectorsKind = choice(
    Effect::disk, "disk.torn-sectors",
    [](std::uint64_t value) { return "keeps " + std::to_string(value + 1) + " sectors of it"; });
constexpr LaneKind kFlipKind = fault(Effect::disk, "disk.bit-flip", 1, 20, [](std::uint64_t) {
    return std::string("keeps a write that was not synced, with one bit wrong");
});
constexpr LaneKind kBitKind = choice(Effect::disk, "disk.bit", [](std::uint64_t value) {
    return "gets bit " + std::to_string(value) + " wrong";
});

}  // namespace

Disk::Disk(Process& owner) : Disk(owner, std::make_shared<Storage>()) {}

Disk::Disk(Process& owner, Disk& mounted) : Disk(owner, mounted.storage_) {}

Disk::Disk(Process& owner, std::shared_ptr<Storage> storage)
    : owner_(owner),
      storage_(std::move(storage)),
      vfs_name_("sim disk " + std::to_string(reinterpret_cast<std::uintptr_t>(this))),
      vfs_(DiskVfs::make(*this, vfs_name_)) {
    Tape& tape = owner.world().tape();
    const std::string lane = "disk " + owner.role();
    error_lane_ = tape.lane(lane + " error", kErrorKind);
    full_lane_ = tape.lane(lane + " full", kFullKind);
    lost_lane_ = tape.lane(lane + " lost", kLostKind);
    torn_lane_ = tape.lane(lane + " torn", kTornKind);
    sectors_lane_ = tape.lane(lane + " torn sectors", kSectorsKind);
    flip_lane_ = tape.lane(lane + " bit flip", kFlipKind);
    bit_lane_ = tape.lane(lane + " bit", kBitKind);
    storage_->mounts.push_back(this);
    sqlite3_vfs_register(vfs_.get(), 0);
}

Disk::~Disk() {
    std::erase(storage_->mounts, this);
    sqlite3_vfs_unregister(vfs_.get());
}

bool Disk::used_by_others() const {
    return std::any_of(storage_->mounts.begin(), storage_->mounts.end(), [this](const Disk* disk) {
        return disk != this && disk->owner_.state() != Process::State::down;
    });
}

void Disk::sees() {
    Recorder* recorder = owner_.world().recorder();
    if (recorder == nullptr || storage_->mounts.size() < 2) return;
    recorder->saw(storage_->version);
}

void Disk::changes() {
    Recorder* recorder = owner_.world().recorder();
    if (recorder == nullptr || storage_->mounts.size() < 2) return;
    recorder->saw(storage_->version);
    storage_->version = combine(storage_->version, recorder->running_task());
}

void Disk::load(const std::string& path, std::vector<char> content) {
    auto file = std::make_shared<File>();
    file->content = std::move(content);
    file->durable_name = true;
    storage_->files[path] = std::move(file);
}

std::vector<char> Disk::content(const std::string& path) const {
    const auto found = storage_->files.find(path);
    return found == storage_->files.end() ? std::vector<char>() : found->second->content;
}

void Disk::write(File& file, const char* bytes, std::int64_t length, std::int64_t offset) {
    ++writes_;
    changes();
    const std::size_t size = file.content.size();
    const std::size_t begin = std::min(static_cast<std::size_t>(offset), size);
    const std::size_t end = std::min(begin + static_cast<std::size_t>(length), size);
    const auto kept = file.content.begin();
    std::vector<char>& log = file.unsynced_bytes;
    file.unsynced.push_back({offset, length, log.size(), end - begin, size});
    log.insert(log.end(), bytes, bytes + length);
    log.insert(log.end(), kept + static_cast<std::ptrdiff_t>(begin),
               kept + static_cast<std::ptrdiff_t>(end));
    apply(file, file.unsynced.back(), length);
}

void Disk::truncate(File& file, std::int64_t size) {
    changes();
    const auto begin = file.content.begin() + std::min(size, std::ssize(file.content));
    std::vector<char>& log = file.unsynced_bytes;
    const auto cut = static_cast<std::size_t>(file.content.end() - begin);
    file.unsynced.push_back({size, -1, log.size(), cut, file.content.size()});
    log.insert(log.end(), begin, file.content.end());
    apply(file, file.unsynced.back(), -1);
}

void Disk::sync(File& file) {
    file.unsynced.clear();
    file.unsynced_bytes.clear();
    // SQLite syncs the folder with the first sync of a new file, as its own VFS does: every name
    // that was made or deleted until then is certain.
    if (file.durable_name) return;
    for (auto& [path, named] : storage_->files) named->durable_name = true;
    storage_->deleted.clear();
}

void Disk::apply(File& file, const Write& change, std::int64_t length) {
    const auto offset = static_cast<std::size_t>(change.offset);
    if (length < 0) {
        file.content.resize(offset);
        return;
    }
    const auto end = offset + static_cast<std::size_t>(length);
    if (file.content.size() < end) file.content.resize(end);
    std::memcpy(file.content.data() + offset, file.unsynced_bytes.data() + change.position,
                static_cast<std::size_t>(length));
}

void Disk::undo_unsynced(File& file) {
    for (auto change = file.unsynced.rbegin(); change != file.unsynced.rend(); ++change) {
        file.content.resize(change->old_size);
        if (change->replaced == 0) continue;
        const auto length = static_cast<std::size_t>(std::max<std::int64_t>(change->length, 0));
        std::memcpy(file.content.data() + change->offset,
                    file.unsynced_bytes.data() + change->position + length, change->replaced);
    }
}

void Disk::lose_unsynced() {
    if (used_by_others()) return;
    storage_->version = 0;  // whoever starts says what it recovers
    Tape& tape = owner_.world().tape();
    for (auto& [path, file] : storage_->deleted) {
        // A deletion whose folder was never synced may not have happened.
        if (!storage_->files.contains(path) && file->durable_name && tape.chance(lost_lane_)) {
            storage_->files.emplace(path, file);
        }
    }
    storage_->deleted.clear();
    bool torn = false;
    for (auto file = storage_->files.begin(); file != storage_->files.end();) {
        if (!file->second->durable_name && tape.chance(lost_lane_)) {
            owner_.world().self().emit("disk.lost-file", {{"path", file->first}});
            file = storage_->files.erase(file);
        } else {
            lose_unsynced(file->first, *file->second, torn);
            // Handles of the life before keep the old file, which no new one will ever see.
            auto survivor = std::make_shared<File>();
            survivor->content = std::move(file->second->content);
            survivor->durable_name = true;
            file->second = std::move(survivor);
            ++file;
        }
    }
}

void Disk::lose_unsynced(const std::string& path, File& file, bool& torn) {
    std::int64_t lost = 0;
    std::int64_t kept = 0;
    undo_unsynced(file);
    for (const Write& change : file.unsynced) {
        const std::int64_t length = surviving_length(path, change, torn);
        if (length == kLost) {
            ++lost;
            continue;
        }
        ++kept;
        apply(file, change, length);
        if (length > 0 && owner_.world().tape().chance(flip_lane_)) flip_bit(path, file, change);
    }
    if (lost > 0) {
        owner_.world().self().emit("disk.lost-writes",
                                   {{"path", path}, {"lost", lost}, {"kept", kept}});
    }
}

std::int64_t Disk::surviving_length(const std::string& path, const Write& change, bool& torn) {
    Tape& tape = owner_.world().tape();
    if (tape.chance(lost_lane_)) return kLost;
    if (torn || change.length <= kSector || !tape.chance(torn_lane_)) return change.length;
    torn = true;
    const auto sectors = static_cast<std::uint64_t>((change.length - 1) / kSector);
    const auto drawn = static_cast<std::int64_t>(tape.draw(sectors_lane_, sectors));
    const std::int64_t length = kSector * (1 + drawn);
    owner_.world().self().emit("disk.torn-write",
                               {{"path", path}, {"offset", change.offset}, {"kept", length}});
    return length;
}

void Disk::flip_bit(const std::string& path, File& file, const Write& change) {
    // Within the first sector, which a torn write keeps too.
    const auto bits = static_cast<std::uint64_t>(8 * std::min(change.length, kSector));
    const std::uint64_t bit = owner_.world().tape().draw(bit_lane_, bits);
    const auto at = static_cast<std::size_t>(change.offset) + bit / 8;
    file.content[at] = static_cast<char>(file.content[at] ^ (1 << (bit % 8)));
    owner_.world().self().emit("disk.bit-flip",
                               {{"path", path}, {"bit", static_cast<std::int64_t>(bit)}});
}

}  // namespace sim
