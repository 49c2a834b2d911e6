#include "system/server/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

namespace lifecycle::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr std::uint64_t kMaxAnswerBytes = 8'388'608;
constexpr int kMaxInterimAnswers = 16;

// Why a request did not get through, in the system's words too.
struct Failure {
    HttpError error;
    std::string why = {};
};

// What a failure means once part of the request may have left.
HttpError after_connecting(const boost::system::error_code& error) {
    if (error == http::error::body_limit) return HttpError::too_large;
    return error == beast::error::timeout ? HttpError::timed_out : HttpError::reset;
}

// And while TLS is agreed on.
Failure before_trust(const boost::system::error_code& error) {
    const bool refused_by_tls = error.category() == asio::error::get_ssl_category() ||
                                error == asio::ssl::error::stream_truncated;
    return {refused_by_tls ? HttpError::untrusted : HttpError::refused, error.message()};
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
    // Not prepare_payload(), which throws where it thinks that a method has no body.
    const bool expects_body =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (!message.body().empty() || expects_body) message.content_length(message.body().size());
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

using Answer = std::expected<HttpResponse, Failure>;
using Deadline = std::chrono::steady_clock::time_point;

asio::awaitable<std::expected<Resolver::Addresses, Failure>> resolve(Resolver* resolver,
                                                                     HostPort to,
                                                                     Deadline deadline) {
    boost::system::error_code no_address;
    const auto address = asio::ip::make_address(to.host, no_address);
    std::uint16_t port = 0;
    const char* const end = to.port.data() + to.port.size();
    const auto parsed = std::from_chars(to.port.data(), end, port);
    const bool has_port = parsed.ec == std::errc() && parsed.ptr == end;
    if (!no_address && has_port) co_return Resolver::Addresses(1, tcp::endpoint(address, port));
    auto found = co_await resolver->resolve(std::move(to.host), std::move(to.port), deadline);
    if (!found) co_return std::unexpected(Failure{HttpError::unresolved, found.error()});
    co_return *std::move(found);
}

// The exchange itself, once the connection stands. The stream belongs to the caller, who waits.
template <class Stream>
asio::awaitable<Answer> exchange(Stream* stream, HttpRequest request) {
    boost::system::error_code error;
    const auto message = to_beast(std::move(request));
    const auto written = co_await http::async_write(
        *stream, message, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(written);
    if (error) co_return std::unexpected(Failure{after_connecting(error)});
    beast::flat_buffer buffer;
    for (int interim = 0; interim <= kMaxInterimAnswers; ++interim) {
        http::response_parser<http::string_body> parser;
        parser.body_limit(kMaxAnswerBytes);
        if (message.method() == http::verb::head) parser.skip(true);
        const auto read = co_await http::async_read(
            *stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        static_cast<void>(read);
        if (error) co_return std::unexpected(Failure{after_connecting(error)});
        // RFC 9110, 15.2: a client has to take them though it asked for none, and the answer
        // follows. We never offer to switch protocols.
        const bool is_interim =
            http::to_status_class(parser.get().result_int()) == http::status_class::informational;
        if (!is_interim) co_return from_beast(parser.release());
    }
    co_return std::unexpected(Failure{HttpError::reset, "interim answers without an end"});
}

// Nothing has been sent before the connection stands, so until then a failure had no effect.
asio::awaitable<std::expected<void, Failure>> connect(beast::tcp_stream* stream, Resolver* resolver,
                                                      HostPort to, Deadline deadline) {
    const auto found = co_await resolve(resolver, std::move(to), deadline);
    if (!found) co_return std::unexpected(found.error());
    boost::system::error_code error;
    const auto endpoint =
        co_await stream->async_connect(*found, asio::redirect_error(asio::use_awaitable, error));
    static_cast<void>(endpoint);
    if (error) co_return std::unexpected(Failure{HttpError::refused, error.message()});
    co_return std::expected<void, Failure>();
}

asio::awaitable<Answer> send_plain(HttpRequest request, Deadline deadline, Resolver* resolver) {
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_at(deadline);
    HostPort to = split_authority(request.authority);
    const auto connected = co_await connect(&stream, resolver, std::move(to), deadline);
    if (!connected) co_return std::unexpected(connected.error());
    auto answer = co_await exchange(&stream, std::move(request));
    co_return answer;
}

asio::awaitable<Answer> send_tls(HttpRequest request, Deadline deadline, Resolver* resolver,
                                 asio::ssl::context* context) {
    asio::ssl::stream<beast::tcp_stream> stream(co_await asio::this_coro::executor, *context);
    const HostPort to = split_authority(request.authority);
    stream.next_layer().expires_at(deadline);
    stream.set_verify_callback(asio::ssl::host_name_verification(to.host));
    // The name that a server with many certificates chooses by.
    if (SSL_set_tlsext_host_name(stream.native_handle(), to.host.c_str()) != 1) {
        co_return std::unexpected(Failure{HttpError::untrusted, "its name is none for TLS"});
    }
    const auto connected = co_await connect(&stream.next_layer(), resolver, to, deadline);
    if (!connected) co_return std::unexpected(connected.error());
    boost::system::error_code error;
    co_await stream.async_handshake(asio::ssl::stream_base::client,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::unexpected(before_trust(error));
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
        co_return std::unexpected(Failure{HttpError::refused});
    }
    co_await stream.async_connect(Local::endpoint(path),
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::unexpected(Failure{HttpError::refused});
    request.authority = "localhost";
    auto answer = co_await exchange(&stream, std::move(request));
    co_return answer;
}

asio::awaitable<Answer> send_somehow(HttpRequest request, Deadline deadline, Resolver* resolver,
                                     asio::ssl::context* context) {
    if (request.authority.starts_with("unix:")) return send_local(std::move(request), deadline);
    return request.tls ? send_tls(std::move(request), deadline, resolver, context)
                       : send_plain(std::move(request), deadline, resolver);
}

}  // namespace

HostPort split_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == authority.size()) return {};
    std::string_view host = authority.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return {std::string(host), std::string(authority.substr(colon + 1))};
}

BeastHttpClient::BeastHttpClient(Telemetry* telemetry, Resolver::Lookup lookup)
    : telemetry_(telemetry), resolver_(std::move(lookup)), tls_(asio::ssl::context::tls_client) {
    tls_.set_default_verify_paths();
    tls_.set_verify_mode(asio::ssl::verify_peer);
}

asio::awaitable<std::expected<HttpResponse, HttpError>> BeastHttpClient::send(HttpRequest request,
                                                                              Duration timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const std::string authority = request.authority;
    auto answer = co_await send_somehow(std::move(request), deadline, &resolver_, &tls_);
    if (answer) co_return std::move(*answer);
    const Failure& failure = answer.error();
    // The rest is told by whoever asked; these need a person.
    const bool needs_somebody =
        failure.error == HttpError::unresolved || failure.error == HttpError::untrusted;
    if (needs_somebody && telemetry_ != nullptr) {
        telemetry_->record(
            "http.unreachable",
            {{"authority", authority}, {"error", to_string(failure.error)}, {"why", failure.why}});
    }
    co_return std::unexpected(failure.error);
}

}  // namespace lifecycle::server
