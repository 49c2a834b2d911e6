#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/search/explore.hpp"
#include "sim/search/session.hpp"

// What people read of runs.
namespace reports {

// The events that tell what happened, without the messages that went well; the last `most` of them.
std::string story(const std::vector<sim::KeptEvent>& events, std::size_t most);

// Verdict, figures and, if something broke, what.
std::string summary(const std::string& scenario, const std::string& origin,
                    std::string_view verdict, const sim::search::RunResult& result);

// Totals of an exploration.
std::string summary(const sim::search::Exploration& exploration);

// Whether somebody watches: a long command shows how far it is on a terminal, and nowhere else.
bool shows_progress(bool quiet, bool json);

// "runs 12, steps 345".
std::string counts(const std::map<std::string, std::uint64_t>& counts);

// One line for each behaviour that was seen, the rarest first.
std::string behaviours(const std::map<std::string, std::uint64_t>& seen);

// The first event in which two runs of the same tape differ; empty if they do not.
std::string first_difference(const std::vector<sim::KeptEvent>& first,
                             const std::vector<sim::KeptEvent>& second);

}  // namespace reports
