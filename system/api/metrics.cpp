#include <fmt/format.h>

#include <utility>

#include "system/api/api.hpp"
#include "system/telemetry/gauges.hpp"

// What an operator's collector reads, in Prometheus' text format.
namespace lifecycle {

Api::Answer Api::metrics(std::string, HttpRequest) {
    auto read = [this](ReadTx& tx) -> std::vector<Gauge> {
        return gauges_.measure(tx, ports_.clock.now());
    };
    const auto gauges = co_await store_.read(std::move(read));
    HttpResponse response;
    response.headers["Content-Type"] = "text/plain; version=0.0.4";
    const auto line = [&](std::string_view name, std::string_view labels, auto value) {
        response.body += labels.empty()
                             ? fmt::format("lifecycled_{} {}\n", name, value)
                             : fmt::format("lifecycled_{}{{{}}} {}\n", name, labels, value);
    };
    for (const Gauge& gauge : gauges) line(gauge.name, gauge.labels, gauge.value);
    for (const auto& [key, count] : counters_.counts()) line(key.first, key.second, count);
    co_return response;
}

}  // namespace lifecycle
