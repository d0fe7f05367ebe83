// keeper_test: the real program as the local dead-man of a run folder.
#include "harness/inject/keeper.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>

#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

// A search for a threshold makes a run after the other in one process.
TEST(LocalKeeper, OneThatWasDisarmedIsNoDeadChildOfOurs) {
  const testing_support::TempFolder folder;
  auto keeper = arm_keeper(ERNSTFALL_PROGRAM, folder.path(), std::chrono::seconds(60));
  ASSERT_TRUE(keeper) << to_string(keeper.error());
  int status = 0;
  ASSERT_EQ(::waitpid(-1, &status, WNOHANG), 0) << "a child of ours that lives";
  const auto disarmed = (*keeper)->disarm(Deadline::after(std::chrono::seconds(30)));
  ASSERT_TRUE(disarmed) << to_string(disarmed.error());
  EXPECT_EQ(::waitpid(-1, &status, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace ernstfall
