// live_board: folds samples into streaks.
#include "harness/run/live_board.h"

#include <algorithm>

#include "harness/core/units.h"
#include "harness/history/kinds.h"

namespace ernstfall {

Result<SourceId> LiveBoard::define_source(Source source) {
  ERNSTFALL_TRY(const SourceId id, inner_.define_source(source));
  source.id = id;
  const std::lock_guard lock(mutex_);
  views_[id].source = std::move(source);
  return id;
}

Status LiveBoard::append(const Sample& sample) {
  {
    const std::lock_guard lock(mutex_);
    SourceView& view = views_[sample.source];
    if (sample.outcome == Outcome::missed) {
      ++view.missed;
    } else {
      const bool good = is_available(sample.outcome);
      if (view.is_service()) keep_answer({sample.ended, good});
      ++(good ? view.good : view.bad);
      view.last_ended = std::max(view.last_ended, sample.ended);
      view.last_latency_ns = sample.ended - sample.scheduled;
      view.last_detail = sample.detail;
      // Answers may come out of order: a late timeout of an old slot does not end a newer good
      // streak.
      auto& mine = good ? view.good_since : view.bad_since;
      auto& other = good ? view.bad_since : view.good_since;
      if (!other || sample.scheduled >= *other) {
        other.reset();
        if (!mine) mine = sample.scheduled;
      }
    }
  }
  return inner_.append(sample);
}

void LiveBoard::keep_answers(Nanos window) {
  const std::lock_guard lock(mutex_);
  keep_ = window;
}

// Under the lock. Answers may come a little out of order: what stays too long is not counted.
void LiveBoard::keep_answer(const Answer& answer) {
  if (keep_.count() == 0) return;
  first_answer_ = std::min(first_answer_.value_or(answer.ended), answer.ended);
  answers_.push_back(answer);
  while (!answers_.empty() &&
         (answers_.front().ended < answer.ended - keep_.count() || answers_.size() > kMaxAnswers))
    answers_.pop_front();
}

std::optional<double> LiveBoard::service_error_percent(TimeNs now, Nanos window) const {
  const std::lock_guard lock(mutex_);
  if (!first_answer_ || now - *first_answer_ < window.count()) return std::nullopt;
  std::size_t all = 0;
  std::size_t bad = 0;
  for (const Answer& answer : answers_) {
    if (answer.ended < now - window.count()) continue;
    ++all;
    if (!answer.good) ++bad;
  }
  if (all == 0) return std::nullopt;
  return 100.0 * static_cast<double>(bad) / static_cast<double>(all);
}

Status LiveBoard::append(const LedgerRecord& record) {
  if (record.step == LedgerStep::acknowledged) {
    const std::lock_guard lock(mutex_);
    // Blocks of the volume are no writes of users.
    if (views_[record.source].source.kind != kinds::kCanarySource) ++acknowledged_;
  }
  return inner_.append(record);
}

std::vector<SourceView> LiveBoard::views() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceView> views;
  for (const auto& [id, view] : views_) views.push_back(view);
  return views;
}

std::string LiveBoard::service_trouble(TimeNs now, TimeNs stable_ns) const {
  const std::lock_guard lock(mutex_);
  bool any = false;
  for (const auto& [id, view] : views_) {
    if (!view.is_service()) continue;
    any = true;
    if (!view.good_since)
      return fmt::format("{} is failing: {}", view.source.name,
                         view.last_detail.empty() ? "no answer yet" : view.last_detail);
    if (now - *view.good_since < stable_ns)
      return fmt::format("{} is good for {} only", view.source.name,
                         format_duration(Nanos(now - *view.good_since)));
    // A probe that went silent proves nothing about now.
    if (now - view.last_ended > 5 * view.source.period_ns + view.source.timeout_ns)
      return fmt::format("{} has not been asked for {}", view.source.name,
                         format_duration(Nanos(now - view.last_ended)));
  }
  return any ? "" : "no probe watches the service";
}

bool LiveBoard::service_stable(TimeNs now, TimeNs stable_ns) const {
  return service_trouble(now, stable_ns).empty();
}

std::uint64_t LiveBoard::acknowledged_writes() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

std::optional<std::uint64_t> LiveBoard::drbd_changes() const {
  const std::lock_guard lock(mutex_);
  return drbd_changes_;
}

Status LiveBoard::append(const Event& event) {
  if (event.kind == kinds::kDrbdLine) {
    const std::lock_guard lock(mutex_);
    drbd_changes_ = drbd_changes_.value_or(0);
    // What was there from the beginning is listed as "exists"; the rest is news.
    if (event.text.find(" exists ") == std::string::npos) ++*drbd_changes_;
  }
  if (event.kind == kinds::kDrbdLine && event.text.find("call helper") != std::string::npos &&
      event.text.find("split-brain") != std::string::npos) {
    const std::lock_guard lock(mutex_);
    split_brain_ = event.text;
  }
  return inner_.append(event);
}

std::optional<TimeNs> LiveBoard::service_down_since() const {
  const std::lock_guard lock(mutex_);
  std::optional<TimeNs> since;
  for (const auto& [id, view] : views_) {
    if (!view.is_service()) continue;
    if (!view.bad_since) return std::nullopt;
    since = std::max(since.value_or(*view.bad_since), *view.bad_since);
  }
  return since;
}

std::string LiveBoard::split_brain() const {
  const std::lock_guard lock(mutex_);
  return split_brain_;
}

}  // namespace ernstfall
