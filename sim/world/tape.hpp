#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The decision tape. Everything in a world that could go more than one way is drawn from it, so
// that a run is the calm run plus the list of draws that were not 0.
namespace sim {

enum class LaneId : std::uint32_t {};

// A chain of tasks in which each was begun by the one before: what a thread is elsewhere.
enum class FlowId : std::uint32_t {};

class Recorder;

// What the draws of a lane have an effect on. Whoever has to know asks for this and not for a name.
enum class Effect : std::uint8_t {
    program,  // what a program draws for itself, and the services that it calls
    order,    // which of the tasks that are ready goes on
    crash,    // a process dies where it is
    disk,     // what a disk refuses, and what it keeps of what was not synced
    network,
    pause,  // a process sleeps
    clock,  // what time a host takes it to be
};

// What a lane decides, and so how a source of deviations should treat it. A choice has no better or
// worse value (which task runs next); a fault is something that goes wrong, at `rate` per draw.
// The rate guides sources only: a recorded deviation holds whatever the rate was.
struct LaneKind {
    using Words = std::string (*)(std::uint64_t value);

    std::string_view name;  // such as "net.loss": what switches and counts refer to; a literal
    Effect effect = Effect::program;
    bool fault = false;
    std::uint32_t rate_numerator = 1;
    std::uint32_t rate_denominator = 1;
    // The values that stand for all others where runs are enumerated. Empty: every value, or the
    // last one where there are more than eight. Of static storage.
    std::span<const std::uint64_t> representative_values = {};
    // What a value means, as the end of a sentence about the lane: "takes 12.5 ms".
    Words words = nullptr;
};

constexpr LaneKind choice(Effect effect, std::string_view name, LaneKind::Words words = nullptr,
                          std::span<const std::uint64_t> representative_values = {}) {
    return {name, effect, false, 1, 1, representative_values, words};
}
constexpr LaneKind choice(std::string_view name, LaneKind::Words words = nullptr,
                          std::span<const std::uint64_t> representative_values = {}) {
    return choice(Effect::program, name, words, representative_values);
}
constexpr LaneKind fault(Effect effect, std::string_view name, std::uint32_t numerator,
                         std::uint32_t denominator, LaneKind::Words words = nullptr,
                         std::span<const std::uint64_t> representative_values = {}) {
    return {name, effect, true, numerator, denominator, representative_values, words};
}
constexpr LaneKind fault(std::string_view name, std::uint32_t numerator, std::uint32_t denominator,
                         LaneKind::Words words = nullptr,
                         std::span<const std::uint64_t> representative_values = {}) {
    return fault(Effect::program, name, numerator, denominator, words, representative_values);
}

// Whether a name, or the beginning of one up to a dot ("net."; "" is all), means that kind.
bool matches_kind(std::string_view name, std::string_view kind);
// Whether one of them does: the one way in which lists of kinds are read.
bool matches_kind(std::span<const std::string> names, std::string_view kind);

// The values worth trying in place of 0 for a draw of that bound; in rising order.
std::vector<std::uint64_t> alternatives(const LaneKind& kind, std::uint64_t bound);

// One draw that did not take its benign default.
struct Deviation {
    std::string lane;
    std::uint64_t index = 0;  // which draw of that lane, from 0
    std::uint64_t value = 0;  // what it gave; never 0
    friend bool operator==(const Deviation&, const Deviation&) = default;
};

// The tasks among which the scheduler has to choose.
struct TaskChoice {
    std::span<const FlowId> ready;  // in the order in which they became ready
    std::size_t first = 0;          // which of them goes on by default

    // Values of the draw are places in line: 0 is `first`, the others follow as they became ready.
    std::size_t place_of(std::uint64_t value) const {
        // Without branches: nobody foresees a schedule, a processor least of all.
        const std::uint64_t other = value - (value <= first ? 1 : 0);
        return value == 0 ? first : other;
    }
    std::uint64_t value_of(std::size_t place) const {
        if (place == first) return 0;
        return place < first ? place + 1 : place;
    }
};

// Where deviations come from: a seed, a recording, a strategy that looks at who is ready.
class Source {
  public:
    virtual ~Source() = default;
    // Called once for each lane, before its first draw. The answer comes back as `handle` in
    // choose().
    virtual std::uint64_t open(std::string_view lane, const LaneKind& kind) = 0;
    // The value of draw number `index` of the lane. At or beyond `bound` counts as bound - 1.
    virtual std::uint64_t choose(std::uint64_t handle, std::uint64_t index,
                                 std::uint64_t bound) = 0;
    // The same for the scheduler's draw.
    virtual std::uint64_t choose_task(std::uint64_t handle, std::uint64_t index,
                                      const TaskChoice& tasks) {
        return choose(handle, index, tasks.ready.size());
    }
};

// Hears of every fault that strikes and, while the tape records, of every other deviation.
class DeviationListener {
  public:
    virtual ~DeviationListener() = default;
    virtual void on_deviation(std::string_view lane, const LaneKind& kind, std::uint64_t index,
                              std::uint64_t value) = 0;
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

class Tape {
  public:
    enum class Recording : std::uint8_t { off, on };

    explicit Tape(std::unique_ptr<Source> source, Recording recording = Recording::off);

    // Begins anew from another source, with the same lanes, faults and listeners: what a search
    // that makes many small runs does in place of a new tape.
    void rewind(std::unique_ptr<Source> source);

    // Opens the lane of that name, or finds it again; the kind of the first opening stays.
    LaneId lane(std::string_view name, const LaneKind& kind);

    // The next decision of the lane: 0, the benign default, up to bound - 1. A bound of 1 or 0 is
    // no decision: it gives 0 and counts nothing.
    std::uint64_t draw(LaneId lane, std::uint64_t bound);

    // The scheduler's decision; gives a place in `tasks.ready`.
    std::size_t draw_task(LaneId lane, const TaskChoice& tasks);

    // A decision between no (the default) and yes.
    bool chance(LaneId lane) { return draw(lane, 2) != 0; }

    // Which kinds of faults may happen: see matches_kind(). A fault that is not allowed is not a
    // decision at all. Without a call, all are allowed.
    void allow_faults(std::vector<std::string> names);

    // From now on no fault happens: the calm after the storm.
    void calm_faults() { allow_faults({}); }

    // How many draws were made, and how many of them were not 0.
    std::uint64_t decisions() const { return decisions_; }
    std::uint64_t deviation_count() const { return deviation_count_; }

    bool recording() const { return recording_ == Recording::on; }

    // All deviations so far in the order in which they were drawn. Empty unless recording.
    std::vector<Deviation> deviations() const;

    // How often each kind of fault struck, by kind name.
    std::map<std::string, std::uint64_t> fault_counts() const;

    // Whether nothing has deviated so far, choices and orders among it.
    bool calm() const;

    // The kinds of faults that struck, each once.
    std::vector<LaneKind> struck() const;

    // Every kind that a lane was opened with, by name.
    std::map<std::string, LaneKind> kinds() const;

    // Both must outlive the tape's last draw; null for none.
    void listen(DeviationListener* listener) { listener_ = listener; }
    void record(Recorder* recorder);

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
    void count(Lane& lane, LaneId id, std::uint64_t index, std::uint64_t value);

    std::unique_ptr<Source> source_;
    DeviationListener* listener_ = nullptr;
    Recorder* recorder_ = nullptr;
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
