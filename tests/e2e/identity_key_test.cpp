#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "system/store/store.hpp"
#include "tests/e2e/lifecycled.hpp"

// The file of the key that the secrets of boxes are derived from, and the database that remembers
// which key that is.
namespace e2e {
namespace {

using nlohmann::json;
using std::filesystem::perms;

class IdentityKeyTest : public LifecycledTest {
  protected:
    void stop_server() {
        server->send_signal(SIGTERM);
        EXPECT_EQ(server->wait(), 0);
    }

    // What a start says that has to be refused.
    std::string refusal(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = command();
        words.erase(words.begin());
        words.insert(words.end(), more.begin(), more.end());
        const auto [code, said] = refused(words);
        EXPECT_EQ(code, 2) << said;
        EXPECT_TRUE(said.starts_with("lifecycled: --identity-key-file: ")) << said;
        EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
        return said;
    }

    void write_key(char character) const {
        std::ofstream(key) << std::string(64, character) << "\n";
        std::filesystem::permissions(key, perms::owner_read | perms::owner_write);
    }

    std::string read_key() const {
        std::ifstream in(key);
        std::string line;
        std::getline(in, line);
        return line;
    }

    // As a version of before that remembered no key has left the database.
    void forget_the_key() const {
        boost::asio::io_context context;
        auto store = lifecycle::Store::open({folder / "lifecycle.db", "", nullptr, nullptr},
                                            context.get_executor());
        ASSERT_TRUE(store);
        auto forget = [](lifecycle::Tx& tx) -> lifecycle::Result<int> {
            tx.run("DELETE FROM identity_key");
            return 0;
        };
        ASSERT_TRUE((*store)->transact_now(forget));
    }

    std::filesystem::path key = folder / "lifecycle.db.key";
    std::filesystem::path backup = folder / "backup";
};

constexpr const char* kReplace = "--replace-identity-key";

TEST_F(IdentityKeyTest, AMissingFileIsNotMadeAnew) {
    start_server();
    const std::string machine = create();
    ASSERT_TRUE(becomes(machine, "active"));
    stop_server();
    std::filesystem::rename(key, backup);
    const std::string said = refusal();
    EXPECT_NE(said.find("backup"), std::string::npos) << said;
    EXPECT_NE(said.find(kReplace), std::string::npos) << said;
    EXPECT_FALSE(std::filesystem::exists(key));
    std::filesystem::rename(backup, key);
    start_server();
    EXPECT_EQ(state(machine), "active");
}

TEST_F(IdentityKeyTest, AMissingFileIsNotMadeAnewBeforeThereAreMachinesEither) {
    start_server();
    stop_server();
    std::filesystem::remove(key);
    EXPECT_NE(refusal().find(kReplace), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(key));
}

TEST_F(IdentityKeyTest, AnotherKeyIsRefused) {
    start_server();
    stop_server();
    const std::string right = read_key();
    write_key('b');
    const std::string said = refusal();
    EXPECT_NE(said.find(kReplace), std::string::npos) << said;
    EXPECT_EQ(said.find(std::string(8, 'b')), std::string::npos) << "a key is never told";
    std::ofstream(key) << right << "\n";
    start_server();
}

TEST_F(IdentityKeyTest, AKeyThatOthersMayReadOrWriteIsRefused) {
    start_server();
    stop_server();
    const perms mine = perms::owner_read | perms::owner_write;
    for (const perms open : {perms::others_read, perms::others_write, perms::group_write}) {
        std::filesystem::permissions(key, mine | open);
        EXPECT_NE(refusal().find("chmod 600"), std::string::npos);
        EXPECT_NE(refusal({kReplace}).find("chmod 600"), std::string::npos);
    }
    std::filesystem::permissions(key, mine | perms::group_read);
    start_server();
}

TEST_F(IdentityKeyTest, AnEarlierDatabaseTakesTheKeyThatIsThere) {
    start_server();
    ASSERT_TRUE(becomes(create(), "active"));
    stop_server();
    forget_the_key();
    std::filesystem::rename(key, backup);
    EXPECT_NE(refusal().find(kReplace), std::string::npos) << "its boxes have secrets";
    EXPECT_FALSE(std::filesystem::exists(key));
    std::filesystem::rename(backup, key);
    start_server();
    stop_server();
    write_key('b');
    EXPECT_NE(refusal().find(kReplace), std::string::npos);
}

// By a person's word, and no box of before gets in again: its machine is recreated.
TEST_F(IdentityKeyTest, IsReplacedByAPersonsWord) {
    const std::vector<std::string> often = {"--heartbeat-every", "1"};
    start_server(often);
    ASSERT_TRUE(becomes(create(), "active"));
    stop_server();
    std::filesystem::remove(key);
    start_server({kReplace, often[0], often[1]});
    EXPECT_TRUE(std::filesystem::exists(key));
    const auto project_says = [this](const std::string& text) {
        return eventually(
            [&] {
                const auto answer = ask("GET", "/v1/projects/alpha");
                return answer && answer->body.find(text) != std::string::npos;
            },
            60);
    };
    EXPECT_TRUE(project_says("machine alpha-1 cannot register"));
    ASSERT_TRUE(project_says(R"("active_machine":"alpha-2")"));
    EXPECT_TRUE(project_says(R"("online":true)"));
    stop_server();
    start_server(often);
    EXPECT_EQ(state("alpha-2"), "active");
}

TEST_F(IdentityKeyTest, SaysThatItWasReplaced) {
    start_server();
    stop_server();
    write_key('b');
    std::vector<std::string> words = command();
    words.emplace_back(kReplace);
    server = std::make_unique<Child>(words);
    const std::string facts = server->wait_for("\"event\":\"identity.key_replaced\"");
    EXPECT_NE(facts, "") << server->remaining_output();
    EXPECT_EQ(facts.find(std::string(8, 'b')), std::string::npos) << "a key is never told";
    ASSERT_NE(server->wait_for("\"event\":\"server.listening\""), "");
    stop_server();
    // Nothing is left to replace, so nothing is said.
    start_server({kReplace});
    stop_server();
}

}  // namespace
}  // namespace e2e
