// http_exchange: libcurl's options for a probe: one connection, one try, nothing hidden.
#include "probes/http_exchange.h"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "harness/core/text.h"
#include "harness/core/units.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64U << 10U;
// With digest: the question for a challenge, the answer, and one more when the challenge was stale.
constexpr int kMaxDigestRequests = 3;

// Rounded up, and one more: libcurl counts from a rounded time and would end up to 1 ms early.
// Never 0, which means "for ever".
long timeout_ms(Nanos timeout) {
  return static_cast<long>(std::max<std::int64_t>((timeout.count() + kNsPerMs - 1) / kNsPerMs, 0)) +
         1;
}

std::string system_text(int error_number) {
  return std::generic_category().message(error_number);
}

// Nothing left of something that this machine has to give.
bool is_exhausted(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM ||
         error_number == ENOBUFS || error_number == EADDRNOTAVAIL;
}

bool is_ipv6_literal(const std::string& address) {
  return address.find(':') != std::string::npos && address.front() != '[';
}

}  // namespace

std::string HttpResponse::header(std::string_view name) const {
  for (const std::string& line : headers) {
    const std::size_t colon = line.find(':');
    if (colon != name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    return std::string(trim(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

template <typename T>
void HttpExchange::set(CURLoption option, T value) {
  if (setup_ == CURLE_OK) setup_ = curl_easy_setopt(easy_.get(), option, value);
}

CURLcode HttpExchange::prepare(TimeNs now) {
  response_.started = now;
  easy_.reset(curl_easy_init());
  if (!easy_) return CURLE_OUT_OF_MEMORY;
  set(CURLOPT_ERRORBUFFER, error_buffer_);
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // One request, one answer: HTTP/2 would repeat a refused stream by itself.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // An http_proxy of the environment would be probed instead of the service.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_USERAGENT, "ernstfall");
  set(CURLOPT_TIMEOUT_MS, timeout_ms(request_.timeout));
  set(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms(request_.timeout));
  // Else a name server that does not answer stops every transfer: libcurl waits for the thread that
  // asks it, long after this transfer's timeout.
  set(CURLOPT_QUICK_EXIT, 1L);
  set_connection();
  set_method();
  set_callbacks();
  return setup_;
}

void HttpExchange::set_connection() {
  if (request_.fresh_connection) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  }
  if (!request_.resolve_address.empty()) {
    // Not CURLOPT_RESOLVE, which changes the name for every other transfer of the multi handle.
    const std::string& address = request_.resolve_address;
    const std::string entry =
        is_ipv6_literal(address) ? "::[" + address + "]:" : "::" + address + ":";
    connect_to_.reset(curl_slist_append(nullptr, entry.c_str()));
    if (!connect_to_) setup_ = CURLE_OUT_OF_MEMORY;
    set(CURLOPT_CONNECT_TO, connect_to_.get());
  }
  // The system's folder would be trusted beside the pinned CA, and with a folder libcurl reads
  // every CA again for each connection.
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  if (!request_.ca_file.empty()) set(CURLOPT_CAINFO, request_.ca_file.c_str());
  if (!request_.pinned_key.empty()) {
    // libcurl compares the key whether or not it verifies the rest, which such a certificate (of a
    // management controller, signed by itself, for another name) would not pass.
    set(CURLOPT_PINNEDPUBLICKEY, request_.pinned_key.c_str());
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

void HttpExchange::set_method() {
  const bool upload = request_.method == "PUT" || !request_.body.empty();
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (upload) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &HttpExchange::on_upload);
    set(CURLOPT_READDATA, static_cast<void*>(this));
    set(CURLOPT_SEEKFUNCTION, &HttpExchange::on_seek);
    set(CURLOPT_SEEKDATA, static_cast<void*>(this));
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    // Else libcurl waits for "100 Continue" up to a second before it sends a larger body.
    if (!add_header("Expect:")) setup_ = CURLE_OUT_OF_MEMORY;
  }
  if (request_.method != "GET" && request_.method != "HEAD" && request_.method != "PUT")
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  else if (request_.method == "GET" && upload)
    set(CURLOPT_CUSTOMREQUEST, "GET");
  for (const std::string& header : request_.headers)
    if (!add_header(header)) setup_ = CURLE_OUT_OF_MEMORY;
  if (headers_) set(CURLOPT_HTTPHEADER, headers_.get());
  if (!request_.user.empty()) {
    set(CURLOPT_HTTPAUTH,
        request_.auth == HttpRequest::Auth::digest ? CURLAUTH_DIGEST : CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, request_.user.c_str());
    set(CURLOPT_PASSWORD, request_.password.c_str());
  }
}

void HttpExchange::set_callbacks() {
  void* const self = this;
  set(CURLOPT_WRITEFUNCTION, &HttpExchange::on_body);
  set(CURLOPT_WRITEDATA, self);
  set(CURLOPT_HEADERFUNCTION, &HttpExchange::on_header);
  set(CURLOPT_HEADERDATA, self);
  set(CURLOPT_PREREQFUNCTION, &HttpExchange::on_connected);
  set(CURLOPT_PREREQDATA, self);
  set(CURLOPT_OPENSOCKETFUNCTION, &HttpExchange::on_socket);
  set(CURLOPT_OPENSOCKETDATA, self);
}

bool HttpExchange::add_header(const std::string& header) {
  curl_slist* const longer = curl_slist_append(headers_.get(), header.c_str());
  if (longer == nullptr) return false;
  (void)headers_.release();
  headers_.reset(longer);
  return true;
}

std::size_t HttpExchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  const std::size_t bytes = size * count;
  if (bytes > exchange.request_.max_body_bytes - exchange.response_.body.size()) {
    exchange.too_large_ = true;
    return bytes + 1;  // anything but `bytes` ends the transfer, also when `bytes` is 0
  }
  exchange.response_.body.append(data, bytes);
  return bytes;
}

std::size_t HttpExchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  const std::size_t bytes = size * count;
  const std::string_view line(data, bytes);
  exchange.header_bytes_ += bytes;
  if (exchange.header_bytes_ > kMaxHeaderBytes) {
    exchange.too_large_ = true;
    return bytes + 1;
  }
  // A new status line: the one before was only "100 Continue".
  if (line.substr(0, 5) == "HTTP/")
    exchange.response_.headers.clear();
  else if (const std::string_view text = trim(line); !text.empty())
    exchange.response_.headers.emplace_back(text);
  return bytes;
}

std::size_t HttpExchange::on_upload(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  const std::string_view rest =
      std::string_view(exchange.request_.body).substr(exchange.uploaded_, size * count);
  std::copy(rest.begin(), rest.end(), buffer);
  exchange.uploaded_ += rest.size();
  return rest.size();
}

// Digest: the first request had no body, or its challenge had become stale.
int HttpExchange::on_seek(void* self, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::uint64_t>(offset) > exchange.request_.body.size())
    return CURL_SEEKFUNC_FAIL;
  exchange.uploaded_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// Called when the connection stands, TLS included, right before the first byte of the request. One
// call too many means that libcurl is about to repeat it, as it does when a kept connection broke.
int HttpExchange::on_connected(void* self, char*, char*, int, int) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  const int allowed = exchange.request_.auth == HttpRequest::Auth::digest ? kMaxDigestRequests : 1;
  exchange.repeated_ = ++exchange.requests_ > allowed;
  exchange.response_.maybe_sent = true;
  return exchange.repeated_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

curl_socket_t HttpExchange::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) static_cast<HttpExchange*>(self)->socket_errno_ = errno;
  return fd;
}

