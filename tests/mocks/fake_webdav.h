// fake_webdav: an OpenCloud as its users see it, in memory and on loopback: the status codes that
// were recorded from a real one, the states in which it was seen, and defects to plant.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/mocks/http_server.h"

namespace ernstfall::mocks {

class FakeWebdav {
 public:
  struct Acknowledged {
    std::string path;  // below the user's files: "folder/name"
    SteadyTime at;
    bool dropped = false;
    bool corrupted = false;
  };
  enum class Loss {
    gone,       // GET 404
    unreadable  // GET 500, and PROPFIND still shows it: the name survived, the content did not
  };

  static constexpr const char* kUser = "admin";
  static constexpr const char* kPassword = "a secret of the tests";

  FakeWebdav();
  ~FakeWebdav() { go_away(); }

  std::string url() const { return server_.url(); }

  // States. All may be switched at any time.
  void set_booting(bool on);     // good credentials are refused: 401
  void set_full(bool on);        // PUT 507
  void set_read_only(bool on);   // PUT 500
  void set_gateway(int status);  // the ingress alone answers, with this; 0: the service is there
  // PUTs hang; a thaw commits them all, whether or not anybody still waits for the answer.
  void set_frozen(bool on);
  // GETs of names that contain `part` give 425, `count` times; -1: for ever.
  void set_processing(const std::string& part, int count);
  // Connections end, new ones are refused; frozen writes are gone.
  void go_away();
  void come_back();

  // Planted defects: every n-th PUT is acknowledged and not stored, or stored with a bit flipped.
  void drop_every(std::uint64_t n);
  void corrupt_every(std::uint64_t n);
  // Goes away; what was acknowledged within the last `younger_than` is lost.
  void power_cut(Nanos younger_than, Loss loss);

  std::vector<Acknowledged> acknowledged() const;
  std::optional<std::string> content(const std::string& path) const;
  bool has_folder(const std::string& path) const;
  std::size_t files() const;
  std::size_t requests() const { return server_.received().size(); }

 private:
  using Received = HttpServer::Received;
  using Answer = HttpServer::Answer;
  struct File {
    std::string content;
    std::string etag;
    SteadyTime at;
    bool unreadable = false;
  };

  Answer answer(const Received& request);
  Answer webdav(const Received& request, const std::string& path);
  Answer put(const Received& request, const std::string& path, std::unique_lock<std::mutex>& lock);
  Answer get(const std::string& path);
  Answer remove(const std::string& path);
  Answer make_folder(const std::string& path);
  Answer move(const Received& request, const std::string& path);
  Answer list(const std::string& path) const;
  bool parent_exists(const std::string& path) const;
  Answer described(int status, const File& file) const;
  void set(bool& flag, bool on);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool booting_ = false;
  bool full_ = false;
  bool read_only_ = false;
  bool frozen_ = false;
  bool away_ = false;
  int gateway_ = 0;
  std::uint64_t drop_every_ = 0;
  std::uint64_t corrupt_every_ = 0;
  std::uint64_t puts_ = 0;
  std::uint64_t changes_ = 0;
  std::map<std::string, int> processing_;
  std::set<std::string> folders_;
  std::map<std::string, File> files_;
  std::vector<Acknowledged> acknowledged_;
  HttpServer server_;  // last: its threads use everything above
};

}  // namespace ernstfall::mocks
