// bad_files_test: every broken file of tests/golden/bad is refused, with exactly the message beside
// it.
//
// NAME.yaml is a cluster file, a scenario or a topology by the first word of its name, and
// NAME.expected is the message. A scenario that can be read must not fit
// tests/golden/good/cluster.yaml. ERNSTFALL_UPDATE_GOLDEN=1 writes the messages; read the
// difference before you commit it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "harness/core/exit_code.h"
#include "harness/core/files.h"
#include "harness/faults/fault.h"
#include "lab/topology.h"
#include "tests/mocks/test_catalogue.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing_support::test_catalogue;

const fs::path kBad = "tests/golden/bad";
const fs::path kGood = "tests/golden/good";

std::vector<std::string> bad_files() {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(kBad, ec))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Status examine_scenario(const fs::path& file) {
  ERNSTFALL_TRY(const Scenario scenario, load_scenario(file, test_catalogue()));
  ERNSTFALL_TRY(const Cluster cluster, load_cluster(kGood / "cluster.yaml"));
  ERNSTFALL_CHECK(check_scenario_against_cluster(scenario, cluster));
  return check_fault_plans(scenario, cluster);
}

Status examine(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.rfind("scenario-", 0) == 0) return examine_scenario(file);
  if (name.rfind("topology-", 0) == 0) {
    ERNSTFALL_CHECK(load_topology(file));
    return {};
  }
  ERNSTFALL_TRY(const Cluster cluster, load_cluster(file));
  return check_cluster(cluster);
}

class BadFile : public ::testing::TestWithParam<std::string> {};

TEST_P(BadFile, IsRefusedWithItsMessage) {
  const fs::path expected_file = kBad / (GetParam() + ".expected");
  const Status status = examine(kBad / (GetParam() + ".yaml"));
  ASSERT_FALSE(status) << "accepted";
  EXPECT_EQ(exit_code_for(status.error()), ExitCode::usage);
  const std::string message = to_string(status.error()) + "\n";
  if (std::getenv("ERNSTFALL_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomic(expected_file, message));
  }
  EXPECT_EQ(message, read_file(expected_file).value_or("")) << expected_file;
}

TEST_P(BadFile, EveryLineSaysWhereAndNoneHoldsASecret) {
  const Status status = examine(kBad / (GetParam() + ".yaml"));
  ASSERT_FALSE(status);
  const std::string message = to_string(status.error());
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  for (const std::string& line : split(message, '\n'))
    EXPECT_THAT(line,
                MatchesRegex("(tests/golden/bad/[a-z0-9-]+\\.yaml:[0-9]+:[0-9]+: .+|and [0-9]+ "
                             "more)"));
}

INSTANTIATE_TEST_SUITE_P(Golden, BadFile, ::testing::ValuesIn(bad_files()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(BadFiles, ThereAreManyAndEachHasItsMessage) {
  EXPECT_GE(bad_files().size(), 100U);
  for (const auto& entry : fs::directory_iterator(kBad))
    EXPECT_TRUE(fs::exists(fs::path(entry.path()).replace_extension(".yaml"))) << entry.path();
}

TEST(BadFiles, TheReferenceClusterItselfIsGood) {
  EXPECT_TRUE(load_cluster(kGood / "cluster.yaml"));
}

}  // namespace
}  // namespace ernstfall
