#include "system/providers/redact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "system/model/secrets.hpp"

namespace lifecycle {
namespace {

constexpr std::string_view kHidden = "(hidden)";

// What a secret begins with, wherever it stands: ours, then those of the providers.
constexpr std::string_view kBeginnings[] = {kBootstrapMark, kTokenMark, "Bearer ", "FlyV1 ",
                                            "fm1r_",        "fm2_",     "fo1_",    "dtn_"};
// Fields whose value is never told, and what the names of others end in: in lower case and without
// '_' and '-'.
constexpr std::string_view kFields[] = {"env", "environment", "authorization", "nonce"};
constexpr std::string_view kEndings[] = {"token",      "password",   "passwd",      "passphrase",
                                         "secret",     "apikey",     "accesskey",   "secretkey",
                                         "privatekey", "credential", "credentials", "cookie"};
constexpr std::size_t kMaxNameBytes = 100;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Of tokens: RFC 6750, 2.1, and what joins several of them.
bool is_token(char c) {
    constexpr std::string_view kOthers = "-._~+/=:,";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
}

// JSON within a string of JSON has its quotes escaped, the deeper the more: each stands behind as
// many backslashes as the quotes of its fields' names do.
std::size_t backslashes_at(std::string_view text) {
    return std::min(text.find_first_not_of('\\'), text.size());
}

// The length of a JSON value that a text begins with, whose quotes stand behind so many
// backslashes; all of it if it does not end there.
std::size_t value_length(std::string_view text, std::size_t escape) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t run = backslashes_at(text.substr(i));
        const std::size_t begin = i;
        i += run;
        if (i >= text.size()) break;
        const char c = text[i];
        if (c == '"') {
            // The string around it ends here, and the value with it.
            if (run < escape) return begin;
            // Each backslash of the value's own is written as `escape` + 1 of them.
            const std::size_t own = (run - escape) / (escape + 1);
            if (own % 2 == 1) continue;
            quoted = !quoted;
            if (!quoted && depth == 0) return i + 1;
        } else if (quoted) {
            continue;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth <= 1) return depth == 0 ? i : i + 1;
            --depth;
        } else if (depth == 0 && c == ',') {
            return i;
        }
    }
    return text.size();
}

bool is_secret_name(std::string_view name) {
    return std::ranges::find(kFields, name) != std::end(kFields) ||
           std::ranges::any_of(kEndings,
                               [&](std::string_view ending) { return name.ends_with(ending); });
}

// The beginning of a secret field: its name in quotes, which may be escaped, and a colon.
struct Field {
    std::size_t length = 0;  // 0: the text does not begin with one
    std::size_t escape = 0;  // how many backslashes its quotes stand behind
};

Field secret_field(std::string_view text) {
    if (!text.starts_with('"')) return {};
    std::string name;
    std::size_t at = 1;
    while (at < text.size() && name.size() <= kMaxNameBytes && text[at] != '"' &&
           text[at] != '\\') {
        const char c = text[at++];
        if (c != '_' && c != '-') name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    if (!is_secret_name(name)) return {};
    const std::size_t escape = backslashes_at(text.substr(at));
    at += escape;
    if (at < text.size() && text[at] == '"') ++at;
    while (at < text.size() && is_space(text[at])) ++at;
    if (at < text.size() && text[at] != ':') return {};
    if (at < text.size()) ++at;
    while (at < text.size() && is_space(text[at])) ++at;
    return {at, escape};
}

// The length of the secret that a text begins with; 0 if it does with none.
std::size_t secret_length(std::string_view text) {
    const auto begun = std::ranges::find_if(
        kBeginnings, [&](std::string_view beginning) { return text.starts_with(beginning); });
    if (begun == std::end(kBeginnings)) return 0;
    std::size_t at = begun->size();
    while (at < text.size() && is_token(text[at])) ++at;
    return at;
}

// Cut where no character is torn (RFC 3629).
std::string bounded(std::string text) {
    if (text.size() <= kMaxToldBytes) return text;
    std::size_t end = kMaxToldBytes;
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
    const std::size_t more = text.size() - end;
    text.resize(end);
    return text + fmt::format("... and {} bytes", more);
}

}  // namespace

std::string without_secrets(std::string_view said) {
    std::string told;
    while (!said.empty()) {
        if (const std::size_t secret = secret_length(said); secret > 0) {
            told += kHidden;
            said.remove_prefix(secret);
        } else if (const Field field = secret_field(said); field.length > 0) {
            told += said.substr(0, field.length);
            told += kHidden;
            said.remove_prefix(field.length);
            said.remove_prefix(value_length(said, field.escape));
        } else {
            told += said.front();
            said.remove_prefix(1);
        }
    }
    return bounded(std::move(told));
}

}  // namespace lifecycle
