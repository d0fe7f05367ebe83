// disk_test: parameters of the disk and resource faults that must not reach a node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Given = std::map<std::string, std::string>;

Result<FaultPlan> plan_with(const std::string& fault, const Given& given) {
  Node node;
  node.name = "mirror";
  FaultStep step;
  step.fault = fault;
  step.on = "mirror";
  step.hold = std::chrono::seconds(30);
  for (const auto& [name, text] : given)
    for (const ParamSpec& spec : find_fault(fault)->params)
      if (spec.name == name) step.params[name] = *parse_param(spec.kind, text);
  EXPECT_EQ(step.params.size(), given.size()) << fault << " has not all these parameters";
  return plan_fault({node, "boot-1"}, step);
}

const Argv& disk_args_of(const FaultPlan& plan) {
  return std::get<ScriptAction>(plan.apply.front()).args;
}

struct Wrong {
  std::string fault;
  Given given;
  std::string says;
};

class WrongParameters : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongParameters, AreAUsageErrorThatNamesThem) {
  const auto plan = plan_with(GetParam().fault, GetParam().given);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::usage);
  EXPECT_THAT(plan.error().what, HasSubstr(GetParam().says));
}

const Given kData{{"device", "/dev/mapper/data"}};
Given data_with(const std::string& name, const std::string& value) {
  Given given = kData;
  given[name] = value;
  return given;
}

INSTANTIATE_TEST_SUITE_P(
    Disk, WrongParameters,
    ::testing::Values(
        Wrong{"disk.fill", {{"mount", "/srv"}, {"to", "90%"}, {"leave", "1MiB"}}, "not both"},
        Wrong{"disk.fill", {{"mount", "/srv"}, {"to", "0.5%"}}, "1% to 100%"},
        Wrong{"disk.fill", {{"mount", "srv"}}, "absolute path"},
        Wrong{"disk.fill", {{"mount", "/srv/"}}, "absolute path"},
        Wrong{"disk.fill", {{"mount", "/srv/../etc"}}, "absolute path"},
        Wrong{"disk.inodes", {{"mount", "/srv"}, {"leave", "-1"}}, "leave"},
        Wrong{"disk.inodes", {{"mount", ""}}, "absolute path"},
        Wrong{"disk.read-only", {{"mount", "/srv\n/etc"}}, "absolute path"},
        Wrong{"disk.slow", {{"device", "mapper/data"}}, "below /dev"},
        Wrong{"disk.slow", {{"device", "/dev/../etc"}}, "below /dev"},
        Wrong{"disk.slow", data_with("by", "500us"), "1ms to 10s"},
        Wrong{"disk.slow", data_with("by", "11s"), "1ms to 10s"},
        Wrong{"disk.slow", data_with("io", "reads"), "both, read or write"},
        Wrong{"disk.error", data_with("bad_for", "0s"), "bad_for"},
        Wrong{"disk.error", data_with("bad_for", "1500ms"), "whole seconds"},
        Wrong{"disk.error", data_with("good_for", "11s"), "good_for"},
        Wrong{"disk.hang", {{"device", "/dev/"}}, "below /dev"}));

INSTANTIATE_TEST_SUITE_P(
    Resource, WrongParameters,
    ::testing::Values(
        Wrong{"resource.cpu", {{"load", "0%"}}, "1% to 100%"},
        Wrong{"resource.cpu", {{"workers", "-1"}}, "workers"},
        Wrong{"resource.memory", {{"to", "99%"}}, "98%"},
        Wrong{"resource.io", {{"mount", "/srv"}, {"workers", "0"}}, "workers"},
        Wrong{"resource.io", {{"mount", "/srv"}, {"size", "1kB"}}, "size"},
        Wrong{"resource.processes", {{"leave", "31"}}, "nobody could undo it"},
        Wrong{"resource.descriptors", {{"unit", "apache2"}}, "whole name"},
        Wrong{"resource.descriptors", {{"unit", "-H.service"}}, "whole name"},
        Wrong{"resource.descriptors", {{"unit", "a b.service"}}, "whole name"},
        Wrong{"resource.descriptors", {{"unit", "a.service"}, {"leave", "-1"}}, "leave"}));

TEST(DiskFill, LevelTravelsAsHundredthsOfAPercentOrAsBytes) {
  const auto to = plan_with("disk.fill", {{"mount", "/srv"}, {"to", "99.5%"}});
  ASSERT_TRUE(to);
  EXPECT_THAT(disk_args_of(*to), ElementsAre("/srv", "9950", "0"));
  const auto leave = plan_with("disk.fill", {{"mount", "/"}, {"leave", "4MiB"}});
  ASSERT_TRUE(leave);
  EXPECT_THAT(disk_args_of(*leave), ElementsAre("/", "leave", "4194304"));
}

// What stays on a disk is still there after a reboot; what the kernel holds is not.
TEST(DiskFaults, WhatLeavesFilesIsUndoneAtBoot) {
  for (const std::string fault : {"disk.fill", "disk.inodes", "resource.io"}) {
    const auto plan = plan_with(fault, {{"mount", "/srv"}});
    ASSERT_TRUE(plan) << fault;
    EXPECT_TRUE(plan->dead_man->survives_reboot) << fault;
    EXPECT_THAT(plan->dead_man->undo, HasSubstr("mountpoint -q")) << fault;
  }
  for (const std::string fault : {"disk.slow", "disk.error", "disk.hang"}) {
    const auto plan = plan_with(fault, kData);
    ASSERT_TRUE(plan) << fault;
    EXPECT_FALSE(plan->dead_man->survives_reboot) << fault;
  }
}

TEST(DiskSlow, OneDirectionLeavesTheOtherAlone) {
  const auto read = plan_with("disk.slow", data_with("io", "read"));
  ASSERT_TRUE(read);
  EXPECT_THAT(disk_args_of(*read),
              ElementsAre("/dev/mapper/data", "delay", "dm-delay", "@", "100", "@", "0"));
  const auto write = plan_with("disk.slow", data_with("io", "write"));
  ASSERT_TRUE(write);
  EXPECT_THAT(disk_args_of(*write),
              ElementsAre("/dev/mapper/data", "delay", "dm-delay", "@", "0", "@", "100"));
}

// A device that hangs would take with it whoever waits for it.
TEST(DiskHang, NothingWaitsForTheDeviceWithoutATimeLimit) {
  const auto plan = plan_with("disk.hang", kData);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->dead_man->undo, Not(HasSubstr("\nsync")));
  EXPECT_THAT(plan->dead_man->undo, HasSubstr("dm() { timeout 20 dmsetup"));
}

TEST(ResourceDescriptors, TheWayInIsRefused) {
  const auto plan = plan_with("resource.descriptors", {{"unit", "ssh.service"}});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::refused);
}

TEST(ResourceProcesses, TheGuardWaitsLongerThanTheHold) {
  const auto plan = plan_with("resource.processes", {{"leave", "40"}});
  ASSERT_TRUE(plan);
  EXPECT_THAT(disk_args_of(*plan), ElementsAre("40", "630"));
}

}  // namespace
}  // namespace ernstfall
