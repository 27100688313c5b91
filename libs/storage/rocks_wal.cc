#include "libs/storage/rocks_wal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

namespace ttx::storage {
namespace {

// The format of rocksdb/db/log_format.h: blocks of 32 KiB; a record is a checksum, a length and a type, then the
// payload; a batch is one full record, or a first, middle ones and a last.
constexpr size_t kBlock = 32 << 10;
constexpr size_t kHeader = 7;
constexpr uint8_t kFull = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kLast = 4;

uint8_t Byte(std::string_view log, size_t at) { return static_cast<uint8_t>(log[at]); }

// CRC-32C (Castagnoli).
uint32_t Crc(std::string_view bytes) {
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
      table[i] = crc;
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

// Whether a record with this much payload and the right checksum lies at `at`.
bool CompleteAt(std::string_view log, size_t at, size_t payload) {
  if (at + kHeader + payload > log.size() || kHeader + payload > kBlock - at % kBlock) return false;
  uint32_t stored = 0;
  for (size_t i = 0; i < 4; ++i) stored |= static_cast<uint32_t>(Byte(log, at + i)) << (8 * i);
  return stored == Masked(Crc(log.substr(at + kHeader - 1, 1 + payload)));
}

// The payload's length according to the record's header, when the whole record is there and right.
std::optional<size_t> RecordAt(std::string_view log, size_t at) {
  if (at + kHeader > log.size()) return std::nullopt;
  const uint8_t type = Byte(log, at + 6);
  const size_t payload = Byte(log, at + 4) | static_cast<size_t>(Byte(log, at + 5)) << 8;
  if (type < kFull || type > kLast || !CompleteAt(log, at, payload)) return std::nullopt;
  return payload;
}

// The first place that holds no complete record; the end of the log when there is none.
size_t FirstFault(std::string_view log) {
  size_t at = 0;
  while (at < log.size()) {
    const size_t left = kBlock - at % kBlock;
    if (left < kHeader) {  // the filling of the block
      at += std::min(left, log.size() - at);
      continue;
    }
    const std::optional<size_t> payload = RecordAt(log, at);
    if (!payload) return at;
    at += kHeader + *payload;
  }
  return at;
}

// Batches are written one at a time, each durable before the next: whatever precedes the start of a batch had been
// acknowledged, and so may have been a batch that reaches exactly to the end of the log.
bool ProvesDamage(std::string_view log, size_t fault) {
  if (fault + kHeader <= log.size()) {
    const uint8_t type = Byte(log, fault + 6);
    if ((type == kFull || type == kLast) && CompleteAt(log, fault, log.size() - fault - kHeader)) return true;
  }
  for (size_t at = fault + 1; at + kHeader <= log.size(); ++at) {
    const uint8_t type = Byte(log, at + 6);
    if ((type == kFull || type == kFirst) && RecordAt(log, at)) return true;
  }
  return false;
}

}  // namespace

Status VerifyWals(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed)) {
    const fs::path& file = it->path();
    const std::string number = file.stem().string();
    const bool digits = std::all_of(number.begin(), number.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (file.extension() != ".log" || !digits) continue;
    std::ifstream in(file, std::ios::binary);
    const std::string log{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const size_t fault = FirstFault(log);
    if (fault < log.size() && ProvesDamage(log, fault)) {
      const std::string detail = file.filename().string() + " is damaged at byte " + std::to_string(fault);
      return Error(Reason::kDATA_DAMAGED, {{"path", path}, {"detail", detail}});
    }
  }
  return {};
}

}  // namespace ttx::storage
