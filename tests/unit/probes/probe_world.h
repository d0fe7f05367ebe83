// probe_world: what a probe needs around it: a history, both engines, a cluster, and nodes that
// are not there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/history/kinds.h"
#include "probes/http_engine.h"
#include "probes/probe.h"
#include "probes/reach_engine.h"
#include "tests/mocks/fake_remote.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::testing_support {

// True as soon as `condition` holds; false when it did not within a time that no machine needs.
inline bool eventually(const std::function<bool()>& condition) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(30));
  while (!condition()) {
    if (deadline.expired()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class ProbeWorld {
 public:
  ProbeWorld()
      : history_(*HistoryWriter::create(folder_.path() / "history", "test", clock_)),
        http_(*HttpEngine::start(clock_)),
        reach_(*ReachEngine::start(clock_)) {}

  Node& add_node(const std::string& name) {
    Node node;
    node.name = name;
    node.address = "127.0.0.1";
    cluster_.nodes.push_back(node);
    remotes_.emplace(name, std::make_unique<FakeRemote>(name));
    return cluster_.nodes.back();
  }
  ProbeContext context() {
    const auto remote = [this](std::string_view name) -> Remote* {
      const auto it = remotes_.find(std::string(name));
      return it == remotes_.end() ? nullptr : it->second.get();
    };
    return {*history_, cluster_, "test", *http_, *reach_, remote};
  }
  FakeRemote& remote(const std::string& name) { return *remotes_.at(name); }
  Cluster& cluster() { return cluster_; }
  ReachEngine& reach() { return *reach_; }
  const RunClock& clock() const { return clock_; }

  // What was recorded so far; also while probes are running.
  History recorded() const {
    auto history = read_history(folder_.path() / "history");
    EXPECT_TRUE(history);
    return history ? std::move(*history) : History{};
  }
  std::vector<Event> events(std::string_view kind) const {
    std::vector<Event> found = recorded().events;
    std::erase_if(found, [&](const Event& event) { return event.kind != kind; });
    return found;
  }
  std::vector<Sample> samples() const { return recorded().samples; }

 private:
  TempFolder folder_;
  RunClock clock_;
  std::unique_ptr<HistoryWriter> history_;
  std::unique_ptr<HttpEngine> http_;
  std::unique_ptr<ReachEngine> reach_;
  Cluster cluster_;
  std::map<std::string, std::unique_ptr<FakeRemote>> remotes_;
};

}  // namespace ernstfall::testing_support
