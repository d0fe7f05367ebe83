// model: what a run came to, as plain structs. Assembled from a run folder by assemble(), rendered
// by the other files of this folder. Renderers compute nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/exit_code.h"
#include "harness/history/history.h"
#include "harness/lang/text.h"
#include "probes/checks/check.h"
#include "probes/checks/node_time.h"
#include "probes/checks/run_facts.h"
#include "reports/statistics.h"

namespace ernstfall {

enum class RunVerdict { pass, violated, inconclusive, dirty };
std::string_view run_verdict_name(RunVerdict verdict);
ExitCode exit_code_for(RunVerdict verdict);

enum class ClusterClass { ha, data_ha, backup_like, unsafe, unknown };
std::string_view cluster_class_name(ClusterClass value);  // "ha", "data-ha", "backup-like" ...

// Who ended the outage. `undo` means: nobody; service came back because the fault was taken away.
enum class RecoveredBy { nobody, itself, operator_steps, undo };
std::string_view recovered_by_name(RecoveredBy value);

struct RtoResult {
  // Outage of the deciding probe, from the fault's effect until lastingly good.
  std::string probe;               // source name that decided
  std::optional<double> lower_ms;  // last bad sample's start .. bounds, see docs/explanation/rto.md
  std::optional<double> upper_ms;
  double probe_period_ms = 0;
  // From the fault's effect; upper 0: it was never lost.
  std::optional<Bounds> redundancy_ms;
  RecoveredBy recovered_by = RecoveredBy::nobody;
  bool outage_observed = false;   // false with data: the service never failed, lower=upper=0
  std::optional<TimeNs> down_at;  // first bad sample after the fault's effect
  std::optional<TimeNs> up_at;    // first lastingly good one
  std::size_t outages = 0;        // of the deciding probe over the whole run
  Text problem;                   // why the bounds are unknown; empty when they are not
};

struct RpoResult {
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;           // acknowledged, and lost, unreadable or wrong at the end
  std::uint64_t indeterminate = 0;  // never answered; may or may not exist
  std::uint64_t stuck = 0;          // acknowledged, still 425
  std::uint64_t unaudited = 0;      // acknowledged, never read back: the result is unknown then
  std::optional<double>
      seconds;  // effect of the fault minus acknowledgement of the oldest lost write
};

// The block canary: the replicated volume itself, without the service above it.
struct BlockResult {
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;  // acknowledged, and not there as written; torn ones are among them
  std::uint64_t torn = 0;  // only some of its sectors are there
  std::uint64_t indeterminate = 0;  // there, but its acknowledgement never reached us
  std::uint64_t unaudited = 0;      // acknowledged, never read back: the result is unknown then
  bool went_back = false;           // all of out_of_order: the later blocks are a later writer's
  std::uint64_t out_of_order = 0;   // lost, while a block issued after its acknowledgement is there
  std::optional<double>
      last_before_ms;           // effect of the fault minus the last acknowledgement before
  double longest_write_ms = 0;  // by the node's clock
};

struct FaultResult {
  std::string fault;
  std::string node;
  std::string intended;  // in words
  std::optional<TimeNs> applied_at;
  std::optional<TimeNs> confirmed_at;
  std::optional<TimeNs> effect_at;  // earliest moment of effect: RTO counts from here
  std::optional<TimeNs> undo_begin_at;
  std::optional<TimeNs> undone_at;
  std::string confirmed_by;
  // "held", "skipped", "not seen" (to take effect, or for its whole time), "dirty", "cut short"
  // (the run ended before its undo was proven)
  std::string outcome;
  bool dirty = false;
  std::string problem;
};

// A marker for the timeline.
struct TimelineMark {
  TimeNs at = 0;
  std::string lane;  // "fault", "drbd prod", "node prod", "operator", "run"
  Text text;
  std::string severity;  // "info", "good", "warn", "bad"
};

struct PhaseSpan {
  std::string name;  // what ended it: "power back"; "baseline" before the fault
  TimeNs begin = 0;
  TimeNs end = 0;
  Text proof;  // the event that ended it
  // How long it took at least and at most, by the bounds of both its ends.
  TimeNs lower_ns = 0;
  TimeNs upper_ns = 0;
  bool unordered = false;  // what ended it may have come before what ended the phase before
  Text governed_by = {};   // the setting that its length follows from; empty: none is known
};

// One step of a recovery, in the order in which they are expected.
struct Boundary {
  std::string name;          // "noticed by DRBD"
  std::optional<TimeNs> at;  // none: `gap` says why
  TimeNs lower = 0;          // it happened between these
  TimeNs upper = 0;
  Text proof;  // the event that proves it
  Text gap;
  std::vector<std::string> unordered_with;  // others that it may have come before or after
};

struct RecoverySteps {
  std::vector<Boundary> boundaries;  // from "effect" to "redundancy restored"
  // Of the outage, or without one of the time until redundancy; empty: there is none.
  std::string largest;       // name of the phase
  Text largest_governed_by;  // see PhaseSpan
  // Others that may be the largest, within the bounds.
  std::vector<std::string> or_largest;
};

// What follows from the cluster's own settings, beside what was measured. See predict.h.
struct Prediction {
  struct Input {
    Text name;   // "ping-int"
    Text value;  // "10 s"
    Text from;   // "prod: drbdsetup show", "default (drbd.conf-9.0(5))"
  };
  Text name;  // "DRBD notices"
  std::optional<double> lower_ms;
  std::optional<double> upper_ms;  // none: without limit
  std::optional<double> measured_lower_ms;
  std::optional<double> measured_upper_ms;
  Text formula;
  std::string source;  // of the formula
  std::vector<Input> inputs;
  std::string verdict;  // "as predicted" | "sooner" | "later" | "not measured" | "not predicted"
  Text finding;         // a deviation beyond all bounds, in words; empty: none
  Text why;             // there is no prediction, or no measurement
};

// What one probe asked and got, over the whole run.
struct ProbeSummary {
  std::string name;
  std::string node;  // empty: the service as users reach it
  double period_ms = 0;
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
  std::uint64_t missed = 0;
  double p50_ms = 0;  // of good answers, from the scheduled time
  double p99_ms = 0;
  double max_ms = 0;
};

// One line of the "what stands between this cluster and the next class" list.
struct ClassReason {
  Text rule;
  bool holds = false;
  Text evidence;
  bool known = true;  // false: there is no evidence either way
};

// A short view of a sibling run (the attended one, for an unattended run; and the other way round).
struct SiblingRun {
  std::string scenario;
  std::string run_id;
  std::string verdict;
  std::string cluster_class;
  RecoveredBy recovered_by = RecoveredBy::nobody;
  std::optional<double> rto_lower_ms;
  std::optional<double> rto_upper_ms;
  bool attended = false;
  bool outage_observed = false;
};

// How a node's power can be switched: what a cluster manager could fence it with.
struct NodePower {
  std::string node;
  std::string kind;  // as in the cluster file; "none": nobody can
};

struct RunReport {
  int schema_version = 1;
  std::string run_id;
  std::string cluster;
  std::string scenario;
  std::string title;
  std::string cause;
  std::string effect;
  bool attended = false;
  std::string started_utc;
  double duration_s = 0;
  std::uint64_t seed = 0;
  std::map<std::string, std::string> versions;
  std::vector<NodePower> power;  // every node, in the order of the cluster file
  std::string evidence_level;    // "E0" | "E5"

