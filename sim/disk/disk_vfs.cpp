#include "sim/disk/disk_vfs.hpp"

#include <algorithm>
#include <cstring>

#include "sim/world/process.hpp"
#include "sim/world/world.hpp"

namespace sim {

// SQLite allocates it and sees only its first member.
struct DiskVfs::Handle {
    sqlite3_file base;
    Disk* disk;
    std::shared_ptr<Disk::File>* file;
    int level;         // SQLITE_LOCK_...
    bool uses_memory;  // has mapped the wal-index
};

namespace {

DiskVfs::Handle& handle_of(sqlite3_file* base) {
    return *reinterpret_cast<DiskVfs::Handle*>(base);
}

Disk& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<Disk*>(vfs->pAppData);
}

int full_path(sqlite3_vfs*, const char* path, int capacity, char* out) {
    sqlite3_snprintf(capacity, out, "%s", path);
    return SQLITE_OK;
}

// SQLite seeds its generator from the default VFS; this one only has to be there.
int no_randomness(sqlite3_vfs*, int length, char* out) {
    std::memset(out, 0, static_cast<std::size_t>(length));
    return length;
}

// Nothing sleeps here: a busy database is an answer, not a wait.
int no_sleep(sqlite3_vfs*, int microseconds) {
    return microseconds;
}

// A fixed day: no statement of the core asks SQLite for the time.
int fixed_time(sqlite3_vfs*, sqlite3_int64* out) {
    constexpr sqlite3_int64 kUnixEpochMs = 210'866'760'000'000LL;
    *out = kUnixEpochMs;
    return SQLITE_OK;
}

int fixed_time_days(sqlite3_vfs*, double* out) {
    *out = 2440587.5;
    return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
    return 0;
}
int file_control(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
    return 512;
}
// A torn write stops after some sectors and harms nothing beside them.
int characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}
void barrier(sqlite3_file*) {}

const sqlite3_io_methods kMethods = {
    2,
    DiskVfs::close,
    DiskVfs::read,
    DiskVfs::write,
    DiskVfs::truncate,
    DiskVfs::sync,
    DiskVfs::size,
    DiskVfs::lock,
    DiskVfs::unlock,
    DiskVfs::check_reserved,
    file_control,
    sector_size,
    characteristics,
    DiskVfs::map_memory,
    DiskVfs::lock_memory,
    barrier,
    DiskVfs::unmap_memory,
    nullptr,
    nullptr,
};

}  // namespace

std::unique_ptr<sqlite3_vfs> DiskVfs::make(Disk& disk, const std::string& name) {
    auto vfs = std::make_unique<sqlite3_vfs>();
    vfs->iVersion = 2;
    vfs->szOsFile = sizeof(Handle);
    vfs->mxPathname = 512;
    vfs->zName = name.c_str();
    vfs->pAppData = &disk;
    vfs->xOpen = open;
    vfs->xDelete = remove;
    vfs->xAccess = access;
    vfs->xFullPathname = full_path;
    vfs->xRandomness = no_randomness;
    vfs->xSleep = no_sleep;
    vfs->xCurrentTime = fixed_time_days;
    vfs->xCurrentTimeInt64 = fixed_time;
    vfs->xGetLastError = last_error;
    return vfs;
}

int DiskVfs::fate(Disk& disk, const char* where, int error) {
    if (!disk.connected_ || disk.owner_.crash_point(where)) return error;
    if (disk.owner_.world().tape().chance(disk.error_lane_)) {
        disk.owner_.emit("disk.error", {{"at", where}});
        return error;
    }
    return SQLITE_OK;
}

