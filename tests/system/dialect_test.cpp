#include "system/providers/dialect.hpp"

#include <gtest/gtest.h>

namespace lifecycle {
namespace {

std::optional<Resource> read(const nlohmann::json& element) {
    if (!element.is_object()) return std::nullopt;
    Resource resource;
    resource.external_id = text_in(element, "id");
    resource.labels = texts_of(object_in(element, "labels"));
    resource.partial = element.contains("in_part");
    return resource;
}

// How many of a list are ours, and how many cannot be told.
std::pair<std::size_t, std::size_t> counts(std::string body) {
    const Labels ours = {{"whose", "ours"}};
    const auto listed = parse_all(
        ProviderResult<HttpResponse>(HttpResponse{200, {}, std::move(body)}), read, with_all(ours));
    return {listed.value().found.size(), listed.value().unreadable.size()};
}

using Counts = std::pair<std::size_t, std::size_t>;

TEST(Dialect, ConcludesNothingFromAListWithWhatMayBeOurs) {
    EXPECT_EQ(counts(R"([{"id":"a","labels":{"whose":"ours"}}])"), Counts(1, 0));
    EXPECT_EQ(counts(R"([{"id":"a","labels":{"whose":"theirs"}},{"id":"b"}])"), Counts(0, 0));
    EXPECT_EQ(counts(R"([7])"), Counts(0, 1));
    EXPECT_EQ(counts(R"([{"labels":{"whose":"ours"}},{}])"), Counts(0, 2));
    EXPECT_EQ(counts(R"([{"labels":{"whose":"theirs"}}])"), Counts(0, 0));
    EXPECT_EQ(counts(R"([{"id":"a","in_part":1,"labels":{"whose":"ours"}}])"), Counts(1, 0));
    EXPECT_EQ(counts(R"([{"id":"a","in_part":1}])"), Counts(0, 1)) << "its labels are not known";
    EXPECT_EQ(counts(R"([{"id":"a","in_part":1,"labels":{"whose":"theirs"}}])"), Counts(0, 0));
}

}  // namespace
}  // namespace lifecycle
