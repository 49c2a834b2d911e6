#include "fakes/consul/consul.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <vector>

#include "fakes/json_reply.hpp"
#include "fakes/query.hpp"

namespace fakes {
namespace {

using lifecycle::HttpRequest;
using lifecycle::HttpResponse;
using nlohmann::json;

constexpr std::string_view kPrefix = "/v1/kv/";

HttpResponse plain(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

std::string base64(const std::string& bytes) {
    std::vector<unsigned char> encoded(4 * ((bytes.size() + 2) / 3) + 1);
    const int length =
        EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                        static_cast<int>(bytes.size()));
    return {encoded.begin(), encoded.begin() + length};
}

}  // namespace

HttpResponse Consul::handle(const HttpRequest& request) {
    const auto mark = request.target.find('?');
    const std::string path = request.target.substr(0, mark);
    const std::string query =
        mark == std::string::npos ? std::string() : request.target.substr(mark + 1);
    if (!path.starts_with(kPrefix)) return plain(404, "Invalid URL path: not a recognized API\n");
    const std::string key = path.substr(kPrefix.size());
    if (key.empty()) return plain(400, "Missing key name");
    if (request.method == "GET") return get(key);
    if (request.method == "PUT") return put(key, query, request.body);
    return plain(405, "method " + request.method + " not allowed");
}

HttpResponse Consul::get(const std::string& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return plain(404, "");
    const Entry& entry = found->second;
    return reply(200, json::array({{{"LockIndex", 0},
                                    {"Key", key},
                                    {"Flags", 0},
                                    {"Value", base64(entry.value)},
                                    {"CreateIndex", entry.create_index},
                                    {"ModifyIndex", entry.modify_index}}}));
}

HttpResponse Consul::put(const std::string& key, const std::string& query,
                         const std::string& value) {
    const std::string cas = parameter(query, "cas");
    if (!cas.empty()) {
        std::int64_t seen = 0;
        const auto read = std::from_chars(cas.data(), cas.data() + cas.size(), seen);
        if (read.ec != std::errc()) return plain(400, "Invalid cas");
        const auto found = entries_.find(key);
        const std::int64_t present = found == entries_.end() ? 0 : found->second.modify_index;
        if (seen != present) {
            if (on_conflict_) on_conflict_(key);
            return plain(200, "false\n");
        }
    }
    Entry& entry = entries_[key];
    entry.value = value;
    entry.modify_index = ++index_;
    if (entry.create_index == 0) entry.create_index = index_;
    if (on_change_) on_change_(key, value);
    return plain(200, "true\n");
}

}  // namespace fakes
