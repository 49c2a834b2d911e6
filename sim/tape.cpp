#include "sim/tape.hpp"

#include <algorithm>
#include <utility>

namespace sim {

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

std::uint64_t ByteSource::open(std::string_view, const LaneKind& kind) {
    return kind.fault ? 1 : 0;
}

std::uint64_t ByteSource::choose(std::uint64_t handle, std::uint64_t, std::uint64_t bound) {
    if (next_ + 2 > bytes_.size()) return 0;
    const std::uint64_t first = bytes_[next_];
    const std::uint64_t second = bytes_[next_ + 1];
    next_ += 2;
    constexpr std::uint64_t kFaultFrom = 248;
    if (handle == 1) return first < kFaultFrom ? 0 : 1 + second % (bound - 1);
    return (first * 256 + second) % bound;
}

Tape::Tape(std::unique_ptr<Source> source, Recording recording)
    : source_(std::move(source)), recording_(recording) {}

LaneId Tape::lane(std::string_view name, const LaneKind& kind) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    const LaneId id{static_cast<std::uint32_t>(lanes_.size())};
    lanes_.push_back({std::string(name), kind, source_->open(name, kind), 0, 0, allowed(kind)});
    by_name_.emplace(std::string(name), id);
    return id;
}

std::uint64_t Tape::draw(LaneId lane, std::uint64_t bound) {
    Lane& chosen = lanes_[static_cast<std::uint32_t>(lane)];
    if (bound < 2 || !chosen.enabled) return 0;
    const std::uint64_t index = chosen.drawn++;
    ++decisions_;
    const std::uint64_t value = std::min(source_->choose(chosen.handle, index, bound), bound - 1);
    if (value == 0) return 0;
    ++deviation_count_;
    ++chosen.struck;
    if (recording_ == Recording::on) recorded_.push_back({lane, index, value});
    return value;
}

void Tape::allow_faults(std::vector<std::string> prefixes) {
    all_faults_ = false;
    allowed_ = std::move(prefixes);
    for (Lane& lane : lanes_) lane.enabled = allowed(lane.kind);
}

bool Tape::allowed(const LaneKind& kind) const {
    if (!kind.fault || all_faults_) return true;
    return std::any_of(allowed_.begin(), allowed_.end(), [&](const std::string& prefix) {
        return kind.name.substr(0, prefix.size()) == prefix;
    });
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

}  // namespace sim
