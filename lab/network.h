// network: one network namespace per lab: a bridge, a tap per machine, and nothing that leads out.
#pragma once

#include "harness/core/result.h"
#include "harness/core/text.h"
#include "lab/store.h"

namespace ernstfall {

// Starts the process that holds the namespace, and lays bridge and taps in it, where they are
// missing.
Status ensure_network(const LabStore& store, const Topology& topology, const std::stop_token& stop);
std::string tap_name(const Topology& topology, std::string_view node);
// What to put before a command so that it runs in the lab's network; empty when we are there
// already.
Result<Argv> enter_prefix(const LabStore& store);

}  // namespace ernstfall
