// bmc: ipmi_sim's configuration, its life, and what its power switch does.
#include "lab/bmc.h"

#include "harness/core/files.h"
#include "harness/core/hash.h"
#include "harness/process/process.h"
#include "lab/lab.h"
#include "lab/network.h"

namespace ernstfall {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Nanos kAnswersMax = seconds(20);
constexpr Nanos kSwitchMax = seconds(30);

std::string process_name(const LabNode& node) {
  return node.name + ".bmc";
}

Status give_address(const LabStore& store, const Topology& topology, const LabNode& node,
                    const std::stop_token& stop) {
  ProcessSpec spec;
  ERNSTFALL_TRY(spec.argv, enter_prefix(store));
  spec.argv.insert(spec.argv.end(),
                   {"ip", "address", "replace",
                    fmt::format("{}/{}", node.bmc, topology.prefix_length()), "dev", "lab0"});
  ERNSTFALL_CHECK(run_process_ok(spec, Deadline::after(seconds(20)), stop));
  return {};
}

Status start(const LabStore& store, const LabNode& node, const std::string& password) {
  const fs::path state = store.node_file(node.name, "bmc.d");
  ERNSTFALL_CHECK(make_directories(state));
  const std::string helper =
      shell_quote({own_program().string(), "lab", "chassis", "--lab", store.name(), node.name});
  const fs::path configuration = store.node_file(node.name, "bmc.conf");
  const fs::path commands = store.node_file(node.name, "bmc.emu");
  ERNSTFALL_CHECK(
      write_file_atomic(configuration, bmc_configuration(node, helper, password), 0600));
  ERNSTFALL_CHECK(write_file_atomic(commands, bmc_commands(), 0600));
  ProcessSpec spec;
  ERNSTFALL_TRY(spec.argv, enter_prefix(store));
  spec.argv.insert(spec.argv.end(), {"ipmi_sim", "-n", "-c", configuration.string(), "-f",
                                     commands.string(), "-s", state.string()});
  spec.extra_env = {{kLabMark, store.folder().string()}};
  ERNSTFALL_TRY(const int pid,
                spawn_detached(spec, store.node_file(node.name, "bmc.log").string()));
  return store.remember_process(process_name(node), pid);
}

// It answers once it is there; that it knows the power shows that its helper works.
Status wait_for_answer(const LabStore& store, const LabNode& node, const std::string& password,
                       const std::stop_token& stop) {
  ProcessSpec ask;
  ERNSTFALL_TRY(ask.argv, enter_prefix(store));
  ask.argv.insert(ask.argv.end(),
                  {"ipmitool", "-I", "lanplus", "-H", node.bmc, "-U", kBmcUser, "-C",
                   std::to_string(kBmcCipherSuite), "-E", "chassis", "power", "status"});
  ask.extra_env = {{"IPMITOOL_PASSWORD", password}, {"IPMI_PASSWORD", password}};
  const Deadline deadline = Deadline::after(kAnswersMax);
  while (true) {
    const auto answer = run_process(ask, deadline, stop);
    if (!answer && answer.error().code == Errc::io)
      return fail(Errc::unsupported, "ipmitool cannot be started (Debian package ipmitool)");
    if (answer && answer->ok()) return {};
    if (!store.process(process_name(node))) {
      const auto log = read_file(store.node_file(node.name, "bmc.log"), 1U << 16U);
      return fail_at(Errc::unsupported, node.name, "its controller, ipmi_sim, ended: {}",
                     log && !trim(*log).empty() ? elide(trim(*log), 400) : "no output");
    }
    if (deadline.expired() || !sleep_until(deadline.at_most(milliseconds(200)), stop))
      return fail_at(Errc::timeout, node.name, "its controller at {} does not answer: {}", node.bmc,
                     answer ? answer->summary() : answer.error().what);
  }
}

}  // namespace

std::string bmc_configuration(const LabNode& node, const std::string& helper,
                              const std::string& password) {
  // Without a GUID it speaks no IPMI 2.0. Nobody is let in without the password.
  return fmt::format(
      "name \"{}\"\n"
      "set_working_mc 0x20\n"
      "  startlan 1\n    addr {} 623\n    priv_limit admin\n    allowed_auths_admin md5\n"
      "    guid {}\n  endlan\n"
      "  chassis_control \"{}\"\n"
      "  user 2 true \"{}\" \"{}\" admin 10 md5\n",
      node.name, node.bmc, sha256_hex(node.name + node.bmc).substr(0, 32), helper, kBmcUser,
      password);
}

std::string bmc_commands() {
  return "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n"
         "mc_enable 0x20\n";
}

Status ensure_bmcs(const LabStore& store, const Topology& topology, const std::stop_token& stop) {
  if (!topology.has_bmc()) return {};
  ProcessSpec look;
  look.argv = {"which", "ipmi_sim"};
  if (const auto found = run_process(look, Deadline::after(seconds(10)), stop);
      !found || !found->ok())
    return fail(Errc::unsupported,
                "the topology has nodes with a \"bmc\", and ipmi_sim is not installed (Debian "
                "package openipmi)");
  ERNSTFALL_TRY(const std::string text, read_file(store.file(kBmcPasswordFile), 4096));
  const std::string password(trim(text));
  for (const LabNode& node : topology.nodes) {
    if (node.bmc.empty()) continue;
    ERNSTFALL_CHECK(give_address(store, topology, node, stop));
    if (!store.process(process_name(node))) ERNSTFALL_CHECK(start(store, node, password));
    ERNSTFALL_CHECK(wait_for_answer(store, node, password, stop));
  }
  return {};
}

Result<std::string> answer_chassis(const std::string& lab, const std::string& node,
                                   const std::vector<std::string>& words,
                                   const std::stop_token& stop) {
  const std::string what = words.empty() ? "" : words.front();
  std::string said;
  if (what == "get") {
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] != "power")
        return fail(Errc::unsupported, "\"{}\" is not to be had; expected power", words[i]);
      ERNSTFALL_TRY(const bool on, lab_power_status(lab, node));
      said += fmt::format("power:{}\n", on ? 1 : 0);
    }
    return said;
  }
  if ((what != "set" && what != "check") || words.size() < 3 || words.size() % 2 == 0)
    return fail(Errc::usage, "expected get NAME..., or set or check with names and values");
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    if (words[i] != "power" || (words[i + 1] != "0" && words[i + 1] != "1"))
      return fail(Errc::unsupported, "\"{} {}\" cannot be set; expected power 0 or 1", words[i],
                  words[i + 1]);
    if (what == "set")
      ERNSTFALL_CHECK(lab_power(lab, node, words[i + 1] == "1" ? LabPower::on : LabPower::off,
                                Deadline::after(kSwitchMax), stop));
  }
  return said;
}

}  // namespace ernstfall
