// overview_report: many runs on one page: overview.html, overview.md, overview.json, console.
#include "harness/cli/overview_report.h"

#include <fmt/core.h>

#include <filesystem>

#include "harness/cli/command.h"
#include "harness/cli/terminal.h"
#include "reports/overview.h"

namespace ernstfall::cli {

namespace fs = std::filesystem;

bool means_overview(const std::vector<std::string>& runs) {
  return runs.size() > 1 || (runs.size() == 1 && is_folder_of_runs(runs.front()));
}

Result<ExitCode> report_overview(const OverviewArguments& arguments) {
  if (arguments.format == "junit") return fail(Errc::usage, "--format junit: of single runs only");
  ERNSTFALL_TRY(const Language language, parse_language(arguments.language));
  const std::vector<fs::path> paths(arguments.runs.begin(), arguments.runs.end());
  ERNSTFALL_TRY(const OverviewInput input, read_overview(paths, catalogue()));
  const Overview overview = overview_of(input, catalogue());
  const std::string& format = arguments.format;
  if (format == "json") fmt::print("{}\n", render_overview_json(overview));
  if (format == "md") fmt::print("{}", render_overview_markdown(overview, language));
  if (format == "html") fmt::print("{}", render_overview_html(overview, language));
  if (!format.empty() && format != "console") return ExitCode::pass;
  if (format == "console") {
    fmt::print("{}", render_overview_console(overview, language, colour_on_stdout()));
    return ExitCode::pass;
  }
  fs::path folder = arguments.output;
  if (folder.empty()) folder = paths.size() == 1 ? paths.front() : fs::path("overview");
  ERNSTFALL_CHECK(write_overview(folder, overview, language));
  fmt::print("{}\nreport: {}\n", render_overview_console(overview, language, colour_on_stdout()),
             (fs::absolute(folder) / "overview.html").lexically_normal().string());
  return ExitCode::pass;
}

}  // namespace ernstfall::cli
