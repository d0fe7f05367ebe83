// ledger_body: what an entry of a ledger contains, computed again for the comparison.
#include "harness/core/hash.h"
#include "harness/load/ledger.h"

namespace ernstfall {
namespace {

constexpr std::uint64_t kMinBytes = 128;
constexpr std::size_t kHeadBytesMax = 100;

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t value = state;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

}  // namespace

std::string ledger_body(const std::string& run_id, const std::string& writer, std::uint64_t seq,
                        std::uint64_t size_bytes) {
  const std::uint64_t size = std::max(size_bytes, kMinBytes);
  std::string body = fmt::format("ernstfall run={} writer={} seq={}\n", run_id, writer, seq);
  const std::string hash = sha256_hex(body);
  // Cut, a long run id would make all bodies equal.
  if (body.size() > kHeadBytesMax) body = hash + "\n";
  // Differs in every page from every other entry: blocks that change places do not go unseen, and
  // nothing that compresses or deduplicates makes the load cheaper than it looks.
  std::uint64_t state = std::stoull(hash.substr(0, 16), nullptr, 16);
  body.reserve(size + 17);
  while (body.size() < size) body += fmt::format("{:016x}", splitmix64(state));
  body.resize(size);
  body.back() = '\n';
  return body;
}

}  // namespace ernstfall
