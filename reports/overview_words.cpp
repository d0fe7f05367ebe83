// overview_words: the head of an overview, its rows and its runs in words.
#include "reports/overview_words.h"

#include <fmt/core.h>

#include <cmath>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxFaultsShown = 3;
constexpr std::size_t kMaxMixedShown = 3;

std::size_t rows_with(const Overview& overview, RunVerdict outcome) {
  std::size_t n = 0;
  for (const OverviewScenario& row : overview.scenarios) n += row.outcome == outcome ? 1 : 0;
  return n;
}

Text counted_text(Msg id, std::size_t n) {
  return {id, {CountValue{n}}};
}

Text of_text(Msg id, std::size_t n, std::size_t all) {
  return {id, {CountValue{n}, CountValue{all}}};
}

std::string settings_in(Language language, const OverviewCluster& cluster) {
  std::vector<std::string> shown;
  for (const EnvironmentDifference& difference : cluster.differences) {
    if (shown.size() == kMaxMixedShown) break;
    shown.push_back(
        say(language, {Msg::ov_difference, {difference.key, inner(recorded(difference.base))}}));
  }
  const std::size_t all = cluster.differences.size() + cluster.differences_more;
  if (all > shown.size())
    shown.push_back(say(language, counted_text(Msg::ov_and_more, all - shown.size())));
  return join(shown, "; ");
}

// `nothing`: what a time of zero is called.
OverviewCell summary_in(Language language, const SampleSummary& summary,
                        std::optional<Msg> nothing = {}) {
  const auto words = [&](const std::optional<Bounds>& bounds) {
    return nothing && bounds && bounds->upper <= 0 ? say(language, *nothing)
                                                   : bounds_in(language, bounds);
  };
  OverviewCell cell{words(summary.median), {}};
  if (summary.n == 0) return cell;
  const std::string min = words(summary.min);
  const std::string max = words(summary.max);
  cell.notes.push_back(min == max
                           ? say(language, counted_text(Msg::ov_n, summary.n))
                           : say(language, {Msg::ov_range, {min, max, CountValue{summary.n}}}));
  return cell;
}

std::string lost_words(Language language, std::uint64_t lost, std::uint64_t acknowledged) {
  if (acknowledged == 0) return say(language, Msg::unknown);
  return say(language, {Msg::ov_lost_of, {CountValue{lost}, CountValue{acknowledged}}});
}

}  // namespace

std::string title_in(Language language, const Overview& overview) {
  if (overview.runs == 1) return say(language, Msg::ov_title_one);
  return say(language, counted_text(Msg::ov_title, overview.runs));
}

std::string span_in(Language language, const Overview& overview) {
  if (overview.from_utc.empty()) return {};
  const std::string from = time_in(language, overview.from_utc);
  const std::string to = time_in(language, overview.to_utc);
  return from == to ? from : say(language, Msg::ov_span, from, to);
}

std::vector<std::string> headline_in(Language language, const Overview& overview) {
  std::vector<std::string> lines;
  if (overview.scenarios.empty()) {
    lines.push_back(say(language, Msg::ov_nothing_known));
  } else {
    std::vector<Text> parts;
    const auto part = [&](Msg id, RunVerdict outcome) {
      if (const std::size_t n = rows_with(overview, outcome); n > 0)
        parts.push_back(counted_text(id, n));
    };
    part(Msg::ov_rows_dirty, RunVerdict::dirty);
    part(Msg::ov_rows_violated, RunVerdict::violated);
    part(Msg::ov_rows_inconclusive, RunVerdict::inconclusive);
    part(Msg::ov_rows_passed, RunVerdict::pass);
    lines.push_back(
        say(language, {Msg::ov_rows, {CountValue{overview.scenarios.size()}, std::move(parts)}}));
  }
  lines.push_back(say(language, of_text(Msg::ov_counted, overview.counted, overview.runs)));
  return lines;
}

std::string dirty_alarm_in(Language language, const Overview& overview) {
  std::vector<std::string> runs;
  for (const OverviewScenario& row : overview.scenarios)
    for (const OverviewRun& run : row.runs)
      if (run.verdict == RunVerdict::dirty) runs.push_back(run.run_id);
  return runs.empty() ? std::string() : say(language, Msg::ov_dirty_alarm, join(runs, ", "));
}

std::vector<std::string> mixed_in(Language language, const Overview& overview) {
  std::vector<std::string> lines;
  if (overview.clusters.size() > 1) {
    std::vector<std::string> names;
    for (const OverviewCluster& cluster : overview.clusters)
      names.push_back(cluster_name_in(language, cluster.name));
    lines.push_back(
        say(language, {Msg::ov_mixed_clusters, {CountValue{names.size()}, join(names, ", ")}}));
  }
  for (const OverviewCluster& cluster : overview.clusters)
    if (!cluster.differences.empty())
      lines.push_back(
          say(language, {Msg::ov_mixed_settings,
                         {cluster_name_in(language, cluster.name),
                          CountValue{cluster.differences.size() + cluster.differences_more},
                          settings_in(language, cluster)}}));
  for (const OverviewScenario& row : overview.scenarios)
    if (row.versions > 1 && row.version == 1)
      lines.push_back(
          say(language, {Msg::ov_mixed_versions, {row.scenario, CountValue{row.versions}}}));
  return lines;
}

