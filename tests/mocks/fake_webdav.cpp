// fake_webdav: a map of files behind the methods that ernstfall uses.
#include "tests/mocks/fake_webdav.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

#include "harness/core/text.h"

namespace ernstfall::mocks {
namespace {

constexpr std::string_view kFilesRoot = "/remote.php/dav/files/admin";
constexpr std::string_view kStatus =
    R"({"installed":true,"maintenance":false,"needsDbUpgrade":false,"productname":"OpenCloud"})";

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "/remote.php/dav/files/admin/a/b/" -> "a/b"
std::optional<std::string> user_path(std::string_view target) {
  if (const auto at = target.find(kFilesRoot); at != std::string_view::npos)
    target.remove_prefix(at + kFilesRoot.size());
  else
    return std::nullopt;
  while (!target.empty() && target.front() == '/') target.remove_prefix(1);
  while (!target.empty() && target.back() == '/') target.remove_suffix(1);
  return percent_decode(target);
}

std::string sha1_hex(std::string_view bytes) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string expected_authorization() {
  const std::string plain = std::string(FakeWebdav::kUser) + ":" + FakeWebdav::kPassword;
  std::string encoded(4 * ((plain.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(plain.data()),
                                   static_cast<int>(plain.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

HttpServer::Answer plain(int status, std::string body = "", std::vector<std::string> headers = {}) {
  HttpServer::Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  answer.keep_alive = true;
  return answer;
}

bool is_every(std::uint64_t n, std::uint64_t count) {
  return n > 0 && count % n == 0;
}

}  // namespace

FakeWebdav::FakeWebdav() : server_([this](const Received& request) { return answer(request); }) {}

FakeWebdav::Answer FakeWebdav::answer(const Received& request) {
  {
    const std::lock_guard lock(mutex_);
    if (gateway_ != 0) return plain(gateway_, "no backend");
  }
  if (request.target == "/status.php")
    return plain(200, std::string(kStatus), {"Content-Type: application/json"});
  if (request.target == "/.well-known/openid-configuration") return plain(200, "{}");
  {
    const std::lock_guard lock(mutex_);
    if (booting_ || request.header("authorization") != expected_authorization())
      return plain(
          401, "<d:error/>",
          {"Www-Authenticate: Bearer realm=\"fake\"", "Www-Authenticate: Basic realm=\"fake\""});
  }
  if (request.target == "/graph/v1.0/me/drives") return plain(200, R"({"value":[]})");
  const auto path = user_path(request.target);
  return path ? webdav(request, *path) : plain(404);
}

FakeWebdav::Answer FakeWebdav::webdav(const Received& request, const std::string& path) {
  std::unique_lock lock(mutex_);
  if (request.method == "PUT") return put(request, path, lock);
  if (request.method == "GET") return get(path);
  if (request.method == "DELETE") return remove(path);
  if (request.method == "MKCOL") return make_folder(path);
  if (request.method == "MOVE") return move(request, path);
  if (request.method == "PROPFIND") return list(path);
  return plain(405);
}

FakeWebdav::Answer FakeWebdav::put(const Received& request, const std::string& path,
                                   std::unique_lock<std::mutex>& lock) {
  if (request.header("content-length").empty()) return plain(400);
  changed_.wait(lock, [this] { return !frozen_ || away_; });
  if (frozen_) return plain(500);  // nobody sees it: the connection is cut
  if (full_) return plain(507);
  if (read_only_) return plain(500);
  if (!parent_exists(path) || folders_.count(path) != 0) return plain(409);
  const auto known = files_.find(path);
  const std::string if_match = request.header("if-match");
  if (!if_match.empty() && (known == files_.end() || known->second.etag != if_match))
    return plain(409);
  const std::string checksum = request.header("oc-checksum");
  if (!checksum.empty() && checksum != "SHA1:" + sha1_hex(request.body)) return plain(400);
  ++puts_;
  const SteadyTime now = std::chrono::steady_clock::now();
  File file{request.body, fmt::format("\"{:032x}\"", ++changes_), now, false};
  Acknowledged entry{path, now, is_every(drop_every_, puts_), is_every(corrupt_every_, puts_)};
  if (entry.corrupted && !file.content.empty()) file.content[file.content.size() / 2] ^= 0x10;
  Answer answer = described(known == files_.end() ? 201 : 204, file);
  if (!entry.dropped) files_[path] = std::move(file);
  acknowledged_.push_back(std::move(entry));
  return answer;
}

FakeWebdav::Answer FakeWebdav::get(const std::string& path) {
  const auto known = files_.find(path);
  if (known == files_.end()) return plain(404);
  for (auto& [part, left] : processing_) {
    if (left == 0 || path.find(part) == std::string::npos) continue;
    if (left > 0) --left;
    return plain(425);
  }
  if (known->second.unreadable) return plain(500);
  Answer answer = described(200, known->second);
  answer.headers.push_back("Oc-Checksum: SHA1:" + sha1_hex(known->second.content));
  answer.body = known->second.content;
  return answer;
}

FakeWebdav::Answer FakeWebdav::remove(const std::string& path) {
  if (files_.erase(path) > 0) return plain(204);
  if (folders_.erase(path) == 0) return plain(404);
  const std::string below = path + "/";
  for (auto it = files_.lower_bound(below); it != files_.end() && it->first.rfind(below, 0) == 0;)
    it = files_.erase(it);
  for (auto it = folders_.lower_bound(below); it != folders_.end() && it->rfind(below, 0) == 0;)
    it = folders_.erase(it);
  return plain(204);
}

FakeWebdav::Answer FakeWebdav::make_folder(const std::string& path) {
  if (folders_.count(path) != 0 || files_.count(path) != 0) return plain(405);
  if (!parent_exists(path)) return plain(409);
  folders_.insert(path);
  return plain(201);
}

FakeWebdav::Answer FakeWebdav::move(const Received& request, const std::string& path) {
  const auto known = files_.find(path);
  const auto to = user_path(request.header("destination"));
  if (known == files_.end()) return plain(404);
  if (!to || !parent_exists(*to)) return plain(409);
  const bool is_new = files_.count(*to) == 0;
  Answer answer = described(is_new ? 201 : 204, known->second);
  files_[*to] = std::move(known->second);
  files_.erase(path);
  return answer;
}

FakeWebdav::Answer FakeWebdav::list(const std::string& path) const {
  if (!path.empty() && folders_.count(path) == 0 && files_.count(path) == 0) return plain(404);
  std::string body = "<d:multistatus xmlns:d=\"DAV:\">";
  const auto add = [&](const std::string& name) {
    if (name.rfind(path, 0) == 0)
      body += fmt::format("<d:response><d:href>{}/{}</d:href></d:response>", kFilesRoot, name);
  };
  for (const std::string& name : folders_) add(name);
  for (const auto& [name, file] : files_) add(name);
  return plain(207, body + "</d:multistatus>", {"Content-Type: application/xml; charset=utf-8"});
}

FakeWebdav::Answer FakeWebdav::described(int status, const File& file) const {
  return plain(
      status, "",
      {"Etag: " + file.etag, "Oc-Etag: " + file.etag, "Oc-Fileid: fake$" + sha1_hex(file.etag)});
}

bool FakeWebdav::parent_exists(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos || folders_.count(path.substr(0, slash)) != 0;
}

void FakeWebdav::set(bool& flag, bool on) {
  {
    const std::lock_guard lock(mutex_);
    flag = on;
  }
  changed_.notify_all();
}
void FakeWebdav::set_booting(bool on) {
  set(booting_, on);
}
void FakeWebdav::set_full(bool on) {
  set(full_, on);
}
void FakeWebdav::set_read_only(bool on) {
  set(read_only_, on);
}
void FakeWebdav::set_frozen(bool on) {
  set(frozen_, on);
}
void FakeWebdav::set_gateway(int status) {
  const std::lock_guard lock(mutex_);
  gateway_ = status;
}
void FakeWebdav::set_processing(const std::string& part, int count) {
  const std::lock_guard lock(mutex_);
  processing_[part] = count;
}
void FakeWebdav::drop_every(std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  drop_every_ = n;
}
void FakeWebdav::corrupt_every(std::uint64_t n) {
  const std::lock_guard lock(mutex_);
  corrupt_every_ = n;
}

void FakeWebdav::go_away() {
  set(away_, true);
  (void)server_.go_away();
}

void FakeWebdav::come_back() {
  set(away_, false);
  (void)server_.come_back();
}

void FakeWebdav::power_cut(Nanos younger_than, Loss loss) {
  const SteadyTime youngest_kept = std::chrono::steady_clock::now() - younger_than;
  go_away();
  const std::lock_guard lock(mutex_);
  for (auto it = files_.begin(); it != files_.end();) {
    const bool is_lost = it->second.at > youngest_kept;
    if (is_lost) it->second.unreadable = true;
    it = is_lost && loss == Loss::gone ? files_.erase(it) : std::next(it);
  }
}

std::vector<FakeWebdav::Acknowledged> FakeWebdav::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}
std::optional<std::string> FakeWebdav::content(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto known = files_.find(path);
  if (known == files_.end()) return std::nullopt;
  return known->second.content;
}
bool FakeWebdav::has_folder(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return folders_.count(path) != 0;
}
std::size_t FakeWebdav::files() const {
  const std::lock_guard lock(mutex_);
  return files_.size();
}

}  // namespace ernstfall::mocks
