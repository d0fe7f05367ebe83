// run_folder: creates run folders, keeps their locks, and finds runs that still owe an undo.
#include "harness/run/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "harness/inject/journal.h"

namespace ernstfall {

namespace fs = std::filesystem;
using nlohmann::json;

Result<fs::path> create_run_folder(const fs::path& runs_root, const Cluster& cluster,
                                   const Scenario& scenario, std::uint64_t seed,
                                   const RunClock& clock) {
  const std::string stem = format_utc_compact(clock.wall_base) + "-" + scenario.name;
  ERNSTFALL_TRY(const fs::path folder, make_unique_folder(runs_root, stem));
  const json meta{{"schema_version", 1},
                  {"run_id", folder.filename().string()},
                  {"scenario", scenario.name},
                  {"cluster", cluster.name},
                  {"seed", seed},
                  {"started", format_utc(clock.wall_base)},
                  {"program_version", ERNSTFALL_VERSION}};
  ERNSTFALL_CHECK(write_file_atomic(folder / "scenario.yaml", dump_scenario(scenario)));
  ERNSTFALL_CHECK(write_file_atomic(folder / "cluster.yaml", dump_cluster(cluster)));
  ERNSTFALL_CHECK(write_file_atomic(folder / "meta.json", meta.dump(2) + "\n"));
  ERNSTFALL_CHECK(point_latest(folder));
  return folder;
}

Result<RunMeta> read_run_meta(const fs::path& run_folder) {
  const fs::path path = run_folder / "meta.json";
  ERNSTFALL_TRY(const std::string text, read_file(path, 1U << 20U));
  try {
    const json meta = json::parse(text);
    return RunMeta{meta.at("run_id"), meta.at("scenario"), meta.at("cluster"),
                   meta.at("seed"),   meta.at("started"),  meta.value("program_version", "")};
  } catch (const json::exception& error) {
    return fail_at(Errc::corrupt, path.string(), "{}", error.what());
  }
}

Result<std::optional<FileLock>> FileLock::try_lock(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return tl::unexpected(errno_error(path, "cannot open the lock"));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
    return std::optional<FileLock>(FileLock(std::move(fd)));
  if (errno == EWOULDBLOCK) return std::optional<FileLock>();
  return tl::unexpected(errno_error(path, "cannot lock"));
}

fs::path run_lock_path(const fs::path& run_folder) {
  return run_folder / "lock";
}

Result<fs::path> cluster_lock_path(const std::string& cluster_name) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path base;
  if (cache != nullptr && *cache == '/')
    base = cache;
  else if (home != nullptr && *home == '/')
    base = fs::path(home) / ".cache";
  else
    return fail(Errc::usage, "neither XDG_CACHE_HOME nor HOME is set to an absolute path");
  const fs::path folder = base / "ernstfall" / "locks";
  ERNSTFALL_CHECK(make_directories(folder));
  std::string file;
  for (const char c : cluster_name) file += c == '/' ? '_' : c;
  return folder / (file + ".lock");
}

namespace {

std::string unhealed_below(const fs::path& root, const std::string& cluster) {
  std::error_code ec;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, ec)) {
    if (entry.is_symlink() || !entry.is_directory()) continue;
    if (is_suite_folder(entry.path())) {
      if (std::string run = unhealed_below(entry.path(), cluster); !run.empty()) return run;
      continue;
    }
    const auto state = read_journal(entry.path());
    if (state && state->cluster == cluster && state->has_open_undo()) return entry.path().string();
  }
  return {};
}

}  // namespace

std::string find_unhealed_run(const fs::path& runs_root, const std::string& cluster) {
  const fs::path root = fs::absolute(runs_root);
  return unhealed_below(is_suite_folder(root) ? root.parent_path() : root, cluster);
}

}  // namespace ernstfall
