#include "scenarios/durable/lone_outboxes.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "fakes/hosts/sim_ports.hpp"
#include "scenarios/cluster/image.hpp"
#include "scenarios/durable/ledger.hpp"
#include "scenarios/durable/made_up_events.hpp"
#include "scenarios/durable/plan.hpp"
#include "sim/disk/disk.hpp"
#include "sim/search/simple_trial.hpp"
#include "sim/world/awaitable.hpp"
#include "system/concurrency/contain.hpp"
#include "system/outbox/gauges.hpp"
#include "system/outbox/outbox.hpp"

namespace scenarios {
namespace {

using lifecycle::Delivery;
using lifecycle::Duration;
using lifecycle::Event;
using lifecycle::EventKind;
using lifecycle::NewEvent;
using lifecycle::Outcome;
using lifecycle::Time;
using lifecycle::Tx;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kDatabase = "outbox.db";
// How long a consumer works.
constexpr int kWorkSeconds[] = {0, 0, 0, 1, 3, 10, 25, 31, 65};

struct OutboxPlan {
    int workers = 1;
    lifecycle::OutboxOptions options = {};
    int lanes = 6;
    int asks = 200;
};

class LoneOutboxes final : public sim::search::SimpleTrial {
  public:
    explicit LoneOutboxes(OutboxPlan plan) : wanted_(std::move(plan)) {}

  protected:
    void begin() override;
    void judge() override { expect(ended_, kOutboxBehaves, "not all was tried"); }
    sim::Duration max_time() const override { return hours(100); }

  private:
    class Worker;

    sim::Coroutine meddle();
    sim::Coroutine come_to_rest();
    // What a consumer of that event comes to.
    Outcome outcome_of(const Event& event);
    NewEvent some_event(Time now, bool due) {
        return due ? made_up_due_event(added_++, now) : made_up_event(*plan_, wanted_.lanes, now);
    }
    void plan_effect(Tx& tx, Time now);
    Time now() const { return first_clock_->wall(); }

