// ledger_book: append first, then remember.
#include "harness/load/ledger_book.h"

namespace ernstfall {

LedgerStep step_of_answer(const HttpResponse& response) {
  // An answer that broke off is none, whatever its first line said: users see an error.
  if (!response.completed())
    return response.maybe_sent ? LedgerStep::indeterminate : LedgerStep::refused;
  if (response.status == 201 || response.status == 204) return LedgerStep::acknowledged;
  // 507 is a refusal by name. 408 comes from an ingress that has passed on a part of the request.
  if (response.status == 507) return LedgerStep::refused;
  if (response.status >= 400 && response.status < 500 && response.status != 408)
    return LedgerStep::refused;
  return LedgerStep::indeterminate;
}

Status LedgerBook::append(const LedgerRecord& record) {
  auto appended = history_.append(record);
  if (!appended) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = appended.error();
  }
  return appended;
}

Result<std::uint64_t> LedgerBook::begin() {
  std::uint64_t seq = 0;
  {
    const std::lock_guard lock(mutex_);
    if (in_flight_ >= max_in_flight_)
      return fail(Errc::refused, "too many writes of this ledger are in flight");
    ++in_flight_;
    seq = steps_.size();
    steps_.push_back(LedgerStep::invoked);
  }
  const auto appended =
      append({source_, seq, LedgerStep::invoked, history_.clock().now(), 0, std::string()});
  if (appended) return seq;
  const std::lock_guard lock(mutex_);
  steps_[seq] = LedgerStep::refused;
  --in_flight_;
  settled_.notify_all();
  return tl::unexpected(appended.error());
}

void LedgerBook::end(std::uint64_t seq, LedgerStep step, TimeNs at, std::int32_t code,
                     std::string detail) {
  // An acknowledgement that cannot be recorded is worth no more than none.
  const bool known = append({source_, seq, step, at, code, std::move(detail)}).has_value();
  if (known && step == LedgerStep::acknowledged) sync_.request();
  const std::lock_guard lock(mutex_);
  if (known) steps_[seq] = step;
  --in_flight_;
  settled_.notify_all();
}

void LedgerBook::missed(TimeNs slot, std::string_view why) {
  const TimeNs now = history_.clock().now();
  (void)history_.append(Sample{source_, slot, now, now, Outcome::missed, 0, std::string(why)});
}

bool LedgerBook::wait_until_idle(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return settled_.wait_until(lock, deadline.time(), [this] { return in_flight_ == 0; });
}

Status LedgerBook::close() {
  ERNSTFALL_CHECK(sync_.stop());
  const std::lock_guard lock(mutex_);
  if (error_) return tl::unexpected(*error_);
  return {};
}

std::vector<LedgerBook::Entry> LedgerBook::entries_to_audit() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  for (const bool acknowledged : {true, false})
    for (std::uint64_t seq = 0; seq < steps_.size(); ++seq)
      if (steps_[seq] != LedgerStep::refused &&
          (steps_[seq] == LedgerStep::acknowledged) == acknowledged)
        entries.push_back({seq, acknowledged});
  return entries;
}

}  // namespace ernstfall
