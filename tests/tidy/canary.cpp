#include <chrono>
#include <random>

// Everything that the check of symbols must find; linked into nothing.
unsigned long canary() {
    std::random_device device;
    return device() +
           static_cast<unsigned long>(std::chrono::steady_clock::now().time_since_epoch().count());
}
