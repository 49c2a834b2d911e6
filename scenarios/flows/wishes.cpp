#include "scenarios/flows/wishes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/flows/lone_trial.hpp"
#include "scenarios/flows/project_model.hpp"
#include "system/model/machine.hpp"

namespace scenarios {
namespace {

using lifecycle::machine_id;
using std::chrono::hours;
using std::chrono::minutes;

// What is wanted, or that time passes.
enum class Wish : std::uint8_t {
    create,
    create_with_volume,
    roll,
    recreate,
    recreate_newest,
    recreate_oldest,
    recreate_next,  // that nobody has made yet
    retire_newest,
    retire_oldest,
    retire_next,
    restart_newest,
    restart_oldest,
    archive,
    start_all,
    settle,
};
constexpr std::size_t kWishes = static_cast<std::size_t>(Wish::settle) + 1;

// Long enough for two machines to become active, one after the other, and not for one to have
// served for five minutes; but twice as long is.
constexpr lifecycle::Duration kStarts = std::chrono::seconds(270);
// For all to be over, whoever waits.
constexpr lifecycle::Duration kSettles = hours(2);

std::string_view to_string(Wish wish) {
    constexpr std::array<std::string_view, kWishes> kTexts = {
        "create",        "create with volume", "roll",
        "recreate",      "recreate last",      "recreate first",
        "recreate next", "retire last",        "retire first",
        "retire next",   "restart last",       "restart first",
        "archive",       "until it is active", "until all is over"};
    return kTexts[static_cast<std::size_t>(wish)];
}

// In which state a project is found.
const std::vector<std::vector<Wish>>& beginnings() {
    using enum Wish;
    static const std::vector<std::vector<Wish>> all = {
        {},
        {create},
        {create, start_all},
        {create_with_volume, start_all},
        {create_with_volume, start_all, roll, start_all, roll, start_all},
        {create_with_volume, start_all, create_with_volume, create_with_volume, start_all},
        {create, start_all, roll, start_all},
        {create, settle, archive, settle},
    };
    return all;
}

constexpr sim::LaneKind kWish = sim::choice("wish", [](std::uint64_t value) {
    return fmt::format("wants: {}", to_string(static_cast<Wish>(value)));
});
// Of what chance makes of it.
constexpr std::int64_t kProjects = 20;
constexpr std::int64_t kLength = 12;

class EveryWish final : public LoneTrial {
  public:
    EveryWish() : LoneTrial(kWishesGranted) {}

  protected:
    sim::Coroutine play() override {
        // One wish after another in each state; and what chance makes of it.
        std::size_t number = 0;
        for (const std::vector<Wish>& beginning : beginnings()) {
            for (std::size_t first = 0; first < kWishes; ++first) {
                for (std::size_t second = 0; second < kWishes; ++second) {
                    if (number == 1) choose_part();
                    if (!is_tried(number++)) continue;
                    begin_project();
                    for (const Wish wish : beginning) co_await want(wish);
                    co_await want(static_cast<Wish>(first));
                    co_await want(static_cast<Wish>(second));
                    end_project();
                }
            }
        }
        const sim::LaneId lane = tape().lane("wishes", kWish);
        for (std::int64_t project = 0; project < kProjects; ++project) {
            begin_project();
            for (std::int64_t i = 0; i < kLength; ++i) {
                const std::uint64_t wish = tape().draw(lane, kWishes);
                co_await want(static_cast<Wish>(wish));
            }
            co_await want(Wish::settle);
            end_project();
        }
    }

  private:
    void begin_project() {
        project_ = fmt::format("p{}", ++projects_);
        model_ = ProjectModel();
        wanted_.clear();
    }

    void end_project() { lone().forget_all(); }

    sim::Coroutine want(Wish wish) {
        wanted_ += fmt::format("{}{}", wanted_.empty() ? "" : ", ", to_string(wish));
        if (wish == Wish::start_all || wish == Wish::settle) {
            const bool all = wish == Wish::settle;
            co_await sim::sleep(lone().process(), all ? kSettles : kStarts);
            all ? model_.settle() : model_.start_all();
            check(!all || lone().at_rest(), "it does not come to rest");
        } else {
            const std::string machine = machine_id(project_, generation(wish));
            const ProjectModel::Answer expected = modelled(wish);
            const ProjectModel::Answer answer = asked(wish, machine);
            check(answer == expected,
                  fmt::format("it is answered {}, and not {}", told(answer), told(expected)));
        }
        const std::string there = lone().summary(project_);
        check(there == model_.told(), fmt::format("there is {}, and not {}", there, model_.told()));
    }

