// ledger_audit: a queue of entries by the time at which each is to be asked (again), and a bound on
// how many are asked at once.
#include "harness/load/ledger_audit.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <utility>

#include "harness/core/hash.h"
#include "probes/http_judgement.h"

namespace ernstfall {

AuditAnswer audit_answer(const HttpResponse& response, std::string_view expected_body) {
  if (!response.completed()) return AuditAnswer::away;
  switch (response.status) {
    case 200:
      return response.body == expected_body ? AuditAnswer::found : AuditAnswer::wrong;
    case 404:
    case 410:
      return AuditAnswer::lost;
    case 425:
      return AuditAnswer::processing;
    case 502:
    case 503:
    case 504:
      return AuditAnswer::away;  // the ingress speaks, not the service
    default:
      // 401 with good credentials is what a service says that is still booting.
      return response.status >= 500 ? AuditAnswer::broken : AuditAnswer::away;
  }
}

namespace {

struct Item {
  LedgerBook::Entry entry;
  int attempts = 0;
  int broken = 0;
  bool accused = false;  // lost or wrong once already
  bool recorded = false;
  std::optional<AuditAnswer> last;
  std::int32_t last_code = 0;
};

// Filled by the engine's thread; outlives the audit when an answer does.
struct Inbox {
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::vector<std::pair<std::size_t, HttpResponse>> answers;  // by index of item
};

struct Due {
  SteadyTime at;
  std::size_t item = 0;
  bool operator<(const Due& other) const {  // the earliest on top
    return at != other.at ? at > other.at : item > other.item;
  }
};

class Audit {
 public:
  Audit(const LedgerAudit& plan, const std::vector<LedgerBook::Entry>& entries, Deadline deadline,
        const std::stop_token& stop)
      : plan_(plan), deadline_(deadline), stop_(stop) {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (const LedgerBook::Entry& entry : entries) {
      queue_.push({now, items_.size()});
      items_.push_back({});
      items_.back().entry = entry;
    }
  }

  Status run() {
    while ((!queue_.empty() || in_flight_ > 0) && !deadline_.expired()) {
      if (stop_.stop_requested()) return fail(Errc::cancelled, "stopped while reading back");
      ask_what_is_due();
      for (auto& [index, response] : wait_for_answers()) take(index, response);
    }
    return conclude();
  }

 private:
  void ask_what_is_due() {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!queue_.empty() && queue_.top().at <= now && in_flight_ < limit() &&
           now >= away_until_) {
      const std::size_t index = queue_.top().item;
      if (!ask(index)) {
        away_until_ = now + plan_.away_pause;  // the engine is full
        return;
      }
      queue_.pop();
      ++in_flight_;
    }
  }

  std::size_t limit() const { return away_ ? 1 : LedgerAudit::kMaxInFlight; }

  bool ask(std::size_t index) {
    HttpRequest request = plan_.request(items_[index].entry.seq);
    request.timeout = std::max(deadline_.at_most(plan_.timeout).remaining(), Nanos(kNsPerMs));
    ++items_[index].attempts;
    return plan_.http.submit(std::move(request),
                             [inbox = inbox_, index](const HttpResponse& answer) {
                               const std::lock_guard lock(inbox->mutex);
                               inbox->answers.emplace_back(index, answer);
                               inbox->arrived.notify_all();
                             });
  }

  // Until an answer is there, or an entry is due that may be asked, or the end.
  std::vector<std::pair<std::size_t, HttpResponse>> wait_for_answers() {
    SteadyTime until = deadline_.time();
    if (!queue_.empty() && in_flight_ < limit())
      until = std::min(until, std::max(queue_.top().at, away_until_));
    std::vector<std::pair<std::size_t, HttpResponse>> answers;
    std::unique_lock lock(inbox_->mutex);
    inbox_->arrived.wait_until(lock, stop_, until, [this] { return !inbox_->answers.empty(); });
    answers.swap(inbox_->answers);
    return answers;
  }

