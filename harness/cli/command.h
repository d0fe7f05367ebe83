// command: how a subcommand joins the program. One file per subcommand in this folder; each exports
// one add_NAME(app, context) that declares its options and sets a callback, and main.cpp calls them
// all.
#pragma once

#include "harness/core/exit_code.h"
#include "harness/scenario/scenario.h"

namespace CLI {
class App;
}

namespace ernstfall::cli {

struct Context {
  // What stood behind "--", as it was typed: CLI11 would take a word like "[ -e x ]" for a list.
  std::vector<std::string> words;
  ExitCode exit_code = ExitCode::pass;  // set by the callback
};

// "ernstfall: where: what" on stderr, several lines kept; sets the exit code from the error.
void report_error(Context& context, const Error& error);

// Everything a scenario may name, from the catalogues of faults, probes, loads and checks.
const Catalogue& catalogue();

void add_lab(CLI::App& app, Context& context);       // lab_command.cpp
bool passes_a_command_on(int argc, char** argv);     // lab ssh, lab exec
void add_validate(CLI::App& app, Context& context);  // validate_command.cpp: validate, schema
void add_list(CLI::App& app, Context& context);      // list_command.cpp
void add_run(CLI::App& app, Context& context);       // run_command.cpp
void add_heal(CLI::App& app, Context& context);      // heal_command.cpp
void add_inject(CLI::App& app, Context& context);    // inject_command.cpp
void add_report(CLI::App& app, Context& context);    // report_command.cpp: report, recheck
void add_compare(CLI::App& app, Context& context);   // compare_command.cpp
void add_assess(CLI::App& app, Context& context);    // assess_command.cpp
void add_history(CLI::App& app,
                 Context& context);  // history_command.cpp: a run's history as JSON lines
void add_keeper(CLI::App& app, Context& context);  // keeper_command.cpp: the local dead-man

}  // namespace ernstfall::cli
