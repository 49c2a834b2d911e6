#include "sim/world/trace.hpp"

#include <fmt/format.h>

#include <iterator>

#include "sim/world/hash.hpp"

namespace sim {
namespace {

void append_json_text(std::string& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20 || byte >= 0x7f) {
            // Bytes outside ASCII are written one by one: a trace may carry any bytes at all.
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

void Trace::emit(const Event& event) {
    std::uint64_t digest = absorb(digest_, static_cast<std::uint64_t>(event.at.count()));
    digest = absorb(digest, event.step);
    digest = absorb(digest, event.decision);
    digest = absorb(digest, event.process);
    digest = absorb(digest, event.type);
    for (const Field& field : event.fields) {
        digest = absorb(digest, field.name);
        if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
            digest = absorb(digest, static_cast<std::uint64_t>(*number));
        } else {
            digest = absorb(digest, std::get<std::string_view>(field.value));
        }
    }
    digest_ = digest;
    note(event);
}

void Trace::note(const Event& event) {
    for (TraceListener* listener : listeners_) listener->on_event(event);
}

std::string to_json_line(const Event& event) {
    std::string line = fmt::format(R"({{"at_us":{},"step":{},"decision":{},"process":)",
                                   event.at.count(), event.step, event.decision);
    append_json_text(line, event.process);
    line += R"(,"type":)";
    append_json_text(line, event.type);
    for (const Field& field : event.fields) {
        line.push_back(',');
        append_json_text(line, field.name);
        line.push_back(':');
        if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
            line += fmt::format("{}", *number);
        } else {
            append_json_text(line, std::get<std::string_view>(field.value));
        }
    }
    line.push_back('}');
    return line;
}

std::string to_text(VirtualTime at) {
    const auto us = at.count();
    constexpr std::int64_t kSecond = 1'000'000;
    return fmt::format("+{:02}:{:02}:{:02}.{:06}", us / (3600 * kSecond), us / (60 * kSecond) % 60,
                       us / kSecond % 60, us % kSecond);
}

std::string to_text_line(const Event& event) {
    std::string line =
        fmt::format("{}  {:<12} {:<22}", to_text(event.at), event.process, event.type);
    for (const Field& field : event.fields) {
        line += fmt::format(" {}=", field.name);
        if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
            line += fmt::format("{}", *number);
        } else {
            const std::string_view text = std::get<std::string_view>(field.value);
            if (text.find(' ') == std::string_view::npos && !text.empty()) {
                line += text;
            } else {
                append_json_text(line, text);
            }
        }
    }
    return line;
}

KeptEvent::KeptEvent(const Event& event)
    : at(event.at),
      step(event.step),
      decision(event.decision),
      process(event.process),
      type(event.type) {
    values.reserve(event.fields.size());
    for (const Field& field : event.fields) {
        if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
            values.emplace_back(field.name, *number);
        } else {
            values.emplace_back(field.name, std::string(std::get<std::string_view>(field.value)));
        }
    }
}

Event KeptEvent::view() const {
    fields_.clear();
    for (const auto& [name, value] : values) {
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            fields_.emplace_back(name, *number);
        } else {
            fields_.emplace_back(name, std::string_view(std::get<std::string>(value)));
        }
    }
    return {at, step, decision, process, type, fields_};
}

}  // namespace sim
