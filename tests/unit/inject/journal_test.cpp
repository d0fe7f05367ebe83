// journal_test: what a crash may do to the journal, and what must still be readable after it.
#include "harness/inject/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

UndoEntry power_on_prod() {
  UndoEntry entry;
  entry.what = "node.power-off on prod";
  entry.node = "prod";
  entry.undo = {SwitchPower{"prod", SwitchPower::Operation::on, {}}};
  entry.undone = {NodeIsBack{"prod", "boot-1", false}};
  return entry;
}

class JournalTest : public ::testing::Test {
 protected:
  void write_life_of_one_undo() {
    Journal journal = *Journal::open(folder_.path());
    ASSERT_TRUE(journal.record("run-begin", {{"run_id", "r"}, {"cluster", "c"}}));
    ASSERT_TRUE(journal.record("undo-planned", undo_to_json(power_on_prod())));
    ASSERT_TRUE(journal.record("applying", {{"id", 0}}));
    ASSERT_TRUE(journal.record("confirmed", {{"id", 0}}));
    ASSERT_TRUE(journal.record("clean", {{"id", 0}}));
  }
  std::string text() const { return *read_file(path()); }
  std::filesystem::path path() const { return folder_.path() / "journal.jsonl"; }
  void overwrite(const std::string& content) const {
    std::ofstream(path(), std::ios::trunc | std::ios::binary) << content;
  }

  testing_support::TempFolder folder_;
};

TEST_F(JournalTest, AnUndoIsOpenUntilClean) {
  Journal journal = *Journal::open(folder_.path());
  ASSERT_TRUE(journal.record("undo-planned", undo_to_json(power_on_prod())));
  EXPECT_TRUE(read_journal(folder_.path())->has_open_undo());
  ASSERT_TRUE(journal.record("dirty", {{"id", 0}, {"why", "no power"}}));
  auto state = read_journal(folder_.path());
  EXPECT_TRUE(state->has_open_undo());
  EXPECT_EQ(state->undos.front().problem, "no power");
  ASSERT_TRUE(journal.record("clean", {{"id", 0}}));
  EXPECT_FALSE(read_journal(folder_.path())->has_open_undo());
}

// A crash may cut the file anywhere in its last line. Whatever is left must be readable, and an
// undo must never look clean before its `clean` record is whole.
TEST_F(JournalTest, CutAtEveryByteItIsReadableAndNeverCleanTooEarly) {
  write_life_of_one_undo();
  const std::string whole = text();
  const std::size_t planned_end = whole.find('\n', whole.find("undo-planned")) + 1;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    overwrite(whole.substr(0, size));
    const auto state = read_journal(folder_.path());
    ASSERT_TRUE(state) << "cut at " << size << ": " << to_string(state.error());
    EXPECT_EQ(state->has_open_undo(), size >= planned_end && size < whole.size())
        << "cut at " << size;
  }
}

TEST_F(JournalTest, ARecordAfterACutLineDoesNotRunIntoIt) {
  write_life_of_one_undo();
  const std::string whole = text();
  overwrite(whole.substr(0, whole.size() - 5));
  Journal journal = *Journal::open(folder_.path());
  ASSERT_TRUE(journal.record("clean", {{"id", 0}}));
  const auto state = read_journal(folder_.path());
  ASSERT_TRUE(state) << to_string(state.error());
  EXPECT_FALSE(state->has_open_undo());
}

TEST_F(JournalTest, ABadLineInTheMiddleIsAnErrorWithItsNumber) {
  write_life_of_one_undo();
  std::string whole = text();
  whole.insert(whole.find('\n') + 1, "{garbage\n");
  overwrite(whole);
  const auto state = read_journal(folder_.path());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::corrupt);
  EXPECT_THAT(state.error().where, HasSubstr("journal.jsonl:2"));
}

TEST_F(JournalTest, ARecordForAnUndoThatWasNeverPlannedIsCorrupt) {
  Journal journal = *Journal::open(folder_.path());
  ASSERT_TRUE(journal.record("clean", {{"id", 7}}));
  EXPECT_FALSE(read_journal(folder_.path()));
}

}  // namespace
}  // namespace ernstfall
