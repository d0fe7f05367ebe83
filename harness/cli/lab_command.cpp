// lab_command: `ernstfall lab ...`: the virtual machines to try things on.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/command.h"
#include "harness/cli/signals.h"
#include "harness/core/files.h"
#include "harness/core/text.h"
#include "lab/bmc.h"
#include "lab/lab.h"

namespace ernstfall::cli {
namespace {

struct LabOptions {
  std::string lab = "homelab";
  std::string topology;
  std::string node;
  std::string what;
  std::vector<std::string> argv;
  bool fresh = false;
  bool purge = false;
  bool json = false;
};

void say(std::string_view text) {
  fmt::print(stderr, "lab: {}\n", text);
}

Status replace_program(std::vector<std::string> argv) {
  std::vector<char*> pointers;
  for (std::string& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp(pointers.front(), pointers.data());
  return tl::unexpected(errno_error(argv.front(), "cannot start"));
}

// What was typed before "--" (for ssh, which does not need it) and behind it.
Argv typed_command(const LabOptions& options, const std::vector<std::string>& words) {
  Argv command = options.argv;
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

Status ssh(const LabOptions& options, const std::vector<std::string>& words) {
  ERNSTFALL_TRY(std::vector<std::string> argv, lab_ssh_argv(options.lab, options.node));
  ERNSTFALL_CHECK(enter_lab_namespace(options.lab));
  const Argv command = typed_command(options, words);
  if (!command.empty()) argv.push_back(shell_quote(command));
  return replace_program(std::move(argv));
}

Status exec(const LabOptions& options, const std::vector<std::string>& words) {
  Argv command = typed_command(options, words);
  if (command.empty())
    return fail(Errc::usage, "lab exec: which command? ernstfall lab exec -- COMMAND...");
  ERNSTFALL_CHECK(enter_lab_namespace(options.lab));
  return replace_program(std::move(command));
}

Status console(const LabOptions& options) {
  ERNSTFALL_TRY(const auto folder, lab_folder(options.lab));
  ERNSTFALL_TRY(const std::string text, read_file(folder / (options.node + ".console.log")));
  fmt::print("{}", text);
  return {};
}

Status power(const LabOptions& options) {
  const std::stop_token stop = stop_on_signals();
  if (options.what != "status") {
    const LabPower what = options.what == "on"    ? LabPower::on
                          : options.what == "off" ? LabPower::off
                                                  : LabPower::cycle;
    ERNSTFALL_CHECK(lab_power(options.lab, options.node, what,
                              Deadline::after(std::chrono::seconds(60)), stop));
  }
  ERNSTFALL_TRY(const bool on, lab_power_status(options.lab, options.node));
  fmt::print("{}\n", on ? "on" : "off");
  return {};
}

Status status(const LabOptions& options) {
  ERNSTFALL_TRY(const LabStatus lab, lab_status(options.lab));
  if (options.json) {
    nlohmann::json nodes = nlohmann::json::array();
    for (const LabNodeStatus& node : lab.nodes)
      nodes.push_back({{"name", node.name},
                       {"address", node.address},
                       {"powered", node.powered},
                       {"pid", node.pid}});
    const nlohmann::json document{{"schema_version", 1},
                                  {"lab", lab.name},
                                  {"exists", lab.exists},
                                  {"up", lab.up},
                                  {"accelerator", lab.accelerator},
                                  {"boot_seconds", lab.boot_seconds},
                                  {"has_snapshot", lab.has_snapshot},
                                  {"folder", lab.folder.string()},
                                  {"nodes", nodes}};
    fmt::print("{}\n", document.dump(2));
    return {};
  }
  if (!lab.exists) {
    fmt::print("lab {}: not there\n", lab.name);
    return {};
  }
  fmt::print("lab {}: {}, {}, last boot {:.1f} s, {}\n", lab.name, lab.up ? "up" : "not up",
             lab.accelerator, lab.boot_seconds, lab.has_snapshot ? "snapshot" : "no snapshot");
  for (const LabNodeStatus& node : lab.nodes)
    fmt::print("  {:<10} {:<14} {}\n", node.name, node.address,
               node.powered ? fmt::format("on (pid {})", node.pid) : "off");
  return {};
}

Status up(const LabOptions& options, bool named) {
  LabUpOptions up;
  up.name = named || options.topology.empty() ? options.lab : "";
  up.topology = options.topology;
  up.fresh = options.fresh;
  up.say = say;
  // No signal thread before the namespace was entered, which wants a single thread: a signal simply
  // ends `up`, and the next `up` or `down` finds everything that it left.
  return lab_up(up, {});
}

// For ipmi_sim alone.
Status chassis(const LabOptions& options) {
  ERNSTFALL_TRY(const std::string said,
                answer_chassis(options.lab, options.node, options.argv, stop_on_signals()));
  fmt::print("{}", said);
  return {};
}

Status list() {
  for (const std::string& lab : list_labs()) fmt::print("{}\n", lab);
  return {};
}

}  // namespace

bool passes_a_command_on(int argc, char** argv) {
  if (argc < 3 || std::string_view(argv[1]) != "lab") return false;
  const std::string_view what(argv[2]);
  return what == "ssh" || what == "exec";
}

void add_lab(CLI::App& app, Context& context) {
  auto options = std::make_shared<LabOptions>();
  CLI::App* lab = app.add_subcommand("lab", "virtual machines with real DRBD, on this machine");
  lab->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& help,
                       std::function<Status(CLI::App*)> run) {
    CLI::App* command = lab->add_subcommand(name, help);
    command->add_option("--lab", options->lab, "name of the lab")->capture_default_str();
    command->callback([command, run = std::move(run), &context] {
      if (const auto status = run(command); !status) report_error(context, status.error());
    });
    return command;
  };
  const auto quiet = [](std::string_view text) { say(text); };
  CLI::App* up_command = add("up", "bring it up; again: resume or do nothing",
                             [=](CLI::App* c) { return up(*options, c->count("--lab") > 0); });
  up_command->add_option("--topology", options->topology, "topology file");
  up_command->add_flag("--fresh", options->fresh, "from new disks, without the snapshot");
  CLI::App* down = add("down", "end it; disks and snapshot are kept",
                       [=](CLI::App*) { return lab_down(options->lab, options->purge); });
  down->add_flag("--purge", options->purge, "keep nothing");
  add("status", "what runs", [=](CLI::App*) {
    return status(*options);
  })->add_flag("--json", options->json, "one JSON document on stdout");
  add("list", "labs that exist", [](CLI::App*) { return list(); });
  add("snapshot", "save all machines together, memory and disks",
      [=](CLI::App*) { return lab_snapshot(options->lab, {}, quiet); });
  add("reset", "back to the snapshot",
      [=](CLI::App*) { return lab_reset(options->lab, {}, quiet); });
  CLI::App* ssh_command = add("ssh", "a shell, or a command, on a node",
                              [=, &context](CLI::App*) { return ssh(*options, context.words); });
  ssh_command->add_option("node", options->node, "node")->required();
  ssh_command->add_option("command", options->argv, "command and its arguments");
  add("console", "what a node's serial console printed",
      [=](CLI::App*) { return console(*options); })
      ->add_option("node", options->node, "node")
      ->required();
  add("exec", "run a command in the lab's network", [=, &context](CLI::App*) {
    return exec(*options, context.words);
  })->add_option("command", options->argv, "command and its arguments, after --");
  CLI::App* chassis_command = add("chassis", "what a lab's management controller asks",
                                  [=](CLI::App*) { return chassis(*options); });
  chassis_command->group("");
  chassis_command->add_option("node", options->node, "node")->required();
  chassis_command->add_option("words", options->argv, "get power; set power 0; check power 1");
  CLI::App* power_command = add("power", "switch a node's power: off is a power cut",
                                [=](CLI::App*) { return power(*options); });
  power_command->add_option("node", options->node, "node")->required();
  power_command->add_option("what", options->what, "on, off, cycle or status")
      ->required()
      ->check(CLI::IsMember({"on", "off", "cycle", "status"}));
}

}  // namespace ernstfall::cli
