// http_exchange: one request and its answer as a libcurl transfer; knows nothing of threads.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "probes/http_engine.h"

namespace ernstfall {

class HttpExchange {
 public:
  HttpExchange(std::uint64_t id, HttpRequest request, HttpEngine::Done done)
      : id_(id), request_(std::move(request)), done_(std::move(done)) {}
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  std::uint64_t id() const { return id_; }
  CURL* handle() const { return easy_.get(); }
  // Makes the handle; CURLE_OK, or why there is none.
  CURLcode prepare(TimeNs now);
  // Ends with libcurl's word on it; the handle must be out of the multi handle.
  void complete(CURLcode code, TimeNs now);
  // Ends without an answer because we do not want one any more.
  void cancel(TimeNs now);

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* buffer, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_connected(void* self, char* primary_ip, char* local_ip, int primary_port,
                          int local_port);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  template <typename T>
  void set(CURLoption option, T value);
  void set_method();
  void set_connection();
  void set_callbacks();
  bool add_header(const std::string& header);
  std::string error_text(CURLcode code) const;

  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, ListDeleter>;

  const std::uint64_t id_;
  const HttpRequest request_;
  const HttpEngine::Done done_;
  HttpResponse response_;
  std::size_t uploaded_ = 0;
  std::size_t header_bytes_ = 0;
  int requests_ = 0;  // of this exchange
  bool too_large_ = false;
  bool repeated_ = false;
  int socket_errno_ = 0;
  int os_errno_ = 0;
  CURLcode setup_ = CURLE_OK;
  List headers_;
  List connect_to_;
  char error_buffer_[CURL_ERROR_SIZE] = {};
  // Last, so that it is gone first: it points at everything above.
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

}  // namespace ernstfall
