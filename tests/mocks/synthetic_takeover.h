// synthetic_takeover: a failover that never happened, every step at a stated moment, told by nodes
// whose clocks do as they like: for tests of phases.
#pragma once

#include "tests/mocks/synthetic_run.h"

namespace ernstfall::mocks {

struct Takeover {
  double cut_s = 20;         // prod loses power
  double noticed_s = 26.3;   // mirror's DRBD
  double promoted_s = 27.1;  // mirror
  double mounted_s = 28.4;
  double started_s = 31.9;  // the service's unit
  double answers_s = 33.0;
  double power_on_s = 90;
  double connected_s = 120;
  double redundant_s = 125;
  double end_s = 140;
  double rate_hz = 10;
  bool stream = true;   // somebody listens to DRBD
  bool journal = true;  // and to the journals
  // Node's clock minus ours, of every node.
  std::function<std::int64_t(TimeNs)> clock = [](TimeNs) { return std::int64_t{0}; };
  // Planted defect: what the readings say instead, as if the offset were not measured.
  std::function<std::int64_t(TimeNs)> claimed = {};
};

inline SyntheticRun takeover(const Takeover& t = {}) {
  HistoryBuilder out("20261123T031205Z-takeover");
  out.source("run");
  const auto tell = [&](const std::function<std::int64_t(TimeNs)>& clock) {
    for (const char* node : {"prod", "mirror", "load"}) out.clocks[node] = clock;
  };
  tell(t.claimed ? t.claimed : t.clock);
  for (double at = 1; at < t.end_s; at += 30)
    for (const char* node : {"prod", "mirror", "load"}) out.clock_answer(node, at);
  out.run_event(1, kinds::kPhase, R"({"phase":"baseline"})");
  out.run_event(0.1, kinds::kVersions, R"({"drbd@prod":"9.2.10","drbd@mirror":"9.2.10"})");
  const std::string what = R"({"fault":"node.power-off","node":"prod","index":0)";
  out.run_event(t.cut_s - 0.1, kinds::kFaultIntended, what + "}");
  out.run_event(t.cut_s + 0.02, kinds::kFaultApplied,
                what + R"(,"begun_from_ns":)" + std::to_string(seconds_ns(t.cut_s - 0.02)) +
                    R"(,"begun_until_ns":)" + std::to_string(seconds_ns(t.cut_s + 0.02)) + "}");
  out.run_event(
      t.cut_s + 1, kinds::kFaultConfirmed,
      what + R"(,"by":"off","effect_from_ns":)" + std::to_string(seconds_ns(t.cut_s - 0.02)) + "}");
  out.run_event(t.power_on_s, kinds::kFaultUndoBegin, what + "}");
  out.run_event(t.power_on_s + 20, kinds::kFaultUndone, what + R"(,"by":"answers"})");
  out.run_event(t.redundant_s + 0.6, kinds::kRedundancy);

  const SourceId write = out.source("webdav.write", "", t.rate_hz, 2);
  for (double at = 1; at < t.end_s - 1; at += 1 / t.rate_hz) {
    if (at < t.cut_s || at >= t.answers_s)
      out.sample(write, seconds_ns(at), seconds_ns(0.02), Outcome::ok, 201);
    else
      out.sample(write, seconds_ns(at), seconds_ns(0.01), Outcome::failed, 503);
  }

  out.stamped_polls = true;
  const auto poll = [&](double at, std::string_view role, std::string_view connection,
                        std::string_view replication) {
    tell(t.claimed ? t.claimed : t.clock);
    const bool whole = connection == "Connected";
    out.drbd_poll("mirror", at, role, connection, whole ? "Primary" : "Unknown", "UpToDate",
                  whole ? "UpToDate" : "DUnknown", replication, 0);
    tell(t.clock);
  };
  tell(t.clock);
  if (t.stream) {
    out.drbd_open("mirror", 0.7, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
    for (double at = 2; at < t.noticed_s; at += 2)
      poll(at, "Secondary", "Connected", "Established");
    out.drbd_connection("mirror", t.noticed_s + out.lag_s, "NetworkFailure", "Unknown");
    out.drbd_peer("mirror", t.noticed_s + out.lag_s, "Off", "DUnknown");
    out.drbd_role("mirror", t.promoted_s + out.lag_s, "Primary");
    for (double at = t.noticed_s + 0.5; at < t.promoted_s; at += 2)
      poll(at, "Secondary", "Connecting", "Off");
    for (double at = t.promoted_s + 1; at < t.connected_s; at += 2)
      poll(at, "Primary", "Connecting", "Off");
    out.drbd_connection("mirror", t.connected_s, "Connected", "Secondary");
    out.drbd_peer("mirror", t.connected_s, "SyncSource", "Inconsistent");
    out.drbd_peer("mirror", t.redundant_s, "Established", "UpToDate");
  }
  if (t.journal) {
    out.unit_started("mirror", 5, "cron.service");
    out.journal("mirror", t.mounted_s, "", "",
                "EXT4-fs (drbd0): mounted filesystem with ordered data mode", true);
    out.unit_started("mirror", t.started_s, "apache2.service");
    out.unit_started("mirror", t.answers_s + 9, "later.service");
  }
  SyntheticRun run{out.finish(), two_node_cluster(), kill_prod_scenario(false)};
  run.scenario.stable = std::chrono::seconds(5);
  return run;
}

}  // namespace ernstfall::mocks
