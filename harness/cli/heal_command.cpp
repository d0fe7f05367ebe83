// heal_command: `ernstfall heal [RUN]`: finishes the undo of a run after any crash.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/cluster_option.h"
#include "harness/cli/command.h"
#include "harness/cli/signals.h"
#include "harness/run/heal.h"
#include "harness/run/run_folder.h"

namespace ernstfall::cli {
namespace {

struct HealArguments {
  std::string run = "runs/latest";
  ClusterOption cluster;
  bool json = false;
};

// Of a suite: the run that still owes an undo, else its last one.
std::filesystem::path run_of(const std::filesystem::path& folder, const Cluster& cluster) {
  if (!is_suite_folder(folder)) return folder;
  const std::string owed = find_unhealed_run(folder, cluster.name);
  std::error_code ec;
  const auto latest = std::filesystem::canonical(folder / "latest", ec);
  return !owed.empty() ? std::filesystem::path(owed) : ec ? folder : latest;
}

Result<HealReport> heal(const HealArguments& options) {
  HealOptions heal_options;
  heal_options.say = [](std::string_view text) { fmt::print(stderr, "{}\n", text); };
  if (!options.cluster.file.empty() || !options.cluster.lab.empty()) {
    ERNSTFALL_TRY(const Cluster cluster, open_cluster(options.cluster));
    return heal_cluster(cluster, heal_options, stop_on_signals());
  }
  std::error_code ec;
  const auto folder = std::filesystem::canonical(options.run, ec);
  if (ec) return fail_at(Errc::usage, options.run, "no such run folder");
  ERNSTFALL_TRY(const Cluster cluster, load_cluster(folder / "cluster.yaml"));
  ERNSTFALL_CHECK(enter_namespace_of(cluster));
  return heal_run(run_of(folder, cluster), heal_options, stop_on_signals());
}

void print(const HealReport& report, bool json) {
  if (json) {
    const nlohmann::json document{{"schema_version", 1},
                                  {"clean", report.clean()},
                                  {"was_clean", report.was_clean},
                                  {"done", report.done},
                                  {"problems", report.problems}};
    fmt::print("{}\n", document.dump(2));
    return;
  }
  if (report.was_clean) fmt::print("nothing to heal\n");
  for (const std::string& done : report.done) fmt::print("done     {}\n", done);
  for (const std::string& problem : report.problems) fmt::print("PROBLEM  {}\n", problem);
  if (!report.was_clean) fmt::print("{}\n", report.clean() ? "clean" : "still dirty");
}

}  // namespace

void add_heal(CLI::App& app, Context& context) {
  auto options = std::make_shared<HealArguments>();
  CLI::App* command = app.add_subcommand(
      "heal", "undo what a run left behind, from its journal; or, with --cluster, without one");
  command->add_option("run", options->run, "run folder")->capture_default_str();
  add_cluster_options(*command, options->cluster);
  command->add_flag("--json", options->json, "one JSON document on stdout");
  command->callback([options, &context] {
    const auto report = heal(*options);
    if (!report) return report_error(context, report.error());
    print(*report, options->json);
    context.exit_code = report->clean() ? ExitCode::pass : ExitCode::dirty;
  });
}

}  // namespace ernstfall::cli
