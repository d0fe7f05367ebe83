// synthetic_run: builds histories of runs that never happened, record by record, as a real run
// would have left them: for tests of checks and reports, and for the benchmark of the report.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "harness/cluster/cluster.h"
#include "harness/history/history.h"
#include "harness/history/kinds.h"
#include "harness/scenario/scenario.h"

namespace ernstfall::mocks {

constexpr TimeNs seconds_ns(double s) {
  return static_cast<TimeNs>(s * 1e9);
}

// Appends records to a History in memory.
class HistoryBuilder {
 public:
  explicit HistoryBuilder(std::string run_id = "20261123T031205Z-kill-prod") {
    history.header.run_id = std::move(run_id);
    history.header.wall_base_unix_ns = 1'795'403'525'123'000'000;  // 2026-11-23T03:12:05.123Z
  }

  SourceId source(const std::string& kind, const std::string& node = "", double rate_hz = 0,
                  double timeout_s = 0) {
    const std::string name = node.empty() ? kind : kind + "@" + node;
    for (const Source& known : history.sources)
      if (known.name == name) return known.id;
    Source added;
    added.id = static_cast<SourceId>(history.sources.size());
    added.name = name;
    added.kind = kind;
    added.node = node;
    added.period_ns = rate_hz > 0 ? seconds_ns(1.0 / rate_hz) : 0;
    added.timeout_ns = seconds_ns(timeout_s);
    history.sources.push_back(added);
    return added.id;
  }

  void sample(SourceId id, TimeNs scheduled, TimeNs duration, Outcome outcome,
              std::int32_t code = 0, std::string detail = "") {
    history.samples.push_back(
        {id, scheduled, scheduled, scheduled + duration, outcome, code, std::move(detail)});
  }
  void event(SourceId id, double at_s, std::string_view kind, std::string text = "{}") {
    history.events.push_back({id, seconds_ns(at_s), std::string(kind), std::move(text)});
  }
  void run_event(double at_s, std::string_view kind, std::string text = "{}") {
    event(source("run"), at_s, kind, std::move(text));
  }
  void ledger(std::uint64_t seq, LedgerStep step, double at_s, std::int32_t code = 0) {
    history.ledger.push_back({source("ledger.webdav"), seq, step, seconds_ns(at_s), code, ""});
  }

  // What a node's clock says: by default the right time. On the axis, in ns; node's minus ours.
  std::map<std::string, std::function<std::int64_t(TimeNs)>> clocks;
  double lag_s = 0.003;        // from a node's stamp to its arrival
  double question_s = 0.04;    // from a question to its answer; the stamp is made in the middle
  bool stamped_polls = false;  // polls carry the node's time, and have samples

