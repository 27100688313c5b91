#include "services/settlement/rpc/settlement_service.h"

#include "libs/core/text.h"
#include "libs/rpc/events.h"
#include "libs/rpc/page.h"
#include "libs/rpc/proto_time.h"
#include "libs/rpc/second_person.h"
#include "services/settlement/rpc/convert.h"

namespace ttx::settlement {
namespace {

// A command that names a resource, its etag and nothing else that needs conversion.
template <class Id>
struct Named {
  Id id;
  std::string etag;
  std::string text;  // the one more thing that some commands say
};

template <class Id, class Request>
Result<Named<Id>> ReadNamed(Result<Id> (*parse)(std::string_view), const Request& request,
                            std::string text = "") {
  TTX_TRY(Id id, parse(request.name()));
  return Named<Id>{std::move(id), request.etag(), std::move(text)};
}

// What both methods over the event log show a caller.
auto EventsOf(const SettlementApp& app) {
  return [&app](const storage::Reader& reader, const rpc::Call& call, uint64_t after, size_t limit) {
    return rpc::ToStreamPage(app.ListEvents(reader, call.principal, after, limit),
                             [](const StoredEvent& event) { return ToProto(event); });
  };
}

}  // namespace

grpc::ServerUnaryReactor* SettlementService::CreateBankNotice(grpc::CallbackServerContext* context,
                                                              const v1::CreateBankNoticeRequest* request,
                                                              v1::BankNotice* response) {
  return handler_.Write(
      context, request, response, "CreateBankNotice",
      [](const v1::CreateBankNoticeRequest& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call, const Receipt& receipt) -> Result<v1::BankNotice> {
        TTX_TRY(const Notice notice, app_.CreateBankNotice(txn, call.principal, receipt));
        return ToProto(notice);
      });
}

grpc::ServerUnaryReactor* SettlementService::GetBankNotice(grpc::CallbackServerContext* context,
                                                           const v1::GetBankNoticeRequest* request,
                                                           v1::BankNotice* response) {
  return handler_.Read(context, request, response, "GetBankNotice",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetBankNoticeRequest& from) -> Result<v1::BankNotice> {
                         TTX_TRY(const auto id, ParseNoticeName(from.name()));
                         TTX_TRY(const auto found, app_.GetNotice(reader, call.principal, id));
                         return ToProto(found);
                       });
}

