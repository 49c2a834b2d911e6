#include "tests/tidy/tree.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tidy {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = VIVARIUM_SOURCE_DIR;

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

std::vector<Source> sources_of_tree() {
    std::vector<Source> sources;
    for (const char* folder :
         {"system", "sim", "fakes", "scenarios", "properties", "reports", "tests", "docs"}) {
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".cpp" && extension != ".hpp") continue;
            sources.push_back({fs::relative(entry.path(), kRoot).string(), read(entry.path())});
        }
    }
    EXPECT_GT(sources.size(), 60U) << "the tree was not found";
    return sources;
}

std::string text_of(const std::string& path) {
    std::string text = read(kRoot / path);
    EXPECT_NE(text, "") << path << " was not found";
    return text;
}

bool is_there(const std::string& path) {
    return fs::exists(kRoot / path);
}

std::string told(const std::vector<Finding>& findings) {
    std::string all;
    for (const Finding& finding : findings) {
        all += finding.path + ":" + std::to_string(finding.line) + ": " + finding.message + "\n";
    }
    return all;
}

}  // namespace tidy
