// ssh2_channel: one command on one SSH channel, moved on step by step by the owner thread.
#pragma once

#include <libssh2.h>

#include <memory>

#include "harness/remote/remote_script.h"
#include "harness/remote/ssh2_job.h"
#include "harness/remote/ssh2_session.h"

namespace ernstfall {

class Ssh2Channel {
 public:
  enum class Step {
    waiting,   // nothing to do until bytes come
    moved,     // something was done: look again
    finished,  // the job has its result; release() the channel
    full,      // the node has no room for another channel: try again when one is closed
  };

  explicit Ssh2Channel(std::shared_ptr<Ssh2Job> job);

  Ssh2Job& job() { return *job_; }
  const std::shared_ptr<Ssh2Job>& shared_job() const { return job_; }
  bool opening() const { return stage_ == Stage::opening; }
  // False while the reader of a stream is too slow: then its bytes stay at the node.
  bool wants_read() const { return !paused_; }
  // One round of work. An error means that the connection is lost.
  Result<Step> step(Ssh2Session& session);
  // Gives up the libssh2 channel, which the caller has to free; may be null.
  LIBSSH2_CHANNEL* release() { return std::exchange(channel_, nullptr); }

 private:
  enum class Stage { opening, requesting, running, closing };

  Result<Step> open(Ssh2Session& session);
  Result<Step> request(Ssh2Session& session);
  Result<Step> run(Ssh2Session& session);
  Result<Step> await_close(Ssh2Session& session);
  Result<bool> feed(Ssh2Session& session);
  Result<bool> feed_more(Ssh2Session& session);
  Result<bool> read(Ssh2Session& session, int stream_id, bool& end);
  bool deliver_lines();
  Step finish_exec(int status, const std::string& signal);
  Step finish_stream(int status, const std::string& signal);
  Step fail_job(Errc code, std::string what);

  std::shared_ptr<Ssh2Job> job_;
  LIBSSH2_CHANNEL* channel_ = nullptr;
  Stage stage_ = Stage::opening;
  std::size_t fed_ = 0;
  std::string unsent_;  // with keep_stdin; unchanged while libssh2 has not taken its front
  bool input_ended_ = false;
  bool paused_ = false;
  MarkedOutput out_;
  MarkedOutput err_;
  std::string unsplit_;  // of a stream: read but not yet made into lines
};

}  // namespace ernstfall
