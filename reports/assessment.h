// assessment: the class of a cluster from a set of runs, rule by rule. The rubric is the table in
// assess_rules.cpp, published as docs/reference/rubric.md; why it is so:
// docs/explanation/rubric.md.
//
//   read_assessed -> assess_runs -> render_assessment_*
//
// A rule is met, not met, or untested. Missing data never meets a rule: a fault that no run made,
// a run that does not count, a value that was not measured leave it untested.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/core/exit_code.h"
#include "harness/core/result.h"
#include "harness/lang/messages.h"
#include "harness/scenario/scenario.h"
#include "reports/comparison.h"
#include "reports/model.h"

namespace ernstfall {

// --- the rules ---

enum class AssessRule {
  one_primary,
  no_split_brain,
  block_loss,
  write_order,
  service_loss,
  served_again,
  unattended,
  target,
  redundancy,
  fencing
};

enum class RuleState { met, not_met, untested };
std::string_view rule_state_name(RuleState state);  // "met", "not met", "untested"

struct RuleEntry {
  AssessRule rule;
  std::string_view id;  // "one-primary": in reports, JSON and the rubric
  ClusterClass needed;  // by this class and those above it
  bool breaks = false;  // not met: the cluster is unsafe, whatever else is met
  Msg title;            // what has to hold
  Msg how;              // how a run shows it
};
const std::vector<RuleEntry>& assessment_rules();
const RuleEntry& rule_entry(AssessRule rule);

// --- what has to be tested ---

enum class NeedKind {
  node_lost,       // off, crashed or cut off from everyone
  data_power,      // the node that holds the data loses its power or crashes
  data_isolated,   // ... is cut off from everyone
  data_hang,       // ... hangs
  restart,         // a node with data restarts
  link,            // two nodes do not see each other
  disk,            // a disk below DRBD fails
  process_dies,    // the service's processes die
  process_hangs,   // the service hangs
  stale_takeover,  // pair: the holder of the data is lost while the replica is behind
  quorum_pair      // pair: replica and diskless quorum member are lost together
};

struct NeedEntry {
  NeedKind kind;
  std::string_view id;
  Msg title;                             // of one need, {0} and {1} its nodes
  Msg about;                             // for the rubric: of which nodes it is asked
  std::vector<std::string_view> faults;  // any one of them is this fault
};
const std::vector<NeedEntry>& assessment_needs();

// One fault, or pair of faults, that the class rests on.
struct FaultNeed {
  NeedKind kind;
  std::string node;
  std::string peer;  // of a link or a pair
  bool is_pair() const { return kind == NeedKind::stale_takeover || kind == NeedKind::quorum_pair; }
  std::string id() const;  // "link:prod:mirror"
  Text title() const;
};
// Errc::usage: the cluster file does not say which node holds the data.
Result<std::vector<FaultNeed>> needs_of(const Cluster& cluster);

// --- the runs ---

struct AssessedRun {
  ComparedRun run;  // `problem` says why it cannot be read
  Cluster cluster;
  Scenario scenario;
  bool has_page = true;  // its report.html is there
};
// As read_side(). Errc::usage also: runs of more than one cluster, or one that is there twice.
Result<std::vector<AssessedRun>> read_assessed(const std::vector<std::filesystem::path>& paths,
                                               const Catalogue& catalogue);
bool is_run_of(const AssessedRun& run, const FaultNeed& need);

// --- the answer ---

struct RunRef {
  std::string folder;
  std::string run_id;
  std::string scenario;
  bool has_page = true;
};

// One piece of evidence. Without a run: why nothing is known.
struct Statement {
  RuleState state = RuleState::untested;
  std::optional<std::size_t> need;  // index in Assessment::needs
  Text text;
  std::optional<RunRef> run;
};

struct RuleResult {
  AssessRule rule;
  RuleState state = RuleState::untested;
  std::vector<Statement> statements;  // not met first, then untested, then met
};

// One line of the matrix: what the runs of one fault came to.
// Worse ones later.
enum class NeedOutcome { untested, served, by_itself, by_operator, unclear, by_undo, not_back };
struct NeedResult {
  FaultNeed need;
  NeedOutcome outcome = NeedOutcome::untested;   // worst of the unattended runs
  NeedOutcome attended = NeedOutcome::untested;  // worst of the attended ones
  std::vector<RunRef> runs;                      // that count
  std::vector<LeftOutRun> left_out;              // that do not
  OutageValue worst;                             // the longest outage, unattended
  OutageValue best;                              // the shortest
  std::optional<OutageValue> with_operator;      // the longest, attended
  std::uint64_t acknowledged = 0;                // writes, over all runs
  std::uint64_t lost = 0;
  bool safe = true;  // no invariant was seen broken
};

// What cannot fail without users noticing for longer than allowed.
struct SinglePoint {
  std::size_t need = 0;
  std::string component;  // "load", "load - prod"
  Text why;
  bool operator_helps = false;
  RunRef run;
};

struct GapOption {
  Text what;
  Text trade_off;
};
// What stands between the cluster and a class.
struct Gap {
  AssessRule rule;
  RuleState state;
  Text missing;
  std::vector<GapOption> options;
  std::vector<std::size_t> evidence;  // indices in the statements of the rule
};
struct NextClass {
  ClusterClass value;
  std::vector<Gap> gaps;
};

struct AssessSettings {
  std::optional<double> target_ms;  // users cut off at most; none: each scenario's own rto_max
};

struct Assessment {
  int schema_version = 1;
  std::string cluster;
  std::string from_utc;  // start of the first and of the last run
  std::string to_utc;
  AssessSettings settings;
  ClusterClass cluster_class = ClusterClass::unknown;
  // No better class is possible with what was seen; unsafe ... ha.
  ClusterClass at_most = ClusterClass::ha;
  std::vector<Text> why;  // of the class, in a few sentences
  std::size_t counted = 0;
  std::size_t loss_known = 0;  // of these: every acknowledged write was read back
  std::vector<NeedResult> needs;
  std::vector<RuleResult> rules;  // in the order of assessment_rules()
  std::vector<SinglePoint> single_points;
  std::vector<NextClass> next;  // from the nearest class to `ha`
  std::vector<LeftOutRun> left_out;
  std::vector<RunRef> other_runs;  // that count, of no fault that the class rests on
  std::vector<EnvironmentDifference> differences;  // of versions and cluster file, between the runs
};

// Pure. `runs` are of one cluster, as of read_assessed(); the newest says what the cluster is.
Result<Assessment> assess_runs(const std::vector<AssessedRun>& runs,
                               const AssessSettings& settings);
ExitCode exit_code_for(const Assessment& assessment);

std::string render_assessment_console(const Assessment& assessment, Language language, bool colour);
std::string render_assessment_markdown(const Assessment& assessment, Language language);
// Links to the runs' own pages are relative to folder `where`; empty: the folders as they are.
std::string render_assessment_html(const Assessment& assessment, Language language,
                                   const std::filesystem::path& where = {});
std::string render_assessment_json(const Assessment& assessment);  // English sentences
std::string render_rubric_page();                                  // docs/reference/rubric.md

}  // namespace ernstfall
