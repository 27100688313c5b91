#include "libs/rpc/status.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <random>

#include <rapidcheck/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "ttx/api/v1/error_info.pb.h"

namespace ttx::rpc {
namespace {

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

api::v1::ErrorInfo InfoOf(const grpc::Status& status) {
  const google::rpc::Status details = Details(status);
  api::v1::ErrorInfo info;
  int found = 0;
  for (const auto& detail : details.details()) {
    if (detail.type_url() != "type.googleapis.com/google.rpc.ErrorInfo") continue;
    ++found;
    EXPECT_TRUE(info.ParseFromString(detail.value()));
  }
  EXPECT_EQ(found, 1);
  return info;
}

TEST(ToGrpc, CarriesOneErrorInfoAndTheFields) {
  const Error error(Reason::kINVALID_FIELD, {{"field", "rules.increment_fen"}},
                    {{"rules.increment_fen", Reason::kOUT_OF_RANGE, "1..200"}, {"name", Reason::kREQUIRED, ""}});
  const grpc::Status status = ToGrpc(error, "auction");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), error.message());
  const google::rpc::Status details = Details(status);
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), error.message());
  ASSERT_EQ(details.details_size(), 2);
  const api::v1::ErrorInfo info = InfoOf(status);
  EXPECT_EQ(info.reason(), "INVALID_FIELD");
  EXPECT_EQ(info.domain(), "auction.ttx");
  EXPECT_EQ(info.metadata().at("field"), "rules.increment_fen");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(details.details(1).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "rules.increment_fen");
  EXPECT_EQ(bad.field_violations(0).description(), "OUT_OF_RANGE:1..200");
  EXPECT_EQ(bad.field_violations(1).description(), "REQUIRED");
}

TEST(ToGrpc, InternalLeavesWithoutDetail) {
  const grpc::Status status = ToGrpc(Error(Reason::kINTERNAL, {{"detail", "/var/ttx/secret"}}), "auction");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(InfoOf(status).metadata_size(), 0);
  EXPECT_EQ(status.error_details().find("/var/ttx/secret"), std::string::npos);
  EXPECT_EQ(status.error_message().find("/var/ttx/secret"), std::string::npos);
}

TEST(FromGrpc, AStatusThatIsNotOursGoesByItsCode) {
  EXPECT_EQ(FromGrpc({grpc::StatusCode::DEADLINE_EXCEEDED, ""}).reason, Reason::kDEADLINE_EXCEEDED);
  EXPECT_EQ(FromGrpc({grpc::StatusCode::UNAVAILABLE, ""}).reason, Reason::kUNAVAILABLE);
  EXPECT_EQ(FromGrpc({grpc::StatusCode::CANCELLED, ""}).reason, Reason::kUNAVAILABLE);
  EXPECT_EQ(FromGrpc({grpc::StatusCode::UNKNOWN, "x", "not a proto"}).reason, Reason::kINTERNAL);
  EXPECT_EQ(FromGrpc({grpc::StatusCode::NOT_FOUND, "x"}).reason, Reason::kINTERNAL);
  google::rpc::Status other;
  other.set_code(5);
  other.add_details()->PackFrom(google::rpc::BadRequest());  // no ErrorInfo first
  EXPECT_EQ(FromGrpc({grpc::StatusCode::NOT_FOUND, "x", other.SerializeAsString()}).reason, Reason::kINTERNAL);
}

TEST(FromGrpc, AReasonOfANewerPeerIsInternal) {
  google::rpc::Status details;
  api::v1::ErrorInfo info;
  info.set_reason("REASON_OF_2099");
  auto* packed = details.add_details();
  packed->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  packed->set_value(info.SerializeAsString());
  EXPECT_EQ(FromGrpc({grpc::StatusCode::NOT_FOUND, "x", details.SerializeAsString()}).reason, Reason::kINTERNAL);
}

// Every reason of the table, with any details, comes back as it was sent; INTERNAL without its metadata.
RC_GTEST_PROP(Grpc, ErrorsComeBackTheSame, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const auto text = [&random] {
    std::string out;
    for (uint64_t n = random() % 6; n > 0; --n) out += "ab:.[]\xE4\xBA\xBA"[random() % 6];
    return out;
  };
  const auto reason = [&random] { return static_cast<Reason>(random() % AllReasons().size()); };
  Error error(reason());
  for (uint64_t n = random() % 4; n > 0; --n) error.metadata.insert_or_assign("k" + text(), text());
  for (uint64_t n = random() % 4; n > 0; --n) error.violations.push_back({text(), reason(), text()});
  Error expected = error;
  if (expected.code() == Code::kInternal) expected.metadata.clear();
  const grpc::Status status = ToGrpc(error, "probe");
  RC_ASSERT(static_cast<int>(status.error_code()) == static_cast<int>(error.code()));
  RC_ASSERT(FromGrpc(status) == expected);
}

}  // namespace
}  // namespace ttx::rpc
