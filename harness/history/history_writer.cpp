// history_writer: appends records to the current segment, and begins a new one when it is full.
#include <deque>
#include <map>
#include <mutex>

#include "harness/core/files.h"
#include "harness/history/codec.h"
#include "harness/history/segment.h"

namespace ernstfall {
namespace {

class SegmentedWriter final : public HistoryWriter {
 public:
  SegmentedWriter(std::filesystem::path folder, HistoryHeader header, const RunClock& clock)
      : folder_(std::move(folder)), header_(std::move(header)), clock_(clock) {}

  const RunClock& clock() const override { return clock_; }

  // All or nothing: when the disk is full, the old segment stays, and the next append tries again.
  // Nothing here waits for the disk: whoever appends is a probe. sync() flushes full segments.
  Status begin_segment() {
    const std::filesystem::path path = folder_ / fmt::format("{:06}.efh", number_ + 1);
    ERNSTFALL_TRY(auto next, Segment::create(path));
    if (const Status begun = introduce(*next); !begun) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
      return begun;
    }
    if (segment_) full_.push_back(segment_);
    segment_ = std::move(next);
    ++number_;
    return {};
  }

  Result<SourceId> define_source(Source source) override {
    const std::lock_guard lock(mutex_);
    if (const auto known = ids_.find(source.name); known != ids_.end()) return known->second;
    source.id = static_cast<SourceId>(sources_.size());
    ERNSTFALL_CHECK(append_locked(codec::encode(source)));
    ids_[source.name] = source.id;
    sources_.push_back(std::move(source));
    return sources_.back().id;
  }

  Status append(const Sample& sample) override { return append_body(codec::encode(sample)); }
  Status append(const Event& event) override { return append_body(codec::encode(event)); }
  Status append(const LedgerRecord& record) override { return append_body(codec::encode(record)); }

  Status sync() override {
    const std::lock_guard one_at_a_time(sync_mutex_);
    std::shared_ptr<Segment> segment;
    std::size_t used = 0;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return {};
      segment = segment_;
      used = segment->used();
    }
    // Without the lock: a disk takes milliseconds.
    ERNSTFALL_CHECK(close_full_segments());
    ERNSTFALL_CHECK(segment->sync_to(used));
    return fsync_directory(folder_);
  }

  Status close() override {
    const std::lock_guard one_at_a_time(sync_mutex_);
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return {};
      closed_ = true;
      full_.push_back(segment_);
    }
    ERNSTFALL_CHECK(close_full_segments());
    return fsync_directory(folder_);
  }

 private:
  Status introduce(Segment& segment) {
    ERNSTFALL_CHECK(segment.append(codec::encode(header_)));
    for (const Source& source : sources_) ERNSTFALL_CHECK(segment.append(codec::encode(source)));
    return {};
  }

  // sync_mutex_ is held. One that cannot be closed stays, and is tried again.
  Status close_full_segments() {
    while (true) {
      std::shared_ptr<Segment> segment;
      {
        const std::lock_guard lock(mutex_);
        if (full_.empty()) return {};
        segment = full_.front();
      }
      ERNSTFALL_CHECK(segment->close());
      const std::lock_guard lock(mutex_);
      full_.pop_front();
    }
  }

  Status append_body(const std::string& body) {
    const std::lock_guard lock(mutex_);
    return append_locked(body);
  }
  Status append_locked(const std::string& body) {
    if (closed_) return fail_at(Errc::io, folder_.string(), "the history is closed");
    if (!segment_->has_room_for(body.size())) ERNSTFALL_CHECK(begin_segment());
    return segment_->append(body);
  }

  const std::filesystem::path folder_;
  const HistoryHeader header_;
  const RunClock clock_;
  std::mutex sync_mutex_;  // taken first
  std::mutex mutex_;
  std::shared_ptr<Segment> segment_;
  std::deque<std::shared_ptr<Segment>> full_;  // not yet flushed; nobody appends to them
  int number_ = 0;
  bool closed_ = false;
  std::vector<Source> sources_;
  std::map<std::string, SourceId> ids_;
};

}  // namespace

Result<std::unique_ptr<HistoryWriter>> HistoryWriter::create(const std::filesystem::path& folder,
                                                             const std::string& run_id,
                                                             const RunClock& clock) {
  ERNSTFALL_CHECK(make_directories(folder));
  const auto wall = std::chrono::duration_cast<Nanos>(clock.wall_base.time_since_epoch()).count();
  auto writer = std::make_unique<SegmentedWriter>(folder, HistoryHeader{run_id, wall, 1}, clock);
  ERNSTFALL_CHECK(writer->begin_segment());
  ERNSTFALL_CHECK(fsync_directory(folder));
  return writer;
}

}  // namespace ernstfall
