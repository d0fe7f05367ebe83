// predict: how long the steps of a recovery should take by the cluster's own settings, as bounds,
// beside what was measured. Pure.
//
// Formulas and where they come from. "Settings" are those that the run recorded before the fault;
// what is not set counts with its documented default, and is named as such.
//
//   DRBD notices a peer that is silent (power, crash, freeze, black hole)
//       [ping-timeout, 2 ping-int + ping-timeout]
//     The control socket is asked after ping-int without traffic, and the peer is away when
//     ping-timeout passes without an answer: drbd.conf(5), "ping-int" and "ping-timeout"; kernel
//     log "PingAck did not arrive in time". Data that came within the last ping-int counts as an
//     answer (drbd_ack_receiver() of Linux and DRBD 9), so that under load the ping leaves one
//     ping-int later: then it takes ping-int more, at least and at most. Measured on the lab with
//     ping-int 3 s, ping-timeout 2 s: 3.1 to 3.3 s idle, 5.9 to 6.1 s with ten writes a second. A busy sender may notice after timeout + ping-timeout
//     ("timeout": the ping is sent at once when a write is not answered in time), if that is
//     sooner.
//   DRBD notices a peer that hung up (service stopped, resource down, node shut down)
//       [0, ping-timeout]
//     TCP tells at once; the round of a ping at most.
//   Kubernetes notices a silent node
//       [grace - 10 s, grace + 5 s]     grace = node-monitor-grace-period (40 s; 50 s from 1.32 on)
//     Leases are renewed every 10 s (a quarter of leaseDurationSeconds 40), the last up to 10 s
//     before the fault; the controller looks every node-monitor-period 5 s:
//     kube-controller-manager(1), kubernetes.io/docs/concepts/architecture/leases.
//   Kubernetes evicts after it noticed
//       [t, t + 5 s]                    t = tolerationSeconds (default-unreachable-... 300 s)
//     kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration.
//   DRBD promotes after it noticed, when somebody asks at once (auto-promote)
//       [0, twopc-timeout + 4 (auto-promote-timeout + ping-timeout)]
//     DRBD 9, drbd_set_role(): four tries, each waits so long; one cluster-wide state change.
//   systemd starts a unit again that died
//       [RestartSec, RestartSec + TimeoutStartSec]
//     systemd.service(5). With Restart=no, or StartLimitBurst starts within StartLimitIntervalSec
//     already: never.
//   Redundancy after the peers are Connected again
//       [oos / c-max-rate, connect-int 8/7 + 10 s + oos / c-min-rate]      oos = out of sync, KiB
//     drbd.conf(5), "c-max-rate", "c-min-rate"; connect-int has a jitter of 1/7. The 10 s are for
//     the handshake and the exchange of bitmaps; a slow disk or link can only make it later.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/milestones.h"
#include "reports/model.h"

namespace ernstfall {

using Settings = std::map<std::string, std::string>;  // see environment.h

// One setting in the unit that its formula needs.
struct SettingValue {
  double value = 0;  // ms, or KiB/s
  Prediction::Input input;
  bool is_default = false;
};
// Of DRBD, in ms or KiB/s; of several nodes and connections the largest.
SettingValue drbd_setting(const Settings& settings, const Cluster& cluster, std::string_view name);

std::vector<Prediction> predict(const MilestoneInput& input, const Settings& settings,
                                const RecoverySteps& recovery);

}  // namespace ernstfall
