#include "system/server/http_server.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast.hpp>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "system/api/api.hpp"
#include "system/api/json.hpp"
#include "system/ports/suspend.hpp"

namespace lifecycle::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kPatienceForHead = std::chrono::seconds(10);

HttpRequest from_beast(http::request<http::string_body> message) {
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message) {
        request.headers[std::string(field.name_string())] = std::string(field.value());
    }
    request.body = std::move(message.body());
    return request;
}

// The answer to a HEAD says how long the body would be, and has none (RFC 9110, 9.3.2).
http::response<http::string_body> to_beast(HttpResponse response, bool keep_alive, bool head) {
    http::response<http::string_body> message;
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    message.keep_alive(keep_alive);
    message.body() = std::move(response.body);
    message.prepare_payload();
    if (head) message.body().clear();
    return message;
}

// What is wrong with a head that can be read: who stands before us may take it for another request.
// https://www.rfc-editor.org/rfc/rfc9112#section-6.1 and #section-3.2
std::optional<Error> ambiguity(const http::request<http::string_body>& message) {
    const auto codings = message.count(http::field::transfer_encoding);
    if (codings > 1 ||
        (codings == 1 && !beast::iequals(message[http::field::transfer_encoding], "chunked"))) {
        return Error(ErrorCode::not_implemented, "the Transfer-Encoding is not \"chunked\"",
                     "send the body as it is, with a Content-Length, or in chunks");
    }
    const auto hosts = message.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
        return Error(ErrorCode::bad_request, fmt::format("the request has {} Host headers", hosts),
                     "send one");
    }
    if (message.count(http::field::origin) > 1) {
        return Error(ErrorCode::bad_request, "the request has several Origin headers",
                     "send one at most");
    }
    return std::nullopt;
}

HttpResponse refusal(const boost::system::error_code& error) {
    if (error == http::error::body_limit) {
        return to_response(Error(ErrorCode::too_large,
                                 fmt::format("the body has more than {} bytes", Api::kLongestBody),
                                 "send a smaller body"));
    }
    return to_response(Error(ErrorCode::bad_request,
                             fmt::format("this is no HTTP request: {}", error.message()),
                             "send an HTTP/1.1 request"));
}

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
    std::uint64_t next_turn_ = 0;
    std::map<std::uint64_t, class Connection*> waiting_;
};

