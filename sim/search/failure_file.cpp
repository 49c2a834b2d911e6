#include "sim/search/failure_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <tuple>

#include "sim/search/explain.hpp"

namespace sim::search {
namespace {

using nlohmann::json;

constexpr int kVersion = 2;
constexpr const char* kFormat = "vivarium-failure";

Error bad_file(const std::string& path, std::string_view why) {
    return {fmt::format("{} is no failure file: {}", path, why),
            "give a file that `explore` wrote"};
}

// A decision is two hexadecimal digits; from lane 255 on it is ff and six.
constexpr std::uint32_t kLong = 255;

std::string encode(const std::vector<std::uint32_t>& drawn) {
    std::string text;
    for (const std::uint32_t lane : drawn) {
        text += lane < kLong ? fmt::format("{:02x}", lane) : fmt::format("ff{:06x}", lane);
    }
    return text;
}

std::uint32_t hex_number(std::string_view digits) {
    std::uint32_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        throw std::runtime_error("its decisions are not hexadecimal");
    }
    return number;
}

std::vector<std::uint32_t> decode(std::string_view text, std::size_t lanes) {
    std::vector<std::uint32_t> drawn;
    while (!text.empty()) {
        std::uint32_t lane = hex_number(text.substr(0, 2));
        const std::size_t used = lane < kLong ? 2 : 8;
        if (text.size() < used) throw std::runtime_error("its decisions are cut off");
        if (lane == kLong) lane = hex_number(text.substr(2, 6));
        if (lane >= lanes)
            throw std::runtime_error("a decision is of a lane that it does not name");
        drawn.push_back(lane);
        text.remove_prefix(used);
    }
    return drawn;
}

std::uint64_t hash_of(const std::string& digits) {
    std::uint64_t hash = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), hash, 16);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.size() != 16) {
        throw std::runtime_error("its hash is not 16 hexadecimal digits");
    }
    return hash;
}

// Of everything else that the file says: a flipped bit must not make another run of it.
std::string digest_of(json file) {
    file.erase("digest");
    return to_hex(hash(file.dump(-1, ' ', false, json::error_handler_t::replace)));
}

// Throws json's own exceptions, which parse_failure turns into one line.
Failure failure_of(const json& file) {
    if (file.at("digest") != digest_of(file)) {
        throw std::runtime_error("its digest is of another content, so it was changed or damaged");
    }
    Failure failure;
    failure.scenario = file.at("scenario").get<std::string>();
    failure.origin = file.at("origin").get<std::string>();
    failure.seed = file.at("seed").get<std::uint64_t>();
    failure.property = file.at("property").get<std::string>();
    failure.message = file.at("message").get<std::string>();
    failure.build = file.at("build").get<std::string>();
    failure.hash = hash_of(file.at("hash").get<std::string>());
    if (file.contains("faults")) {
        failure.faults = file["faults"].get<std::vector<std::string>>();
    }
    if (file.contains("bug")) failure.bug = file["bug"].get<std::string>();
    const json& tape = file.at("tape");
    if (!tape.is_array()) throw std::runtime_error("its tape is not a list of deviations");
    for (const json& drawn : tape) {
        Deviation deviation{drawn.at(0).get<std::string>(), drawn.at(1).get<std::uint64_t>(),
                            drawn.at(2).get<std::uint64_t>()};
        if (deviation.value == 0) throw std::runtime_error("a deviation of its tape is none");
        failure.deviations.push_back(std::move(deviation));
    }
    failure.decisions.lanes = file.at("lanes").get<std::vector<std::string>>();
    failure.decisions.drawn =
        decode(file.at("decisions").get_ref<const std::string&>(), failure.decisions.lanes.size());
    return failure;
}

}  // namespace

std::string to_hex(std::uint64_t hash) {
    return fmt::format("{:016x}", hash);
}

DecisionLog decision_log(const Recorder& run) {
    DecisionLog log;
    for (std::uint32_t lane = 0; lane < run.lane_count(); ++lane) {
        log.lanes.push_back(run.lane_name(LaneId{lane}));
    }
    for (const DrawPoint& draw : run.draws()) {
        log.drawn.push_back(static_cast<std::uint32_t>(draw.lane));
    }
    return log;
}

