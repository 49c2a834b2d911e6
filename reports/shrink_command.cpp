#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/build_identity.hpp"
#include "reports/commands.hpp"
#include "reports/found.hpp"
#include "reports/input.hpp"
#include "reports/interrupt.hpp"
#include "reports/text.hpp"
#include "sim/search/failure_file.hpp"
#include "sim/search/harness.hpp"

namespace reports {

using nlohmann::json;
using sim::search::Result;

Result<int> shrink(const sim::search::Harness& harness, const ShrinkArguments& arguments) {
    const auto failure = sim::search::read_failure(arguments.file, harness.scenarios);
    if (!failure) return std::unexpected(failure.error());
    const bool live = shows_progress(arguments.quiet, arguments.json);
    catch_interrupts();
    const ShrunkFailure shrunk = shrink_failure(harness, *failure, arguments.max_runs, live);
    if (!shrunk.reproduced) {
        return std::unexpected(bad_input(
            fmt::format("{} does not break {} in this code", arguments.file, failure->property),
            fmt::format("see `{} replay {}` for where it goes another way", program(),
                        arguments.file)));
    }
    const std::string path = arguments.out.empty() ? shrunk_path(arguments.file) : arguments.out;
    if (const auto written = sim::search::write_failure(path, shrunk.failure); !written) {
        return std::unexpected(written.error());
    }
    if (arguments.json) {
        fmt::print("{}\n", json{{"property", shrunk.failure.property},
                                {"before", shrunk.before},
                                {"after", shrunk.failure.deviations.size()},
                                {"runs", shrunk.runs},
                                {"minimal", shrunk.minimal},
                                {"explanation", shrunk.failure.explanation},
                                {"file", path}}
                               .dump());
        return 0;
    }
    fmt::print("{} breaks {}: {}\n", shrunk.failure.scenario, shrunk.failure.property,
               shrunk.failure.message);
    fmt::print("{} deviations shrunk to {} in {} runs{}:\n", shrunk.before,
               shrunk.failure.deviations.size(), shrunk.runs,
               shrunk.minimal ? "; none of these can be taken away" : ", stopped before the end");
    for (const std::string& line : shrunk.failure.explanation) fmt::print("  {}\n", line);
    fmt::print("{}", replay_line(path));
    return 0;
}

}  // namespace reports
