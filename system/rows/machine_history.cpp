#include "system/rows/machine_history.hpp"

namespace lifecycle {

void record_history(Tx& tx, std::string_view machine, Time at, std::string_view what,
                    std::string_view detail) {
    tx.run("INSERT INTO machine_history (machine, at, what, detail) VALUES (?, ?, ?, ?)",
           {machine, count_of(at), what, detail});
}

std::vector<HistoryEntry> history_of(ReadTx& tx, std::string_view machine, const Page& page) {
    return tx.all(
        "SELECT id, at, what, detail FROM machine_history WHERE machine = ? AND id > ?"
        " ORDER BY id LIMIT ?",
        {machine, page.after, page.limit}, [](const Row& row) {
            return HistoryEntry{row.integer(0), row.time_at(1), row.text(2), row.text(3)};
        });
}

}  // namespace lifecycle
