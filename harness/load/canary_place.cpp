// canary_place: where a block canary may write, asked before anything is written.
#include <algorithm>
#include <cctype>

#include "harness/core/units.h"
#include "harness/history/kinds.h"
#include "harness/load/canary.h"

namespace ernstfall {
namespace {

constexpr double kCanaryMaxRateHz = 100;
constexpr std::uint64_t kCanaryMinFileBytes = 1U << 20U;
constexpr std::uint64_t kCanaryMaxFileBytes = 256U << 20U;
constexpr int kShellNotFound = 127;

bool is_plain_path(const std::string& path) {
  if (path.size() < 2 || path.front() != '/' || path.back() == '/') return false;
  if (path.find("//") != std::string::npos) return false;
  for (const std::string& part : split(path, '/'))
    if (part == "." || part == "..") return false;
  return std::all_of(path.begin(), path.end(),
                     [](unsigned char c) { return c > ' ' && c != 0x7f && c != '\\'; });
}

tl::unexpected<Error> canary_refused(const LoadSpec& spec, const std::string& what) {
  return fail_at(Errc::refused, spec.place.empty() ? spec.load : spec.place, "{}", what);
}

}  // namespace

const CatalogueEntry kCanaryBlock{
    kinds::kCanarySource,
    "numbered 4 KiB blocks with O_DSYNC on the replicated volume; judges DRBD, not the service",
    {{"path", ParamValue::Kind::text, "", true, "where the DRBD device is mounted: /srv/cloud"},
     {"file_size", ParamValue::Kind::bytes, "16MiB", false,
      "of its file, written once with zeros; a full one is followed by a smaller one; twice this "
      "must be free"}},
    false,
    false,
    true};

Result<CanaryPlace> canary_place(const LoadSpec& spec, const std::string& run_id) {
  const std::string where = spec.place.empty() ? spec.load : spec.place;
  CanaryPlace place;
  place.run_id = run_id;
  ERNSTFALL_TRY(const ParamValue path, param_or_default(kCanaryBlock.params, spec.params, "path"));
  ERNSTFALL_TRY(const ParamValue size,
                param_or_default(kCanaryBlock.params, spec.params, "file_size"));
  place.path = path.text;
  const auto bytes = static_cast<std::uint64_t>(size.number);
  if (!is_plain_path(place.path))
    return fail_at(Errc::usage, where,
                   "path: \"{}\" is no mount point; expected as in /srv/cloud, without spaces and "
                   "without a slash at its end",
                   place.path);
  if (bytes < kCanaryMinFileBytes || bytes > kCanaryMaxFileBytes ||
      bytes % (4 * kCanaryBlockBytes) != 0)
    return fail_at(Errc::usage, where,
                   "file_size: expected 1MiB to 256MiB, a multiple of 16KiB; this is {}",
                   size.text);
  if (spec.size_bytes != kCanaryBlockBytes)
    return fail_at(Errc::usage, where, "size: a block of {} is always 4KiB; leave it out",
                   spec.load);
  if (!(spec.rate_hz > 0) || spec.rate_hz > kCanaryMaxRateHz)
    return fail_at(Errc::usage, where, "rate: expected above 0 and at most {}Hz", kCanaryMaxRateHz);
  return place;
}

Status check_load_plans(const Scenario& scenario) {
  for (const LoadSpec& load : scenario.loads)
    if (load.on_volume) ERNSTFALL_CHECK(canary_place(load, "check"));
  return {};
}

Result<std::string> check_canary(const std::vector<CanaryNode>& nodes, const LoadSpec& spec,
                                 Nanos ask, const std::stop_token& stop) {
  ERNSTFALL_TRY(const CanaryPlace place, canary_place(spec, "check"));
  ERNSTFALL_TRY(const ParamValue size,
                param_or_default(kCanaryBlock.params, spec.params, "file_size"));
  const auto need = 2 * static_cast<std::uint64_t>(size.number);
  std::vector<std::string> mounted;
  std::string summary;
  std::vector<std::string> names;
  for (const CanaryNode& node : nodes) {
    names.push_back(node.name);
    ERNSTFALL_TRY(const ExecResult result,
                  node.remote->exec(canary_check(place), Deadline::after(ask), stop));
    if (result.exit_code == kShellNotFound)
      return canary_refused(
          spec, fmt::format("{}: there is no perl; install the package perl-base", node.name));
    if (result.exit_code == kCanaryNowhere) continue;
    const auto found = parse_canary_mount(result.out);
    if (!result.ok() || !found) {
      const std::string why = canary_refusal(result.out);
      return canary_refused(spec,
                            fmt::format("{}: {}", node.name, why.empty() ? result.summary() : why));
    }
    if (found->free_bytes < need)
      return canary_refused(spec, fmt::format("{}: {} free on {}; {} needs {}, twice its file",
                                              node.name, format_bytes(found->free_bytes),
                                              place.path, spec.load, format_bytes(need)));
    mounted.push_back(node.name);
    summary = fmt::format("{} on {}: blocks of 4 KiB at {:g}/s into {} ({}, {}), first file {}",
                          spec.load, node.name, spec.rate_hz, place.path, found->device,
                          found->fs_type, format_bytes(need / 2));
  }
  if (mounted.empty())
    return canary_refused(
        spec, fmt::format("{} is mounted on none of {}", place.path, join(names, ", ")));
  if (mounted.size() > 1)
    return canary_refused(
        spec, fmt::format("{} is mounted on {} at once", place.path, join(mounted, " and ")));
  return summary;
}

Status remove_canary(const std::vector<CanaryNode>& nodes, const CanaryPlace& place,
                     Deadline deadline, const std::stop_token& stop) {
  std::string trouble;
  std::string refused;
  bool removed = false;
  for (const CanaryNode& node : nodes) {
    const auto result = node.remote->exec(canary_remove(place), deadline, stop);
    if (!result) {
      trouble += "; " + node.name + ": " + result.error().what;
    } else if (result->ok()) {
      removed = true;
    } else if (result->exit_code != kCanaryNowhere) {
      const std::string why = canary_refusal(result->out);
      refused += fmt::format("{}{}: {}", refused.empty() ? "" : "; ", node.name,
                             why.empty() ? result->summary() : why);
    }
  }
  if (!refused.empty())
    return fail(Errc::io, "{}/{}: {}", place.path, canary_folder(place.run_id), refused);
  if (removed) return {};
  return fail(Errc::unreachable, "{} is mounted on no node that answers{}", place.path, trouble);
}

}  // namespace ernstfall
