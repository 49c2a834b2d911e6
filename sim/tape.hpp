#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The decision tape. Everything in a world that could go more than one way is drawn from it, so
// that a run is the calm run plus the list of draws that were not 0.
namespace sim {

enum class LaneId : std::uint32_t {};

// What a lane decides, and so how a source of deviations should treat it. A choice has no better or
// worse value (which task runs next); a fault is something that goes wrong, at `rate` per draw.
// The rate guides sources only: a recorded deviation holds whatever the rate was.
struct LaneKind {
    std::string_view name;  // such as "net.loss": what switches and counts refer to; a literal
    bool fault = false;
    std::uint32_t rate_numerator = 1;
    std::uint32_t rate_denominator = 1;
};

constexpr LaneKind choice(std::string_view name) {
    return {name, false, 1, 1};
}
constexpr LaneKind fault(std::string_view name, std::uint32_t numerator,
                         std::uint32_t denominator) {
    return {name, true, numerator, denominator};
}

// One draw that did not take its benign default.
struct Deviation {
    std::string lane;
    std::uint64_t index = 0;  // which draw of that lane, from 0
    std::uint64_t value = 0;  // what it gave; never 0
    friend bool operator==(const Deviation&, const Deviation&) = default;
};

// Where deviations come from: a seed, a recording, the bytes of a fuzzer.
class Source {
  public:
    virtual ~Source() = default;
    // Called once for each lane, before its first draw. The answer comes back as `handle` in
    // choose().
    virtual std::uint64_t open(std::string_view lane, const LaneKind& kind) = 0;
    // The value of draw number `index` of the lane. At or beyond `bound` counts as bound - 1.
    virtual std::uint64_t choose(std::uint64_t handle, std::uint64_t index,
                                 std::uint64_t bound) = 0;
};

// The calm run: every draw is 0.
class CalmSource final : public Source {
  public:
    std::uint64_t open(std::string_view, const LaneKind&) override { return 0; }
    std::uint64_t choose(std::uint64_t, std::uint64_t, std::uint64_t) override { return 0; }
};

// Replays recorded deviations by lane; any other draw is 0.
class RecordedSource final : public Source {
  public:
    explicit RecordedSource(const std::vector<Deviation>& deviations);
    std::uint64_t open(std::string_view lane, const LaneKind& kind) override;
    std::uint64_t choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) override;

  private:
    using Values = std::map<std::uint64_t, std::uint64_t>;
    std::map<std::string, Values, std::less<>> recorded_;
    std::vector<const Values*> opened_;
};

// Consumes two bytes a draw in the order of the draws, and 0 when they run out. Made for engines
// that mutate byte strings. A fault needs a rare byte, so that short inputs stay mostly calm.
class ByteSource final : public Source {
  public:
    explicit ByteSource(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t open(std::string_view lane, const LaneKind& kind) override;
    std::uint64_t choose(std::uint64_t handle, std::uint64_t index, std::uint64_t bound) override;

  private:
    std::vector<std::uint8_t> bytes_;
    std::size_t next_ = 0;
};

class Tape {
  public:
    enum class Recording : std::uint8_t { off, on };

    explicit Tape(std::unique_ptr<Source> source, Recording recording = Recording::off);

    // Opens the lane of that name, or finds it again; the kind of the first opening stays.
    LaneId lane(std::string_view name, const LaneKind& kind);

    // The next decision of the lane: 0, the benign default, up to bound - 1. A bound of 1 or 0 is
    // no decision: it gives 0 and counts nothing.
    std::uint64_t draw(LaneId lane, std::uint64_t bound);

    // A decision between no (the default) and yes.
    bool chance(LaneId lane) { return draw(lane, 2) != 0; }

    // Which faults may happen, by the beginning of their kind's name ("net." or "crash"). A fault
    // that is not allowed is not a decision at all. Without a call, all are allowed.
    void allow_faults(std::vector<std::string> prefixes);

    // From now on no fault happens: the calm after the storm.
    void calm_faults() { allow_faults({}); }

    // How many draws were made, and how many of them were not 0.
    std::uint64_t decisions() const { return decisions_; }
    std::uint64_t deviation_count() const { return deviation_count_; }

    // All deviations so far in the order in which they were drawn. Empty unless recording.
    std::vector<Deviation> deviations() const;

    // How often each kind of fault struck, by kind name.
    std::map<std::string, std::uint64_t> fault_counts() const;

  private:
    struct Lane {
        std::string name;
        LaneKind kind;
        std::uint64_t handle = 0;
        std::uint64_t drawn = 0;
        std::uint64_t struck = 0;
        bool enabled = true;
    };
    struct Entry {
        LaneId lane;
        std::uint64_t index;
        std::uint64_t value;
    };

    bool allowed(const LaneKind& kind) const;

    std::unique_ptr<Source> source_;
    Recording recording_;
    bool all_faults_ = true;
    std::vector<std::string> allowed_;
    std::vector<Lane> lanes_;
    std::map<std::string, LaneId, std::less<>> by_name_;
    std::vector<Entry> recorded_;
    std::uint64_t decisions_ = 0;
    std::uint64_t deviation_count_ = 0;
};

}  // namespace sim
