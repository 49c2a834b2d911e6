#include "scenarios/flows/final_states.hpp"

#include <algorithm>

namespace scenarios {

const FinalStates kMakingEnds = {
    "active in ams",
    {
        {{Call::create}, {Oddity::capacity_region}, {}, "active in fra"},
        {{Call::create, Call::get, Call::start},
         {Oddity::permanent},
         {},
         "no failed in ams, wrong: machine P-1: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {1},
         "no failed in ams, "
         "wrong: machine P-1: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {},
         "no failed in ams, wrong: machine P-1: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {},
         "no failed in ams, wrong: machine P-1: the provider destroyed resource R, "
         "dead machine:provision"},
    }};

const FinalStates kMakingWithVolumeEnds = {
    "active in ams, present volume with data in ams",
    {
        {{Call::create},
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
         "no failed in ams, present volume in ams, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
        {{Call::get, Call::start},
         {Oddity::permanent},
         {},
         "no failed in ams, present volume with data in ams, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {1},
         "no failed in ams, present volume with data in ams, "
         "wrong: machine P-1: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {},
         "no failed in ams, present volume with data in ams, "
         "wrong: machine P-1: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {},
         "no failed in ams, present volume with data in ams, "
         "wrong: machine P-1: the provider destroyed resource R, dead machine:provision"},
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
         "no failed in ams, no planned volume in ams, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
    }};

const FinalStates kReplacingEnds = {
    "no archived in ams, active in ams",
    {
        {{Call::create}, {Oddity::capacity_region}, {}, "no archived in ams, active in fra"},
        {{Call::create, Call::start},
         {Oddity::permanent},
         {},
         "active in ams, no failed in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::permanent},
         {1, 2},
         "active in ams, no failed in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {1},
         "active in ams, no failed in ams, "
         "wrong: machine P-2: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {1, 2},
         "active in ams, no failed in ams, "
         "wrong: machine P-2: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {1, 2},
         "active in ams, no failed in ams, "
         "wrong: machine P-2: the provider destroyed resource R, dead machine:provision"},
    }};

const FinalStates kReplacingWithVolumeEnds = {
    "no archived in ams, active in ams, present volume with data in ams",
    {
        {{Call::create},
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
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: volume V may hold data and is lost, dead machine:provision"},
        {{Call::create, Call::start},
         {Oddity::permanent},
         {},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: permanent: as it is told, dead machine:provision"},
        {{Call::get},
         {Oddity::permanent},
         {2, 3},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: permanent: as it is told, dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {2},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {2, 3},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {2, 3},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: the provider destroyed resource R, dead machine:provision"},
    }};

const FinalStates kRetiringEnds = {"no archived in ams", {}};

const FinalStates kRestartingEnds = {
    "active in ams",
    {
        {{Call::get},
         {Oddity::failed},
         {},
         "no archived in ams, "
         "wrong: machine P-1: the provider could not launch resource R, dead machine:start"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {},
         "no archived in ams, wrong: machine P-1: the provider destroyed resource R, "
         "dead machine:start"},
        {{Call::restart},
         {Oddity::gone, Oddity::permanent},
         {},
         "active in ams, dead machine:restart"},
    }};

const FinalStates kStartingAgainEnds = {
    "active in ams",
    {
        {{Call::get},
         {Oddity::failed},
         {},
         "no archived in ams, "
         "wrong: machine P-1: the provider could not launch resource R, dead machine:start"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {},
         "no archived in ams, wrong: machine P-1: the provider destroyed resource R, "
         "dead machine:start"},
    }};

const FinalStates kLosingEnds = {
    "no archived in ams, wrong: machine P-1: the provider no longer has resource R, "
    "dead machine:start",
    {}};

const FinalStates kArchivingEnds = {"no archived in ams, no gone volume with data in ams",
                                    {
                                        {{Call::get_volume},
                                         {Oddity::unusable},
                                         {1},
                                         "no archived in ams, gone volume with data in ams"},
                                    }};

const FinalStates kMovingVolumeEnds = {
    "no archived in ams, active in ams, no gone volume with data in ams, "
    "present volume with data in ams",
    {
        {{Call::create},
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
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: volume V may hold data and is lost, dead machine:provision"},
        {{Call::create},
         {Oddity::permanent},
         {1},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "wrong: machine P-2: permanent: as it is told, dead machine:provision"},
        {{Call::create, Call::get_volume},
         {Oddity::permanent},
         {2},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::find},
         {Oddity::permanent},
         {1},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::permanent},
         {2, 3},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume with data in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::start},
         {Oddity::permanent},
         {},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume with data in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {2},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume with data in ams, "
         "wrong: machine P-2: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {2, 3},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume with data in ams, "
         "wrong: machine P-2: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {2, 3},
         "no archived in ams, no failed in ams, superseded volume with data in ams, "
         "present volume with data in ams, "
         "wrong: machine P-2: the provider destroyed resource R, dead machine:provision"},
        {{Call::copy_volume},
         {Oddity::not_yet, Oddity::ambiguous, Oddity::unknown},
         {},
         "no archived in ams, active in ams, no gone volume with data in ams, "
         "no gone volume in ams, present volume with data in ams"},
        {{Call::copy_volume, Call::find_volumes},
         {Oddity::permanent},
         {},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "no gone volume in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get_volume},
         {Oddity::permanent},
         {1},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "no gone volume in ams, wrong: machine P-2: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get_volume},
         {Oddity::gone, Oddity::unusable},
         {1},
         "no archived in ams, no failed in ams, present volume with data in ams, "
         "no gone volume in ams, wrong: machine P-2: volume its id, "
         "which holds the data of the project, is not at the provider any more, "
         "dead machine:provision"},
        {{Call::get_volume},
         {Oddity::attached_out_of_reach},
         {2},
         "no archived in ams, active in ams, no gone volume with data in ams, "
         "no gone volume in ams, present volume with data in ams"},
    }};

const FinalStates kGoingElsewhereEnds = {
    "active in fra, present volume with data in fra",
    {
        {{Call::create},
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
         "no failed in fra, present volume in fra, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
        {{Call::get, Call::start},
         {Oddity::permanent},
         {},
         "no failed in fra, present volume with data in fra, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {1},
         "no failed in fra, present volume with data in fra, "
         "wrong: machine P-1: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {},
         "no failed in fra, present volume with data in fra, "
         "wrong: machine P-1: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {},
         "no failed in fra, present volume with data in fra, "
         "wrong: machine P-1: the provider destroyed resource R, dead machine:provision"},
        {{Call::create_volume},
         {Oddity::capacity_region},
         {2},
         "active in cdg, present volume with data in cdg"},
        {{Call::create_volume},
         {Oddity::not_yet, Oddity::ambiguous, Oddity::ambiguous_and_done, Oddity::taken_over,
          Oddity::unknown},
         {1},
         "active in fra, no gone volume in ams, present volume with data in fra"},
        {{Call::create_volume},
         {Oddity::not_yet, Oddity::ambiguous, Oddity::unknown},
         {2},
         "active in fra, no gone volume in fra, present volume with data in fra"},
        {{Call::create_volume, Call::find_volumes},
         {Oddity::permanent},
         {1},
         "no failed in ams, no planned volume in ams, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
        {{Call::create_volume, Call::find_volumes},
         {Oddity::permanent},
         {2},
         "no failed in fra, no planned volume in fra, "
         "wrong: machine P-1: permanent: as it is told, dead machine:provision"},
    }};

const FinalStates kSnapshottingEnds = {
    "active in ams, present volume with data in ams",
    {
        {{Call::snapshot_volume},
         {Oddity::gone, Oddity::volume_gone, Oddity::permanent},
         {},
         "active in ams, present volume with data in ams, dead volume:snapshot"},
    }};

const FinalStates kTakingOverNameEnds = {
    "active in ams",
    {
        {{Call::create}, {Oddity::capacity_region}, {}, "active in fra"},
        {{Call::create, Call::find, Call::get, Call::start},
         {Oddity::permanent},
         {},
         "no failed in ams, wrong: machine P-1: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {2},
         "no failed in ams, wrong: machine P-1: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {2, 3},
         "no failed in ams, wrong: machine P-1: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {2, 3},
         "no failed in ams, wrong: machine P-1: the provider destroyed resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::not_ours},
         {1},
         "no failed in ams, wrong: machine P-1: the name P-1 belongs to resource R, which is not "
         "ours, dead machine:provision"},
    }};

const FinalStates kMakingUnheardEnds = {
    "active in ams, 2 in all are there",
    {
        {{Call::create}, {Oddity::capacity_region}, {}, "active in fra, 2 in all are there"},
        {{Call::create, Call::find, Call::get, Call::start},
         {Oddity::permanent},
         {},
         "no failed in ams, wrong: machine P-1: permanent: as it is told, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::started},
         {1},
         "no failed in ams, wrong: machine P-1: not active 20 minutes after it was asked for"},
        {{Call::get},
         {Oddity::failed},
         {},
         "no failed in ams, wrong: machine P-1: the provider could not launch resource R, "
         "dead machine:provision"},
        {{Call::get},
         {Oddity::destroying, Oddity::destroyed},
         {},
         "no failed in ams, wrong: machine P-1: the provider destroyed resource R, "
         "dead machine:provision"},
        {{Call::find},
         {Oddity::not_ours},
         {1},
         "no failed in ams, wrong: machine P-1: the name P-1 belongs to resource R, which is not "
         "ours, dead machine:provision"},
        {{Call::find},
         {Oddity::of_another_volume},
         {1},
         "no failed in ams, wrong: machine P-1: the provider could not launch resource R, "
         "dead machine:provision"},
    }};

const FinalStates kLosingCopyEnds = {
    "no archived in ams, no archived in ams, active in ams, present volume with data in ams, "
    "no gone volume with data in ams",
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
