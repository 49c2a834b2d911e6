#include "tests/e2e/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace e2e {

Child::Child(const std::vector<std::string>& command) {
    start(command, kToUs);
}

Child::Child(const std::vector<std::string>& command, int standard_error) {
    start(command, standard_error);
}

void Child::start(const std::vector<std::string>& command, int standard_error) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pipe_ends[1], STDOUT_FILENO);
        if (standard_error == -1) {
            close(STDERR_FILENO);
        } else {
            dup2(standard_error == kToUs ? pipe_ends[1] : standard_error, STDERR_FILENO);
        }
        execv(words[0], words.data());
        _exit(127);
    }
    close(pipe_ends[1]);
    output_ = pipe_ends[0];
}

Child::~Child() {
    if (!ended_) {
        kill(pid_, SIGKILL);
        wait();
    }
    close(output_);
}

bool Child::read_some(int milliseconds) {
    pollfd waiting{output_, POLLIN, 0};
    if (poll(&waiting, 1, milliseconds) <= 0) return false;
    char bytes[4096];
    const ssize_t length = read(output_, bytes, sizeof bytes);
    if (length <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(length));
    return true;
}

std::string Child::wait_for(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (;;) {
        for (std::size_t end = buffer_.find('\n'); end != std::string::npos;
             end = buffer_.find('\n')) {
            const std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            if (const auto at = line.find(text); at != std::string::npos) {
                return line.substr(at + text.size());
            }
        }
        if (std::chrono::steady_clock::now() > deadline || !read_some(10'000)) return {};
    }
}

std::string Child::remaining_output() {
    while (read_some(100)) {
    }
    return buffer_;
}

void Child::send_signal(int signal) {
    kill(pid_, signal);
}

int Child::wait() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > deadline) kill(pid_, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ended_ = true;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace e2e
