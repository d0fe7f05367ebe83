// line_test: one line of events2, in both dialects, and what is not a line of it.
#include <gtest/gtest.h>

#include "harness/drbd/events2.h"

namespace ernstfall {
namespace {

TEST(Events2Line, SplitsTimestampActionObjectAndFields) {
  const auto event = parse_events2_line(
      "2026-11-23T04:55:18.690130+00:00 change connection name:r0 peer-node-id:1 conn-name:mirror "
      "connection:NetworkFailure role:Unknown\r\n");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->timestamp, "2026-11-23T04:55:18.690130+00:00");
  EXPECT_EQ(event->action, "change");
  EXPECT_EQ(event->object, "connection");
  EXPECT_EQ(event->field("conn-name"), "mirror");
  EXPECT_EQ(event->field("role"), "Unknown");
  EXPECT_EQ(event->field("absent"), "");
  EXPECT_EQ(event->fields.size(), 5U);
}

TEST(Events2Line, WorksWithoutTimestamp) {
  const auto event = parse_events2_line("create resource name:r0 role:Secondary");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->timestamp, "");
  EXPECT_EQ(event->action, "create");
}

TEST(Events2Line, KnowsTheEndOfADump) {
  EXPECT_TRUE(parse_events2_line("exists -")->end_of_dump());
  EXPECT_TRUE(parse_events2_line("2026-11-23T04:55:03.349758+00:00 exists -")->end_of_dump());
  EXPECT_FALSE(parse_events2_line("exists resource name:r0")->end_of_dump());
}

TEST(Events2Line, OnlyTheFirstColonOfAFieldSeparates) {
  const auto event = parse_events2_line(
      "exists path name:r0 peer-node-id:1 conn-name:mirror local:ipv6:[fd00::1]:7789 "
      "peer:ipv4:192.0.2.12:7789 established:yes");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->field("local"), "ipv6:[fd00::1]:7789");
  EXPECT_EQ(event->field("peer"), "ipv4:192.0.2.12:7789");
}

TEST(Events2Line, ValuesMayBeEmpty) {
  const auto event =
      parse_events2_line("change device name:r0 volume:0 backing_dev: disk:Diskless");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->fields[2].first, "backing_dev");
  EXPECT_EQ(event->fields[2].second, "");
}

TEST(Events2Line, LostMessagesOf84AreAnEventOfTheirOwn) {
  for (const char* line : {"- skipped 3", "2026-11-23T04:55:03.349758+00:00 - skipped 3"}) {
    const auto event = parse_events2_line(line);
    ASSERT_TRUE(event) << line;
    EXPECT_TRUE(event->skipped());
    EXPECT_EQ(event->field("count"), "3");
    EXPECT_FALSE(event->end_of_dump());
  }
}

TEST(Events2Line, HelperCallsAndResponses) {
  const auto call = parse_events2_line("call helper name:r0 peer-node-id:0 helper:split-brain");
  const auto response =
      parse_events2_line("response helper name:r0 peer-node-id:0 helper:split-brain status:0");
  ASSERT_TRUE(call);
  ASSERT_TRUE(response);
  EXPECT_EQ(call->field("helper"), "split-brain");
  EXPECT_EQ(response->field("status"), "0");
}

TEST(Events2Line, RefusesWhatIsNotAnEvent) {
  for (const char* line :
       {"", " ", "-", "exists", "- skipped", "- skipped many", "change -", "exists - name:r0",
        "vanish resource name:r0", "No such resource", "change resource role", "change resource :x",
        "2026-11-23T04:55:03.349758+00:00", "change Resource name:r0",
        "drbdsetup: unrecognized option '--timestamps'"}) {
    const auto event = parse_events2_line(line);
    ASSERT_FALSE(event) << line;
    EXPECT_EQ(event.error().code, Errc::protocol);
  }
}

}  // namespace
}  // namespace ernstfall