std::string first_divergence(const DecisionLog& recorded, const DecisionLog& now) {
    const std::size_t both = std::min(recorded.drawn.size(), now.drawn.size());
    for (std::size_t i = 0; i < both; ++i) {
        const std::string& then = recorded.lanes[recorded.drawn[i]];
        const std::string& asked = now.lanes[now.drawn[i]];
        if (then != asked) {
            return fmt::format("decision {} was `{}`, the code now asks `{}`", i, then, asked);
        }
    }
    if (recorded.drawn.size() == now.drawn.size()) return {};
    return fmt::format("the recorded run made {} decisions, this one {}, alike as far as both go",
                       recorded.drawn.size(), now.drawn.size());
}

std::size_t unmet(const std::vector<Deviation>& deviations, const Recorder& run) {
    std::set<std::tuple<std::string_view, std::uint64_t, std::uint64_t>> drawn;
    for (const DrawPoint& draw : run.draws()) {
        if (draw.value != 0) drawn.emplace(run.lane_name(draw.lane), draw.index, draw.value);
    }
    return static_cast<std::size_t>(
        std::ranges::count_if(deviations, [&](const Deviation& deviation) {
            return !drawn.contains({deviation.lane, deviation.index, deviation.value});
        }));
}

Failure record_failure(const Scenario& scenario, std::unique_ptr<Source> source,
                       const std::optional<std::vector<std::string>>& faults) {
    Recorder recorder;
    RunOptions options;
    options.record_tape = true;
    options.keep_events = true;
    options.recorder = &recorder;
    options.faults = faults;
    RunResult result = run(scenario, std::move(source), options);
    Failure failure;
    failure.scenario = scenario.name;
    if (!result.held()) {
        failure.property = result.violations[0].property;
        failure.message = result.violations[0].message;
    }
    failure.hash = result.hash;
    failure.faults = faults;
    failure.deviations = std::move(result.deviations);
    failure.explanation = explain(result.events);
    failure.decisions = decision_log(recorder);
    return failure;
}

Result<void> write_failure(const std::string& path, const Failure& failure) {
    json tape = json::array();
    for (const Deviation& deviation : failure.deviations) {
        tape.push_back({deviation.lane, deviation.index, deviation.value});
    }
    nlohmann::ordered_json file = {{"format", kFormat},
                                   {"version", kVersion},
                                   {"scenario", failure.scenario},
                                   {"origin", failure.origin},
                                   {"seed", failure.seed},
                                   {"property", failure.property},
                                   {"message", failure.message},
                                   {"hash", to_hex(failure.hash)},
                                   {"build", failure.build},
                                   {"explanation", failure.explanation},
                                   {"tape", tape},
                                   {"lanes", failure.decisions.lanes},
                                   {"decisions", encode(failure.decisions.drawn)}};
    if (failure.faults) file["faults"] = *failure.faults;
    if (!failure.bug.empty()) file["bug"] = failure.bug;
    file["digest"] = digest_of(file);
    std::ofstream out(path, std::ios::binary);
    out << file.dump(1, ' ', false, json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) {
        return std::unexpected(Error{fmt::format("cannot write {}: {}", path, strerror(errno)),
                                     "name a folder that can be written"});
    }
    return {};
}

Result<Failure> parse_failure(std::string_view text, const std::string& path,
                              std::span<const Scenario> known) {
    const json file = json::parse(text, nullptr, false);
    if (file.is_discarded()) {
        return std::unexpected(bad_file(path, "it is not JSON, or was cut off"));
    }
    if (!file.is_object() || file.value("format", json()) != kFormat) {
        return std::unexpected(bad_file(path, "it does not say that it is one"));
    }
    if (file.value("version", json()) != kVersion) {
        return std::unexpected(bad_file(
            path, fmt::format("its version is not {}, which this program reads", kVersion)));
    }
    try {
        Failure failure = failure_of(file);
        if (find_scenario(known, failure.scenario) == nullptr) {
            return std::unexpected(
                bad_file(path, fmt::format("there is no scenario \"{}\" here", failure.scenario)));
        }
        return failure;
    } catch (const std::exception& wrong) {
        return std::unexpected(bad_file(path, wrong.what()));
    }
}

Result<Failure> read_failure(const std::string& path, std::span<const Scenario> known) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        return std::unexpected(Error{fmt::format("cannot read {}: {}", path, strerror(errno)),
                                     "give a file that `explore` wrote"});
    }
    return parse_failure(text.str(), path, known);
}

}  // namespace sim::search