  std::int64_t node_unix_ns(const std::string& node, double at_s) const {
    const TimeNs at = seconds_ns(at_s);
    const auto clock = clocks.find(node);
    return history.header.wall_base_unix_ns + at + (clock == clocks.end() ? 0 : clock->second(at));
  }
  std::string stamp(const std::string& node, double at_s) const {
    const std::int64_t micros = node_unix_ns(node, at_s) / 1000;
    const std::time_t seconds = micros / 1'000'000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06d+00:00", utc.tm_year + 1900,
                  utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                  static_cast<int>(micros % 1'000'000));
    return text;
  }
  // The clock watch asked, and the answer came at `at_s`.
  void clock_answer(const std::string& node, double at_s) {
    run_event(at_s, kinds::kClockAnswer,
              R"({"node":")" + node + R"(","asked_ns":)" +
                  std::to_string(seconds_ns(at_s - question_s)) + R"(,"answered_ns":)" +
                  std::to_string(seconds_ns(at_s)) + R"(,"node_ns":)" +
                  std::to_string(node_unix_ns(node, at_s - question_s / 2)) + R"(,"why":"test"})");
  }
  void journal(const std::string& node, double at_s, const std::string& id, const std::string& unit,
               const std::string& message, bool kernel = false, double boot_s = -1000,
               const std::string& boot = "boot-1") {
    event(source("node.journal", node), at_s + lag_s, kinds::kJournalLine,
          R"({"realtime_us":)" + std::to_string(node_unix_ns(node, at_s) / 1000) +
              R"(,"monotonic_us":)" +
              std::to_string((seconds_ns(at_s) - seconds_ns(boot_s)) / 1000) + R"(,"boot":")" +
              boot + R"(","id":")" + id + R"(","unit":")" + unit + R"(","kernel":)" +
              (kernel ? "true" : "false") + R"(,"message":")" + message + "\"}");
  }
  void unit_started(const std::string& node, double at_s, const std::string& unit) {
    journal(node, at_s, "39f53479d3a045ac8e11786248231fbf", unit, "Started " + unit + ".");
  }

  // DRBD 8.4 as `drbdsetup events2` prints it.
  void drbd_open(const std::string& node, double at_s, std::string_view role,
                 std::string_view connection, std::string_view peer_role, std::string_view disk,
                 std::string_view peer_disk) {
    const SourceId id = source("drbd.state", node);
    const std::string replication = connection == "Connected" ? "Established" : "Off";
    event(id, at_s, kinds::kDrbdStreamOpen, R"({"utils":"9.22.0","kernel":"8.4.11"})");
    const auto line = [&](std::string text) {
      event(id, at_s, kinds::kDrbdLine, stamp(node, at_s - lag_s) + " exists " + text);
    };
    line("resource name:r0 role:" + std::string(role) + " suspended:no");
    line("connection name:r0 peer-node-id:0 conn-name:peer connection:" + std::string(connection) +
         " role:" + std::string(peer_role));
    line("device name:r0 volume:0 minor:0 disk:" + std::string(disk));
    line("peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:" + replication +
         " peer-disk:" + std::string(peer_disk) + " resync-suspended:no");
    line("-");
  }
  void drbd_change(const std::string& node, double at_s, const std::string& text) {
    event(source("drbd.state", node), at_s, kinds::kDrbdLine,
          stamp(node, at_s - lag_s) + " change " + text);
  }
  void drbd_role(const std::string& node, double at_s, const std::string& role) {
    drbd_change(node, at_s, "resource name:r0 role:" + role);
  }
  void drbd_connection(const std::string& node, double at_s, const std::string& state,
                       const std::string& peer_role) {
    drbd_change(node, at_s,
                "connection name:r0 peer-node-id:0 conn-name:peer connection:" + state +
                    (peer_role.empty() ? "" : " role:" + peer_role));
  }
  void drbd_peer(const std::string& node, double at_s, const std::string& replication,
                 const std::string& peer_disk) {
    drbd_change(node, at_s,
                "peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:" +
                    replication + " peer-disk:" + peer_disk);
  }
  void drbd_disk(const std::string& node, double at_s, const std::string& disk) {
    drbd_change(node, at_s, "device name:r0 volume:0 minor:0 disk:" + disk);
  }
  void drbd_poll(const std::string& node, double at_s, std::string_view role,
                 std::string_view connection, std::string_view peer_role, std::string_view disk,
                 std::string_view peer_disk, std::string_view replication, int out_of_sync_kib) {
    std::string dump = "exists resource name:r0 role:" + std::string(role) +
                       " suspended:no write-ordering:flush\n";
    dump += "exists connection name:r0 peer-node-id:0 conn-name:peer connection:" +
            std::string(connection) + " role:" + std::string(peer_role) + " congested:no\n";
    dump += "exists device name:r0 volume:0 minor:0 disk:" + std::string(disk) +
            " size:262100 read:0 written:4 al-writes:8 bm-writes:0 upper-pending:0 "
            "lower-pending:0 al-suspended:no blocked:no\n";
    dump +=
        "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:" +
        std::string(replication) + " peer-disk:" + std::string(peer_disk) +
        " resync-suspended:no received:0 sent:0 out-of-sync:" + std::to_string(out_of_sync_kib) +
        " pending:0 unacked:0\nexists -\n";
    const SourceId id = source("drbd.state", node);
    if (stamped_polls) {
      std::string stamped;
      for (std::size_t from = 0; from < dump.size();) {
        const std::size_t end = dump.find('\n', from);
        stamped += stamp(node, at_s - question_s / 2) + " " + dump.substr(from, end + 1 - from);
        from = end + 1;
      }
      dump = stamped;
      sample(id, seconds_ns(at_s - question_s), seconds_ns(question_s), Outcome::ok);
    }
    event(id, at_s, kinds::kDrbdPoll, dump);
  }

  // Records are appended while things happen, so a real history is nearly in order of time.
  History finish() {
    std::stable_sort(history.events.begin(), history.events.end(),
                     [](const Event& a, const Event& b) { return a.at < b.at; });
    std::stable_sort(history.samples.begin(), history.samples.end(),
                     [](const Sample& a, const Sample& b) { return a.ended < b.ended; });
    return std::move(history);
  }

  History history;
};

