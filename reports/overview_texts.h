// overview_texts: what runs say in words, as Texts, for the overview.
#pragma once

#include <optional>
#include <string>

#include "reports/comparison.h"
#include "reports/lang/messages.h"

namespace ernstfall {

Text quoted(std::string words);  // as it is, in every language

Text left_out_text(const LeftOutRun& run);
Text phase_text(const std::string& name);           // "noticed by DRBD"
Text measured_phase_text(const std::string& name);  // "fault -> noticed by DRBD", of measures_of()
// The setting behind the largest phase; none: it is not known.
std::optional<Text> governed_text(const RunReport& report);
Text check_message_text(const CheckResult& check);

}  // namespace ernstfall
