// window_test: hours and days in which runs may begin.
#include "harness/cluster/window.h"

#include <gtest/gtest.h>

namespace ernstfall {
namespace {

std::tm at(int day, int hour, int minute) {  // 0 is Sunday
  std::tm local{};
  local.tm_wday = day;
  local.tm_hour = hour;
  local.tm_min = minute;
  return local;
}

TEST(Window, WithoutDaysIsEveryDay) {
  const Window window = *parse_window("02:00-05:00");
  EXPECT_TRUE(contains(window, at(3, 2, 0)));
  EXPECT_TRUE(contains(window, at(0, 4, 59)));
  EXPECT_FALSE(contains(window, at(3, 5, 0)));
  EXPECT_FALSE(contains(window, at(3, 1, 59)));
}

TEST(Window, OverMidnightBelongsToTheDayOfItsBegin) {
  const Window window = *parse_window("Sat 22:00-06:00");
  EXPECT_TRUE(contains(window, at(6, 23, 0)));
  EXPECT_TRUE(contains(window, at(0, 5, 59)));
  EXPECT_FALSE(contains(window, at(6, 5, 0)));
  EXPECT_FALSE(contains(window, at(0, 23, 0)));
}

TEST(Window, DaysAreRangesAndLists) {
  const Window window = *parse_window("Fri-Mon,Wed 01:00-02:00");
  for (const int day : {5, 6, 0, 1, 3}) EXPECT_TRUE(contains(window, at(day, 1, 30))) << day;
  for (const int day : {2, 4}) EXPECT_FALSE(contains(window, at(day, 1, 30))) << day;
}

TEST(Window, WhatCannotBeReadIsAnError) {
  for (const char* text : {"", "always", "02:00", "2:00-3:00", "25:00-26:00", "Sam 01:00-02:00",
                           "Mon Tue 01:00-02:00", "01:00-02:00x"})
    EXPECT_FALSE(parse_window(text)) << text;
}

}  // namespace
}  // namespace ernstfall
