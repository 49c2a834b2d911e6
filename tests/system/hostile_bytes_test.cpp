#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/world/hash.hpp"
#include "system/api/json.hpp"
#include "system/api/requests.hpp"
#include "system/model/json.hpp"
#include "system/providers/daytona.hpp"
#include "system/providers/docker.hpp"
#include "system/providers/fly.hpp"
#include "system/providers/redact.hpp"
#include "system/providers/url.hpp"
#include "system/server/http_client.hpp"
#include "tests/support/outside_bytes.hpp"
#include "tests/support/sim_fixture.hpp"

// Every parser of outside bytes, fed with mutations of what it expects. What counts is that it
// answers, under sanitizers; each answer has to make sense too.
namespace lifecycle {
namespace {

// A stream of mutated texts, the same on every run.
class Mutator {
  public:
    explicit Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

    std::string next() {
        std::string text = seeds_[below(seeds_.size())];
        for (std::uint64_t changes = below(6); changes > 0; --changes) change(text);
        return text;
    }

  private:
    std::uint64_t below(std::uint64_t bound) { return sim::scale(sim::mix(++drawn_), bound); }

    void change(std::string& text) {
        const auto at = static_cast<std::size_t>(below(text.size() + 1));
        switch (below(5)) {
            case 0: text.insert(at, 1, static_cast<char>(below(256))); break;
            case 1: text.resize(at); break;
            case 2:
                if (at < text.size()) text[at] = static_cast<char>(below(256));
                break;
            case 3: text.insert(at, text.substr(at / 2, 1 + below(20))); break;
            default: text.insert(at, std::string(1 + below(2000), "[{\"9\\"[below(6)])); break;
        }
    }

    std::vector<std::string> seeds_;
    std::uint64_t drawn_ = 0;
};

constexpr int kRounds = 20'000;

TEST(HostileBytes, AsARequestAreReadOrRefused) {
    Mutator mutator({R"({"image":"registry.fly.io/app:1","cpus":2,"memory_mb":512})",
                     R"({"status":"ready"})", "{}", "[[[[[[[["});
    int read = 0;
    for (int round = 0; round < kRounds; ++round) {
        const std::string text = mutator.next();
        const auto object = parse_object(text);
        if (!object) {
            EXPECT_EQ(object.error().code, ErrorCode::bad_request);
            continue;
        }
        ++read;
        EXPECT_TRUE(object->is_object());
        if (const auto image = text_field(*object, "image", ""); image) {
            EXPECT_LE(image->size(), 512U);
        }
        if (const auto cpus = integer_field(*object, "cpus", 1, 1, 64); cpus) {
            EXPECT_TRUE(*cpus >= 1 && *cpus <= 64);
        }
        const auto known = only_fields(*object, {"image"});
        if (!known) {
            // What is told back to the client is valid JSON whatever the client sent.
            const HttpResponse response = to_response(known.error());
            EXPECT_FALSE(nlohmann::json::parse(response.body, nullptr, false).is_discarded());
        }
    }
    EXPECT_GT(read, kRounds / 20) << "some have to get through";
}

TEST(HostileBytes, AsAnAnswerOfFlyFallIntoAClass) {
    Mutator mutator(
        {R"({"error":"already_exists: unique machine name violation, machine ID 1857156b526dd8 already exists with name \"a\""})",
         R"({"error":"could not find a candidate host","status":"insufficient_capacity"})",
         R"({"error":"deadline_exceeded: machine still starting"})", "machine ID  already exists"});
    int adopted = 0;
    for (int round = 0; round < kRounds; ++round) {
        const std::string text = mutator.next();
        const ProviderError error = classify_fly_error(400 + round % 200, text);
        EXPECT_EQ(error.detail, without_secrets(text));
        EXPECT_FALSE(describe(error).empty());
        if (error.conflicting_id.empty()) continue;
        ++adopted;
        EXPECT_EQ(error.error_class, ProviderErrorClass::conflict);
        EXPECT_EQ(error.conflicting_id.find(' '), std::string::npos);
    }
    EXPECT_GT(adopted, kRounds / 100);
}

TEST(HostileBytes, AsAnAnswerOfDockerOrDaytonaFallIntoAClass) {
    Mutator mutator(
        {R"({"message":"Conflict. The container name \"/a\" is already in use by container \"00ff\". You"})",
         R"({"message":"No such container: a"})",
         R"({"statusCode":409,"message":"Sandbox with name a already exists"})", "in use by"});
    int adopted = 0;
    for (int round = 0; round < kRounds; ++round) {
        const std::string text = mutator.next();
        const ProviderError docker = classify_docker_error(400 + round % 200, text);
        EXPECT_EQ(docker.detail, without_secrets(text));
        adopted += docker.conflicting_id.empty() ? 0 : 1;
        EXPECT_EQ(docker.conflicting_id.find_first_not_of("0123456789abcdef"), std::string::npos);
        const ProviderError daytona = classify_daytona_error(400 + round % 200, text);
        EXPECT_EQ(daytona.detail, without_secrets(text));
    }
    EXPECT_GT(adopted, kRounds / 100);
}

