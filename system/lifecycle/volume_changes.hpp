#pragma once

#include <optional>
#include <string_view>

#include "system/model/machine.hpp"
#include "system/ports/time.hpp"
#include "system/rows/volumes.hpp"

// What may be done to the rows of a project's volumes, in the transaction given: what may hold data
// is superseded by its copy, and given up only by whoever knows that nothing is lost with it.
namespace lifecycle {

// The project needs it no longer: it is to be destroyed. `machine` is the one because of which.
void give_up_volume(Tx& tx, const VolumeRow& volume, std::string_view machine, Time now);

// The volume that the machine mounts cannot be used where it is: the project gets another in that
// region, which the machine mounts from now on. The new one is a copy of what may hold data.
VolumeRow move_volume(Tx& tx, const Machine& machine, const VolumeRow& volume,
                      std::string_view region, std::string_view installation, Time now);

// What was asked for under the volume's name never came to be, or cannot be seen: the project gets
// another in its place, under another name. Nothing if the volume is not `asked` any more.
std::optional<VolumeRow> replan_volume(Tx& tx, const Machine& machine, const VolumeRow& volume,
                                       std::string_view installation, Time now);

// The machine, which was to mount a copy that never came to be, has failed: the volume that should
// have been copied is the project's again.
void abandon_copy(Tx& tx, const Machine& machine, Time now);

// The copy that the machine was to mount is lost at its provider: the machine mounts what it was
// copied from, which is the project's volume again. False if that is not kept any more.
bool put_source_back(Tx& tx, const Machine& machine, Time now);

// The volume that `copy` continues, if it is kept for that; nothing if there is none.
std::optional<VolumeRow> source_of(ReadTx& tx, const VolumeRow& copy);

}  // namespace lifecycle
