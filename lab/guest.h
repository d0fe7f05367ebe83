// guest: what `up` does inside the machines, over SSH.
#pragma once

#include <map>
#include <memory>
#include <stop_token>

#include "harness/remote/remote.h"
#include "lab/lab.h"
#include "lab/store.h"

namespace ernstfall {

// One connection per machine. The calling process must be in the lab's network.
class Guests {
 public:
  static Result<Guests> open(const LabStore& store, const Topology& topology);

  // All of them, at once; the first that does not answer is named, with its last console lines.
  Status wait_for_ssh(Deadline deadline, const std::stop_token& stop);
  // Runs a shell script on a node; its text travels on stdin.
  Status script(const std::string& node, const std::string& step, const std::string& text,
                Deadline deadline, const std::stop_token& stop);
  Status set_clocks(Deadline deadline, const std::stop_token& stop);

  // First start: metadata, first sync skipped, file system, units enabled.
  Status make_drbd(Deadline deadline, const std::stop_token& stop);
  Status make_service(Deadline deadline, const std::stop_token& stop);
  // Connected and UpToDate on both; the service answers 200 through the ingress.
  Status wait_until_healthy(Deadline deadline, const std::stop_token& stop);

 private:
  Status serve_behind_ingress(Deadline deadline, const std::stop_token& stop);
  Status hand_to_manager(Deadline deadline, const std::stop_token& stop);
  Status check_health(Deadline deadline, const std::stop_token& stop);
  Guests(const LabStore& store, const Topology& topology) : store_(store), topology_(topology) {}
  Error with_console(Error error, const std::string& node) const;

  LabStore store_;
  Topology topology_;
  std::map<std::string, std::unique_ptr<Remote>> remotes_;
};

}  // namespace ernstfall