    OutboxPlan wanted_;
    std::optional<Plan> plan_;
    Ledger ledger_;
    std::vector<sim::Process*> processes_;
    std::map<std::string, Worker*> workers_;
    sim::Process* hand_ = nullptr;
    std::unique_ptr<fakes::SimClock> first_clock_;
    std::vector<sim::Disk*> disks_;
    int asks_left_ = 0;
    int added_ = 0;
    bool full_ = false;
    bool calm_ = false;  // everything is done that is taken
    bool ended_ = false;
};

class LoneOutboxes::Worker final : public sim::Program,
                                   public lifecycle::CommitFollower,
                                   public lifecycle::Telemetry,
                                   public lifecycle::Entropy {
  public:
    Worker(LoneOutboxes& trial, sim::Process& process)
        : trial_(trial),
          process_(process),
          clock_(process),
          http_(process),
          telemetry_(process),
          tasks_(process.executor(), [this](const std::exception_ptr& failure) { die(failure); }) {
        store_ = open_store(kDatabase, process, this, this, &clock_);
        lifecycle::OutboxOptions options = trial.wanted_.options;
        options.owner = process.name();
        outbox_ = std::make_unique<lifecycle::Outbox>(
            *store_, lifecycle::Ports{process.executor(), clock_, http_, *this, *this}, tasks_,
            options);
        add_consumers();
        trial.workers_[process.name()] = this;
        trial.ledger_.up(process.name(), clock_.now());
        tasks_.spawn(outbox_->run());
        tasks_.spawn(ask());
    }
    ~Worker() override {
        trial_.workers_.erase(process_.name());
        trial_.ledger_.down(process_.name());
    }

    lifecycle::Outbox& outbox() { return *outbox_; }
    std::size_t running() const { return tasks_.running(); }

    void on_commit(lifecycle::ReadTx& tx,
                   const std::vector<lifecycle::RowChange>& changes) override {
        std::set<std::int64_t> changed;
        for (const lifecycle::RowChange& change : changes) {
            if (change.table == "outbox_event") changed.insert(change.row);
        }
        const Entries all = entries_in(tx);
        trial_.ledger_.committed(name(), step(), clock_.now(), changed, all,
                                 std::exchange(told_, {}));
        measure(tx, all);
    }

    using Telemetry::record;
    void record(std::string_view what, std::span<const lifecycle::Fact> facts) override {
        telemetry_.record(what, facts);
        std::map<std::string, std::int64_t> numbers;
        std::string line(what);
        for (const lifecycle::Fact& fact : facts) {
            const auto* number = std::get_if<std::int64_t>(&fact.value);
            if (number != nullptr) numbers[std::string(fact.name)] = *number;
            line += number != nullptr
                        ? fmt::format(" {}={}", fact.name, *number)
                        : fmt::format(" {}={}", fact.name, std::get<std::string_view>(fact.value));
        }
        if (what == "outbox.lease-lost") {
            trial_.ledger_.told_lost(name(), clock_.now(), numbers["event"], numbers["epoch"]);
        } else if (what == lifecycle::kStoreUnavailable) {
            judge_that(trial_.full_, "a store that can be written is not: " + line);
        } else if (what == lifecycle::kBug) {
            judge_that(std::exchange(thrown_, false) && line.contains("a bug of its consumer"),
                       "a bug: " + line);
        } else {
            told_.push_back(std::move(line));
        }
    }

    std::uint64_t below(std::uint64_t bound) override {
        const std::uint64_t edge = trial_.plan_->pick(3);
        const std::uint64_t drawn = edge == 0   ? 0
                                    : edge == 1 ? bound - 1
                                                : trial_.plan_->pick(bound);
        trial_.ledger_.chance(name(), clock_.now(), drawn, bound);
        return drawn;
    }

    // A request in a transaction of its own, after which the outbox is told, or not.
    boost::asio::awaitable<void> request(bool due, bool told = true) {
        std::uint64_t made_in = 0;
        auto body = [this, due, &made_in](Tx& tx) {
            made_in = step();
            ask_in(tx, due);
        };
        try {
            co_await store_->transact(std::move(body));
        } catch (const lifecycle::StoreUnavailable&) {
            judge_that(trial_.full_, "a store that can be written is not");
            co_return;
        }
        trial_.ledger_.over(made_in);
        if (!told || (!due && trial_.plan_->pick(4) == 0)) co_return;
        trial_.ledger_.woken(name(), clock_.now());
        outbox_->wake();
    }

  private:
    std::uint64_t step() const { return process_.world().steps(); }
    const std::string& name() const { return process_.name(); }
    void judge_that(bool held, const std::string& message) const {
        if (!held) trial_.ledger_.broken(message);
    }

    void die(const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& why) {
            if (process_.alive()) judge_that(false, fmt::format("it dies of {}", why.what()));
        }
    }

    void add_consumers() {
        for (int kind = kUnheard - 1; kind >= 0; --kind) {
            const std::string kind_name(kMadeUpKinds[kind].name);
            const KindTerms& terms = trial_.ledger_.kinds.at(kind_name);
            lifecycle::Consumer consumer(terms.patience);
            consumer.consume = [this](Delivery delivery) { return consume(std::move(delivery)); };
            if (terms.obsolete) {
                consumer.obsolete = [&terms](lifecycle::ReadTx&, const Event& event) {
                    return terms.obsolete(event.subject);
                };
            }
            consumer.on_dead = [this](Tx& tx, const Event& event, std::string_view) {
                if (event.machine == "m0") return;
                Entries& staged = trial_.ledger_.stage(step());
                hasten(staged, "d0", clock_.now());
                lifecycle::bring_forward(tx, "d0", clock_.now());
                const KindTerms& own = trial_.ledger_.kinds.at(event.kind);
                judge_that(!own.obsolete || !own.obsolete(event.subject),
                           "what nobody needs is buried");
            };
            if (kind_name != "forever") {
                consumer.backoff_first = terms.first;
                consumer.backoff_longest = terms.longest;
            }
            outbox_->add(kMadeUpKinds[kind], std::move(consumer));
        }
        judge_that(refuses_another(kMadeUpKinds[0]), "a kind has two consumers");
        const auto by_age = outbox_->kinds(EventKind::Lifetime::by_age);
        judge_that(by_age.size() == 2 && by_age[0].name == "forever" && by_age[1].name == "within",
                   "the kinds that go by age are others");
    }

