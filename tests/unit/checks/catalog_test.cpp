// catalog_test: what holds for every check, whichever it is.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "probes/checks/check.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

class EveryCheck : public testing::TestWithParam<const CheckType*> {};

TEST_P(EveryCheck, IsNamedAndDocumented) {
  const CheckType& check = *GetParam();
  EXPECT_EQ(check.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
  EXPECT_FALSE(check.summary.empty());
  EXPECT_EQ(find_check(check.name), &check);
  std::ifstream page("docs/reference/checks.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_NE(text.str().find("## " + std::string(check.name)), std::string::npos);
}

TEST_P(EveryCheck, AnEmptyHistoryIsUnknown) {
  const History history;
  const Cluster cluster = mocks::two_node_cluster();
  const Scenario scenario = mocks::kill_prod_scenario(false);
  const CheckResult result = run_check(*GetParam(), {history, cluster, scenario});
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_EQ(result.name, GetParam()->name);
  EXPECT_FALSE(result.message.empty());
}

TEST_P(EveryCheck, GarbageInEventsIsSurvived) {
  mocks::SyntheticRun run = mocks::kill_prod();
  for (std::size_t i = 0; i < run.history.events.size(); i += 3)
    run.history.events[i].text = "\xff{not json \x01 exists resource name:";
  const CheckResult result = run_check(*GetParam(), {run.history, run.cluster, run.scenario});
  EXPECT_FALSE(result.message.empty());
  EXPECT_LE(result.evidence.size(), CheckResult::kMaxEvidence);
}

TEST_P(EveryCheck, SaysTheSameTwice) {
  const mocks::SyntheticRun run = mocks::kill_prod();
  const CheckContext context{run.history, run.cluster, run.scenario};
  EXPECT_EQ(run_check(*GetParam(), context).message, run_check(*GetParam(), context).message);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryCheck,
                         testing::ValuesIn(all_checks().begin(), all_checks().end()),
                         [](const auto& param) {
                           std::string name(param.param->name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Catalogue, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const CheckType* check : all_checks()) EXPECT_TRUE(names.insert(check->name).second);
  EXPECT_EQ(find_check("no-such-check"), nullptr);
}

TEST(Catalogue, ChecksWithoutTheirSubjectDoNotApply) {
  const Cluster bare;
  const Scenario scenario;
  for (const CheckType* check : all_checks()) EXPECT_FALSE(check->applies(bare, scenario));
}

TEST(RunCheck, AnExceptionIsUnknownWithItsText) {
  const CheckType broken{"broken", "throws", nullptr, [](const CheckContext&) -> CheckResult {
                           throw std::runtime_error("oops");
                         }};
  const History history;
  const Cluster cluster;
  const Scenario scenario;
  const CheckResult result = run_check(broken, {history, cluster, scenario});
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_NE(result.message.english().find("oops"), std::string::npos);
}

TEST(Verdicts, MergeBySeverity) {
  EXPECT_EQ(merge(Verdict::pass, Verdict::unknown), Verdict::unknown);
  EXPECT_EQ(merge(Verdict::fail, Verdict::unknown), Verdict::fail);
  EXPECT_EQ(merge(Verdict::pass, Verdict::pass), Verdict::pass);
}

}  // namespace
}  // namespace ernstfall
