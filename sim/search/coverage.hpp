#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/world/trace.hpp"

namespace sim::search {

struct Scenario;

// Which behaviour a run showed, by name, as its trace tells. Names carry no ids, so that they are
// the same for every thing and run:
//   "store.commit"                         an event, by its type and the facts of a few words
//   "store.refused: the disk is full"      the same, and why, as is said there
//   "job.state queued->running"            a transition
//   "order job.asked < job.done"           two events of one subject, one after the other
// A program whose events have more to say derives from this.
class Coverage : public TraceListener {
  public:
    // Facts, by name, whose values are one of a few words; and those that name a thing of which
    // there are many, and whose events follow one another.
    struct Vocabulary {
        std::vector<std::string_view> words = {"kind", "state"};
        std::vector<std::string_view> subjects = {};
        // Types of events that happen when all goes as it should: no behaviour by themselves.
        std::vector<std::string_view> background = {};
    };

    Coverage() = default;
    explicit Coverage(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

    void on_event(const Event& event) final;

    // How often each was seen.
    const std::map<std::string, std::uint64_t>& seen() const { return seen_; }

  protected:
    void saw(const std::string& behaviour) { ++seen_[behaviour]; }
    // What the event is, less all that differs from run to run.
    virtual std::string name_of(const Event& event) const;
    virtual bool is_background(const Event& event) const;
    // What else it shows.
    virtual void look(const Event& /*event*/, const std::string& /*name*/) {}

    // The value of a fact; empty, or 0, if there is none of that name and kind.
    static std::string_view text_of(const Event& event, std::string_view name);
    static std::int64_t number_of(const Event& event, std::string_view name);

  private:
    Vocabulary vocabulary_;
    std::map<std::string, std::uint64_t> seen_;
    std::map<std::string, std::string> last_of_;  // the last event of each subject, by name
};

// How often each scenario showed each of the behaviours that it must sometimes show. Those of
// another do not count: a scenario that never meets its own race proves nothing of it.
class Sometimes {
  public:
    using Counts = std::map<std::string, std::map<std::string, std::uint64_t>>;  // by scenario

    Sometimes() = default;
    explicit Sometimes(const std::vector<const Scenario*>& scenarios);
    explicit Sometimes(Counts counts) : counts_(std::move(counts)) {}

    void add(const std::string& scenario, const Coverage& run);
    void add(const Sometimes& others);
    const Counts& counts() const { return counts_; }

    // "SCENARIO: BEHAVIOUR" for each that was never shown.
    std::vector<std::string> missing() const;

  private:
    Counts counts_;
};

}  // namespace sim::search
