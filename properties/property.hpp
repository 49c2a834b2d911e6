#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/watch/witness.hpp"
#include "system/rows/volumes.hpp"

namespace properties {

// From when on a property can be broken: at every moment; once the faults are over and there was
// time to heal; or only when all is over.
enum class Phase : std::uint8_t { always, at_calm, at_end };
std::string_view to_text(Phase phase);

// Something that must hold in every run. It hears what happens and says when it is broken. The
// class that it derives from says in which phases it can.
class Property : public scenarios::Witness {
  public:
    Property(std::string_view name, std::string_view sentence) : name_(name), sentence_(sentence) {}
    std::string_view name() const { return name_; }
    std::string_view sentence() const { return sentence_; }
    virtual Phase phase() const { return Phase::always; }

    // Where violations go; set once, before the run.
    void report_to(std::function<void(const Property&, std::string)> report) {
        report_ = std::move(report);
    }

  protected:
    void broken(std::string message) const { report_(*this, std::move(message)); }

  private:
    std::string_view name_;
    std::string_view sentence_;
    std::function<void(const Property&, std::string)> report_;
};

// Says what is broken.
using Broken = std::function<void(std::string)>;

// Watches all along and judges after the calm: then, before the last demands, and at the end.
class CalmProperty : public Property {
  public:
    using Property::Property;
    Phase phase() const final { return Phase::at_calm; }
    void on_calm(const scenarios::Shadow& shadow) final { judge_calm(shadow, verdict()); }
    void at_end(const scenarios::Ending& ending) final { judge_end(ending, verdict()); }

  protected:
    virtual void judge_calm(const scenarios::Shadow& shadow, const Broken& broken) = 0;
    // The same again, unless there is more to say.
    virtual void judge_end(const scenarios::Ending& ending, const Broken& broken) {
        judge_calm(ending.shadow, broken);
    }

  private:
    using Property::broken;  // not before
    Broken verdict() const {
        return [this](std::string message) { broken(std::move(message)); };
    }
};

// Watches all along and judges at the end.
class EndProperty : public Property {
  public:
    using Property::Property;
    Phase phase() const final { return Phase::at_end; }
    void at_end(const scenarios::Ending& ending) final {
        judge_end(ending, [this](std::string message) { broken(std::move(message)); });
    }

  protected:
    virtual void judge_end(const scenarios::Ending& ending, const Broken& broken) = 0;

  private:
    using Property::broken;  // not before
};

// No id of that row is known, and several volumes of the clouds have its name.
bool is_ambiguous(const lifecycle::VolumeRow& row, const std::vector<scenarios::CloudVolume>& all);

// In that run no fault made a clock wrong or let a process sleep: times can be compared.
bool times_were_right(const scenarios::Ending& ending);

// The one that holds a script's own expectations.
inline constexpr std::string_view kScriptSatisfied = "script-satisfied";

using Properties = std::vector<std::unique_ptr<Property>>;

// Who hears what is told of a run: all of them, which must outlive it.
scenarios::Witnesses witnesses_of(const Properties& properties);

// What must hold at every moment.
Properties always_properties();
// What always holds between rows and providers.
Properties provisioning_properties();
Properties volume_properties();
// What always holds of what is destroyed.
Properties destruction_properties();
// What always holds of who is who and who is alive.
Properties identity_properties();
// What always holds of where a project's traffic goes.
Properties route_properties();
// What never grows without bound.
Properties bounds_properties();
// What clients are told.
Properties told_properties();
// What changes leaves a trace.
Properties history_properties();
// How long work takes in the baseline run.
Properties in_time_properties();
// How often providers are asked.
Properties pacing_properties();
// What always holds of a project as a whole.
Properties project_properties();
// What must hold once the faults are over and there was time to heal.
Properties eventually_properties();
// All of them, in the order in which they are listed. Each run needs its own.
Properties all_properties();

}  // namespace properties