grpc::ServerUnaryReactor* SettlementService::ListBankNotices(grpc::CallbackServerContext* context,
                                                             const v1::ListBankNoticesRequest* request,
                                                             v1::ListBankNoticesResponse* response) {
  return handler_.Read(
      context, request, response, "ListBankNotices",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListBankNoticesRequest& from) -> Result<v1::ListBankNoticesResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListBankNoticesResponse to;
        for (const auto& found :
             app_.ListNotices(reader, call.principal, FromProto(from.state()), page.after, page.size + 1)) {
          *to.add_bank_notices() = ToProto(found);
        }
        rpc::FinishPage(page, to, *to.mutable_bank_notices(),
                        [](const v1::BankNotice& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* SettlementService::MatchBankNotice(grpc::CallbackServerContext* context,
                                                             const v1::MatchBankNoticeRequest* request,
                                                             v1::BankNotice* response) {
  return handler_.Write(
      context, request, response, "MatchBankNotice",
      [](const v1::MatchBankNoticeRequest& from, const rpc::Call&) -> Result<Named<NoticeId>> {
        TTX_RETURN_IF_ERROR(CheckText(from.reference(), 1, kMaxReferenceChars, "reference"));
        return ReadNamed(ParseNoticeName, from, from.reference());
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<NoticeId>& command) -> Result<v1::BankNotice> {
        TTX_TRY(const auto next,
                app_.MatchNotice(txn, call.principal, command.id, command.etag, command.text));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::ApproveMatch(grpc::CallbackServerContext* context,
                                                          const v1::ApproveMatchRequest* request,
                                                          v1::BankNotice* response) {
  return handler_.Write(
      context, request, response, "ApproveMatch",
      rpc::Seen([](const v1::ApproveMatchRequest& from, const rpc::Call&) -> Result<Named<NoticeId>> {
        return ReadNamed(ParseNoticeName, from);
      }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<NoticeId>& command) -> Result<v1::BankNotice> {
        TTX_TRY(const auto next, app_.ApproveMatch(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::RejectMatch(grpc::CallbackServerContext* context,
                                                         const v1::RejectMatchRequest* request,
                                                         v1::BankNotice* response) {
  return handler_.Write(
      context, request, response, "RejectMatch",
      rpc::Seen([](const v1::RejectMatchRequest& from, const rpc::Call&) -> Result<Named<NoticeId>> {
        return ReadNamed(ParseNoticeName, from);
      }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<NoticeId>& command) -> Result<v1::BankNotice> {
        TTX_TRY(const auto next, app_.RejectMatch(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::RefundBankNotice(grpc::CallbackServerContext* context,
                                                              const v1::RefundBankNoticeRequest* request,
                                                              v1::BankNotice* response) {
  return handler_.Write(
      context, request, response, "RefundBankNotice",
      [](const v1::RefundBankNoticeRequest& from, const rpc::Call&) -> Result<Named<NoticeId>> {
        return ReadNamed(ParseNoticeName, from);
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<NoticeId>& command) -> Result<v1::BankNotice> {
        TTX_TRY(const auto next, app_.RefundNotice(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::GetDeposit(grpc::CallbackServerContext* context,
                                                        const v1::GetDepositRequest* request,
                                                        v1::Deposit* response) {
  return handler_.Read(context, request, response, "GetDeposit",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetDepositRequest& from) -> Result<v1::Deposit> {
                         TTX_TRY(const auto id, ParseDepositName(from.name()));
                         TTX_TRY(const auto found, app_.GetDeposit(reader, call.principal, id));
                         return ToProto(found);
                       });
}

grpc::ServerUnaryReactor* SettlementService::ListDeposits(grpc::CallbackServerContext* context,
                                                          const v1::ListDepositsRequest* request,
                                                          v1::ListDepositsResponse* response) {
  return handler_.Read(
      context, request, response, "ListDeposits",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListDepositsRequest& from) -> Result<v1::ListDepositsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListDepositsResponse to;
        for (const auto& found : app_.ListDeposits(reader, call.principal, FromProto(from.state()),
                                                   from.intent(), page.after, page.size + 1)) {
          *to.add_deposits() = ToProto(found);
        }
        rpc::FinishPage(page, to, *to.mutable_deposits(), [](const v1::Deposit& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* SettlementService::GetSettlement(grpc::CallbackServerContext* context,
                                                           const v1::GetSettlementRequest* request,
                                                           v1::Settlement* response) {
  return handler_.Read(context, request, response, "GetSettlement",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetSettlementRequest& from) -> Result<v1::Settlement> {
                         TTX_TRY(const auto id, ParseSettlementName(from.name()));
                         TTX_TRY(const auto found, app_.GetSettlement(reader, call.principal, id));
                         return ToProto(found);
                       });
}

grpc::ServerUnaryReactor* SettlementService::ListSettlements(grpc::CallbackServerContext* context,
                                                             const v1::ListSettlementsRequest* request,
                                                             v1::ListSettlementsResponse* response) {
  return handler_.Read(
      context, request, response, "ListSettlements",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListSettlementsRequest& from) -> Result<v1::ListSettlementsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListSettlementsResponse to;
        for (const auto& found : app_.ListSettlements(reader, call.principal, FromProto(from.state()),
                                                      from.deal(), page.after, page.size + 1)) {
          *to.add_settlements() = ToProto(found);
        }
        rpc::FinishPage(page, to, *to.mutable_settlements(),
                        [](const v1::Settlement& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* SettlementService::RequestRelease(grpc::CallbackServerContext* context,
                                                            const v1::RequestReleaseRequest* request,
                                                            v1::Settlement* response) {
  return handler_.Write(
      context, request, response, "RequestRelease",
      [](const v1::RequestReleaseRequest& from, const rpc::Call&) -> Result<Named<SettlementId>> {
        return ReadNamed(ParseSettlementName, from);
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<SettlementId>& command) -> Result<v1::Settlement> {
        TTX_TRY(const auto next, app_.RequestRelease(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::ApproveRelease(grpc::CallbackServerContext* context,
                                                            const v1::ApproveReleaseRequest* request,
                                                            v1::Settlement* response) {
  return handler_.Write(
      context, request, response, "ApproveRelease",
      rpc::Seen([](const v1::ApproveReleaseRequest& from, const rpc::Call&) -> Result<Named<SettlementId>> {
        return ReadNamed(ParseSettlementName, from);
      }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<SettlementId>& command) -> Result<v1::Settlement> {
        TTX_TRY(const auto next, app_.ApproveRelease(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::RejectRelease(grpc::CallbackServerContext* context,
                                                           const v1::RejectReleaseRequest* request,
                                                           v1::Settlement* response) {
  return handler_.Write(
      context, request, response, "RejectRelease",
      rpc::Seen([](const v1::RejectReleaseRequest& from, const rpc::Call&) -> Result<Named<SettlementId>> {
        TTX_RETURN_IF_ERROR(CheckText(from.reason(), 1, kMaxReasonChars, "reason"));
        return ReadNamed(ParseSettlementName, from, from.reason());
      }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<SettlementId>& command) -> Result<v1::Settlement> {
        TTX_TRY(const auto next,
                app_.RejectRelease(txn, call.principal, command.id, command.etag, command.text));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::GetPayout(grpc::CallbackServerContext* context,
                                                       const v1::GetPayoutRequest* request,
                                                       v1::Payout* response) {
  return handler_.Read(context, request, response, "GetPayout",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetPayoutRequest& from) -> Result<v1::Payout> {
                         TTX_TRY(const auto id, ParsePayoutName(from.name()));
                         TTX_TRY(const auto found, app_.GetPayout(reader, call.principal, id));
                         return ToProto(found);
                       });
}

grpc::ServerUnaryReactor* SettlementService::ListPayouts(grpc::CallbackServerContext* context,
                                                         const v1::ListPayoutsRequest* request,
                                                         v1::ListPayoutsResponse* response) {
  return handler_.Read(
      context, request, response, "ListPayouts",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListPayoutsRequest& from) -> Result<v1::ListPayoutsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListPayoutsResponse to;
        for (const auto& found :
             app_.ListPayouts(reader, call.principal, FromProto(from.state()), page.after, page.size + 1)) {
          *to.add_payouts() = ToProto(found);
        }
        rpc::FinishPage(page, to, *to.mutable_payouts(), [](const v1::Payout& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* SettlementService::ApprovePayout(grpc::CallbackServerContext* context,
                                                           const v1::ApprovePayoutRequest* request,
                                                           v1::Payout* response) {
  return handler_.Write(
      context, request, response, "ApprovePayout",
      rpc::Seen([](const v1::ApprovePayoutRequest& from, const rpc::Call&) -> Result<Named<PayoutId>> {
        return ReadNamed(ParsePayoutName, from);
      }),
      [this](storage::Txn& txn, const rpc::Call& call, const Named<PayoutId>& command) -> Result<v1::Payout> {
        TTX_TRY(const auto next, app_.ApprovePayout(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::MarkSent(grpc::CallbackServerContext* context,
                                                      const v1::MarkSentRequest* request,
                                                      v1::Payout* response) {
  return handler_.Write(
      context, request, response, "MarkSent",
      [](const v1::MarkSentRequest& from, const rpc::Call&) -> Result<Named<PayoutId>> {
        return ReadNamed(ParsePayoutName, from);
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Named<PayoutId>& command) -> Result<v1::Payout> {
        TTX_TRY(const auto next, app_.MarkSent(txn, call.principal, command.id, command.etag));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::ReportResult(grpc::CallbackServerContext* context,
                                                          const v1::ReportResultRequest* request,
                                                          v1::Payout* response) {
  using Command = std::pair<Named<PayoutId>, ReportPayout>;
  return handler_.Write(
      context, request, response, "ReportResult",
      [](const v1::ReportResultRequest& from, const rpc::Call&) -> Result<Command> {
        TTX_TRY(Named<PayoutId> named, ReadNamed(ParsePayoutName, from));
        TTX_TRY(ReportPayout report, FromProto(from));
        return Command{std::move(named), std::move(report)};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Command& command) -> Result<v1::Payout> {
        TTX_TRY(const Payout next,
                app_.ReportResult(txn, call.principal, command.first.id, command.first.etag, command.second));
        return ToProto(next);
      });
}

grpc::ServerUnaryReactor* SettlementService::ListJournals(grpc::CallbackServerContext* context,
                                                          const v1::ListJournalsRequest* request,
                                                          v1::ListJournalsResponse* response) {
  return handler_.Read(
      context, request, response, "ListJournals",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListJournalsRequest& from) -> Result<v1::ListJournalsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        TTX_TRY(const int64_t after, rpc::NumberAfter(page));
        TTX_TRY(const std::string exchange, app_.LedgerFor(call.principal, from.exchange()));
        v1::ListJournalsResponse to;
        for (const Journal& journal : settlement::ListJournals(reader, exchange, after, page.size + 1)) {
          *to.add_journals() = ToProto(journal);
        }
        rpc::FinishPage(page, to, *to.mutable_journals(),
                        [](const v1::Journal& last) { return std::to_string(last.number()); });
        return to;
      });
}

grpc::ServerUnaryReactor* SettlementService::GetTrialBalance(grpc::CallbackServerContext* context,
                                                             const v1::GetTrialBalanceRequest* request,
                                                             v1::TrialBalance* response) {
  return handler_.Read(context, request, response, "GetTrialBalance",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetTrialBalanceRequest& from) -> Result<v1::TrialBalance> {
                         TTX_TRY(const std::string exchange, app_.LedgerFor(call.principal, from.exchange()));
                         v1::TrialBalance to = ToProto(exchange, ReadTrialBalance(reader, exchange));
                         if (from.audit()) {
                           to.set_audited(true);
                           for (std::string& text : AuditLedger(reader, exchange))
                             to.add_differences(std::move(text));
                         }
                         return to;
                       });
}

grpc::ServerUnaryReactor* SettlementService::ListEvents(grpc::CallbackServerContext* context,
                                                        const v1::ListEventsRequest* request,
                                                        v1::ListEventsResponse* response) {
  return rpc::ListEvents(handler_, context, request, response, EventsOf(app_));
}

grpc::ServerWriteReactor<v1::Event>* SettlementService::StreamEvents(grpc::CallbackServerContext* context,
                                                                     const v1::StreamEventsRequest* request) {
  return rpc::StreamEvents<v1::Event>(handler_, context, request, EventsOf(app_));
}

}  // namespace ttx::settlement
