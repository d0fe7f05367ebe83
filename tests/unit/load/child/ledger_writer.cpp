// ledger_writer: keeps a ledger until it is killed; a test does that. For no longer than a minute.
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/load/ledger.h"

int main(int argc, char** argv) {
  using namespace ernstfall;
  if (argc != 5) return 64;
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::alarm(60);
  const RunClock clock;
  Cluster cluster;
  cluster.service.emplace();
  cluster.service->url = argv[2];
  cluster.service->user = "admin";
  cluster.service->password = {SecretRef::Kind::file, argv[3]};
  auto history = HistoryWriter::create(argv[1], argv[4], clock);
  auto http = HttpEngine::start(clock);
  if (!history || !http) return 70;
  LoadSpec spec;
  spec.rate_hz = 100;
  auto ledger = Ledger::start(**history, **http, cluster, argv[4], "ledger.webdav", spec, {});
  if (!ledger) {
    fmt::print(stderr, "{}\n", to_string(ledger.error()));
    return 69;
  }
  while (true) (void)::pause();
}
