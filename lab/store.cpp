// store: the folders of labs, their state files, and finding their processes.
#include "lab/store.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "harness/process/process.h"
#include "lab/lab.h"

namespace ernstfall {

namespace fs = std::filesystem;
using nlohmann::json;

Result<fs::path> cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "ernstfall";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache" / "ernstfall";
  return fail(Errc::usage, "neither XDG_CACHE_HOME nor HOME is set to an absolute path");
}

fs::path data_folder() {
  if (const char* data = std::getenv("ERNSTFALL_DATA"); data != nullptr && *data != '\0')
    return data;
  std::error_code ec;
  if (fs::is_directory(ERNSTFALL_SOURCE_DIR, ec)) return ERNSTFALL_SOURCE_DIR;
  return "/usr/share/ernstfall";
}

bool ProcessId::alive() const {
  return process_alive(pid, start_ticks);
}

Result<fs::path> lab_folder(const std::string& lab) {
  ERNSTFALL_TRY(const fs::path cache, cache_folder());
  if (lab.empty() || lab.find('/') != std::string::npos || lab.front() == '.')
    return fail(Errc::usage, "\"{}\" is not the name of a lab", lab);
  return cache / "labs" / lab;
}

Result<LabStore> LabStore::open(const std::string& lab) {
  ERNSTFALL_TRY(const fs::path folder, lab_folder(lab));
  std::error_code ec;
  if (!fs::exists(folder / "topology.yaml", ec))
    return fail(Errc::usage, "there is no lab \"{}\"; first: ernstfall lab up", lab);
  return LabStore(lab, folder);
}

Result<LabStore> LabStore::create(const std::string& lab, const std::string& topology_text) {
  ERNSTFALL_TRY(const fs::path folder, lab_folder(lab));
  ERNSTFALL_CHECK(make_directories(folder));
  fs::permissions(folder, fs::perms::owner_all);
  ERNSTFALL_CHECK(write_file_atomic(folder / "topology.yaml", topology_text));
  return LabStore(lab, folder);
}

Result<Topology> LabStore::topology() const {
  return load_kept_topology(file("topology.yaml"));
}

Result<LabState> LabStore::state() const {
  std::error_code ec;
  if (!fs::exists(file("state.json"), ec)) return LabState{};
  ERNSTFALL_TRY(const std::string text, read_file(file("state.json"), 1U << 20U));
  try {
    const json j = json::parse(text);
    return LabState{j.at("accelerator"), j.at("image"), j.at("boot_seconds"), j.at("has_snapshot"),
                    j.at("done").get<std::set<std::string>>()};
  } catch (const json::exception& error) {
    return fail_at(Errc::corrupt, file("state.json").string(), "{}", error.what());
  }
}

Status LabStore::save(const LabState& state) const {
  return write_file_atomic(file("state.json"), json{{"accelerator", state.accelerator},
                                                    {"image", state.image},
                                                    {"boot_seconds", state.boot_seconds},
                                                    {"has_snapshot", state.has_snapshot},
                                                    {"done", state.done}}
                                                       .dump(2) +
                                                   "\n");
}

std::optional<ProcessId> LabStore::process(const std::string& what) const {
  const auto text = read_file(file(what + ".process"), 4096);
  if (!text) return std::nullopt;
  const std::vector<std::string> words = split(trim(*text), ' ');
  if (words.size() != 2) return std::nullopt;
  ProcessId process{std::atoi(words[0].c_str()), std::strtoull(words[1].c_str(), nullptr, 10)};
  if (!process.alive()) return std::nullopt;
  return process;
}

Status LabStore::remember_process(const std::string& what, int pid) const {
  ERNSTFALL_TRY(const std::uint64_t ticks, process_start_ticks(pid));
  return write_file_atomic(file(what + ".process"), fmt::format("{} {}\n", pid, ticks));
}

void LabStore::forget_process(const std::string& what) const {
  std::error_code ec;
  fs::remove(file(what + ".process"), ec);
}

std::vector<ProcessId> marked_processes(const fs::path& lab_folder) {
  const std::string mark = std::string(kLabMark) + "=" + lab_folder.string();
  std::vector<ProcessId> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator("/proc", ec)) {
    int pid = 0;
    const std::string name = entry.path().filename().string();
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr !=
            name.data() + name.size() ||
        pid == ::getpid())
      continue;
    const auto environment = read_file(entry.path() / "environ", 1U << 20U);
    if (!environment) continue;
    // Variables are separated by NUL; a whole one must match, not the beginning of a longer path.
    for (const std::string& variable : split(*environment, '\0'))
      if (variable == mark)
        if (const auto ticks = process_start_ticks(pid)) found.push_back({pid, *ticks});
  }
  return found;
}

Status kill_process(const ProcessId& process, Deadline deadline) {
  if (!process.alive()) return {};
  if (::kill(process.pid, SIGKILL) != 0 && errno != ESRCH)
    return tl::unexpected(errno_error(fmt::format("pid {}", process.pid), "cannot kill"));
  while (process.alive()) {
    if (deadline.expired()) return fail(Errc::timeout, "pid {} does not die", process.pid);
    sleep_until(deadline.at_most(std::chrono::milliseconds(2)), {});
  }
  return {};
}

std::vector<std::string> list_labs() {
  std::vector<std::string> labs;
  const auto cache = cache_folder();
  if (!cache) return labs;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(*cache / "labs", ec))
    if (fs::exists(entry.path() / "topology.yaml", ec))
      labs.push_back(entry.path().filename().string());
  return labs;
}

}  // namespace ernstfall
