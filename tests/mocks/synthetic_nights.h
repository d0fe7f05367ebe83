// synthetic_nights: the run folders that some nights left: two clusters, a scenario in two
// versions, and runs of every kind that does not count. For tests of the overview.
#pragma once

#include <filesystem>
#include <string>

#include "tests/mocks/run_folder.h"

namespace ernstfall::mocks {

// A fault that nobody noticed: the service answers all the time, DRBD stays connected.
struct CalmRun {
  std::string scenario = "delay-home-link";
  std::string fault = "net.delay";
  std::string node = "mirror";
  std::string cluster = "homelab";
  std::string drbd = "8.4.11";
  int day = 0;
  bool confirmed = true;
};

inline SyntheticRun calm_run(const CalmRun& calm) {
  HistoryBuilder out("calm");
  out.history.header.wall_base_unix_ns += calm.day * 86'400 * kNsPerSecond;
  out.source("run");
  KillProd p;
  p.service_up_s = p.cut_s;
  p.end_s = 80;
  detail::Noise noise;
  detail::add_service_samples(out, p, "webdav.write", 26, noise);
  const std::string what =
      R"({"fault":")" + calm.fault + R"(","node":")" + calm.node + R"(","index":0)";
  out.run_event(0.1, kinds::kVersions,
                R"({"ernstfall":"0.1.0","drbd@prod":")" + calm.drbd + R"(","drbd@mirror":")" +
                    calm.drbd + R"(","drbd-utils":"9.22.0"})");
  out.run_event(1.0, kinds::kPhase, R"({"phase":"baseline"})");
  out.run_event(p.cut_s - 0.4, kinds::kBaseline, R"({"ok":true,"why":""})");
  out.run_event(p.cut_s - 0.1, kinds::kFaultIntended, what + "}");
  out.run_event(p.cut_s + 0.05, kinds::kFaultApplied, what + "}");
  if (calm.confirmed)
    out.run_event(p.cut_s + 1, kinds::kFaultConfirmed,
                  what + R"(,"by":"seen from the other side","effect_from_ns":)" +
                      std::to_string(seconds_ns(p.cut_s)) + "}");
  else
    out.run_event(p.cut_s + 1, kinds::kFaultNotConfirmed, what + R"(,"why":"no packet was late"})");
  out.run_event(50, kinds::kFaultUndoBegin, what + "}");
  out.run_event(51, kinds::kFaultUndone, what + R"(,"by":"nothing of ours is left"})");
  out.run_event(52, kinds::kRedundancy);
  out.drbd_open("prod", 0.6, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.7, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  detail::add_polls(out, "prod", 2, p.end_s, "Primary", "Connected", "Secondary", "UpToDate",
                    "Established");
  detail::add_polls(out, "mirror", 2.1, p.end_s, "Secondary", "Connected", "Primary", "UpToDate",
                    "Established");
  detail::add_ledger(out, p);
  SyntheticRun run{out.finish(), two_node_cluster(), kill_prod_scenario(false)};
  run.cluster.name = calm.cluster;
  run.scenario.name = calm.scenario;
  run.scenario.title = "the line home is slow";
  run.scenario.cause = "every packet to mirror is late";
  run.scenario.effect = "nobody notices";
  run.scenario.compare_with.clear();
  run.scenario.faults.front().fault = calm.fault;
  run.scenario.faults.front().on = calm.node;
  return run;
}

inline Catalogue nights_catalogue() {
  Catalogue catalogue;
  for (const char* fault : {"net.delay", "net.isolate", "node.power-off"})
    catalogue.faults.push_back({fault, "", {}, true});
  catalogue.loads.push_back({"ledger.webdav", "", {}, false});
  return catalogue;
}

// What a crash of the harness leaves: the end of the history is missing.
inline void cut_history(const std::filesystem::path& run_folder) {
  std::filesystem::path largest;
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(run_folder / "history"))
    if (entry.is_regular_file() && entry.file_size() > size) {
      largest = entry.path();
      size = entry.file_size();
    }
  std::filesystem::resize_file(largest, size - 100);
}

// 13 run folders and a suite's folder in `root`.
inline void write_nights(const std::filesystem::path& root) {
  const auto at = [](int day) { return "2026-11-2" + std::to_string(3 + day) + "T03:12:05Z"; };
  for (int day = 0; day < 3; ++day)
    write_run_folder(
        root / ("kill-prod-" + std::to_string(day)),
        kill_prod({.service_up_s = 124.3 + 2 * day, .lost_writes = day == 2 ? 3U : 0U, .day = day}),
        at(day));
  SyntheticRun longer = kill_prod({.service_up_s = 134.3, .day = 3});
  longer.scenario.faults.front().hold = std::chrono::seconds(90);
  write_run_folder(root / "kill-prod-3-longer", longer, at(3));
  write_run_folder(root / "attended-0", kill_prod({.attended = true, .day = 0}), at(0));
  write_run_folder(root / "attended-1-broken", kill_prod({.attended = true, .day = 1}), at(1));
  EXPECT_TRUE(write_file_atomic(root / "attended-1-broken" / "cluster.yaml", "cluster: [\n"));

  write_run_folder(root / "delay-0", calm_run({.day = 0}), at(0));
  write_run_folder(root / "delay-1-newer-drbd", calm_run({.drbd = "8.4.12", .day = 1}), at(1));
  write_run_folder(root / "delay-2-cut", calm_run({.day = 2}), at(2));
  cut_history(root / "delay-2-cut");
  write_run_folder(root / "delay-3-not-seen", calm_run({.day = 3, .confirmed = false}), at(3));
  write_run_folder(root / "delay-spare", calm_run({.cluster = "spare", .day = 1}), at(1));

  write_run_folder(root / "isolate-dirty",
                   calm_run({.scenario = "isolate-mirror", .fault = "net.isolate", .day = 2}),
                   at(2));
  EXPECT_TRUE(
      write_file_atomic(root / "isolate-dirty" / "journal.jsonl",
                        "{\"kind\":\"undo-planned\",\"id\":3,\"what\":\"net.isolate on mirror\"}\n"
                        "{\"kind\":\"dirty\",\"id\":3,\"why\":\"mirror does not answer\"}\n"
                        "{\"kind\":\"run-end\"}\n"));

  write_run_folder(root / "no-meta", calm_run({}), at(0));
  std::filesystem::remove(root / "no-meta" / "meta.json");
  for (const auto& entry : std::filesystem::directory_iterator(root))
    if (entry.path().filename() != "delay-2-cut") {
      EXPECT_TRUE(write_file_atomic(entry.path() / "report.html", "<!doctype html>"));
    }
  std::filesystem::create_directories(root / "threshold-home-delay");
  EXPECT_TRUE(write_file_atomic(root / "threshold-home-delay" / "suite.jsonl", "{}\n"));
  std::filesystem::create_directory_symlink("delay-0", root / "latest");
}

}  // namespace ernstfall::mocks
