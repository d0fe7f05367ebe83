// progress: what a run tells the person who watches it. Goes to stderr, never into the result.
#pragma once

#include <string_view>

namespace ernstfall {

class LiveBoard;

class Progress {
 public:
  virtual ~Progress() = default;
  // The run has a folder now; from here on a crash can be healed from it.
  virtual void folder(std::string_view path) = 0;
  virtual void phase(std::string_view name, std::string_view text) = 0;  // a new part of the run
  virtual void note(std::string_view text) = 0;
  virtual void warn(std::string_view text) = 0;
  // From now on there is something to watch; nullptr: no more.
  virtual void watch(const LiveBoard* board) = 0;
};

}  // namespace ernstfall
