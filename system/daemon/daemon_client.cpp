#include "system/daemon/daemon_client.hpp"

#include <fmt/format.h>

#include <utility>

#include "system/ports/daemon.hpp"

namespace lifecycle {
namespace {

HttpRequest along(HttpRequest request, const Endpoint& way) {
    request.authority = way.authority;
    request.tls = way.tls;
    for (const auto& [name, value] : way.headers) request.headers[name] = value;
    return request;
}

}  // namespace

boost::asio::awaitable<ProviderResult<Endpoint>> DaemonClient::way_to(Machine machine) {
    Provider* provider = providers_->find(machine.provider);
    if (provider == nullptr) {
        co_return std::unexpected(
            ProviderError(ProviderErrorClass::unknown, no_such_provider(machine.provider)));
    }
    auto way = co_await provider->reach(machine.external_id, machine.address, options_.port);
    co_return way;
}

boost::asio::awaitable<std::expected<HttpResponse, HttpError>> DaemonClient::send(
    Endpoint way, HttpRequest request) {
    HttpRequest sent = along(std::move(request), way);
    auto answer = co_await http_->send(std::move(sent), options_.request_timeout);
    co_return answer;
}

boost::asio::awaitable<DaemonResult<HttpResponse>> DaemonClient::ask(Machine machine,
                                                                     HttpRequest request) {
    auto answer =
        co_await ask_within(std::move(machine), std::move(request), options_.request_timeout);
    co_return answer;
}

boost::asio::awaitable<DaemonResult<HttpResponse>> DaemonClient::probe(Machine machine) {
    HttpRequest request;
    request.target = kHealthPath;
    auto answer =
        co_await ask_within(std::move(machine), std::move(request), options_.probe_timeout);
    co_return answer;
}

boost::asio::awaitable<DaemonResult<HttpResponse>> DaemonClient::ask_within(Machine machine,
                                                                            HttpRequest request,
                                                                            Duration timeout) {
    const auto way = co_await way_to(std::move(machine));
    if (!way) {
        co_return std::unexpected(DaemonError{DaemonError::Kind::no_way, describe(way.error())});
    }
    HttpRequest sent = along(std::move(request), *way);
    auto answer = co_await http_->send(std::move(sent), timeout);
    if (!answer) {
        co_return std::unexpected(
            DaemonError{DaemonError::Kind::no_answer, std::string(to_string(answer.error()))});
    }
    co_return *std::move(answer);
}

}  // namespace lifecycle