inline Cluster two_node_cluster() {
  Cluster cluster;
  cluster.name = "homelab";
  cluster.disposable = true;
  for (const char* name : {"prod", "mirror", "load", "dash"}) {
    Node node;
    node.name = name;
    node.address = std::string(name) + ".example";
    cluster.nodes.push_back(node);
  }
  cluster.nodes[0].roles = {"drbd-primary", "service"};
  cluster.nodes[1].roles = {"drbd-secondary"};
  cluster.nodes[2].roles = {"ingress"};
  cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  cluster.service = ServiceConfig{};
  cluster.service->url = "https://cloud.lab/";
  return cluster;
}

inline Scenario kill_prod_scenario(bool attended) {
  Scenario scenario;
  scenario.name = attended ? "kill-prod-attended" : "kill-prod";
  scenario.title =
      attended ? "prod loses power, the owner follows the runbook" : "prod loses power";
  scenario.cause = "the power of prod is cut while clients write";
  scenario.effect = "mirror takes over and no acknowledged write is lost";
  scenario.compare_with = attended ? "kill-prod" : "kill-prod-attended";
  FaultStep fault;
  fault.fault = "node.power-off";
  fault.on = "prod";
  fault.hold = std::chrono::seconds(60);
  scenario.faults = {fault};
  scenario.loads = {LoadSpec{}};
  scenario.expect.rto_max = std::chrono::seconds(60);
  scenario.expect.lost_max = 0;
  if (attended) {
    scenario.attended = Operator{};
    scenario.attended->reaction = std::chrono::seconds(20);
    scenario.attended->steps = {
        {"promote mirror", "mirror", {"drbdadm", "primary", "r0"}},
        {"mount", "mirror", {"mount", "/dev/drbd0", "/srv/cloud"}},
        {"start the service", "mirror", {"systemctl", "start", "apache2"}},
        {"switch the ingress", "load", {"systemctl", "start", "to-mirror"}}};
    scenario.attended->restore = {{"stop the service", "mirror", {"systemctl", "stop", "apache2"}},
                                  {"promote prod", "prod", {"drbdadm", "primary", "r0"}}};
  }
  return scenario;
}

struct KillProd {
  double rate_hz = 10;  // of the three service probes
  bool attended = false;
  double cut_s = 20;
  double power_on_s = 82;       // hold and confirmation are over
  double service_up_s = 124.3;  // unattended: when prod serves again
  double operator_up_s = 46.2;  // attended: when mirror serves
  double end_s = 150;
  std::uint64_t lost_writes = 0;  // the youngest acknowledged before the cut
  int day = 0;                    // begun so many days later
};

struct SyntheticRun {
  History history;
  Cluster cluster;
  Scenario scenario;
};

