#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "system/ports/clock.hpp"
#include "system/ports/telemetry.hpp"

namespace lifecycle::server {

// Writes lines to a file descriptor, and neither waits nor fails: what nobody takes is kept up to a
// megabyte, and lost after that. Lines that were lost are counted, and the count is written once
// lines get through again.
class LineWriter {
  public:
    explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

    // The line without its end.
    void write(std::string_view line);
    std::uint64_t lost() const { return lost_; }

  private:
    void flush();
    void give_up();

    int descriptor_;
    std::string pending_;
    std::uint64_t lost_ = 0;
    std::uint64_t told_lost_ = 0;
    bool in_a_line_ = false;  // what came through last was not the end of one
};

// {"at_us": ..., "event": name, "facts": {...}}: facts are in an object of their own, so that none
// can take the place of what every line has.
std::string log_line(Time at, std::string_view name, std::span<const Fact> facts);

// One such line on standard error for all that the core tells.
class LogTelemetry final : public Telemetry {
  public:
    explicit LogTelemetry(const Clock& clock);
    using Telemetry::record;
    void record(std::string_view name, std::span<const Fact> facts) override;

  private:
    const Clock& clock_;
    LineWriter lines_;
};

// Gives standard input, output and error a place to go if the process was started without, so that
// no database or connection takes their numbers; and lets writes to a reader that is gone fail
// instead of ending the process.
void secure_standard_streams();

}  // namespace lifecycle::server
