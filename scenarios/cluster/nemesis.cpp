#include "scenarios/cluster/nemesis.hpp"

#include <fmt/format.h>

#include "sim/net/network.hpp"

namespace scenarios {
namespace {

using sim::Duration;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kEvery = seconds(20);
// Shorter than a lease, longer than a lease, longer than most deadlines.
constexpr std::array<Duration, 4> kPauses = {seconds(0), seconds(5), seconds(40), seconds(120)};
constexpr std::array<Duration, 4> kPartitions = {seconds(0), seconds(10), seconds(60),
                                                 seconds(300)};
constexpr std::array<Duration, 3> kSlowLinks = {seconds(0), seconds(30), seconds(240)};
constexpr Duration kSlowness = seconds(3);
constexpr std::array<Duration, 6> kJumps = {seconds(0), seconds(5),   seconds(40),
                                            minutes(7), seconds(-40), minutes(-7)};
// No clock is ever further from the right time by jumps: somebody would notice.
constexpr Duration kMaxOffset = minutes(10);
// Millionths that a clock gains; real ones lose or gain hundreds at worst.
constexpr std::array<std::int64_t, 5> kDrifts = {0, 500, -500, 50'000, -50'000};

template <std::size_t N>
std::string in_seconds(const std::array<Duration, N>& durations, std::uint64_t value) {
    return fmt::format("{} s", durations[value].count() / 1'000'000);
}

constexpr sim::LaneKind kPause =
    sim::fault(sim::Effect::pause, "pause", 1, 80,
               [](std::uint64_t value) { return "is paused for " + in_seconds(kPauses, value); });
constexpr sim::LaneKind kPartition = sim::fault(
    sim::Effect::network, "net.partition", 1, 200,
    [](std::uint64_t value) { return "is cut both ways for " + in_seconds(kPartitions, value); });
constexpr sim::LaneKind kOneWay =
    sim::fault(sim::Effect::network, "net.one-way-partition", 1, 150, [](std::uint64_t value) {
        return "is cut in this direction for " + in_seconds(kPartitions, value);
    });
constexpr sim::LaneKind kSlowLink = sim::fault(
    sim::Effect::network, "net.slow-link", 1, 150,
    [](std::uint64_t value) { return "takes 3 s longer for " + in_seconds(kSlowLinks, value); });
constexpr sim::LaneKind kJump = sim::fault(
    sim::Effect::clock, "clock.jump", 1, 150,
    [](std::uint64_t value) { return "has its clock set by " + in_seconds(kJumps, value); });
constexpr sim::LaneKind kDrift =
    sim::fault(sim::Effect::clock, "clock.drift", 1, 100, [](std::uint64_t value) {
        return fmt::format("has a clock that gains {} millionths", kDrifts[value]);
    });

}  // namespace

Nemesis::Nemesis(sim::World& world, std::vector<sim::Process*> victims,
                 const std::vector<Ends>& pairs)
    : world_(world) {
    sim::Tape& tape = world.tape();
    for (sim::Process* victim : victims) {
        victims_.push_back({victim, tape.lane("pause " + victim->role(), kPause),
                            tape.lane("clock jump " + victim->role(), kJump),
                            tape.lane("clock drift " + victim->role(), kDrift)});
    }
    for (const auto& [one, other] : pairs) {
        for (const Ends& ends : {Ends(one, other), Ends(other, one)}) {
            const std::string way = fmt::format("{}->{}", ends.first, ends.second);
            links_.push_back({ends, tape.lane("partition " + way, kOneWay),
                              tape.lane("slow link " + way, kSlowLink)});
        }
        pairs_.push_back({Ends(one, other),
                          tape.lane(fmt::format("partition {}<->{}", one, other), kPartition)});
    }
}

void Nemesis::start() {
    running_ = true;
    world_.self().at(world_.now() + kEvery, [this] { strike(); });
}

template <std::size_t N>
Duration Nemesis::drawn(sim::LaneId lane, const std::array<Duration, N>& durations) {
    return durations[world_.tape().draw(lane, N)];
}

void Nemesis::strike() {
    if (!running_) return;
    for (const Victim& victim : victims_) strike(victim);
    for (const Link& link : links_) strike(link);
    for (const Pair& pair : pairs_) strike(pair);
    world_.self().at(world_.now() + kEvery, [this] { strike(); });
}

void Nemesis::strike(const Victim& victim) {
    sim::Process& process = *victim.process;
    const Duration jump = drawn(victim.jump, kJumps);
    const Duration off = process.local_time() + jump - world_.now();
    if (jump.count() != 0 && off <= kMaxOffset && off >= -kMaxOffset) process.jump_clock(jump);
    const auto drift = kDrifts[world_.tape().draw(victim.drift, kDrifts.size())];
    if (drift != 0) process.drift_clock(drift);
    const Duration pause = drawn(victim.pause, kPauses);
    if (pause.count() == 0 || process.state() != sim::Process::State::up) return;
    process.pause();
    world_.self().at(world_.now() + pause, [&process] { process.resume(); });
}

void Nemesis::strike(const Link& link) {
    block(link.ends, drawn(link.one_way, kPartitions));
    const Duration slow = drawn(link.slow, kSlowLinks);
    if (slow.count() == 0) return;
    const auto& [from, to] = link.ends;
    world_.network().delay(from, to, kSlowness);
    world_.self().at(world_.now() + slow, [this, &link] {
        world_.network().delay(link.ends.first, link.ends.second, Duration{0});
    });
}

void Nemesis::strike(const Pair& pair) {
    const Duration cut = drawn(pair.partition, kPartitions);
    block(pair.ends, cut);
    block({pair.ends.second, pair.ends.first}, cut);
}

void Nemesis::block(const Ends& ends, Duration duration) {
    if (duration.count() == 0) return;
    world_.network().block(ends.first, ends.second);
    world_.self().at(world_.now() + duration,
                     [this, ends] { world_.network().unblock(ends.first, ends.second); });
}

void Nemesis::stop() {
    running_ = false;
    for (const Victim& victim : victims_) {
        victim.process->resume();
        victim.process->correct_clock();
    }
    for (const Link& link : links_) {
        world_.network().unblock(link.ends.first, link.ends.second);
        world_.network().delay(link.ends.first, link.ends.second, Duration{0});
    }
}

}  // namespace scenarios
