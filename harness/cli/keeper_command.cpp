// keeper_command: `ernstfall keeper RUN`: the local dead-man; started by `ernstfall run`, not by
// people.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "harness/cli/command.h"
#include "harness/core/units.h"
#include "harness/inject/keeper.h"
#include "harness/run/heal.h"

namespace ernstfall::cli {
namespace {

struct Options {
  std::string run;
  std::string timeout;
};

Status run_keeper(const Options& options) {
  ERNSTFALL_TRY(const Nanos timeout, parse_duration(options.timeout));
  return keep(options.run, timeout, [&]() -> Status {
    const auto say = [](std::string_view text) {
      fmt::print("{} keeper: {}\n", format_utc(std::chrono::system_clock::now()), text);
      std::fflush(stdout);
    };
    say("no heartbeat of the harness: healing");
    HealOptions heal;
    heal.by = "keeper";
    heal.ignore_lock = true;
    heal.say = say;
    ERNSTFALL_TRY(const HealReport report, heal_run(options.run, heal, {}));
    if (report.clean()) return {};
    return fail(Errc::refused, "{} problems remain", report.problems.size());
  });
}

}  // namespace

void add_keeper(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("keeper", "the local dead-man of a run")->group("");
  command->add_option("run", options->run, "run folder")->required();
  command->add_option("--timeout", options->timeout, "heal after this time without a heartbeat")
      ->required();
  command->callback([options, &context] {
    if (const auto status = run_keeper(*options); !status) report_error(context, status.error());
  });
}

}  // namespace ernstfall::cli
