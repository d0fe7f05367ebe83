// catalog: the list of all checks, and the guard around running one.
#include <array>
#include <exception>

#include "harness/lang/messages.h"
#include "probes/checks/check.h"

namespace ernstfall {

#undef ERNSTFALL_CHECK  // result.h uses the name for statuses; here it means a catalogue line
#define ERNSTFALL_CHECK(type) extern const CheckType type;
#include "probes/checks/catalog.inc"
#undef ERNSTFALL_CHECK

std::span<const CheckType* const> all_checks() {
  static const std::array kAll{
#define ERNSTFALL_CHECK(type) &type,
#include "probes/checks/catalog.inc"
#undef ERNSTFALL_CHECK
  };
  return kAll;
}

const CheckType* find_check(std::string_view name) {
  for (const CheckType* type : all_checks())
    if (type->name == name) return type;
  return nullptr;
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::unknown:
      return "unknown";
    case Verdict::fail:
      return "fail";
  }
  return "unknown";
}

CheckResult run_check(const CheckType& check, const CheckContext& context) {
  CheckResult result;
  try {
    result = check.judge(context);
  } catch (const std::exception& error) {
    result.verdict = Verdict::unknown;
    result.message = {Msg::check_itself_failed, {error.what()}};
  }
  result.name = std::string(check.name);
  if (result.evidence.size() > CheckResult::kMaxEvidence)
    result.evidence.resize(CheckResult::kMaxEvidence);
  return result;
}

}  // namespace ernstfall
