#include "scenarios/catalog/terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace scenarios {
namespace {

using std::chrono::seconds;

struct Row {
    std::string_view scenario;
    Term term;
};

// A cloud that is full, a box that boots slowly, an outage of an hour: measured in the calm run of
// each scenario, with a tenth to spare.
constexpr Row kRows[] = {
    {"archived-for-good", {"delegation:deliver", seconds(200), 4}},
    {"archived-while-provisioned", {"volume:destroy", seconds(330), 6}},
    {"cannot-be-started", {"machine:start", seconds(7735), 137}},
    {"clock-set-while-down", {"machine:deadline", seconds(70), 2}},
    {"clock-set-while-down", {"machine:provision", seconds(160), 5}},
    {"clock-set-while-leased", {"machine:provision", seconds(25), 4}},
    {"clock-set-while-unseen", {"machine:provision", seconds(25), 13}},
    {"conflict-start-fails", {"machine:provision", seconds(35), 7}},
    {"conflict-stranded", {"machine:provision", seconds(125), 7}},
    {"conflict-vanished", {"machine:provision", seconds(45), 8}},
    {"conflict-vanished-for-good", {"machine:provision", seconds(1325), 28}},
    {"conflict-vanishes-when-adopted", {"machine:provision", seconds(40), 18}},
    {"control-plane-down", {"machine:deadline", seconds(340), 2}},
    {"control-plane-outage", {"machine:deadline", seconds(345), 2}},
    {"copied-at-rest", {"machine:provision", seconds(220), 46}},
    {"copy-asked-and-lost", {"volume:destroy", seconds(330), 6}},
    {"copy-moved-again", {"machine:provision", seconds(615), 15}},
    {"copy-moved-again", {"volume:release", seconds(595), 11}},
    {"copy-refused", {"machine:provision", seconds(1330), 29}},
    {"copy-refused", {"volume:destroy", seconds(330), 6}},
    {"copy-slowly-filled", {"volume:release", seconds(6670), 113}},
    {"create-answer-lost", {"machine:provision", seconds(40), 4}},
    {"delegation-redelivered", {"delegation:deliver", seconds(1665), 7}},
    {"delegation-times-out", {"delegation:deliver", seconds(660), 6}},
    {"destroy-refused", {"machine:destroy", seconds(1400), 20}},
    {"destroyed-out-of-sight", {"machine:destroy", seconds(24115), 90}},
    {"destroyed-slowly", {"machine:destroy", seconds(2980), 535}},
    {"destroyed-while-starting", {"machine:provision", seconds(40), 12}},
    {"disk-full", {"machine:provision", seconds(1055), 4}},
    {"double-provision-401", {"delegation:deliver", seconds(1650), 7}},
    {"every-effect", {"delegation:deliver", seconds(200), 4}},
    {"every-effect", {"volume:destroy", seconds(330), 6}},
    {"every-request", {"machine:destroy", seconds(345), 7}},
    {"every-request", {"machine:provision", seconds(35), 11}},
    {"host-out-of-sight", {"machine:provision", seconds(270), 30}},
    {"image-pulled", {"machine:provision", seconds(275), 11}},
    {"late-renewal", {"delegation:deliver", seconds(1505), 12}},
    {"late-success", {"machine:provision", seconds(1325), 18}},
    {"leased-by-somebody", {"machine:provision", seconds(75), 15}},
    {"made-in-the-end", {"machine:provision", seconds(3020), 40}},
    {"many-at-once", {"machine:provision", seconds(55), 4}},
    {"mint-answer-lost", {"machine:readiness", seconds(60), 6}},
    {"odd-element", {"machine:destroy", seconds(1765), 24}},
    {"odd-element", {"machine:provision", seconds(135), 8}},
    {"outage-said", {"machine:provision", seconds(1040), 17}},
    {"passed-on", {"machine:destroy", seconds(570), 12}},
    {"passed-on", {"machine:provision", seconds(665), 76}},
    {"paused-replica", {"machine:provision", seconds(45), 4}},
    {"place-handed-back", {"machine:arbitrate", seconds(395), 10}},
    {"probed-for-an-hour", {"machine:readiness", seconds(3315), 170}},
    {"provider-away-for-hours", {"machine:destroy", seconds(39945), 275}},
    {"provider-away-for-hours", {"machine:start", seconds(39710), 456}},
    {"provider-hangs", {"machine:provision", seconds(210), 4}},
    {"provider-outage", {"machine:provision", seconds(745), 14}},
    {"pushes-faster-than-boots", {"machine:provision", seconds(335), 42}},
    {"pushes-for-a-volume", {"machine:provision", seconds(190), 27}},
    {"ready-before-provision", {"machine:provision", seconds(65), 2}},
    {"ready-before-provision", {"machine:readiness", seconds(35), 2}},
    {"ready-meets-provision", {"machine:provision", seconds(30), 2}},
    {"regions-fill", {"machine:destroy", seconds(370), 6}},
    {"regions-fill", {"machine:provision", seconds(1355), 28}},
    {"regions-full", {"machine:provision", seconds(1325), 28}},
    {"regions-full", {"volume:destroy", seconds(330), 6}},
    {"removal-in-progress", {"machine:destroy", seconds(385), 10}},
    {"replicas-restart", {"machine:provision", seconds(35), 4}},
    {"retired-while-provisioning", {"machine:provision", seconds(15), 4}},
    {"route-delayed", {"project:route", seconds(25), 3}},
    {"sandbox-boots-slowly", {"machine:provision", seconds(60), 5}},
    {"sandbox-stuck", {"machine:provision", seconds(1000), 98}},
    {"settled-too-late", {"project:route", seconds(65), 4}},
    {"slow-start", {"machine:provision", seconds(90), 17}},
    {"store-locked", {"machine:provision", seconds(1055), 4}},
    {"successor-fails-beside-copy", {"volume:release", seconds(6670), 113}},
    {"volume-asked-and-archived", {"machine:provision", seconds(40), 3}},
    {"volume-host-lost", {"machine:destroy", seconds(710), 9}},
    {"volume-host-lost", {"machine:provision", seconds(375), 11}},
};

}  // namespace

void set_terms(std::vector<Scenario>& scenarios) {
    for (const Row& row : kRows) {
        const auto found = std::ranges::find(scenarios, row.scenario, &Scenario::name);
        if (found == scenarios.end()) {
            throw std::logic_error(fmt::format("terms of no scenario: {}", row.scenario));
        }
        found->terms.push_back(row.term);
    }
}

}  // namespace scenarios