std::string cluster_name_in(Language language, const std::string& name) {
  return name.empty() ? say(language, Msg::ov_cluster_unknown) : name;
}

std::vector<std::string> versions_in(Language language, const OverviewCluster& cluster) {
  std::vector<std::string> lines;
  for (const OverviewVersion& version : cluster.versions)
    lines.push_back(version.nodes.empty()
                        ? say(language, Msg::ov_version, version.program, version.value)
                        : say(language, Msg::ov_version_on, version.program, version.value,
                              join(version.nodes, ", ")));
  return lines;
}

std::string verdict_in(Language language, RunVerdict verdict) {
  return say(language, verdict_text(verdict));
}

std::string verdict_in(Language language, const OverviewRun& run) {
  return run.verdict ? verdict_in(language, *run.verdict)
                     : say(language, Msg::ov_verdict_unreadable);
}

std::string row_version_in(Language language, const OverviewScenario& row) {
  if (!row.version_known) return say(language, Msg::ov_version_unknown);
  if (row.versions < 2) return {};
  return say(language, of_text(Msg::ov_version_of, row.version, row.versions));
}

std::string row_name_in(Language language, const Overview& overview, const OverviewScenario& row) {
  std::vector<std::string> parts{row.scenario};
  if (std::string version = row_version_in(language, row); !version.empty())
    parts.push_back(std::move(version));
  if (overview.clusters.size() > 1) parts.push_back(cluster_name_in(language, row.cluster));
  return join(parts, " · ");
}

std::vector<std::string> row_notes_in(Language language, const OverviewScenario& row) {
  std::vector<std::string> notes;
  if (!row.title.empty() && row.title != row.scenario) notes.push_back(row.title);
  if (row.attended) notes.push_back(say(language, Msg::ov_attended));
  return notes;
}

OverviewCell faults_in(Language language, const OverviewScenario& row) {
  OverviewCell cell;
  for (const OverviewFault& fault : row.faults) {
    std::string words = say(language, Msg::ov_fault_on, fault.fault, join(fault.nodes, ", "));
    if (cell.main.empty())
      cell.main = std::move(words);
    else if (cell.notes.size() + 1 < kMaxFaultsShown)
      cell.notes.push_back(std::move(words));
  }
  if (row.faults.size() > kMaxFaultsShown)
    cell.notes.push_back(
        say(language, counted_text(Msg::ov_faults_more, row.faults.size() - kMaxFaultsShown)));
  if (cell.main.empty()) cell.main = say(language, Msg::unknown);
  return cell;
}

OverviewCell outcome_in(Language language, const OverviewScenario& row) {
  OverviewCell cell{verdict_in(language, row.outcome), {}};
  std::vector<std::string> parts;
  const auto part = [&](Msg id, std::size_t n) {
    if (n > 0) parts.push_back(say(language, counted_text(id, n)));
  };
  part(Msg::ov_rows_dirty, row.counts.dirty);
  part(Msg::ov_rows_violated, row.counts.violated);
  part(Msg::ov_rows_inconclusive, row.counts.inconclusive);
  part(Msg::ov_count_unreadable, row.counts.unreadable);
  part(Msg::ov_rows_passed, row.counts.passed);
  cell.notes.push_back(join(parts, ", "));
  return cell;
}

OverviewCell counted_in(Language language, const OverviewScenario& row) {
  return {say(language, of_text(Msg::ov_of, row.counted, row.runs.size())), {}};
}

OverviewCell outage_in(Language language, const OverviewScenario& row) {
  OverviewCell cell = summary_in(language, row.outage);
  if (row.outage.n > 0 && row.outage.missing > 0)
    cell.notes.push_back(
        say(language, of_text(Msg::ov_unknown_in, row.outage.missing, row.counted)));
  return cell;
}

OverviewCell lost_in(Language language, const OverviewScenario& row) {
  OverviewCell cell{lost_words(language, row.lost, row.acknowledged), {}};
  if (row.not_read_back > 0)
    cell.notes.push_back(say(language, {Msg::ov_not_read_back, {CountValue{row.not_read_back}}}));
  if (row.loss_known > 0 && row.loss_known < row.counted)
    cell.notes.push_back(
        say(language, of_text(Msg::ov_unknown_in, row.counted - row.loss_known, row.counted)));
  return cell;
}

