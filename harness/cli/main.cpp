// main: the command line; maps every outcome to an exit code.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <string_view>

#include "harness/cli/command.h"
#include "harness/cli/signals.h"
#include "harness/core/text.h"

namespace ernstfall::cli {

void report_error(Context& context, const Error& error) {
  for (const std::string& line : split(to_string(error), '\n'))
    fmt::print(stderr, "ernstfall: {}\n", line);
  context.exit_code = exit_code_for(error);
}

}  // namespace ernstfall::cli

namespace {

constexpr const char* kFooter = R"(
Exit codes: 0 pass, 1 expectation violated, 2 inconclusive, 3 DIRTY (something may still be broken on a
node), 64 usage, 69 cluster or lab unreachable or not fit, 70 internal error, 130/143 interrupted, after
healing.

Examples:
  ernstfall lab up
  ernstfall run scenarios/kill-prod.yaml --lab homelab
  ernstfall run scenarios/kill-prod.yaml --cluster my-cluster.yaml --dry-run
  ernstfall heal runs/latest
  ernstfall compare runs/before runs/after --tolerance 10%
  ernstfall assess runs --target 60s)";

int run_program(int argc, char** argv) {
  CLI::App app{"Ernstfall: how long recovery really took, and what was really lost"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "ernstfall " ERNSTFALL_VERSION);
  app.footer(kFooter);
  ernstfall::cli::Context context;
  ernstfall::cli::add_run(app, context);
  ernstfall::cli::add_heal(app, context);
  ernstfall::cli::add_inject(app, context);
  ernstfall::cli::add_report(app, context);
  ernstfall::cli::add_compare(app, context);
  ernstfall::cli::add_assess(app, context);
  ernstfall::cli::add_history(app, context);
  ernstfall::cli::add_validate(app, context);
  ernstfall::cli::add_list(app, context);
  ernstfall::cli::add_lab(app, context);
  ernstfall::cli::add_keeper(app, context);
  // Only where what follows is a command for somebody else; everywhere else "--" is CLI11's.
  const auto dashes = ernstfall::cli::passes_a_command_on(argc, argv)
                          ? std::find(argv, argv + argc, std::string_view("--"))
                          : argv + argc;
  if (dashes != argv + argc) context.words.assign(dashes + 1, argv + argc);
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has codes of its own (100 and more); ours are the documented ones.
    return app.exit(error) == 0 ? 0 : static_cast<int>(ernstfall::ExitCode::usage);
  }
  return static_cast<int>(ernstfall::cli::exit_code_after_signals(context.exit_code));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ernstfall: internal error: {}\n", error.what());
    return static_cast<int>(ernstfall::ExitCode::internal);
  }
}
