#include "tests/tidy/source_rules.hpp"

#include <algorithm>
#include <map>
#include <regex>

namespace tidy {
namespace {

std::string folder_of(std::string_view path) {
    return std::string(path.substr(0, path.find('/')));
}

int line_at(std::string_view text, std::size_t position) {
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + position, '\n'));
}

struct Rule {
    const char* pattern;
    const char* message;
};

void apply(const std::vector<Rule>& rules, const std::string& path, const std::string& code,
           std::vector<Finding>& findings) {
    for (const Rule& rule : rules) {
        const std::regex pattern(rule.pattern);
        for (std::sregex_iterator found(code.begin(), code.end(), pattern), end; found != end;
             ++found) {
            findings.push_back(
                {path, line_at(code, static_cast<std::size_t>(found->position())), rule.message});
        }
    }
}

// From behind an opening parenthesis to the one that closes it.
std::string_view parenthesised(std::string_view code, std::size_t begin) {
    int depth = 1;
    std::size_t end = begin;
    for (; end < code.size() && depth > 0; ++end) {
        if (code[end] == '(') ++depth;
        if (code[end] == ')') --depth;
    }
    return code.substr(begin, end - begin);
}

bool must_be_deterministic(const std::string& path) {
    const std::string folder = folder_of(path);
    if (path.starts_with("system/server/")) return false;  // the real clock and sockets live there
    // Engines play worlds in several threads, and for as long as they are asked to.
    if (path.starts_with("sim/search/")) return false;
    return folder == "system" || folder == "sim" || folder == "fakes" || folder == "scenarios";
}

}  // namespace

std::string code_only(std::string_view text) {
    std::string code(text);
    const auto blank = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to && i < code.size(); ++i) {
            if (code[i] != '\n') code[i] = ' ';
        }
    };
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (text.substr(i, 2) == "//") {
            const std::size_t end = std::min(text.find('\n', i), code.size());
            blank(i, end);
            i = end;
        } else if (text.substr(i, 2) == "/*") {
            const std::size_t end = std::min(text.find("*/", i + 2), code.size() - 2) + 2;
            blank(i, end);
            i = end - 1;
        } else if (text.substr(i, 2) == "R\"") {
            const std::size_t open = text.find('(', i);
            const std::string close = ")" + std::string(text.substr(i + 2, open - i - 2)) + "\"";
            const std::size_t end = std::min(text.find(close, open), code.size());
            blank(open + 1, end);
            i = end + close.size() - 1;
        } else if (code[i] == '"' || (code[i] == '\'' && i > 0 && !std::isalnum(text[i - 1]))) {
            std::size_t end = i + 1;
            while (end < code.size() && text[end] != code[i]) end += text[end] == '\\' ? 2 : 1;
            blank(i + 1, end);
            i = end;
        }
    }
    return code;
}

std::vector<Finding> check_determinism(const std::string& path, std::string_view text) {
    static const std::vector<Rule> rules = {
        {R"(#include <(thread|mutex|shared_mutex|future|condition_variable|stop_token)>)",
         "threads make the order of things a matter of luck"},
        {R"(#include <random>|\brandom_device\b|\bmt19937|_distribution\b|\bshuffle\s*\()",
         "draw from the tape, or ask the Entropy port"},
        {R"(\b(s?rand|rand_r|drand48|getrandom|arc4random)\s*\()",
         "draw from the tape, or ask the Entropy port"},
        {R"(unordered_(multi)?(map|set))", "its order is the library's; use map, set or vector"},
        {R"(\b(steady|system|high_resolution|utc|file)_clock\b)",
         "ask the Clock port for the time"},
        {R"(\b(clock_gettime|gettimeofday|localtime|mktime|strftime|nanosleep|usleep)\s*\()",
         "ask the Clock port for the time"},
        {R"(\btime\s*\(\s*(nullptr|NULL|0)\s*\))", "ask the Clock port for the time"},
        {R"(\bsleep_(for|until)\b|\bthread_local\b)", "nothing here has a thread to wait in"},
        {R"(\b(steady|system|high_resolution|waitable)_timer\b|\bio_context\b|\bsystem_executor\b)",
         "Asio's own clock and queue are not the world's; use the Clock port"},
        {R"(\b(getenv|secure_getenv|setlocale)\s*\(|std::locale\b)",
         "the environment must not change what happens"},
        {R"((map|set)<\s*(const\s+)?[\w:]+\s*(const\s*)?\*)",
         "addresses differ from run to run; key by name or number"},
        {R"(std::hash<)", "its value is the library's; use sim::hash"},
    };
    std::vector<Finding> findings;
    if (!must_be_deterministic(path)) return findings;
    std::string code = code_only(text);
    // Includes are written as text in angle brackets, which code_only keeps.
    apply(rules, path, code, findings);
    return findings;
}

