// node_reach: asks whether a node is there: by ICMP echo, a TCP connection or its SSH greeting.
#include <array>
#include <condition_variable>
#include <mutex>

#include "probes/probe.h"
#include "probes/reach_engine.h"

namespace ernstfall {
namespace node_reach {
namespace {

using std::chrono::seconds;
using Kind = ReachRequest::Kind;

constexpr ParamSpec kParams[] = {
    {"by", ParamValue::Kind::text, "auto", false,
     "icmp: the kernel echoes. tcp: the node's SSH port accepts; a refusal counts as degraded, for "
     "the kernel lives and only nobody listens. ssh: the daemon greets; a refusal is a failure. "
     "auto: icmp where this process may send it, else tcp. Some SSH daemons (OpenSSH 9.8 and "
     "newer) "
     "shut out who connects often without logging in: ask them by tcp or ssh once in 2 s at most"},
};

// What a person who asks "is the node there?" expects to read.
Outcome outcome_of(Kind kind, const ReachResponse& response) {
  if (response.answered) return Outcome::ok;
  if (response.own_fault) return Outcome::missed;
  if (response.timed_out) return Outcome::timeout;
  if (response.refused && kind == Kind::tcp) return Outcome::degraded;
  return Outcome::failed;
}

class NodeReachProbe final : public Probe {
 public:
  NodeReachProbe(HistoryWriter& history, ReachEngine& engine, SourceId source, ReachRequest request)
      : history_(history), engine_(engine), source_(source), request_(std::move(request)) {}
  ~NodeReachProbe() override { stop(); }
  NodeReachProbe(const NodeReachProbe&) = delete;
  NodeReachProbe& operator=(const NodeReachProbe&) = delete;

  SourceId source() const override { return source_; }

  void fire(TimeNs scheduled) override {
    {
      const std::lock_guard lock(mutex_);
      ++in_flight_;
    }
    const auto done = [this, scheduled](const ReachResponse& response) {
      (void)history_.append(Sample{source_, scheduled, response.started, response.ended,
                                   outcome_of(request_.kind, response), 0,
                                   elide(response.detail, kMaxDetailBytes)});
      const std::lock_guard lock(mutex_);
      --in_flight_;
      landed_.notify_all();
    };
    if (engine_.submit(request_, done)) return;
    ReachResponse response;
    response.started = response.ended = history_.clock().now();
    response.own_fault = true;
    response.detail = "too many questions in flight";
    done(response);
  }

  // Each answer has a timeout: this ends.
  void stop() override {
    std::unique_lock lock(mutex_);
    landed_.wait(lock, [this] { return in_flight_ == 0; });
  }

 private:
  HistoryWriter& history_;
  ReachEngine& engine_;
  const SourceId source_;
  const ReachRequest request_;
  std::mutex mutex_;
  std::condition_variable landed_;
  int in_flight_ = 0;
};

Result<Kind> kind_of(const std::string& by, const ReachEngine& engine) {
  if (by == "auto") return engine.can_icmp() ? Kind::icmp : Kind::tcp;
  if (by == "tcp") return Kind::tcp;
  if (by == "ssh") return Kind::ssh_banner;
  if (by == "icmp") {
    if (engine.can_icmp()) return Kind::icmp;
    return fail(Errc::unsupported,
                "this process may not send ICMP: it needs CAP_NET_RAW, or its group in the sysctl "
                "net.ipv4.ping_group_range; `by: tcp` needs neither");
  }
  const std::array<std::string, 4> known{"auto", "icmp", "tcp", "ssh"};
  const auto near = nearest_name(by, known);
  return fail(Errc::usage, "`by` is \"{}\"; expected icmp, tcp, ssh or auto{}", by,
              near ? fmt::format("; did you mean \"{}\"?", *near) : "");
}

Result<std::unique_ptr<Probe>> make_node_reach(const ProbeContext& context, const ProbeSpec& spec,
                                               const Node* node) {
  if (node == nullptr) return fail(Errc::usage, "node.reach needs a node");
  ERNSTFALL_TRY(const ParamValue by, param_or_default(kParams, spec.params, "by"));
  ReachRequest request;
  ERNSTFALL_TRY(request.kind, kind_of(by.text, context.reach));
  const std::string& host = node->address.empty() ? node->ssh.host : node->address;
  if (host.empty())
    return fail(Errc::usage, "{} has neither an address nor an SSH host to ask", node->name);
  // Now and not with each question: a name server may be what fails in this run.
  auto literal = resolve_to_literal(host);
  if (!literal)
    return fail(Errc::usage, "{}: {}; give the node an `address`", node->name,
                literal.error().what);
  request.address = std::move(*literal);
  request.port = static_cast<std::uint16_t>(node->ssh.port);
  request.timeout = spec.timeout;
  ERNSTFALL_TRY(const SourceId source, define_probe_source(context, spec, node));
  return std::make_unique<NodeReachProbe>(context.history, context.reach, source,
                                          std::move(request));
}

}  // namespace
}  // namespace node_reach

extern const ProbeType kNodeReach;
const ProbeType kNodeReach{"node.reach",
                           "whether a node answers: ICMP echo, TCP or SSH",
                           node_reach::kParams,
                           1,
                           seconds(1),
                           true,
                           node_reach::make_node_reach};

}  // namespace ernstfall
