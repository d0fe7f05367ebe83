// node_dead_man: the scripts that arm, prove and extend a timer on a node, and the heartbeat.
#include "harness/inject/node_dead_man.h"

#include "harness/core/hash.h"
#include "harness/core/units.h"
#include "harness/faults/node_script.h"

namespace ernstfall {
namespace {

constexpr Nanos kAskMax = std::chrono::seconds(20);  // scaled

constexpr std::string_view kPrepare = R"sh(
[ -d /run/systemd/system ] || no "systemd does not run this node, so that nothing could undo a fault without us"
need systemd-run systemd
need flock util-linux
need logger bsdutils
mkdir -p -m 700 "${keep%/*}" && mkdir -m 700 "$keep" || no "$keep cannot be made"
)sh";

// Run by the timer's service, at boot, and by `heal` when there is no journal.
constexpr std::string_view kFire = R"sh(
sh "$keep/undo" && sh "$keep/undone" >/dev/null || { logger -t ernstfall "$token: the dead-man's undo failed; again in 5 s"; exit 1; }
logger -t ernstfall "$token undone by its dead-man at $(date -u +%FT%TZ)"
forget
systemctl stop "$mark.timer" 2>/dev/null
exit 0
)sh";

// $1: seconds; $2: yes when it has to work after a reboot. Before it: what writes the three files.
constexpr std::string_view kArm = R"sh(
sync "$keep/undo" "$keep/undone" "$keep/fire" 2>/dev/null
if [ "$2" = yes ]; then
  unit=/etc/systemd/system/$mark-boot.service
  printf '%s\n' '[Unit]' "Description=ernstfall: undo of fault $token after a reboot" 'After=local-fs.target' \
    '[Service]' 'Type=oneshot' "ExecStart=/bin/sh $keep/fire" 'Restart=on-failure' 'RestartSec=5' \
    'StartLimitIntervalSec=0' >"$unit" || no "$unit cannot be written"
  mkdir -p /etc/systemd/system/multi-user.target.wants
  ln -sf "$unit" /etc/systemd/system/multi-user.target.wants/ || no "$unit cannot be enabled"
  sync "$unit" /etc/systemd/system/multi-user.target.wants
fi
systemd-run --quiet --collect --unit="$mark" --description="ernstfall: undo of fault $token" --on-active="$1s" \
  --timer-property=AccuracySec=100ms --property=Type=oneshot --property=Restart=on-failure --property=RestartSec=5 \
  --property=StartLimitIntervalSec=0 --property=OOMScoreAdjust=-1000 /bin/sh "$keep/fire" || no "systemd-run failed"
shift 2
)sh";

// $1 $2 $3: SHA-256 of undo, undone and fire.
constexpr std::string_view kProve = R"sh(
[ "$(systemctl show -p ActiveState --value "$mark.timer")" = active ] || no "the dead-man's timer is not active"
[ "$(systemctl show -p ActiveState --value "$mark.service")" = inactive ] || no "the dead-man is firing"
for pair in "undo $1" "undone $2" "fire $3"; do
  [ "$(sha256sum <"$keep/${pair% *}" 2>/dev/null)" = "${pair#* }  -" ] || no "$keep/${pair% *} is not what we sent"
done
)sh";

constexpr std::string_view kExtend = R"sh(
[ "$(systemctl show -p ActiveState --value "$mark.service")" = inactive ] || no "the dead-man is firing"
[ "$(systemctl show -p ActiveState --value "$mark.timer")" = active ] && [ -e "$keep/undo" ] || no "the dead-man has fired, or someone removed it"
systemctl restart "$mark.timer" || no "the dead-man's timer does not begin anew"
)sh";

// A script as a file on the node: its arguments are set in its first line.
std::string script_file(const std::string& script, const std::string& token, const Argv& args) {
  Argv all{"set", "--", token};
  all.insert(all.end(), args.begin(), args.end());
  return shell_quote(all) + "\n" + script;
}

