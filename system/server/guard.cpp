#include "system/server/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <utility>

namespace lifecycle::server {
namespace {

std::string header(const HttpRequest& request, const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return result;
}

// Where the port of an authority begins, with its colon.
std::size_t end_of_host(std::string_view authority) {
    const auto port = authority.rfind(':');
    const auto bracket = authority.rfind(']');
    const bool has_port =
        port != std::string_view::npos && (bracket == std::string_view::npos || port > bracket);
    return has_port ? port : authority.size();
}

std::string_view port_in(std::string_view authority) {
    return authority.substr(end_of_host(authority));
}

}  // namespace

std::string host_in(std::string_view authority) {
    std::string_view host = authority.substr(0, end_of_host(authority));
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return lower(host);
}

Guard::Guard(bool loopback, std::vector<std::string> names)
    : any_name_(!loopback && names.empty()), names_(std::move(names)) {
    for (std::string& name : names_) name = lower(name);
}

bool Guard::ours(const std::string& host) const {
    if (any_name_ || host == "localhost") return true;
    // Only a name can be made to stand for another address: an address is what was connected to.
    boost::system::error_code no_address;
    boost::asio::ip::make_address(host, no_address);
    return !no_address || std::find(names_.begin(), names_.end(), host) != names_.end();
}

// Whether a page is one of ours though its authority is not what was asked. Another port is another
// program's, but who passes requests on may ask for us by another name than its pages have.
bool Guard::is_beside(const std::string& from, const std::string& host) const {
    const std::string name = host_in(from);
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) return false;
    const std::string_view port = port_in(from);
    return port == port_in(host) || (port.empty() && name != host_in(host));
}

std::optional<Error> Guard::refuses(const HttpRequest& request) const {
    const std::string host = header(request, "Host");
    if (!ours(host_in(host))) {
        return Error(ErrorCode::misdirected,
                     fmt::format("\"{}\" is not a name of this control plane", host.substr(0, 200)),
                     "use its address, or start it with that name in --host-names");
    }
    const std::string origin = header(request, "Origin");
    bool foreign = header(request, "Sec-Fetch-Site") == "cross-site";
    if (!origin.empty()) {
        const auto scheme = origin.find("://");
        const std::string from =
            scheme == std::string::npos ? std::string() : lower(origin.substr(scheme + 3));
        foreign = foreign || (from != lower(host) && !is_beside(from, host));
    }
    if (!foreign) return std::nullopt;
    return Error(ErrorCode::forbidden, "the request comes from a page of another site",
                 "send it from a page of this host, or from no page");
}

}  // namespace lifecycle::server
