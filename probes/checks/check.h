// check: a pure function of the history that gives a verdict with evidence. No I/O and no clock
// here.
//
// Adding one: a file in this folder with `constinit const CheckType kX{...}`, and a line in
// catalog.inc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/core/clock.h"
#include "harness/history/history.h"
#include "harness/lang/text.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Merged by severity: fail > unknown > pass. Missing data is unknown, never pass.
enum class Verdict { pass, unknown, fail };
std::string_view verdict_name(Verdict verdict);
constexpr Verdict merge(Verdict a, Verdict b) {
  return a > b ? a : b;
}

struct Evidence {
  TimeNs at = 0;
  Text source;  // name of the history source, or who knows it
  Text text;
};

struct CheckResult {
  std::string name;
  Verdict verdict = Verdict::unknown;
  Text message;                    // one sentence with the numbers
  std::vector<Evidence> evidence;  // at most kMaxEvidence, the most telling first
  static constexpr std::size_t kMaxEvidence = 20;
};

struct CheckContext {
  const History& history;
  const Cluster& cluster;
  const Scenario& scenario;
};

struct CheckType {
  std::string_view name;
  std::string_view summary;
  // What it takes to apply: a cluster without DRBD has no DRBD checks, and they are left out, not
  // passed.
  bool (*applies)(const Cluster&, const Scenario&);
  CheckResult (*judge)(const CheckContext&);
};

std::span<const CheckType* const> all_checks();
const CheckType* find_check(std::string_view name);
// Runs one check; an exception becomes unknown with the exception's text.
CheckResult run_check(const CheckType& check, const CheckContext& context);

}  // namespace ernstfall
