#include "properties/failure_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace properties {
namespace {

using lifecycle::Error;
using lifecycle::ErrorCode;
using nlohmann::json;

constexpr int kVersion = 1;
constexpr const char* kFormat = "vivarium-failure";

Error bad_file(const std::string& path, std::string_view why) {
    return {ErrorCode::bad_request, fmt::format("{} is no failure file: {}", path, why),
            "give a file that `vivarium explore` wrote"};
}

// Throws json's own exceptions, which parse_failure turns into one line.
Failure failure_of(const json& file) {
    Failure failure;
    failure.scenario = file.at("scenario").get<std::string>();
    failure.seed = file.at("seed").get<std::uint64_t>();
    failure.property = file.at("property").get<std::string>();
    failure.message = file.at("message").get<std::string>();
    const auto hash = file.at("hash").get<std::string>();
    const auto [end, error] =
        std::from_chars(hash.data(), hash.data() + hash.size(), failure.hash, 16);
    if (error != std::errc() || end != hash.data() + hash.size() || hash.size() != 16) {
        throw std::runtime_error("its hash is not 16 hexadecimal digits");
    }
    const json& lanes = file.at("tape");
    if (!lanes.is_object()) throw std::runtime_error("its tape is not an object of lanes");
    for (const auto& [lane, draws] : lanes.items()) {
        if (!draws.is_array()) throw std::runtime_error("a lane of its tape is not a list");
        for (const json& draw : draws) {
            const auto index = draw.at(0).get<std::uint64_t>();
            const auto value = draw.at(1).get<std::uint64_t>();
            failure.deviations.push_back({lane, index, value});
        }
    }
    return failure;
}

}  // namespace

std::string to_hex(std::uint64_t hash) {
    return fmt::format("{:016x}", hash);
}

lifecycle::Result<void> write_failure(const std::string& path, const Failure& failure) {
    json lanes = json::object();
    for (const sim::Deviation& deviation : failure.deviations) {
        lanes[deviation.lane].push_back({deviation.index, deviation.value});
    }
    const json file = {{"format", kFormat},
                       {"version", kVersion},
                       {"scenario", failure.scenario},
                       {"seed", failure.seed},
                       {"property", failure.property},
                       {"message", failure.message},
                       {"hash", to_hex(failure.hash)},
                       {"tape", lanes}};
    std::ofstream out(path, std::ios::binary);
    out << file.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     fmt::format("cannot write {}: {}", path, strerror(errno)),
                                     "name a folder that can be written"));
    }
    return {};
}

lifecycle::Result<Failure> parse_failure(std::string_view text, const std::string& path) {
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
        if (scenarios::find_scenario(failure.scenario) == nullptr) {
            return std::unexpected(
                bad_file(path, fmt::format("there is no scenario \"{}\" here", failure.scenario)));
        }
        return failure;
    } catch (const std::exception& wrong) {
        return std::unexpected(bad_file(path, wrong.what()));
    }
}

lifecycle::Result<Failure> read_failure(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        return std::unexpected(Error(ErrorCode::bad_request,
                                     fmt::format("cannot read {}: {}", path, strerror(errno)),
                                     "give a file that `vivarium explore` wrote"));
    }
    return parse_failure(text.str(), path);
}

}  // namespace properties