    // Of the machine that is meant; there need be none.
    std::int64_t generation(Wish wish) const {
        switch (wish) {
            case Wish::recreate_newest:
            case Wish::retire_newest:
            case Wish::restart_newest: return model_.newest();
            case Wish::recreate_next:
            case Wish::retire_next: return model_.newest() + 1;
            default: return 1;
        }
    }

    ProjectModel::Answer modelled(Wish wish) {
        switch (wish) {
            case Wish::create: return model_.create(false);
            case Wish::create_with_volume: return model_.create(true);
            case Wish::roll: return model_.roll();
            case Wish::recreate: return model_.recreate(std::nullopt);
            case Wish::recreate_newest:
            case Wish::recreate_oldest:
            case Wish::recreate_next: return model_.recreate(generation(wish));
            case Wish::retire_newest:
            case Wish::retire_oldest:
            case Wish::retire_next: return model_.retire(generation(wish));
            case Wish::restart_newest:
            case Wish::restart_oldest: return model_.restart(generation(wish));
            case Wish::archive: return model_.archive();
            case Wish::start_all:
            case Wish::settle: break;
        }
        return {};
    }

    ProjectModel::Answer asked(Wish wish, const std::string& machine) {
        switch (wish) {
            case Wish::create: return read(lone().create(project_));
            case Wish::create_with_volume: return read(lone().create(project_, 1));
            case Wish::roll: return read(lone().roll(project_));
            case Wish::recreate: return read(lone().recreate(project_, ""));
            case Wish::recreate_newest:
            case Wish::recreate_oldest:
            case Wish::recreate_next: return read(lone().recreate(project_, machine));
            case Wish::retire_newest:
            case Wish::retire_oldest:
            case Wish::retire_next: return read(lone().retire(machine));
            case Wish::restart_newest:
            case Wish::restart_oldest: return read(lone().restart(machine));
            case Wish::archive: return read(lone().archive(project_));
            case Wish::start_all:
            case Wish::settle: break;
        }
        return {};
    }

    static std::int64_t generation_of(const lifecycle::Requested& made) {
        return made.machine.generation;
    }
    static std::int64_t generation_of(const lifecycle::Recreated& made) {
        return made.machine.generation;
    }
    static std::int64_t generation_of(const lifecycle::Machine& machine) {
        return machine.generation;
    }
    static std::int64_t generation_of(const LoneLifecycle::Machines& all) {
        return std::ssize(all);
    }
    static bool is_other(const lifecycle::Requested& made) { return made.queued; }
    static bool is_other(const lifecycle::Recreated& made) { return made.joined; }
    static bool is_other(const auto& /*made*/) { return false; }

    template <class T>
    static ProjectModel::Answer read(const lifecycle::Result<T>& made) {
        if (!made) return {made.error().code};
        return {{}, generation_of(*made), is_other(*made)};
    }

    static std::string told(const ProjectModel::Answer& answer) {
        if (answer.refused) return std::string(lifecycle::to_string(*answer.refused));
        return fmt::format("machine {}{}", answer.generation, answer.other ? ", another's" : "");
    }

    void check(bool held, std::string_view message) {
        if (held) return;
        expect(false, kWishesGranted, fmt::format("after {}: {}", wanted_, message));
    }

    ProjectModel model_;
    std::string project_;
    std::string wanted_;  // so far, in words
    std::int64_t projects_ = 0;
};

}  // namespace

sim::search::Scenario every_wish() {
    sim::search::Scenario scenario = sim::search::scenario<EveryWish>(
        "every-wish", "A lifecycle alone, and all that people want of it, two wishes at a time.");
    scenario.max_steps = kMaxLoneSteps;
    return scenario;
}

}  // namespace scenarios
