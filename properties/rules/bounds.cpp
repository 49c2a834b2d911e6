#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "properties/property.hpp"
#include "scenarios/cluster/cluster.hpp"
#include "sim/world/time.hpp"
#include "system/rows/delegations.hpp"
#include "system/store/database.hpp"

// What never grows without bound, and what is not cut short.
namespace properties {
namespace {

using scenarios::EventRow;
using scenarios::Shadow;
using sim::VirtualTime;

// How deep the brackets of a JSON text nest, those in strings left out.
std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (in_string && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (text[i] == '[' || text[i] == '{')) {
            deepest = std::max(deepest, ++depth);
        } else if (!in_string && (text[i] == ']' || text[i] == '}')) {
            --depth;
        }
    }
    return deepest;
}

class NestingBounded final : public Property {
  public:
    NestingBounded()
        : Property("nesting-bounded",
                   "Nothing that is stored, or answered by the control plane itself, nests deeper "
                   "than a bound: what nests without bound overflows a stack.") {}
    void on_delegation(const lifecycle::Delegation& now) override {
        judge("the payload of delegation " + now.id, now.payload);
    }
    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        // What a machine answered is passed on as it is, and read by nobody here.
        if (answer.response.headers.contains("X-Vivarium-Machine")) return;
        judge("the answer to " + answer.request.target, answer.response.body);
    }

  private:
    void judge(const std::string& what, std::string_view text) const {
        constexpr std::size_t kMax = 80;
        const std::size_t depth = depth_of(text);
        if (depth > kMax) broken(fmt::format("{} nests {} levels deep", what, depth));
    }
};

class RowsBounded final : public EndProperty {
  public:
    RowsBounded()
        : EndProperty(
              "rows-bounded",
              "No table keeps more than a few rows for each project that nothing has touched "
              "for longer than what is over is remembered.") {}
    void on_row(const lifecycle::RowChange& change, sim::VirtualTime at) override {
        if (change.deleted) {
            touched_[change.table].erase(change.row);
        } else {
            touched_[change.table][change.row] = at;
        }
    }
    // What somebody else has put there is known to nobody.
    void on_tampered() override { tampered_ = true; }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        constexpr std::int64_t kMaxOfAProject = 25;
        const sim::VirtualTime since = ending.at - scenarios::kKeepFor - std::chrono::hours(2);
        const auto projects = static_cast<std::int64_t>(ending.shadow.projects().size());
        if (tampered_) return;
        for (const auto& [table, rows] : ending.rows) {
            const auto recent = std::ranges::count_if(
                touched_[table], [since](const auto& row) { return row.second >= since; });
            if (rows - recent <= kMaxOfAProject * (projects + 1)) continue;
            broken(fmt::format("table {} has {} rows of {} projects that are old", table,
                               rows - recent, projects));
        }
    }

  private:
    std::map<std::string, std::map<std::int64_t, sim::VirtualTime>> touched_;
    bool tampered_ = false;
};

class KeysKept final : public Property {
  public:
    KeysKept()
        : Property("keys-kept",
                   "What guards against doing a thing twice is not forgotten while somebody may "
                   "still ask for it: no pending event, and no key before its time.") {}
    void on_event_forgotten(const EventRow& last) override {
        if (last.state == "pending") {
            broken(fmt::format("event {} was forgotten before it was handled", last.dedupe_key));
        }
        forgotten_[last.dedupe_key] = last.created_at;
    }
    void on_event(const EventRow* before, const EventRow& after, const Shadow&) override {
        const auto known = forgotten_.find(after.dedupe_key);
        if (before != nullptr || known == forgotten_.end()) return;
        if (after.created_at - known->second < lifecycle::Duration(scenarios::kKeepFor).count()) {
            broken(fmt::format("{} was accepted a second time", after.dedupe_key));
        }
    }
    void on_tampered() override { forgotten_.clear(); }

  private:
    std::map<std::string, std::int64_t> forgotten_;  // when they were accepted
};

class OneRowForAPurpose final : public Property {
  public:
    OneRowForAPurpose()
        : Property("one-row-for-a-purpose",
                   "However often a machine in service stops, one event at most is there that has "
                   "it started: none is added while another has the same purpose.") {}
    void on_event(const EventRow* before, const EventRow& after, const Shadow&) override {
        if (before != nullptr || after.kind != "machine:start") return;
        const auto [known, fresh] = starts_.emplace(after.machine, after.dedupe_key);
        if (fresh || known->second == after.dedupe_key) return;
        broken(fmt::format("{} was added beside {}", after.dedupe_key, known->second));
    }
    void on_tampered() override { starts_.clear(); }

  private:
    std::map<std::string, std::string> starts_;  // by machine
};

class AnswersInTime final : public EndProperty {
  public:
    AnswersInTime()
        : EndProperty("answers-in-time",
                      "A request that is passed on to a machine is answered within half a minute, "
                      "whatever the machine, its provider and other requests do.") {}
    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        const bool passed_on = answer.request.target.find("/proxy/") != std::string::npos ||
                               answer.request.target.ends_with("/agents");
        const sim::Duration took = answer.at - answer.asked_at;
        if (!passed_on || took <= std::chrono::seconds(30)) return;
        late_.push_back(fmt::format("{} was answered after {} s", answer.request.target,
                                    took.count() / 1'000'000));
    }
    void judge_end(const scenarios::Ending& ending, const Broken& broken) override {
        // Who is paused, or whose clock is set, cannot keep to a time.
        if (late_.empty() || !times_were_right(ending)) return;
        broken(fmt::format("{}; {} like it", late_.front(), late_.size() - 1));
    }

  private:
    std::vector<std::string> late_;
};

class RememberedLongEnough final : public Property {
  public:
    RememberedLongEnough()
        : Property("remembered-long-enough",
                   "Machines, their history, delegations and errors are not forgotten before they "
                   "have been over for as long as the control plane says that it remembers.") {}
    void on_tampered() override { written_.clear(); }
    void on_row(const lifecycle::RowChange& change, VirtualTime at) override {
        static constexpr std::string_view kKept[] = {"machine", "machine_history", "delegation",
                                                     "project_error"};
        if (std::ranges::find(kKept, change.table) == std::end(kKept)) return;
        const std::pair row(change.table, change.row);
        if (!change.deleted) {
            written_[row] = at;
            return;
        }
        const auto known = written_.find(row);
        if (known == written_.end()) return;
        // By the clock of a server, which may drift.
        const sim::Duration least = scenarios::kKeepFor * 9 / 10;
        if (at - known->second < least) {
            broken(fmt::format(
                "a row of {} was forgotten {} min after it was written", change.table,
                std::chrono::duration_cast<std::chrono::minutes>(at - known->second).count()));
        }
        written_.erase(known);
    }

  private:
    std::map<std::pair<std::string, std::int64_t>, VirtualTime> written_;  // by table and row
};

}  // namespace

Properties bounds_properties() {
    Properties all;
    all.push_back(std::make_unique<AnswersInTime>());
    all.push_back(std::make_unique<RowsBounded>());
    all.push_back(std::make_unique<KeysKept>());
    all.push_back(std::make_unique<OneRowForAPurpose>());
    all.push_back(std::make_unique<NestingBounded>());
    all.push_back(std::make_unique<RememberedLongEnough>());
    return all;
}

}  // namespace properties
