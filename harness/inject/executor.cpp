// executor: performs actions through Remote and Power, and polls for observations.
#include "harness/inject/executor.h"

#include <charconv>
#include <variant>

#include "harness/core/units.h"

namespace ernstfall {
namespace {

using std::chrono::seconds;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// How long one power command may take, and one question to a node; both are scaled.
constexpr Nanos kPowerTimeout = seconds(60);
constexpr Nanos kAskTimeout = seconds(10);  // a script may take three times as long
constexpr Nanos kStaysUp = seconds(3);
constexpr Nanos kPollPeriod = std::chrono::milliseconds(250);

bool means_node_is_away(const Error& error) {
  return error.code == Errc::unreachable || error.code == Errc::timeout;
}

}  // namespace

Result<std::unique_ptr<NodeSet>> NodeSet::open(const Cluster& cluster) {
  std::map<std::string, std::unique_ptr<Remote>> remotes;
  std::map<std::string, std::unique_ptr<Power>> powers;
  for (const Node& node : cluster.nodes) {
    ERNSTFALL_TRY(remotes[node.name], make_remote(node.name, node.ssh));
    if (node.power.kind != PowerConfig::Kind::none) {
      ERNSTFALL_TRY(powers[node.name], make_power(node));
    }
  }
  return std::make_unique<NodeSet>(cluster, std::move(remotes), std::move(powers));
}

NodeSet::NodeSet(const Cluster& cluster, std::map<std::string, std::unique_ptr<Remote>> remotes,
                 std::map<std::string, std::unique_ptr<Power>> powers)
    : cluster_(cluster) {
  for (auto& [name, remote] : remotes) remotes_.emplace(name, std::move(remote));
  for (auto& [name, power] : powers) powers_.emplace(name, std::move(power));
}

Remote* NodeSet::remote(std::string_view node) const {
  const auto it = remotes_.find(node);
  return it == remotes_.end() ? nullptr : it->second.get();
}

Power* NodeSet::power(std::string_view node) const {
  const auto it = powers_.find(node);
  return it == powers_.end() ? nullptr : it->second.get();
}

Result<std::string> Executor::perform(const Action& action, const std::stop_token& stop) {
  const auto silent = [](const Status& status) -> Result<std::string> {
    if (!status) return tl::unexpected(status.error());
    return std::string();
  };
  return std::visit(Overloaded{[&](const RemoteAction& a) { return silent(run_remote(a, stop)); },
                               [&](const SwitchPower& a) { return silent(run_power(a, stop)); },
                               [&](const ReviveAction& a) { return silent(run_revive(a, stop)); },
                               [&](const ScriptAction& a) {
                                 return run_script(
                                     a.node, a.token, a.script, a.args,
                                     Deadline::after(nodes_.cluster().scaled(a.timeout)), stop);
                               }},
                    action);
}

Result<std::string> Executor::output_of(const std::string& node, const std::string& script,
                                        const Argv& args, Deadline deadline,
                                        const std::stop_token& stop) {
  Remote* remote = nodes_.remote(node);
  if (remote == nullptr) return fail(Errc::internal, "no such node \"{}\"", node);
  ERNSTFALL_TRY(const ExecResult result, exec_script(*remote, script, args, deadline, stop));
  if (!result.ok()) return fail_at(Errc::protocol, node, "{}", result.summary());
  return result.out;
}

Result<std::string> Executor::run_script(const std::string& node, const std::string& token,
                                         const std::string& script, const Argv& args,
                                         Deadline deadline, const std::stop_token& stop) {
  Argv all{token};
  all.insert(all.end(), args.begin(), args.end());
  ERNSTFALL_TRY(const std::string out, output_of(node, script, all, deadline, stop));
  const std::string_view said = trim(out);
  return std::string(said.substr(0, said.find('\n')));
}

Result<Executor::Begun> Executor::begin(const ScriptAction& action,
                                        std::optional<std::int64_t> at_ns,
                                        const std::stop_token& stop) {
  Argv all;
  if (at_ns) all.push_back("at:" + std::to_string(*at_ns));
  all.push_back(action.token);
  all.insert(all.end(), action.args.begin(), action.args.end());
  ERNSTFALL_TRY(const std::string out,
                output_of(action.node, action.script, all,
                          Deadline::after(nodes_.cluster().scaled(action.timeout)), stop));
  Begun begun;
  const std::string mark = "ernstfall-" + action.token + " begun ";
  for (const std::string& line : split(out, '\n')) {
    if (line.rfind(mark, 0) != 0) {
      if (begun.said.empty()) begun.said = std::string(trim(line));
      continue;
    }
    const std::string_view digits = trim(std::string_view(line).substr(mark.size()));
    std::int64_t at = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), at);
    if (ec == std::errc() && end == digits.data() + digits.size()) begun.begun_ns = at;
  }
  return begun;
}

