// kinds: the kinds of events, and what their text holds. JSON objects unless said otherwise.
#pragma once

#include <string_view>

namespace ernstfall::kinds {

// source "run"
inline constexpr std::string_view kPhase = "run.phase";  // {"phase":"baseline"}
inline constexpr std::string_view kFaultIntended =
    "fault.intended";  // {"fault":..,"node":..,"index":0}
// Command returned; same fields, and "step": which targets begin together, "begun_from_ns" and
// "begun_until_ns": between when its effect began, "begun_by": "node" (by its clock) or "harness".
// "begun_node_ns": what the node's clock said then, since 1970; not there when it did not say
inline constexpr std::string_view kFaultApplied = "fault.applied";
inline constexpr std::string_view kFaultConfirmed =
    "fault.confirmed";  // + "by": how it was observed,
                        //   "effect_from_ns": earliest time of effect
inline constexpr std::string_view kFaultNotConfirmed = "fault.not-confirmed";  // + "why"
inline constexpr std::string_view kFaultSkipped = "fault.skipped";  // not made at all: + "why"
// Undone before its time, and not because something went wrong: {"why":..}
inline constexpr std::string_view kHoldEnded = "fault.hold-ended";
inline constexpr std::string_view kFaultUndoBegin =
    "fault.undo-begin";  // undo command is about to be sent
inline constexpr std::string_view kFaultUndone = "fault.undone";  // undo observed to work, + "by"
inline constexpr std::string_view kFaultDirty = "fault.dirty";    // + "why": undo not proven
inline constexpr std::string_view kOperatorStep =
    "operator.step";  // {"step":..,"node":..,"state":"begin|done|failed","detail":..}
inline constexpr std::string_view kOperatorRestore =
    "operator.restore";  // same fields, for restore steps
// The node said what its clock says. {"node":..,"asked_ns","answered_ns": on the axis,"node_ns":
// since 1970 by the node's clock,"why": what it was asked for}
inline constexpr std::string_view kClockAnswer = "clock.answer";
inline constexpr std::string_view kClockSilent =
    "clock.silent";  // it was asked and did not: {"node":..,"asked_ns","why"}
// Of older runs, which asked at begin and end only.
inline constexpr std::string_view kClockOffset =
    "clock.offset";  // {"node":..,"offset_ns":node minus wall,"uncertainty_ns":..}
// A node that did not answer: whether its power control says that it has power.
// {"node":..,"on":bool,"asked_ns"}
inline constexpr std::string_view kPowerSeen = "power.seen";
inline constexpr std::string_view kBaseline = "run.baseline";  // {"ok":true|false,"why":..}
inline constexpr std::string_view kRedundancy =
    "run.redundancy-restored";  // {} observed by the runner
// The stop condition "metric": {"known":true|false,"why":..}; said when it changes
inline constexpr std::string_view kMetric = "run.metric";
inline constexpr std::string_view kAborted = "run.aborted";    // {"why":..}
inline constexpr std::string_view kVersions = "run.versions";  // {"drbd@prod":"8.4.11",...}
// What a recovery's length follows from, read before the fault:
// {"unit: prod apache2.service RestartUSec":"100ms","kubernetes: load
// node-monitor-grace-period":"40s"}
inline constexpr std::string_view kSettings = "run.settings";

// source "drbd.state@NODE"; text is drbdsetup's own line for kDrbdLine
inline constexpr std::string_view kDrbdStreamOpen = "drbd.stream-open";  // {"utils":..,"kernel":..}
inline constexpr std::string_view kDrbdLine = "drbd.line";               // raw events2 line
inline constexpr std::string_view kDrbdPoll =
    "drbd.poll";  // raw `events2 --now --statistics` dump, newlines kept
inline constexpr std::string_view kDrbdStreamClosed = "drbd.stream-closed";  // {"why":..}
// The poll shows a state that the stream did not deliver: the stream is deaf since the last line
// that the poll confirmed.
inline constexpr std::string_view kDrbdStreamStalled =
    "drbd.stream-stalled";  // {"since_ns":..,"why":..}

// Kind of the source of a block canary; its acknowledgements are ledger records: `code` is how long
// the write took in us (by the node's monotonic clock), `detail` when it was issued (us since 1970,
// its wall clock).
inline constexpr std::string_view kCanarySource = "canary.block";
// A writer is at work: {"node","device","stretch","first","blocks"}: blocks `first` to
// `first`+`blocks`-1 go into the stretch's file, one after the other
inline constexpr std::string_view kCanaryBegin = "canary.begin";
inline constexpr std::string_view kCanaryEnd = "canary.end";  // {"node","stretch","why"}
// A stretch's file was read where the volume was mounted: {"node","stretch","first","blocks",
// "asked_ns": no block acknowledged later is judged by it,"how":"direct"|"cached"|"absent",
// "runs":[["whole"|"empty"|"torn"|"wrong"|"gone",from,to],...],"complete": the runs are all,
// "round": which look at the volume it belongs to,"saw": what wrong blocks hold}
inline constexpr std::string_view kCanaryAudit = "canary.audit";
inline constexpr std::string_view kCanaryUnread = "canary.unread";  // {"why"}

// source "journal@NODE": what systemd and the kernel say about units, mounts and DRBD
inline constexpr std::string_view kJournalOpen = "journal.open";  // {}
// {"realtime_us","monotonic_us": by the node's clocks,"boot":..,"id": systemd's message id or "",
// "unit":.. or "","kernel":bool,"message":..}
inline constexpr std::string_view kJournalLine = "journal.line";
inline constexpr std::string_view kJournalClosed = "journal.closed";  // {"why":..}

}  // namespace ernstfall::kinds
