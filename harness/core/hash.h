// hash: SHA-256 of a byte string, as lower-case hex (OpenSSL), and CRC-32C for record framing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ernstfall {

std::string sha256_hex(std::string_view bytes);
// Castagnoli, reflected, as in iSCSI (RFC 3720); `seed` continues an earlier value.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed = 0);

}  // namespace ernstfall
