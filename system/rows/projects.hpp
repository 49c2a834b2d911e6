#pragma once

#include <cstdint>
#include <string_view>

#include "system/store/store.hpp"

// Typed queries over projects. Each runs in the transaction given.
namespace lifecycle {

bool project_exists(ReadTx& tx, std::string_view project);
// Nothing if it is there.
void make_project(Tx& tx, std::string_view project, Time now);

// Whether it was given up, and no person has asked for a machine since.
bool is_archived(ReadTx& tx, std::string_view project);
void set_archived(Tx& tx, std::string_view project, Time now);
void set_not_archived(Tx& tx, std::string_view project);

// The project's newest generation; 0 if there is no such project.
std::int64_t generation_of(ReadTx& tx, std::string_view project);
// Gives the project its next generation, which is returned.
std::int64_t next_generation(Tx& tx, std::string_view project);

void set_active_machine(Tx& tx, std::string_view project, std::string_view machine);

// How often in a row the project's machine was recreated because it was silent.
std::int64_t recreations_of(ReadTx& tx, std::string_view project);
void set_recreations(Tx& tx, std::string_view project, std::int64_t recreations);

}  // namespace lifecycle