Status Executor::run_remote(const RemoteAction& action, const std::stop_token& stop) {
  Remote* remote = nodes_.remote(action.node);
  if (remote == nullptr) return fail(Errc::internal, "no such node \"{}\"", action.node);
  const std::string where = action.node + ": " + action.name;
  for (int attempt = 1;; ++attempt) {
    // What takes the node down with it answers with silence: waiting longer would prove nothing.
    const Deadline deadline = Deadline::after(
        action.connection_dies ? action.timeout : nodes_.cluster().scaled(action.timeout));
    const auto result = remote->exec({action.argv, {}, 1U << 16U}, deadline, stop);
    if (result && (result->ok() || action.connection_dies)) return {};
    if (!result && action.connection_dies && means_node_is_away(result.error())) return {};
    if (!result && result.error().code == Errc::cancelled) return tl::unexpected(result.error());
    const std::string why = result ? result->summary() : result.error().what;
    if (attempt >= action.attempts)
      return fail_at(result ? Errc::protocol : result.error().code, where, "{}", why);
    if (!sleep_until(Deadline::after(seconds(1)), stop))
      return fail_at(Errc::cancelled, where, "stopped between attempts");
  }
}

Status Executor::run_power(const SwitchPower& action, const std::stop_token& stop) {
  Power* power = nodes_.power(action.node);
  if (power == nullptr)
    return fail_at(Errc::unsupported, action.node, "this node has no power control");
  const Deadline deadline =
      Deadline::after(nodes_.cluster().scaled(kPowerTimeout) + action.off_for);
  if (action.operation == SwitchPower::Operation::on) return power->on(deadline, stop);
  ERNSTFALL_CHECK(power->off(deadline, stop));
  if (action.operation == SwitchPower::Operation::off) return {};
  if (!sleep_until(Deadline::after(action.off_for), stop))
    return fail_at(Errc::cancelled, action.node, "stopped while the power was off");
  return power->on(deadline, stop);
}

Status Executor::run_revive(const ReviveAction& action, const std::stop_token& stop) {
  const Deadline grace = Deadline::after(nodes_.cluster().scaled(action.grace));
  while (!grace.expired()) {
    if (boot_id(action.node, grace.at_most(kAskTimeout), stop)) return {};
    if (!sleep_until(grace.at_most(kPollPeriod), stop))
      return fail_at(Errc::cancelled, action.node, "stopped while waiting for the node");
  }
  return run_power({action.node, SwitchPower::Operation::cycle, seconds(1)}, stop);
}

Result<std::string> Executor::boot_id(const std::string& node, Deadline deadline,
                                      const std::stop_token& stop) {
  Remote* remote = nodes_.remote(node);
  if (remote == nullptr) return fail(Errc::internal, "no such node \"{}\"", node);
  ERNSTFALL_TRY(const std::string out,
                exec_ok(*remote, {"cat", "/proc/sys/kernel/random/boot_id"}, deadline, stop));
  const std::string id(trim(out));
  if (id.size() != 36)
    return fail_at(Errc::protocol, node, "the boot id reads \"{}\"", elide(id, 60));
  return id;
}

