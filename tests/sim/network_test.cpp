#include "sim/net/network.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "sim/world/world.hpp"

namespace sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A client and a server that counts its effects and answers "done".
struct Fixture {
    explicit Fixture(std::vector<Deviation> deviations = {})
        : tape(std::make_unique<RecordedSource>(deviations)),
          world(tape, trace),
          client(world.add_process("client", "client")),
          server(world.add_process("server", "server")) {
        client.boot();
        server.boot();
        listen();
    }
    void listen() {
        world.network().listen(server, "server:1", [this](Packet, Network::Answer answer) {
            ++effects;
            if (keep_answers) {
                kept.push_back(std::move(answer));
            } else {
                answer.send({"done", std::string("done")});
            }
        });
    }
    void call(Duration timeout = seconds(10)) {
        world.network().call(client, "server:1", {"do", std::string("do")}, timeout,
                             [this](Network::Result result) {
                                 ++completions;
                                 last = std::move(result);
                             });
    }
    Tape tape;
    Trace trace;
    World world;
    Process& client;
    Process& server;
    int effects = 0;
    int completions = 0;
    bool keep_answers = false;
    std::vector<Network::Answer> kept;
    std::optional<Network::Result> last;
};

TEST(Network, CarriesARequestAndItsAnswer) {
    Fixture at;
    at.call();
    at.world.run_until(seconds(1));
    ASSERT_TRUE(at.last && at.last->has_value());
    EXPECT_EQ(std::any_cast<std::string>((*at.last)->content), "done");
    EXPECT_EQ(at.effects, 1);
}

TEST(Network, LosesARequestBeforeItsEffect) {
    Fixture at({{"net client->server lost request", 0, 1}});
    at.call();
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 0);
    EXPECT_EQ(at.last->error(), CallError::timed_out);
}

TEST(Network, LosesAnAnswerAfterTheEffect) {
    Fixture at({{"net server->client lost answer", 0, 1}});
    at.call();
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 1);
    EXPECT_EQ(at.last->error(), CallError::timed_out);
    EXPECT_EQ(at.completions, 1);
}

TEST(Network, DoublesARequestAndCompletesItOnce) {
    Fixture at({{"net client->server duplicate", 0, 1}});
    at.call();
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 2);
    EXPECT_EQ(at.completions, 1);
}

TEST(Network, LetsALateRequestTakeEffectAfterItsCallerGaveUp) {
    Fixture at({{"net client->server late", 0, 2}});  // 31 s on top
    at.call(seconds(10));
    at.world.run_until(seconds(11));
    EXPECT_EQ(at.last->error(), CallError::timed_out);
    EXPECT_EQ(at.effects, 0);
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 1);
    EXPECT_EQ(at.completions, 1);
}

// In which order two requests arrive that were sent one after the other.
std::string arrival_of_two(const Deviation& deviation) {
    Fixture at({deviation});
    std::string order;
    at.world.network().listen(at.server, "server:1", [&](Packet packet, Network::Answer answer) {
        order += packet.label;
        answer.send({"", 0});
    });
    for (const char* label : {"a", "b"}) {
        at.world.network().call(at.client, "server:1", {label, 0}, seconds(10),
                                [](Network::Result) {});
    }
    at.world.run_until(seconds(1));
    return order;
}

TEST(Network, ReordersByLatencyAndByBeingOvertaken) {
    EXPECT_EQ(arrival_of_two({"another lane", 0, 1}), "ab");
    EXPECT_EQ(arrival_of_two({"net client->server latency", 0, 39}), "ba");
    EXPECT_EQ(arrival_of_two({"net client->server reorder", 0, 1}), "ba");
}

TEST(Network, TellsWhoWaitsForAnAnswer) {
    Fixture at({{"net client->server lost request", 0, 1}});
    at.call();
    const auto waiting = at.world.waiting();
    ASSERT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].who, "client");
    EXPECT_NE(waiting[0].what.find("from server"), std::string::npos);
    at.world.run_until(seconds(60));
    EXPECT_TRUE(at.world.waiting().empty());
}

TEST(Network, RefusesWhereNobodyListens) {
    Fixture at;
    at.server.crash("test");
    at.call();
    at.world.run_until(seconds(1));
    EXPECT_EQ(at.last->error(), CallError::refused);
    at.server.boot();  // listens again only when its program says so
    at.call();
    at.world.run_until(seconds(2));
    EXPECT_EQ(at.last->error(), CallError::refused);
}

TEST(Network, BreaksTheConnectionWhenTheServerDropsTheAnswer) {
    Fixture at;
    at.keep_answers = true;
    at.call();
    at.world.run_until(seconds(1));
    EXPECT_EQ(at.completions, 0);
    at.kept.clear();
    at.world.run_until(seconds(2));
    EXPECT_EQ(at.last->error(), CallError::reset);
}

TEST(Network, CompletesNothingInACrashedCaller) {
    Fixture at;
    at.keep_answers = true;
    at.call();
    at.world.run_until(milliseconds(500));
    at.client.crash("test");
    at.client.boot();
    at.kept.front().send({"late", 0});
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.completions, 0);
}

TEST(Network, LosesEverythingOneWayWhileALinkIsBlocked) {
    Fixture at;
    at.world.network().block("server", "client");
    at.call(seconds(5));
    at.world.run_until(seconds(6));
    EXPECT_EQ(at.effects, 1);
    EXPECT_EQ(at.last->error(), CallError::timed_out);
    at.world.network().unblock("server", "client");
    at.call(seconds(5));
    at.world.run_until(seconds(12));
    EXPECT_TRUE(at.last->has_value());
}

