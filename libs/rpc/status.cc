#include "libs/rpc/status.h"

#include <grpcpp/support/status.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "ttx/api/v1/error_info.pb.h"

namespace ttx::rpc {
namespace {

constexpr const char* kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";

Reason ReasonOf(std::string_view name, Reason otherwise) {
  const ReasonInfo* info = FindReason(name);
  return info == nullptr ? otherwise : static_cast<Reason>(info - AllReasons().data());
}

}  // namespace

grpc::Status ToGrpc(const Error& error, std::string_view service) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(error.code()));
  status.set_message(error.message());
  api::v1::ErrorInfo info;
  info.set_reason(std::string(ReasonName(error.reason)));
  info.set_domain(std::string(service) + ".ttx");
  if (error.code() != Code::kInternal) {
    for (const auto& [key, value] : error.metadata) (*info.mutable_metadata())[key] = value;
  }
  auto* packed = status.add_details();
  packed->set_type_url(kErrorInfoUrl);
  packed->set_value(info.SerializeAsString());
  if (!error.violations.empty()) {
    google::rpc::BadRequest bad_request;
    for (const FieldViolation& violation : error.violations) {
      auto* field = bad_request.add_field_violations();
      field->set_field(violation.field);
      std::string description(ReasonName(violation.reason));
      if (!violation.limit.empty()) description += ":" + violation.limit;
      field->set_description(std::move(description));
    }
    status.add_details()->PackFrom(bad_request);
  }
  return {static_cast<grpc::StatusCode>(error.code()), status.message(), status.SerializeAsString()};
}

Error FromGrpc(const grpc::Status& status) {
  google::rpc::Status details;
  api::v1::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() == 0 ||
      details.details(0).type_url() != kErrorInfoUrl || !info.ParseFromString(details.details(0).value())) {
    switch (status.error_code()) {
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return Error(Reason::kDEADLINE_EXCEEDED);
      case grpc::StatusCode::UNAVAILABLE:
      case grpc::StatusCode::CANCELLED:
        return Error(Reason::kUNAVAILABLE);
      default:
        return Error(Reason::kINTERNAL);
    }
  }
  Error error(ReasonOf(info.reason(), Reason::kINTERNAL), {info.metadata().begin(), info.metadata().end()});
  google::rpc::BadRequest bad_request;
  for (int i = 1; i < details.details_size(); ++i) {
    if (!details.details(i).UnpackTo(&bad_request)) continue;
    for (const auto& field : bad_request.field_violations()) {
      const size_t colon = field.description().find(':');
      error.violations.push_back(
          {field.field(), ReasonOf(field.description().substr(0, colon), Reason::kBAD_FORMAT),
           colon == std::string::npos ? "" : field.description().substr(colon + 1)});
    }
  }
  return error;
}

}  // namespace ttx::rpc
