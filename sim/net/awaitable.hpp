#pragma once

#include <string>
#include <utility>

#include "sim/net/network.hpp"
#include "sim/world/awaitable.hpp"

namespace sim {

// Network::call for coroutines: the answer, or why there is none.
inline boost::asio::awaitable<Network::Result> call(Process& caller, std::string address,
                                                    Packet request, Duration timeout) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Network::Result)>(
        [](auto handler, Process* from, std::string to, Packet packet, Duration patience) {
            from->world().network().call(
                *from, to, std::move(packet), patience,
                [resume = std::move(handler)](Network::Result result) mutable {
                    std::move(resume)(std::move(result));
                });
        },
        boost::asio::use_awaitable, &caller, std::move(address), std::move(request), timeout);
}

}  // namespace sim
