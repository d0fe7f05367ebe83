// text: small string helpers, and the one place that quotes for a shell.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ernstfall {

using Argv = std::vector<std::string>;

// One POSIX-shell command line that gives exactly `argv`. Everything that reaches a shell, here or
// on a node, goes through this function and no other.
std::string shell_quote(const Argv& argv);
std::string shell_quote_word(std::string_view word);

// The candidate nearest to `name` by edit distance, when near enough to be a likely typo.
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates);

bool is_ip_address(const std::string& text);  // IPv4 or IPv6, without prefix or zone

std::vector<std::string> split(std::string_view text, char separator);  // keeps empty parts
std::string_view trim(std::string_view text);
std::string join(std::span<const std::string> parts, std::string_view separator);

// First `max_bytes` of `text`, cut at a UTF-8 boundary, with "…" when something was cut.
std::string elide(std::string_view text, std::size_t max_bytes);

}  // namespace ernstfall
