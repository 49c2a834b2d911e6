#pragma once

#include <functional>

#include "properties/property.hpp"
#include "scenarios/watch/witness.hpp"

namespace properties {

// Passes everything on to each of the properties.
class Jury final : public scenarios::Witness {
  public:
    explicit Jury(Properties properties) : properties_(std::move(properties)) {}
    const Properties& properties() const { return properties_; }

    void on_machine(const lifecycle::Machine* before, const lifecycle::Machine& after,
                    const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_machine(before, after, shadow);
    }
    void on_event(const scenarios::EventRow* before, const scenarios::EventRow& after,
                  const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_event(before, after, shadow);
    }
    void on_commit(const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_commit(shadow);
    }
    void on_recovery(const scenarios::Shadow& before, const scenarios::Shadow& after) override {
        for (const auto& property : properties_) property->on_recovery(before, after);
    }
    void on_row(const lifecycle::RowChange& change, sim::VirtualTime at) override {
        for (const auto& property : properties_) property->on_row(change, at);
    }
    void on_forgotten(const lifecycle::Machine& last) override {
        for (const auto& property : properties_) property->on_forgotten(last);
    }
    void on_event_forgotten(const scenarios::EventRow& last) override {
        for (const auto& property : properties_) property->on_event_forgotten(last);
    }
    void on_tampered() override {
        for (const auto& property : properties_) property->on_tampered();
    }
    void on_server_up(const std::string& server, sim::VirtualTime at) override {
        for (const auto& property : properties_) property->on_server_up(server, at);
    }
    void on_server_down(const std::string& server) override {
        for (const auto& property : properties_) property->on_server_down(server);
    }
    void on_bug(std::string_view what) override {
        for (const auto& property : properties_) property->on_bug(what);
    }
    void on_server_request(const std::string& method, const std::string& target) override {
        for (const auto& property : properties_) property->on_server_request(method, target);
    }
    void on_server_answer(const scenarios::ServerAnswer& answer) override {
        for (const auto& property : properties_) property->on_server_answer(answer);
    }
    void on_credential(const std::string& machine, const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_credential(machine, shadow);
    }
    void on_delegation(const lifecycle::Delegation& now) override {
        for (const auto& property : properties_) property->on_delegation(now);
    }
    void on_error(const lifecycle::ProjectError& now) override {
        for (const auto& property : properties_) property->on_error(now);
    }
    void on_recreated(const scenarios::Recreation& recreation,
                      const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_recreated(recreation, shadow);
    }
    void on_acknowledged(const scenarios::Acknowledgement& promise) override {
        for (const auto& property : properties_) property->on_acknowledged(promise);
    }
    void on_delivery(const scenarios::DeliveryStep& step,
                     const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_delivery(step, shadow);
    }
    void on_provider_request(const scenarios::ProviderCall& call,
                             const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_provider_request(call, shadow);
    }
    void on_provider_call(const scenarios::ProviderCall& call) override {
        for (const auto& property : properties_) property->on_provider_call(call);
    }
    void on_provider_created(const fakes::CloudMachine& machine,
                             const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_provider_created(machine, shadow);
    }
    void on_provider_start(const fakes::CloudMachine& machine,
                           const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_provider_start(machine, shadow);
    }
    void on_named(const std::string& resource) override {
        for (const auto& property : properties_) property->on_named(resource);
    }
    void on_provider_hidden(const fakes::CloudMachine& machine) override {
        for (const auto& property : properties_) property->on_provider_hidden(machine);
    }
    void on_malformed(std::string_view provider, std::string_view said) override {
        for (const auto& property : properties_) property->on_malformed(provider, said);
    }
    void on_processed(const std::string& machine, const std::string& delegation) override {
        for (const auto& property : properties_) property->on_processed(machine, delegation);
    }
    void on_route(const std::string& project, const lifecycle::Route& route) override {
        for (const auto& property : properties_) property->on_route(project, route);
    }
    void on_text(std::string_view where, std::string_view text) override {
        for (const auto& property : properties_) property->on_text(where, text);
    }
    void on_disappointment(std::string_view what) override {
        for (const auto& property : properties_) property->on_disappointment(what);
    }
    void on_calm(const scenarios::Shadow& shadow) override {
        for (const auto& property : properties_) property->on_calm(shadow);
    }
    void at_end(const scenarios::Ending& ending) override {
        for (const auto& property : properties_) property->at_end(ending);
    }

  private:
    Properties properties_;
};

}  // namespace properties
