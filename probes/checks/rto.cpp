// rto: turns samples into outages with proven bounds, and judges the longest against the
// expectation.
#include "probes/checks/rto.h"

#include <algorithm>
#include <limits>

#include "harness/lang/messages.h"
#include "probes/checks/check.h"
#include "probes/checks/samples.h"

namespace ernstfall {
namespace {

constexpr TimeNs kForever = std::numeric_limits<TimeNs>::max() / 4;

// The slowest request that the working service answered in the baseline: how long a request may be
// on its way without telling us anything. Before the baseline counts only when it is all there is:
// the very first connections are slow for reasons of their own.
TimeNs slowest_good_before(const std::vector<const Sample*>& ordered, std::optional<TimeNs> from,
                           Nanos baseline) {
  TimeNs slowest = -1;
  TimeNs slowest_ever = -1;
  for (const Sample* sample : ordered) {
    if (!from && !is_available(sample->outcome)) break;
    if ((from && sample->ended > *from) || !is_available(sample->outcome)) continue;
    const TimeNs took = sample->ended - sample->started;
    slowest_ever = std::max(slowest_ever, took);
    if (!from || sample->scheduled >= *from - baseline.count()) slowest = std::max(slowest, took);
  }
  if (slowest < 0) slowest = slowest_ever;
  return slowest < 0 ? kForever : slowest;
}

// Walks one probe's evidence in order of schedule. Good: nothing open. Bad: an outage is open.
// Trial: an outage is open and answers are good again, but not yet for long enough.
class OutageWalk {
 public:
  OutageWalk(const Source& source, std::optional<TimeNs> from, Nanos stable, TimeNs slowest_good)
      : from_(from),
        stable_ns_(stable.count()),
        gap_limit_ns_(std::max<TimeNs>(stable.count() / 2, 3 * source.period_ns)),
        slowest_good_ns_(slowest_good) {}

  void take(const Sample& sample) {
    if (is_available(sample.outcome))
      take_good(sample);
    else
      take_bad(sample);
  }

  std::vector<Outage> finish() {
    if (open_) done_.push_back(*open_);
    return std::move(done_);
  }

 private:
  void take_bad(const Sample& sample) {
    trial_begin_ = nullptr;
    if (!open_) {
      Outage outage;
      outage.last_good = last_good_;
      outage.first_bad = &sample;
      outage.first_bad_at = sample.started;
      const TimeNs floor = from_.value_or(std::numeric_limits<TimeNs>::min());
      outage.began_after = std::max(last_good_ != nullptr ? last_good_->started : floor, floor);
      if (last_good_ == nullptr && !from_) outage.began_after = sample.started;
      const TimeNs sent = std::max(sample.started, floor);
      outage.began_by =
          std::max(std::min(sample.ended, sent + slowest_good_ns_), outage.began_after);
      outage.ended_after = outage.began_by;
      open_ = outage;
    }
    open_->last_bad = &sample;
    open_->ended_after = std::max(open_->ended_after, sample.started);
    ++open_->bad_samples;
  }

  void take_good(const Sample& sample) {
    if (last_good_ == nullptr || sample.started > last_good_->started) last_good_ = &sample;
    if (!open_) return;
    // Silence inside the trial may hide a relapse, so the trial starts again after it.
    if (trial_begin_ == nullptr || sample.scheduled - trial_last_scheduled_ > gap_limit_ns_) {
      trial_begin_ = &sample;
      trial_first_answer_ = &sample;
    }
    trial_last_scheduled_ = sample.scheduled;
    if (sample.ended < trial_first_answer_->ended) trial_first_answer_ = &sample;
    if (sample.ended - trial_begin_->ended < stable_ns_) return;
    open_->first_good = trial_first_answer_;
    open_->ended_by = trial_first_answer_->ended;
    done_.push_back(*open_);
    open_.reset();
    trial_begin_ = nullptr;
  }

