// service_folder: the folder at the service that holds everything that a run writes there.
#pragma once

#include <stop_token>
#include <string>

#include "harness/cluster/cluster.h"
#include "probes/http_engine.h"

namespace ernstfall {

// Both repeat until the service says yes or the deadline passes: a service that boots refuses good
// credentials at first. Errc::unreachable with the last answer; Errc::usage when the secret cannot
// be read. That the folder is there already, or is gone already, is fine.
Status make_service_folder(HttpEngine& http, const ServiceConfig& service,
                           const std::string& run_id, Deadline deadline,
                           const std::stop_token& stop);
// With everything in it: DELETE on a collection is recursive (RFC 4918, 9.6.1).
Status remove_service_folder(HttpEngine& http, const ServiceConfig& service,
                             const std::string& run_id, Deadline deadline,
                             const std::stop_token& stop);

}  // namespace ernstfall
