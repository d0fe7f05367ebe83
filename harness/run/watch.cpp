// watch: engines first, then the ledger's folder, then probes; ended in the opposite order.
#include "harness/run/watch.h"

#include <vector>

#include "harness/load/ledger.h"
#include "probes/http_engine.h"
#include "probes/probe.h"
#include "probes/reach_engine.h"

namespace ernstfall {
namespace {

class RunningWatch final : public Watch {
 public:
  ~RunningWatch() override {
    stop_load();
    stop_probes();
  }
  RunningWatch() = default;
  RunningWatch(const RunningWatch&) = delete;
  RunningWatch& operator=(const RunningWatch&) = delete;

  Status begin(const NodeSet& nodes, const Scenario& scenario, const std::string& run_id,
               LiveBoard& board, const std::stop_token& stop) {
    ERNSTFALL_TRY(http_, HttpEngine::start(board.clock()));
    ERNSTFALL_TRY(reach_, ReachEngine::start(board.clock()));
    const ProbeContext context{
        board,  nodes.cluster(), run_id,
        *http_, *reach_,         [&nodes](std::string_view node) { return nodes.remote(node); }};
    ERNSTFALL_TRY(probes_, ProbeRunner::start(context, scenario.probes));
    for (const LoadSpec& spec : scenario.loads) {
      ERNSTFALL_TRY(auto ledger, Ledger::start(board, *http_, nodes.cluster(), run_id, spec, stop));
      ledgers_.push_back(std::move(ledger));
    }
    return {};
  }

  void stop_load() override {
    for (const auto& ledger : ledgers_) ledger->stop();
  }

  Status audit(Deadline deadline, const std::stop_token& stop) override {
    // All of them, whatever the first one says: what was not read back is unknown.
    Status first;
    for (const auto& ledger : ledgers_)
      if (auto status = ledger->audit(deadline, stop); !status && first) first = std::move(status);
    return first;
  }

  void stop_probes() override {
    if (probes_) probes_->stop();
  }

  Status cleanup(Deadline deadline, const std::stop_token& stop) override {
    Status first;
    for (const auto& ledger : ledgers_)
      if (auto status = ledger->cleanup(deadline, stop); !status && first)
        first = std::move(status);
    return first;
  }

 private:
  // Destroyed from the last to the first: whoever asks before what answers.
  std::unique_ptr<HttpEngine> http_;
  std::unique_ptr<ReachEngine> reach_;
  std::unique_ptr<ProbeRunner> probes_;
  std::vector<std::unique_ptr<Ledger>> ledgers_;
};

}  // namespace

Result<std::unique_ptr<Watch>> Watch::start(const NodeSet& nodes, const Scenario& scenario,
                                            const std::string& run_id, LiveBoard& board,
                                            const std::stop_token& stop) {
  auto watch = std::make_unique<RunningWatch>();
  ERNSTFALL_CHECK(watch->begin(nodes, scenario, run_id, board, stop));
  return watch;
}

}  // namespace ernstfall
