#include "reports/command_line.hpp"

struct Counter : sim::search::SimpleTrial {
    int value = 0;
    void add_one(sim::Process& client) {
        client.post([&] { client.post([this, read = value] { value = read + 1; }); });
    }
    void begin() override { add_one(add_process("one")), add_one(add_process("two")); }
    void judge() override { expect(value == 2, "no-lost-update"); }
};

int main(int count, char** words) {
    return reports::command_line<Counter>(count, words, "counter");
}