OverviewCell redundancy_in(Language language, const OverviewScenario& row) {
  if (row.counted == 0) return {say(language, Msg::unknown), {}};
  if (row.redundancy.n == 0) {
    const bool whole = std::all_of(row.runs.begin(), row.runs.end(), [](const OverviewRun& run) {
      return !run.counts || run.whole_at_end;
    });
    return {say(language, whole ? Msg::whole_at_end : Msg::ov_not_seen), {}};
  }
  OverviewCell cell = summary_in(language, row.redundancy, Msg::never_lost);
  if (row.redundancy.median->upper > 0) cell.main = say(language, Msg::ov_after, cell.main);
  if (row.redundancy.missing > 0)
    cell.notes.push_back(
        say(language, of_text(Msg::ov_not_seen_in, row.redundancy.missing, row.counted)));
  return cell;
}

OverviewCell largest_in(Language language, const OverviewScenario& row) {
  // Nobody was cut off, and nothing had to come back.
  const auto& outage = row.outage;
  const bool nothing = outage.n == row.counted && outage.max && outage.max->upper <= 0;
  if (!row.largest) return {nothing ? "–" : say(language, Msg::unknown), {}};
  OverviewCell cell{say(language, *row.largest), {}};
  if (row.counted > 1)
    cell.notes.push_back(say(language, of_text(Msg::ov_in_runs, row.largest_in, row.counted)));
  if (row.governed_by)
    cell.notes.push_back(
        say(language, {Msg::ov_governed_by, {std::vector<Text>{*row.governed_by}}}));
  return cell;
}

OverviewCell class_in(Language language, const OverviewScenario& row) {
  if (row.at_most == ClusterClass::unknown) return {say(language, Msg::unknown), {}};
  OverviewCell cell{std::string(cluster_class_name(row.at_most)), {}};
  if (row.class_known < row.counted)
    cell.notes.push_back(say(language, of_text(Msg::ov_said_by, row.class_known, row.counted)));
  return cell;
}

std::string started_in(Language language, const OverviewRun& run) {
  return run.started_utc.empty() ? say(language, Msg::unknown) : time_in(language, run.started_utc);
}

const OverviewRun& newest_of(const OverviewScenario& row) {
  for (auto run = row.runs.rbegin(); run != row.runs.rend(); ++run)
    if (run->verdict) return *run;
  return row.runs.back();
}

std::string one_line(const OverviewCell& cell) {
  return cell.notes.empty() ? cell.main : cell.main + " (" + join(cell.notes, "; ") + ")";
}

std::string outage_in(Language language, const OverviewRun& run) {
  return outage_in(language, run.outage);
}

std::string lost_in(Language language, const OverviewRun& run) {
  std::string words = lost_words(language, run.lost, run.acknowledged);
  if (run.not_read_back > 0)
    words += " (" + say(language, {Msg::ov_not_read_back, {CountValue{run.not_read_back}}}) + ")";
  return words;
}

std::string redundancy_in(Language language, const OverviewRun& run) {
  if (!run.verdict) return say(language, Msg::unknown);
  return say(language, redundancy_text(run.redundancy_ms, run.whole_at_end));
}

std::string class_in(Language language, const OverviewRun& run) {
  if (run.cluster_class == ClusterClass::unknown) return say(language, Msg::unknown);
  return std::string(cluster_class_name(run.cluster_class));
}

std::string bounds_in(Language language, const std::optional<Bounds>& bounds) {
  if (!bounds) return say(language, Msg::unknown);
  if (std::isinf(bounds->lower)) return say(language, Msg::ov_not_seen);
  if (std::isinf(bounds->upper)) return outage_in(language, {bounds->lower, std::nullopt, true});
  if (bounds->lower > 0 && bounds->lower == bounds->upper)
    return duration_in(language, bounds->lower);
  if (bounds->upper <= 0) return outage_in(language, {0.0, 0.0, false});
  // Whether there was anything at all is not known.
  if (bounds->lower <= 0) return say(language, {Msg::ov_up_to, {DurationValue{bounds->upper}}});
  return outage_in(language, {bounds->lower, bounds->upper, true});
}

std::string phase_in(Language language, const std::optional<Bounds>& bounds) {
  return bounds && bounds->upper <= 0 ? duration_in(language, 0) : bounds_in(language, bounds);
}

std::string finding_in(Language language, const OverviewFinding& finding) {
  return say(language, finding.message);
}

std::string evidence_in(Language language, const Evidence& evidence) {
  return say(language, {Msg::ov_evidence_at,
                        {NumberValue{to_seconds(evidence.at), 1}, inner(evidence.source),
                         inner(evidence.text)}});
}

std::string counts_in(Language language, const OverviewCheck& check) {
  return say(language, {Msg::ov_check_counts,
                        {check.name, CountValue{check.failed}, CountValue{check.unknown},
                         CountValue{check.passed}}});
}

std::string link_to(const OverviewRun& run, const std::filesystem::path& where) {
  const std::filesystem::path folder = run.folder;
  return link_to(run.has_page ? folder / "report.html" : folder, where);
}

std::string link_to(const std::filesystem::path& target, const std::filesystem::path& where) {
  return (where.empty() ? target : target.lexically_proximate(where)).generic_string();
}

}  // namespace ernstfall
