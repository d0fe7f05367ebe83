// live_board: passes everything on to the history, and keeps the latest state of each source in
// memory, for the live view and for the runner's waiting ("is the service stable again?"). Never
// judges: the verdict comes from the history alone.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"

namespace ernstfall {

struct SourceView {
  Source source;
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
  std::uint64_t missed = 0;
  std::optional<TimeNs>
      good_since;                   // scheduled time of the first good sample of the present streak
  std::optional<TimeNs> bad_since;  // of the present bad streak
  TimeNs last_ended = 0;
  TimeNs last_latency_ns = 0;
  std::string last_detail;

  // Asked as users ask: not about one node.
  bool is_service() const {
    return source.node.empty() &&
           (source.kind.rfind("webdav.", 0) == 0 || source.kind.rfind("http.", 0) == 0);
  }
};

class LiveBoard final : public HistoryWriter {
 public:
  explicit LiveBoard(HistoryWriter& inner) : inner_(inner) {}

  const RunClock& clock() const override { return inner_.clock(); }
  Result<SourceId> define_source(Source source) override;
  Status append(const Sample& sample) override;
  Status append(const Event& event) override;
  Status append(const LedgerRecord& record) override;
  Status sync() override { return inner_.sync(); }
  Status close() override { return inner_.close(); }

  std::vector<SourceView> views() const;
  // Every service source has been good without a break since `stable` ago, and is still being
  // asked.
  bool service_stable(TimeNs now, TimeNs stable_ns) const;
  // The first service source that is not, in words; empty when all are.
  std::string service_trouble(TimeNs now, TimeNs stable_ns) const;
  std::uint64_t acknowledged_writes() const;
  // Since when every service source is bad without a break; nullopt: one is not, or there is none.
  std::optional<TimeNs> service_down_since() const;
  // Keeps the answers of the service probes for so long: what service_error_percent() counts.
  void keep_answers(Nanos window);
  // The bad ones among the answers of the last `window`, in percent; nullopt: there was none, or
  // the first answer of the run is younger than the window.
  std::optional<double> service_error_percent(TimeNs now, Nanos window) const;
  // How often DRBD's state changed, as its event streams said; nullopt: nobody listens to one.
  std::optional<std::uint64_t> drbd_changes() const;
  // DRBD's own line that says so; empty: none yet.
  std::string split_brain() const;

 private:
  HistoryWriter& inner_;
  mutable std::mutex mutex_;
  std::map<SourceId, SourceView> views_;
  struct Answer {
    TimeNs ended;
    bool good;
  };
  void keep_answer(const Answer& answer);
  static constexpr std::size_t kMaxAnswers = 1'000'000;
  Nanos keep_{};
  std::deque<Answer> answers_;
  std::optional<TimeNs> first_answer_;
  std::uint64_t acknowledged_ = 0;
  std::optional<std::uint64_t> drbd_changes_;
  std::string split_brain_;
};

}  // namespace ernstfall
