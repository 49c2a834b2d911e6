#pragma once

#include <memory>
#include <string>

struct sqlite3;

namespace sim {

class Process;

struct CloseDatabase {
    void operator()(sqlite3* database) const;
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// A database on the disk of that process, made if it is not there, for the program that runs now:
// it has to be closed before the process boots again. Null if it cannot be opened. A program that
// dies in the middle of a call gets an I/O error from it, and so does one whose disk fails.
Database open_database(Process& process, const std::string& path);

}  // namespace sim
