#include "scenarios/catalog/catalog.hpp"

#include <iterator>

#include "scenarios/catalog/parts.hpp"
#include "scenarios/catalog/terms.hpp"

namespace scenarios {

const std::vector<Scenario>& catalog() {
    static const std::vector<Scenario> all = [] {
        std::vector<Scenario> gathered = plain_lives();
        for (auto part :
             {races(),      adoptions(),  conflicts(), volumes(), copies(),    liveness(),
              identities(), operations(), projects(),  workers(), bounds(),    patience(),
              endings(),    clocks(),     fleets(),    clouds(),  addresses(), stores(),
              storms(),     requests(),   effects(),   answers(), pushes(),    forwarding()}) {
            gathered.insert(gathered.end(), std::make_move_iterator(part.begin()),
                            std::make_move_iterator(part.end()));
        }
        set_terms(gathered);
        return gathered;
    }();
    return all;
}

const Scenario* find_scenario(std::string_view name) {
    for (const Scenario& scenario : catalog()) {
        if (scenario.name == name) return &scenario;
    }
    return nullptr;
}

}  // namespace scenarios
