// marked_words: what stays readable in a report in Language::marked, and should not: a sentence of
// ours that is not in the catalogue.
#pragma once

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace ernstfall::mocks {

// What scenarios, nodes and settings say in the synthetic runs; names and units of theirs.
inline const std::vector<std::string>& quoted_in_runs() {
  static const std::vector<std::string> kQuoted{
      "prod loses power, the owner follows the runbook",
      "prod loses power",
      "mirror takes over and no acknowledged write is lost",
      "switch the ingress",
      "start the service",
      "stop the service",
      "scenario: faults.0.hold",
      "the power of prod is cut while clients write",
      "prod answers over SSH with a new boot id",
      "call helper name:r0 peer-node-id:0 conn-name:peer helper:split-brain",
      "503 Service Unavailable",
      "EXT4-fs (drbd0): mounted filesystem with ordered data mode",
      "ernstfall heal",
      "the line home is slow",
      "every packet to mirror is late",
      "nobody notices",
      "no packet was late",
      "net.isolate on mirror",
      "mirror does not answer",
      "the { or [ that begins here is not closed",
      "the \\{ or \\[ that begins here is not closed",
      "cannot open: No such file or directory",
      "version: drbd"};
  return kQuoted;
}
inline const std::set<std::string>& names_in_runs() {
  static const std::set<std::string> kNames{"prod",
                                            "mirror",
                                            "load",
                                            "dash",
                                            "homelab",
                                            "ms",
                                            "s",
                                            "min",
                                            "h",
                                            "KiB",
                                            "MiB",
                                            "ppm",
                                            "p50",
                                            "Primary",
                                            "Secondary",
                                            "UpToDate",
                                            "Connected",
                                            "Connecting",
                                            "NetworkFailure",
                                            "Unknown",
                                            "DUnknown",
                                            "Established",
                                            "Off",
                                            "SyncSource",
                                            "SyncTarget",
                                            "Inconsistent",
                                            "peer",
                                            "QUOTED",
                                            "spare",
                                            "ha",
                                            "delay",
                                            "UTC",
                                            "drbd",
                                            "Unconnected",
                                            "RestartSec",
                                            "TimeoutStartSec",
                                            "Started",
                                            "off",
                                            "answers",
                                            "mounted",
                                            "filesystem",
                                            "UNKNOWN",
                                            "HA",
                                            "UNSAFE",
                                            "Ernstfall",
                                            "ernstfall",
                                            "rto",
                                            "rpo",
                                            "availability",
                                            "converged",
                                            "oos",
                                            "level",
                                            "median",
                                            "n",
                                            "timeout",
                                            "promote",
                                            "mount",
                                            "start",
                                            "Consistent",
                                            "Outdated",
                                            "Restart",
                                            "no"};
  return kNames;
}

// Of HTML: what is shown, and what its script shows.
inline std::string shown_text(const std::string& report) {
  if (report.rfind("<!doctype", 0) != 0) return report;
  const std::size_t body = report.find("<body>");
  const std::size_t data = std::min(report.find("<script", body), report.size());
  std::string text =
      std::regex_replace(report.substr(body, data - body), std::regex("<[^>]*>"), " ");
  for (const auto& [code, sign] :
       {std::pair{"&#39;", "'"}, {"&quot;", "\""}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = text.find(code)) != std::string::npos;)
      text.replace(at, std::string(code).size(), sign);
  const std::string json = report.substr(data, report.find("</script>", data) - data);
  static const std::regex kShown(R"re("(name|text|proof)":"((?:[^"\\]|\\.)*)")re");
  for (std::sregex_iterator it(json.begin(), json.end(), kShown), end; it != end; ++it)
    text += " " + (*it)[2].str();
  return text;
}

// On one line, and without what is quoted.
inline std::string own_text(const std::string& report) {
  std::string text = std::regex_replace(shown_text(report), std::regex("[ \n]+"), " ");
  for (const std::string& quoted : quoted_in_runs())
    for (std::size_t at = 0; (at = text.find(quoted)) != std::string::npos;)
      text.replace(at, quoted.size(), "");
  return text;
}

// Words of letters alone that no name explains.
inline std::vector<std::string> unmarked_words(const std::string& report) {
  const std::string text = own_text(report);
  std::vector<std::string> found;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    const auto punctuation = [](char sign) {
      return std::string_view(".,;:()[]\"'*|#~!\\").find(sign) != std::string_view::npos;
    };
    while (!word.empty() && punctuation(word.back())) word.pop_back();
    while (!word.empty() && punctuation(word.front())) word.erase(0, 1);
    const bool letters = std::all_of(word.begin(), word.end(), [](unsigned char letter) {
      return letter < 0x80 && std::isalpha(letter) != 0;
    });
    if (word.size() > 1 && letters && names_in_runs().count(word) == 0) found.push_back(word);
    word.clear();
  }
  return found;
}

}  // namespace ernstfall::mocks
