#include "system/server/connection.hpp"

#include <utility>

namespace lifecycle::server {

bool Places::make_room() {
    if (taken_ < most_) return true;
    if (waiting_.empty()) return false;
    waiting_.begin()->second->close_for_another();
    return true;
}

Connection::Connection(std::shared_ptr<Places> places, boost::asio::ip::tcp::socket socket)
    : stream(std::move(socket)), places_(std::move(places)) {
    ++places_->taken_;
    keeps_us_waiting();
}

Connection::~Connection() {
    leave();
}

void Connection::keeps_us_waiting() {
    if (!has_place_) return;
    is_waited_for();
    turn_ = places_->next_turn_++;
    places_->waiting_.emplace(turn_, this);
}

void Connection::is_waited_for() {
    places_->waiting_.erase(turn_);
}

void Connection::close_for_another() {
    leave();
    stream.close();
}

void Connection::leave() {
    if (!std::exchange(has_place_, false)) return;
    is_waited_for();
    --places_->taken_;
}

}  // namespace lifecycle::server
