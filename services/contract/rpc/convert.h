#pragma once

#include <google/protobuf/repeated_field.h>

#include <string_view>
#include <vector>

#include "libs/core/result.h"
#include "services/contract/app/contract_app.h"
#include "ttx/contract/v1/contract.pb.h"

namespace ttx::contract {

// Names: BAD_FORMAT on `field`.
Result<DealId> ParseDealName(std::string_view name, std::string_view field);
Result<ContractId> ParseContractName(std::string_view name, std::string_view field);
Result<RegistrationId> ParseRegistrationName(std::string_view name, std::string_view field);

/// INVALID_FIELD on "signature....": a hash or key id that is no 64 hexadecimal digits, an unknown suite, no
/// signature.
Result<SignatureInput> FromProto(const v1::SignatureInput& from);
/// 64 hexadecimal digits, in lower case; BAD_FORMAT on `field`.
Result<std::string> ParseHash(const std::string& text, std::string_view field);
Manifest FromProto(const v1::Manifest& from);
Amounts FromProto(const v1::Amounts& from);
std::vector<LineItem> FromProto(const google::protobuf::RepeatedPtrField<v1::LineItem>& from);
RefusalCode FromProto(v1::Registration::RefusalCode from);

v1::Deal ToProto(const DealView& view);
v1::Contract ToProto(const ContractView& view);
v1::Registration ToProto(const Registration& registration);
v1::Event ToProto(const EventView& view);

}  // namespace ttx::contract
