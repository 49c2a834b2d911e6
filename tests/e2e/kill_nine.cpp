#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "tests/e2e/audit.hpp"
#include "tests/e2e/child.hpp"
#include "tests/e2e/lifecycled.hpp"
#include "tests/e2e/load.hpp"

// Kills the real server again and again while clients ask it for things, and says what was lost.
//   kill_nine COUNT [SEED]
// Exits with 0 if nothing was, 1 if something was, 2 on bad input. The seed decides what is asked
// for and when the server is killed; what it meets then is the machine's business.
namespace e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Up to this many kills it is a short trial, which leaves out what takes its time to end.
constexpr int kShort = 10;
// An answer of the provider is so long under way that kills meet it.
constexpr const char* kLatency = "100";

LoadOptions load_options(int kills) {
    LoadOptions options;
    if (kills > kShort) return options;
    options.projects = 4;
    options.archives_volumes = false;
    options.work_seconds = 5;
    return options;
}

class Trial {
  public:
    Trial(int kills, std::uint64_t seed)
        : kills_(kills),
          random_(seed),
          folder_(std::filesystem::temp_directory_path() /
                  fmt::format("vivarium-kill-{}", getpid())),
          daemon_port_(free_port()),
          port_(free_port()),
          box_port_(free_port()),
          cloud_({kFakeCloud, fmt::format("{}", daemon_port_), kLatency}),
          control_(static_cast<std::uint16_t>(std::atoi(cloud_.wait_for("control ").c_str()))),
          fly_port_(cloud_.wait_for("ready ")),
          load_(load_options(kills), seed) {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / "token") << "fly-token\n";
        std::ofstream(folder_ / "github") << kGithubSecret << "\n";
        for (const char* secret : {"token", "github"}) {
            std::filesystem::permissions(folder_ / secret, kForItsOwner);
        }
        log_ = open(log_path().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    }
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;
    ~Trial() { close(log_); }

    // What was lost, a line each.
    std::vector<std::string> run() {
        start();
        load_.start(port_);
        for (int i = 0; i < kills_; ++i) {
            if (!kill_once()) return {"the server, which ended by itself"};
            start();
        }
        load_.stop();
        std::vector<std::string> lost = settle();
        if (lost.empty()) lost = Audit(port_, control_).broken_promises(load_.clients());
        server_->send_signal(SIGTERM);
        if (server_->wait() != 0) lost.emplace_back("a server that stops as it is asked to");
        read_log(lost);
        if (lost.empty()) std::filesystem::remove_all(folder_);
        return lost;
    }

    void report() const {
        std::size_t promises = 0;
        std::size_t work = 0;
        for (const ProjectClient& client : load_.clients()) {
            promises += client.promises().size();
            work += client.delegations().size();
        }
        fmt::print(
            "{} kills: {} met requests in hand, {} calls to the provider, {} a server that "
            "was starting\n{} machines and pushes and {} delegations were promised\n",
            kills_, met_requests_, met_calls_, met_starting_, promises, work);
    }
    std::filesystem::path log_path() const { return folder_ / "log"; }

  private:
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    void start() {
        const std::string box_address = fmt::format("127.0.0.1:{}", box_port_);
        server_ =
            std::make_unique<Child>(std::vector<std::string>{kLifecycled,
                                                             "--listen",
                                                             fmt::format("127.0.0.1:{}", port_),
                                                             "--box-listen",
                                                             box_address,
                                                             "--control",
                                                             box_address,
                                                             "--database",
                                                             folder_ / "lifecycle.db",
                                                             "--fly-api",
                                                             "127.0.0.1:" + fly_port_,
                                                             "--fly-app",
                                                             "vivarium",
                                                             "--fly-token-file",
                                                             folder_ / "token",
                                                             "--github-secret-file",
                                                             folder_ / "github",
                                                             "--daemon-port",
                                                             fmt::format("{}", daemon_port_),
                                                             "--detached-grace",
                                                             "0",
                                                             "--heartbeat-every",
                                                             "2",
                                                             "--lease",
                                                             "1"},
                                    log_);
    }

