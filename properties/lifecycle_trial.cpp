#include "properties/lifecycle_trial.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "properties/lifecycle_coverage.hpp"
#include "properties/property.hpp"
#include "scenarios/catalog/catalog.hpp"
#include "scenarios/client/reading.hpp"
#include "scenarios/client/stage.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "scenarios/dialects/every_answer.hpp"
#include "scenarios/dialects/manners.hpp"
#include "scenarios/durable/every_row.hpp"
#include "scenarios/durable/ledger.hpp"
#include "scenarios/durable/lone_outboxes.hpp"
#include "scenarios/durable/row_checks.hpp"
#include "scenarios/durable/timelines.hpp"
#include "scenarios/flows/differences.hpp"
#include "scenarios/flows/errands.hpp"
#include "scenarios/flows/every_oddity.hpp"
#include "scenarios/flows/introductions.hpp"
#include "scenarios/flows/routes.hpp"
#include "scenarios/flows/silences.hpp"
#include "scenarios/flows/wishes.hpp"
#include "scenarios/watch/rest.hpp"

namespace properties {
namespace {

using scenarios::Witness;
using sim::search::Ground;
using std::chrono::hours;
using std::chrono::minutes;

// Long enough for the longest lease, backoff, grace and deadline to run out.
constexpr sim::Duration kTimeToHeal = minutes(45);
// In which each loop goes round at least three times: what nothing changes for so long, while
// nothing is open, stays as it is.
constexpr sim::Duration kQuiet = minutes(20);

class LifecycleTrial final : public sim::search::Trial {
  public:
    LifecycleTrial(const scenarios::Scenario& scenario, const Ground& ground)
        : scenario_(scenario),
          tape_(ground.tape),
          properties_(all_properties()),
          witnesses_(witnesses_of(properties_)),
          cluster_(ground.tape, ground.trace, witnesses_, ground.recorder, scenario.cluster) {
        for (const auto& property : properties_) {
            // What a script expects, it expects under the faults of its scenario and no others.
            const bool heard = ground.own_faults || property->name() != kScriptSatisfied;
            property->report_to(
                [heard, broken = ground.broken](const Property& which, std::string message) {
                    if (heard) broken(which.name(), std::move(message));
                });
        }
        witnesses_.tell(&Witness::on_terms, scenario.terms);
    }

    sim::World& world() override { return cluster_.world(); }

    std::vector<sim::search::Phase> phases() override {
        const auto over = [this] { return cluster_.script_is_over(); };
        return {{"the script", scenario_.at_most,
                 [this] {
                     if (scenario_.nemesis) cluster_.nemesis().start();
                     cluster_.begin(scenario_.play(scenarios::Stage(cluster_)));
                 },
                 over},
                {.name = "the calm",
                 .at_most = kTimeToHeal,
                 .begin = [this] { calm(); },
                 .at_rest = [this] { return at_rest(); },
                 .end = [this] { witnesses_.tell(&Witness::on_calm, cluster_.shadow()); }},
                {"the last demands", hours(1),
                 [this] { cluster_.begin(scenarios::demand_machines(scenarios::Stage(cluster_))); },
                 over},
                {"the last reading", hours(1),
                 [this] { cluster_.begin(scenarios::read_everything(scenarios::Stage(cluster_))); },
                 over},
                {.name = "the end",
                 .at_most = kTimeToHeal,
                 .begin = [this] { calm(); },
                 .at_rest = [this] { return at_rest(); }}};
    }

    void judge() override {
        const auto rows = cluster_.take_stock();
        const auto faults = tape_.struck();
        const auto resources = cluster_.inventory();
        const auto volumes = cluster_.volumes();
        witnesses_.tell(&Witness::at_end,
                        {cluster_.shadow(), resources, volumes, cluster_.demands(), faults, rows,
                         cluster_.world().now(), tape_.calm()});
    }

    std::vector<sim::Waiting> waiting() override { return cluster_.waiting(); }

    std::expected<std::string, std::string> ask(const std::string& question) override {
        return cluster_.try_ask(question);
    }

  private:
    void calm() {
        cluster_.calm();
        calm_since_ = cluster_.world().now();
    }

