#pragma once

#include <string>

namespace reports {

// Names this very program: its version, its compiler, and the linker's digest of its code.
const std::string& build_identity();

}  // namespace reports