    bool refuses_another(const EventKind& kind) {
        try {
            outbox_->add(kind, lifecycle::Consumer(lifecycle::ForEver{}));
            return false;
        } catch (const std::logic_error&) {
            return true;
        }
    }

    boost::asio::awaitable<void> ask() {
        while (trial_.asks_left_ > 0) {
            --trial_.asks_left_;
            const std::uint64_t pause = trial_.plan_->pick(5);
            co_await lifecycle::idle_for(&clock_, seconds(pause));
            co_await request(false);
        }
    }

    void ask_in(Tx& tx, bool due) {
        Plan& plan = *trial_.plan_;
        Entries& staged = trial_.ledger_.stage(step());
        const Time now = clock_.now();
        const NewEvent event = trial_.some_event(now, due);
        const std::uint64_t what = due ? 0 : plan.pick(8);
        if (what < 4) {
            const bool expected = accept(staged, event, now);
            judge_that(lifecycle::enqueue(tx, event, now) == expected,
                       "whether it was accepted is said wrongly");
            if (expected && !trial_.calm_ && plan.pick(2) == 0) make_old(tx, staged, now);
        } else if (what < 6) {
            ask_again(staged, event, now);
            lifecycle::enqueue_again(tx, event, now);
        } else if (what == 6) {
            hasten(staged, event.dedupe_key, event.available_at);
            lifecycle::bring_forward(tx, event.dedupe_key, event.available_at);
        } else {
            const Duration apart = seconds(plan.pick(3) * 30);
            arm(staged, event.dedupe_key, apart, now, now);
            lifecycle::rearm(tx, event.dedupe_key, apart, now);
        }
    }

    // The newest has a past.
    void make_old(Tx& tx, Entries& staged, Time now) {
        Entry& entry = staged.rbegin()->second;
        give_past(*trial_.plan_, entry, now);
        tx.run("UPDATE outbox_event SET unsettled = ?, attempts = ?, created_at = ? WHERE id = ?",
               {entry.unsettled, entry.attempts, entry.created_at, entry.id});
    }

    boost::asio::awaitable<Outcome> consume(Delivery delivery) {
        Plan& plan = *trial_.plan_;
        const Event& event = delivery.event();
        trial_.ledger_.begins(name(), clock_.now(), event);
        const int work = plan.of(kWorkSeconds);
        if (work > 0) co_await lifecycle::idle_for(&clock_, seconds(work));
        if (plan.pick(4) == 0) {
            std::string refused;
            co_await write_fenced(delivery, &refused);
            if (refused == "full") {
                trial_.ledger_.returns(name(), clock_.now(), event,
                                       lifecycle::Later{"", seconds(5)}, false);
                throw lifecycle::StoreUnavailable(lifecycle::StoreUnavailable::Cause::full,
                                                  "the disk is full");
            }
        }
        const bool wrong = !trial_.calm_ && plan.pick(10) == 0 && !trial_.full_;
        if (wrong) {
            trial_.ledger_.throws(name(), clock_.now(), event);
            thrown_ = true;
            throw std::logic_error("a bug of its consumer");
        }
        Outcome outcome = trial_.outcome_of(event);
        if (auto* done = std::get_if<lifecycle::Done>(&outcome); done && plan.pick(3) == 0) {
            done->effect = [this, machine = event.machine](Tx& tx) { effect(tx, machine); };
        }
        trial_.ledger_.returns(name(), clock_.now(), event, outcome);
        co_return outcome;
    }

