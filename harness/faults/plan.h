// plan: what a fault wants done, as data. Faults describe and never execute; the injector is the
// only one that acts. Plans are stored in the journal before anything is touched, so that heal can
// undo them on any machine that has the run folder.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/core/text.h"

namespace ernstfall {

// Runs argv on a node.
struct RemoteAction {
  std::string name;  // in words: "promote mirror"
  std::string node;
  Argv argv;
  Nanos timeout = std::chrono::seconds(60);
  int attempts = 1;  // one second apart
  bool connection_dies =
      false;  // the command takes the node down: losing the connection is success
};

// Switches a node's power through its power control.
struct SwitchPower {
  enum class Operation { on, off, cycle };
  std::string node;
  Operation operation = Operation::on;
  Nanos off_for{};  // cycle: time between off and on
};

// Power-cycles a node only when it does not answer by itself within `grace`.
struct ReviveAction {
  std::string node;
  Nanos grace = std::chrono::seconds(20);
};

// Runs one of our own scripts on a node. The script's text is fixed; whatever differs from one use
// to the next travels in `args`, so that no text of a user's is ever read by a shell.
// harness/faults/node_script.h says what a script finds around it.
struct ScriptAction {
  std::string name;  // in words: "drop the packets"
  std::string node;
  std::string token;  // our mark on the node: eight hex digits, of this fault alone
  std::string script;
  Argv args;
  Nanos timeout = std::chrono::seconds(60);
};

using Action = std::variant<RemoteAction, SwitchPower, ReviveAction, ScriptAction>;

// What must be seen for a step to count as done. Each is observed by other means than the action's
// own exit code.
struct PowerIsOff {  // the power control says off, and the node does not answer
  std::string node;
};
struct NodeWentDown {  // the node does not answer, or answers with another boot id
  std::string node;
  std::string boot_id_before;
};
struct NodeIsBack {  // answers over SSH with another boot id, and its start-up has finished
  std::string node;
  std::string boot_id_before;  // empty: any boot id will do
  // The fault was never confirmed, so that the node may never have been down: the old boot id will
  // do when it stays. Not part of the plan: whoever undoes sets it.
  bool accept_unchanged = false;
};
// A read-only script of ours says yes (exit 0, stdout says how it was seen) or no (stderr says what
// is there instead).
struct ScriptSees {
  std::string what;  // in words, after "that": "packets to mirror are dropped"
  std::string node;
  std::string token;
  std::string script;
  Argv args;
};
using Observation = std::variant<PowerIsOff, NodeWentDown, NodeIsBack, ScriptSees>;

// Undoes a fault on its node without us, by a systemd timer there. Armed and proven before anything
// is applied, and put off by heartbeat while we are in control.
struct NodeDeadMan {
  std::string node;
  std::string token;
  std::string undo;  // scripts: the undo, and the proof without which it is tried again
  std::string undone;
  Argv args;
  bool survives_reboot = false;  // the fault does, so the undo must as well: it runs at boot
};

struct FaultPlan {
  std::string fault;
  std::string node;
  std::string intended;                    // in words
  std::vector<Observation> preconditions;  // asked once in preflight; a no refuses the run
  std::optional<NodeDeadMan> dead_man;     // none: the local keeper alone (power faults)
  std::vector<Action> apply;
  std::vector<Observation> confirm;
  // The target is meant to recover without undo (a power cycle): hold ends early once it has.
  bool ends_by_itself = false;
  std::vector<Action> undo;  // idempotent; right even when apply ran only in part
  std::vector<Observation> undone;
  std::vector<Action> disarm;  // of the dead-man, once undone is proven
  std::vector<Observation> disarmed;
};

// For an undo of a fault that nobody saw take effect.
std::vector<Observation> accepting_unchanged(std::vector<Observation> observations);

std::string describe(const Action& action);
std::string describe(const Observation& observation);

nlohmann::json actions_to_json(const std::vector<Action>& actions);
Result<std::vector<Action>> actions_from_json(const nlohmann::json& json);
nlohmann::json observations_to_json(const std::vector<Observation>& observations);
Result<std::vector<Observation>> observations_from_json(const nlohmann::json& json);

}  // namespace ernstfall
