// fake_power: the machine, and what the servers have in common.
#include "tests/mocks/fake_power.h"

namespace ernstfall::mocks {

void FakeMachine::order(const std::string& words, bool want_on) {
  orders.push_back(words);
  if (!stuck) ordered_ = want_on;
}

bool FakeMachine::ask() {
  if (ordered_ && questions_until_done-- <= 0) {
    on = *ordered_;
    ordered_.reset();
  }
  return on;
}

void FakePowerServer::plant(std::function<Answer(const Received&)> planted, int count) {
  const std::lock_guard lock(mutex_);
  planted_ = std::move(planted);
  planted_count_ = count;
}

HttpServer::Answer FakePowerServer::answer(const Received& request) {
  const std::lock_guard lock(mutex_);
  if (planted_ && planted_count_ != 0) {
    if (planted_count_ > 0) --planted_count_;
    return planted_(request);
  }
  return dialect_(machine_, request);
}

}  // namespace ernstfall::mocks