class Connection {
  public:
    Connection(std::shared_ptr<Places> places, tcp::socket socket)
        : stream(std::move(socket)), places_(std::move(places)) {
        ++places_->taken_;
        keeps_us_waiting();
    }
    ~Connection() { leave(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void keeps_us_waiting() {
        if (!has_place_) return;
        is_waited_for();
        turn_ = places_->next_turn_++;
        places_->waiting_.emplace(turn_, this);
    }
    void is_waited_for() { places_->waiting_.erase(turn_); }

    void close_for_another() {
        leave();
        stream.close();
    }

    beast::tcp_stream stream;

  private:
    void leave() {
        if (!std::exchange(has_place_, false)) return;
        is_waited_for();
        --places_->taken_;
    }

    std::shared_ptr<Places> places_;
    bool has_place_ = true;
    std::uint64_t turn_ = 0;
};

bool Places::make_room() {
    if (taken_ < most_) return true;
    if (waiting_.empty()) return false;
    waiting_.begin()->second->close_for_another();
    return true;
}

}  // namespace

struct HttpServer::State {
    State(asio::io_context& io, tcp::endpoint endpoint, Service answer, std::size_t most)
        : context(io),
          acceptor(io, endpoint),
          service(std::move(answer)),
          places(std::make_shared<Places>(most)) {}
    asio::io_context& context;
    tcp::acceptor acceptor;
    Service service;
    std::shared_ptr<Places> places;
    bool stopped = false;
};

namespace {

// A client that is still sending what was refused would lose the answer if the connection broke
// under its hands: reads what comes, for a moment. The stream belongs to the caller, who waits.
asio::awaitable<void> linger(beast::tcp_stream* stream) {
    constexpr std::size_t kAtMost = std::size_t{64} << 20;
    boost::system::error_code error;
    stream->socket().shutdown(tcp::socket::shutdown_send, error);
    stream->expires_after(std::chrono::seconds(2));
    std::vector<char> scratch(65'536);
    std::size_t taken = 0;
    while (!error && taken < kAtMost) {
        taken += co_await stream->async_read_some(asio::buffer(scratch),
                                                  asio::redirect_error(asio::use_awaitable, error));
    }
}

// A client may be silent between two requests for longer than within the head of one.
asio::awaitable<boost::system::error_code> await_request(beast::tcp_stream* stream,
                                                         beast::flat_buffer* buffer) {
    constexpr std::size_t kAtOnce = 4096;
    stream->expires_after(kPatience);
    boost::system::error_code error;
    const std::size_t length = co_await stream->async_read_some(
        buffer->prepare(kAtOnce), asio::redirect_error(asio::use_awaitable, error));
    buffer->commit(length);
    co_return error;
}

using Parser = http::request_parser<http::string_body>;

// The rest of a request of which something may be in the buffer.
asio::awaitable<boost::system::error_code> read_request(beast::tcp_stream* stream,
                                                        beast::flat_buffer* buffer,
                                                        Parser* parser) {
    boost::system::error_code error;
    stream->expires_after(kPatienceForHead);
    const auto head = co_await http::async_read_header(
        *stream, *buffer, *parser, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(head);
    if (error) co_return error;
    stream->expires_after(kPatience);
    const auto body = co_await http::async_read(*stream, *buffer, *parser,
                                                asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(body);
    co_return error;
}

// State is private to the server; sessions see it through this.
template <class State>
asio::awaitable<void> converse(std::shared_ptr<State> state,
                               std::shared_ptr<Connection> connection) {
    beast::tcp_stream& stream = connection->stream;
    beast::flat_buffer buffer;
    bool open = true;
    for (bool first = true; open; first = false) {
        if (!first && buffer.size() == 0) {
            const auto silent = co_await await_request(&stream, &buffer);
            if (silent) break;
        }
        Parser parser;
        parser.body_limit(Api::kLongestBody);
        boost::system::error_code error = co_await read_request(&stream, &buffer, &parser);
        if (error == http::error::end_of_stream || error == beast::error::timeout ||
            error == asio::error::connection_reset || error == asio::error::operation_aborted) {
            break;
        }
        HttpResponse response;
        const bool head = parser.get().method() == http::verb::head;
        const auto ambiguous = error ? std::nullopt : ambiguity(parser.get());
        const bool refused = error || ambiguous;
        if (refused) {
            response = error ? refusal(error) : to_response(*ambiguous);
            open = false;
        } else {
            stream.expires_never();
            connection->is_waited_for();
            open = parser.keep_alive() && !state->stopped;
            std::move_only_function<void(Resume<HttpResponse>)> ask =
                [state,
                 request = from_beast(parser.release())](Resume<HttpResponse> resume) mutable {
                    state->service(std::move(request), std::move(resume));
                };
            response = co_await suspend<HttpResponse>(std::move(ask));
            connection->keeps_us_waiting();
        }
        const auto message = to_beast(std::move(response), open, head);
        stream.expires_after(kPatience);
        const auto written = co_await http::async_write(
            stream, message, asio::redirect_error(asio::use_awaitable, error));
        static_cast<void>(written);
        if (error) break;
        if (refused) co_await linger(&stream);
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

template <class State>
asio::awaitable<void> accept(std::shared_ptr<State> state) {
    while (!state->stopped) {
        boost::system::error_code error;
        tcp::socket socket =
            co_await state->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            if (!state->places->make_room()) continue;
            auto connection = std::make_shared<Connection>(state->places, std::move(socket));
            asio::co_spawn(state->context, converse(state, std::move(connection)),
                           [](std::exception_ptr) { /* one client's connection broke */ });
        } else if (!state->stopped) {
            // Out of descriptors, most likely: let some connections end.
            asio::steady_timer pause(state->context, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }
}

}  // namespace

HttpServer::HttpServer(asio::io_context& context, const std::string& host, std::uint16_t port,
                       Service service, std::size_t max_connections)
    : state_(std::make_shared<State>(context, tcp::endpoint(asio::ip::make_address(host), port),
                                     std::move(service), max_connections)) {
    asio::co_spawn(context, accept(state_), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

HttpServer::~HttpServer() {
    stop();
}

std::size_t HttpServer::share_of_descriptors() {
    constexpr rlim_t kMost = 4096;
    rlimit descriptors{};
    if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return kMost;
    return std::clamp<rlim_t>(descriptors.rlim_cur / 4, 1, kMost);
}

std::uint16_t HttpServer::port() const {
    return state_->acceptor.local_endpoint().port();
}

void HttpServer::stop() {
    if (std::exchange(state_->stopped, true)) return;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

}  // namespace lifecycle::server
