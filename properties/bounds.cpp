#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "properties/property.hpp"

// What never grows without bound.
namespace properties {
namespace {

// How deep the brackets of a JSON text nest, those in strings left out.
std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (in_string && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (text[i] == '[' || text[i] == '{')) {
            deepest = std::max(deepest, ++depth);
        } else if (!in_string && (text[i] == ']' || text[i] == '}')) {
            --depth;
        }
    }
    return deepest;
}

class NestingBounded final : public Property {
  public:
    NestingBounded()
        : Property("nesting-bounded",
                   "Nothing that is stored, or answered by the control plane itself, nests deeper "
                   "than a bound: what nests without bound overflows a stack.") {}
    void on_delegation(const lifecycle::Delegation& now) override {
        judge("the payload of delegation " + now.id, now.payload);
    }
    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        // What a machine answered is passed on as it is, and read by nobody here.
        if (answer.response.headers.contains("X-Vivarium-Machine")) return;
        judge("the answer to " + answer.target, answer.response.body);
    }

  private:
    void judge(const std::string& what, std::string_view text) const {
        constexpr std::size_t kMost = 80;
        const std::size_t depth = depth_of(text);
        if (depth > kMost) broken(fmt::format("{} nests {} levels deep", what, depth));
    }
};

}  // namespace

Properties bounds_properties() {
    Properties all;
    all.push_back(std::make_unique<NestingBounded>());
    return all;
}

}  // namespace properties
