// catalog: the list of all probes.
#include <array>

#include "probes/probe.h"

namespace ernstfall {

#define ERNSTFALL_PROBE(type) extern const ProbeType type;
#include "probes/catalog.inc"
#undef ERNSTFALL_PROBE

std::span<const ProbeType* const> all_probes() {
  static const std::array kAll{
#define ERNSTFALL_PROBE(type) &type,
#include "probes/catalog.inc"
#undef ERNSTFALL_PROBE
  };
  return kAll;
}

const ProbeType* find_probe(std::string_view name) {
  for (const ProbeType* type : all_probes())
    if (type->name == name) return type;
  return nullptr;
}

}  // namespace ernstfall
