// predict: bounds from settings, and whether what was measured lies within.
#include "reports/predict.h"

#include <algorithm>

#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "reports/predict_settings.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr double kKubeGraceOldMs = 40'000;
constexpr double kKubeGraceNewMs = 50'000;  // from Kubernetes 1.32 on
constexpr double kLeaseRenewMs = 10'000;
constexpr double kKubePeriodMs = 5'000;
constexpr double kTolerationMs = 300'000;
constexpr double kHandshakeMs = 10'000;
constexpr double kPromotionTries = 4;

bool has_suffix_word(std::string_view key, std::string_view word) {
  return key.size() > word.size() && key[key.size() - word.size() - 1] == ' ' &&
         key.substr(key.size() - word.size()) == word;
}

bool any_version(const RunFacts& facts, std::string_view prefix) {
  return std::any_of(facts.versions.begin(), facts.versions.end(),
                     [&](const auto& version) { return version.first.rfind(prefix, 0) == 0; });
}

const Boundary* seen(const RecoverySteps& recovery, std::string_view name) {
  for (const Boundary& boundary : recovery.boundaries)
    if (boundary.name == name && boundary.at) return &boundary;
  return nullptr;
}

class Predictor {
 public:
  Predictor(const MilestoneInput& input, const Settings& settings, const RecoverySteps& recovery)
      : input_(input), settings_(settings), recovery_(recovery) {}

  std::vector<Prediction> all() {
    if (input_.facts.faults.empty()) return {};
    if (input_.cluster.drbd) {
      notice();
      promotion();
      redundancy();
    }
    if (any_version(input_.facts, "k3s@")) kubernetes();
    unit_restart();
    return std::move(predictions_);
  }

 private:
  std::string first_fault() const { return input_.facts.faults.front().fault; }
  bool fault_is(std::initializer_list<std::string_view> names) const {
    return std::any_of(input_.facts.faults.begin(), input_.facts.faults.end(), [&](const auto& f) {
      return std::find(names.begin(), names.end(), f.fault) != names.end();
    });
  }
  SettingValue drbd(std::string_view name) const {
    return drbd_setting(settings_, input_.cluster, name);
  }
  // Measured between two steps; nothing when one of them was not seen.
  void measure(Prediction& prediction, std::string_view from, std::string_view to) const {
    const Boundary* begin = seen(recovery_, from);
    const Boundary* end = seen(recovery_, to);
    if (begin == nullptr || end == nullptr) {
      prediction.why = {Msg::pred_not_seen, {inner(step_text(begin == nullptr ? from : to))}};
      return;
    }
    prediction.measured_lower_ms = std::max(0.0, to_ms(end->lower - begin->upper));
    prediction.measured_upper_ms = std::max(0.0, to_ms(end->upper - begin->lower));
  }
  void judge(Prediction prediction) {
    if (!prediction.lower_ms)
      prediction.verdict = "not predicted";
    else if (!prediction.measured_upper_ms)
      prediction.verdict = "not measured";
    else if (prediction.upper_ms && *prediction.measured_lower_ms > *prediction.upper_ms)
      prediction.verdict = "later";
    else if (*prediction.measured_upper_ms < *prediction.lower_ms)
      prediction.verdict = "sooner";
    else
      prediction.verdict = "as predicted";
    if (prediction.verdict == "later")
      prediction.finding = {Msg::pred_too_late,
                            {inner(prediction.name), DurationValue{*prediction.measured_lower_ms},
                             DurationValue{*prediction.upper_ms}}};
    if (prediction.verdict == "sooner")
      prediction.finding = {Msg::pred_too_soon,
                            {inner(prediction.name), DurationValue{*prediction.measured_upper_ms},
                             DurationValue{*prediction.lower_ms}}};
    predictions_.push_back(std::move(prediction));
  }

