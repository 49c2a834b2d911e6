#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "sim/disk/disk.hpp"

namespace sim {

// The functions by which SQLite calls a Disk. Nobody but Disk uses them.
struct DiskVfs {
    // A VFS of that name over the disk, not yet registered. The name must outlive it.
    static std::unique_ptr<sqlite3_vfs> make(Disk& disk, const std::string& name);

    struct Handle;
    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags,
                    int* out_flags);
    static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory);
    static int access(sqlite3_vfs* vfs, const char* path, int flags, int* result);

    static int close(sqlite3_file* base);
    static int read(sqlite3_file* base, void* out, int length, sqlite3_int64 offset);
    static int write(sqlite3_file* base, const void* bytes, int length, sqlite3_int64 offset);
    static int truncate(sqlite3_file* base, sqlite3_int64 size);
    static int sync(sqlite3_file* base, int flags);
    static int size(sqlite3_file* base, sqlite3_int64* out);
    static int lock(sqlite3_file* base, int level);
    static int unlock(sqlite3_file* base, int level);
    static int check_reserved(sqlite3_file* base, int* out);
    static int map_memory(sqlite3_file* base, int region, int size, int extend,
                          void volatile** out);
    static int lock_memory(sqlite3_file* base, int offset, int count, int flags);
    static int unmap_memory(sqlite3_file* base, int remove);

  private:
    // SQLITE_OK, or the error that this operation meets: a cut disk, a crash, a drawn failure.
    static int fate(Disk& disk, const char* where, int error);
};

}  // namespace sim
