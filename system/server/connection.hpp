#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace lifecycle::server {

class Connection;

// The places for connections at one door. A connection has one until it ends, or until it is
// closed for another while we wait for its client.
class Places {
  public:
    explicit Places(std::size_t most) : most_(most) {}

    // Whether there is a place, if need be after closing who has kept us waiting longest.
    bool make_room();

  private:
    friend class Connection;
    std::size_t most_;
    std::size_t taken_ = 0;
    std::uint64_t next_turn_ = 1;
    std::map<std::uint64_t, Connection*> waiting_;
};

// A client's connection, in its place. It keeps us waiting from its beginning.
class Connection {
  public:
    Connection(std::shared_ptr<Places> places, boost::asio::ip::tcp::socket socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void keeps_us_waiting();
    void is_waited_for();
    void close_for_another();

    boost::beast::tcp_stream stream;

  private:
    void leave();

    std::shared_ptr<Places> places_;
    bool has_place_ = true;
    std::uint64_t turn_ = 0;  // in which it keeps us waiting; 0: it never has
};

}  // namespace lifecycle::server
