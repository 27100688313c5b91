#include "libs/rpc/proto_time.h"

#include <algorithm>

namespace ttx::rpc {
namespace {

constexpr int64_t kNanos = 1'000'000'000;
constexpr int64_t kMaxSeconds = 9'214'646'400;  // 2262-01-01
constexpr int64_t kMaxDurationSeconds = 100LL * 366 * 86400;
constexpr int32_t kDefaultPage = 50;
constexpr int32_t kMaxPage = 200;

}  // namespace

google::protobuf::Timestamp ToProtoTime(Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(time.ns / kNanos);
  proto.set_nanos(static_cast<int32_t>(time.ns % kNanos));
  return proto;
}

google::protobuf::Duration ToProtoDuration(Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(duration.ns / kNanos);
  proto.set_nanos(static_cast<int32_t>(duration.ns % kNanos));
  return proto;
}

Result<Time> FromProtoTime(const google::protobuf::Timestamp& time, std::string_view field) {
  if (time.seconds() < 0 || time.seconds() >= kMaxSeconds || time.nanos() < 0 || time.nanos() >= kNanos) {
    return InvalidField(std::string(field), Reason::kOUT_OF_RANGE, "1970..2261");
  }
  return Time{time.seconds() * kNanos + time.nanos()};
}

Result<Duration> FromProtoDuration(const google::protobuf::Duration& duration, std::string_view field) {
  const bool mixed =
      (duration.seconds() > 0 && duration.nanos() < 0) || (duration.seconds() < 0 && duration.nanos() > 0);
  const bool seconds_fit = -kMaxDurationSeconds <= duration.seconds() && duration.seconds() <= kMaxDurationSeconds;
  if (!seconds_fit || duration.nanos() <= -kNanos || duration.nanos() >= kNanos || mixed) {
    return InvalidField(std::string(field), Reason::kOUT_OF_RANGE);
  }
  return Duration{duration.seconds() * kNanos + duration.nanos()};
}

Result<size_t> PageSize(int32_t requested) {
  if (requested < 0) return InvalidField("page_size", Reason::kOUT_OF_RANGE, "0.." + std::to_string(kMaxPage));
  return static_cast<size_t>(requested == 0 ? kDefaultPage : std::min(requested, kMaxPage));
}

}  // namespace ttx::rpc
