// plan: what a fault wants done, as data. Faults describe and never execute; the injector is the
// only one that acts. Plans are stored in the journal before anything is touched, so that heal can
// undo them on any machine that has the run folder.
#pragma once

#include <nlohmann/json_fwd.hpp>
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

using Action = std::variant<RemoteAction, SwitchPower, ReviveAction>;

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
  // The fault was never confirmed, so that the node may never have been down: the old boot id will do
  // when it stays. Not part of the plan: whoever undoes sets it.
  bool accept_unchanged = false;
};
using Observation = std::variant<PowerIsOff, NodeWentDown, NodeIsBack>;

struct FaultPlan {
  std::string fault;
  std::string node;
  std::string intended;  // in words
  std::vector<Action> apply;
  std::vector<Observation> confirm;
  // The target is meant to recover without undo (a power cycle): hold ends early once it has.
  bool ends_by_itself = false;
  std::vector<Action> undo;  // idempotent; right even when apply ran only in part
  std::vector<Observation> undone;
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
