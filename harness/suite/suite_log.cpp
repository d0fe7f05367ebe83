// suite_log: JSON lines, appended and flushed one by one.
#include "harness/suite/suite_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxLogBytes = 64ULL << 20U;

std::string one_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Fields may be missing or of another type: the file may come from another version.
template <typename T>
T value_or(const Json& json, const char* key, T otherwise) {
  const auto it = json.find(key);
  if (it == json.end()) return otherwise;
  try {
    return it->get<T>();
  } catch (const Json::exception&) {
    return otherwise;
  }
}

void take_run_end(const Json& json, SuiteRun& run) {
  run.ended = true;
  run.folder = value_or<std::string>(json, "folder", "");
  run.outcome = trial_outcome_from(value_or<std::string>(json, "outcome", ""))
                    .value_or(TrialOutcome::unclear);
  run.why = value_or<std::string>(json, "why", "");
  run.dirty = value_or(json, "dirty", false);
  run.interrupted = value_or(json, "interrupted", false);
}

void take_line(const Json& json, SuiteState& state) {
  const auto kind = value_or<std::string>(json, "kind", "");
  if (kind == "run-begin") {
    SuiteRun run;
    run.number = value_or(json, "number", 0);
    run.level = value_or<std::string>(json, "level", "");
    state.runs.push_back(std::move(run));
  } else if (kind == "run-end") {
    const int number = value_or(json, "number", 0);
    const auto run = std::find_if(state.runs.begin(), state.runs.end(),
                                  [number](const SuiteRun& r) { return r.number == number; });
    if (run != state.runs.end()) take_run_end(json, *run);
  } else if (kind == "suite-end") {
    state.end = value_or<std::string>(json, "why", "");
  } else if (kind == "resumed") {
    state.end.clear();
  }
}

}  // namespace

bool is_suite_folder(const fs::path& folder) {
  std::error_code ec;
  return fs::is_regular_file(folder / kSuiteLogName, ec);
}

std::string_view suite_kind_name(SuiteKind kind) {
  return kind == SuiteKind::threshold ? "threshold" : "repeat";
}

Result<fs::path> create_suite_folder(const fs::path& runs_root, const Cluster& cluster,
                                     const Scenario& scenario, std::uint64_t seed,
                                     const std::string& version) {
  const RunClock clock;
  const std::string stem = format_utc_compact(clock.wall_base) + "-" + scenario.name + "-suite";
  ERNSTFALL_TRY(const fs::path folder, make_unique_folder(runs_root, stem));
  ERNSTFALL_CHECK(write_file_atomic(folder / "scenario.yaml", dump_scenario(scenario)));
  ERNSTFALL_CHECK(write_file_atomic(folder / "cluster.yaml", dump_cluster(cluster)));
  const Json first{
      {"kind", "suite-begin"},
      {"schema_version", 1},
      {"suite", suite_kind_name(scenario.threshold ? SuiteKind::threshold : SuiteKind::repeat)},
      {"scenario", scenario.name},
      {"cluster", cluster.name},
      {"seed", seed},
      {"started", format_utc(clock.wall_base)},
      {"program_version", version}};
  // Last: from here on the folder is a suite.
  ERNSTFALL_CHECK(write_file_atomic(folder / kSuiteLogName, one_line(first)));
  ERNSTFALL_CHECK(point_latest(folder));
  return folder;
}

Result<SuiteState> read_suite(const fs::path& folder) {
  const fs::path path = folder / kSuiteLogName;
  ERNSTFALL_TRY(const std::string text, read_file(path, kMaxLogBytes));
  SuiteState state;
  bool begun = false;
  for (const std::string& line : split(text, '\n')) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    if (begun) {
      take_line(json, state);
      continue;
    }
    if (value_or<std::string>(json, "kind", "") != "suite-begin") continue;
    begun = true;
    state.kind = value_or<std::string>(json, "suite", "") == "threshold" ? SuiteKind::threshold
                                                                         : SuiteKind::repeat;
    state.scenario = value_or<std::string>(json, "scenario", "");
    state.cluster = value_or<std::string>(json, "cluster", "");
    state.seed = value_or<std::uint64_t>(json, "seed", 0);
    state.started_utc = value_or<std::string>(json, "started", "");
    state.program_version = value_or<std::string>(json, "program_version", "");
  }
  if (!begun) return fail_at(Errc::corrupt, path.string(), "its first line is not that of a suite");
  return state;
}

Result<SuiteLog> SuiteLog::open(const fs::path& folder) {
  const fs::path path = folder / kSuiteLogName;
  Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!fd.valid()) return tl::unexpected(errno_error(path, "cannot open"));
  SuiteLog log(std::move(fd), path);
  // Behind a line that a crash cut, so that the next one is whole; an empty line says nothing.
  ERNSTFALL_CHECK(log.append("\n"));
  return log;
}

Status SuiteLog::append(const std::string& line) {
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t wrote = ::write(fd_.get(), line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return tl::unexpected(errno_error(path_, "cannot append"));
    done += static_cast<std::size_t>(wrote);
  }
  if (::fdatasync(fd_.get()) != 0) return tl::unexpected(errno_error(path_, "cannot flush"));
  return {};
}

Status SuiteLog::run_begin(const SuiteRun& run) {
  Json json{{"kind", "run-begin"}, {"number", run.number}};
  if (!run.level.empty()) json["level"] = run.level;
  return append(one_line(json));
}

Status SuiteLog::run_end(const SuiteRun& run) {
  return append(one_line({{"kind", "run-end"},
                          {"number", run.number},
                          {"folder", run.folder},
                          {"outcome", trial_outcome_name(run.outcome)},
                          {"why", run.why},
                          {"dirty", run.dirty},
                          {"interrupted", run.interrupted}}));
}

Status SuiteLog::resumed() {
  return append(one_line({{"kind", "resumed"}}));
}

Status SuiteLog::suite_end(const std::string& why) {
  return append(one_line({{"kind", "suite-end"}, {"why", why}}));
}

}  // namespace ernstfall
