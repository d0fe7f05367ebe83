// comparison_sides: tells folders by what they are on disk, and copies by what they recorded.
#include "reports/comparison_sides.h"

#include <sys/stat.h>

#include <map>
#include <string>
#include <string_view>

namespace ernstfall {
namespace {

// By folder, and by recording.
using Keys = std::map<std::string, std::string>;  // key -> where it is

// Empty: there is no such folder.
std::string folder_key(const std::string& folder) {
  struct stat st {};
  if (::stat(folder.c_str(), &st) != 0) return "";
  return fmt::format("on disk {} {}", st.st_dev, st.st_ino);
}

// A cluster is locked by one run at a time: no two begin in the same millisecond. Folders may be
// renamed. Empty: it is not known when it began.
std::string recording_key(std::string_view what, const std::string& scenario,
                          const std::string& cluster, const std::string& started_utc) {
  if (scenario.empty() || cluster.empty() || started_utc.empty()) return "";
  return fmt::format("{} of {} on {} at {}", what, scenario, cluster, started_utc);
}

struct Member {
  std::string_view what;
  std::string folder;
  std::string recording;
};

std::vector<Member> members_of(const ComparedSide& side) {
  std::vector<Member> members;
  for (const ComparedRun& run : side.runs)
    members.push_back(
        {"run", run.folder,
         recording_key("run", run.report.scenario, run.report.cluster, run.report.started_utc)});
  for (const ComparedThreshold& one : side.thresholds)
    members.push_back(
        {"search", one.folder,
         recording_key("search", one.report.scenario, one.report.cluster, one.report.started_utc)});
  return members;
}

// Every place and every recording that a side has; an error when one is there twice.
Result<Keys> keys_of(const ComparedSide& side) {
  Keys known;
  for (const Member& member : members_of(side))
    for (const std::string& key : {folder_key(member.folder), member.recording}) {
      if (key.empty()) continue;
      const auto [same, added] = known.emplace(key, member.folder);
      if (!added)
        return fail_at(Errc::usage, member.folder,
                       "this {} is there twice, and would count as two: also as {}", member.what,
                       same->second);
    }
  return known;
}

}  // namespace

Status check_each_once(const ComparedSide& side) {
  ERNSTFALL_CHECK(keys_of(side));
  return {};
}

Status check_sides_differ(const ComparedSide& base, const ComparedSide& candidate) {
  ERNSTFALL_TRY(const Keys known, keys_of(base));
  ERNSTFALL_CHECK(check_each_once(candidate));
  for (const Member& member : members_of(candidate)) {
    const auto same = known.find(folder_key(member.folder));
    const auto copy = known.find(member.recording);
    if (same == known.end() && copy == known.end()) continue;
    const std::string& in_base = same != known.end() ? same->second : copy->second;
    return fail_at(Errc::usage, member.folder,
                   "this {} is on both sides{}: against itself a candidate is never worse",
                   member.what, in_base == member.folder ? "" : ", the base has it as " + in_base);
  }
  return {};
}

}  // namespace ernstfall