int DiskVfs::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags,
                  int* out_flags) {
    Disk& disk = disk_of(vfs);
    Handle& handle = handle_of(out);
    handle.base.pMethods = nullptr;
    if (!disk.connected_) return SQLITE_CANTOPEN;
    std::shared_ptr<Disk::File> file;
    if (path == nullptr) {
        file = std::make_shared<Disk::File>();
    } else if (const auto found = disk.storage_->files.find(path);
               found != disk.storage_->files.end()) {
        file = found->second;
    } else {
        if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
        file = std::make_shared<Disk::File>();
        disk.storage_->files.emplace(path, file);
    }
    handle.base.pMethods = &kMethods;
    handle.disk = &disk;
    handle.file = new std::shared_ptr<Disk::File>(std::move(file));
    handle.level = SQLITE_LOCK_NONE;
    handle.uses_memory = false;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
}

int DiskVfs::remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    Disk& disk = disk_of(vfs);
    const auto found = disk.storage_->files.find(path);
    if (found == disk.storage_->files.end()) return SQLITE_IOERR_DELETE_NOENT;
    if (const int error = fate(disk, "before a delete", SQLITE_IOERR_DELETE); error != SQLITE_OK) {
        return error;
    }
    disk.changes();
    disk.storage_->deleted[path] = found->second;
    disk.storage_->files.erase(found);
    if (sync_directory != 0) disk.storage_->deleted.clear();
    return SQLITE_OK;
}

int DiskVfs::access(sqlite3_vfs* vfs, const char* path, int, int* result) {
    *result = disk_of(vfs).storage_->files.contains(path) ? 1 : 0;
    return SQLITE_OK;
}

int DiskVfs::close(sqlite3_file* base) {
    Handle& handle = handle_of(base);
    unmap_memory(base, 0);
    unlock(base, SQLITE_LOCK_NONE);
    delete handle.file;
    handle.file = nullptr;
    return SQLITE_OK;
}

int DiskVfs::read(sqlite3_file* base, void* out, int length, sqlite3_int64 offset) {
    const Handle& handle = handle_of(base);
    if (!handle.disk->connected_) return SQLITE_IOERR_READ;
    handle.disk->sees();
    const std::vector<char>& content = (*handle.file)->content;
    const auto size = static_cast<sqlite3_int64>(content.size());
    const sqlite3_int64 there = std::clamp<sqlite3_int64>(size - offset, 0, length);
    if (there > 0) std::memcpy(out, content.data() + offset, static_cast<std::size_t>(there));
    if (there == length) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + there, 0, static_cast<std::size_t>(length - there));
    return SQLITE_IOERR_SHORT_READ;
}

int DiskVfs::write(sqlite3_file* base, const void* bytes, int length, sqlite3_int64 offset) {
    const Handle& handle = handle_of(base);
    if (const int error = fate(*handle.disk, "before a disk write", SQLITE_IOERR_WRITE);
        error != SQLITE_OK) {
        return error;
    }
    Disk& disk = *handle.disk;
    const bool full = disk.owner_.world().tape().chance(disk.full_lane_);
    if (full || disk.storage_->full) return SQLITE_FULL;
    disk.write(**handle.file, static_cast<const char*>(bytes), length, offset);
    disk.owner_.crash_point("after a disk write");
    return SQLITE_OK;
}

int DiskVfs::truncate(sqlite3_file* base, sqlite3_int64 size) {
    const Handle& handle = handle_of(base);
    if (const int error = fate(*handle.disk, "before a truncate", SQLITE_IOERR_TRUNCATE);
        error != SQLITE_OK) {
        return error;
    }
    handle.disk->truncate(**handle.file, size);
    return SQLITE_OK;
}

int DiskVfs::sync(sqlite3_file* base, int) {
    const Handle& handle = handle_of(base);
    if (const int error = fate(*handle.disk, "before a disk sync", SQLITE_IOERR_FSYNC);
        error != SQLITE_OK) {
        return error;
    }
    handle.disk->sync(**handle.file);
    // Past this point the data is safe even if the process never hears of it.
    handle.disk->owner_.crash_point("after a disk sync");
    return SQLITE_OK;
}

int DiskVfs::size(sqlite3_file* base, sqlite3_int64* out) {
    *out = static_cast<sqlite3_int64>((*handle_of(base).file)->content.size());
    return SQLITE_OK;
}

