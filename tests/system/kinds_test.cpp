#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "system/system.hpp"
#include "tests/support/sim_fixture.hpp"

// Every kind of event that is declared has a consumer in the system that is put together.
namespace lifecycle {
namespace {

std::set<std::string> declared_kinds() {
    static const std::regex declared("\\bEventKind\\s+k\\w+\\s*[({]\\s*\"([^\"]+)\"");
    std::set<std::string> names;
    const std::filesystem::path root = VIVARIUM_SOURCE_DIR "/system";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        const std::string whole = text.str();
        for (std::sregex_iterator found(whole.begin(), whole.end(), declared), end; found != end;
             ++found) {
            names.insert((*found)[1]);
        }
    }
    return names;
}

TEST(System, ConsumesEveryKindOfEvent) {
    tests::SimFixture at;
    const Counters counters(at.telemetry);
    System system(at.open_store(), at.ports(), counters, Providers(), SystemOptions(),
                  [](std::exception_ptr failure) { std::rethrow_exception(failure); });
    std::set<std::string> consumed;
    for (const EventKind& kind : system.kinds()) consumed.insert(std::string(kind.name));
    EXPECT_EQ(consumed, declared_kinds());
    EXPECT_GT(consumed.size(), 10U);
}

}  // namespace
}  // namespace lifecycle
