#include "system/server/http_client.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
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

using Answer = std::expected<HttpResponse, HttpError>;
using Deadline = std::chrono::steady_clock::time_point;

// The exchange itself, once the connection stands. The stream belongs to the caller, who waits.
template <class Stream>
asio::awaitable<Answer> exchange(Stream* stream, HttpRequest request) {
    boost::system::error_code error;
    const auto message = to_beast(std::move(request));
    const auto written = co_await http::async_write(
        *stream, message, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(written);
    if (error) co_return std::unexpected(after_connecting(error));
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kLongestAnswer);
    if (message.method() == http::verb::head) parser.skip(true);
    const auto read = co_await http::async_read(*stream, buffer, parser,
                                                asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(read);
    if (error) co_return std::unexpected(after_connecting(error));
    co_return from_beast(parser.release());
}

// Nothing has been sent before the connection stands, so until then a failure had no effect.
asio::awaitable<bool> connect(beast::tcp_stream* stream, HostPort to) {
    boost::system::error_code error;
    tcp::resolver resolver(stream->get_executor());
    const auto found = co_await resolver.async_resolve(
        to.host, to.port, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    const auto endpoint =
        co_await stream->async_connect(found, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(endpoint);
    co_return !error;
}

asio::awaitable<Answer> send_plain(HttpRequest request, Deadline deadline) {
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_at(deadline);
    const bool connected = co_await connect(&stream, split_authority(request.authority));
    if (!connected) co_return std::unexpected(HttpError::refused);
    auto answer = co_await exchange(&stream, std::move(request));
    co_return answer;
}

asio::awaitable<Answer> send_tls(HttpRequest request, Deadline deadline,
                                 asio::ssl::context* context) {
    asio::ssl::stream<beast::tcp_stream> stream(co_await asio::this_coro::executor, *context);
    const HostPort to = split_authority(request.authority);
    stream.next_layer().expires_at(deadline);
    stream.set_verify_callback(asio::ssl::host_name_verification(to.host));
    // The name that a server with many certificates chooses by.
    if (SSL_set_tlsext_host_name(stream.native_handle(), to.host.c_str()) != 1) {
        co_return std::unexpected(HttpError::refused);
    }
    const bool connected = co_await connect(&stream.next_layer(), to);
    if (!connected) co_return std::unexpected(HttpError::refused);
    boost::system::error_code error;
    co_await stream.async_handshake(asio::ssl::stream_base::client,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::unexpected(HttpError::refused);
    auto answer = co_await exchange(&stream, std::move(request));
    co_return answer;
}

asio::awaitable<Answer> send_local(HttpRequest request, Deadline deadline) {
    using Local = asio::local::stream_protocol;
    beast::basic_stream<Local> stream(co_await asio::this_coro::executor);
    stream.expires_at(deadline);
    boost::system::error_code error;
    const std::string path = request.authority.substr(5);
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
        co_return std::unexpected(HttpError::refused);
    }
    co_await stream.async_connect(Local::endpoint(path),
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::unexpected(HttpError::refused);
    request.authority = "localhost";
    auto answer = co_await exchange(&stream, std::move(request));
    co_return answer;
}

}  // namespace

HostPort split_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == authority.size()) return {};
    std::string_view host = authority.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return {std::string(host), std::string(authority.substr(colon + 1))};
}

BeastHttpClient::BeastHttpClient() : tls_(asio::ssl::context::tls_client) {
    tls_.set_default_verify_paths();
    tls_.set_verify_mode(asio::ssl::verify_peer);
}

asio::awaitable<std::expected<HttpResponse, HttpError>> BeastHttpClient::send(HttpRequest request,
                                                                              Duration timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    if (request.authority.starts_with("unix:")) return send_local(std::move(request), deadline);
    return request.tls ? send_tls(std::move(request), deadline, &tls_)
                       : send_plain(std::move(request), deadline);
}

}  // namespace lifecycle::server
