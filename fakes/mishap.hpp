#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fakes {

// What may go wrong with a request whatever it asks for: an answer in place of the true one. Each
// cloud has an array of them, of which the tape draws one for each request; the first is that all
// is well.
struct Mishap {
    const char* words = "";  // what the provider does, for whoever reads of it
    int status = 0;          // of that answer; 0: it is the true one
    const char* said = "";
    bool happens = false;  // what was asked for, all the same
    bool spares_reads = false;

    // Whether such a request does nothing and gets that answer at once.
    bool prevents(std::string_view method) const {
        return status != 0 && !happens && !(spares_reads && method == "GET");
    }
};

// For the lane's kind.
template <const auto& kMishaps>
std::string mishap_words(std::uint64_t value) {
    return kMishaps[value].words;
}

}  // namespace fakes
