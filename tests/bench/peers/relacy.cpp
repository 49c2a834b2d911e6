// The lost-update race for Relacy: two threads of STEPS steps, read and write in the middle.
#include <chrono>
#include <cstdio>
#include <relacy/relacy.hpp>

namespace {

#ifndef STEPS
#define STEPS 10
#endif
constexpr int kSteps = STEPS;
long lost = 0;

struct LostUpdate : rl::test_suite<LostUpdate, 2> {
    rl::atomic<int> counter;

    void before() { counter($) = 0; }
    void thread(unsigned) {
        int seen = 0;
        for (int step = 0; step < kSteps; ++step) {
            if (step == kSteps / 2 + 1) {
                counter($).store(seen + 1, rl::mo_seq_cst);
            } else {
                seen = counter($).load(rl::mo_seq_cst);
            }
        }
    }
    void after() { lost += counter($) != 2 ? 1 : 0; }
};

}  // namespace

int main() {
    rl::test_params params;
    params.iteration_count = 400000;
    params.search_type = rl::random_scheduler_type;
    const auto begin = std::chrono::steady_clock::now();
    rl::simulate<LostUpdate>(params);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    char name[64];
    std::snprintf(name, sizeof name, "Relacy random, 2x%d", kSteps);
    const auto schedules = static_cast<double>(params.iteration_count);
    std::printf("%-44s %9.0f schedules/s %11.0f steps/s %7.3f lost\n", name, schedules / seconds,
                schedules * 2 * kSteps / seconds, lost / schedules);
}