    std::int64_t calls_in_hand() const {
        const auto state = request(control_, "GET", "/state");
        return state ? nlohmann::json::parse(state->body).value("unanswered", 0) : 0;
    }

    // Some kills wait for what they are most likely to spoil; the others come whenever they come.
    void take_aim() {
        const auto deadline = steady_clock::now() + std::chrono::seconds(1);
        const auto aim = below(4);
        while (steady_clock::now() < deadline) {
            if (aim == 0 || (aim == 1 && Load::in_hand() > 0)) return;
            if (aim > 1 && calls_in_hand() > 0) return;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    }

    // False: there was nobody to kill.
    bool kill_once() {
        const bool while_starting = below(8) == 0;
        if (while_starting) {
            std::this_thread::sleep_for(milliseconds(below(80)));
            ++met_starting_;
        } else {
            eventually([this] { return request(port_, "GET", "/v1/health").has_value(); });
            std::this_thread::sleep_for(milliseconds(below(1500)));
            take_aim();
        }
        const int requests = Load::in_hand();
        server_->send_signal(SIGKILL);
        if (calls_in_hand() > 0) ++met_calls_;
        if (!while_starting && requests > 0) ++met_requests_;
        return server_->wait() == -SIGKILL;
    }

    // Waits until nothing differs from what was promised; what does in the end.
    std::vector<std::string> settle() {
        const auto patience = std::chrono::seconds(kills_ > kShort ? 300 : 90);
        const auto deadline = steady_clock::now() + patience;
        Audit audit(port_, control_);
        for (;;) {
            auto differences = audit.differences(load_.clients());
            if (differences.empty() || steady_clock::now() > deadline) return differences;
            std::this_thread::sleep_for(milliseconds(300));
        }
    }

    void read_log(std::vector<std::string>& lost) const {
        std::ifstream log(log_path());
        for (std::string line; std::getline(log, line);) {
            for (const char* bad : {"bug.contained", "cannot go on", "log.lost"}) {
                if (line.contains(bad)) lost.push_back("in the log: " + line);
            }
        }
    }

    int kills_;
    std::mt19937_64 random_;
    std::filesystem::path folder_;
    std::uint16_t daemon_port_;
    std::uint16_t port_;
    std::uint16_t box_port_;
    Child cloud_;
    std::uint16_t control_;
    std::string fly_port_;
    std::unique_ptr<Child> server_;
    Load load_;
    int log_ = -1;
    int met_requests_ = 0;
    int met_calls_ = 0;
    int met_starting_ = 0;
};

std::optional<std::uint64_t> number(std::string_view word) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return value;
}

int main_of(int count, char** words) {
    constexpr std::uint64_t kMaxKills = 100'000;
    const auto kills = count > 1 ? number(words[1]) : std::nullopt;
    const auto seed = count > 2 ? number(words[2]) : std::random_device()();
    if (!kills || *kills == 0 || *kills > kMaxKills || !seed || count > 3) {
        fmt::print(stderr, "kill_nine: say how often to kill, and perhaps a seed: 60 17\n");
        return 2;
    }
    fmt::print("{} kills, seed {}\n", *kills, *seed);
    std::fflush(stdout);
    Trial trial(static_cast<int>(*kills), *seed);
    const std::vector<std::string> lost = trial.run();
    trial.report();
    for (const std::string& line : lost) fmt::print("lost: {}\n", line);
    if (lost.empty()) {
        fmt::print("nothing was lost\n");
        return 0;
    }
    fmt::print("the log is {}; again: kill_nine {} {}\n", trial.log_path().string(), *kills, *seed);
    std::fflush(stdout);
    // Clients may still wait for a server that is no more.
    std::_Exit(1);
}

}  // namespace
}  // namespace e2e

int main(int count, char** words) {
    return e2e::main_of(count, words);
}
