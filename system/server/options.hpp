#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "system/server/listen.hpp"
#include "system/server/provider_setup.hpp"
#include "system/system.hpp"

namespace lifecycle::server {

// What `lifecycled` is told on its command line. A provider that it is not told of does not exist.
struct ServerOptions {
    // Where clients come in, and where boxes do.
    Listen clients;
    Listen boxes;
    std::vector<std::string> host_names;  // that clients know us by
    std::string database = "lifecycle.db";
    std::string identity_key_file;
    bool replace_identity_key = false;
    std::vector<std::unique_ptr<ProviderSetup>> providers;  // those that are set up
    SystemOptions system;
    // `lifecycled reconcile`: ask the server that runs there, and end.
    std::optional<std::string> reconcile_at;
    std::string admin_token;  // that it proves itself by
    bool apply = false;
    std::vector<std::string> destroy;  // external ids that a person has decided on
};

// The options, or one line that says what is wrong; `help` is set if the text is what was asked
// for.
struct BadOptions {
    std::string text;
    bool help = false;
};
std::expected<ServerOptions, BadOptions> parse_options(int count, char** words);

}  // namespace lifecycle::server
