#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "properties/run.hpp"

namespace properties {

// A broken run as a file: enough to replay it without its seed. JSON.
struct Failure {
    std::string scenario;
    std::uint64_t seed = 0;  // where it came from; the replay uses the tape
    std::string property;
    std::string message;
    std::uint64_t hash = 0;
    std::vector<sim::Deviation> deviations;
};

// Writes the file; an error names what could not be written and why.
lifecycle::Result<void> write_failure(const std::string& path, const Failure& failure);

// Reads one back. Anything but a whole failure file of a known version and scenario is an error of
// one line.
lifecycle::Result<Failure> read_failure(const std::string& path);
lifecycle::Result<Failure> parse_failure(std::string_view text, const std::string& path);

std::string to_hex(std::uint64_t hash);

}  // namespace properties
