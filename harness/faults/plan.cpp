// plan: words and JSON for actions and observations.
#include "harness/faults/plan.h"

#include <nlohmann/json.hpp>

#include "harness/core/units.h"

namespace ernstfall {
namespace {

using nlohmann::json;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string_view operation_name(SwitchPower::Operation operation) {
  switch (operation) {
    case SwitchPower::Operation::on:
      return "on";
    case SwitchPower::Operation::off:
      return "off";
    case SwitchPower::Operation::cycle:
      return "cycle";
  }
  return "on";
}

Result<Action> action_from_json(const json& j) {
  const auto kind = j.at("kind").get<std::string>();
  if (kind == "remote") {
    RemoteAction action;
    action.name = j.at("name").get<std::string>();
    action.node = j.at("node").get<std::string>();
    action.argv = j.at("argv").get<Argv>();
    action.timeout = Nanos(j.at("timeout_ns").get<std::int64_t>());
    action.attempts = j.at("attempts").get<int>();
    action.connection_dies = j.at("connection_dies").get<bool>();
    return action;
  }
  if (kind == "power") {
    SwitchPower action;
    action.node = j.at("node").get<std::string>();
    const auto operation = j.at("operation").get<std::string>();
    action.operation = operation == "off"     ? SwitchPower::Operation::off
                       : operation == "cycle" ? SwitchPower::Operation::cycle
                                              : SwitchPower::Operation::on;
    action.off_for = Nanos(j.at("off_for_ns").get<std::int64_t>());
    return action;
  }
  if (kind == "revive")
    return ReviveAction{j.at("node").get<std::string>(),
                        Nanos(j.at("grace_ns").get<std::int64_t>())};
  if (kind == "script")
    return ScriptAction{
        j.at("name").get<std::string>(),  j.at("node").get<std::string>(),
        j.at("token").get<std::string>(), j.at("script").get<std::string>(),
        j.at("args").get<Argv>(),         Nanos(j.at("timeout_ns").get<std::int64_t>())};
  return fail(Errc::corrupt, "unknown kind of action \"{}\"", kind);
}

Result<Observation> observation_from_json(const json& j) {
  const auto kind = j.at("kind").get<std::string>();
  const auto node = j.at("node").get<std::string>();
  if (kind == "power-is-off") return PowerIsOff{node};
  if (kind == "node-went-down") return NodeWentDown{node, j.at("boot_id").get<std::string>()};
  if (kind == "node-is-back") return NodeIsBack{node, j.at("boot_id").get<std::string>(), false};
  if (kind == "script-sees")
    return ScriptSees{j.at("what").get<std::string>(), node, j.at("token").get<std::string>(),
                      j.at("script").get<std::string>(), j.at("args").get<Argv>()};
  return fail(Errc::corrupt, "unknown kind of observation \"{}\"", kind);
}

template <typename T>
Result<std::vector<T>> list_from_json(const json& list, Result<T> (*one)(const json&)) {
  std::vector<T> values;
  try {
    for (const json& item : list) {
      ERNSTFALL_TRY(T value, one(item));
      values.push_back(std::move(value));
    }
  } catch (const json::exception& error) {
    return fail(Errc::corrupt, "a plan in the journal cannot be read: {}", error.what());
  }
  return values;
}

}  // namespace

std::vector<Observation> accepting_unchanged(std::vector<Observation> observations) {
  for (Observation& observation : observations)
    if (auto* back = std::get_if<NodeIsBack>(&observation)) back->accept_unchanged = true;
  return observations;
}

std::string describe(const Action& action) {
  return std::visit(
      Overloaded{[](const RemoteAction& a) {
                   return fmt::format("{}{}on {}: {}", a.name, a.name.empty() ? "" : " ", a.node,
                                      shell_quote(a.argv));
                 },
                 [](const SwitchPower& a) {
                   return fmt::format("power {} {}", operation_name(a.operation), a.node);
                 },
                 [](const ReviveAction& a) {
                   return fmt::format("power-cycle {} unless it answers within {}", a.node,
                                      format_duration(a.grace));
                 },
                 [](const ScriptAction& a) {
                   return fmt::format("on {}: {}{}{}", a.node, a.name, a.args.empty() ? "" : ": ",
                                      shell_quote(a.args));
                 }},
      action);
}

std::string describe(const Observation& observation) {
  return std::visit(
      Overloaded{[](const PowerIsOff& o) {
                   return fmt::format("{}'s power control says off, and it does not answer",
                                      o.node);
                 },
                 [](const NodeWentDown& o) {
                   return fmt::format("{} stopped answering or has another boot id", o.node);
                 },
                 [](const NodeIsBack& o) {
                   return fmt::format("{} answers over SSH after a new boot", o.node);
                 },
                 [](const ScriptSees& o) { return fmt::format("{} on {}", o.what, o.node); }},
      observation);
}

json actions_to_json(const std::vector<Action>& actions) {
  json list = json::array();
  for (const Action& action : actions)
    list.push_back(std::visit(
        Overloaded{
            [](const RemoteAction& a) {
              return json{{"kind", "remote"},
                          {"name", a.name},
                          {"node", a.node},
                          {"argv", a.argv},
                          {"timeout_ns", a.timeout.count()},
                          {"attempts", a.attempts},
                          {"connection_dies", a.connection_dies}};
            },
            [](const SwitchPower& a) {
              return json{{"kind", "power"},
                          {"node", a.node},
                          {"operation", operation_name(a.operation)},
                          {"off_for_ns", a.off_for.count()}};
            },
            [](const ReviveAction& a) {
              return json{{"kind", "revive"}, {"node", a.node}, {"grace_ns", a.grace.count()}};
            },
            [](const ScriptAction& a) {
              return json{{"kind", "script"},
                          {"name", a.name},
                          {"node", a.node},
                          {"token", a.token},
                          {"script", a.script},
                          {"args", a.args},
                          {"timeout_ns", a.timeout.count()}};
            }},
        action));
  return list;
}

Result<std::vector<Action>> actions_from_json(const json& list) {
  return list_from_json<Action>(list, action_from_json);
}

json observations_to_json(const std::vector<Observation>& observations) {
  json list = json::array();
  for (const Observation& observation : observations)
    list.push_back(std::visit(
        Overloaded{[](const PowerIsOff& o) {
                     return json{{"kind", "power-is-off"}, {"node", o.node}};
                   },
                   [](const NodeWentDown& o) {
                     return json{{"kind", "node-went-down"},
                                 {"node", o.node},
                                 {"boot_id", o.boot_id_before}};
                   },
                   [](const NodeIsBack& o) {
                     return json{
                         {"kind", "node-is-back"}, {"node", o.node}, {"boot_id", o.boot_id_before}};
                   },
                   [](const ScriptSees& o) {
                     return json{{"kind", "script-sees"}, {"what", o.what},     {"node", o.node},
                                 {"token", o.token},      {"script", o.script}, {"args", o.args}};
                   }},
        observation));
  return list;
}

Result<std::vector<Observation>> observations_from_json(const json& list) {
  return list_from_json<Observation>(list, observation_from_json);
}

}  // namespace ernstfall
