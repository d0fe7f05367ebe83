// samples: small helpers over the samples of a history that several checks share.
#pragma once

#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/lang/text.h"

namespace ernstfall {

// Index = source id; ids without samples give an empty list.
std::vector<std::vector<const Sample*>> samples_by_source(const History& history);

// Its end is missing: what it says last is not how the run ended.
bool is_cut(const History& history);

// "timeout after 2.0 s", "failed (HTTP 503) after 12 ms: upstream away"
Text describe_sample(const Sample& sample);

// Name of a record's source; "?" for an id that the history does not define.
std::string source_name(const History& history, SourceId id);

}  // namespace ernstfall
