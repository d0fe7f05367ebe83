// scenario: a scripted fault with the load, the expectations and the guards around it.
// Plain structs, decoded by load_scenario(); see docs/reference/scenario-file.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/core/text.h"

namespace ernstfall {

// Typed values of a fault's or probe's own parameters, after its declared kinds were checked.
// Durations are stored in ns, bytes in bytes, frequencies in Hz, percentages as 0 to 100, bit rates
// in bit/s; text stays text.
struct ParamValue {
  enum class Kind { text, integer, boolean, duration, bytes, frequency, percent, bitrate };
  Kind kind = Kind::text;
  std::string text;   // as written
  double number = 0;  // the value in base units, for every kind but text
};
using Params = std::map<std::string, ParamValue>;

// Declared by every catalogue entry: from it follow decoding, schema, docs and completion.
struct ParamSpec {
  std::string_view name;
  ParamValue::Kind kind;
  std::string_view default_text;  // "" with required=true: must be given
  bool required;
  std::string_view help;
};

// A value as written, checked and converted. Errc::usage.
Result<ParamValue> parse_param(ParamValue::Kind kind, std::string_view text);
// The value that was given, or the default.
Result<ParamValue> param_or_default(std::span<const ParamSpec> specs, const Params& params,
                                    std::string_view name);

struct FaultStep {
  std::string fault;  // catalogue name: "node.power-off"
  std::string on;     // see resolve_targets(); several nodes begin together
  Params params;
  Nanos hold{};  // how long it stays in effect before undo
  // Beside the other steps, this long after the first one began; none: after the step before it.
  std::optional<Nanos> at = {};
  int repeat = 1;    // so many times
  Nanos pause = {};  // between two of them
  // "file:line:col" of the step and of its `on`; empty when it comes from no file.
  std::string place = {};
  std::string on_place = {};
};

struct ProbeSpec {
  std::string probe;  // catalogue name: "webdav.write"
  std::string id;     // unique in the run; default: probe name, plus "@node" with `on`
  std::string on;  // node or "role:ROLE" for probes of a node; "*" for every node; empty otherwise
  double rate_hz = 0;  // 0: the probe's own default
  Nanos timeout{};     // 0: the probe's own default
  Params params;
  std::string place = {};  // of its `on`, or of the probe
};

struct LoadSpec {
  std::string load = "ledger.webdav";
  double rate_hz = 5;
  std::uint64_t size_bytes = 4096;
  Nanos timeout = std::chrono::seconds(10);
  Params params = {};      // of the load's own
  bool on_volume = false;  // writes to the replicated volume, and not to the service
  std::string place = {};
};

// One step of the owner's runbook: argv on a node.
struct OperatorStep {
  std::string name;  // "promote mirror"
  std::string on;    // node name or role:ROLE
  Argv run;
  Nanos timeout = std::chrono::seconds(60);
  int attempts = 1;        // a careful operator tries again; one second apart
  std::string place = {};  // of its `on`
};

// The attended recovery: what a person does, after the time it takes them to react.
struct Operator {
  Nanos reaction{};                   // from confirmed fault to the first step
  std::vector<OperatorStep> steps;    // recover the service
  std::vector<OperatorStep> restore;  // after redundancy is back: return to the starting state
};

struct Expectations {
  std::optional<Nanos> rto_max;           // users cut off for at most this
  std::optional<std::uint64_t> lost_max;  // acknowledged writes lost, at most
  std::optional<Nanos> redundancy_max;    // redundancy restored within
};

// A value that Prometheus knows, on the wrong side of a limit for so long without a break.
struct MetricCondition {
  std::string query;  // PromQL; of several series one is enough
  bool above = true;  // false: below
  double limit = 0;
  Nanos lasts{};           // key `for`
  std::string place = {};  // "file:line:col"; empty when it comes from no file
};

// The share of bad answers among those of all service probes in a window that ends now.
struct ErrorRateCondition {
  double above_percent = 0;
  Nanos over = std::chrono::seconds(30);
};

// What ends a fault at once, undoes it and makes the run inconclusive: `stop_when`.
struct StopConditions {
  std::optional<Nanos> service_down_for;  // every service probe bad for so long without a break
  std::optional<ErrorRateCondition> service_error_rate;
  std::optional<MetricCondition> metric;
  bool split_brain = true;  // DRBD calls its split-brain helper
};

// A part of the catalogue that a soak draws from.
struct SoakPick {
  std::string fault;       // a name, or a pattern with "*": all faults that it fits
  std::string on = "one";  // as of a step; "one" and "majority" are drawn anew each time
  Params params = {};      // not with a pattern
  std::string place = {};  // "file:line:col" of the pick and of its `on`
  std::string on_place = {};

  bool is_pattern() const { return fault.find('*') != std::string::npos; }
};

struct NanosRange {
  Nanos min{};
  Nanos max{};
};

// Faults drawn by the run's seed, one after the other, for a long time; see harness/run/soak.h.
struct Soak {
  Nanos lasts{};  // key `for`: nothing begins later than this
  std::vector<SoakPick> picks;
  NanosRange between{std::chrono::seconds(20), std::chrono::seconds(60)};  // undone to next begin
  NanosRange hold{std::chrono::seconds(5), std::chrono::seconds(20)};
  int at_once = 1;  // so many lanes, each with a sequence of its own
};

// How often a scenario runs, `repeat: 10` or `repeat: 5..20`; see harness/suite/repeats.h.
struct Repeat {
  int at_least = 1;
  int at_most = 1;  // more than at_least: ends in between when the answer is clear

