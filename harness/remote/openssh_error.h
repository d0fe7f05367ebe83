// openssh_error: what the ssh client means when it exits with 255.
#pragma once

#include <string>
#include <string_view>

#include "harness/remote/remote.h"

namespace ernstfall {

Error openssh_error(std::string_view messages, const std::string& where, const SshAccess& access);

}  // namespace ernstfall
