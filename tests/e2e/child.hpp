#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace e2e {

// A program that the test has started, killed with the test.
class Child {
  public:
    // Its standard output and error can be read line by line.
    explicit Child(const std::vector<std::string>& command);
    // Only its standard output; that is its standard error, or it has none (-1).
    Child(const std::vector<std::string>& command, int standard_error);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // The rest of the first line from now on that contains the text; empty if none comes within ten
    // seconds, or before the program ends.
    std::string wait_for(const std::string& text);
    // Everything that it has printed and nobody waited for.
    std::string remaining_output();

    void send_signal(int signal);
    // Waits for its end, and kills it after a minute; the exit code, or minus the signal.
    int wait();

  private:
    static constexpr int kToUs = -2;
    void start(const std::vector<std::string>& command, int standard_error);
    bool read_some(int milliseconds);

    pid_t pid_ = -1;
    int output_ = -1;
    std::string buffer_;
    bool ended_ = false;
};

}  // namespace e2e
