#pragma once

#include <cstddef>
#include <cstdint>

namespace ttx::gateway {

/// A peer may make this many times the requests of one principal: several clients may share an address.
inline constexpr int kPeerRateFactor = 10;
inline constexpr size_t kTokenBytesMax = 8 * 1024;  // a longer one is not looked into
/// Bounds that no configuration changes (reliability.md 3.3).
inline constexpr size_t kHeadBytesMax = 16 * 1024;
inline constexpr size_t kTargetBytesMax = 4 * 1024;
inline constexpr size_t kHeaderCountMax = 100;
inline constexpr size_t kChunkedOverheadBytesMax = 16 * 1024;  // what one chunk's framing may occupy
inline constexpr int kJsonDepthMax = 32;
inline constexpr int kJsonElementsMax = 10'000;
inline constexpr size_t kViolationsMax = 20;
inline constexpr size_t kIdempotencyKeyBytesMax = 64;
inline constexpr size_t kQueryParametersMax = 64;
inline constexpr size_t kWriteBytesMax = 64 * 1024;    // one write; a stall is measured over one
inline constexpr size_t kLingerBytesMax = 256 * 1024;  // read and thrown away after a refusal
inline constexpr size_t kRateBucketsMax = 65'536;
inline constexpr size_t kStreamQueueMax = 64;  // messages of a stream held for its clients
inline constexpr size_t kStreamQueueBytesMax = 64 * 1024;
inline constexpr int64_t kLongPollSecondsMax = 60;
inline constexpr int kAdminConnectionsMax = 64;

}  // namespace ttx::gateway