  void notice() {
    Prediction prediction;
    prediction.name = Msg::pred_drbd;
    prediction.source = "drbd.conf(5): ping-int, ping-timeout";
    measure(prediction, step::kEffect, step::kDrbd);
    const SettingValue interval = drbd("ping-int");
    const SettingValue timeout = drbd("ping-timeout");
    const bool silent = fault_is({"node.power-off", "node.power-cycle", "node.crash", "node.freeze",
                                  "net.black-hole", "net.isolate", "net.partition", "net.one-way"});
    const bool hung_up = fault_is({"drbd.down", "drbd.disconnect", "node.reboot"});
    if (silent) {
      prediction.lower_ms = timeout.value;
      prediction.upper_ms = 2 * interval.value + timeout.value;
      prediction.formula = "[ping-timeout, 2 ping-int + ping-timeout]";
      prediction.inputs = {interval.input, timeout.input};
      // A write that is on its way is asked after at once.
      if (const SettingValue write = drbd("timeout"); write.value < interval.value) {
        prediction.formula = {Msg::pred_sooner_form,
                              {inner(prediction.formula), "timeout + ping-timeout"}};
        prediction.inputs.push_back(write.input);
      }
    } else if (hung_up && !fault_is({"node.reboot"})) {
      prediction.lower_ms = 0;
      prediction.upper_ms = timeout.value;
      prediction.formula = "[0, ping-timeout]";
      prediction.inputs = {timeout.input};
    } else {
      prediction.why = {Msg::pred_not_silent, {first_fault()}};
    }
    judge(std::move(prediction));
  }

  void promotion() {
    Prediction prediction;
    prediction.name = Msg::pred_promotes;
    prediction.source = "DRBD 9, drbd_set_role(): four tries";
    const Boundary* promoted = seen(recovery_, step::kPromoted);
    const auto undone = input_.facts.undo_begin_at();
    if (input_.facts.first_operator_step_at()) {
      prediction.why = Msg::pred_operator_asked;
    } else if (promoted != nullptr && undone && promoted->upper > *undone) {
      prediction.why = Msg::pred_nobody_asked;
    } else {
      measure(prediction, step::kDrbd, step::kPromoted);
      const SettingValue commit = drbd("twopc-timeout");
      const SettingValue wait = drbd("auto-promote-timeout");
      const SettingValue ping = drbd("ping-timeout");
      prediction.lower_ms = 0;
      prediction.upper_ms = commit.value + kPromotionTries * (wait.value + ping.value);
      prediction.formula = "[0, twopc-timeout + 4 (auto-promote-timeout + ping-timeout)]";
      prediction.inputs = {commit.input, wait.input, ping.input};
    }
    judge(std::move(prediction));
  }

  void kubernetes() {
    if (!fault_is({"node.power-off", "node.power-cycle", "node.crash", "node.freeze", "node.reboot",
                   "k8s.node-stop", "net.isolate", "net.black-hole"}))
      return;
    const bool newer = kubernetes_minor(input_.facts) >= 32;
    const SettingValue grace = kubernetes_setting(
        settings_, "node-monitor-grace-period", newer ? kKubeGraceNewMs : kKubeGraceOldMs,
        newer ? Msg::pred_grace_new : Msg::pred_grace_old);
    Prediction notice;
    notice.name = Msg::pred_kubernetes;
    notice.formula = "[grace - 10 s, grace + 5 s]";
    notice.source = "kube-controller-manager(1): node-monitor-grace-period, node-monitor-period";
    notice.lower_ms = std::max(0.0, grace.value - kLeaseRenewMs);
    notice.upper_ms = grace.value + kKubePeriodMs;
    notice.inputs = {grace.input};
    measure(notice, step::kEffect, step::kKubernetes);
    judge(std::move(notice));
    const SettingValue patience = kubernetes_setting(
        settings_, "default-unreachable-toleration-seconds", kTolerationMs, Msg::pred_admission);
    Prediction evict;
    evict.name = Msg::pred_evicts;
    evict.formula = "[tolerationSeconds, tolerationSeconds + 5 s]";
    evict.source = "kubernetes.io: Taints and Tolerations";
    evict.lower_ms = patience.value;
    evict.upper_ms = patience.value + kKubePeriodMs;
    evict.inputs = {patience.input};
    measure(evict, step::kKubernetes, step::kEvicted);
    judge(std::move(evict));
  }

