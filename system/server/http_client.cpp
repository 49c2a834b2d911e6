#include "system/server/http_client.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast.hpp>
#include <utility>

namespace lifecycle::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr std::uint64_t kLongestAnswer = 8'388'608;

// What a failure means once part of the request may have left.
HttpError after_connecting(const boost::system::error_code& error) {
    return error == beast::error::timeout ? HttpError::timed_out : HttpError::reset;
}

http::request<http::string_body> to_beast(HttpRequest request) {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    for (const auto& [name, value] : request.headers) message.insert(name, value);
    message.set(http::field::host, request.authority);
    message.set(http::field::connection, "close");
    message.body() = std::move(request.body);
    message.prepare_payload();
    return message;
}

HttpResponse from_beast(http::response<http::string_body> message) {
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
        const auto name = field.name();
        if (name == http::field::connection || name == http::field::transfer_encoding ||
            name == http::field::content_length || name == http::field::keep_alive) {
            continue;
        }
        response.headers[std::string(field.name_string())] = std::string(field.value());
    }
    response.body = std::move(message.body());
    return response;
}

}  // namespace

HostPort split_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == authority.size()) return {};
    std::string_view host = authority.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return {std::string(host), std::string(authority.substr(colon + 1))};
}

asio::awaitable<std::expected<HttpResponse, HttpError>> BeastHttpClient::send(HttpRequest request,
                                                                              Duration timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const HostPort to = split_authority(request.authority);
    auto executor = co_await asio::this_coro::executor;
    boost::system::error_code error;
    tcp::resolver resolver(executor);
    const auto found = co_await resolver.async_resolve(
        to.host, to.port, asio::redirect_error(asio::use_awaitable, error));
    // Nothing has been sent before the connection stands, so until then it had no effect.
    if (error) co_return std::unexpected(HttpError::refused);
    beast::tcp_stream stream(executor);
    stream.expires_at(deadline);
    const auto endpoint =
        co_await stream.async_connect(found, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(endpoint);
    if (error) co_return std::unexpected(HttpError::refused);
    const auto message = to_beast(std::move(request));
    const auto written = co_await http::async_write(
        stream, message, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(written);
    if (error) co_return std::unexpected(after_connecting(error));
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kLongestAnswer);
    if (message.method() == http::verb::head) parser.skip(true);
    const auto read = co_await http::async_read(stream, buffer, parser,
                                                asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(read);
    if (error) co_return std::unexpected(after_connecting(error));
    co_return from_beast(parser.release());
}

}  // namespace lifecycle::server
