// canary: folds acknowledgements and looks at the volume into what is lost, and in which order.
#include "probes/checks/canary.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/history/kinds.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

using CanaryJson = nlohmann::json;

// Fewer acknowledgements than this before the fault say nothing about what a fault destroys.
constexpr std::uint64_t kMinCanaryBlocks = 20;
// More numbers than a canary ever has: an event that says otherwise is not ours.
constexpr std::uint64_t kMaxCanarySeq = 10'000'000;

struct StretchRuns {
  struct Run {
    std::string state;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  int stretch = 0;
  std::string saw;
  std::vector<Run> runs;
};

// One look at one node, and what it found of every file.
struct Look {
  std::string node;
  TimeNs asked = 0;
  std::vector<StretchRuns> files;
};

struct Written {
  TimeNs acknowledged_at = 0;
  bool judged = false;
  std::optional<LostCanaryBlock> lost;
};

using Blocks = std::map<std::uint64_t, Written>;

bool take_look(const Event& event, std::map<std::int64_t, Look>& looks, CanaryMeasurement& result) {
  const CanaryJson json = CanaryJson::parse(event.text, nullptr, false);
  if (!json.is_object()) return false;
  try {
    Look& look = looks[json.at("round").get<std::int64_t>()];
    look.node = json.at("node").get<std::string>();
    look.asked = json.at("asked_ns").get<std::int64_t>();
    result.cached = result.cached || json.value("how", "") == "cached";
    StretchRuns file;
    file.stretch = json.at("stretch").get<int>();
    file.saw = json.value("saw", "");
    for (const CanaryJson& run : json.at("runs")) {
      StretchRuns::Run taken{run.at(0).get<std::string>(), run.at(1).get<std::uint64_t>(),
                             run.at(2).get<std::uint64_t>()};
      if (taken.from > taken.to || taken.to > kMaxCanarySeq) return false;
      file.runs.push_back(std::move(taken));
    }
    look.files.push_back(std::move(file));
  } catch (const CanaryJson::exception&) {
    return false;
  }
  return true;
}

struct Present {
  std::uint64_t seq = 0;
  int stretch = 0;
};

// The first block after `seq` that a look shows, wholly or in part; `runs` by number.
std::optional<Present> next_present(const std::vector<std::pair<StretchRuns::Run, int>>& present,
                                    std::uint64_t seq) {
  const auto after = std::find_if(present.begin(), present.end(),
                                  [seq](const auto& run) { return run.first.to > seq; });
  if (after == present.end()) return std::nullopt;
  return Present{std::max(after->first.from, seq + 1), after->second};
}

void judge_look(const Look& look, Blocks& blocks, std::set<std::uint64_t>& unacknowledged,
                std::map<std::uint64_t, OrderViolation>& violations) {
  std::vector<std::pair<StretchRuns::Run, int>> present;
  for (const StretchRuns& file : look.files)
    for (const StretchRuns::Run& run : file.runs)
      if (run.state == "whole" || run.state == "torn") present.emplace_back(run, file.stretch);
  std::sort(present.begin(), present.end(),
            [](const auto& a, const auto& b) { return a.first.from < b.first.from; });
  for (const StretchRuns& file : look.files)
    for (const StretchRuns::Run& run : file.runs) {
      const bool there = run.state == "whole" || run.state == "torn" || run.state == "wrong";
      if (there)
        for (std::uint64_t seq = run.from; seq <= run.to; ++seq)
          if (blocks.count(seq) == 0) unacknowledged.insert(seq);
      for (auto it = blocks.lower_bound(run.from); it != blocks.end() && it->first <= run.to;
           ++it) {
        Written& block = it->second;
        if (block.acknowledged_at > look.asked) continue;
        block.judged = true;
        if (run.state == "whole") continue;
        LostCanaryBlock lost{it->first, block.acknowledged_at, run.state, look.node, file.saw};
        if (const auto next = next_present(present, it->first))
          violations.try_emplace(it->first,
                                 OrderViolation{lost, next->seq, next->stretch != file.stretch});
        if (!block.lost) block.lost = std::move(lost);
      }
    }
}

}  // namespace

bool is_canary(const History& history, SourceId source) {
  return source < history.sources.size() && history.sources[source].kind == kinds::kCanarySource;
}

bool has_canary(const Scenario& scenario) {
  return std::any_of(scenario.loads.begin(), scenario.loads.end(),
                     [](const LoadSpec& load) { return load.on_volume; });
}

CanaryMeasurement measure_canary(const History& history, const RunFacts& facts) {
  CanaryMeasurement result;
  Blocks blocks;
  const auto effect = facts.effect_at();
  for (const LedgerRecord& record : history.ledger) {
    if (record.step != LedgerStep::acknowledged || !is_canary(history, record.source)) continue;
    if (!blocks.try_emplace(record.seq, Written{record.at, false, {}}).second) continue;
    ++result.acknowledged;
    result.longest_write_ms = std::max(result.longest_write_ms, record.code / 1e3);
    if (!effect || record.at > *effect) continue;
    ++result.acknowledged_before_effect;
    result.last_before_effect = std::max(result.last_before_effect.value_or(0), record.at);
  }
  std::map<std::int64_t, Look> looks;
  for (const Event& event : history.events) {
    if (event.kind == kinds::kCanaryBegin) ++result.stretches;
    if (event.kind == kinds::kCanaryUnread) {
      const CanaryJson json = CanaryJson::parse(event.text, nullptr, false);
      result.unread_why = json.is_object() ? json.value("why", "") : "";
    }
    if (event.kind == kinds::kCanaryAudit && !take_look(event, looks, result))
      ++result.unreadable_events;
  }
  std::set<std::uint64_t> unacknowledged;
  std::map<std::uint64_t, OrderViolation> violations;
  for (const auto& [round, look] : looks) {
    judge_look(look, blocks, unacknowledged, violations);
    if (std::find(result.nodes.begin(), result.nodes.end(), look.node) == result.nodes.end())
      result.nodes.push_back(look.node);
  }
  for (auto& [seq, block] : blocks) {
    if (!block.judged) ++result.unaudited;
    if (!block.lost) continue;
    if (block.lost->found_as == "torn") ++result.torn;
    result.lost.push_back(std::move(*block.lost));
  }
  for (auto& [seq, violation] : violations) result.out_of_order.push_back(std::move(violation));
  result.indeterminate = unacknowledged.size();
  return result;
}

Text canary_unknown(const CanaryMeasurement& canary, const RunFacts& facts) {
  if (canary.stretches == 0) return Msg::canary_none;
  if (!facts.effect_at()) return Msg::rpo_nothing;
  if (canary.acknowledged_before_effect < kMinCanaryBlocks)
    return {Msg::canary_few,
            {plain_number(canary.acknowledged_before_effect), plain_number(kMinCanaryBlocks)}};
  if (canary.unreadable_events > 0)
    return {Msg::canary_garbled, {plain_number(canary.unreadable_events)}};
  if (canary.unaudited == 0) return {};
  const Text unread(Msg::canary_unread,
                    {plain_number(canary.unaudited), plain_number(canary.acknowledged)});
  if (canary.unread_why.empty()) return unread;
  return {Msg::with_note, {inner(unread), inner(recorded(canary.unread_why))}};
}

}  // namespace ernstfall