namespace detail {

// Deterministic noise in [0, 1).
class Noise {
 public:
  double next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 40) / static_cast<double>(1ULL << 24);
  }

 private:
  std::uint64_t state_ = 42;
};

inline void add_service_samples(HistoryBuilder& out, const KillProd& p, std::string_view kind,
                                double base_ms, Noise& noise) {
  const SourceId id = out.source(std::string(kind), "", p.rate_hz, 2);
  const auto slots = static_cast<std::int64_t>((p.end_s - 1) * p.rate_hz);
  const double up_s = p.attended ? p.operator_up_s : p.service_up_s;
  for (std::int64_t i = 0; i < slots; ++i) {
    const double at = 1 + static_cast<double>(i) / p.rate_hz;
    const TimeNs when = seconds_ns(at);
    const bool restoring = p.attended && at >= 140 && at < 142.4;
    if (at < p.cut_s || (at >= up_s && !restoring)) {
      double ms = base_ms * (0.7 + 0.6 * noise.next());
      if (noise.next() > 0.99) ms *= 6;
      const bool cold = at >= up_s && at < up_s + 0.6;
      if (cold) ms *= 8;
      out.sample(id, when, seconds_ns(ms / 1000), Outcome::ok, kind == "webdav.write" ? 201 : 200);
    } else if (at < p.cut_s + 3.1) {
      out.sample(id, when, seconds_ns(2), Outcome::timeout, -28, "no answer in 2 s");
    } else {
      out.sample(id, when, seconds_ns(0.004 + 0.002 * noise.next()), Outcome::failed, 503,
                 "503 Service Unavailable");
    }
  }
}

inline void add_reach_samples(HistoryBuilder& out, const KillProd& p, Noise& noise) {
  for (const char* node : {"prod", "mirror", "load", "dash"}) {
    const SourceId id = out.source("node.reach", node, 2, 1);
    for (double at = 0.5; at < p.end_s; at += 0.5) {
      const bool down = std::string_view(node) == "prod" && at >= p.cut_s && at < p.power_on_s + 30;
      if (down)
        out.sample(id, seconds_ns(at), seconds_ns(1), Outcome::timeout, 0, "no echo reply");
      else
        out.sample(id, seconds_ns(at), seconds_ns(0.0004 + 0.0004 * noise.next()), Outcome::ok);
    }
  }
}

inline void add_ledger(HistoryBuilder& out, const KillProd& p) {
  const double up_s = p.attended ? p.operator_up_s : p.service_up_s;
  std::uint64_t seq = 0;
  std::vector<std::uint64_t> acknowledged;
  std::vector<std::uint64_t> before_cut;
  for (double at = 1; at < p.end_s - 10; at += 0.2) {
    ++seq;
    out.ledger(seq, LedgerStep::invoked, at);
    if (at < p.cut_s || at >= up_s) {
      out.ledger(seq, LedgerStep::acknowledged, at + 0.02, 201);
      acknowledged.push_back(seq);
      if (at < p.cut_s) before_cut.push_back(seq);
    } else {
      out.ledger(seq, LedgerStep::indeterminate, at + (at < p.cut_s + 3 ? 10 : 0.01), 503);
    }
  }
  const std::size_t kept =
      before_cut.size() - std::min<std::size_t>(p.lost_writes, before_cut.size());
  for (const std::uint64_t number : acknowledged) {
    const auto it = std::find(before_cut.begin(), before_cut.end(), number);
    const bool lost =
        it != before_cut.end() && static_cast<std::size_t>(it - before_cut.begin()) >= kept;
    out.ledger(number, lost ? LedgerStep::lost : LedgerStep::found,
               p.end_s - 5 + static_cast<double>(number) / 1000, lost ? 404 : 200);
  }
}

