#pragma once

#include <optional>

#include "services/settlement/app/settlement_app.h"
#include "ttx/settlement/v1/settlement.pb.h"

namespace ttx::settlement {

/// Requests to commands: shape errors name the field.
Result<Receipt> FromProto(const v1::CreateBankNoticeRequest& request);
Result<ReportPayout> FromProto(const v1::ReportResultRequest& request);

Result<NoticeId> ParseNoticeName(std::string_view name);
Result<DepositId> ParseDepositName(std::string_view name);
Result<SettlementId> ParseSettlementName(std::string_view name);
Result<PayoutId> ParsePayoutName(std::string_view name);

/// Nothing for "any".
std::optional<NoticeState> FromProto(v1::BankNotice::State state);
std::optional<DepositState> FromProto(v1::Deposit::State state);
std::optional<SettlementState> FromProto(v1::Settlement::State state);
std::optional<PayoutState> FromProto(v1::Payout::State state);

v1::BankNotice ToProto(const Notice& notice);
v1::Deposit ToProto(const Deposit& deposit);
v1::Settlement ToProto(const Settlement& settlement);
v1::Payout ToProto(const Payout& payout);
v1::Journal ToProto(const Journal& journal);
v1::TrialBalance ToProto(const std::string& exchange, const TrialBalance& trial);
v1::Event ToProto(const StoredEvent& stored);

}  // namespace ttx::settlement
