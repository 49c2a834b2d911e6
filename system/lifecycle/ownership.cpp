#include "system/lifecycle/ownership.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lifecycle {
namespace {

constexpr const char* kInstallation = "vivarium_installation";
constexpr const char* kProject = "vivarium_project";
constexpr const char* kMachine = "vivarium_machine";
constexpr const char* kGeneration = "vivarium_generation";

std::string label_of(const Resource& resource, const char* name) {
    const auto label = resource.labels.find(name);
    return label == resource.labels.end() ? std::string() : label->second;
}

}  // namespace

Labels ownership_labels(const Machine& machine) {
    return {{kInstallation, machine.installation},
            {kProject, machine.project},
            {kMachine, machine.id},
            {kGeneration, fmt::format("{}", machine.generation)}};
}

Labels installation_labels(std::string_view installation) {
    return {{kInstallation, std::string(installation)}};
}

std::string installation_of(const Resource& resource) {
    return label_of(resource, kInstallation);
}

std::string owner_of(const Resource& resource) {
    return label_of(resource, kMachine);
}

std::string project_of(const Resource& resource) {
    return label_of(resource, kProject);
}

std::int64_t generation_of(const Resource& resource) {
    const std::string text = label_of(resource, kGeneration);
    std::int64_t generation = 0;
    std::from_chars(text.data(), text.data() + text.size(), generation);
    return generation;
}

bool is_leaving(const Resource& resource) {
    return resource.state == ResourceState::destroying ||
           resource.state == ResourceState::destroyed;
}

}  // namespace lifecycle
