#include <nlohmann/json.hpp>

#include "scenarios/catalog/catalog.hpp"

// Projects as a whole: what they say is wrong with them, how they end, and who asks for machines.
namespace scenarios {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

// The subjects of the project's open errors, or of all that it ever had, newest first.
boost::asio::awaitable<std::vector<std::string>> subjects(Stage stage, std::string project,
                                                          bool ever = false) {
    std::string target = "/v1/projects/" + project + (ever ? "/errors" : "");
    const auto answer = co_await stage.call("GET", std::move(target));
    std::vector<std::string> found;
    if (!answer || answer->status != 200) co_return found;
    const json body = json::parse(answer->body);
    const json& errors = ever ? body["errors"] : body["project"]["errors"];
    for (const json& error : errors) found.push_back(error["subject"]);
    co_return found;
}

// A machine fails while another serves; then strangers want to be the one that serves; then all is
// well again.
Script errors_end(Stage stage) {
    using Subjects = std::vector<std::string>;
    const std::string first = co_await stage.create("alpha");
    co_await stage.expect_active(first);
    stage.fly().options().refuse_create = "invalid_argument: image not found";
    const std::string second = co_await stage.create("alpha");
    const bool failed = co_await stage.until(second, "failed", minutes(25));
    stage.expect(failed, "a machine that cannot be made fails");
    stage.fly().options().refuse_create.clear();
    for (int i = 0; i < 5; ++i) {
        const int refused = co_await stage.introduce(first, "not its secret");
        stage.expect(refused == 401, "a stranger is refused");
        co_await stage.sleep(seconds(1));
    }
    const std::string error = co_await stage.last_error("alpha");
    stage.expect(error.find("image not found") != std::string::npos,
                 "what a stranger does hides nothing");
    co_await stage.sleep(minutes(10));
    const Subjects open = co_await subjects(stage, "alpha");
    stage.expect(open == Subjects{"machine"}, "a box that proves itself ends what strangers left");
    const std::string third = co_await stage.create("alpha");
    co_await stage.expect_active(third);
    const Subjects left = co_await subjects(stage, "alpha");
    stage.expect(left.empty(), "a healthy project has no error");
    const Subjects all = co_await subjects(stage, "alpha", true);
    stage.expect(all == Subjects({"registration", "machine"}), "and its history has all");
}

}  // namespace

std::vector<Scenario> projects() {
    return {
        {"errors-end",
         "A machine fails, strangers knock, another machine is made: the project says what is so.",
         {},
         false,
         minutes(90),
         errors_end},
    };
}

}  // namespace scenarios
