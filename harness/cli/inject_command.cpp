// inject_command: `ernstfall inject FAULT --on NODE`: one fault by the whole protocol, without
// probes and load, and what could be proven of it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/cluster_option.h"
#include "harness/cli/command.h"
#include "harness/cli/console_progress.h"
#include "harness/cli/signals.h"
#include "harness/core/files.h"
#include "harness/core/units.h"
#include "harness/faults/fault.h"
#include "harness/inject/journal.h"
#include "harness/run/runner.h"
#include "probes/checks/run_facts.h"

namespace ernstfall::cli {
namespace {

using Json = nlohmann::ordered_json;

struct InjectArguments {
  std::string fault;
  std::string on;
  std::vector<std::string> with;
  std::string hold = "10s";
  ClusterOption cluster;
  std::string runs = "runs";
  bool dry_run = false;
  bool json = false;
  std::string dead_man = duration_literal(kDeadManDefault);
  Consent consent;
};

Result<Scenario> scenario_of(const InjectArguments& options) {
  // As YAML, so that names, parameters and units are checked in the one place that checks them.
  Json fault{{"fault", options.fault}, {"on", options.on}, {"hold", options.hold}};
  for (const std::string& pair : options.with) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Errc::usage, "--with {}: expected NAME=VALUE", pair);
    fault["with"][pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  const Json scenario{{"title", options.fault + " on " + options.on},
                      {"faults", Json::array({fault})},
                      {"probes", Json::array()}};
  return parse_scenario(scenario.dump(), "inject-" + options.fault + ".yaml", catalogue());
}

struct Outcome {
  RunFacts facts;
  std::vector<std::string> residue;  // what differs from before, or was not proven undone
};

Result<Outcome> outcome_of(const std::filesystem::path& folder) {
  ERNSTFALL_TRY(const History history, read_history(folder / "history"));
  Outcome outcome{read_facts(history), {}};
  ERNSTFALL_TRY(const JournalState journal, read_journal(folder));
  for (const UndoEntry& entry : journal.undos)
    if (!entry.clean) outcome.residue.push_back(entry.what + ": " + entry.problem);
  return outcome;
}

void print_json(const Outcome& outcome, const std::filesystem::path& folder) {
  Json faults = Json::array();
  for (const FaultFacts& fault : outcome.facts.faults) {
    const auto ms = [&](std::optional<TimeNs> at) {
      return at && fault.intended_at ? Json(to_ms(*at - *fault.intended_at)) : Json();
    };
    faults.push_back({{"fault", fault.fault},
                      {"node", fault.node},
                      {"intended", fault.intended},
                      {"applied", fault.applied_at.has_value()},
                      {"confirmed", fault.held()},
                      {"confirmed_by", fault.confirmed_by},
                      {"undone", fault.undone_at.has_value()},
                      {"undone_by", fault.undone_by},
                      {"applied_after_ms", ms(fault.applied_at)},
                      {"confirmed_after_ms", ms(fault.confirmed_at)},
                      {"problem", fault.problem}});
  }
  Json skews = Json::array();
  for (const StartSkew& skew : start_skews(outcome.facts))
    skews.push_back({{"step", skew.step},
                     {"nodes", skew.nodes},
                     {"skew_ms", to_ms(skew.skew_ns)},
                     {"uncertainty_ms", to_ms(skew.uncertainty_ns)},
                     {"by_nodes_clocks", skew.by_nodes}});
  const Json all{{"schema_version", 1},
                 {"run", folder.string()},
                 {"aborted", outcome.facts.aborted.value_or("")},
                 {"faults", faults},
                 {"start_skew", skews},
                 {"residue", outcome.residue}};
  fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_lines(const Outcome& outcome) {
  for (const FaultFacts& fault : outcome.facts.faults) {
    fmt::print("{} on {}\n", fault.fault, fault.node);
    fmt::print("  applied    {}\n", fault.applied_at ? "yes" : "no");
    fmt::print("  confirmed  {}\n", fault.held() ? fault.confirmed_by : "no: " + fault.problem);
    fmt::print("  undone     {}\n", fault.undone_at ? fault.undone_by : "no: " + fault.problem);
  }
  for (const StartSkew& skew : start_skews(outcome.facts))
    fmt::print("  start      {:.1f} ms ± {:.1f} ms apart\n", to_ms(skew.skew_ns),
               to_ms(skew.uncertainty_ns));
  if (outcome.residue.empty()) fmt::print("  residue    none: every node is as it was\n");
  for (const std::string& line : outcome.residue) fmt::print("  residue    {}\n", line);
}

Result<ExitCode> inject(const InjectArguments& options) {
  RunOptions run;
  ERNSTFALL_TRY(run.dead_man, parse_dead_man(options.dead_man));
  ERNSTFALL_TRY(Cluster cluster, open_cluster(options.cluster));
  ERNSTFALL_CHECK(check_cluster(cluster));
  ERNSTFALL_CHECK(confirm_destruction(cluster, options.consent));
  ERNSTFALL_TRY(const Scenario scenario, scenario_of(options));
  ERNSTFALL_CHECK(check_scenario_against_cluster(scenario, cluster));
  ERNSTFALL_CHECK(check_fault_plans(scenario, cluster));
  if (!options.dry_run) ERNSTFALL_CHECK(check_consent(cluster, options.consent));
  run.runs_root = options.runs;
  run.program = own_program();
  run.dry_run = options.dry_run;
  run.undo_requests = undo_now_requests;
  const auto progress = make_console_progress();
  ERNSTFALL_TRY(const RunOutcome done,
                run_scenario(cluster, scenario, run, *progress, stop_on_signals()));
  if (options.dry_run) {
    fmt::print("{}", done.plan_text);
    return ExitCode::pass;
  }
  ERNSTFALL_TRY(const Outcome outcome, outcome_of(done.folder));
  if (options.json)
    print_json(outcome, done.folder);
  else
    print_lines(outcome);
  if (!outcome.residue.empty()) return ExitCode::dirty;
  if (outcome.facts.aborted || !outcome.facts.all_confirmed()) return ExitCode::inconclusive;
  return ExitCode::pass;
}

}  // namespace

void add_inject(CLI::App& app, Context& context) {
  auto options = std::make_shared<InjectArguments>();
  CLI::App* command =
      app.add_subcommand("inject", "make one fault, prove it, take it away, prove that too");
  command->add_option("fault", options->fault, "name of a fault: ernstfall list faults")
      ->required();
  command->add_option("--on", options->on, "node, or role:ROLE")->required();
  command->add_option("--with", options->with, "a parameter of the fault, NAME=VALUE; repeatable");
  command->add_option("--hold", options->hold, "how long it stays")->capture_default_str();
  add_cluster_options(*command, options->cluster);
  command->add_option("--runs", options->runs, "folder for run folders")->capture_default_str();
  command->add_flag("--dry-run", options->dry_run,
                    "do every read, print every command, touch nothing");
  command->add_flag("--json", options->json, "result as one JSON document on stdout");
  add_dead_man_option(*command, options->dead_man);
  add_consent_options(*command, options->consent);
  command->callback([options, &context] {
    const auto code = inject(*options);
    if (!code) return report_error(context, code.error());
    context.exit_code = *code;
  });
}

}  // namespace ernstfall::cli
