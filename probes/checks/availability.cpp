// availability: how much of the time each service probe got an answer, and the worst gap. Its first
// job is to distrust: without a good baseline and enough samples there is nothing to judge.
#include <algorithm>

#include "harness/lang/messages.h"
#include "probes/checks/check.h"
#include "probes/checks/rto.h"
#include "probes/checks/samples.h"

namespace ernstfall {
namespace availability_check {
namespace {

constexpr double kMinBaselineShare = 0.99;  // good answers among answers, before the fault
constexpr double kMaxMissedShare =
    0.05;  // slots that we did not ask in, before the fault and after
constexpr std::size_t kMinBaselineSamples = 10;

struct Tally {
  std::size_t good = 0;
  std::size_t bad = 0;
  std::size_t missed = 0;
  std::size_t slots() const { return good + bad + missed; }
  double share_good() const {
    return good + bad == 0 ? 0 : static_cast<double>(good) / static_cast<double>(good + bad);
  }
  double share_missed() const {
    return slots() == 0 ? 1 : static_cast<double>(missed) / static_cast<double>(slots());
  }
  void add(Outcome outcome) {
    if (outcome == Outcome::missed)
      ++missed;
    else if (is_available(outcome))
      ++good;
    else
      ++bad;
  }
};

struct Judged {
  Verdict verdict = Verdict::unknown;
  Text text;
  std::vector<Evidence> evidence;
};

// Slots that should exist but were never recorded (the harness died, or never asked).
std::size_t absent_slots(const std::vector<const Sample*>& samples, const Source& source) {
  if (source.period_ns <= 0 || samples.size() < 2) return 0;
  TimeNs first = samples.front()->scheduled;
  TimeNs last = first;
  for (const Sample* sample : samples) {
    first = std::min(first, sample->scheduled);
    last = std::max(last, sample->scheduled);
  }
  const auto expected = static_cast<std::size_t>((last - first) / source.period_ns) + 1;
  return expected > samples.size() ? expected - samples.size() : 0;
}

Text distrust(const Tally& before, const Tally& whole) {
  if (before.good + before.bad < kMinBaselineSamples)
    return {Msg::av_few_answers,
            {plain_number(before.good + before.bad), plain_number(kMinBaselineSamples)}};
  if (before.share_good() < kMinBaselineShare)
    return {Msg::av_bad_baseline,
            {NumberValue{100 * before.share_good(), 2}, NumberValue{100 * kMinBaselineShare, 0}}};
  if (before.share_missed() > kMaxMissedShare || whole.share_missed() > kMaxMissedShare)
    return {Msg::av_missed,
            {plain_number(whole.missed), plain_number(whole.slots()),
             NumberValue{100 * kMaxMissedShare, 0}}};
  return {};
}

Judged judge_probe(const CheckContext& context, const RunFacts& facts, const Source& source,
                   const std::vector<const Sample*>& samples) {
  Tally before;
  Tally whole;
  const TimeNs effect = facts.effect_at().value_or(facts.end);
  // What came before the steady state had to hold (first connections, a cluster still settling) is
  // not the baseline.
  const TimeNs baseline_from =
      effect - std::max<TimeNs>(context.scenario.baseline.count(),
                                static_cast<TimeNs>(2 * kMinBaselineSamples) * source.period_ns);
  const TimeNs until = std::min(facts.first_restore_at().value_or(facts.end),
                                facts.judged_until().value_or(facts.end));
  for (const Sample* sample : samples) {
    if (sample->scheduled < baseline_from || sample->scheduled > until) continue;
    whole.add(sample->outcome);
    if (sample->ended <= effect) before.add(sample->outcome);
  }
  whole.missed += absent_slots(samples, source);
  Judged judged;
  if (const Text why = distrust(before, whole); !why.empty()) {
    judged.text = {Msg::labelled, {source.name, inner(why)}};
    return judged;
  }
  const ProbeOutages found = find_outages(samples, source, facts.effect_at(), context.scenario);
  const Outage* worst = nullptr;
  for (const Outage& outage : found.outages)
    if (!after_recovery(outage, facts) &&
        (worst == nullptr || outage.lower_ns() > worst->lower_ns()))
      worst = &outage;
  judged.verdict = Verdict::pass;
  judged.text = {Msg::av_share, {source.name, NumberValue{100 * whole.share_good(), 2}}};
  if (worst == nullptr) return judged;
  judged.text = {worst->ended_by ? Msg::av_gap : Msg::av_gap_open,
                 {inner(judged.text), duration_value(Nanos(worst->lower_ns()))}};
  if (worst->first_bad != nullptr)
    judged.evidence.push_back({worst->first_bad->started,
                               source.name,
                               {Msg::av_gap_begins, {inner(describe_sample(*worst->first_bad))}}});
  const auto& limit = context.scenario.expect.rto_max;
  const bool too_long = limit && worst->lower_ns() > limit->count();
  const bool stays_down =
      !worst->ended_by && !is_cut(context.history) && facts.undone_at() &&
      worst->ended_after >= found.observed_until - 2 * context.scenario.stable.count();
  if (too_long || stays_down)
    judged.verdict = Verdict::fail;
  else if (!worst->ended_by)
    judged.verdict = Verdict::unknown;  // how long it would have been, nobody saw
  if (too_long)
    judged.text = {Msg::check_with_allowed, {inner(judged.text), duration_value(*limit)}};
  return judged;
}

bool applies(const Cluster& cluster, const Scenario&) {
  return cluster.service.has_value();
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const auto by_source = samples_by_source(context.history);
  CheckResult result;
  result.verdict = Verdict::pass;
  std::size_t judged_probes = 0;
  for (const Source& source : context.history.sources) {
    if (!is_service_probe(source)) continue;
    ++judged_probes;
    Judged judged = judge_probe(context, facts, source, by_source[source.id]);
    result.verdict = merge(result.verdict, judged.verdict);
    result.message = clauses(result.message, judged.text);
    for (Evidence& evidence : judged.evidence) result.evidence.push_back(std::move(evidence));
  }
  if (judged_probes == 0) {
    result.verdict = Verdict::unknown;
    result.message = Msg::av_no_probe;
  } else if (facts.baseline_ok && !*facts.baseline_ok) {
    result.verdict = merge(result.verdict, Verdict::unknown);
    result.message = {Msg::av_no_baseline,
                      {inner(recorded(facts.baseline_why)), inner(result.message)}};
  }
  return result;
}

}  // namespace
}  // namespace availability_check

extern const CheckType kAvailability;
const CheckType kAvailability{
    "availability",
    "every service probe was good before the fault, and no gap was longer than expect.rto_max",
    availability_check::applies, availability_check::judge};

}  // namespace ernstfall
