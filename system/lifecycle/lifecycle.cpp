#include "system/lifecycle/lifecycle.hpp"

#include <utility>

#include "system/lifecycle/events.hpp"
#include "system/lifecycle/gauges.hpp"

namespace lifecycle {

Lifecycle::Lifecycle(Store& store, const Ports& ports, const ProvidersByClass& providers,
                     const IdentityKey& key, DaemonOptions daemon, const LifecycleOptions& options,
                     Outbox& outbox, Readiness::OnActive on_active)
    : ports_(ports),
      defaults_(options.machines),
      volumes_(store, ports, providers.provisioning, options.machines, options.graces),
      snapshots_(store, ports, providers.provisioning),
      provisioner_(store, ports, providers.provisioning, volumes_, key,
                   {options.control_authority, options.machines, options.graces}),
      readiness_(store, ports, providers.healing, daemon, options.graces, std::move(on_active)),
      destroyer_(store, ports, providers.provisioning, options.graces),
      reconciler_(store, ports, providers.sweeping, outbox, options.reconcile) {}

void Lifecycle::install(Registry& registry) {
    Outbox& outbox = registry.outbox;
    outbox.add(kProvision, provisioner_.consumer());
    outbox.add(kReadiness, readiness_.consumer());
    outbox.add(kDestroy, destroyer_.consumer());
    outbox.add(kRestart, provisioner_.restarter());
    outbox.add(kStart, provisioner_.starter());
    outbox.add(kDestroyVolume, volumes_.destroyer());
    outbox.add(kReleaseVolume, volumes_.releaser());
    outbox.add(kSnapshot, snapshots_.consumer());
    outbox.add(kNext, next_consumer(ports_));
    outbox.add(kDeadline, deadline_consumer(ports_, defaults_));
    registry.loops.push_back(&reconciler_);
    registry.gauges.add(lifecycle_gauges(defaults_));
}

}  // namespace lifecycle
