#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

inline constexpr int kBadInput = 2;

// What a verb may say at its end, and its exit code: 0, all that was asked for was looked at and
// held; 1, something broke; 3, nothing broke in what was looked at, which is not all of it.
class Verdict {
  public:
    void broke() { broke_ = true; }
    // Something that was asked for and not looked at, in words.
    void lacks(std::string gap) { gaps_.push_back(std::move(gap)); }

    bool held() const { return !broke_ && gaps_.empty(); }
    int exit_code() const;
    std::string_view word() const;  // "held", "broken", "incomplete"
    const std::vector<std::string>& gaps() const { return gaps_; }

    // A line for each gap.
    std::string text() const;
    // Adds "verdict" and "gaps" to what a verb prints.
    void add_to(nlohmann::json& printed) const;

  private:
    bool broke_ = false;
    std::vector<std::string> gaps_;
};

}  // namespace reports
