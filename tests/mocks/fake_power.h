// fake_power: a machine behind a power control, and the servers that such controls are: they speak
// Redfish, netcup's REST API or Intel AMT's WS-Management, on loopback, with defects to plant.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/mocks/http_server.h"

namespace ernstfall::mocks {

struct FakeMachine {
  bool on = true;
  // An order takes effect after so many further questions.
  int questions_until_done = 0;
  std::vector<std::string> orders;  // in the words of the protocol

  // Planted defects.
  bool stuck = false;                   // accepts every order and does nothing
  std::string told_state;               // said in place of the real one
  std::string refuse_orders;            // orders are refused, in these words of the protocol
  int locked_orders = 0;                // so many orders are refused because of a lock
  std::string allowed_resets;           // Redfish: the only ResetTypes, comma-separated
  std::string reset_target;             // Redfish: where the action is said to be
  std::string task_state = "FINISHED";  // netcup
  bool token_is_revoked = false;        // netcup: the access token that is out counts no more
  std::string other_id;                 // netcup: answers with another server's number
  int tokens_given = 0;                 // netcup
  int digests_checked = 0;              // AMT

  void order(const std::string& words, bool want_on);
  bool ask();  // on?

 private:
  std::optional<bool> ordered_;
};

class FakePowerServer {
 public:
  using Received = HttpServer::Received;
  using Answer = HttpServer::Answer;
  using Dialect = std::function<Answer(FakeMachine&, const Received&)>;

  static constexpr const char* kUser = "fence";
  static constexpr const char* kSecret = "a secret+of/the tests";

  explicit FakePowerServer(Dialect dialect, HttpServer::Options options = {})
      : dialect_(std::move(dialect)),
        server_([this](const Received& r) { return answer(r); }, std::move(options)) {}
  ~FakePowerServer() { (void)server_.go_away(); }

  HttpServer& http() { return server_; }
  // Reads or changes the machine while no request does.
  template <typename Use>
  auto with(Use use) {
    const std::lock_guard lock(mutex_);
    return use(machine_);
  }
  // The next `count` requests get this instead; -1: all of them.
  void plant(std::function<Answer(const Received&)> planted, int count = -1);

 private:
  Answer answer(const Received& request);

  std::mutex mutex_;
  FakeMachine machine_;
  std::function<Answer(const Received&)> planted_;
  int planted_count_ = 0;
  const Dialect dialect_;
  HttpServer server_;  // last: its threads use everything above
};

// System "1" of user kUser.
HttpServer::Answer speak_redfish(FakeMachine& machine, const HttpServer::Received& request);
// Server 4711 of the account with refresh token kSecret.
HttpServer::Answer speak_netcup(FakeMachine& machine, const HttpServer::Received& request);
// Of user kUser; verifies digest authentication.
HttpServer::Answer speak_amt(FakeMachine& machine, const HttpServer::Received& request);

}  // namespace ernstfall::mocks