    bool at_rest() {
        const sim::VirtualTime quiet_since = std::max(calm_since_, cluster_.shadow().changed_at());
        return cluster_.world().now() - quiet_since >= kQuiet &&
               scenarios::nothing_is_open(cluster_.shadow());
    }

    const scenarios::Scenario& scenario_;
    sim::Tape& tape_;
    Properties properties_;
    scenarios::Witnesses witnesses_;
    scenarios::Cluster cluster_;
    sim::VirtualTime calm_since_{};
};

}  // namespace

sim::search::Scenario lifecycle_scenario(const scenarios::Scenario& scenario) {
    sim::search::Scenario made;
    made.name = scenario.name;
    made.sentence = scenario.sentence;
    made.faults = scenario.faults;
    made.sometimes = scenario.sometimes;
    made.max_steps = scenario.max_steps;
    made.generated = scenario.generated;
    made.trial = [kept = std::make_shared<scenarios::Scenario>(scenario)](const Ground& ground) {
        return std::make_unique<LifecycleTrial>(*kept, ground);
    };
    made.coverage = [] { return std::make_unique<LifecycleCoverage>(); };
    return made;
}

const sim::search::Harness& lifecycle_harness() {
    static const sim::search::Harness harness = [] {
        sim::search::Harness made;
        made.sentence = "a deterministic simulator of a control plane that manages machines";
        for (const scenarios::Scenario& scenario : scenarios::catalog()) {
            made.scenarios.push_back(lifecycle_scenario(scenario));
        }
        // What plays a part of the system alone goes through tables, and through what it draws.
        const auto add_part = [&made](sim::search::Scenario scenario) {
            scenario.generated = true;
            made.scenarios.push_back(std::move(scenario));
        };
        for (auto* of_parts :
             {scenarios::every_answer, scenarios::manners, scenarios::lone_outboxes,
              scenarios::every_row, scenarios::timelines, scenarios::every_oddity}) {
            for (sim::search::Scenario& scenario : of_parts()) add_part(std::move(scenario));
        }
        for (auto* part :
             {scenarios::every_difference, scenarios::every_wish, scenarios::every_route,
              scenarios::every_silence, scenarios::every_errand, scenarios::every_introduction}) {
            add_part(part());
        }
        for (const auto& property : all_properties()) {
            made.properties.push_back({std::string(property->name()),
                                       std::string(property->sentence()),
                                       std::string(to_text(property->phase()))});
        }
        made.properties.push_back(
            {scenarios::kAnswersUnderstood, scenarios::kAnswersUnderstoodSentence});
        made.properties.push_back({scenarios::kClientBehaves, scenarios::kClientBehavesSentence});
        made.properties.push_back(
            {scenarios::kOdditiesHandled, scenarios::kOdditiesHandledSentence});
        made.properties.push_back(
            {scenarios::kDifferencesMended, scenarios::kDifferencesMendedSentence});
        made.properties.push_back({scenarios::kWishesGranted, scenarios::kWishesGrantedSentence});
        made.properties.push_back({scenarios::kRecordFollows, scenarios::kRecordFollowsSentence});
        made.properties.push_back({scenarios::kSilenceJudged, scenarios::kSilenceJudgedSentence});
        made.properties.push_back({scenarios::kWorkHandedOver, scenarios::kWorkHandedOverSentence});
        made.properties.push_back({scenarios::kBoxesKnown, scenarios::kBoxesKnownSentence});
        made.properties.push_back({scenarios::kOutboxBehaves, scenarios::kOutboxBehavesSentence});
        made.properties.push_back({scenarios::kRowsAsAsked, scenarios::kRowsAsAskedSentence});
        made.properties.push_back({scenarios::kTimeGoesOn, scenarios::kTimeGoesOnSentence});
        made.widest = "storm";
        made.corpus = "scenarios/corpus";
        made.how_to_ask =
            "ask something that SQLite understands, of the tables in system/store/schema.cpp";
        return made;
    }();
    return harness;
}

sim::search::RunResult run(const scenarios::Scenario& scenario, std::unique_ptr<sim::Source> source,
                           const sim::search::RunOptions& options) {
    return sim::search::run(lifecycle_scenario(scenario), std::move(source), options);
}

}  // namespace properties
