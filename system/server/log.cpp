#include "system/server/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <nlohmann/json.hpp>

namespace lifecycle::server {
namespace {

constexpr std::size_t kMaxPendingBytes = 1'048'576;

}  // namespace

void LineWriter::write(std::string_view line) {
    if (pending_.size() + line.size() > kMaxPendingBytes) {
        flush();
        if (pending_.size() + line.size() > kMaxPendingBytes) {
            ++lost_;
            return;
        }
    }
    pending_.append(line);
    pending_.push_back('\n');
    flush();
    if (lost_ == told_lost_ || !pending_.empty()) return;
    const std::uint64_t told = lost_;
    pending_ = fmt::format(R"({{"event":"log.lost","facts":{{"lines":{}}}}})", told) + "\n";
    flush();
    // This line is not one of those that were lost, if it is lost too.
    if (lost_ == told) told_lost_ = told;
    lost_ = told;
}

void LineWriter::flush() {
    // poll() passes over what is no descriptor, as if it were only not ready.
    if (descriptor_ < 0) return give_up();
    while (!pending_.empty()) {
        pollfd ready{descriptor_, POLLOUT, 0};
        if (poll(&ready, 1, 0) == 0) return;
        // A pipe that is ready takes that much without waiting.
        const ssize_t length =
            ::write(descriptor_, pending_.data(), std::min<std::size_t>(pending_.size(), PIPE_BUF));
        if (length > 0) {
            in_a_line_ = pending_[static_cast<std::size_t>(length) - 1] != '\n';
            pending_.erase(0, static_cast<std::size_t>(length));
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            return give_up();
        }
    }
}

void LineWriter::give_up() {
    const bool only_an_end = pending_.starts_with('\n');
    const auto ends = std::count(pending_.begin(), pending_.end(), '\n');
    lost_ += static_cast<std::uint64_t>(ends) - (only_an_end ? 1 : 0);
    // Whatever gets through next does not go on where a line was torn.
    pending_ = in_a_line_ ? "\n" : "";
}

std::string log_line(Time at, std::string_view name, std::span<const Fact> facts) {
    nlohmann::ordered_json told = nlohmann::ordered_json::object();
    for (const Fact& fact : facts) {
        if (const auto* number = std::get_if<std::int64_t>(&fact.value)) {
            told[std::string(fact.name)] = *number;
        } else {
            told[std::string(fact.name)] = std::get<std::string_view>(fact.value);
        }
    }
    const nlohmann::ordered_json line = {
        {"at_us", at.time_since_epoch().count()}, {"event", name}, {"facts", std::move(told)}};
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

LogTelemetry::LogTelemetry(const Clock& clock) : clock_(clock), lines_(STDERR_FILENO) {}

void LogTelemetry::record(std::string_view name, std::span<const Fact> facts) {
    lines_.write(log_line(clock_.wall(), name, facts));
}

void secure_standard_streams() {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        // The lowest free number is taken: this one, as those below are open by now.
        if (fcntl(number, F_GETFD) == -1) static_cast<void>(open("/dev/null", O_RDWR));
    }
    std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace lifecycle::server
