#include "sim/world/tape.hpp"

#include <algorithm>
#include <utility>

#include "sim/world/recorder.hpp"

namespace sim {

bool matches_kind(std::string_view name, std::string_view kind) {
    if (name.empty() || name.ends_with('.')) return kind.starts_with(name);
    return kind == name;
}

bool matches_kind(std::span<const std::string> names, std::string_view kind) {
    return std::ranges::any_of(names,
                               [&](const std::string& name) { return matches_kind(name, kind); });
}

std::vector<std::uint64_t> alternatives(const LaneKind& kind, std::uint64_t bound) {
    constexpr std::uint64_t kFew = 8;
    std::vector<std::uint64_t> values;
    if (!kind.representative_values.empty()) {
        for (const std::uint64_t value : kind.representative_values) {
            if (value < bound) values.push_back(value);
        }
    } else if (bound <= kFew) {
        for (std::uint64_t value = 1; value < bound; ++value) values.push_back(value);
    } else {
        values.push_back(bound - 1);
    }
    return values;
}

RecordedSource::RecordedSource(const std::vector<Deviation>& deviations) {
    for (const Deviation& deviation : deviations) {
        recorded_[deviation.lane][deviation.index] = deviation.value;
    }
}

std::uint64_t RecordedSource::open(std::string_view lane, const LaneKind&) {
    const auto found = recorded_.find(lane);
    opened_.push_back(found == recorded_.end() ? nullptr : &found->second);
    return opened_.size() - 1;
}

std::uint64_t RecordedSource::choose(std::uint64_t handle, std::uint64_t index, std::uint64_t) {
    const Values* values = opened_[handle];
    if (values == nullptr) return 0;
    const auto found = values->find(index);
    return found == values->end() ? 0 : found->second;
}

Tape::Tape(std::unique_ptr<Source> source, Recording recording)
    : source_(std::move(source)), recording_(recording) {}

void Tape::rewind(std::unique_ptr<Source> source) {
    source_ = std::move(source);
    for (Lane& lane : lanes_) {
        lane.handle = source_->open(lane.name, lane.kind);
        lane.drawn = 0;
        lane.struck = 0;
    }
    recorded_.clear();
    decisions_ = 0;
    deviation_count_ = 0;
}

LaneId Tape::lane(std::string_view name, const LaneKind& kind) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    const LaneId id{static_cast<std::uint32_t>(lanes_.size())};
    lanes_.push_back({std::string(name), kind, source_->open(name, kind), 0, 0, allowed(kind)});
    by_name_.emplace(std::string(name), id);
    if (recorder_ != nullptr) recorder_->opened(id, lanes_.back().name, kind);
    return id;
}

std::uint64_t Tape::draw(LaneId lane, std::uint64_t bound) {
    Lane& chosen = lanes_[static_cast<std::uint32_t>(lane)];
    if (bound < 2 || !chosen.enabled) return 0;
    const std::uint64_t index = chosen.drawn++;
    ++decisions_;
    const std::uint64_t value = std::min(source_->choose(chosen.handle, index, bound), bound - 1);
    if (recorder_ != nullptr) recorder_->drew(lane, index, bound, value);
    count(chosen, lane, index, value);
    return value;
}

std::size_t Tape::draw_task(LaneId lane, const TaskChoice& tasks) {
    const std::uint64_t bound = tasks.ready.size();
    if (bound < 2) return tasks.first;
    Lane& chosen = lanes_[static_cast<std::uint32_t>(lane)];
    const std::uint64_t index = chosen.drawn++;
    ++decisions_;
    const std::uint64_t value =
        std::min(source_->choose_task(chosen.handle, index, tasks), bound - 1);
    if (recorder_ != nullptr) recorder_->drew(lane, index, bound, value);
    count(chosen, lane, index, value);
    return tasks.place_of(value);
}

void Tape::count(Lane& lane, LaneId id, std::uint64_t index, std::uint64_t value) {
    // Sums in place of a branch that no processor foresees.
    const std::uint64_t deviates = value != 0 ? 1 : 0;
    deviation_count_ += deviates;
    lane.struck += deviates;
    const bool recorded = recording_ == Recording::on;
    const bool heard = lane.kind.fault && listener_ != nullptr;
    if (!recorded && !heard) [[likely]]
        return;
    if (value == 0) return;
    if (recorded) recorded_.push_back({id, index, value});
    if (listener_ != nullptr) listener_->on_deviation(lane.name, lane.kind, index, value);
}

void Tape::record(Recorder* recorder) {
    recorder_ = recorder;
    if (recorder == nullptr) return;
    for (std::uint32_t id = 0; id < lanes_.size(); ++id) {
        recorder->opened(LaneId{id}, lanes_[id].name, lanes_[id].kind);
    }
}

void Tape::allow_faults(std::vector<std::string> names) {
    all_faults_ = false;
    allowed_ = std::move(names);
    for (Lane& lane : lanes_) lane.enabled = allowed(lane.kind);
}

bool Tape::allowed(const LaneKind& kind) const {
    return !kind.fault || all_faults_ || matches_kind(allowed_, kind.name);
}

std::vector<Deviation> Tape::deviations() const {
    std::vector<Deviation> all;
    all.reserve(recorded_.size());
    for (const Entry& entry : recorded_) {
        all.push_back(
            {lanes_[static_cast<std::uint32_t>(entry.lane)].name, entry.index, entry.value});
    }
    return all;
}

std::map<std::string, std::uint64_t> Tape::fault_counts() const {
    std::map<std::string, std::uint64_t> counts;
    for (const Lane& lane : lanes_) {
        if (lane.kind.fault && lane.struck > 0) counts[std::string(lane.kind.name)] += lane.struck;
    }
    return counts;
}

bool Tape::calm() const {
    return std::ranges::none_of(lanes_, [](const Lane& lane) { return lane.struck > 0; });
}

std::vector<LaneKind> Tape::struck() const {
    std::map<std::string_view, LaneKind> kinds;
    for (const Lane& lane : lanes_) {
        if (lane.kind.fault && lane.struck > 0) kinds.emplace(lane.kind.name, lane.kind);
    }
    std::vector<LaneKind> all;
    for (const auto& [name, kind] : kinds) all.push_back(kind);
    return all;
}

std::map<std::string, LaneKind> Tape::kinds() const {
    std::map<std::string, LaneKind> all;
    for (const Lane& lane : lanes_) all.emplace(std::string(lane.kind.name), lane.kind);
    return all;
}

}  // namespace sim
