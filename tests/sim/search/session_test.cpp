#include "sim/search/session.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "sim/search/explore.hpp"
#include "sim/search/guided.hpp"
#include "sim/search/simple_trial.hpp"
#include "sim/search/verify.hpp"
#include "sim/world/awaitable.hpp"
#include "tests/support/catalog.hpp"

namespace sim::search {
namespace {

TEST(Session, ThatIsSteppedIsTheRunThatIsGoneThrough) {
    const Scenario& storm = tests::scenario("storm");
    const RunResult through = run(storm, seeded(7));
    Session session(storm, seeded(7));
    std::uint64_t steps = 0;
    while (session.step()) ++steps;
    const RunResult stepped = session.result();
    EXPECT_EQ(stepped.hash, through.hash);
    EXPECT_EQ(stepped.steps, through.steps);
    EXPECT_EQ(steps, through.steps);
    EXPECT_EQ(stepped.virtual_time, through.virtual_time);
    EXPECT_FALSE(session.step()) << "it has come to its end";
}

TEST(Session, AnswersBetweenTwoSteps) {
    Session session(tests::scenario("calm"), calm_tape());
    const auto machines = [&] { return session.trial().ask("SELECT id, state FROM machine"); };
    while (machines().value_or("") != "id\tstate\nalpha-1\tstarting\n") {
        ASSERT_TRUE(session.step());
    }
    session.finish();
    EXPECT_EQ(*machines(), "id\tstate\nalpha-1\tactive\n");
    EXPECT_TRUE(session.result().held());
}

// Two clients of a counter, one of which may lose the other's update.
class Counter final : public SimpleTrial {
    void begin() override {
        for (const char* name : {"one", "two"}) {
            Process& client = add_process(name);
            client.post([&] { client.post([this, read = value_] { value_ = read + 1; }); });
        }
    }
    void judge() override { expect(value_ == 2, "no-lost-update", std::to_string(value_)); }

    int value_ = 0;
};

TEST(Session, PlaysAForeignTrial) {
    const Scenario counter = scenario<Counter>("counter");
    EXPECT_TRUE(run(counter, calm_tape()).held());
    const Verification every = verify(counter, {});
    ASSERT_EQ(every.sum.broken.size(), 1U);
    EXPECT_EQ(every.sum.broken[0].violation.property, "no-lost-update");
    EXPECT_EQ(every.sum.broken[0].violation.message, "1");
}

constexpr LaneKind kCoin = fault("coin.tails", 1, 2);

class Coin final : public SimpleTrial {
    void begin() override { world().tape().draw(world().tape().lane("coin", kCoin), 2); }
};

TEST(UnknownFaults, AreToldByEverySearch) {
    const Scenario coin =
        scenario<Coin>("coin", "", {"coin.tails", "coin.", "coin.tials", "tails"});
    const std::vector<std::string> unknown = {"coin.tials", "tails"};
    EXPECT_EQ(unknown_faults(coin, *calm_profile(coin)), unknown);
    ExploreOptions exploration;
    exploration.scenarios = {&coin};
    exploration.last_seed = 2;
    EXPECT_EQ(explore(exploration, {}).unknown_faults.at("coin"), unknown);
    GuidedOptions guided;
    guided.scenarios = {&coin};
    guided.runs = 2;
    EXPECT_EQ(explore_guided(guided, {}).unknown_faults.at("coin"), unknown);
    EXPECT_EQ(verify(coin, {}).unmet, unknown);
    const Scenario known = scenario<Coin>("coin", "", {"coin.tails", "coin."});
    exploration.scenarios = {&known};
    EXPECT_TRUE(explore(exploration, {}).unknown_faults.empty());
    EXPECT_TRUE(verify(known, {}).unmet.empty());
}

class Faulty final : public SimpleTrial {
    void begin() override {
        add_process("p").post([] { throw std::runtime_error("a bug of the harness"); });
    }
};

TEST(Session, SaysWhatLeftATask) {
    const RunResult result = run(scenario<Faulty>("faulty"), calm_tape());
    ASSERT_EQ(result.violations.size(), 1U);
    EXPECT_EQ(result.violations[0].property, kRunCompletes);
    EXPECT_NE(result.violations[0].message.find("a bug of the harness"), std::string::npos);
    EXPECT_EQ(result.no_answer, "");
}

class Spawning final : public SimpleTrial {
    static Coroutine fail() {
        throw std::runtime_error("a bug of a coroutine");
        co_return;
    }
    void begin() override { spawn(add_process("p"), fail()); }
};

class Odd final : public SimpleTrial {
    void begin() override {
        add_process("p").post([] { throw 5; });
    }
};

class Hasty final : public SimpleTrial {
  public:
    Hasty() { expect(false, "too-early"); }

