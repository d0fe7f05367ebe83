// transports: the implementations behind make_remote(), each in a file of its own.
#pragma once

#include <memory>
#include <string>

#include "harness/remote/remote.h"

namespace ernstfall {

std::unique_ptr<Remote> make_ssh2_remote(const std::string& node_name, const SshAccess& access);
Result<std::unique_ptr<Remote>> make_openssh_remote(const std::string& node_name,
                                                    const SshAccess& access);
std::unique_ptr<Remote> make_local_remote(const std::string& node_name);

// What $SSH_CONNECTION on the node says about our end; shared by both SSH transports.
Result<std::string> ssh_connection_source(Remote& remote, Deadline deadline,
                                          const std::stop_token& stop);

}  // namespace ernstfall
