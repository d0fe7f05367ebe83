// watch: the engines, the probes that ask through them, and the ledgers that write through them.
#include "harness/run/watch.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "harness/load/ledger.h"
#include "probes/http_engine.h"
#include "probes/probe.h"
#include "probes/reach_engine.h"
#include "probes/service_folder.h"

namespace ernstfall {
namespace {

// What a start that failed may spend on removing what it wrote already; scaled.
constexpr Nanos kGiveUpCleanup = std::chrono::seconds(5);

// "ledger.webdav", "ledger.webdav-2": unique in the run, as every source.
std::string writer_name(const LoadSpec& spec, std::size_t index) {
  return index == 0 ? spec.load : fmt::format("{}-{}", spec.load, index + 1);
}

class LiveWatch final : public Watch {
 public:
  LiveWatch(const NodeSet& nodes, std::string run_id, LiveBoard& board)
      : nodes_(nodes), run_id_(std::move(run_id)), board_(board) {}
  LiveWatch(const LiveWatch&) = delete;
  LiveWatch& operator=(const LiveWatch&) = delete;
  // Whoever asks goes before the engine that answers (the members are in that order), and the board
  // outlives all: the last answers of an engine are still recorded.
  ~LiveWatch() override = default;

  Status begin(const Scenario& scenario, const std::stop_token& stop) {
    ERNSTFALL_TRY(http_, HttpEngine::start(board_.clock()));
    ERNSTFALL_TRY(reach_, ReachEngine::start(board_.clock()));
    const ProbeContext context{
        board_,  nodes_.cluster(),
        run_id_, *http_,
        *reach_, [&nodes = nodes_](std::string_view node) { return nodes.remote(node); }};
    ERNSTFALL_TRY(probes_, ProbeRunner::start(context, scenario.probes));
    for (std::size_t i = 0; i < scenario.loads.size(); ++i) {
      const LoadSpec& spec = scenario.loads[i];
      if (spec.on_volume) {
        ERNSTFALL_CHECK(begin_canary(spec, i, stop));
        continue;
      }
      ERNSTFALL_TRY(auto ledger, Ledger::start(board_, *http_, nodes_.cluster(), run_id_,
                                               writer_name(spec, i), spec, stop));
      ledgers_.push_back(std::move(ledger));
    }
    return {};
  }

  Status begin_canary(const LoadSpec& spec, std::size_t index, const std::stop_token& stop) {
    const Cluster& cluster = nodes_.cluster();
    CanarySettings settings;
    for (Nanos* limit : {&settings.ask, &settings.begin, &settings.find})
      *limit = cluster.scaled(*limit);
    ERNSTFALL_TRY(auto canary, BlockCanary::start(board_, canary_nodes(nodes_), run_id_,
                                                  writer_name(spec, index), spec, settings, stop));
    canaries_.push_back(std::move(canary));
    return {};
  }

  void give_up() {
    stop_load();
    stop_probes();
    if (http_)
      (void)cleanup(Deadline::after(nodes_.cluster().scaled(kGiveUpCleanup)));
  }

  void stop_load() override {
    for (const auto& ledger : ledgers_) ledger->stop();
    for (const auto& canary : canaries_) canary->stop();
  }

  void pause_canary() override {
    for (const auto& canary : canaries_) canary->pause();
  }
  void resume_canary() override {
    for (const auto& canary : canaries_) canary->resume();
  }
  Status audit_canary(Deadline deadline, const std::stop_token& stop) override {
    for (const auto& canary : canaries_) ERNSTFALL_CHECK(canary->audit(deadline, stop));
    return {};
  }

  // Side by side: one that waits for its slowest file leaves the others the same time.
  Status audit(Deadline deadline, const std::stop_token& stop) override {
    std::vector<Status> results(ledgers_.size() + 1);
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < ledgers_.size(); ++i)
        threads.emplace_back([&, i] { results[i] = ledgers_[i]->audit(deadline, stop); });
      results.back() = audit_canary(deadline, stop);
    }
    for (const Status& result : results) ERNSTFALL_CHECK(result);
    return {};
  }

  void stop_probes() override {
    if (probes_) probes_->stop();
  }

  // The probes write into the same folder, so it is removed even when there is no ledger.
  Status cleanup(Deadline deadline) override {
    std::vector<std::string> left;
    const auto note = [&left](const Status& removed) {
      if (!removed) left.push_back(to_string(removed.error()));
    };
    for (const auto& canary : canaries_) note(canary->cleanup(deadline, {}));
    if (const auto& service = nodes_.cluster().service)
      note(remove_service_folder(*http_, *service, run_id_, deadline, {}));
    if (!left.empty()) return fail(Errc::io, "{}", join(left, "; "));
    return {};
  }

 private:
  const NodeSet& nodes_;
  const std::string run_id_;
  LiveBoard& board_;
  std::unique_ptr<HttpEngine> http_;
  std::unique_ptr<ReachEngine> reach_;
  std::unique_ptr<ProbeRunner> probes_;
  std::vector<std::unique_ptr<Ledger>> ledgers_;
  std::vector<std::unique_ptr<BlockCanary>> canaries_;
};

}  // namespace

std::vector<CanaryNode> canary_nodes(const NodeSet& nodes) {
  std::vector<CanaryNode> all;
  if (const auto& drbd = nodes.cluster().drbd)
    for (const std::string& name : drbd->nodes)
      if (Remote* remote = nodes.remote(name)) all.push_back({name, remote});
  return all;
}

std::vector<std::string> canary_paths(const Scenario& scenario) {
  std::vector<std::string> paths;
  for (const LoadSpec& load : scenario.loads) {
    if (!load.on_volume) continue;
    const auto path = load.params.find("path");
    if (path == load.params.end()) continue;
    const std::string& text = path->second.text;
    if (std::find(paths.begin(), paths.end(), text) == paths.end()) paths.push_back(text);
  }
  return paths;
}

Result<std::unique_ptr<Watch>> Watch::start(const NodeSet& nodes, const Scenario& scenario,
                                            const std::string& run_id, LiveBoard& board,
                                            const std::stop_token& stop) {
  auto watch = std::make_unique<LiveWatch>(nodes, run_id, board);
  if (const auto begun = watch->begin(scenario, stop); !begun) {
    watch->give_up();
    return tl::unexpected(begun.error());
  }
  return watch;
}

}  // namespace ernstfall
