// ssh2_owner: the one thread that owns the SSH connection of a node and runs all its channels.
//
//   submit(job) -> queue -> [connect] -> channel -> job.ended
//
// A libssh2 session must not be used by two threads, so everyone else only hands over jobs.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/process/stop_fd.h"
#include "harness/remote/ssh2_channel.h"

namespace ernstfall {

class Ssh2Owner {
 public:
  Ssh2Owner(SshAccess access, std::string where);
  ~Ssh2Owner();

  // Errc::refused when too many commands wait already.
  Status submit(std::shared_ptr<Ssh2Job> job);
  // A job was abandoned, or its reader has room again.
  void nudge() const { wake_.wake(); }
  const std::string& where() const { return where_; }

 private:
  void run(const std::stop_token& stop);
  void take_submitted();
  void drop_unwanted();
  void drop(std::list<Ssh2Channel>::iterator channel);
  void terminate(const Ssh2Job& stream);
  void connect();
  bool step_channels();
  Result<bool> step_one(std::list<Ssh2Channel>::iterator& channel);
  void back_off(std::list<Ssh2Channel>::iterator channel);
  bool free_closed();
  void close_session();
  void lose(Error why);
  void wait();
  bool room_for_channel() const;
  bool reading() const;
  Deadline next_deadline() const;
  void finish();

  const SshAccess access_;
  const std::string where_;
  WakeFd wake_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Ssh2Job>> submitted_;  // guarded
  // All below belongs to the owner thread.
  Ssh2Session session_;
  std::list<Ssh2Channel> channels_;
  std::vector<LIBSSH2_CHANNEL*> closed_;  // wait for the node's word that they are closed
  std::size_t max_channels_;
  int refusals_ = 0;  // in a row, of a channel while none was open
  SteadyTime next_open_;
  std::optional<Error> host_key_error_;  // never tried again
  std::jthread thread_;
};

}  // namespace ernstfall
