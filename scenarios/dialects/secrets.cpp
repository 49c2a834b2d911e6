#include <string>
#include <utility>
#include <vector>

#include "scenarios/dialects/phrase.hpp"
#include "system/providers/provider.hpp"

// What a provider says may hold secrets. What is told of it holds none, and all of the rest.
namespace scenarios {
namespace {

constexpr std::pair<const char*, const char*> kRows[] = {
    {"connection refused", "connection refused"},
    {R"({"error":"machine not there"})", R"({"error":"machine not there"})"},
    {R"({"id":1,"config":{"env":{"KEY":"a}b\"","X":"y"},"image":"i"}})",
     R"({"id":1,"config":{"env":(hidden),"image":"i"}})"},
    {R"({"Config":{"Env":["A=b","C=]"],"Image":"i"}})",
     R"({"Config":{"Env":(hidden),"Image":"i"}})"},
    {R"({"Env" : null, "a":1})", R"({"Env" : (hidden), "a":1})"},
    {"{\"env\"\t\n\r :\t\n\r {\"A\":1}}", "{\"env\"\t\n\r :\t\n\r (hidden)}"},
    {R"({"env":{"KEY":"cut off he)", R"({"env":(hidden))"},
    {R"({"env)", R"({"env(hidden))"},
    {R"({"env")", R"({"env"(hidden))"},
    {R"({"env": )", R"({"env": (hidden))"},
    {R"({"env" is not set})", R"({"env" is not set})"},
    {R"({"environment":[[1],{"a":[2]}],"b":3})", R"({"environment":(hidden),"b":3})"},
    {R"({"said":"{\"env\":{\"K\":\"v\"}}"})", R"({"said":"{\"env\":(hidden)}"})"},
    {R"({"said":"{\"token\":\"a,b\",\"id\":1}"})", R"({"said":"{\"token\":(hidden),\"id\":1}"})"},
    {R"({"said":"{\"env\":[\"A=b\\\",]}\",\"C=d\"],\"id\":1}"})",
     R"({"said":"{\"env\":(hidden),\"id\":1}"})"},
    {R"({"said":"{\"secret\":12"} and more)", R"x({"said":"{\"secret\":(hidden)"} and more)x"},
    {R"({"a":"{\"b\":\"{\\\"token\\\":\\\"x,y\\\"}\"}"})",
     R"({"a":"{\"b\":\"{\\\"token\\\":(hidden)}\"}"})"},
    {R"({"password":"ends in \\","id":"\""})", R"({"password":(hidden),"id":"\""})"},
    {R"({"password":"ends in \\\"","id":1})", R"({"password":(hidden),"id":1})"},
    {R"({"token":7,"id":1})", R"({"token":(hidden),"id":1})"},
    {R"({"token":7})", R"({"token":(hidden)})"},
    {R"([{"token":7}])", R"([{"token":(hidden)}])"},
    {R"(["token":7])", R"(["token":(hidden)])"},
    {R"({"token":"cut off \)", R"({"token":(hidden))"},
    {"VIVARIUM_BOOTSTRAP=vvb_0123abcd, and more", "VIVARIUM_BOOTSTRAP=(hidden) and more"},
    {"vvt_aB3-_", "(hidden)"},
    {"vvt_azAZ09-._~+/=:, ", "(hidden) "},
    {"vvt_a`b", "(hidden)`b"},
    {"vvt_a{b", "(hidden){b"},
    {"vvt_a@b", "(hidden)@b"},
    {"vvt_a[b", "(hidden)[b"},
    {"vvt_a;b", "(hidden);b"},
    {"vvt_a!b", "(hidden)!b"},
    {"Authorization: Bearer abc.def==\nx", "Authorization: (hidden)\nx"},
    {"with FlyV1 abc def", "with (hidden) def"},
    {"fm1r_x fm2_x fo1_x", "(hidden) (hidden) (hidden)"},
    {"a token dtn_00ff is not valid", "a token (hidden) is not valid"},
    {R"({"token":"abc","url":"https://x"})", R"({"token":(hidden),"url":"https://x"})"},
    {R"({"auth_token": "abc"})", R"({"auth_token": (hidden)})"},
    {R"({"api_key":"a","client_secret":"b","DB_PASSWORD":"c","x":1})",
     R"({"api_key":(hidden),"client_secret":(hidden),"DB_PASSWORD":(hidden),"x":1})"},
    {R"({"AWS_SECRET_ACCESS_KEY":"a","Set-Cookie":["b","c"],"key":"d"})",
     R"({"AWS_SECRET_ACCESS_KEY":(hidden),"Set-Cookie":(hidden),"key":"d"})"},
    {R"({"passwd":1,"passphrase":2,"access-key":3,"SecretKey":4,"PRIVATE_KEY":5,"nonce":6})",
     R"({"passwd":(hidden),"passphrase":(hidden),"access-key":(hidden),"SecretKey":(hidden),)"
     R"("PRIVATE_KEY":(hidden),"nonce":(hidden)})"},
    {R"({"credential":1,"credentials":2,"authorization":3,"Zone":4,"@env":5,"[env":6})",
     R"({"credential":(hidden),"credentials":(hidden),"authorization":(hidden),"Zone":4,)"
     R"("@env":5,"[env":6})"},
    {R"({"tokens":3,"environment_id":"e"})", R"({"tokens":3,"environment_id":"e"})"},
};

void add(std::vector<Phrase>& all, const std::string& said, std::string told) {
    all.push_back(refused(Call::get, answer(599, said), lifecycle::ProviderErrorClass::ambiguous));
    all.back().expected.detail = std::move(told);
}

}  // namespace

std::vector<Phrase> secret_phrases() {
    std::vector<Phrase> all;
    for (const auto& [said, told] : kRows) add(all, said, told);
    // No name is as long as that.
    const std::string name(100, 'a');
    add(all, R"({")" + name.substr(5) + R"(token":1})",
        R"({")" + name.substr(5) + R"(token":(hidden)})");
    add(all, R"({")" + name + R"(token":1})", R"({")" + name + R"(token":1})");
    // Bounded, and no character is torn.
    constexpr std::size_t kMax = 1024;
    const std::string whole(kMax, 'x');
    add(all, whole, whole);
    add(all, whole + "y", whole + "... and 1 bytes");
    std::string umlauts = "x";
    std::string kept = "x";
    for (int i = 0; i < 1000; ++i) umlauts += "\xc3\xa4";
    for (int i = 0; i < 511; ++i) kept += "\xc3\xa4";
    add(all, umlauts, kept + "... and 978 bytes");
    return all;
}

}  // namespace scenarios
