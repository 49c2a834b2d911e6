#pragma once

#include <map>
#include <memory>
#include <string>

#include "properties/property.hpp"
#include "scenarios/watch/shadow.hpp"
#include "scenarios/watch/witness.hpp"
#include "sim/world/time.hpp"
#include "system/model/machine.hpp"
#include "system/ports/http.hpp"

// What several properties want to know of boxes that call home.
namespace properties {

bool in_service(const lifecycle::Machine* machine);

// "machines", "alpha-1" and "status" of "/v1/machines/alpha-1/status".
struct Path {
    std::string kind;
    std::string id;
    std::string verb;
};
Path path_of(const std::string& target);

// Hears of every call by which a box has proved itself.
class LastSeen {
  public:
    // Whose token is which.
    void learn(const std::string& machine, const scenarios::Shadow& shadow);
    void hear(const scenarios::ServerAnswer& answer);

    // The beginning of time for one that never did.
    sim::VirtualTime of(const std::string& machine) const;
    sim::VirtualTime of_boot(const std::string& boot) const;

    // The boot that sends this: the one that it names, or to which its token was given. Empty if
    // nobody can say.
    std::string boot_of(const lifecycle::HttpRequest& request) const;

  private:
    struct Holder {
        std::string machine;
        std::string boot;
    };
    // Null if it shows no token, or one that nobody has.
    const Holder* holder_in(const lifecycle::HttpRequest& request) const;

    std::map<std::string, Holder> holders_;  // by the hash of their token
    std::map<std::string, sim::VirtualTime> machines_;
    std::map<std::string, sim::VirtualTime> boots_;
};

// No box that is a machine's is refused for ever.
std::unique_ptr<Property> nobody_locked_out();

}  // namespace properties
