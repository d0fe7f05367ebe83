// assessment_rubric: docs/reference/rubric.md, from the tables that decide.
#include <fmt/core.h>

#include "reports/assessment_words.h"

namespace ernstfall {
namespace {

std::string rule_rows() {
  std::string rows;
  for (const RuleEntry& entry : assessment_rules()) {
    const std::string_view else_class = entry.breaks ? "`unsafe`"
                                        : entry.needed == ClusterClass::ha
                                            ? "at most `data-ha`"
                                            : "at most `backup-like`";
    rows += fmt::format("| `{}` | {} | {} | `{}` | {} |\n", entry.id,
                        say(Language::english, entry.title), say(Language::english, entry.how),
                        cluster_class_name(entry.needed), else_class);
  }
  return rows;
}

std::string need_rows() {
  std::string rows;
  for (const NeedEntry& entry : assessment_needs()) {
    std::string faults;
    for (const std::string_view fault : entry.faults)
      faults += fmt::format("{}`{}`", faults.empty() ? "" : ", ", fault);
    rows += fmt::format("| `{}` | {} | {} | {} |\n", entry.id,
                        say(Language::english, entry.title, "A", "B"),
                        say(Language::english, entry.about), faults);
  }
  return rows;
}

}  // namespace

std::string render_rubric_page() {
  std::string page = "# Rubric of `assess`\n\nMade by `ernstfall list rules --markdown`.\n";
  page += "Why it is so: [the class of a cluster](../explanation/rubric.md).\n\n## Classes\n\n";
  page += "| class | in words |\n|---|---|\n";
  for (const ClusterClass value :
       {ClusterClass::ha, ClusterClass::data_ha, ClusterClass::backup_like, ClusterClass::unsafe,
        ClusterClass::unknown})
    page += fmt::format("| `{}` | {} |\n", cluster_class_name(value),
                        class_meaning_in(Language::english, value));
  page +=
      "\nA class needs its own rules and those of the classes below it. A rule is *met*, *not met* "
      "or *untested*; missing data never meets a rule.\n\n"
      "1. A rule that breaks the cluster is not met, in any run that can be read: **unsafe**.\n"
      "2. Otherwise the rules that are not met say what the class is *at most*.\n"
      "3. Every rule that this class needs is met: that is the class. Else it is **unknown**, and "
      "the report says at most which.\n\n## Rules\n\n"
      "| rule | what has to hold | how a run shows it | needed for | not met |\n"
      "|---|---|---|---|---|\n";
  page += rule_rows();
  page +=
      "\n## Faults\n\nEvery rule but `fencing` is asked of each of these faults, on every "
      "repetition; the rules of recovery (`served-again`, `unattended`, `target`, `redundancy`) "
      "not of pairs.\nA fault without a run that counts, or with a run that ended badly after its "
      "fault had begun, leaves the rule untested.\nOther runs (a slow link, a full volume, a soak) "
      "can break a rule about the data, and meet none.\n\n"
      "| fault | what happens | asked of | any one of |\n|---|---|---|---|\n";
  return page + need_rows();
}

}  // namespace ernstfall
