// child: owns one attached child; when it goes, so does the child's whole process group.
#pragma once

#include "harness/process/spawn.h"

namespace ernstfall {

class Child {
 public:
  static Result<Child> start(const ProcessSpec& spec);
  Child(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child();  // kills the group unless reap() was called

  int pid() const { return spawned_.pid; }
  int exit_fd() const { return spawned_.exit_fd.get(); }
  Pipes& pipes() { return spawned_.pipes; }
  void kill_group() const;
  // How it ended, leaving the zombie; false while it runs.
  bool peek_exit(ProcessResult& result) const;
  // Only after exit_fd() is readable. The group is left alone: grandchildren may go on.
  ProcessResult reap();

 private:
  explicit Child(Spawned spawned) : spawned_(std::move(spawned)) {}
  Spawned spawned_;  // pid -1: reaped or moved from
};

}  // namespace ernstfall
