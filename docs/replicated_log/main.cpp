#include "reports/command_line.hpp"
#include "trial.hpp"

int main(int count, char** words) {
    return reports::command_line(count, words, replicated_log::harness());
}