  void unit_restart() {
    for (const FaultFacts& fault : input_.facts.faults) {
      if (fault.fault != "unit.kill") continue;
      const std::string prefix = "unit: " + fault.node + " ";
      const auto value = [&](std::string_view property) -> std::string {
        for (const auto& [key, text] : settings_)
          if (key.rfind(prefix, 0) == 0 && has_suffix_word(key, property)) return text;
        return {};
      };
      Prediction prediction;
      prediction.name = Msg::pred_unit;
      prediction.source = "systemd.service(5): Restart, RestartSec, TimeoutStartSec";
      prediction.formula = "[RestartSec, RestartSec + TimeoutStartSec]";
      measure(prediction, step::kEffect, step::kStarted);
      const std::string restart = value("Restart");
      const auto pause = systemd_span_ms(value("RestartUSec"));
      const auto start = systemd_span_ms(value("TimeoutStartUSec"));
      prediction.inputs.push_back({"Restart", restart, {Msg::pred_systemctl, {fault.node}}});
      if (restart.empty() || !pause) {
        prediction.why = Msg::pred_unit_unrecorded;
      } else if (restart == "no" || restart == "on-success") {
        prediction.why = {Msg::pred_no_restart, {restart}};
      } else {
        prediction.lower_ms = *pause;
        if (start) prediction.upper_ms = *pause + *start;
        for (const char* name :
             {"RestartUSec", "TimeoutStartUSec", "StartLimitIntervalUSec", "StartLimitBurst"})
          prediction.inputs.push_back({name, value(name), {Msg::pred_systemctl, {fault.node}}});
      }
      judge(std::move(prediction));
      return;
    }
  }

  // When the peers were Connected again for the last time before redundancy, and the most that was
  // out of sync.
  struct Resync {
    std::optional<Milestone> connected;
    double out_of_sync_kib = 0;
  };
  Resync resync(const Boundary& redundant) const {
    Resync resync;
    const Boundary* effect = seen(recovery_, step::kEffect);
    for (const DrbdNodeTimeline& node : input_.drbd.nodes) {
      const DrbdObservation* before = nullptr;
      for (const DrbdObservation& now : node.stream) {
        if (now.at > redundant.upper) break;
        for (const auto& [name, connection] : now.state.connections) {
          if (before == nullptr || effect == nullptr || now.at < effect->lower) continue;
          const auto old = before->state.connections.find(name);
          if (connection.connection != "Connected" || old == before->state.connections.end() ||
              old->second.connection == "Connected")
            continue;
          if (!resync.connected || now.at > resync.connected->upper)
            resync.connected = Milestone{now.at, before->at, now.at, "connected", node.source, {}};
        }
        before = &now;
      }
      for (const auto* list : {&node.stream, &node.polls})
        for (const DrbdObservation& now : *list) {
          if (effect == nullptr || now.at < effect->lower || now.at > redundant.upper) continue;
          for (const auto& [name, connection] : now.state.connections)
            for (const auto& [number, volume] : connection.volumes)
              resync.out_of_sync_kib = std::max(
                  resync.out_of_sync_kib, static_cast<double>(volume.out_of_sync_kib.value_or(0)));
        }
    }
    return resync;
  }

  void redundancy() {
    Prediction prediction;
    prediction.name = Msg::pred_redundancy;
    prediction.formula = "[oos / c-max-rate, 8/7 connect-int + 10 s + oos / c-min-rate]";
    prediction.source = "drbd.conf(5): c-max-rate, c-min-rate, connect-int";
    const Boundary* redundant = seen(recovery_, step::kRedundant);
    const Resync seen_resync = redundant == nullptr ? Resync{} : resync(*redundant);
    if (redundant == nullptr || !seen_resync.connected) {
      prediction.why = redundant == nullptr ? Msg::pred_no_redundancy : Msg::pred_no_reconnect;
      return judge(std::move(prediction));
    }
    const SettingValue most = drbd("c-max-rate");
    const SettingValue least = drbd("c-min-rate");
    const SettingValue again = drbd("connect-int");
    const double kib = seen_resync.out_of_sync_kib;
    prediction.lower_ms = most.value > 0 ? 1000 * kib / most.value : 0;
    prediction.upper_ms =
        again.value * 8 / 7 + kHandshakeMs + (least.value > 0 ? 1000 * kib / least.value : 0);
    prediction.inputs = {
        most.input,
        least.input,
        again.input,
        {Msg::pred_out_of_sync,
         {Msg::name_only, {FigureValue{format_bytes(static_cast<std::uint64_t>(kib) * 1024)}}},
         Msg::pred_most_seen}};
    prediction.measured_lower_ms =
        std::max(0.0, to_ms(redundant->lower - seen_resync.connected->upper));
    prediction.measured_upper_ms = to_ms(redundant->upper - seen_resync.connected->lower);
    judge(std::move(prediction));
  }

  const MilestoneInput& input_;
  const Settings& settings_;
  const RecoverySteps& recovery_;
  std::vector<Prediction> predictions_;
};

}  // namespace

std::vector<Prediction> predict(const MilestoneInput& input, const Settings& settings,
                                const RecoverySteps& recovery) {
  return Predictor(input, settings, recovery).all();
}

}  // namespace ernstfall
