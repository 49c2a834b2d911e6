#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "system/providers/provider.hpp"
#include "system/providers/redact.hpp"

namespace lifecycle {
namespace {

TEST(Redact, HidesWhatIsSecretAndKeepsTheRest) {
    const std::pair<const char*, const char*> kRows[] = {
        {"connection refused", "connection refused"},
        {R"({"error":"machine not found"})", R"({"error":"machine not found"})"},
        {R"({"id":1,"config":{"env":{"KEY":"a}b\"","X":"y"},"image":"i"}})",
         R"({"id":1,"config":{"env":(hidden),"image":"i"}})"},
        {R"({"Config":{"Env":["A=b","C=]"],"Image":"i"}})",
         R"({"Config":{"Env":(hidden),"Image":"i"}})"},
        {R"({"Env" : null, "a":1})", R"({"Env" : (hidden), "a":1})"},
        {R"({"env":{"KEY":"cut off he)", R"({"env":(hidden))"},
        {R"({"env)", R"({"env(hidden))"},
        {R"({"said":"{\"env\":{\"K\":\"v\"}}"})", R"({"said":"{\"env\":(hidden)}"})"},
        {R"({"said":"{\"token\":\"a,b\",\"id\":1}"})",
         R"({"said":"{\"token\":(hidden),\"id\":1}"})"},
        {R"({"said":"{\"env\":[\"A=b\\\",]}\",\"C=d\"],\"id\":1}"})",
         R"({"said":"{\"env\":(hidden),\"id\":1}"})"},
        {R"({"said":"{\"secret\":12"} and more)", R"x({"said":"{\"secret\":(hidden)"} and more)x"},
        {R"({"a":"{\"b\":\"{\\\"token\\\":\\\"x,y\\\"}\"}"})",
         R"({"a":"{\"b\":\"{\\\"token\\\":(hidden)}\"}"})"},
        {R"({"password":"ends in \\","id":"\""})", R"({"password":(hidden),"id":"\""})"},
        {"VIVARIUM_BOOTSTRAP=vvb_0123abcd, and more", "VIVARIUM_BOOTSTRAP=(hidden) and more"},
        {"vvt_aB3-_", "(hidden)"},
        {"Authorization: Bearer abc.def==\nx", "Authorization: (hidden)\nx"},
        {R"({"token":"abc","url":"https://x"})", R"({"token":(hidden),"url":"https://x"})"},
        {R"({"auth_token": "abc"})", R"({"auth_token": (hidden)})"},
        {R"({"api_key":"a","client_secret":"b","DB_PASSWORD":"c","x":1})",
         R"({"api_key":(hidden),"client_secret":(hidden),"DB_PASSWORD":(hidden),"x":1})"},
        {R"({"AWS_SECRET_ACCESS_KEY":"a","Set-Cookie":["b","c"],"key":"d"})",
         R"({"AWS_SECRET_ACCESS_KEY":(hidden),"Set-Cookie":(hidden),"key":"d"})"},
        {"a token dtn_00ff is not valid", "a token (hidden) is not valid"},
        {R"({"tokens":3,"environment_id":"e"})", R"({"tokens":3,"environment_id":"e"})"},
    };
    for (const auto& [said, told] : kRows) EXPECT_EQ(without_secrets(said), told) << said;
}

TEST(Redact, BoundsWhatIsToldAndTearsNoCharacter) {
    const std::string long_text(kMaxToldBytes + 10, 'x');
    EXPECT_EQ(without_secrets(long_text), std::string(kMaxToldBytes, 'x') + "... and 10 bytes");
    std::string umlauts = "x";
    for (int i = 0; i < 1000; ++i) umlauts += "\xc3\xa4";
    EXPECT_EQ(without_secrets(umlauts).substr(0, kMaxToldBytes + 2).find("..."), kMaxToldBytes - 1);
}

TEST(Redact, IsWhatMakesTheDetailOfAnError) {
    const ProviderError error(ProviderErrorClass::unknown, R"({"env":{"KEY":"value"}})");
    EXPECT_EQ(error.detail, R"({"env":(hidden)})");
}

}  // namespace
}  // namespace lifecycle
