#pragma once

#include <string>
#include <string_view>
#include <vector>

// Rules that every source file of the tree obeys, checked as text. Paths are relative to the root.
namespace tidy {

struct Finding {
    std::string path;
    int line = 0;
    std::string message;
};

// The text with comments and the contents of literals blanked out, line by line as before.
std::string code_only(std::string_view text);

// Sources of nondeterminism in the folders that must have none.
std::vector<Finding> check_determinism(const std::string& path, std::string_view text);

// Forms of co_await that g++ 12 miscompiles, and coroutines that nobody owns.
std::vector<Finding> check_coroutines(const std::string& path, std::string_view text);

// Parsers in the core that know no limit.
std::vector<Finding> check_parsers(const std::string& path, std::string_view text);

// Files too long to be one room, lines too long to read, words that belong elsewhere.
std::vector<Finding> check_shape(const std::string& path, std::string_view text);

}  // namespace tidy
