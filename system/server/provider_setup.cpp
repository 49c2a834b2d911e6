#include "system/server/provider_setup.hpp"

namespace lifecycle::server {

std::vector<std::unique_ptr<ProviderSetup>> provider_setups() {
    std::vector<std::unique_ptr<ProviderSetup>> all;
    all.push_back(fly_setup());
    all.push_back(daytona_setup());
    all.push_back(docker_setup());
    return all;
}

}  // namespace lifecycle::server
