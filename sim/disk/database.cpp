#include "sim/disk/database.hpp"

#include <sqlite3.h>

#include "sim/disk/disk.hpp"
#include "sim/world/process.hpp"

namespace sim {

void CloseDatabase::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

Database open_database(Process& process, const std::string& path) {
    sqlite3* opened = nullptr;
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code =
        sqlite3_open_v2(path.c_str(), &opened, kFlags, process.disk().vfs_name().c_str());
    Database database(opened);
    if (code != SQLITE_OK) database.reset();
    return database;
}

}  // namespace sim
