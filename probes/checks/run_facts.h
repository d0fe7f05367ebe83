// run_facts: what the run recorded about itself: faults, operator steps, phases, decoded from
// events. Every check and the report read these facts and none of them reads the JSON again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"

namespace ernstfall {

struct FaultFacts {
  std::string fault;
  std::string node;
  int index = 0;
  std::optional<TimeNs> intended_at;
  std::optional<TimeNs> applied_at;
  std::optional<TimeNs> confirmed_at;
  std::optional<TimeNs> effect_from;  // earliest time of effect; only with confirmed_at
  std::optional<TimeNs> undo_begin_at;
  std::optional<TimeNs> undone_at;
  // Which targets were meant to begin together, and between when this one's effect began.
  std::optional<int> step;
  std::optional<TimeNs> begun_from;
  std::optional<TimeNs> begun_until;
  bool begun_by_node = false;  // by the node's clock; else between our command and its return
  std::optional<std::int64_t> begun_node_ns;  // what its clock said then, since 1970
  std::string intended;                       // in words
  std::string confirmed_by;
  std::string undone_by;
  bool not_confirmed = false;
  bool skipped = false;  // never made; `problem` says why
  bool dirty = false;
  std::string problem;

  // Seen to take effect, and not found ended before its time.
  bool held() const { return confirmed_at.has_value() && !not_confirmed; }
};

// How far apart the targets of one step began.
struct StartSkew {
  int step = 0;
  std::string fault;
  std::vector<std::string> nodes;  // those that began
  TimeNs skew_ns = 0;              // latest minus earliest
  TimeNs uncertainty_ns = 0;       // the true one is at most this far from it
  bool by_nodes = false;           // all by the nodes' own clocks
};

struct OperatorFacts {
  std::string step;
  std::string node;
  TimeNs begin = 0;
  std::optional<TimeNs> end;
  bool failed = false;
  bool restore = false;  // returns to the starting state, after redundancy is back
  std::string detail;
};

struct PhaseFact {
  std::string name;
  TimeNs at = 0;
};

// The power control of a silent node said off at both ends and, asked again and again, never on
// between: no time for a machine to start and to end again.
struct PowerOffFact {
  std::string node;
  TimeNs from = 0;
  TimeNs to = 0;
  bool ended = false;  // it said on since
};

struct RunFacts {
  std::vector<FaultFacts> faults;             // by index
  std::vector<OperatorFacts> operator_steps;  // recovery and restore, in order
  std::vector<PhaseFact> phases;
  std::vector<PowerOffFact> powers_off;
  std::map<std::string, std::string> versions;
  std::map<std::string, std::string> settings;  // of units and Kubernetes: kinds::kSettings
  std::optional<bool> baseline_ok;
  std::string baseline_why;
  std::optional<TimeNs> redundancy_at;
  std::optional<std::string> aborted;
  // The stop condition "metric" had no value: so often, and why the last time.
  int metric_unknown = 0;
  std::string metric_unknown_why;
  TimeNs end = 0;  // time of the last thing recorded
  int unreadable_events = 0;

  // When the first fault took effect; before a confirmation, the moment it was intended. nullopt:
  // nothing was injected.
  std::optional<TimeNs> effect_at() const;
  // At least one fault, and each was seen to take effect and not found ended before its time.
  bool all_confirmed() const;
  // The first moment at which we began to take a fault away.
  std::optional<TimeNs> undo_begin_at() const;
  std::optional<TimeNs> undone_at() const;  // all of them; nullopt: not all
  std::optional<TimeNs> first_operator_step_at() const;
  std::optional<TimeNs> first_restore_at() const;
  // When all had recovered, and what followed was ours: comparing the nodes, reading every recorded
  // write back.
  std::optional<TimeNs> judged_until() const;
};

// Of every step with two targets or more, in order.
std::vector<StartSkew> start_skews(const RunFacts& facts);

RunFacts read_facts(const History& history);

}  // namespace ernstfall
