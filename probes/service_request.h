// service_request: requests to the service under test, as the cluster file describes it.
#pragma once

#include <string>
#include <string_view>

#include "harness/cluster/cluster.h"
#include "probes/http_engine.h"

namespace ernstfall {

// GET `path` ("/status.php") at the service's URL, through the ingress; without credentials.
HttpRequest service_request(const ServiceConfig& service, std::string_view path);
// `method` on `path` below the user's files (/remote.php/dav/files/<user>/), with credentials.
// Errc::usage when the secret cannot be read.
Result<HttpRequest> webdav_request(const ServiceConfig& service, std::string_view method,
                                   std::string_view path);

}  // namespace ernstfall