  bool early_end() const { return at_least < at_most; }
};
inline constexpr int kMaxSuiteRuns = 500;
// "10" or "5..20". Errc::usage.
Result<Repeat> parse_repeat(std::string_view text);

// A search for the level of one parameter of one fault at which things break; see
// harness/suite/search.h.
struct Threshold {
  int fault = 1;              // which of the scenario's faults, from 1
  std::string vary;           // its parameter
  ParamValue from;            // smallest value of the range
  ParamValue to;              // largest
  std::string resolution;     // as written
  double step = 0;            // linear: in the parameter's base unit; log: share, 0.1 for 10 %
  bool log = false;           // key `scale`
  bool more_is_worse = true;  // key `worse`
  int repeat = 3;             // trials of each of the two levels that bound the result
  Nanos settle = std::chrono::seconds(10);  // between two trials
  // Broken is what violates the scenario's expectations and checks, and beyond them:
  std::optional<double> error_rate_percent;  // more than this share of bad answers, see trial.h
  std::optional<Nanos> latency;              // p99 of good answers longer than this
  std::string place = {};                    // "file:line:col"
};

struct Scenario {
  std::string name;  // file name without .yaml
  std::filesystem::path source;
  std::string title;         // "prod loses power"
  std::string cause;         // what happens, in words
  std::string effect;        // what is expected, in words
  std::string compare_with;  // name of the attended (or unattended) sibling; may be empty
  std::vector<std::string> tags;

  Nanos baseline = std::chrono::seconds(10);      // steady state that must hold before the fault
  Nanos stable = std::chrono::seconds(5);         // good for this long = stable again
  Nanos settle_max = std::chrono::minutes(10);    // deadline for redundancy restored; scaled
  Nanos node_back_max = std::chrono::minutes(5);  // deadline for a node to answer SSH again; scaled

  std::vector<FaultStep> faults;  // one after the other
  std::optional<Soak> soak;       // instead of `faults`
  std::vector<ProbeSpec> probes;
  std::vector<LoadSpec> loads;
  std::optional<Operator> attended;  // key `operator`
  Expectations expect;
  StopConditions stop_when;
  std::vector<std::string> checks;  // empty: all that apply
  Repeat repeat;
  // The varied parameter stands at its harmless end in `faults`; scenario_at() sets it.
  std::optional<Threshold> threshold;

  bool is_attended() const { return attended.has_value(); }
  bool touches_anything() const { return soak || !faults.empty(); }
  bool is_suite() const { return threshold || repeat.at_most > 1; }
};
// One run of a suite: the same scenario, to be run once; of a threshold with the varied parameter
// at `level`, and called NAME-at-LEVEL.
Scenario scenario_once(const Scenario& scenario);
Scenario scenario_at(const Scenario& scenario, const ParamValue& level);

// Whether a pick's pattern means a fault: "*" stands for any text, and it means only what can be
// made without parameters and destroys no data.
bool pattern_fits(std::string_view pattern, std::string_view fault,
                  std::span<const ParamSpec> params, bool destructive);

// What a file may name. Filled by the catalogues of faults, probes, loads and checks, so that this
// module knows no fault by name.
struct CatalogueEntry {
  std::string_view name;
  std::string_view summary;
  std::vector<ParamSpec> params;
  bool needs_node = false;   // `on:` is required
  bool destructive = false;  // no pattern of a soak means it
  bool needs_drbd = false;   // a load: writes to the replicated volume, and not to the service
};
struct Catalogue {
  std::vector<CatalogueEntry> faults;
  std::vector<CatalogueEntry> probes;
  std::vector<CatalogueEntry> loads;
  std::vector<CatalogueEntry> checks;
};

// What `on` says:
//   NODE | role:ROLE | label:KEY=VALUE | ingress (= role:ingress) | *   these nodes
//   A,B                                                                 all that A or B says
//   drbd-primary                                                        the one that is Primary
//   then one, one:SET   majority, majority:SET                               by the run's seed;
//   without SET
//                                                                       of all nodes not protected
// A node's own name comes before a word that means something else.
struct Selector {
  enum class Pick { all, one, majority, drbd_primary };
  Pick pick = Pick::all;
  std::vector<std::string> candidates;  // in file order; with Pick::all these are the nodes
};
// Errc::usage with the nearest name.
Result<Selector> parse_selector(const std::string& on, const Cluster& cluster);
// The candidates: every node that `on` may mean.
Result<std::vector<std::string>> resolve_targets(const std::string& on, const Cluster& cluster);
// Every `on` of the scenario names something in the cluster, no fault aims at a protected node, and
// there is a service for what asks one. All problems at once, as in load_cluster(); Errc::refused
// when a protected node is the only one.
Status check_scenario_against_cluster(const Scenario& scenario, const Cluster& cluster);

// Errors as in load_cluster().
Result<Scenario> load_scenario(const std::filesystem::path& path, const Catalogue& catalogue);
Result<Scenario> parse_scenario(std::string_view text, const std::filesystem::path& path,
                                const Catalogue& catalogue);
// YAML that load_scenario() reads back to the same value, every default written out.
std::string dump_scenario(const Scenario& scenario);
// JSON Schema (draft 2020-12) for editors.
std::string scenario_json_schema(const Catalogue& catalogue);
std::string cluster_json_schema();

}  // namespace ernstfall