struct Files {
  std::string undo;
  std::string undone;
  std::string fire;
};
std::string write_line(std::string_view name, const std::string& text) {
  return fmt::format("printf %s {} >\"$keep/{}\" || no \"$keep/{} cannot be written\"\n",
                     shell_quote_word(text), name, name);
}

Files files_of(const NodeDeadMan& dead_man) {
  return {script_file(dead_man.undo, dead_man.token, dead_man.args),
          script_file(dead_man.undone, dead_man.token, dead_man.args),
          script_file(node_script(kFire, dead_man.survives_reboot), dead_man.token, {})};
}

}  // namespace

Status NodeDeadMen::ask(const NodeDeadMan& dead_man, std::string_view script, Argv args,
                        Deadline deadline, const std::stop_token& stop) {
  Remote* remote = nodes_.remote(dead_man.node);
  if (remote == nullptr) return fail(Errc::internal, "no such node \"{}\"", dead_man.node);
  args.insert(args.begin(), dead_man.token);
  ERNSTFALL_TRY(
      const ExecResult result,
      exec_script(*remote, node_script(script, dead_man.survives_reboot), args, deadline, stop));
  if (result.ok()) return {};
  return fail_at(Errc::refused, dead_man.node, "dead-man: {}", result.summary());
}

Status NodeDeadMen::arm(const NodeDeadMan& dead_man, const std::stop_token& stop) {
  const Deadline deadline = Deadline::after(3 * nodes_.cluster().scaled(kAskMax));
  const Files files = files_of(dead_man);
  // One script, with the files in it: a step that is asked for by itself costs a slow node a
  // second.
  const std::string script = std::string(kPrepare) + write_line("undo", files.undo) +
                             write_line("undone", files.undone) + write_line("fire", files.fire) +
                             std::string(kArm) + std::string(kProve);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(fires_after_).count();
  ERNSTFALL_CHECK(ask(dead_man, script,
                      {std::to_string(seconds), dead_man.survives_reboot ? "yes" : "no",
                       sha256_hex(files.undo), sha256_hex(files.undone), sha256_hex(files.fire)},
                      deadline, stop));
  {
    const std::lock_guard lock(mutex_);
    armed_[dead_man.token] = {dead_man, ""};
    if (!heartbeat_.joinable())
      heartbeat_ = std::jthread([this](const std::stop_token& end) { heartbeat(end); });
  }
  return {};
}

Status NodeDeadMen::prove(const std::string& token, const std::stop_token& stop) {
  std::optional<Armed> armed;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = armed_.find(token); it != armed_.end()) armed = it->second;
  }
  if (!armed) return fail(Errc::internal, "no dead-man was armed for fault {}", token);
  const NodeDeadMan& dead_man = armed->dead_man;
  if (!armed->lost.empty()) return fail_at(Errc::refused, dead_man.node, "{}", armed->lost);
  const Files files = files_of(dead_man);
  return ask(dead_man, kProve,
             {sha256_hex(files.undo), sha256_hex(files.undone), sha256_hex(files.fire)},
             Deadline::after(nodes_.cluster().scaled(kAskMax)), stop);
}

void NodeDeadMen::release(const std::string& token) {
  const std::lock_guard lock(mutex_);
  armed_.erase(token);
}

// Four chances before it fires. A node that does not answer is no reason to give up: that is what
// the dead-man is for.
void NodeDeadMen::heartbeat(const std::stop_token& stop) {
  while (sleep_until(Deadline::after(fires_after_ / 5), stop)) {
    std::vector<NodeDeadMan> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [token, armed] : armed_)
        if (armed.lost.empty()) all.push_back(armed.dead_man);
    }
    std::vector<std::jthread> threads;
    for (const NodeDeadMan& dead_man : all)
      threads.emplace_back([&, dead_man] {
        const auto status = ask(dead_man, kExtend, {}, Deadline::after(fires_after_ / 2), stop);
        if (status || status.error().code != Errc::refused) return;
        const std::lock_guard lock(mutex_);
        if (const auto it = armed_.find(dead_man.token); it != armed_.end())
          it->second.lost = status.error().what;
      });
  }
}

}  // namespace ernstfall