void HttpExchange::complete(CURLcode code, TimeNs now) {
  response_.ended = now;
  response_.curl_error = static_cast<int>(code);
  response_.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  if (easy_) {
    long status = 0;
    long os_error = 0;
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
    if (status >= 200) response_.status = static_cast<int>(status);
    os_errno_ = static_cast<int>(os_error);
  }
  if (code != CURLE_OK) {
    const bool no_connection = code == CURLE_COULDNT_CONNECT;
    response_.our_fault =
        code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT ||
        (no_connection && (is_exhausted(socket_errno_) || is_exhausted(os_errno_)));
    response_.untrusted = code == CURLE_PEER_FAILED_VERIFICATION ||
                          code == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
                          code == CURLE_SSL_CACERT_BADFILE;
    response_.error = error_text(code);
    // libcurl does not quote secrets; a URL that holds one would be.
    const std::size_t at =
        request_.password.empty() ? std::string::npos : response_.error.find(request_.password);
    if (at != std::string::npos) response_.error.replace(at, request_.password.size(), "***");
  }
  done_(response_);
}

void HttpExchange::cancel(TimeNs now) {
  response_.ended = now;
  if (response_.started == 0) response_.started = now;
  response_.curl_error = CURLE_ABORTED_BY_CALLBACK;
  response_.our_fault = true;
  response_.error = "cancelled";
  done_(response_);
}

std::string HttpExchange::error_text(CURLcode code) const {
  if (code == CURLE_OPERATION_TIMEDOUT)
    return fmt::format("no {} within {}", response_.maybe_sent ? "complete answer" : "connection",
                       format_duration(request_.timeout));
  if (too_large_) return fmt::format("the answer is larger than {} bytes", request_.max_body_bytes);
  if (repeated_) return "the connection that was kept had been closed by the other side";
  // Without the address and the milliseconds of libcurl's own text, so that equal errors are equal.
  if (code == CURLE_COULDNT_CONNECT && (socket_errno_ != 0 || os_errno_ != 0))
    return "no connection: " + system_text(socket_errno_ != 0 ? socket_errno_ : os_errno_);
  if (code == CURLE_GOT_NOTHING) return "the connection was closed without an answer";
  return error_buffer_[0] != '\0' ? error_buffer_ : curl_easy_strerror(code);
}

}  // namespace ernstfall
