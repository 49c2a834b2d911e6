#include "properties/property.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "properties/lifecycle_trial.hpp"

namespace properties {
namespace {

using scenarios::Witness;
using scenarios::Witnesses;

// Says what it hears.
class Echo : public Witness {
  public:
    Echo(std::string name, std::vector<std::string>& heard)
        : name_(std::move(name)), heard_(heard) {}
    void on_named(const std::string& resource) override { heard_.push_back(name_ + resource); }

  private:
    std::string name_;
    std::vector<std::string>& heard_;
};

TEST(Witnesses, AreAllToldInTheirOrder) {
    std::vector<std::string> heard;
    Echo first("first ", heard);
    Echo second("second ", heard);
    Witnesses witnesses;
    witnesses.tell(&Witness::on_named, "before anybody listens");
    witnesses.add(first);
    witnesses.add(second);
    witnesses.tell(&Witness::on_named, "x");
    witnesses.tell(&Witness::on_bug, "nobody overrides this");
    EXPECT_EQ(heard, (std::vector<std::string>{"first x", "second x"}));
}

// Of both kinds that judge late, one that is never content.
class NeverCalm final : public CalmProperty {
  public:
    NeverCalm() : CalmProperty("never-calm", "Nothing is ever right.") {}

  protected:
    void judge_calm(const scenarios::Shadow&, const Broken& broken) override { broken("calm"); }
};

class NeverEnds final : public EndProperty {
  public:
    NeverEnds() : EndProperty("never-ends", "Nothing ends well.") {}

  protected:
    void judge_end(const scenarios::Ending&, const Broken& broken) override { broken("end"); }
};

class NoClouds final : public scenarios::Clouds {
  public:
    std::string boot_at(const std::string&) const override { return {}; }
    std::vector<fakes::CloudMachine> inventory() const override { return {}; }
    std::vector<scenarios::CloudVolume> volumes() const override { return {}; }
};

TEST(Phases, AreWhenAPropertyIsJudged) {
    Properties all;
    all.push_back(std::make_unique<NeverCalm>());
    all.push_back(std::make_unique<NeverEnds>());
    std::vector<std::string> said;
    for (const auto& property : all) {
        property->report_to([&said](const Property& which, std::string message) {
            said.push_back(std::string(which.name()) + " " + message);
        });
    }
    const Witnesses witnesses = witnesses_of(all);
    const NoClouds clouds;
    const scenarios::Shadow shadow(witnesses, clouds);
    witnesses.tell(&Witness::on_commit, shadow);
    EXPECT_TRUE(said.empty());
    witnesses.tell(&Witness::on_calm, shadow);
    EXPECT_EQ(said, (std::vector<std::string>{"never-calm calm"}));
    witnesses.tell(&Witness::at_end, {shadow, {}, {}, {}, {}, {}});
    EXPECT_EQ(said,
              (std::vector<std::string>{"never-calm calm", "never-calm calm", "never-ends end"}));
    EXPECT_EQ(all[0]->phase(), Phase::at_calm);
    EXPECT_EQ(all[1]->phase(), Phase::at_end);
}

TEST(Phases, AreAllInUseAndListed) {
    std::map<std::string, int> listed;
    for (const sim::search::Promise& promise : lifecycle_harness().properties) {
        ++listed[promise.phase];
    }
    EXPECT_EQ(listed.size(), 3U);
    for (const Phase phase : {Phase::always, Phase::at_calm, Phase::at_end}) {
        EXPECT_GT(listed[std::string(to_text(phase))], 0) << to_text(phase);
    }
}

TEST(AllProperties, HaveNamesOfTheirOwnAndPromiseSomething) {
    std::set<std::string_view> names;
    for (const auto& property : all_properties()) {
        EXPECT_TRUE(names.insert(property->name()).second) << property->name();
        EXPECT_TRUE(property->sentence().ends_with('.')) << property->name();
    }
}

}  // namespace
}  // namespace properties
