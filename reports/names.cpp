// names: the machine names of verdicts and classes, and the exit code of a verdict.
#include "reports/model.h"

namespace ernstfall {

std::string_view run_verdict_name(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::pass:
      return "pass";
    case RunVerdict::violated:
      return "violated";
    case RunVerdict::inconclusive:
      return "inconclusive";
    case RunVerdict::dirty:
      return "dirty";
  }
  return "inconclusive";
}

ExitCode exit_code_for(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::pass:
      return ExitCode::pass;
    case RunVerdict::violated:
      return ExitCode::violated;
    case RunVerdict::inconclusive:
      return ExitCode::inconclusive;
    case RunVerdict::dirty:
      return ExitCode::dirty;
  }
  return ExitCode::internal;
}

std::string_view cluster_class_name(ClusterClass value) {
  switch (value) {
    case ClusterClass::ha:
      return "ha";
    case ClusterClass::data_ha:
      return "data-ha";
    case ClusterClass::backup_like:
      return "backup-like";
    case ClusterClass::unsafe:
      return "unsafe";
    case ClusterClass::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view recovered_by_name(RecoveredBy value) {
  switch (value) {
    case RecoveredBy::nobody:
      return "nobody";
    case RecoveredBy::itself:
      return "itself";
    case RecoveredBy::operator_steps:
      return "operator";
    case RecoveredBy::undo:
      return "undo";
  }
  return "nobody";
}

}  // namespace ernstfall
