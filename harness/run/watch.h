// watch: the probes and the recorded load of a run, started and stopped together.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/inject/executor.h"
#include "harness/load/canary.h"
#include "harness/run/live_board.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Every node on which the replicated volume of a canary may be mounted.
std::vector<CanaryNode> canary_nodes(const NodeSet& nodes);

// Where the canaries of a scenario write, each path once: what `heal` has to know to remove it.
std::vector<std::string> canary_paths(const Scenario& scenario);

class Watch {
 public:
  static Result<std::unique_ptr<Watch>> start(const NodeSet& nodes, const Scenario& scenario,
                                              const std::string& run_id, LiveBoard& board,
                                              const std::stop_token& stop);
  virtual ~Watch() = default;  // stops everything, without audit
  virtual void stop_load() = 0;
  // The block canaries write nothing from here to resume_canary(): somebody moves the volume.
  virtual void pause_canary() = 0;
  virtual void resume_canary() = 0;
  // Reads the canaries' blocks where the volume is now; while they are paused. The audit does so
  // again: this one sees the replica that took over before it gives the volume back.
  virtual Status audit_canary(Deadline deadline, const std::stop_token& stop) = 0;
  // Reads every recorded write back. Probes go on meanwhile.
  virtual Status audit(Deadline deadline, const std::stop_token& stop) = 0;
  virtual void stop_probes() = 0;
  // Removes what the run wrote into the service and onto the volume; best effort. Not stoppable:
  // what is left stays with the users, and refuses the next run.
  virtual Status cleanup(Deadline deadline) = 0;
};

}  // namespace ernstfall
