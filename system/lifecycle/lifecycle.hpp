#pragma once

#include <string>

#include "system/lifecycle/destroy.hpp"
#include "system/lifecycle/options.hpp"
#include "system/lifecycle/provision.hpp"
#include "system/lifecycle/readiness.hpp"
#include "system/lifecycle/reconcile.hpp"
#include "system/lifecycle/snapshots.hpp"
#include "system/lifecycle/volumes.hpp"
#include "system/registry/registry.hpp"

namespace lifecycle {

struct LifecycleOptions {
    std::string control_authority;  // host:port at which machines reach this control plane
    MachineDefaults machines = {};
    Graces graces = {};
    ReconcileOptions reconcile = {};
};

// All that happens in a machine's life. What it is given must outlive it.
class Lifecycle {
  public:
    // `on_active` is called in the transaction in which a machine becomes its project's active one.
    Lifecycle(Store& store, const Ports& ports, const ProvidersByClass& providers,
              const IdentityKey& key, DaemonOptions daemon, const LifecycleOptions& options,
              Outbox& outbox, Readiness::OnActive on_active);

    void install(Registry& registry);

    Reconciler& reconciler() { return reconciler_; }

  private:
    Ports ports_;
    MachineDefaults defaults_;
    Volumes volumes_;
    Snapshots snapshots_;
    Provisioner provisioner_;
    Readiness readiness_;
    Destroyer destroyer_;
    Reconciler reconciler_;
};

}  // namespace lifecycle