TEST(HostileBytes, AsAStreamOfFramesLoseNoPayloadThatIsThere) {
    const std::string frame("\x01\0\0\0\0\0\0\x05hello", 13);
    Mutator mutator({frame, frame + frame, "plain text"});
    for (int round = 0; round < kRounds; ++round) {
        const std::string stream = mutator.next();
        EXPECT_LE(decode_docker_frames(stream).size(), stream.size());
    }
}

TEST(HostileBytes, AsAnAddressOrANumberAreReadOrRefused) {
    Mutator mutator({"127.0.0.1:8700", "[fdaa::3]:80", "host:1", "120", ":"});
    for (int round = 0; round < kRounds; ++round) {
        const std::string text = mutator.next();
        const server::HostPort parts = server::split_authority(text);
        EXPECT_LE(parts.host.size() + parts.port.size(), text.size());
        const Duration after = parse_retry_after(text);
        EXPECT_GE(after, Duration(0));
        EXPECT_LE(after, std::chrono::hours(1));
        for (const char c : url_encode(text)) EXPECT_TRUE(c > ' ' && c < 0x7f);
    }
}

TEST(HostileBytes, AreFedToEveryParserThatTheFuzzerReaches) {
    for (const tests::OutsideParser& parser : tests::outside_parsers()) {
        for (const std::string& seed : parser.seeds) {
            ASSERT_NO_THROW(parser.feed(seed)) << parser.name << ": " << seed;
        }
        Mutator mutator(parser.seeds);
        for (int round = 0; round < kRounds / 20; ++round) {
            const std::string text = mutator.next();
            ASSERT_NO_THROW(parser.feed(text)) << parser.name << ": " << text;
        }
    }
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, ThatNestsTooDeepIsRefusedBeforeAnythingIsBuiltOfIt) {
    const JsonLimits limits;
    EXPECT_TRUE(parse_json(nested(limits.max_depth)));
    EXPECT_EQ(parse_json(nested(limits.max_depth + 1)).error(), JsonFlaw::too_deep);
    EXPECT_EQ(parse_json(nested(100'000)).error(), JsonFlaw::too_deep);
    EXPECT_EQ(parse_json(std::string(100'000, '[')).error(), JsonFlaw::too_deep);
    EXPECT_EQ(parse_json(std::string(50'000, '{')).error(), JsonFlaw::too_deep);
    // Brackets in strings nest nothing, whatever is escaped there.
    EXPECT_TRUE(parse_json("[\"" + std::string(1000, '[') + "\\\"" + std::string(9, '{') + "\"]"));
    EXPECT_EQ(parse_json(std::string(limits.max_bytes + 1, ' ')).error(), JsonFlaw::too_long);
    EXPECT_EQ(parse_json("[1,").error(), JsonFlaw::malformed);
}

TEST(Json, OfManyPartsIsRefusedBeforeAnythingIsBuiltOfIt) {
    constexpr JsonLimits limits{.max_parts = 4};
    EXPECT_TRUE(parse_json("[[],1,2]", limits));
    EXPECT_TRUE(parse_json(R"([",,,,,[[[["])", limits));
    EXPECT_EQ(parse_json("[[],1,2,3]", limits).error(), JsonFlaw::too_many_parts);
    HttpRequest request;
    request.body = R"({"agent":"coder","payload":[)";
    for (int i = 0; i < 300'000; ++i) request.body += "[],";
    request.body += "1]}";
    const auto refused = parse_delegation(request, "alpha");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::bad_request);
    EXPECT_NE(refused.error().action.find("100000 values"), std::string::npos);
}

TEST(Json, OfWhichFewMembersAreWantedKeepsNoOthers) {
    const std::string text = R"({"a":{"a":[1],"b":2},"b":[[3]],"c":4,"d":{"a":5}})";
    EXPECT_EQ(parse_members(text, {"a", "c", "e"})->dump(), R"({"a":{"a":[1],"b":2},"c":4})");
    EXPECT_EQ(parse_members(R"({"b":[1,})", {"a"}).error(), JsonFlaw::malformed);
    EXPECT_EQ(parse_members("{\"b\":" + nested(100) + "}", {"a"}).error(), JsonFlaw::too_deep);
    EXPECT_EQ(parse_members("[7]", {"a"})->dump(), "[7]");
}

TEST(Json, InAPayloadThatWouldOverflowTheStackIsABadRequest) {
    HttpRequest request;
    request.body = R"({"agent":"coder","payload":)" + nested(100'000) + "}";
    const auto refused = parse_delegation(request, "alpha");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::bad_request);
    EXPECT_NE(refused.error().action.find("64 levels"), std::string::npos);
    // Nor is it passed on from a row of an earlier version.
    Delegation old;
    old.payload = nested(100'000);
    const tests::SimFixture at;
    EXPECT_TRUE(to_json(old, at.clock).at("payload").is_null());
}

TEST(Json, OfConsulIsReadWhateverItsValueIsPaddedWith) {
    EXPECT_EQ(decode_base64("aGVsbG8="), "hello");
    EXPECT_EQ(decode_base64(""), "");
    for (const char* bad : {"====", "a===", "=aaa", "aGVsbG8", "aGVs bG8"}) {
        EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
    }
}

}  // namespace
}  // namespace lifecycle