  private:
    void begin() override {}
};

class Unmade final : public Trial {
  public:
    explicit Unmade(const Ground& ground) {
        ground.broken("made", "before there is a world");
        throw std::runtime_error("a bug of a constructor");
    }
    World& world() override { std::abort(); }
    std::vector<Phase> phases() override { return {}; }
};

TEST(Session, SaysWhateverIsThrownWherever) {
    const auto said = [](const Scenario& scenario) {
        const RunResult result = run(scenario, calm_tape());
        EXPECT_FALSE(result.completed);
        return result.violations.empty() ? "held" : result.violations.back().message;
    };
    EXPECT_NE(said(scenario<Spawning>("spawning")).find("a bug of a coroutine"), std::string::npos);
    EXPECT_NE(said(scenario<Odd>("odd")).find("no exception"), std::string::npos);
    Scenario unmade = scenario<Odd>("unmade");
    unmade.trial = [](const Ground& ground) { return std::make_unique<Unmade>(ground); };
    EXPECT_NE(said(unmade).find("a bug of a constructor"), std::string::npos);
    EXPECT_NE(said(scenario<Hasty>("hasty")).find("use begin()"), std::string::npos);
    unmade.trial = [](const Ground&) { return nullptr; };
    EXPECT_NE(said(unmade).find("made no trial"), std::string::npos);
}

// Its clock ticks every seven seconds for as long as it was told.
class Ticking final : public Trial {
  public:
    Ticking(const Ground& ground, Duration ticks, bool rests)
        : world_(ground.tape, ground.trace, ground.recorder), ticks_(ticks), rests_(rests) {}
    World& world() override { return world_; }
    std::vector<Phase> phases() override {
        const auto quiet = [this] { return world_.now() - last_ >= std::chrono::minutes(2); };
        return {{.name = "the quiet",
                 .at_most = std::chrono::minutes(30),
                 .begin =
                     [this] {
                         process_ = &world_.add_process("clock", "clock");
                         process_->boot();
                         tick();
                     },
                 .at_rest = rests_ ? std::function<bool()>(quiet) : nullptr}};
    }

  private:
    void tick() {
        last_ = world_.now();
        process_->emit("tick", {});
        if (world_.now() < ticks_) {
            process_->at(world_.now() + std::chrono::seconds(7), [this] { tick(); });
        }
    }

    World world_;
    Process* process_ = nullptr;
    VirtualTime last_{};
    Duration ticks_;
    bool rests_;
};

TEST(Session, APhaseThatRestsEndsEarlyAndNothingElseIsOtherwise) {
    const auto ticking = [](Duration ticks, bool rests) {
        Scenario made;
        made.name = "ticking";
        made.trial = [=](const Ground& ground) {
            return std::make_unique<Ticking>(ground, ticks, rests);
        };
        return made;
    };
    const Duration minutes = std::chrono::minutes(5);
    const RunResult whole = run(ticking(minutes, false), calm_tape());
    const RunResult rested = run(ticking(minutes, true), calm_tape());
    EXPECT_EQ(whole.virtual_time, std::chrono::minutes(30));
    // Its last tick is soon after five minutes; it is asked at whole minutes.
    EXPECT_EQ(rested.virtual_time, std::chrono::minutes(8));
    EXPECT_EQ(rested.hash, whole.hash);
    EXPECT_EQ(rested.steps, whole.steps);

    const Scenario scenario = ticking(minutes, true);
    Session session(scenario, calm_tape());
    while (session.step()) {
    }
    EXPECT_EQ(session.result().virtual_time, rested.virtual_time);

    // What does not rest takes all of its time, and is not broken for that.
    const RunResult restless = run(ticking(std::chrono::hours(1), true), calm_tape());
    EXPECT_EQ(restless.virtual_time, std::chrono::minutes(30));
    EXPECT_TRUE(restless.held());
    EXPECT_TRUE(restless.completed);
}

// One property judges alone, and the run does not come to its end: that is said, and is not held.
TEST(Session, SaysThatItDidNotCompleteWhoeverJudges) {
    RunOptions options;
    options.property = "another";
    const RunResult result = run(scenario<Odd>("odd"), calm_tape(), options);
    EXPECT_TRUE(result.held());
    EXPECT_FALSE(result.completed);
}

class Waiting final : public SimpleTrial {
    void begin() override {}
};

// A program that, when it ends, still looks at what is tested.
class Outlived final : public SimpleTrial {
    struct Looker final : Program {
        explicit Looker(std::string* where) : seen(where) {}
        ~Looker() override { *seen += "an end"; }
        std::string* seen;
    };
    void begin() override {
        add_program(
            "p", [this](Process&) { return std::make_unique<Looker>(&seen_); },
            std::chrono::seconds(1));
    }
    std::string seen_ = "what is longer than a short string, and is freed";
};

TEST(Session, EndsItsWorldBeforeWhatIsTested) {
    EXPECT_TRUE(run(scenario<Outlived>("outlived"), calm_tape()).held());
}

TEST(Session, EndsAtOnceWhereNothingIsToBeDone) {
    RunOptions options;
    options.question = "what";
    const RunResult result = run(scenario<Waiting>("waiting"), calm_tape(), options);
    EXPECT_TRUE(result.held());
    EXPECT_EQ(result.no_answer, "there is nothing here that can be asked");
}

}  // namespace
}  // namespace sim::search