  std::optional<TimeNs> from_;
  TimeNs stable_ns_;
  TimeNs gap_limit_ns_;
  TimeNs slowest_good_ns_;
  std::vector<Outage> done_;
  std::optional<Outage> open_;
  const Sample* last_good_ = nullptr;
  const Sample* trial_begin_ = nullptr;
  const Sample* trial_first_answer_ = nullptr;
  TimeNs trial_last_scheduled_ = 0;
};

}  // namespace

ProbeOutages find_outages(const std::vector<const Sample*>& samples, const Source& source,
                          std::optional<TimeNs> from, const Scenario& scenario) {
  ProbeOutages result;
  result.source = source.id;
  std::vector<const Sample*> ordered;
  ordered.reserve(samples.size());
  for (const Sample* sample : samples) {
    if (sample->outcome != Outcome::missed)
      ordered.push_back(sample);
    else if (!from || sample->scheduled >= *from)
      ++result.missed;
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Sample* a, const Sample* b) { return a->scheduled < b->scheduled; });
  OutageWalk walk(source, from, scenario.stable,
                  slowest_good_before(ordered, from, scenario.baseline));
  const Sample* previous = nullptr;
  bool seen_bad = false;
  for (const Sample* sample : ordered) {
    const bool good = is_available(sample->outcome);
    if (from && sample->ended <= *from) {
      if (good) walk.take(*sample), result.good_before = true;
      previous = sample;
      continue;
    }
    ++result.observed;
    if (good && !seen_bad) result.good_before = true;
    seen_bad = seen_bad || !good;
    result.observed_until = std::max(result.observed_until, sample->ended);
    const bool slots_missing = previous != nullptr && source.period_ns > 0 &&
                               sample->scheduled - previous->scheduled > source.period_ns * 3 / 2;
    if (slots_missing)
      result.longest_gap_ns = std::max(result.longest_gap_ns, sample->ended - previous->started);
    walk.take(*sample);
    previous = sample;
  }
  result.outages = walk.finish();
  return result;
}

bool is_service_probe(const Source& source) {
  return source.node.empty() && (source.kind == "webdav.write" || source.kind == "webdav.read" ||
                                 source.kind == "http.get");
}

namespace {

int preference(const Source& source) {
  if (source.kind == "webdav.write") return 0;
  return source.kind == "webdav.read" ? 1 : 2;
}

TimeNs length_for_ranking(const Outage& outage) {
  return outage.upper_ns().value_or(kForever);
}

struct Candidate {
  const Source* source = nullptr;
  ProbeOutages found;
  std::optional<Outage> longest;
};

// Did `a` recover later than `b`, beyond what the samples leave open?
bool recovered_later(const Candidate& a, const Candidate& b) {
  if (!a.longest) return false;
  if (!b.longest) return true;
  if (!b.longest->ended_by) return false;
  return !a.longest->ended_by || a.longest->ended_after > *b.longest->ended_by;
}

std::optional<Candidate> deciding_candidate(const History& history, const Scenario& scenario,
                                            const RunFacts& facts) {
  std::vector<Candidate> candidates;
  const auto by_source = samples_by_source(history);
  for (const Source& source : history.sources) {
    if (!is_service_probe(source)) continue;
    Candidate candidate;
    candidate.source = &source;
    candidate.found = find_outages(by_source[source.id], source, facts.effect_at(), scenario);
    if (candidate.found.observed == 0) continue;
    for (const Outage& outage : candidate.found.outages) {
      if (after_recovery(outage, facts)) continue;
      if (!candidate.longest || length_for_ranking(outage) > length_for_ranking(*candidate.longest))
        candidate.longest = outage;
    }
    candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return preference(*a.source) < preference(*b.source);
                   });
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates)
    if (best == nullptr || recovered_later(candidate, *best)) best = &candidate;
  if (best == nullptr) return std::nullopt;
  return *best;
}

void measure_without_outage(const Candidate& chosen, const Scenario& scenario,
                            const RunFacts& facts, RtoMeasurement& result) {
  if (!chosen.found.good_before) {
    result.problem = Msg::rto_never_good;
    return;
  }
  result.lower_ms = 0;
  const TimeNs needed = std::max(facts.undone_at().value_or(0),
                                 facts.effect_at().value_or(0) + scenario.stable.count());
  if (chosen.found.observed_until < needed) {
    result.problem = {Msg::rto_samples_end, {chosen.source->name}};
    return;
  }
  result.upper_ms = to_ms(chosen.found.longest_gap_ns);
}

}  // namespace

// Switching back is the owner's planned work, and comparing the nodes and reading every file back
// is ours: neither is the recovery.
bool after_recovery(const Outage& outage, const RunFacts& facts) {
  return (facts.first_restore_at() && outage.first_bad_at >= *facts.first_restore_at()) ||
         (facts.judged_until() && outage.first_bad_at >= *facts.judged_until());
}