std::vector<Finding> check_coroutines(const std::string& path, std::string_view text) {
    // Each statement is matched from its co_await to its semicolon.
    static const std::vector<Rule> rules = {
        {R"(co_await[^;]*\[[^\]\s][^\]]*\]\s*[\(\{])",
         "g++ 12 destroys a capturing lambda inside a co_await twice: name it first"},
        {R"(co_await[^;{]*[\(,]\s*(\w+::)*[A-Z]\w*\s*\{)",
         "g++ 12 destroys an aggregate inside a co_await twice: name it first"},
        {R"(co_await[^;{]*[\(,]\s*\{)",
         "g++ 12 destroys an aggregate inside a co_await twice: name it first"},
        {R"(\?\s*co_await)", "g++ 12 miscompiles a conditional that awaits: use if"},
        {R"(([\w>]\{|[=\(,]\s*\{)\s*co_await)",
         "g++ 12 miscompiles an initialiser that awaits: name the result first"},
        {R"(\basio::detached\b)", "it swallows exceptions: spawn in a TaskGroup"},
    };
    std::vector<Finding> findings;
    const std::string code = code_only(text);
    apply(rules, path, code, findings);
    static const std::regex condition(R"(\b(if|while|switch|for)\s*\()");
    for (std::sregex_iterator found(code.begin(), code.end(), condition), end; found != end;
         ++found) {
        const auto open = static_cast<std::size_t>(found->position() + found->length());
        if (parenthesised(code, open).find("co_await") == std::string_view::npos) continue;
        findings.push_back(
            {path, line_at(code, open),
             "g++ 12 corrupts the frame of a condition that awaits: name the result first"});
    }
    return findings;
}

std::vector<Finding> check_parsers(const std::string& path, std::string_view text) {
    static const std::vector<Rule> rules = {
        {R"(json::(parse|accept|sax_parse|from_\w+)\s*\()",
         "it recurses into what nests without bound: use parse_json of system/model/json.hpp"},
    };
    std::vector<Finding> findings;
    if (folder_of(path) != "system" || path == "system/model/json.cpp") return findings;
    apply(rules, path, code_only(text), findings);
    return findings;
}

std::vector<Finding> check_shape(const std::string& path, std::string_view text) {
    std::vector<Finding> findings;
    constexpr int kMaxFileLines = 500;
    constexpr std::size_t kMaxLineColumns = 100;
    int number = 0;
    const std::string code = code_only(text);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        ++number;
        // What a person reads counts, not the bytes of a letter; literals may be as long as they
        // are.
        if (end - begin > kMaxLineColumns &&
            code.substr(begin, end - begin).find('"') == std::string::npos) {
            findings.push_back({path, number, "the line is longer than 100 columns"});
        }
        begin = end + 1;
    }
    if (number > kMaxFileLines) {
        findings.push_back({path, number, "the file is longer than 500 lines: is it one room?"});
    }
    if (folder_of(path) == "sim") {
        static const std::regex foreign(R"(\b(machine|provision|daemon|fly|outbox)\w*\b)",
                                        std::regex::icase);
        std::smatch found;
        const std::string whole(text);
        if (std::regex_search(whole, found, foreign)) {
            findings.push_back({path, line_at(whole, static_cast<std::size_t>(found.position())),
                                "the simulator knows nothing of what runs in it"});
        }
    }
    return findings;
}

}  // namespace tidy