    boost::asio::awaitable<void> write_fenced(Delivery delivery, std::string* refused) {
        std::uint64_t made_in = 0;
        auto body = [this, &made_in](Tx& tx) -> lifecycle::Result<bool> {
            made_in = step();
            effect(tx, "");
            return true;
        };
        try {
            const auto written = co_await delivery.transact(std::move(body));
            const bool held = trial_.ledger_.holds(delivery.event());
            judge_that(written.has_value() == held, "a write under a lease that is lost, or none");
            trial_.ledger_.over(made_in);
            judge_that(held || written.error().code == lifecycle::ErrorCode::stale_lease,
                       "a lost lease is told as something else");
            if (!written) *refused = "stale";
        } catch (const lifecycle::StoreUnavailable&) {
            judge_that(trial_.full_, "a store that can be written is not");
            *refused = "full";
        }
    }

    // Asks for something, but not for what is being settled.
    void effect(Tx& tx, const std::string& but) {
        Entries& staged = trial_.ledger_.stage(step());
        const Time now = clock_.now();
        const NewEvent event = trial_.some_event(now, false);
        if (event.machine == but) return;
        ask_again(staged, event, now);
        lifecycle::enqueue_again(tx, event, now);
    }

    void measure(lifecycle::ReadTx& tx, const Entries& all) const {
        std::map<std::string, std::int64_t> expected = measured(all, clock_.now());
        const std::vector<lifecycle::Gauge> gauges = lifecycle::outbox_gauges()(tx, clock_.now());
        judge_that(gauges.size() == expected.size(), "it measures something else");
        for (const lifecycle::Gauge& gauge : gauges) {
            judge_that(gauge.value == expected[gauge.name],
                       fmt::format("{} is {}", gauge.name, gauge.value));
        }
    }

