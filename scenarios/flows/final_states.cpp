#include "scenarios/flows/final_states.hpp"

#include <algorithm>
#include <utility>

namespace scenarios {
namespace {

constexpr const char* kForGood = "permanent: as it is told";
constexpr const char* kMissing = "the provider could not launch resource R";
constexpr const char* kDestroyed = "the provider destroyed resource R";

// What is there when that machine is given up, for that reason, with the event that was for it.
std::string given_up(const std::string& there, const std::string& machine, const std::string& why,
                     const std::string& event = "machine:provision") {
    return there + ", wrong: machine " + machine + ": " + why + ", dead " + event;
}

using Times = std::vector<std::int64_t>;

// The machine was launched in vain, or is gone, says its provider when it is asked at those times.
std::vector<FinalState> lost(const std::string& there, const std::string& machine,
                             const Times& times, const std::string& event) {
    return {{{Call::get}, {Oddity::failed}, times, given_up(there, machine, kMissing, event)},
            {{Call::get},
             {Oddity::destroying, Oddity::destroyed},
             times,
             given_up(there, machine, kDestroyed, event)}};
}

std::vector<FinalState> and_then(std::vector<FinalState> all,
                                 const std::vector<FinalState>& others) {
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

// The machine is made, and does not come to run. One that is said to run is not started.
std::vector<FinalState> never_runs(std::vector<FinalState> others, const std::string& there,
                                   const std::string& machine, const Times& times = {}) {
    std::vector<FinalState> all = lost(there, machine, times, "machine:provision");
    all.push_back(
        {{Call::get},
         {Oddity::started},
         {times.empty() ? 1 : times.front()},
         there + ", wrong: machine " + machine + ": not active 20 minutes after it was asked for"});
    all.push_back({{Call::get}, {Oddity::permanent}, times, given_up(there, machine, kForGood)});
    all.push_back({{Call::start}, {Oddity::permanent}, {}, given_up(there, machine, kForGood)});
    return and_then(std::move(others), all);
}

}  // namespace

const FinalStates kMakingEnds = {
    "active in ams",
    never_runs(
        {{{Call::create}, {Oddity::capacity_region}, {}, "active in fra"},
         {{Call::create}, {Oddity::permanent}, {}, given_up("no failed in ams", "P-1", kForGood)}},
        "no failed in ams", "P-1")};

const FinalStates kMakingWithVolumeEnds = {
    "active in ams, present volume with data in ams",
    never_runs({{{Call::create},
                 {Oddity::capacity_host, Oddity::capacity_volume, Oddity::volume_gone},
                 {},
                 "active in ams, no gone volume in ams, present volume with data in ams"},
                {{Call::create},
                 {Oddity::capacity_region},
                 {},
                 "active in fra, no gone volume in ams, present volume with data in fra"},
                {{Call::create},
                 {Oddity::permanent},
                 {},
                 given_up("no failed in ams, present volume in ams", "P-1", kForGood)},
                {{Call::create_volume},
                 {Oddity::capacity_region},
                 {},
                 "active in fra, present volume with data in fra"},
                {{Call::create_volume},
                 {Oddity::not_yet, Oddity::ambiguous, Oddity::unknown},
                 {},
                 "active in ams, no gone volume in ams, present volume with data in ams"},
                {{Call::create_volume, Call::find_volumes},
                 {Oddity::permanent},
                 {},
                 given_up("no failed in ams, no planned volume in ams", "P-1", kForGood)}},
               "no failed in ams, present volume with data in ams", "P-1")};

const FinalStates kReplacingEnds = {
    "no archived in ams, active in ams",
    never_runs(
        {{{Call::create}, {Oddity::capacity_region}, {}, "no archived in ams, active in fra"},
         {{Call::create},
          {Oddity::permanent},
          {},
          given_up("active in ams, no failed in ams", "P-2", kForGood)}},
        "active in ams, no failed in ams", "P-2", {1, 2})};

const FinalStates kReplacingWithVolumeEnds = {
    "no archived in ams, active in ams, present volume with data in ams",
    never_runs({{{Call::create},
                 {Oddity::capacity_host, Oddity::capacity_volume},
                 {},
                 "no archived in ams, active in ams, no gone volume with data in ams, "
                 "present volume with data in ams"},
                {{Call::create},
                 {Oddity::capacity_region},
                 {},
                 "no archived in ams, active in fra, no gone volume with data in ams, "
                 "present volume with data in fra"},
                {{Call::create},
                 {Oddity::volume_gone},
                 {},
                 given_up("no archived in ams, no failed in ams, present volume with data in ams",
                          "P-2", "volume V may hold data and is lost")},
                {{Call::create},
                 {Oddity::permanent},
                 {},
                 given_up("no archived in ams, no failed in ams, present volume with data in ams",
                          "P-2", kForGood)}},
               "no archived in ams, no failed in ams, present volume with data in ams", "P-2",
               {2, 3})};

const FinalStates kRetiringEnds = {"no archived in ams", {}};

const FinalStates kRestartingEnds = {
    "active in ams", and_then({{{Call::restart},
                                {Oddity::gone, Oddity::permanent},
                                {},
                                "active in ams, dead machine:restart"}},
                              lost("no archived in ams", "P-1", {}, "machine:start"))};

const FinalStates kStartingAgainEnds = {"active in ams",
                                        lost("no archived in ams", "P-1", {}, "machine:start")};

const FinalStates kLosingEnds = {
    "no archived in ams, "
    "wrong: machine P-1: the provider no longer has resource R, dead machine:start",
    {}};

const FinalStates kArchivingEnds = {"no archived in ams, no gone volume with data in ams",
                                    {{{Call::get_volume},
                                      {Oddity::unusable},
                                      {1},
                                      "no archived in ams, gone volume with data in ams"}}};

const FinalStates kMovingVolumeEnds = {
    "no archived in ams, active in ams, no gone volume with data in ams, "
    "present volume with data in ams",
    never_runs(
        {{{Call::create},
          {Oddity::capacity_host, Oddity::capacity_volume, Oddity::volume_gone},
          {2},
          "no archived in ams, active in ams, no gone volume with data in ams, "
          "no gone volume in ams, present volume with data in ams"},
         {{Call::create},
          {Oddity::capacity_region},
          {1},
          "no archived in ams, active in fra, no gone volume with data in ams, "
          "present volume with data in fra"},
         {{Call::copy_volume},
          {Oddity::capacity_region},
          {},
          "no archived in ams, active in fra, no gone volume with data in ams, "
          "present volume with data in fra"},
         {{Call::create},
          {Oddity::capacity_region},
          {2},
          "no archived in ams, active in fra, no gone volume with data in ams, "
          "no gone volume in ams, present volume with data in fra"},
         {{Call::create},
          {Oddity::volume_gone},
          {1},
          given_up("no archived in ams, no failed in ams, present volume with data in ams", "P-2",
                   "volume V may hold data and is lost")},
         {{Call::create},
          {Oddity::permanent},
          {1},
          given_up("no archived in ams, no failed in ams, present volume with data in ams", "P-2",
                   kForGood)},
         {{Call::create, Call::get_volume},
          {Oddity::permanent},
          {2},
          given_up("no archived in ams, no failed in ams, superseded volume with data in ams, "
                   "present volume in ams",
                   "P-2", kForGood)},
         {{Call::find},
          {Oddity::permanent},
          {1},
          given_up("no archived in ams, no failed in ams, superseded volume with data in ams, "
                   "present volume in ams",
                   "P-2", kForGood)},
         {{Call::copy_volume},
          {Oddity::not_yet, Oddity::ambiguous, Oddity::unknown},
          {},
          "no archived in ams, active in ams, no gone volume with data in ams, "
          "no gone volume in ams, present volume with data in ams"},
         {{Call::copy_volume, Call::find_volumes},
          {Oddity::permanent},
          {},
          given_up("no archived in ams, no failed in ams, present volume with data in ams, "
                   "no gone volume in ams",
                   "P-2", kForGood)},
         {{Call::get_volume},
          {Oddity::permanent},
          {1},
          given_up("no archived in ams, no failed in ams, present volume with data in ams, "
                   "no gone volume in ams",
                   "P-2", kForGood)},
         {{Call::get_volume},
          {Oddity::gone, Oddity::unusable},
          {1},
          given_up("no archived in ams, no failed in ams, present volume with data in ams, "
                   "no gone volume in ams",
                   "P-2",
                   "volume its id, which holds the data of the project, "
                   "is not at the provider any more")},
         {{Call::get_volume},
          {Oddity::attached_out_of_reach},
          {2},
          "no archived in ams, active in ams, no gone volume with data in ams, "
          "no gone volume in ams, present volume with data in ams"}},
        "no archived in ams, no failed in ams, superseded volume with data in ams, "
        "present volume with data in ams",
        "P-2", {2, 3})};

const FinalStates kGoingElsewhereEnds = {
    "active in fra, present volume with data in fra",
    never_runs({{{Call::create},
                 {Oddity::capacity_host, Oddity::capacity_volume, Oddity::volume_gone},
                 {},
                 "active in fra, no gone volume in fra, present volume with data in fra"},
                {{Call::create},
                 {Oddity::capacity_region},
                 {},
                 "active in cdg, no gone volume in fra, present volume with data in cdg"},
                {{Call::create},
                 {Oddity::permanent},
                 {},
                 given_up("no failed in fra, present volume in fra", "P-1", kForGood)},
                {{Call::create_volume},
                 {Oddity::capacity_region},
                 {2},
                 "active in cdg, present volume with data in cdg"},
                {{Call::create_volume},
                 {Oddity::not_yet, Oddity::ambiguous, Oddity::ambiguous_and_done,
                  Oddity::taken_over, Oddity::unknown},
                 {1},
                 "active in fra, no gone volume in ams, present volume with data in fra"},
                {{Call::create_volume},
                 {Oddity::not_yet, Oddity::ambiguous, Oddity::unknown},
                 {2},
                 "active in fra, no gone volume in fra, present volume with data in fra"},
                {{Call::create_volume, Call::find_volumes},
                 {Oddity::permanent},
                 {1},
                 given_up("no failed in ams, no planned volume in ams", "P-1", kForGood)},
                {{Call::create_volume, Call::find_volumes},
                 {Oddity::permanent},
                 {2},
                 given_up("no failed in fra, no planned volume in fra", "P-1", kForGood)}},
               "no failed in fra, present volume with data in fra", "P-1")};

const FinalStates kSnapshottingEnds = {
    "active in ams, present volume with data in ams",
    {{{Call::snapshot_volume},
      {Oddity::gone, Oddity::volume_gone, Oddity::permanent},
      {},
      "active in ams, present volume with data in ams, dead volume:snapshot"}}};

const FinalStates kTakingOverNameEnds = {
    "active in ams",
    never_runs(
        {{{Call::create}, {Oddity::capacity_region}, {}, "active in fra"},
         {{Call::get}, {Oddity::permanent}, {1}, given_up("no failed in ams", "P-1", kForGood)},
         {{Call::create, Call::find},
          {Oddity::permanent},
          {},
          given_up("no failed in ams", "P-1", kForGood)},
         {{Call::get},
          {Oddity::not_ours},
          {1},
          given_up("no failed in ams", "P-1",
                   "the name P-1 belongs to resource R, which is not ours")}},
        "no failed in ams", "P-1", {2, 3})};

const FinalStates kMakingUnheardEnds = {
    "active in ams, 2 in all are there",
    never_runs(
        {{{Call::create}, {Oddity::capacity_region}, {}, "active in fra, 2 in all are there"},
         {{Call::create, Call::find},
          {Oddity::permanent},
          {},
          given_up("no failed in ams", "P-1", kForGood)},
         {{Call::find},
          {Oddity::not_ours},
          {1},
          given_up("no failed in ams", "P-1",
                   "the name P-1 belongs to resource R, which is not ours")},
         {{Call::find},
          {Oddity::of_another_volume},
          {1},
          given_up("no failed in ams", "P-1", "the provider could not launch resource R")}},
        "no failed in ams", "P-1")};

const FinalStates kLosingCopyEnds = {
    "no archived in ams, no archived in ams, active in ams, "
    "present volume with data in ams, no gone volume with data in ams",
    {}};

const FinalStates kSnapshottingEarlyEnds = {"active in ams, present volume with data in ams", {}};

const FinalState* FinalStates::of(Call call, Oddity oddity, std::int64_t time) const {
    const auto found = std::ranges::find_if(otherwise, [&](const FinalState& ending) {
        return std::ranges::count(ending.calls, call) > 0 && ending.oddities.has(oddity) &&
               (ending.times.empty() || std::ranges::count(ending.times, time) > 0);
    });
    return found == otherwise.end() ? nullptr : &*found;
}

}  // namespace scenarios
