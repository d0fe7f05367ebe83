// qmp: asks a running virtual machine's monitor to do something.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "harness/core/clock.h"
#include "harness/core/files.h"
#include "harness/core/result.h"

namespace ernstfall {

class Qmp {
 public:
  // Connects and negotiates; waits until the socket is there, as long as `alive` says that there is
  // somebody to wait for.
  static Result<Qmp> connect(const std::filesystem::path& socket,
                             const std::function<bool()>& alive, Deadline deadline,
                             const std::stop_token& stop);
  // Returns the answer's "return" as JSON text; an answer with "error" is an Error.
  Result<std::string> execute(const std::string& command, const nlohmann::json& arguments,
                              Deadline deadline, const std::stop_token& stop);
  // A command of the human monitor. Its text is its only result: text that is not empty is an
  // Error.
  Status human(const std::string& line, Deadline deadline, const std::stop_token& stop);

 private:
  explicit Qmp(Fd fd, std::string where) : fd_(std::move(fd)), where_(std::move(where)) {}
  Result<nlohmann::json> next_message(Deadline deadline, const std::stop_token& stop);
  Fd fd_;
  std::string where_;
  std::string buffer_;
};

}  // namespace ernstfall
