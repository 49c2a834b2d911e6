#include <sqlite3.h>

#include "properties/lifecycle_trial.hpp"
#include "reports/command_line.hpp"

int main(int count, char** words) {
    // Worlds in other threads need not wait for one counter of memory.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return reports::command_line(count, words, properties::lifecycle_harness());
}
