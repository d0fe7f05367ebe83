// assess_runs: reads the run folders of an assessment, with what each was made on.
#include <set>

#include "harness/core/text.h"
#include "reports/assessment.h"
#include "reports/comparison_sides.h"

namespace ernstfall {

Result<std::vector<AssessedRun>> read_assessed(const std::vector<std::filesystem::path>& paths,
                                               const Catalogue& catalogue) {
  ComparedSide side;
  ERNSTFALL_TRY(side.runs, read_side(paths, catalogue));
  ERNSTFALL_CHECK(check_each_once(side));
  std::vector<AssessedRun> runs;
  std::set<std::string> clusters;
  for (ComparedRun& run : side.runs) {
    AssessedRun assessed;
    const std::filesystem::path folder = run.folder;
    auto cluster = load_cluster(folder / "cluster.yaml");
    auto scenario = load_scenario(folder / "scenario.yaml", catalogue);
    if (run.problem.empty() && !cluster) run.problem = to_string(cluster.error());
    if (run.problem.empty() && !scenario) run.problem = to_string(scenario.error());
    if (cluster) {
      assessed.cluster = std::move(*cluster);
      clusters.insert(assessed.cluster.name);
    }
    if (scenario) {
      assessed.scenario = std::move(*scenario);
      assessed.scenario.name = run.report.scenario;
    }
    std::error_code ec;
    assessed.has_page = std::filesystem::exists(folder / "report.html", ec);
    assessed.run = std::move(run);
    runs.push_back(std::move(assessed));
  }
  if (clusters.size() > 1) {
    const std::vector<std::string> names(clusters.begin(), clusters.end());
    return fail(Errc::usage, "these runs are of more than one cluster: {}", join(names, ", "));
  }
  return runs;
}

}  // namespace ernstfall
