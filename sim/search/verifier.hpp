#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/search/verify.hpp"

namespace sim::search {

using Deviations = std::vector<Deviation>;

inline constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

// One run, and what may come after its last deviation.
struct Node {
    Deviations deviations;
    RunResult result;
    Recorder recorder;
    std::size_t after = 0;  // the first draw behind the last deviation
    // From this draw on another run is extended in its place.
    std::size_t until = kNever;

    Deviation at(std::size_t draw, std::uint64_t value) const {
        const DrawPoint& point = recorder.draws()[draw];
        return {recorder.lane_name(point.lane), point.index, value};
    }
    const LaneKind& kind(std::size_t draw) const {
        return recorder.lane_kind(recorder.draws()[draw].lane);
    }
};

// What is the same for all that is verified: one unit of work for each first deviation, shared out
// over shards and threads, and the sum of what came of them.
class Verifier {
  public:
    Verifier(const std::string& name, const Subject& subject, const VerifyOptions& options);
    virtual ~Verifier() = default;
    Verification verify();

  protected:
    // Whether draws of a kind are what this verification deviates from: by default, of those asked
    // for.
    virtual bool may_deviate(const LaneKind& kind) const;
    // Before the units: all first deviations are known.
    virtual void prepare(const Node& calm) = 0;
    // All runs that begin with that first deviation.
    virtual void work(std::uint64_t number, VerifyUnit& unit) = 0;

    Node play(Deviations deviations) const;
    // Every way to deviate once more.
    std::vector<Deviations> extensions(const Node& node) const;
    void note(const Node& node, VerifyUnit& unit);
    bool interrupted() const { return options_.stop && options_.stop(); }
    bool stopped() const {
        return interrupted() || (options_.stop_after > 0 && broken_.load() >= options_.stop_after);
    }

    const VerifyOptions& options_;
    std::vector<Deviations> firsts_;  // one for each unit

  private:
    // A kind that was asked for, and whether some draw of it could deviate.
    struct Asked {
        explicit Asked(std::string kind) : name(std::move(kind)) {}
        std::string name;
        std::atomic<bool> met{false};
    };

    void meet(const LaneKind& kind) const;
    void finish(std::uint64_t number);
    void add(VerifyUnit& unit);

    const std::string& name_;
    const Subject& subject_;
    mutable std::deque<Asked> asked_;
    std::mutex mutex_;
    std::atomic<std::uint64_t> broken_{0};
    std::uint64_t runs_ = 0;
    std::map<std::uint64_t, VerifyUnit> units_;
    Verification sum_;
};

// Deviates from any draw, up to so many times in a run.
std::unique_ptr<Verifier> deviation_verifier(const std::string& name, const Subject& subject,
                                             const VerifyOptions& options);
// Crashes once, or twice.
std::unique_ptr<Verifier> crash_verifier(const std::string& name, const Subject& subject,
                                         const VerifyOptions& options);

}  // namespace sim::search
