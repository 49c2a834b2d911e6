#pragma once

#include <string>
#include <vector>

#include "tests/tidy/source_rules.hpp"

namespace tidy {

struct Source {
    std::string path;  // relative to the root
    std::string text;
};

// The C++ files of this tree, those of the tests included. At least sixty, or the test fails.
std::vector<Source> sources_of_tree();

// The whole of a file of this tree.
bool is_there(const std::string& path);
std::string text_of(const std::string& path);

// A line for each finding.
std::string told(const std::vector<Finding>& findings);

}  // namespace tidy
