#pragma once

#include <string>

#include "scenarios/client/stage.hpp"

namespace scenarios {

// What is told of one project.
Script read_project(Stage stage, std::string project);

// Reads what the control plane tells of everything that there is, a few of each kind, whole and in
// pages: what is told is judged by properties, and this takes for granted that pages are a whole.
Script read_everything(Stage stage);

}  // namespace scenarios