inline void add_fault(HistoryBuilder& out, const KillProd& p) {
  const std::string what = R"("fault":"node.power-off","node":"prod","index":0)";
  out.run_event(
      0.1, kinds::kVersions,
      R"({"ernstfall":"0.1.0","drbd@prod":"8.4.11","drbd@mirror":"8.4.11","drbd-utils":"9.22.0"})");
  out.run_event(0.2, kinds::kClockOffset,
                R"({"node":"prod","offset_ns":1200000,"uncertainty_ns":400000})");
  out.run_event(0.5, kinds::kPhase, R"({"phase":"preflight"})");
  out.run_event(1.0, kinds::kPhase, R"({"phase":"baseline"})");
  out.run_event(p.cut_s - 0.4, kinds::kBaseline, R"({"ok":true,"why":""})");
  out.run_event(p.cut_s - 0.3, kinds::kPhase, R"({"phase":"inject"})");
  out.run_event(p.cut_s - 0.1, kinds::kFaultIntended, "{" + what + "}");
  out.run_event(p.cut_s + 0.05, kinds::kFaultApplied, "{" + what + "}");
  out.run_event(
      p.cut_s + 2.1, kinds::kFaultConfirmed,
      "{" + what +
          R"(,"by":"the power control says off, and prod does not answer","effect_from_ns":)" +
          std::to_string(seconds_ns(p.cut_s - 0.02)) + "}");
  out.run_event(p.cut_s + 2.2, kinds::kPhase, R"({"phase":"hold"})");
  out.run_event(p.power_on_s, kinds::kFaultUndoBegin, "{" + what + "}");
  out.run_event(p.power_on_s, kinds::kPhase, R"({"phase":"undo"})");
  out.run_event(p.power_on_s + 36, kinds::kFaultUndone,
                "{" + what + R"(,"by":"prod answers over SSH with a new boot id"})");
  out.run_event(p.power_on_s + 36.1, kinds::kPhase, R"({"phase":"settle"})");
  out.run_event(131.4, kinds::kRedundancy);
  out.run_event(p.end_s - 5.5, kinds::kPhase, R"({"phase":"collect"})");
}

inline void add_operator(HistoryBuilder& out) {
  const auto step = [&](double begin, double end, std::string_view kind, const std::string& name,
                        const std::string& node) {
    const std::string what = R"("step":")" + name + R"(","node":")" + node + '"';
    out.run_event(begin, kind, "{" + what + R"(,"state":"begin"})");
    out.run_event(end, kind, "{" + what + R"(,"state":"done","detail":""})");
  };
  step(42.1, 43.0, kinds::kOperatorStep, "promote mirror", "mirror");
  step(43.0, 43.8, kinds::kOperatorStep, "mount", "mirror");
  step(43.8, 45.2, kinds::kOperatorStep, "start the service", "mirror");
  step(45.2, 46.1, kinds::kOperatorStep, "switch the ingress", "load");
  step(139.9, 141.0, kinds::kOperatorRestore, "stop the service", "mirror");
  step(141.0, 142.3, kinds::kOperatorRestore, "promote prod", "prod");
}

inline void add_polls(HistoryBuilder& out, const std::string& node, double from, double to,
                      std::string_view role, std::string_view connection,
                      std::string_view peer_role, std::string_view peer_disk,
                      std::string_view replication) {
  for (double at = from; at < to; at += 2)
    out.drbd_poll(node, at, role, connection, peer_role, "UpToDate", peer_disk, replication, 0);
}

