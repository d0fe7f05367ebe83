// synthetic_canary: a block canary in a run that never happened.
#pragma once

#include <string>

#include "harness/history/kinds.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall::mocks {

// A block canary beside the ledger: 150 blocks before the cut at 20 s; `runs` is what is read back.
inline void add_canary(SyntheticRun& run, const std::string& runs) {
  LoadSpec load;
  load.load = "canary.block";
  load.on_volume = true;
  run.scenario.loads.push_back(load);
  const auto source = static_cast<SourceId>(run.history.sources.size());
  run.history.sources.push_back({source, "canary.block", "canary.block", "", 100'000'000, 0});
  run.history.events.push_back({source, seconds_ns(1), std::string(kinds::kCanaryBegin),
                                R"({"node":"prod","stretch":0,"first":0,"blocks":200})"});
  for (std::uint64_t seq = 0; seq < 150; ++seq)
    run.history.ledger.push_back({source, seq, LedgerStep::acknowledged,
                                  seconds_ns(4 + 0.1 * static_cast<double>(seq)), 2500, ""});
  run.history.events.push_back(
      {source, seconds_ns(140), std::string(kinds::kCanaryAudit),
       R"({"node":"prod","stretch":0,"first":0,"blocks":200,"asked_ns":140000000000,)"
       R"("how":"direct","runs":)" +
           runs + R"(,"complete":true,"round":0,"saw":""})"});
}

// Another writer, after the volume went back in time: block 200 at 60 s.
inline void add_later_writer(SyntheticRun& run) {
  const SourceId source = run.history.ledger.back().source;
  run.history.ledger.push_back({source, 200, LedgerStep::acknowledged, seconds_ns(60), 2500, ""});
  Event second = run.history.events.back();
  second.text = R"({"node":"prod","stretch":1,"first":200,"blocks":50,"asked_ns":140000000000,)"
                R"("how":"direct","runs":[["whole",200,200],["empty",201,249]],)"
                R"("complete":true,"round":0,"saw":""})";
  run.history.events.push_back(second);
}

}  // namespace ernstfall::mocks
