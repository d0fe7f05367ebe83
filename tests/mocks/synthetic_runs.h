// synthetic_runs: runs of every kind that a report has words for, under a name each.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/model.h"
#include "tests/mocks/synthetic_canary.h"
#include "tests/mocks/synthetic_takeover.h"

namespace ernstfall::mocks {

struct RunWithSettings : SyntheticRun {
  std::map<std::string, std::string> settings;
};

inline SiblingRun sibling() {
  SiblingRun run;
  run.scenario = "kill-prod-attended";
  run.run_id = "20261122T031205Z-kill-prod-attended";
  run.attended = true;
  run.recovered_by = RecoveredBy::operator_steps;
  run.rto_lower_ms = 20'000;
  run.rto_upper_ms = 20'200;
  run.outage_observed = true;
  return run;
}

inline void drop_kind(SyntheticRun& run, std::string_view kind) {
  std::erase_if(run.history.events, [kind](const Event& event) { return event.kind == kind; });
}

// The same run, under another fault.
inline SyntheticRun with_fault(const std::string& fault) {
  SyntheticRun run = kill_prod();
  constexpr std::string_view kOld = "node.power-off";
  for (Event& event : run.history.events)
    if (const auto at = event.text.find(kOld); at != std::string::npos)
      event.text.replace(at, kOld.size(), fault);
  return run;
}

inline SyntheticRun split_brain_run() {
  SyntheticRun run = kill_prod({.attended = true});
  for (const Source& source : run.history.sources)
    if (source.name == "drbd.state@mirror")
      run.history.events.push_back(
          {source.id, seconds_ns(117.5), std::string(kinds::kDrbdLine),
           "call helper name:r0 peer-node-id:0 conn-name:peer helper:split-brain"});
  return run;
}

// Two faults beside each other, a third that a guard refused, and a blind stop condition.
inline SyntheticRun soak() {
  using nlohmann::json;
  SyntheticRun run = kill_prod();
  run.scenario.soak.emplace();
  run.scenario.faults.clear();
  const SourceId source = run.history.find_source("run")->id;
  const auto event = [&](double at_s, std::string_view kind, const json& text) {
    run.history.events.push_back({source, seconds_ns(at_s), std::string(kind), text.dump()});
  };
  for (int i = 0; i < 2; ++i) {
    json text{{"fault", "net.loss"}, {"node", i == 0 ? "prod" : "mirror"}, {"index", 10 + i}};
    event(50, kinds::kFaultIntended, text);
    json applied = text;
    applied.update({{"step", 4},
                    {"begun_from_ns", seconds_ns(50.1 + 0.03 * i)},
                    {"begun_until_ns", seconds_ns(50.102 + 0.03 * i)},
                    {"begun_by", "node"}});
    event(50.3, kinds::kFaultApplied, applied);
    event(50.4, kinds::kFaultConfirmed, text);
    event(60, kinds::kFaultUndone, text);
  }
  event(70, kinds::kFaultSkipped,
        {{"fault", "net.loss"}, {"node", "load"}, {"index", 12}, {"why", "QUOTED"}});
  event(71, kinds::kMetric, {{"known", false}, {"why", "QUOTED"}});
  event(72, kinds::kAborted, {{"why", "stopped by the user"}});
  return run;
}

inline SyntheticRun with_canary(SyntheticRun run, const std::string& read_back) {
  add_canary(run, read_back);
  return run;
}

inline std::vector<std::pair<std::string, RunWithSettings>> runs_of_canaries() {
  std::vector<std::pair<std::string, RunWithSettings>> runs;
  const auto add = [&runs](std::string name, SyntheticRun run) {
    runs.emplace_back(std::move(name), RunWithSettings{std::move(run), {}});
  };
  add("blocks kept", with_canary(kill_prod({.lost_writes = 3}), R"([["whole",0,150]])"));
  add("end lost", with_canary(kill_prod(), R"([["whole",0,139],["gone",140,149]])"));
  add("out of order",
      with_canary(kill_prod({.attended = true}),
                  R"([["whole",0,99],["torn",100,100],["wrong",101,101],["empty",102,102],)"
                  R"(["gone",103,103],["whole",104,149]])"));
  add("blocks not read", with_canary(kill_prod(), "[]"));
  SyntheticRun run = with_canary(kill_prod(), R"([["whole",0,139],["empty",140,199]])");
  add_later_writer(run);
  add("later writer", std::move(run));
  run = with_canary(kill_prod(), "[]");
  run.history.events.push_back({run.history.events.back().source, seconds_ns(141),
                                std::string(kinds::kCanaryUnread),
                                R"({"why":"no node answered in time"})"});
  add("nobody read", std::move(run));
  run = with_canary(kill_prod(), R"([["whole",0,149]])");
  Event& look = run.history.events.back();
  look.text.replace(look.text.find("direct"), 6, "cached");
  add("cached", std::move(run));
  run = with_canary(kill_prod(), "[]");
  run.history.events.back().text = "QUOTED";
  add("blocks garbled", std::move(run));
  run = with_canary(kill_prod(), R"([["whole",0,149]])");
  std::erase_if(run.history.ledger, [&run](const LedgerRecord& record) {
    return record.source == run.history.sources.back().id && record.seq > 3;
  });
  add("few blocks", std::move(run));
  run = with_canary(kill_prod(), R"([["whole",0,149]])");
  drop_kind(run, kinds::kCanaryBegin);
  add("no blocks", std::move(run));
  return runs;
}

inline std::vector<std::pair<std::string, RunWithSettings>> runs_of_every_kind() {
  std::vector<std::pair<std::string, RunWithSettings>> runs;
  const auto add = [&runs](std::string name, SyntheticRun run,
                           std::map<std::string, std::string> settings = {}) {
    runs.emplace_back(std::move(name), RunWithSettings{std::move(run), std::move(settings)});
  };
  add("unattended", kill_prod());
  add("attended", kill_prod({.attended = true}));
  add("lost", kill_prod({.attended = true, .lost_writes = 3}));
  for (const char* protocol : {"A", "B"})
    add("lost under protocol " + std::string(protocol),
        kill_prod({.attended = true, .lost_writes = 3}),
        {{"node: prod drbd-options resource \"r0\" connection net protocol", protocol}});
  add("not back", kill_prod({.service_up_s = 1000}));
  add("split brain", split_brain_run());
  add("soak", soak());
  for (const char* fault : {"disk.fill", "disk.slow", "net.loss", "unit.kill", "resource.cpu"})
    add(fault, with_fault(fault));
  add("takeover", takeover(),
      {{"node: mirror drbd-options resource \"r0\" connection net ping-int", "1"}});
  Takeover deaf;
  deaf.stream = false;
  deaf.journal = false;
  add("deaf", takeover(deaf));
  Takeover stepped;
  stepped.clock = [](TimeNs at) {
    return at > seconds_ns(50) ? std::int64_t{300'000'000'000} : std::int64_t{5'000'000};
  };
  add("stepped clock", takeover(stepped));
  Takeover fast;
  fast.clock = [](TimeNs at) { return at * 19 / 10; };
  add("fast clock", takeover(fast));
  fast.clock = [](TimeNs at) { return at / 50; };
  add("faster clock", takeover(fast));
  fast.clock = [](TimeNs at) { return -at / 50; };
  add("slower clock", takeover(fast));
  SyntheticRun run = kill_prod({.attended = true});
  drop_kind(run, kinds::kOperatorStep);
  add("by itself", std::move(run));
  run = kill_prod();
  drop_kind(run, kinds::kFaultConfirmed);
  add("not confirmed", std::move(run));
  run = kill_prod();
  for (Event& event : run.history.events)
    if (event.kind == kinds::kBaseline) event.text = R"({"ok":false,"why":"QUOTED"})";
  add("no baseline", std::move(run));
  run = kill_prod();
  std::erase_if(run.history.ledger,
                [](const LedgerRecord& record) { return record.step == LedgerStep::found; });
  add("not audited", std::move(run));
  run = kill_prod();
  run.history = History{};
  add("nothing", std::move(run));
  for (auto& canary : runs_of_canaries()) runs.push_back(std::move(canary));
  return runs;
}

}  // namespace ernstfall::mocks