RtoMeasurement measure_rto(const History& history, const Scenario& scenario,
                           const RunFacts& facts) {
  RtoMeasurement result;
  const std::optional<Candidate> chosen = deciding_candidate(history, scenario, facts);
  if (!chosen) {
    result.problem = Msg::rto_no_probe;
    return result;
  }
  result.probe = chosen->source;
  result.period_ms = to_ms(chosen->source->period_ns);
  result.outages = chosen->found.outages.size();
  result.observed_until = chosen->found.observed_until;
  if (!chosen->longest) {
    measure_without_outage(*chosen, scenario, facts, result);
    return result;
  }
  result.outage_observed = true;
  result.outage = chosen->longest;
  if (result.outage->last_good == nullptr) {
    result.problem = {Msg::rto_no_good_before, {chosen->source->name}};
    return result;
  }
  result.lower_ms = to_ms(result.outage->lower_ns());
  if (const auto upper = result.outage->upper_ns()) result.upper_ms = to_ms(*upper);
  return result;
}

namespace rto_check {
namespace {

// A soak has many faults, so that there is no one moment to count from; with a limit the longest
// outage is judged all the same.
bool applies(const Cluster& cluster, const Scenario& scenario) {
  return cluster.service.has_value() && (!scenario.soak || scenario.expect.rto_max);
}

std::vector<Evidence> evidence_of(const RtoMeasurement& rto) {
  std::vector<Evidence> evidence;
  const auto add = [&](const Sample* sample, Msg what) {
    if (sample == nullptr) return;
    evidence.push_back(
        {sample->started, rto.probe->name, Text(what, {inner(describe_sample(*sample))})});
  };
  add(rto.outage->last_good, Msg::rto_last_good);
  add(rto.outage->first_bad, Msg::rto_first_bad);
  add(rto.outage->last_bad, Msg::rto_last_bad);
  add(rto.outage->first_good, Msg::rto_first_good);
  return evidence;
}

void judge_recovered(const RtoMeasurement& rto, const Scenario& scenario, CheckResult& result) {
  Text between(Msg::rto_none);
  if (rto.outage_observed)
    between = {Msg::rto_cut_off, {DurationValue{*rto.lower_ms}, DurationValue{*rto.upper_ms}}};
  else if (*rto.upper_ms > 0)
    between = {Msg::rto_none_room, {DurationValue{*rto.upper_ms}}};
  if (!scenario.expect.rto_max) {
    result.verdict = Verdict::pass;
    result.message = {Msg::rto_no_limit, {inner(between), rto.probe->name}};
    return;
  }
  const double allowed = to_ms(scenario.expect.rto_max->count());
  const DurationValue limit = duration_value(*scenario.expect.rto_max);
  if (*rto.lower_ms > allowed) {
    result.verdict = Verdict::fail;
    result.message = {Msg::rto_over, {inner(between), rto.probe->name, limit}};
  } else if (*rto.upper_ms <= allowed) {
    result.verdict = Verdict::pass;
    result.message = {Msg::rto_within, {inner(between), rto.probe->name, limit}};
  } else {
    result.message = {Msg::rto_inside, {inner(between), rto.probe->name, limit}};
  }
}

void judge_not_recovered(const RtoMeasurement& rto, const CheckContext& context,
                         const RunFacts& facts, CheckResult& result) {
  const Scenario& scenario = context.scenario;
  const bool over =
      scenario.expect.rto_max && *rto.lower_ms > to_ms(scenario.expect.rto_max->count());
  // Bad to the very end although the fault is gone: it does not come back.
  const bool stays_down =
      !is_cut(context.history) && facts.undone_at() &&
      rto.outage->ended_after >= *facts.undone_at() &&
      rto.outage->ended_after >= rto.observed_until - 2 * scenario.stable.count();
  result.verdict = over || stays_down ? Verdict::fail : Verdict::unknown;
  result.message = {Msg::rto_not_back, {rto.probe->name, DurationValue{*rto.lower_ms}}};
  if (scenario.expect.rto_max)
    result.message = {Msg::check_allowed_is,
                      {inner(result.message), duration_value(*scenario.expect.rto_max)}};
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const RtoMeasurement rto = measure_rto(context.history, context.scenario, facts);
  CheckResult result;
  if (rto.outage) result.evidence = evidence_of(rto);
  if (!facts.effect_at()) {
    result.message = Msg::rto_nothing;
  } else if (!rto.problem.empty()) {
    result.message = rto.problem;
  } else if (rto.upper_ms) {
    judge_recovered(rto, context.scenario, result);
  } else {
    judge_not_recovered(rto, context, facts, result);
  }
  return result;
}

}  // namespace
}  // namespace rto_check

extern const CheckType kRto;
const CheckType kRto{"rto",
                     "how long users were cut off, as a proven interval, against expect.rto_max",
                     rto_check::applies, rto_check::judge};

}  // namespace ernstfall
