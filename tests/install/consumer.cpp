#include <iostream>
#include <system/model/machine.hpp>
#include <system/providers/fly.hpp>
#include <system/system.hpp>

int main() {
    const auto error = lifecycle::classify_fly_error(404, R"({"error":"machine not found"})");
    std::cout << lifecycle::to_string(error.error_class) << ' ' << lifecycle::machine_id("alpha", 1)
              << '\n';
    return lifecycle::may_transition(lifecycle::MachineState::starting,
                                     lifecycle::MachineState::active)
               ? 0
               : 1;
}
