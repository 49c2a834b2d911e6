#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_rules.hpp"

namespace tidy {

// Names of another folder's namespace in a file that includes nothing of that folder, neither
// itself nor in its own header: an arrow that is not seen. `header`: the text of that, if there is
// one.
std::vector<Finding> check_hidden_arrows(const std::string& path, std::string_view text,
                                         std::string_view header);

// Who may include whom: the tables of docs/architecture.md whose head begins with "| folder | may
// include |". Both columns name paths in backticks, of a folder or of a file without its extension;
// a path stands for all below it. A file belongs to the row of the longest path that it is below,
// and may include whatever belongs to the same row.
class Layers {
  public:
    explicit Layers(std::string_view document);

    // Includes of that file along arrows that are not drawn.
    std::vector<Finding> check(const std::string& path, std::string_view text);

    // Whether rows include each other in a circle, as far as files were checked.
    std::vector<Finding> circles() const;

    // Arrows that are drawn, and that no file checked so far went along.
    std::vector<Finding> unused() const;

  private:
    // The first path of the row that a path belongs to; empty: none.
    std::string row_of(std::string_view path) const;

    std::map<std::string, std::string> rows_;                         // of which row each path is
    std::map<std::string, std::vector<std::string>> drawn_;           // by row
    std::map<std::string, std::map<std::string, std::string>> used_;  // row, row, an example
    std::map<std::string, std::set<std::string>> gone_along_;         // row, path as drawn
};

}  // namespace tidy
