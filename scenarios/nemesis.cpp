#include "scenarios/nemesis.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "sim/network.hpp"

namespace scenarios {
namespace {

using std::chrono::seconds;

constexpr sim::Duration kEvery = seconds(20);
// Shorter than a lease, longer than a lease, longer than most deadlines.
constexpr std::array<sim::Duration, 4> kPauses = {seconds(0), seconds(5), seconds(40),
                                                  seconds(120)};
constexpr std::array<sim::Duration, 4> kPartitions = {seconds(0), seconds(10), seconds(60),
                                                      seconds(300)};

}  // namespace

Nemesis::Nemesis(sim::World& world, std::vector<sim::Process*> victims,
                 std::vector<std::pair<std::string, std::string>> links)
    : world_(world) {
    sim::Tape& tape = world.tape();
    for (sim::Process* victim : victims) {
        victims_.push_back(
            {victim, tape.lane("pause " + victim->name(), sim::fault("pause", 1, 80))});
    }
    for (auto& [from, to] : links) {
        const std::string name = fmt::format("partition {}->{}", from, to);
        links_.push_back({from, to, tape.lane(name, sim::fault("net.partition", 1, 150))});
    }
}

void Nemesis::start() {
    running_ = true;
    world_.self().at(world_.now() + kEvery, [this] { strike(); });
}

void Nemesis::strike() {
    if (!running_) return;
    sim::Process& self = world_.self();
    for (const Victim& victim : victims_) {
        const auto chosen = world_.tape().draw(victim.lane, kPauses.size());
        if (chosen == 0 || victim.process->state() != sim::Process::State::up) continue;
        victim.process->pause();
        self.at(world_.now() + kPauses[chosen], [process = victim.process] { process->resume(); });
    }
    for (const Link& link : links_) {
        const auto chosen = world_.tape().draw(link.lane, kPartitions.size());
        if (chosen == 0) continue;
        world_.network().block(link.from, link.to);
        self.at(world_.now() + kPartitions[chosen],
                [this, &link] { world_.network().unblock(link.from, link.to); });
    }
    self.at(world_.now() + kEvery, [this] { strike(); });
}

void Nemesis::stop() {
    running_ = false;
    for (const Victim& victim : victims_) victim.process->resume();
    for (const Link& link : links_) world_.network().unblock(link.from, link.to);
}

}  // namespace scenarios
