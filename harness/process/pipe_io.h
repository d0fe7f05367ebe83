// pipe_io: non-blocking reads and writes on a child's pipes. Private to harness/process.
#pragma once

#include <string>
#include <string_view>

#include "harness/core/files.h"

namespace ernstfall {

// Keeps the first `max_bytes` and counts the rest as dropped.
class CappedText {
 public:
  explicit CappedText(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  void append(std::string_view bytes);
  bool truncated() const { return truncated_; }
  std::string take() { return std::move(text_); }
  const std::string& text() const { return text_; }

 private:
  std::size_t max_bytes_;
  bool truncated_ = false;
  std::string text_;
};

enum class PipeState { open, closed };

// Reads what is there now, at most `max_bytes`; resets `fd` and says closed at its end.
PipeState read_available(Fd& fd, CappedText& into, std::size_t max_bytes = 1U << 20U);

// Writes what fits now and removes it from `rest`. A reader that is gone is `closed`, not SIGPIPE.
PipeState write_available(Fd& fd, std::string_view& rest);

}  // namespace ernstfall
