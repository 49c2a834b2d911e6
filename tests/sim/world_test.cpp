#include "sim/world/world.hpp"

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <stdexcept>

#include "sim/net/network.hpp"
#include "sim/world/awaitable.hpp"
#include "sim/world/executor.hpp"
#include "sim/world/seeded_source.hpp"

namespace sim {
namespace {

using std::chrono::seconds;

// A world on one tape, with a trace that nobody reads.
struct Fixture {
    explicit Fixture(std::unique_ptr<Source> source = std::make_unique<CalmSource>())
        : tape(std::move(source)), world(tape, trace) {}
    Process& up(const std::string& name) {
        Process& process = world.add_process(name, name);
        process.boot();
        return process;
    }
    Tape tape;
    Trace trace;
    World world;
};

TEST(World, RunsReadyTasksInOrderWhenCalm) {
    Fixture at;
    Process& process = at.up("p");
    std::string ran;
    for (const char c : {'a', 'b', 'c'}) process.post([&ran, c] { ran += c; });
    at.world.run_until(seconds(1));
    EXPECT_EQ(ran, "abc");
}

TEST(World, LetsTheTapePickAmongReadyTasks) {
    Fixture at(std::make_unique<RecordedSource>(std::vector<Deviation>{{"schedule", 0, 2}}));
    Process& process = at.up("p");
    std::string ran;
    for (const char c : {'a', 'b', 'c'}) process.post([&ran, c] { ran += c; });
    at.world.run_until(seconds(1));
    EXPECT_EQ(ran, "cab");
}

TEST(World, MovesTheClockOnlyWhenNothingIsReady) {
    Fixture at;
    Process& process = at.up("p");
    std::vector<VirtualTime> seen;
    process.at(seconds(5), [&] {
        process.post([&] { seen.push_back(at.world.now()); });
        seen.push_back(at.world.now());
    });
    at.world.run_until(seconds(60));
    EXPECT_EQ(seen, (std::vector<VirtualTime>{seconds(5), seconds(5)}));
    EXPECT_EQ(at.world.now(), seconds(60));
}

TEST(World, FiresEqualTimersInTheOrderInWhichTheyWereSet) {
    Fixture at;
    Process& process = at.up("p");
    std::string ran;
    for (const char c : {'a', 'b', 'c', 'd', 'e'}) process.at(seconds(1), [&ran, c] { ran += c; });
    at.world.run_until(seconds(2));
    EXPECT_EQ(ran, "abcde");
}

TEST(World, CancelsAndExpeditesTimers) {
    Fixture at;
    Process& process = at.up("p");
    std::string ran;
    const TimerId never = process.at(seconds(1), [&] { ran += "never"; });
    const TimerId soon = process.at(seconds(50), [&] { ran += "soon"; });
    process.cancel(never);
    process.expedite(soon);
    at.world.run_until(seconds(2));
    EXPECT_EQ(ran, "soon");
    process.expedite(soon);  // it has fired: nothing
    at.world.run_until(seconds(100));
    EXPECT_EQ(ran, "soon");
}

TEST(World, RunsTheSameFromTheSameTape) {
    const auto digest = [](std::uint64_t seed) {
        Fixture at(std::make_unique<SeededSource>(seed));
        Process& one = at.up("one");
        Process& two = at.up("two");
        for (int i = 0; i < 50; ++i) {
            one.post([&one, i] { one.emit("ran", {{"i", std::int64_t{i}}}); });
            two.post([&two, i] { two.emit("ran", {{"i", std::int64_t{i}}}); });
        }
        at.world.run_until(seconds(1));
        return at.trace.digest();
    };
    EXPECT_EQ(digest(11), digest(11));
    EXPECT_NE(digest(11), digest(12));
}

TEST(World, StopsAtItsStepLimit) {
    Fixture at;
    Process& process = at.up("p");
    std::function<void()> forever = [&] { process.post([&] { forever(); }); };
    forever();
    at.world.limit_steps(1000);
    at.world.run_until(seconds(1));
    EXPECT_EQ(at.world.steps(), 1000U);
}

TEST(World, ForgetsAProcessWithAllThatWaitsForIt) {
    Fixture at;
    Process& server = at.up("server");
    at.world.network().listen(server, "server:1",
                              [](Packet, Network::Answer answer) { answer.send({"ok", 0}); });
    bool ran = false;
    std::vector<boost::asio::any_io_executor> executors;
    for (int i = 0; i < 1000; ++i) {
        Process& box = at.world.add_process("box " + std::to_string(i), "box");
        box.supervise(seconds(1));
        box.boot();
        executors.push_back(box.executor());
        box.at(seconds(5), [&] { ran = true; });
        at.world.network().call(box, "server:1", {"hello", 0}, seconds(10),
                                [&](const Network::Result&) { ran = true; });
        if (i % 2 == 0) box.crash("and would start again");
        const std::uint32_t id = box.id();
        at.world.remove_process(box);
        EXPECT_EQ(at.world.find_process(id), nullptr);
    }
    for (const auto& executor : executors) boost::asio::post(executor, [&] { ran = true; });
    at.world.run_until(seconds(60));
    EXPECT_FALSE(ran);
    EXPECT_TRUE(at.world.waiting().empty());
}

TEST(World, LetsAFlowThatGoesOnKeepItsPlaceInLine) {
    Fixture at;
    Process& process = at.up("p");
    std::string ran;
    process.post([&] {
        ran += 'a';
        process.post([&] { ran += 'A'; });
        process.post([&] { ran += 'c'; });  // not its continuation: a flow of its own
    });
    process.post([&] { ran += 'b'; });
    at.world.run_until(seconds(1));
    EXPECT_EQ(ran, "aAbc");
}

TEST(Process, HasAClockOfItsOwnThatCanBeWrong) {
    Fixture at;
    Process& process = at.up("p");
    process.jump_clock(seconds(100));
    at.world.run_until(seconds(10));
    EXPECT_EQ(process.local_time(), seconds(110));
    process.drift_clock(100'000);  // gains a tenth
    at.world.run_until(seconds(20));
    EXPECT_EQ(process.local_time(), seconds(121));
    EXPECT_EQ(process.world_duration(seconds(11)), seconds(10));
    EXPECT_GE(process.world_duration(Duration(1)).count(), 1) << "no timer fires too early";
    process.correct_clock();
    EXPECT_EQ(process.local_time(), at.world.now());
}

TEST(Process, SetsTheClockOfAWholeHostAndNotItsSteadyOne) {
    Tape tape(std::make_unique<CalmSource>());
    Trace trace;
    World world(tape, trace);
    Process& one = world.add_process("one", "server");
    Process& other = world.add_process("other", "server");
    other.mount(one);
    one.boot();
    world.run_until(seconds(10));
    other.boot();
    one.jump_clock(seconds(100));
    world.run_until(seconds(20));
    EXPECT_EQ(other.local_time(), VirtualTime(seconds(120)));
    EXPECT_EQ(one.steady_time(), VirtualTime(seconds(20)));
    EXPECT_EQ(other.steady_time(), VirtualTime(seconds(20)));
    one.drift_clock(100'000);
    world.run_until(seconds(30));
    one.correct_clock();
    EXPECT_EQ(one.local_time(), VirtualTime(seconds(30)));
    EXPECT_EQ(one.steady_time(), VirtualTime(seconds(31))) << "what it has gained it keeps";
}

TEST(Process, StartsAHostAnewWithTheFirstOfItsProcesses) {
    Tape tape(std::make_unique<CalmSource>());
    Trace trace;
    World world(tape, trace);
    Process& one = world.add_process("one", "server");
    Process& other = world.add_process("other", "server");
    other.mount(one);
    one.boot();
    other.boot();
    world.run_until(seconds(10));
    one.crash("power");
    one.boot();
    EXPECT_EQ(one.host_starts(), 1U) << "the other was up";
    EXPECT_EQ(one.steady_time(), VirtualTime(seconds(10)));
    one.crash("power");
    other.crash("power");
    world.run_until(seconds(15));
    other.boot();
    EXPECT_EQ(other.host_starts(), 2U);
    EXPECT_EQ(other.steady_time(), VirtualTime(seconds(0)));
}

TEST(Process, HoldsBackEverythingWhilePaused) {
    Fixture at;
    Process& process = at.up("p");
    std::string ran;
    process.post([&] { ran += "a"; });
    process.at(seconds(1), [&] { ran += "b"; });
    process.pause();
    at.world.run_until(seconds(10));
    EXPECT_EQ(ran, "");
    process.resume();
    at.world.run_until(seconds(11));
    EXPECT_EQ(ran, "ab");
}

// Counts how many of its copies are alive.
struct Alive {
    explicit Alive(int& counter) : count(&counter) { ++*count; }
    Alive(const Alive& other) : count(other.count) { ++*count; }
    Alive& operator=(const Alive&) = delete;
    ~Alive() { --*count; }
    int* count;
};

boost::asio::awaitable<void> yield_forever(boost::asio::any_io_executor executor, int* alive) {
    const Alive local(*alive);
    for (;;) co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

TEST(Process, DestroysTasksTimersAndCoroutinesWhenItCrashes) {
    Fixture at;
    Process& process = at.up("p");
    int alive = 0;
    process.post([held = Alive(alive)] {});
    process.at(seconds(1), [held = Alive(alive)] {});
    boost::asio::co_spawn(process.executor(), yield_forever(process.executor(), &alive),
                          [](std::exception_ptr) {});
    for (int i = 0; i < 5; ++i) at.world.step(seconds(0));
    EXPECT_GE(alive, 2);
    process.crash("test");
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(process.state(), Process::State::down);
}

TEST(Process, CrashesInTheMiddleOfATaskOnlyWhenTheTaskEnds) {
    Fixture at;
    Process& process = at.up("p");
    bool rest_ran = false;
    int alive = 0;
    process.post([&] {
        process.post([held = Alive(alive)] {});
        process.crash("test");
        EXPECT_EQ(process.state(), Process::State::dying);
        EXPECT_EQ(alive, 1);
        rest_ran = true;
        throw std::runtime_error("what a dying process throws is not heard");
    });
    at.world.run_until(seconds(1));
    EXPECT_TRUE(rest_ran);
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(process.state(), Process::State::down);
}

TEST(Process, DropsWhatIsPostedToAnOlderLife) {
    Fixture at;
    Process& process = at.up("p");
    const boost::asio::any_io_executor old = process.executor();
    process.crash("test");
    process.boot();
    bool ran = false;
    boost::asio::post(old, [&] { ran = true; });
    at.world.run_until(seconds(1));
    EXPECT_FALSE(ran);
}

TEST(Process, StartsAgainByItselfWhenSupervised) {
    Fixture at;
    Process& process = at.world.add_process("p", "p");
    int booted = 0;
    process.set_program([&](Process&) {
        ++booted;
        return nullptr;
    });
    process.supervise(seconds(60));
    process.boot();
    at.world.run_until(seconds(1));
    process.crash("test");
    at.world.run_until(seconds(2));
    EXPECT_EQ(booted, 2);
    process.stop("for good");
    at.world.run_until(seconds(200));
    EXPECT_EQ(booted, 2);
}

TEST(Process, CountsAProgramThatCannotStartAsACrash) {
    Fixture at;
    Process& process = at.world.add_process("p", "p");
    int tries = 0;
    process.set_program([&](Process&) -> std::unique_ptr<Program> {
        if (++tries < 3) throw std::runtime_error("not yet");
        return nullptr;
    });
    process.supervise(seconds(1));
    process.boot();
    at.world.run_until(seconds(10));
    EXPECT_EQ(tries, 3);
    EXPECT_EQ(process.state(), Process::State::up);
}

// Two programs of one process that want the same lock.
struct Lock {
    bool taken = false;
    std::vector<std::uint64_t> waiting;
};
Coroutine take(Process* process, Lock* lock, std::vector<int>* took, int who) {
    const auto wait = [lock](std::uint64_t kept) { lock->waiting.push_back(kept); };
    while (lock->taken) {
        co_await until_completed(*process, "the lock", wait);
    }
    lock->taken = true;
    took->push_back(who);
}

TEST(World, KeepsWhatWaitsForWhatIsNeitherTimeNorAnswer) {
    Tape tape(std::make_unique<CalmSource>());
    Trace trace;
    World world(tape, trace);
    Process& process = world.add_process("one", "any");
    process.boot();
    Lock lock;
    std::vector<int> took;
    spawn(process, take(&process, &lock, &took, 1));
    spawn(process, take(&process, &lock, &took, 2));
    world.run_until(std::chrono::seconds(1));
    EXPECT_EQ(took, std::vector<int>{1});
    ASSERT_EQ(world.waiting().size(), 1U);
    EXPECT_EQ(world.waiting().front().what, "the lock");
    lock.taken = false;
    ASSERT_EQ(lock.waiting.size(), 1U);
    process.complete(lock.waiting.front());
    process.complete(lock.waiting.front());
    world.run_until(std::chrono::seconds(2));
    EXPECT_EQ(took, (std::vector<int>{1, 2}));
    // What waits at a crash is destroyed with the process, and cannot be completed any more.
    spawn(process, take(&process, &lock, &took, 3));
    world.run_until(std::chrono::seconds(3));
    ASSERT_EQ(lock.waiting.size(), 2U);
    process.stop("for a test");
    EXPECT_TRUE(world.waiting().empty());
    process.boot();
    process.complete(lock.waiting.back());
    world.run_until(std::chrono::seconds(4));
    EXPECT_EQ(took, (std::vector<int>{1, 2}));
}

TEST(World, ListsTheProcessesThatItHas) {
    Tape tape(std::make_unique<CalmSource>());
    Trace trace;
    World world(tape, trace);
    Process& first = world.add_process("first", "any");
    Process& second = world.add_process("second", "any");
    Process& third = world.add_process("third", "any");
    EXPECT_EQ(world.processes(), (std::vector<Process*>{&first, &second, &third}));
    world.remove_process(second);
    EXPECT_EQ(world.processes(), (std::vector<Process*>{&first, &third}));
}

TEST(World, AnExecutorKnowsItsProcess) {
    Tape tape(std::make_unique<CalmSource>());
    Trace trace;
    World world(tape, trace);
    Process& process = world.add_process("first", "any");
    process.boot();
    const auto executor = process.executor();
    const Executor* ours = executor.target<Executor>();
    ASSERT_NE(ours, nullptr);
    EXPECT_EQ(ours->process(), &process);
}

}  // namespace
}  // namespace sim
