// units_test: what people may write, and that printed values read back as the same.
#include "harness/core/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Durations, EachUnit) {
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("1.5s").value(), 1500ms);
  EXPECT_EQ(parse_duration("2min").value(), 120s);
  EXPECT_EQ(parse_duration("1h").value(), 3600s);
  EXPECT_EQ(parse_duration("7us").value(), 7us);
  EXPECT_EQ(parse_duration("0s").value(), 0s);
  EXPECT_EQ(parse_duration("5 s").value(), 5s);
}

TEST(Durations, BareNumbersAndNonsenseAreErrors) {
  for (const char* text : {"5", "", "s", "-1s", "5m", "5sec", "1e400s", "nan s", "inf s", "5s5",
                           "0x5s", " 5s", "1000000000000h"})
    EXPECT_FALSE(parse_duration(text)) << text;
  EXPECT_THAT(parse_duration("5").error().what, HasSubstr("no unit"));
  EXPECT_THAT(parse_duration("5m").error().what, HasSubstr("\"m\""));
}

TEST(Durations, LiteralsReadBackExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    // Up to 2^52 ns: above, a double no longer holds every nanosecond.
    const Nanos value(static_cast<std::int64_t>(random() >> (12 + random() % 50)));
    EXPECT_EQ(parse_duration(duration_literal(value)).value(), value) << duration_literal(value);
  }
}

TEST(Durations, AreFormattedForPeople) {
  EXPECT_EQ(format_duration_ms(0.31), "0.3 ms");
  EXPECT_EQ(format_duration(850ms), "850 ms");
  EXPECT_EQ(format_duration(1500ms), "1.5 s");
  EXPECT_EQ(format_duration(341'200ms), "5 min 41.2 s");
  EXPECT_EQ(format_duration(59'960ms), "1 min 00.0 s");
  EXPECT_EQ(format_duration(3'725s), "1 h 02 min 05 s");
  EXPECT_EQ(format_duration_ms(-1500), "-1.5 s");
}

TEST(Bytes, BinaryAndDecimalUnits) {
  EXPECT_EQ(parse_bytes("4KiB").value(), 4096U);
  EXPECT_EQ(parse_bytes("1MiB").value(), 1U << 20U);
  EXPECT_EQ(parse_bytes("4kB").value(), 4000U);
  EXPECT_EQ(parse_bytes("512B").value(), 512U);
  for (const char* text : {"4", "4K", "4kb", "-1B", "1e30GiB", ""}) EXPECT_FALSE(parse_bytes(text));
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(4096), "4.0 KiB");
}

TEST(Frequencies, EachUnitAndNeverZero) {
  EXPECT_DOUBLE_EQ(parse_frequency_hz("10Hz").value(), 10);
  EXPECT_DOUBLE_EQ(parse_frequency_hz("1kHz").value(), 1000);
  EXPECT_DOUBLE_EQ(parse_frequency_hz("6/min").value(), 0.1);
  for (const char* text : {"0Hz", "-1Hz", "10", "10hz"})
    EXPECT_FALSE(parse_frequency_hz(text)) << text;
}

TEST(Counts, AreGroupedByThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1204), "1,204");
  EXPECT_EQ(format_count(1234567), "1,234,567");
}

}  // namespace
}  // namespace ernstfall
