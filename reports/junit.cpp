// junit: junit.xml, one test case per check: fail is a failure, unknown an error, for CI systems
// know no third verdict and must not show it as passed.
#include <fmt/core.h>

#include <pugixml.hpp>
#include <sstream>

#include "harness/lang/messages.h"
#include "reports/render.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// XML 1.0 has no way to write most control characters, not even escaped; and bytes that are not
// UTF-8 make the whole file unreadable.
std::string xml_safe(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    std::size_t length = byte < 0x80                   ? 1
                         : byte >= 0xC2 && byte < 0xE0 ? 2
                         : byte >= 0xE0 && byte < 0xF0 ? 3
                         : byte >= 0xF0 && byte < 0xF5 ? 4
                                                       : 0;
    for (std::size_t k = 1; k < length; ++k)
      if (i + k >= text.size() || (static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U)
        length = 0;
    const bool control = length == 1 && byte < 0x20 && byte != '\n' && byte != '\t';
    if (length == 0 || control || byte == 0x7F) {
      out += '?';
      ++i;
      continue;
    }
    out.append(text.substr(i, length));
    i += length;
  }
  return out;
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_safe(value).c_str());
}

std::string evidence_text(const CheckResult& check) {
  std::string text;
  for (const Evidence& item : check.evidence)
    text += fmt::format("{:.3f} s  {}  {}\n", to_seconds(item.at), item.source.english(),
                        item.text.english());
  return xml_safe(text);
}

void add_case(pugi::xml_node suite, const RunReport& report, const CheckResult& check) {
  pugi::xml_node test = suite.append_child("testcase");
  set(test, "classname", "ernstfall." + report.scenario);
  set(test, "name", check.name);
  set(test, "time", "0");
  if (check.verdict == Verdict::pass) {
    test.append_child("system-out").text().set(xml_safe(check.message.english()).c_str());
    return;
  }
  pugi::xml_node problem = test.append_child(check.verdict == Verdict::fail ? "failure" : "error");
  set(problem, "message", check.message.english());
  set(problem, "type", verdict_name(check.verdict));
  problem.text().set(evidence_text(check).c_str());
}

// The run as a whole: dirty or invalid although no single check says so.
bool add_run_case(pugi::xml_node suite, const RunReport& report) {
  pugi::xml_node test = suite.append_child("testcase");
  set(test, "classname", "ernstfall." + report.scenario);
  set(test, "name", "run");
  set(test, "time", fmt::format("{:.3f}", report.duration_s));
  if (report.verdict == RunVerdict::pass || report.verdict == RunVerdict::violated) return false;
  pugi::xml_node error = test.append_child("error");
  set(error, "type", run_verdict_name(report.verdict));
  set(error, "message",
      (report.journal_problem.empty() ? report.why : report.journal_problem).english());
  return true;
}

}  // namespace

std::string render_junit(const RunReport& report) {
  std::size_t failures = 0;
  std::size_t errors = 0;
  for (const CheckResult& check : report.checks) {
    failures += check.verdict == Verdict::fail ? 1 : 0;
    errors += check.verdict == Verdict::unknown ? 1 : 0;
  }
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version").set_value("1.0");
  declaration.append_attribute("encoding").set_value("UTF-8");
  pugi::xml_node suites = document.append_child("testsuites");
  pugi::xml_node suite = suites.append_child("testsuite");
  set(suite, "name", report.scenario);
  set(suite, "tests", std::to_string(report.checks.size() + 1));
  set(suite, "failures", std::to_string(failures));
  pugi::xml_attribute error_count = suite.append_attribute("errors");
  set(suite, "skipped", "0");
  set(suite, "time", fmt::format("{:.3f}", report.duration_s));
  set(suite, "timestamp", report.started_utc.substr(0, 19));
  set(suite, "hostname", report.cluster);
  pugi::xml_node properties = suite.append_child("properties");
  const auto property = [&](const char* name, std::string_view value) {
    pugi::xml_node node = properties.append_child("property");
    set(node, "name", name);
    set(node, "value", value);
  };
  property("verdict", run_verdict_name(report.verdict));
  property("class", cluster_class_name(report.cluster_class));
  property("seed", std::to_string(report.seed));
  property("users_cut_off", outage_in(Language::english, outage_value(report.rto)));
  property("acknowledged_writes_lost", say(Language::english, loss_text(report.rpo)));
  if (report.blocks)
    property("acknowledged_blocks_lost", say(Language::english, loss_text(*report.blocks)));
  errors += add_run_case(suite, report) ? 1 : 0;
  for (const CheckResult& check : report.checks) add_case(suite, report, check);
  error_count.set_value(std::to_string(errors).c_str());
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace ernstfall
