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
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "system/api/json.hpp"
#include "system/ports/suspend.hpp"
#include "system/server/connection.hpp"

namespace lifecycle::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kPatienceForHead = std::chrono::seconds(10);

HttpRequest head_of(const http::request<http::string_body>& message) {
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message) {
        request.headers[std::string(field.name_string())] = std::string(field.value());
    }
    return request;
}

HttpRequest from_beast(http::request<http::string_body> message) {
    HttpRequest request = head_of(message);
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

Error too_large(std::size_t most) {
    return {ErrorCode::too_large, fmt::format("the body has more than {} bytes", most),
            "send a smaller body"};
}

Error too_many_large() {
    return {ErrorCode::overloaded,
            fmt::format("{} requests with a body of more than {} bytes are in hand",
                        HttpServer::kMaxLargeBodies, kMaxBodyBytes),
            "send it again in a moment"};
}

Error not_http(const boost::system::error_code& error) {
    return {ErrorCode::bad_request, fmt::format("this is no HTTP request: {}", error.message()),
            "send an HTTP/1.1 request"};
}

// A quarter of the descriptors that this process may have: two doors leave half to the rest.
std::size_t share_of_descriptors() {
    constexpr rlim_t kMax = 4096;
    rlimit descriptors{};
    if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return kMax;
    return std::clamp<rlim_t>(descriptors.rlim_cur / 4, 1, kMax);
}

}  // namespace

struct HttpServer::State {
    State(asio::io_context& io, tcp::endpoint endpoint, Service answer, MaxBodyBytes most)
        : context(io),
          acceptor(io, endpoint),
          service(std::move(answer)),
          max_body_bytes(std::move(most)),
          places(std::make_shared<Places>(share_of_descriptors())) {}
    asio::io_context& context;
    tcp::acceptor acceptor;
    Service service;
    MaxBodyBytes max_body_bytes;
    std::shared_ptr<Places> places;
    std::shared_ptr<void> large = std::make_shared<int>();  // a copy for each large body in hand
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

// The head of a request of which something may be in the buffer.
asio::awaitable<boost::system::error_code> read_head(beast::tcp_stream* stream,
                                                     beast::flat_buffer* buffer, Parser* parser) {
    parser->body_limit(boost::none);  // it is judged with the head in hand
    boost::system::error_code error;
    stream->expires_after(kPatienceForHead);
    const auto head = co_await http::async_read_header(
        *stream, *buffer, *parser, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(head);
    co_return error;
}

// What came in: `refused` if it is no request that may be answered, `gone` if nobody waits.
struct Received {
    bool gone = false;
    std::optional<Error> refused;
    std::shared_ptr<void> large;  // the place of a large body, until the request is answered
};

Received failed(const boost::system::error_code& error) {
    Received received;
    received.gone = error == http::error::end_of_stream || error == beast::error::timeout ||
                    error == asio::error::connection_reset ||
                    error == asio::error::operation_aborted;
    received.refused =
        error == http::error::body_limit ? too_large(kMaxBodyBytes) : not_http(error);
    return received;
}

// The place for the body that this head announces; null for a small one, which needs none. State is
// private to the server; sessions see it through this.
template <class State>
Result<std::shared_ptr<void>> place_for_body(const State& state, const Parser& parser) {
    const auto length = parser.content_length();
    if (!length || *length <= kMaxBodyBytes) return nullptr;
    const std::size_t most =
        state.max_body_bytes ? state.max_body_bytes(head_of(parser.get())) : kMaxBodyBytes;
    if (*length > most) return std::unexpected(too_large(most));
    const auto in_hand = static_cast<std::size_t>(state.large.use_count()) - 1;
    if (in_hand >= HttpServer::kMaxLargeBodies) return std::unexpected(too_many_large());
    return state.large;
}

template <class State>
asio::awaitable<Received> receive(std::shared_ptr<State> state, beast::tcp_stream* stream,
                                  beast::flat_buffer* buffer, Parser* parser) {
    const auto broken = co_await read_head(stream, buffer, parser);
    if (broken) co_return failed(broken);
    Received received;
    received.refused = ambiguity(parser->get());
    if (received.refused) co_return received;
    auto place = place_for_body(*state, *parser);
    if (!place) {
        received.refused = place.error();
        co_return received;
    }
    // One that does not announce its length is small.
    if (!parser->content_length()) parser->body_limit(kMaxBodyBytes);
    received.large = *std::move(place);
    boost::system::error_code error;
    stream->expires_after(kPatience);
    const auto body = co_await http::async_read(*stream, *buffer, *parser,
                                                asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(body);
    if (error) co_return failed(error);
    co_return received;
}

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
        const Received received = co_await receive(state, &stream, &buffer, &parser);
        if (received.gone) break;
        HttpResponse response;
        const bool head = parser.get().method() == http::verb::head;
        if (received.refused) {
            response = to_response(*received.refused);
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
        boost::system::error_code error;
        const auto written = co_await http::async_write(
            stream, message, asio::redirect_error(asio::use_awaitable, error));
        static_cast<void>(written);
        if (error) break;
        if (received.refused) co_await linger(&stream);
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
                       Service service, MaxBodyBytes max_body_bytes)
    : state_(std::make_shared<State>(context, tcp::endpoint(asio::ip::make_address(host), port),
                                     std::move(service), std::move(max_body_bytes))) {
    asio::co_spawn(context, accept(state_), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

HttpServer::~HttpServer() {
    stop();
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
