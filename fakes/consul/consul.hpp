#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "system/ports/http.hpp"

namespace fakes {

// The key-value store of a Consul: entries with an index that grows with every change, replaced
// only by who has seen the index that they have.
// https://developer.hashicorp.com/consul/api-docs/kv
class Consul {
  public:
    using OnChange = std::function<void(const std::string& key, const std::string& value)>;
    void on_change(OnChange hear) { on_change_ = std::move(hear); }
    // A write that saw an older version than there is.
    using OnConflict = std::function<void(const std::string& key)>;
    void on_conflict(OnConflict hear) { on_conflict_ = std::move(hear); }

    lifecycle::HttpResponse handle(const lifecycle::HttpRequest& request);

    struct Entry {
        std::string value;
        std::int64_t create_index = 0;
        std::int64_t modify_index = 0;
    };
    const std::map<std::string, Entry>& entries() const { return entries_; }

  private:
    lifecycle::HttpResponse get(const std::string& key) const;
    lifecycle::HttpResponse put(const std::string& key, const std::string& query,
                                const std::string& value);

    std::map<std::string, Entry> entries_;
    std::int64_t index_ = 10;
    OnChange on_change_;
    OnConflict on_conflict_;
};

}  // namespace fakes
