#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string_view>

#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::rpc {

google::protobuf::Timestamp ToProtoTime(Time time);
google::protobuf::Duration ToProtoDuration(Duration duration);
/// OUT_OF_RANGE on `field` outside 1970..2261 or with nanos that are none.
Result<Time> FromProtoTime(const google::protobuf::Timestamp& time, std::string_view field);
/// OUT_OF_RANGE on `field` beyond 100 years or when the signs of seconds and nanos differ.
Result<Duration> FromProtoDuration(const google::protobuf::Duration& duration, std::string_view field);

/// A List request's page size: 50 when 0, at most 200; OUT_OF_RANGE when negative.
Result<size_t> PageSize(int32_t requested);

}  // namespace ttx::rpc
