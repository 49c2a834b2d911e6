#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/world/time.hpp"

// What happened in a run, as typed events. A digest of all of them is always kept; the events
// themselves are handed on only to those who listen.
namespace sim {

// One named fact about an event. Texts live only as long as the call that carries them.
struct Field {
    std::string_view name;
    std::variant<std::int64_t, std::string_view> value;

    Field(std::string_view field, std::string_view text) : name(field), value(text) {}
    Field(std::string_view field, const std::string& text)
        : name(field), value(std::string_view(text)) {}
    Field(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
    Field(std::string_view field, std::int64_t number) : name(field), value(number) {}
};

struct Event {
    VirtualTime at{};
    std::uint64_t step = 0;      // how many tasks had run before
    std::uint64_t decision = 0;  // how many draws had been made before
    std::string_view process;    // whose task it was
    std::string_view type;       // such as "net.send"; one fixed set of fields for each type
    std::span<const Field> fields;
    // Something that happens to the process, such as a crash or a message, and is not told by its
    // program.
    bool from_world = false;
};

// The type of the event that a fault has struck. Fields: kind, lane, value.
inline constexpr std::string_view kFaultEvent = "fault";

// The type of the remark that a draw did not take its default; made only while a tape records.
// Fields: kind, lane, index, value, words.
inline constexpr std::string_view kDeviationEvent = "deviation";

class TraceListener {
  public:
    virtual ~TraceListener() = default;
    virtual void on_event(const Event& event) = 0;
};

class Trace {
  public:
    void emit(const Event& event);
    // Hands an event to the listeners only: a remark about the run that is no part of it.
    void note(const Event& event);
    // The listener must outlive the trace or every later emit().
    void listen(TraceListener& listener) { listeners_.push_back(&listener); }
    std::uint64_t digest() const { return digest_; }

  private:
    std::uint64_t digest_ = 0;
    std::vector<TraceListener*> listeners_;
};

// One line of JSON (no newline): {"at_us","step","decision","process","type", field...}.
std::string to_json_line(const Event& event);

// One line for people: "+00:04:12.350000  server  net.send  call=7".
std::string to_text_line(const Event& event);

// "+HH:MM:SS.uuuuuu"
std::string to_text(VirtualTime at);

// An event that owns its texts, for those who keep a run.
struct KeptEvent {
    explicit KeptEvent(const Event& event);
    // Refers to this object's texts.
    Event view() const;

    VirtualTime at;
    std::uint64_t step;
    std::uint64_t decision;
    std::string process;
    std::string type;
    std::vector<std::pair<std::string, std::variant<std::int64_t, std::string>>> values;

  private:
    mutable std::vector<Field> fields_;
};

}  // namespace sim
