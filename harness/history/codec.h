// codec: the bodies of history records as bytes: a kind byte, then fields, little-endian.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "harness/history/history.h"

namespace ernstfall::codec {

enum class Kind : std::uint8_t { header = 1, source, sample, event, ledger };

// Longer texts are cut: the history is bounded, and no single record may fill it.
inline constexpr std::size_t kMaxTextBytes = 64U << 10U;
inline constexpr std::size_t kMaxBodyBytes = 4 * kMaxTextBytes;

class Encoder {
 public:
  explicit Encoder(Kind kind) { number(static_cast<std::uint8_t>(kind)); }

  template <typename T>
  Encoder& number(T value) {
    static_assert(std::is_integral_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));  // x86 and ARM are little-endian
    body_.append(bytes, sizeof(T));
    return *this;
  }
  Encoder& text(std::string_view value);
  const std::string& body() const { return body_; }

 private:
  std::string body_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view body) : rest_(body) {}

  template <typename T>
  T number() {
    T value{};
    if (rest_.size() < sizeof(T)) {
      bad_ = true;
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string text();
  // Everything was there, and nothing is left over.
  bool done() const { return !bad_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

std::string encode(const HistoryHeader& header);
std::string encode(const Source& source);
std::string encode(const Sample& sample);
std::string encode(const Event& event);
std::string encode(const LedgerRecord& record);

// Adds one record to `history`; false when the body is not one. Unknown kinds are not one: a newer
// format has a newer version number in its header.
bool decode_into(History& history, std::string_view body);

}  // namespace ernstfall::codec