TEST(Network, DeliversAllThatALinkHeldInOneInstant) {
    Fixture at;
    at.world.network().hold("client", "server");
    at.call(seconds(30));
    at.world.run_until(seconds(3));
    at.call(seconds(30));
    at.world.run_until(seconds(5));
    EXPECT_EQ(at.effects, 0);
    at.world.network().release("client", "server");
    at.world.run_until(seconds(5));
    EXPECT_EQ(at.effects, 2);
}

TEST(Network, HoldsWhatReachesAPausedServer) {
    Fixture at;
    at.server.pause();
    at.call(seconds(5));
    at.world.run_until(seconds(6));
    EXPECT_EQ(at.last->error(), CallError::timed_out);
    at.server.resume();
    at.world.run_until(seconds(7));
    EXPECT_EQ(at.effects, 1);
}

TEST(Network, SharesAnAddressAmongThoseWhoAreAlive) {
    Fixture at({{"balance server:1", 1, 1}});
    Process& other = at.world.add_process("other", "server");
    other.boot();
    int others = 0;
    at.world.network().listen_beside(other, "server:1", [&](Packet, Network::Answer answer) {
        ++others;
        answer.send({"done", std::string("done")});
    });
    const auto call = [&at] {
        at.call();
        at.world.run_until(at.world.now() + seconds(1));
    };
    call();
    EXPECT_EQ(at.effects, 1) << "the first to listen is the default";
    call();
    EXPECT_EQ(others, 1) << "the tape may choose another";
    at.server.crash("down");
    call();
    EXPECT_EQ(others, 2) << "the dead are left out";
    other.crash("down");
    call();
    EXPECT_EQ(at.last->error(), CallError::refused);
}

TEST(Network, BlocksTheWayToAProcessThatIsDown) {
    Fixture at;
    at.server.stop("for a test");
    at.world.network().block("client", "server");
    at.call();
    // It is up again before the request would arrive.
    at.server.boot();
    at.listen();
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 0);
    EXPECT_EQ(at.last->error(), CallError::timed_out);
}

TEST(Network, CarriesAMessageThatNobodyAnswers) {
    Fixture at;
    at.world.network().send(at.client, "server:1", {"tell", std::string("tell")});
    at.world.network().send(at.client, "nowhere:1", {"tell", std::string("tell")});
    EXPECT_TRUE(at.world.waiting().empty());
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 1);
    EXPECT_EQ(at.completions, 0);
}

TEST(Network, LosesAndDuplicatesAMessage) {
    Fixture at({{"net client->server lost request", 0, 1}, {"net client->server duplicate", 1, 1}});
    at.world.network().send(at.client, "server:1", {"lost", std::string("lost")});
    at.world.network().send(at.client, "server:1", {"twice", std::string("twice")});
    at.world.run_until(seconds(60));
    EXPECT_EQ(at.effects, 2);
}

TEST(Network, IsHealedOfEverything) {
    Fixture at;
    Network& network = at.world.network();
    network.block("client", "server");
    network.hold("server", "client");
    network.delay("client", "server", seconds(5));
    network.heal();
    at.call(seconds(1));
    at.world.run_until(seconds(1));
    ASSERT_TRUE(at.last && at.last->has_value());
}

// Sends three messages, of which the first is slow; the order in which they are taken.
std::string order_of_three(bool ordered, std::vector<Deviation> deviations, bool paused = false,
                           bool held = false) {
    Fixture at(std::move(deviations));
    std::string order;
    at.world.network().listen(at.server, "server:1", [&](const Packet& packet, Network::Answer) {
        order += packet.label;
    });
    if (ordered) at.world.network().keep_order("client", "server");
    if (paused) at.server.pause();
    if (held) at.world.network().hold("client", "server");
    for (const char* label : {"a", "b", "c"}) {
        at.world.network().send(at.client, "server:1", {label, std::string(label)});
    }
    at.world.run_until(seconds(10));
    if (paused) at.server.resume();
    if (held) at.world.network().release("client", "server");
    at.world.run_until(seconds(20));
    return order;
}

TEST(Network, KeepsTheOrderOfALinkIfItIsToldTo) {
    const Deviation slow{"net client->server slow", 0, 2};
    EXPECT_EQ(order_of_three(false, {slow}), "bca");
    EXPECT_EQ(order_of_three(true, {slow}), "abc");
}

TEST(Network, KeepsItWhereTasksWaitForTheirTurn) {
    bool out_of_order = false;
    for (std::uint64_t task = 0; task < 12; ++task) {
        const Deviation turn{"schedule", task, 1};
        for (const auto& [paused, held] : {std::pair(true, false), std::pair(false, true)}) {
            EXPECT_EQ(order_of_three(true, {turn}, paused, held), "abc") << task;
            out_of_order = out_of_order || order_of_three(false, {turn}, paused, held) != "abc";
        }
    }
    EXPECT_TRUE(out_of_order) << "no turn that was tried matters";
}

// What waits for its turn in a process dies with it.
TEST(Network, ForgetsWhatWaitsOnALinkWhenItsProcessDies) {
    Fixture at;
    at.world.network().keep_order("client", "server");
    at.server.pause();
    at.world.network().send(at.client, "server:1", {"tell", std::string("tell")});
    at.world.run_until(seconds(1));
    at.server.stop("for a test");
    at.server.boot();
    at.listen();
    at.world.network().send(at.client, "server:1", {"tell", std::string("tell")});
    at.world.run_until(seconds(2));
    EXPECT_EQ(at.effects, 1);
}

}  // namespace
}  // namespace sim
