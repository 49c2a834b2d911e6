#pragma once

// What a mutated source asks at each place: whether its mutant is the one that is on. Used in the
// sources that `mutate` makes, and nowhere else. MUTANT=ID switches one on; into
// MUTANTS_MET=FILE go the ids of those that were met, one a line, when the program ends.

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace mutants {

class Switch {
  public:
    static constexpr int kMax = 1 << 16;

    Switch() {
        if (const char* on = std::getenv("MUTANT")) on_ = std::atoi(on);
    }
    ~Switch() {
        const char* path = std::getenv("MUTANTS_MET");
        std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "w");
        if (file == nullptr) return;
        for (int id = 0; id < kMax; ++id) {
            if (met_[id].load(std::memory_order_relaxed)) std::fprintf(file, "%d\n", id);
        }
        std::fclose(file);
    }

    bool is(int id) {
        if (!met_[id].load(std::memory_order_relaxed)) {
            met_[id].store(true, std::memory_order_relaxed);
        }
        return id == on_;
    }

  private:
    int on_ = 0;
    std::atomic<bool> met_[kMax] = {};
};

inline Switch the_switch;

inline bool is(int id) {
    return the_switch.is(id);
}

}  // namespace mutants
