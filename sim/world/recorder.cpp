#include "sim/world/recorder.hpp"

#include <utility>

#include "sim/world/hash.hpp"

namespace sim {

void Recorder::opened(LaneId lane, std::string_view name, const LaneKind& kind) {
    if (lanes_.size() <= number_of(lane)) lanes_.resize(number_of(lane) + 1);
    const bool shows = kind.effect == Effect::crash || kind.effect == Effect::disk;
    lanes_[number_of(lane)] = {std::string(name), kind, hash(name), shows};
}

void Recorder::drew(LaneId lane, std::uint64_t index, std::uint64_t bound, std::uint64_t value) {
    draws_.push_back({lane, index, bound, value, now_});
    // Between two tasks the scheduler draws: what it chose shows in the order of tasks.
    const LaneNote& note = lanes_[number_of(lane)];
    if (note.shows && value != 0) {
        std::uint64_t& unshown = unshown_[running_process_];
        unshown = combine(combine(unshown, note.name_hash), combine(index, value));
    }
    if ((running_ == 0 && steps_ > 0) || note.shows) return;
    task_digest_fold(combine(note.name_hash, value));
}

void Recorder::task_digest_fold(std::uint64_t word) {
    task_digest_ = combine(task_digest_, word);
}

void Recorder::recovered(std::uint64_t digest) {
    unshown_.erase(running_process_);
    task_digest_fold(digest);
}

void Recorder::saw(std::uint64_t version) {
    if (version == saw_now_) return;
    saw_now_ = version;
    task_digest_fold(version);
}

std::uint64_t Recorder::created(std::uint32_t process) {
    identity_.push_back(combine(combine(identity_[running_], ++children_), process));
    return identity_.size() - 1;
}

void Recorder::begins(std::uint64_t task, std::uint32_t process, bool relays, VirtualTime now) {
    running_ = task;
    now_ = now;
    running_process_ = process;
    running_relays_ = relays;
    observed_now_ = false;
    children_ = 0;
    saw_now_ = 0;
    ++steps_;
    task_digest_ = combine(identity_[task], static_cast<std::uint64_t>(now.count()));
}

void Recorder::ran(FlowId flow) {
    const auto number = static_cast<std::uint32_t>(flow);
    if (flows_.size() <= number) flows_.resize(number + 1);
    ++flows_[number];
}

void Recorder::ends() {
    if (running_relays_) {
        relayed_ += mix(task_digest_);
    } else {
        std::uint64_t& digest = history_[running_process_];
        digest = combine(digest, task_digest_);
    }
    if (observed_now_) observed_ = combine(observed_, task_digest_);
    running_ = 0;
    running_relays_ = true;
    // What is set up between two tasks is told apart by how far the run had come.
    children_ = steps_ << 16;
}

void Recorder::waits(std::uint64_t task, VirtualTime until) {
    waiting_ =
        combine(combine(waiting_, identity_[task]), static_cast<std::uint64_t>(until.count()));
}

void Recorder::rests() {
    const std::uint64_t state = combine(equivalence(), std::exchange(waiting_, 0));
    if (rests_.empty() || rests_.back().draws != draws_.size()) {
        rests_.push_back({draws_.size(), state});
    }
}

std::uint64_t Recorder::equivalence() const {
    std::uint64_t digest = combine(relayed_, observed_);
    for (const auto& [process, history] : history_) {
        digest = combine(combine(digest, process), history);
    }
    // Where and how a process crashed that never says what it recovered, or has not yet.
    for (const auto& [process, unshown] : unshown_) {
        digest = combine(combine(digest, process), unshown);
    }
    return digest;
}

}  // namespace sim
