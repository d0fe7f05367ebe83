// units: durations, sizes and rates as people write them. A bare number is always an error,
// because nobody can tell whether 5 means seconds or milliseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

// "250ms", "5s", "1.5s", "2min", "1h"; "us" and "ns" too. Never negative.
Result<Nanos> parse_duration(std::string_view text);
// "4KiB", "1MiB", "2GiB", "512B" (powers of 1024); "4kB", "1MB" (powers of 1000).
Result<std::uint64_t> parse_bytes(std::string_view text);
// Events per second: "10Hz", "1kHz", "0.5Hz", "6/min". Greater than zero.
Result<double> parse_frequency_hz(std::string_view text);
// "10%", "0.5%": 0 to 100.
Result<double> parse_percent(std::string_view text);
// Bits per second, in powers of 1000 as networks count: "500kbit", "2Mbit", "1Gbit". Above zero.
Result<double> parse_bitrate(std::string_view text);

// For people: "341.2 s" style reads badly, so 5 min 41.2 s; 850 ms; 0.3 ms.
std::string format_duration(Nanos duration);
std::string format_duration_ms(double ms);
// "4.0 KiB"
std::string format_bytes(std::uint64_t bytes);
// "1,204"
std::string format_count(std::uint64_t count);
// Round-trips through parse_duration ("90s", "250ms").
std::string duration_literal(Nanos duration);

}  // namespace ernstfall
