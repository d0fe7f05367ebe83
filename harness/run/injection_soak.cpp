// injection_soak: carries a soak's schedule out. What a guard refuses is skipped, with its reason;
// what was not seen to take effect is undone and recorded, and the next one comes all the same.
#include <thread>

#include "harness/run/guards.h"
#include "harness/run/injection.h"

namespace ernstfall {

void Injection::run_soak(std::stop_source& end) {
  const auto schedule = soak_schedule(*scenario_.soak, nodes_.cluster(), seed_);
  if (!schedule) return hooks_.abort("the soak has no schedule: " + to_string(schedule.error()));
  const Deadline over = Deadline::after(scenario_.soak->lasts);
  std::vector<std::jthread> lanes;
  for (int lane = 0; lane < scenario_.soak->at_once; ++lane)
    lanes.emplace_back([&, lane] { run_soak_lane(*schedule, lane, over, end); });
}

void Injection::run_soak_lane(const std::vector<SoakEntry>& schedule, int lane, Deadline over,
                              std::stop_source& end) {
  for (const SoakEntry& entry : schedule) {
    if (entry.lane != lane) continue;
    if (!sleep_until(over.at_most(entry.pause), end.get_token()))
      skip(entry, "the run ended before its time came");
    else if (over.expired())
      skip(entry, "the time of the soak was over");
    else if (!run_soak_entry(entry, end))
      end.request_stop();
  }
}

// False when the run has to end.
bool Injection::run_soak_entry(const SoakEntry& entry, std::stop_source& end) {
  progress_.note(describe_entry(entry));
  const auto planned = reserve(entry.step, end.get_token());
  if (!planned) {
    skip(entry, to_string(planned.error()));
    if (is_skip(planned.error())) return true;
    hooks_.abort(entry.step.fault + " was not applied: " + to_string(planned.error()));
    return false;
  }
  const StepEnd result = carry_out(*planned, entry.lane, end.get_token());
  const std::lock_guard lock(holding_mutex_);
  std::erase_if(holding_,
                [&](const PlannedStep& step) { return step.step.at == planned->step.at; });
  return result == StepEnd::held || result == StepEnd::not_seen;
}

// Planned, and allowed beside what the other lanes hold now.
Result<PlannedStep> Injection::reserve(const FaultStep& step, const std::stop_token& stop) {
  ERNSTFALL_TRY(PlannedStep planned, plan_step(nodes_, step, seed_, stop));
  const std::lock_guard lock(holding_mutex_);
  // `at` says "beside the others" to the guard; here it also tells the lanes' steps apart.
  planned.step.at = Nanos(++reservations_);
  std::vector<PlannedStep> all = holding_;
  all.push_back(planned);
  ERNSTFALL_CHECK(check_blast_radius(all, nodes_.cluster()));
  ERNSTFALL_CHECK(check_copies_now(planned, stop));
  holding_.push_back(planned);
  return planned;
}

void Injection::skip(const SoakEntry& entry, const std::string& why) {
  progress_.note(fmt::format("#{} skipped: {}", entry.number, why));
  injector_.skipped(next_id_++, entry.step.fault, entry.step.on, why);
}

}  // namespace ernstfall
