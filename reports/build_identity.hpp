#pragma once

#include <string>

namespace reports {

// Names this very program: its version, its compiler, and the linker's digest of its code.
const std::string& build_identity();

// As it was called; main sets it once, before anything else.
const std::string& program();
// Without its folder: what a line that it says begins with.
std::string program_name();
void set_program(std::string called);

}  // namespace reports
