#pragma once

#include "libs/rpc/handler.h"
#include "services/settlement/app/settlement_app.h"
#include "ttx/settlement/v1/settlement.grpc.pb.h"

namespace ttx::settlement {

/// The gRPC face of SettlementApp: convert, call, convert back. `app` and `handler` must outlive it.
class SettlementService : public v1::SettlementService::CallbackService {
 public:
  SettlementService(const SettlementApp& app, rpc::Handler& handler) : app_(app), handler_(handler) {}

  grpc::ServerUnaryReactor* CreateBankNotice(grpc::CallbackServerContext* context,
                                             const v1::CreateBankNoticeRequest* request,
                                             v1::BankNotice* response) override;
  grpc::ServerUnaryReactor* GetBankNotice(grpc::CallbackServerContext* context,
                                          const v1::GetBankNoticeRequest* request,
                                          v1::BankNotice* response) override;
  grpc::ServerUnaryReactor* ListBankNotices(grpc::CallbackServerContext* context,
                                            const v1::ListBankNoticesRequest* request,
                                            v1::ListBankNoticesResponse* response) override;
  grpc::ServerUnaryReactor* MatchBankNotice(grpc::CallbackServerContext* context,
                                            const v1::MatchBankNoticeRequest* request,
                                            v1::BankNotice* response) override;
  grpc::ServerUnaryReactor* ApproveMatch(grpc::CallbackServerContext* context,
                                         const v1::ApproveMatchRequest* request,
                                         v1::BankNotice* response) override;
  grpc::ServerUnaryReactor* RejectMatch(grpc::CallbackServerContext* context,
                                        const v1::RejectMatchRequest* request,
                                        v1::BankNotice* response) override;
  grpc::ServerUnaryReactor* RefundBankNotice(grpc::CallbackServerContext* context,
                                             const v1::RefundBankNoticeRequest* request,
                                             v1::BankNotice* response) override;
  grpc::ServerUnaryReactor* GetDeposit(grpc::CallbackServerContext* context,
                                       const v1::GetDepositRequest* request, v1::Deposit* response) override;
  grpc::ServerUnaryReactor* ListDeposits(grpc::CallbackServerContext* context,
                                         const v1::ListDepositsRequest* request,
                                         v1::ListDepositsResponse* response) override;
  grpc::ServerUnaryReactor* GetSettlement(grpc::CallbackServerContext* context,
                                          const v1::GetSettlementRequest* request,
                                          v1::Settlement* response) override;
  grpc::ServerUnaryReactor* ListSettlements(grpc::CallbackServerContext* context,
                                            const v1::ListSettlementsRequest* request,
                                            v1::ListSettlementsResponse* response) override;
  grpc::ServerUnaryReactor* RequestRelease(grpc::CallbackServerContext* context,
                                           const v1::RequestReleaseRequest* request,
                                           v1::Settlement* response) override;
  grpc::ServerUnaryReactor* ApproveRelease(grpc::CallbackServerContext* context,
                                           const v1::ApproveReleaseRequest* request,
                                           v1::Settlement* response) override;
  grpc::ServerUnaryReactor* RejectRelease(grpc::CallbackServerContext* context,
                                          const v1::RejectReleaseRequest* request,
                                          v1::Settlement* response) override;
  grpc::ServerUnaryReactor* GetPayout(grpc::CallbackServerContext* context,
                                      const v1::GetPayoutRequest* request, v1::Payout* response) override;
  grpc::ServerUnaryReactor* ListPayouts(grpc::CallbackServerContext* context,
                                        const v1::ListPayoutsRequest* request,
                                        v1::ListPayoutsResponse* response) override;
  grpc::ServerUnaryReactor* ApprovePayout(grpc::CallbackServerContext* context,
                                          const v1::ApprovePayoutRequest* request,
                                          v1::Payout* response) override;
  grpc::ServerUnaryReactor* MarkSent(grpc::CallbackServerContext* context, const v1::MarkSentRequest* request,
                                     v1::Payout* response) override;
  grpc::ServerUnaryReactor* ReportResult(grpc::CallbackServerContext* context,
                                         const v1::ReportResultRequest* request,
                                         v1::Payout* response) override;
  grpc::ServerUnaryReactor* ListJournals(grpc::CallbackServerContext* context,
                                         const v1::ListJournalsRequest* request,
                                         v1::ListJournalsResponse* response) override;
  grpc::ServerUnaryReactor* GetTrialBalance(grpc::CallbackServerContext* context,
                                            const v1::GetTrialBalanceRequest* request,
                                            v1::TrialBalance* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;

 private:
  const SettlementApp& app_;
  rpc::Handler& handler_;
};

}  // namespace ttx::settlement
