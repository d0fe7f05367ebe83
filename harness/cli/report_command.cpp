// report_command: `ernstfall report RUN...` renders a run again, or many on one page; `ernstfall
// recheck RUN` recomputes its verdict from the raw history and says what differs from the stored
// result.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "harness/cli/overview_report.h"
#include "harness/cli/terminal.h"
#include "harness/core/files.h"
#include "harness/lang/messages.h"
#include "reports/compare_results.h"
#include "reports/render.h"
#include "reports/suite_report.h"

namespace ernstfall::cli {
namespace {

constexpr std::uint64_t kMaxResultBytes = 64ULL << 20U;

Result<std::filesystem::path> run_folder_of(const std::string& run) {
  std::error_code ec;
  const auto folder = std::filesystem::canonical(run, ec);
  if (ec) return fail_at(Errc::usage, run, "no such run folder");
  return folder;
}

std::string render(const LoadedRun& run, const std::string& format, Language language) {
  if (format == "json") return render_json(run.report) + "\n";
  if (format == "md") return render_markdown(run.report, language);
  if (format == "junit") return render_junit(run.report);
  if (format == "html") return render_html(run.report, run.history, language);
  return render_console(run.report, colour_on_stdout(), language);
}

Result<ExitCode> report_suite(const std::filesystem::path& folder, const std::string& format,
                              Language language) {
  ERNSTFALL_TRY(const SuiteReport suite, load_suite(folder, catalogue()));
  if (format == "junit") return fail(Errc::usage, "--format junit: of single runs only");
  if (format == "json") fmt::print("{}\n", render_suite_json(suite));
  if (format == "md") fmt::print("{}", render_suite_markdown(suite, language));
  if (format == "html") fmt::print("{}", render_suite_html(suite, language));
  if (!format.empty() && format != "console") return ExitCode::pass;
  if (format.empty()) ERNSTFALL_CHECK(write_suite_reports(folder, suite, language));
  fmt::print("{}", render_suite_console(suite, colour_on_stdout(), language));
  if (format.empty())
    fmt::print("\n{}\n",
               say(language, Msg::rr_report_at, suite_html_path(folder, suite.kind).string()));
  return ExitCode::pass;
}

// Without a format the files of the run folder are written again, and the first screen is shown.
Result<ExitCode> report(const std::string& name, const std::string& format,
                        const std::string& code) {
  ERNSTFALL_TRY(const Language language, parse_language(code));
  ERNSTFALL_TRY(const std::filesystem::path folder, run_folder_of(name));
  if (is_suite_folder(folder)) return report_suite(folder, format, language);
  ERNSTFALL_TRY(const LoadedRun run, load_run(folder, catalogue()));
  if (!format.empty()) {
    fmt::print("{}", render(run, format, language));
  } else {
    ERNSTFALL_CHECK(write_reports(folder, run.report, run.history, language));
    fmt::print("{}\n{}\n", render(run, "console", language),
               say(language, Msg::rr_report_at, (folder / "report.html").string()));
  }
  return ExitCode::pass;
}

Result<ExitCode> report_any(const OverviewArguments& arguments) {
  if (means_overview(arguments.runs)) return report_overview(arguments);
  // Refused, and not ignored.
  if (!arguments.output.empty())
    return fail(Errc::usage, "--output: of several runs; the files of one are in its folder");
  return report(arguments.runs.front(), arguments.format, arguments.language);
}

Result<ExitCode> recheck(const std::string& name, bool json) {
  ERNSTFALL_TRY(const std::filesystem::path folder, run_folder_of(name));
  if (is_suite_folder(folder))
    return fail_at(Errc::usage, name, "a suite: recheck its runs, or render it with `report`");
  ERNSTFALL_TRY(const RunReport now, load_report(folder, catalogue()));
  const auto stored = read_file(folder / "result.json", kMaxResultBytes);
  std::vector<std::string> differences;
  if (stored)
    differences = compare_results(*stored, render_json(now));
  else
    differences.push_back("there is no stored result to compare with: " +
                          to_string(stored.error()));
  if (json) {
    const nlohmann::json document{{"schema_version", 1},
                                  {"run", folder.string()},
                                  {"verdict", run_verdict_name(now.verdict)},
                                  {"same", differences.empty()},
                                  {"differences", differences},
                                  {"result", nlohmann::json::parse(render_json(now))}};
    fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", render_console(now, colour_on_stdout()));
    fmt::print("\n{}\n", differences.empty()
                             ? "recomputed from the history: the same as the stored result"
                             : "recomputed from the history, these differ:");
    for (const std::string& difference : differences) fmt::print("  {}\n", difference);
  }
  return exit_code_for(now.verdict);
}

template <typename Fn>
void finish(Context& context, const Fn& command) {
  const Result<ExitCode> code = command();
  if (!code) return report_error(context, code.error());
  context.exit_code = *code;
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  auto options = std::make_shared<OverviewArguments>();
  options->runs = {"runs/latest"};
  CLI::App* show = app.add_subcommand(
      "report", "render the report of a run again, from its history; of several runs an overview");
  show->add_option("run", options->runs,
                   "run folder, or folder of a suite; an overview: folder of runs, or several")
      ->capture_default_str();
  show->add_option("--format", options->format,
                   "print this to stdout instead of writing the report's files")
      ->check(CLI::IsMember({"console", "json", "md", "html", "junit"}));
  show->add_option("--lang", options->language, "language of the report: en or de")
      ->capture_default_str();
  show->add_option(
      "--output", options->output,
      "folder for overview.html, overview.md and overview.json (default: the folder of "
      "runs; with several: overview)");
  show->callback([options, &context] { finish(context, [&] { return report_any(*options); }); });

  struct RecheckOptions {
    std::string run = "runs/latest";
    bool json = false;
  };
  auto again = std::make_shared<RecheckOptions>();
  CLI::App* judge = app.add_subcommand(
      "recheck",
      "recompute the verdict of a run from its raw history, and compare; exits as the run did");
  judge->add_option("run", again->run, "run folder")->capture_default_str();
  judge->add_flag("--json", again->json, "one JSON document on stdout");
  judge->callback(
      [again, &context] { finish(context, [&] { return recheck(again->run, again->json); }); });
}

}  // namespace ernstfall::cli