  RunVerdict verdict = RunVerdict::inconclusive;
  ClusterClass cluster_class = ClusterClass::unknown;
  std::vector<ClassReason> class_reasons;
  Text why;                      // one or two plain sentences
  std::vector<Text> next_steps;  // what would close the gap

  std::vector<FaultResult> faults;
  std::vector<StartSkew> start_skews;  // of every step on two nodes or more
  bool soak = false;
  RtoResult rto;
  std::optional<double> rto_allowed_ms;
  std::uint64_t lost_allowed = 0;
  std::optional<double> redundancy_allowed_ms;
  RpoResult rpo;
  std::optional<BlockResult> blocks;  // none: no block canary was running
  std::vector<CheckResult> checks;
  std::vector<PhaseSpan> phases;
  RecoverySteps recovery;
  std::vector<Prediction> predictions;
  std::vector<NodeClockSummary> clocks;  // of every node that was asked or heard
  std::vector<ProbeSummary> probes;
  std::vector<TimelineMark> marks;
  std::optional<SiblingRun> sibling;
  std::vector<Text> not_measured;  // stated, so that silence is not read as pass
  bool history_truncated = false;
  Text journal_problem;  // what is still owed to a node; empty when nothing is
  std::string aborted;   // why the run ended early; empty when it did not
};

struct AssembleInput {
  const History& history;
  const Cluster& cluster;
  const Scenario& scenario;
  std::uint64_t seed = 0;
  bool journal_dirty = false;  // the journal holds an undo that was never proven
  Text journal_problem;
  std::optional<SiblingRun> sibling;
  std::map<std::string, std::string> settings = {};  // see environment.h; empty: not recorded
};

// Pure: the same input gives the same report, byte by byte when rendered.
RunReport assemble(const AssembleInput& input);
// Check `converged` passed.
bool is_whole_at_end(const RunReport& report);

}  // namespace ernstfall
