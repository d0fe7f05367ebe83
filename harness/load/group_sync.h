// group_sync: flushes a history to the disk soon after something important was appended, many
// records with one flush.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "harness/history/history.h"

namespace ernstfall {

class GroupSync {
 public:
  // A record is on the disk at most this, and the time of one flush, after request(). A flush for
  // each record would make a slow disk the pace of the load.
  static constexpr Nanos kWindow = std::chrono::milliseconds(100);

  explicit GroupSync(HistoryWriter& history) : history_(history) {}
  ~GroupSync() { (void)stop(); }
  GroupSync(const GroupSync&) = delete;
  GroupSync& operator=(const GroupSync&) = delete;

  Status start();
  void request();  // never waits for the disk
  // Flushes what was requested and ends. The first error of any flush.
  Status stop();

 private:
  void run();

  HistoryWriter& history_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool ending_ = false;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace ernstfall