  void take(std::size_t index, const HttpResponse& response) {
    --in_flight_;
    Item& item = items_[index];
    const std::string expected = plan_.body(item.entry.seq);
    const AuditAnswer answer = audit_answer(response, expected);
    // Cut short by the audit's own end: says nothing that the answer before did not.
    const bool cut_short =
        response.timed_out && response.ended - response.started < plan_.timeout.count() - kNsPerMs;
    if (!cut_short) {
      item.last = answer;
      item.last_code = code_of(response);
    }
    away_ = answer == AuditAnswer::away;
    if (away_) away_until_ = std::chrono::steady_clock::now() + plan_.away_pause;
    switch (answer) {
      case AuditAnswer::found:
        return record(item, LedgerStep::found, response.ended, "");
      case AuditAnswer::lost:
        record(item, LedgerStep::lost, response.ended, "");
        return look_again(index);
      case AuditAnswer::wrong:
        record(item, LedgerStep::wrong, response.ended, difference(response.body, expected));
        return look_again(index);
      case AuditAnswer::broken:
        ++item.broken;
        break;
      case AuditAnswer::processing:
      case AuditAnswer::away:
        break;
    }
    ask_later(index, pause_of(item));
  }

  void look_again(std::size_t index) {
    if (std::exchange(items_[index].accused, true)) return;
    ask_later(index, plan_.second_look);
  }

  void ask_later(std::size_t index, Nanos pause) {
    queue_.push({std::chrono::steady_clock::now() + pause, index});
  }

  Nanos pause_of(const Item& item) const {
    const int doublings = std::clamp(item.attempts - 1, 0, 10);
    return std::min<Nanos>(plan_.first_pause * (1 << doublings), plan_.longest_pause);
  }

  static std::string difference(const std::string& body, const std::string& expected) {
    return fmt::format("{} bytes, sha256 {}; {} bytes, sha256 {} were written", body.size(),
                       sha256_hex(body).substr(0, 16), expected.size(),
                       sha256_hex(expected).substr(0, 16));
  }

  void record(Item& item, LedgerStep step, TimeNs at, std::string detail) {
    const auto appended = plan_.history.append(
        LedgerRecord{plan_.source, item.entry.seq, step, at, item.last_code, std::move(detail)});
    if (appended)
      item.recorded = true;
    else if (!error_)
      error_ = appended.error();
  }

  // The deadline is there, or nothing is left to ask.
  Status conclude() {
    std::size_t acknowledged = 0;
    std::size_t silent = 0;
    for (Item& item : items_) {
      const TimeNs now = plan_.history.clock().now();
      if (item.last == AuditAnswer::processing)
        record(item, LedgerStep::stuck, now, fmt::format("asked {} times", item.attempts));
      else if (item.last == AuditAnswer::broken && item.broken >= LedgerAudit::kMinBrokenAnswers)
        record(item, LedgerStep::unreadable, now, fmt::format("asked {} times", item.attempts));
      acknowledged += item.entry.acknowledged ? 1 : 0;
      silent += item.entry.acknowledged && !item.recorded ? 1 : 0;
    }
    if (error_) return tl::unexpected(*error_);
    if (silent > 0)
      return fail(Errc::timeout, "{} of {} acknowledged writes could not be read back in time",
                  silent, acknowledged);
    return {};
  }

  const LedgerAudit& plan_;
  const Deadline deadline_;
  const std::stop_token& stop_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::vector<Item> items_;
  std::priority_queue<Due> queue_;
  std::size_t in_flight_ = 0;
  bool away_ = false;  // the last answer was none
  SteadyTime away_until_{};
  std::optional<Error> error_;
};

}  // namespace

Status LedgerAudit::run(const std::vector<LedgerBook::Entry>& entries, Deadline deadline,
                        const std::stop_token& stop) const {
  return Audit(*this, entries, deadline, stop).run();
}

}  // namespace ernstfall