int DiskVfs::lock(sqlite3_file* base, int level) {
    Handle& handle = handle_of(base);
    if (handle.level >= level) return SQLITE_OK;
    // A connection keeps pages in its memory; but it asks whether they are still right, under a
    // lock.
    handle.disk->sees();
    Disk::Locks& locks = (*handle.file)->locks;
    const auto taken_by_other = [&](const void* owner) {
        return owner != nullptr && owner != &handle;
    };
    if (level == SQLITE_LOCK_SHARED) {
        if (taken_by_other(locks.pending) || taken_by_other(locks.exclusive)) return SQLITE_BUSY;
        ++locks.shared;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (taken_by_other(locks.reserved)) return SQLITE_BUSY;
        locks.reserved = &handle;
    } else {
        if (taken_by_other(locks.pending) || taken_by_other(locks.reserved)) return SQLITE_BUSY;
        locks.pending = &handle;
        if (locks.shared > 1) {
            handle.level = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        locks.exclusive = &handle;
    }
    handle.level = level;
    return SQLITE_OK;
}

int DiskVfs::unlock(sqlite3_file* base, int level) {
    Handle& handle = handle_of(base);
    if (handle.level <= level) return SQLITE_OK;
    Disk::Locks& locks = (*handle.file)->locks;
    if (locks.exclusive == &handle) locks.exclusive = nullptr;
    if (locks.pending == &handle) locks.pending = nullptr;
    if (locks.reserved == &handle) locks.reserved = nullptr;
    if (level == SQLITE_LOCK_NONE && handle.level >= SQLITE_LOCK_SHARED && locks.shared > 0) {
        --locks.shared;
    }
    handle.level = level;
    return SQLITE_OK;
}

int DiskVfs::check_reserved(sqlite3_file* base, int* out) {
    const Disk::Locks& locks = (*handle_of(base).file)->locks;
    *out = locks.reserved != nullptr || locks.pending != nullptr ? 1 : 0;
    return SQLITE_OK;
}

int DiskVfs::map_memory(sqlite3_file* base, int region, int size, int extend, void volatile** out) {
    Handle& handle = handle_of(base);
    Disk::SharedMemory& memory = (*handle.file)->memory;
    if (!handle.uses_memory) {
        handle.uses_memory = true;
        ++memory.users;
    }
    *out = nullptr;
    const auto index = static_cast<std::size_t>(region);
    if (memory.regions.size() <= index) {
        if (extend == 0) return SQLITE_OK;
        while (memory.regions.size() <= index) {
            memory.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
        }
    }
    *out = memory.regions[index].get();
    return SQLITE_OK;
}

int DiskVfs::lock_memory(sqlite3_file* base, int offset, int count, int flags) {
    Handle& handle = handle_of(base);
    Disk::SharedMemory& memory = (*handle.file)->memory;
    const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int slot = offset; slot < offset + count; ++slot) {
            if (shared && memory.shared[slot] > 0) --memory.shared[slot];
            if (!shared && memory.exclusive[slot] == &handle) memory.exclusive[slot] = nullptr;
        }
        return SQLITE_OK;
    }
    handle.disk->sees();
    for (int slot = offset; slot < offset + count; ++slot) {
        if (memory.exclusive[slot] != nullptr || (!shared && memory.shared[slot] > 0)) {
            return SQLITE_BUSY;
        }
    }
    for (int slot = offset; slot < offset + count; ++slot) {
        if (shared) {
            ++memory.shared[slot];
        } else {
            memory.exclusive[slot] = &handle;
        }
    }
    return SQLITE_OK;
}

int DiskVfs::unmap_memory(sqlite3_file* base, int) {
    Handle& handle = handle_of(base);
    if (!handle.uses_memory) return SQLITE_OK;
    handle.uses_memory = false;
    Disk::SharedMemory& memory = (*handle.file)->memory;
    for (const void*& owner : memory.exclusive) {
        if (owner == &handle) owner = nullptr;
    }
    if (--memory.users == 0) memory = {};
    return SQLITE_OK;
}

}  // namespace sim
