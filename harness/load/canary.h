// canary: numbered blocks written with O_DSYNC onto the replicated volume; every acknowledgement is
// in the history, outside the cluster, as it arrives; all are read back at the end. It judges DRBD,
// as the ledger judges the service.
//
//   node   perl, one write at a time  --ack SEQ-->  SSH  -->  history
//
// Where it writes follows the volume: a *stretch* is one writer on one node with a file of its own.
// When it ends (power cut, no quorum, file full), the next one begins wherever the volume is
// mounted then, and its numbers go on. No block is ever overwritten.
//
// So the numbers are also the order: block n+1 is issued after the acknowledgement of n, and a
// stretch after the last acknowledgement of the one before it has arrived. A block whose
// acknowledgement did not arrive is indeterminate.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/load/canary_script.h"
#include "harness/remote/remote.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

extern const CatalogueEntry kCanaryBlock;

// A node on which the volume may be mounted.
struct CanaryNode {
  std::string name;
  Remote* remote = nullptr;
};

// From the load's parameters; `run_id` as it is. Errc::usage at the load's place for a path that is
// not absolute and plain, a file size that is no whole number of blocks, and the like.
Result<CanaryPlace> canary_place(const LoadSpec& spec, const std::string& run_id);
// The loads of a scenario on paper, before any node is reached; errors as those of canary_place().
Status check_load_plans(const Scenario& scenario);
// One line that says where it would write and how much. Errc::refused at the load's place: the
// volume is mounted on none of the nodes, or on more than one; what is mounted is no DRBD device;
// too little room; no perl (package perl-base). Errc::unreachable for a node that does not answer.
Result<std::string> check_canary(const std::vector<CanaryNode>& nodes, const LoadSpec& spec,
                                 Nanos ask, const std::stop_token& stop);

struct CanarySettings {
  Nanos ask = std::chrono::seconds(15);     // for a node's answer to one question; scaled
  Nanos again = std::chrono::seconds(2);    // between two rounds of looking for the volume
  Nanos begin = std::chrono::seconds(120);  // for a stretch's file to be made; scaled
  Nanos find = std::chrono::seconds(60);    // for the volume to be found by the audit; scaled
};

class BlockCanary {
 public:
  static constexpr int kMaxStretches = 16;  // that wrote; then it ends and says so

  // Returns when the first block is about to be written. `name` is that of the source.
  static Result<std::unique_ptr<BlockCanary>> start(HistoryWriter& history,
                                                    std::vector<CanaryNode> nodes,
                                                    const std::string& run_id,
                                                    const std::string& name, const LoadSpec& spec,
                                                    const CanarySettings& settings,
                                                    const std::stop_token& stop);
  virtual ~BlockCanary() = default;

  // No block is issued between pause() and resume(), and nothing of the volume is held open.
  virtual void pause() = 0;
  virtual void resume() = 0;
  virtual void stop() = 0;
  // Reads every block on each node where the volume is mounted now; only while paused or stopped.
  // Errc::timeout when it was found nowhere or could not be read: the history says so, and the
  // verdict is unknown.
  virtual Status audit(Deadline deadline, const std::stop_token& stop) = 0;
  virtual Status cleanup(Deadline deadline, const std::stop_token& stop) = 0;
};

// Deletes the folder of a run, on every node where the volume is mounted. Errc::unreachable:
// nowhere. Errc::io: it is still there on the nodes named; the others were tried all the same.
Status remove_canary(const std::vector<CanaryNode>& nodes, const CanaryPlace& place,
                     Deadline deadline, const std::stop_token& stop);

}  // namespace ernstfall
