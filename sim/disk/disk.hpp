#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/tape.hpp"

struct sqlite3_vfs;

namespace sim {

class Process;

// What may happen to a write that was not synced, by the names of these kinds of faults.
inline constexpr std::string_view kLostWrite = "disk.lost-write";
inline constexpr std::string_view kTornWrite = "disk.torn-write";

// The disk of a process, as SQLite sees it: a VFS that keeps apart what was written and what was
// synced. A crash may lose or tear any write since the last sync of its file. Every write and sync
// is a place where the process may crash, and may fail.
// Open a database on it with sqlite3_open_v2(path, ..., vfs_name()). Any path is a file of this
// disk.
// Several processes of one host may mount what one of them made. What a process wrote is then with
// the host: its crash loses nothing while another of them lives, and only the last takes the host
// down with it.
class Disk {
  public:
    explicit Disk(Process& owner);
    // Another process' way to the same files.
    Disk(Process& owner, Disk& mounted);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    // Registered with SQLite for the life of the disk.
    const std::string& vfs_name() const { return vfs_name_; }

    // From now on every operation of open handles fails and changes nothing.
    void cut() { connected_ = false; }
    void reconnect() { connected_ = true; }

    // Whether there is room for what is written from now on; for all who mount the disk.
    void fill() { storage_->full = true; }
    void make_room() { storage_->full = false; }

    // What a power cut leaves behind: of each write since its file's last sync the tape decides
    // whether it survives, is lost, is torn after some sectors (one write at most), or survives
    // with one bit wrong.
    void lose_unsynced();

    // Puts a whole file there, durable, as if it had always been: a database made elsewhere costs a
    // copy in place of its making.
    void load(const std::string& path, std::vector<char> content);
    // What readers see of a file; empty if there is none.
    std::vector<char> content(const std::string& path) const;

    // Writes so far, for tests.
    std::uint64_t writes() const { return writes_; }

  private:
    friend struct DiskVfs;

    // A write since the last sync: its bytes are in the file's `unsynced_bytes`, and after them
    // what they replaced. A negative length is a truncation to `offset`, which replaced the rest.
    struct Write {
        std::int64_t offset;
        std::int64_t length;
        std::size_t position;
        std::size_t replaced;  // how many bytes
        std::size_t old_size;  // of the file
    };
    struct Locks {
        int shared = 0;
        const void* reserved = nullptr;
        const void* pending = nullptr;
        const void* exclusive = nullptr;
    };
    // SQLite's wal-index, shared by the connections to one database.
    struct SharedMemory {
        static constexpr int kSlots = 8;
        std::vector<std::unique_ptr<char[]>> regions;
        int users = 0;
        int shared[kSlots] = {};
        const void* exclusive[kSlots] = {};
    };
    struct File {
        std::vector<char> content;  // what readers see
        bool durable_name = false;  // false until the folder is synced: the name may be lost
        std::vector<Write> unsynced;
        std::vector<char> unsynced_bytes;
        Locks locks;
        SharedMemory memory;
    };

    struct Storage;
    Disk(Process& owner, std::shared_ptr<Storage> storage);

    void write(File& file, const char* bytes, std::int64_t length, std::int64_t offset);
    void truncate(File& file, std::int64_t size);
    void sync(File& file);
    // How much of an unsynced write a crash leaves; none of a lost one.
    std::int64_t surviving_length(const std::string& path, const Write& change, bool& torn);
    void flip_bit(const std::string& path, File& file, const Write& change);
    static void apply(File& file, const Write& change, std::int64_t length);
    // Takes back every write since the last sync: the content is what is certain to survive.
    static void undo_unsynced(File& file);
    void lose_unsynced(const std::string& path, File& file, bool& torn);
    bool used_by_others() const;
    // Tells a recorder which version of the files the running task sees, and that it makes a new
    // one. Where nobody else mounts them they are as its process left them.
    void sees();
    void changes();

    // What all who mount it share.
    struct Storage {
        std::map<std::string, std::shared_ptr<File>, std::less<>> files;
        std::map<std::string, std::shared_ptr<File>> deleted;  // since the folder's last sync
        std::vector<const Disk*> mounts;
        bool full = false;
        std::uint64_t version = 0;  // of all files: a digest of the tasks that wrote them
    };

    Process& owner_;
    std::shared_ptr<Storage> storage_;
    std::string vfs_name_;
    std::unique_ptr<sqlite3_vfs> vfs_;
    bool connected_ = true;
    std::uint64_t writes_ = 0;
    LaneId error_lane_;
    LaneId full_lane_;
    LaneId lost_lane_;
    LaneId torn_lane_;
    LaneId sectors_lane_;
    LaneId flip_lane_;
    LaneId bit_lane_;
};

}  // namespace sim
