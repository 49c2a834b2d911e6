#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "system/api/api.hpp"
#include "tests/tidy/tree.hpp"

// docs/api.md lists the routes that there are, for those whom they are for, and no others.
namespace lifecycle {
namespace {

struct Listed {
    std::set<std::string> for_clients;
    std::set<std::string> for_boxes;
};

Listed in_document() {
    std::istringstream in(tidy::text_of("docs/api.md"));
    // What stands in the first column: "`GET /v1/a`", "any `/v1/b/...`", "`POST /v1/c/d`, `/e`".
    static const std::regex route(
        "^\\| (?:any )?`(?:([A-Z]+) )?(/v1/[^`]+)`(?:, `/([a-z]+)`)? \\|");
    Listed listed;
    bool boxes = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("These routes are at the boxes' address only")) boxes = true;
        std::smatch found;
        if (!std::regex_search(line, found, route)) continue;
        auto& all = boxes ? listed.for_boxes : listed.for_clients;
        const std::string method = found[1].matched ? found[1].str() : "*";
        const std::string pattern = found[2];
        all.insert(fmt::format("{} {}", method, pattern));
        if (!found[3].matched) continue;
        all.insert(fmt::format("{} {}{}", method, pattern.substr(0, pattern.rfind('/') + 1),
                               found[3].str()));
    }
    return listed;
}

TEST(Api, ItsDocumentListsItsRoutes) {
    Listed there;
    for (const Api::ListedRoute& route : Api::listed_routes()) {
        // The health route is at both addresses, and listed once.
        if (route.audience == Audience::stranger) continue;
        auto& all = route.audience == Audience::box ? there.for_boxes : there.for_clients;
        all.insert(std::string(route.method) + " " + std::string(route.pattern));
    }
    const Listed told = in_document();
    EXPECT_EQ(told.for_clients, there.for_clients);
    EXPECT_EQ(told.for_boxes, there.for_boxes);
    EXPECT_GT(told.for_clients.size(), 20U);
}

}  // namespace
}  // namespace lifecycle
