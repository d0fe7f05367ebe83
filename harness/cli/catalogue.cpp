// catalogue: everything that a scenario may name, gathered from the catalogues.
#include "harness/cli/command.h"
#include "harness/faults/fault.h"
#include "harness/load/canary.h"
#include "harness/load/ledger.h"
#include "probes/checks/check.h"
#include "probes/probe.h"

namespace ernstfall::cli {
namespace {

std::vector<ParamSpec> copy(std::span<const ParamSpec> params) {
  return {params.begin(), params.end()};
}

Catalogue gather() {
  Catalogue catalogue;
  for (const FaultType* fault : all_faults())
    catalogue.faults.push_back(
        {fault->name, fault->summary, copy(fault->params), true, fault->destructive});
  for (const ProbeType* probe : all_probes())
    catalogue.probes.push_back(
        {probe->name, probe->summary, copy(probe->params), probe->needs_node});
  catalogue.loads.push_back(kLedgerWebdav);
  catalogue.loads.push_back(kCanaryBlock);
  for (const CheckType* check : all_checks())
    catalogue.checks.push_back({check->name, check->summary, {}, false});
  return catalogue;
}

}  // namespace

const Catalogue& catalogue() {
  static const Catalogue kCatalogue = gather();
  return kCatalogue;
}

}  // namespace ernstfall::cli