Result<std::string> Executor::observe(const Observation& observation, Deadline deadline,
                                      const std::stop_token& stop) {
  while (true) {
    const bool script = std::holds_alternative<ScriptSees>(observation);
    const Nanos ask = script ? 3 * nodes_.cluster().scaled(kAskTimeout) : Nanos(kAskTimeout);
    auto seen = check_once(observation, deadline.at_most(ask), stop);
    if (seen || seen.error().code == Errc::cancelled || seen.error().code == Errc::host_key ||
        seen.error().code == Errc::auth)
      return seen;
    if (deadline.expired())
      return fail(Errc::timeout, "expected that {}; instead: {}", describe(observation),
                  to_string(seen.error()));
    if (!sleep_until(deadline.at_most(kPollPeriod), stop))
      return fail(Errc::cancelled, "stopped while waiting until {}", describe(observation));
  }
}

Result<std::string> Executor::check_once(const Observation& observation, Deadline deadline,
                                         const std::stop_token& stop) {
  const auto power_is_off = [&](const PowerIsOff& o) -> Result<std::string> {
    Power* power = nodes_.power(o.node);
    if (power == nullptr) return fail_at(Errc::unsupported, o.node, "no power control to ask");
    ERNSTFALL_TRY(const bool on, power->is_on(deadline, stop));
    if (on) return fail_at(Errc::protocol, o.node, "the power control says on");
    // The second witness: a power control can be wrong, or speak of another machine.
    const auto id = boot_id(o.node, deadline.at_most(seconds(2)), stop);
    if (id) return fail_at(Errc::protocol, o.node, "the node still answers over SSH");
    if (!means_node_is_away(id.error())) return tl::unexpected(id.error());
    return fmt::format("{}: off; SSH: {}", power->describe(), id.error().what);
  };
  const auto went_down = [&](const NodeWentDown& o) -> Result<std::string> {
    const auto id = boot_id(o.node, deadline.at_most(seconds(3)), stop);
    if (id && *id == o.boot_id_before)
      return fail_at(Errc::protocol, o.node, "the node answers, with the boot id of before");
    if (id) return "boot id changed to " + *id;
    if (!means_node_is_away(id.error())) return tl::unexpected(id.error());
    // One lost question is not a dead node.
    if (!sleep_until(deadline.at_most(kPollPeriod), stop))
      return fail_at(Errc::cancelled, o.node, "stopped while watching the node");
    const auto again = boot_id(o.node, Deadline::after(seconds(3)), stop);
    if (again && *again == o.boot_id_before)
      return fail_at(Errc::protocol, o.node, "the node missed one question and answers again");
    return again ? "boot id changed to " + *again : "SSH, asked twice: " + again.error().what;
  };
  const auto is_back = [&](const NodeIsBack& o) -> Result<std::string> {
    ERNSTFALL_TRY(const std::string id, boot_id(o.node, deadline, stop));
    if (id == o.boot_id_before && !o.accept_unchanged)
      return fail_at(Errc::protocol, o.node, "the node answers, but with the boot id of before");
    if (id == o.boot_id_before) {
      // A command that takes it down may still be on its way: it has to stay for a moment.
      if (!sleep_until(Deadline::after(kStaysUp), stop))
        return fail_at(Errc::cancelled, o.node, "stopped while watching the node");
      ERNSTFALL_TRY(const std::string again, boot_id(o.node, deadline, stop));
      if (again != id) return fail_at(Errc::protocol, o.node, "the node is going down only now");
      return "SSH answers and the boot id is that of before: it never went down";
    }
    // degraded: started, with a failed unit; which units failed is the residue check's question.
    ERNSTFALL_TRY(const ExecResult state,
                  nodes_.remote(o.node)->exec({{"systemctl", "is-system-running"}, {}, 4096},
                                              deadline, stop));
    const std::string word(trim(state.out));
    if (word != "running" && word != "degraded")
      return fail_at(Errc::protocol, o.node, "the node answers, and its start-up is \"{}\"", word);
    return fmt::format("SSH answers with new boot id {}, system {}", id, word);
  };
  const auto script_sees = [&](const ScriptSees& o) {
    return run_script(o.node, o.token, o.script, o.args, deadline, stop);
  };
  return std::visit(Overloaded{power_is_off, went_down, is_back, script_sees}, observation);
}

}  // namespace ernstfall