inline void add_drbd_before(HistoryBuilder& out, const KillProd& p) {
  out.drbd_open("prod", 0.6, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.7, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  add_polls(out, "prod", 2, p.cut_s, "Primary", "Connected", "Secondary", "UpToDate",
            "Established");
  add_polls(out, "mirror", 2.1, p.cut_s + 6, "Secondary", "Connected", "Primary", "UpToDate",
            "Established");
  out.drbd_connection("mirror", p.cut_s + 6.4, "NetworkFailure", "Unknown");
  out.drbd_peer("mirror", p.cut_s + 6.4, "Off", "DUnknown");
  out.drbd_connection("mirror", p.cut_s + 6.42, "Unconnected", "");
  out.drbd_connection("mirror", p.cut_s + 6.43, "Connecting", "");
  out.event(out.source("drbd.state", "prod"), p.cut_s + 15, kinds::kDrbdStreamClosed,
            R"({"why":"the connection was lost"})");
}

inline void add_drbd_after(HistoryBuilder& out, const KillProd& p) {
  const std::string mirror_role = p.attended ? "Primary" : "Secondary";
  if (p.attended) out.drbd_role("mirror", 42.9, "Primary");
  add_polls(out, "mirror", p.cut_s + 8, p.attended ? 42.5 : 116, "Secondary", "Connecting",
            "Unknown", "DUnknown", "Off");
  if (p.attended)
    add_polls(out, "mirror", 43.1, 116, "Primary", "Connecting", "Unknown", "DUnknown", "Off");
  out.drbd_open("prod", 117.2, "Secondary", "Connected", mirror_role, "UpToDate", "UpToDate");
  out.drbd_connection("mirror", 116.9, "Connected", "Secondary");
  out.drbd_peer("mirror", 116.95, p.attended ? "SyncSource" : "SyncTarget",
                p.attended ? "Inconsistent" : "UpToDate");
  if (!p.attended) out.drbd_disk("mirror", 116.95, "Inconsistent");
  if (!p.attended) {
    out.drbd_role("prod", 119.5, "Primary");
    out.drbd_connection("mirror", 119.5, "Connected", "Primary");
    out.drbd_disk("mirror", 131.2, "UpToDate");
  }
  out.drbd_peer("mirror", 131.2, "Established", "UpToDate");
  const double until = p.attended ? 140 : p.end_s;
  add_polls(out, "prod", 131.5, until, p.attended ? "Secondary" : "Primary", "Connected",
            mirror_role, "UpToDate", "Established");
  add_polls(out, "mirror", 131.6, until, mirror_role, "Connected",
            p.attended ? "Secondary" : "Primary", "UpToDate", "Established");
  for (double at = 118; at < 131; at += 2) {
    out.drbd_poll("prod", at, at < 119.5 || p.attended ? "Secondary" : "Primary", "Connected",
                  mirror_role, "UpToDate", p.attended ? "UpToDate" : "Inconsistent", "SyncSource",
                  4096);
  }
  if (!p.attended) return;
  out.drbd_connection("prod", 140.9, "Connected", "Secondary");
  out.drbd_role("mirror", 140.95, "Secondary");
  out.drbd_role("prod", 141.8, "Primary");
  out.drbd_connection("mirror", 141.85, "Connected", "Primary");
  add_polls(out, "prod", 142, p.end_s, "Primary", "Connected", "Secondary", "UpToDate",
            "Established");
  add_polls(out, "mirror", 142.1, p.end_s, "Secondary", "Connected", "Primary", "UpToDate",
            "Established");
}

}  // namespace detail

// The main scenario of the project as the lab plays it: prod's power is cut and given back after a
// minute; unattended nobody promotes mirror, attended the owner does.
inline SyntheticRun kill_prod(const KillProd& p = {}) {
  HistoryBuilder out(p.attended ? "20261123T034410Z-kill-prod-attended"
                                : "20261123T031205Z-kill-prod");
  out.history.header.wall_base_unix_ns += p.day * 86'400 * kNsPerSecond;
  detail::Noise noise;
  out.source("run");
  detail::add_service_samples(out, p, "webdav.write", 26, noise);
  detail::add_service_samples(out, p, "webdav.read", 9, noise);
  detail::add_service_samples(out, p, "http.get", 5, noise);
  detail::add_reach_samples(out, p, noise);
  detail::add_fault(out, p);
  if (p.attended) detail::add_operator(out);
  detail::add_drbd_before(out, p);
  detail::add_drbd_after(out, p);
  detail::add_ledger(out, p);
  return {out.finish(), two_node_cluster(), kill_prod_scenario(p.attended)};
}

}  // namespace ernstfall::mocks
