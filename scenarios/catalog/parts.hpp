#pragma once

#include <vector>

#include "scenarios/scenario.hpp"

// One function for each file of the catalog.
namespace scenarios {

std::vector<Scenario> plain_lives();
std::vector<Scenario> races();
std::vector<Scenario> adoptions();
std::vector<Scenario> conflicts();
std::vector<Scenario> addresses();
std::vector<Scenario> volumes();
std::vector<Scenario> copies();
std::vector<Scenario> identities();
std::vector<Scenario> liveness();
std::vector<Scenario> operations();
std::vector<Scenario> projects();
std::vector<Scenario> workers();
std::vector<Scenario> bounds();
std::vector<Scenario> patience();
std::vector<Scenario> endings();
std::vector<Scenario> clocks();
std::vector<Scenario> fleets();
std::vector<Scenario> clouds();
std::vector<Scenario> stores();
std::vector<Scenario> storms();
std::vector<Scenario> requests();
std::vector<Scenario> effects();
std::vector<Scenario> answers();
std::vector<Scenario> pushes();
std::vector<Scenario> forwarding();

}  // namespace scenarios
