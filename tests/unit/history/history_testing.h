// history_testing: writing small histories, and looking at their bytes.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/files.h"
#include "harness/history/history.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::testing_support {

inline std::unique_ptr<HistoryWriter> create_history(const std::filesystem::path& folder,
                                                     const RunClock& clock = {}) {
  auto writer = HistoryWriter::create(folder, "20261123T031205Z-kill-prod", clock);
  EXPECT_TRUE(writer) << writer.error().what;
  return writer ? std::move(*writer) : nullptr;
}

// Two sources and two records of each kind.
inline void append_every_kind(HistoryWriter& writer) {
  const SourceId probe =
      *writer.define_source({0, "node.reach@prod", "node.reach", "prod", 500, 1000});
  const SourceId run = *writer.define_source({0, "run", "run", "", 0, 0});
  ASSERT_TRUE(writer.append(Sample{probe, 10, 12, 15, Outcome::ok, 200, ""}));
  ASSERT_TRUE(writer.append(Sample{probe, 20, 21, 99, Outcome::timeout, -28, "no answer"}));
  ASSERT_TRUE(writer.append(Event{run, 30, "run.phase", "{\"phase\":\"baseline\"}"}));
  // 256 bytes of body have a zero as their first length byte.
  ASSERT_TRUE(writer.append(Event{run, 31, "k", std::string(256 - 22, 'x')}));
  ASSERT_TRUE(writer.append(LedgerRecord{run, 7, LedgerStep::invoked, 40, 0, ""}));
  ASSERT_TRUE(writer.append(LedgerRecord{run, 7, LedgerStep::acknowledged, 41, 201, "etag"}));
}

// Where each record begins, and the end of the last one.
inline std::vector<std::size_t> record_bounds(const std::string& bytes) {
  std::vector<std::size_t> bounds{0};
  while (bounds.back() + 8 <= bytes.size()) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + bounds.back(), 4);
    if (length == 0) break;
    bounds.push_back(bounds.back() + 8 + length);
  }
  return bounds;
}

// Records of every kind, the header's included.
inline std::size_t record_count(const History& history) {
  return 1 + history.sources.size() + history.samples.size() + history.events.size() +
         history.ledger.size();
}

}  // namespace ernstfall::testing_support
