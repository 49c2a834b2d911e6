#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "system/ports/time.hpp"
#include "system/store/store.hpp"

namespace lifecycle {

// One measured value.
struct Gauge {
    std::string name;
    std::string labels;  // as in `state="starting",provider="fly"`; empty: none
    std::int64_t value = 0;
};

// Measures a part of the system for its operator. What it counts of rows it counts along an index
// that holds only what is counted.
using Meter = std::function<std::vector<Gauge>(ReadTx&, Time now)>;

// All that an operator watches.
class Gauges {
  public:
    void add(Meter meter) { meters_.push_back(std::move(meter)); }

    // By name, those of one name in the order of their meter.
    std::vector<Gauge> measure(ReadTx& tx, Time now) const;

  private:
    std::vector<Meter> meters_;
};

// The integer in the first column of the first row; 0 if there is none.
std::int64_t count_in(ReadTx& tx, std::string_view sql, std::initializer_list<Bound> values = {});

}  // namespace lifecycle
