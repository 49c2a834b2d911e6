#include "node.hpp"

#include <algorithm>
#include <any>
#include <chrono>
#include <utility>

namespace replicated_log {
namespace {

using std::chrono::milliseconds;

constexpr sim::Duration kBeat = milliseconds(50);
constexpr sim::Duration kAnswerWithin = milliseconds(100);

#ifdef FORGETFUL_VOTERS
// The planted bug: a vote is in no node's log, so it need not be kept.
constexpr bool kKeepsVotes = false;
#else
constexpr bool kKeepsVotes = true;
#endif

std::int64_t last_term(const std::vector<Entry>& log) {
    return log.empty() ? 0 : log.back().term;
}

}  // namespace

Node::Node(sim::Process& self, Kept& kept, std::vector<std::string> peers, sim::Duration patience,
           const Observer& observer)
    : self_(self),
      kept_(kept),
      peers_(std::move(peers)),
      patience_(patience),
      observer_(observer),
      hesitation_(self.world().tape().lane("hesitation " + self.name(), sim::choice("hesitation"))),
      voted_for_(kept.voted_for) {
    self_.world().network().listen(
        self_, self_.name(), [this](sim::Packet packet, sim::Network::Answer answer) {
            Reply reply{};
            if (const auto* vote = std::any_cast<Vote>(&packet.content)) reply = on(*vote);
            if (const auto* append = std::any_cast<Append>(&packet.content)) reply = on(*append);
            if (const auto* propose = std::any_cast<Propose>(&packet.content)) reply = on(*propose);
            answer.send({packet.label, reply});
        });
    sim::spawn(self_, live());
}

// Writes what is kept; the node may die before that, or right after.
void Node::keep(std::string_view what) {
    if (kKeepsVotes) kept_.voted_for = voted_for_;
    self_.crash_point(what);
}

// Another term has begun.
void Node::meet(std::int64_t term) {
    if (term <= kept_.term) return;
    kept_.term = term;
    voted_for_.clear();
    leads_ = false;
    keep("keeping a term");
}

sim::Coroutine Node::live() {
    for (;;) {
        const std::uint64_t hesitation = self_.world().tape().draw(hesitation_, 8);
        heard_ = false;
        co_await sim::sleep(self_, patience_ + hesitation * milliseconds(20));
        if (!heard_ && !leads_) stand();
    }
}

void Node::stand() {
    ++kept_.term;
    voted_for_ = self_.name();
    keep("standing for election");
    self_.emit("node.stands", {{"node", self_.name()}, {"term", kept_.term}});
    votes_ = 1;
    for (const std::string& peer : peers_) {
        const Vote vote{kept_.term, self_.name(), last_term(kept_.log), kept_.log.size()};
        sim::spawn(self_, ask(peer, vote));
    }
}

sim::Coroutine Node::ask(std::string peer, Vote vote) {
    sim::Packet asked{"vote", vote};
    const auto answer = co_await sim::call(self_, peer, std::move(asked), kAnswerWithin);
    if (!answer) co_return;
    const auto reply = std::any_cast<Reply>(answer->content);
    meet(reply.term);
    if (!reply.granted || kept_.term != vote.term || leads_) co_return;
    if (++votes_ < majority()) co_return;
    leads_ = true;
    copied_.clear();
    self_.emit("node.leads", {{"node", self_.name()}, {"term", kept_.term}});
    observer_.leads(self_.name(), kept_.term);
    sim::spawn(self_, lead());
}

sim::Coroutine Node::lead() {
    const std::int64_t term = kept_.term;
    while (leads_ && kept_.term == term) {
        for (const std::string& peer : peers_) {
            const Append append{term, kept_.log};
            sim::spawn(self_, copy(peer, append));
        }
        co_await sim::sleep(self_, kBeat);
    }
}

sim::Coroutine Node::copy(std::string peer, Append append) {
    sim::Packet sent{"append", append};
    const auto answer = co_await sim::call(self_, peer, std::move(sent), kAnswerWithin);
    if (!answer) co_return;
    const auto reply = std::any_cast<Reply>(answer->content);
    meet(reply.term);
    if (!reply.granted || !leads_ || kept_.term != append.term) co_return;
    std::size_t& copied = copied_[peer];
    copied = std::max(copied, append.log.size());
    commit();
}

// What a majority has is committed, if the newest of it is of this term.
void Node::commit() {
    for (std::size_t length = kept_.log.size(); length > committed_; --length) {
        std::size_t have = 1;
        for (const auto& [peer, copied] : copied_) have += copied >= length ? 1 : 0;
        if (have < majority() || kept_.log[length - 1].term != kept_.term) continue;
        for (; committed_ < length; ++committed_) {
            observer_.committed(committed_, kept_.log[committed_]);
        }
    }
}

Reply Node::on(const Vote& vote) {
    meet(vote.term);
    const bool as_new =
        std::pair(vote.last_term, vote.length) >= std::pair(last_term(kept_.log), kept_.log.size());
    const bool free = voted_for_.empty() || voted_for_ == vote.candidate;
    if (vote.term < kept_.term || !as_new || !free) return {kept_.term, false};
    voted_for_ = vote.candidate;
    heard_ = true;
    keep("keeping a vote");
    return {kept_.term, true};
}

Reply Node::on(const Append& append) {
    meet(append.term);
    if (append.term < kept_.term) return {kept_.term, false};
    heard_ = true;
    // Of one term's leader logs only grow, and an old message may come late.
    if (last_term(append.log) > last_term(kept_.log) || append.log.size() > kept_.log.size()) {
        kept_.log = append.log;
        keep("keeping a log");
    }
    return {kept_.term, true};
}

Reply Node::on(const Propose& propose) {
    if (!leads_) return {kept_.term, false};
    kept_.log.push_back({kept_.term, propose.value});
    keep("keeping what was proposed");
    return {kept_.term, true};
}

}  // namespace replicated_log
