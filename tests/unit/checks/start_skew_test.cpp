// start_skew_test: how far apart the targets of a step began, out of what was recorded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/checks/run_facts.h"

namespace ernstfall {
namespace {

using ::testing::ElementsAre;

FaultFacts target(int index, int step, const std::string& node, TimeNs from, TimeNs until,
                  bool by_node = true) {
  FaultFacts fault;
  fault.index = index;
  fault.fault = "net.loss";
  fault.node = node;
  fault.step = step;
  fault.begun_from = from;
  fault.begun_until = until;
  fault.begun_by_node = by_node;
  return fault;
}

TEST(StartSkews, IsTheSpreadWithWhatItMayBeOff) {
  RunFacts facts;
  facts.faults = {target(0, 0, "prod", 1000, 1010), target(1, 0, "mirror", 1100, 1120)};
  const auto skews = start_skews(facts);
  ASSERT_EQ(skews.size(), 1U);
  // At least 90 (1100 - 1010), at most 120 (1120 - 1000).
  EXPECT_EQ(skews[0].skew_ns, 105);
  EXPECT_EQ(skews[0].uncertainty_ns, 15);
  EXPECT_TRUE(skews[0].by_nodes);
  EXPECT_THAT(skews[0].nodes, ElementsAre("prod", "mirror"));
}

TEST(StartSkews, MayBeNothingWhenTheIntervalsOverlap) {
  RunFacts facts;
  facts.faults = {target(0, 3, "prod", 0, 100), target(1, 3, "mirror", 50, 60, false)};
  const auto skews = start_skews(facts);
  ASSERT_EQ(skews.size(), 1U);
  EXPECT_EQ(skews[0].skew_ns - skews[0].uncertainty_ns, 0);
  EXPECT_EQ(skews[0].skew_ns + skews[0].uncertainty_ns, 60) << "0 and 60, or 100 and 50";
  EXPECT_FALSE(skews[0].by_nodes);
}

TEST(StartSkews, OneNodeHasNone) {
  RunFacts facts;
  facts.faults = {target(0, 0, "prod", 0, 5), target(1, 1, "mirror", 500, 505)};
  facts.faults.push_back(target(2, 1, "load", 0, 0));
  facts.faults.back().begun_from.reset();  // never began
  EXPECT_TRUE(start_skews(facts).empty());
}

}  // namespace
}  // namespace ernstfall