    LoneOutboxes& trial_;
    sim::Process& process_;
    fakes::SimClock clock_;
    fakes::SimHttpClient http_;
    fakes::SimTelemetry telemetry_;
    std::unique_ptr<lifecycle::Store> store_;
    lifecycle::TaskGroup tasks_;
    std::unique_ptr<lifecycle::Outbox> outbox_;
    std::vector<std::string> told_;
    bool thrown_ = false;
};

void LoneOutboxes::begin() {
    plan_.emplace(tape());
    asks_left_ = wanted_.asks;
    ledger_.broken = [this](const std::string& message) { expect(false, kOutboxBehaves, message); };
    ledger_.terms = {seconds(30), seconds(5), 8, 2, 20};
    if (wanted_.workers > 1 || wanted_.lanes < 6) {
        ledger_.terms = {wanted_.options.lease, wanted_.options.poll,
                         static_cast<std::int64_t>(wanted_.options.slots),
                         static_cast<std::int64_t>(wanted_.options.share),
                         wanted_.options.max_unsettled};
    }
    ledger_.kinds = made_up_terms();
    for (int number = 1; number <= wanted_.workers; ++number) {
        const std::string name = fmt::format("worker-{}", number);
        sim::Process& process = world().add_process(name, "worker");
        if (number == 1) {
            process.disk().load(kDatabase, migrated_database());
            first_clock_ = std::make_unique<fakes::SimClock>(process);
        } else {
            process.mount(*processes_.front());
        }
        process.set_program(
            [this](sim::Process& booted) { return std::make_unique<Worker>(*this, booted); });
        processes_.push_back(&process);
    }
    for (sim::Process* process : processes_) process->boot();
    hand_ = &add_process("hand");
    sim::spawn(*hand_, meddle());
}

Outcome LoneOutboxes::outcome_of(const Event& event) {
    Plan& plan = *plan_;
    if (!ledger_.holds(event)) {
        if (plan.pick(2) == 0) return lifecycle::LeaseLost{};
        return lifecycle::Done{"too late", {}};
    }
    const std::uint64_t what = plan.pick(10);
    if (calm_ || what < 4) return lifecycle::Done{fmt::format("note {}", plan.pick(99)), {}};
    const Duration time = seconds(plan.pick(4) * 15);
    if (what < 7) return lifecycle::Retry{fmt::format("failure {}", plan.pick(99)), time};
    if (what < 9) return lifecycle::Later{fmt::format("wait {}", plan.pick(99)), time};
    return lifecycle::GiveUp{fmt::format("refusal {}", plan.pick(99))};
}

// Pauses, crashes and a full disk, until all was asked.
sim::Coroutine LoneOutboxes::meddle() {
    Plan& plan = *plan_;
    constexpr Time kNever = Time::max() - hours(1000);
    co_await sim::sleep(*hand_, seconds(1));  // they have begun
    for (int number = 0; number < 30; ++number) {
        co_await workers_.at("worker-1")->request(true);
    }
    while (asks_left_ > 0) {
        co_await sim::sleep(*hand_, seconds(5 + plan.pick(30)));
        sim::Process& victim = *plan.of(processes_);
        const std::uint64_t what = plan.pick(5);
        if (what < 2) {
            ledger_.hindered(victim.name(), kNever);
            victim.pause();
            const std::uint64_t time = 5 + 20 * plan.pick(3);
            co_await sim::sleep(*hand_, seconds(time));
            ledger_.hindered(victim.name(), now());
            victim.resume();
        } else if (what == 2) {
            victim.crash("the hand");
            co_await sim::sleep(*hand_, milliseconds(200));
            victim.boot();
        } else if (what == 3) {
            full_ = true;
            for (sim::Process* each : processes_) ledger_.hindered(each->name(), kNever);
            processes_.front()->disk().fill();
            const std::uint64_t time = 2 + 24 * plan.pick(3);
            co_await sim::sleep(*hand_, seconds(time));
            processes_.front()->disk().make_room();
            full_ = false;
            for (sim::Process* each : processes_) {
                ledger_.hindered(each->name(), now() + seconds(5));
            }
        }
    }
    co_await come_to_rest();
}

sim::Coroutine LoneOutboxes::come_to_rest() {
    calm_ = true;
    for (int waited = 0; waited < 300 && !ledger_.settled(); ++waited) {
        co_await sim::sleep(*hand_, minutes(1));
    }
    expect(ledger_.settled(), kOutboxBehaves, "an event is never done");
    co_await workers_.at("worker-1")->request(true, false);
    co_await sim::sleep(*hand_, minutes(5));
    for (int number = 0; number < 12; ++number) {
        co_await workers_.at("worker-1")->request(true);
    }
    for (const auto& [name, worker] : workers_) {
        ledger_.stopped(name, now());
        worker->outbox().stop();
    }
    co_await workers_.at("worker-1")->request(true);
    co_await sim::sleep(*hand_, seconds(100));
    for (const auto& [name, worker] : workers_) {
        expect(worker->running() == 0, kOutboxBehaves, "it was stopped and goes on");
    }
    ended_ = true;
    world().halt();
}

}  // namespace

std::vector<sim::search::Scenario> lone_outboxes() {
    OutboxPlan one;
    OutboxPlan narrow;
    narrow.options.slots = 3;
    narrow.options.share = 1;
    narrow.options.max_unsettled = 4;
    narrow.options.lease = hours(2);
    narrow.options.poll = minutes(3);
    narrow.lanes = 2;
    OutboxPlan two = narrow;
    two.workers = 2;
    two.options.lease = seconds(12);
    two.options.poll = seconds(7);
    two.lanes = 3;
    two.asks = 240;
    return {
        sim::search::scenario<LoneOutboxes>(
            "outbox-alone", "An outbox alone, whose consumers do all that consumers may.", {}, one),
        sim::search::scenario<LoneOutboxes>(
            "outbox-in-narrow-lanes", "The same with few slots, and leases of hours.", {}, narrow),
        sim::search::scenario<LoneOutboxes>(
            "outboxes-of-two", "Two outboxes on one disk, which pause, die and run out of room.",
            {}, two)};
}

}  // namespace scenarios
