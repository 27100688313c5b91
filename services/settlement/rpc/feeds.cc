#include "services/settlement/rpc/feeds.h"

#include "libs/rpc/proto_time.h"
#include "ttx/contract/v1/contract.pb.h"
#include "ttx/disclosure/v1/disclosure.pb.h"
#include "ttx/listing/v1/listing.pb.h"
#include "ttx/party/v1/party.pb.h"

namespace ttx::settlement {
namespace {

template <class Event>
Result<Event> Parse(const rpc::FeedEvent& event) {
  Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  return proto;
}

Result<Time> TimeOf(bool given, const google::protobuf::Timestamp& time, std::string_view field) {
  if (!given) return Time{};
  return rpc::FromProtoTime(time, field);
}

Status OnIntentConfirmed(const SettlementApp& app, storage::Txn& txn,
                         const listing::v1::IntentConfirmed& from) {
  TTX_TRY(const Time due, TimeOf(from.has_deposit_due_time(), from.deposit_due_time(), "deposit_due_time"));
  return app.OnIntentConfirmed(txn, {.intent = from.intent(),
                                     .listing = from.listing(),
                                     .exchange = from.exchange(),
                                     .organization = from.organization(),
                                     .legal_name = from.legal_name(),
                                     .deposit = {from.deposit_fen()},
                                     .due_time = due,
                                     .reference = from.reference(),
                                     .due_provisional = from.deposit_due_provisional()});
}

Status OnContractEffective(const SettlementApp& app, storage::Txn& txn,
                           const contract::v1::ContractEffective& from) {
  TTX_TRY(const Time effective, TimeOf(from.has_effective_time(), from.effective_time(), "effective_time"));
  TTX_TRY(const Time due, TimeOf(from.has_payment_due_time(), from.payment_due_time(), "payment_due_time"));
  const Status opened =
      app.OnContractEffective(txn, {.contract = from.contract(),
                                       .deal = from.deal(),
                                       .listing = from.listing(),
                                       .exchange = from.exchange(),
                                       .seller = from.seller(),
                                       .seller_legal_name = from.seller_legal_name(),
                                       .buyer = from.buyer(),
                                       .buyer_legal_name = from.buyer_legal_name(),
                                       .intent = from.intent(),
                                       .price = {from.price_fen()},
                                       .listed_price = {from.listed_price_fen()},
                                       .competitive = from.method() == "AUCTION",
                                       .effective_time = effective,
                                       .payment_due_time = due});
  // The event waits for the table: UNAVAILABLE keeps the feed's place.
  if (!opened.ok() && opened.error().reason == Reason::kFEE_TABLE_MISSING) {
    return Error(Reason::kUNAVAILABLE, opened.error().metadata);
  }
  return opened;
}

}  // namespace

Status OnListingEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<listing::v1::Event>(event));
  if (proto.has_intent_confirmed()) return OnIntentConfirmed(app, txn, proto.intent_confirmed());
  if (proto.has_intent_lost()) return app.OnIntentOver(txn, proto.intent_lost().intent(), "INTENT_LOST");
  if (proto.has_intent_released()) {
    const std::string& reason = proto.intent_released().reason();
    return app.OnIntentOver(txn, proto.intent_released().intent(),
                            reason.empty() ? "INTENT_RELEASED" : reason);
  }
  return {};
}

Status OnContractEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<contract::v1::Event>(event));
  if (proto.has_contract_effective()) return OnContractEffective(app, txn, proto.contract_effective());
  if (proto.has_contract_registered()) {
    return app.OnFact(txn, proto.contract_registered().deal(), Fact::kRegistered, "");
  }
  if (proto.has_contract_terminated()) {
    return app.OnFact(txn, proto.contract_terminated().deal(), Fact::kHoldPlaced,
                      proto.contract_terminated().contract());
  }
  return {};
}

Status OnDisclosureEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  namespace v1 = disclosure::v1;
  TTX_TRY(const auto proto, Parse<v1::Event>(event));
  if (proto.has_notice_window_ended() && proto.notice_window_ended().type() == v1::Notice::N8) {
    return app.OnFact(txn, proto.notice_window_ended().deal(), Fact::kWindowEnded, "");
  }
  if (proto.has_objection_accepted()) {
    return app.OnFact(txn, proto.objection_accepted().deal(), Fact::kHoldPlaced,
                      proto.objection_accepted().objection());
  }
  // An objection that was upheld holds the deal for good.
  if (proto.has_objection_closed() && proto.objection_closed().outcome() != v1::Objection::UPHELD) {
    return app.OnFact(txn, proto.objection_closed().deal(), Fact::kHoldLifted,
                      proto.objection_closed().objection());
  }
  if (proto.has_certificate_issued() && proto.certificate_issued().type() == v1::Certificate::TXN) {
    return app.OnFact(txn, proto.certificate_issued().deal(), Fact::kCertified,
                      proto.certificate_issued().certificate());
  }
  // A certificate that was replaced is followed by the one that replaces it.
  if (proto.has_certificate_revoked() && proto.certificate_revoked().state() == v1::Certificate::REVOKED) {
    return app.OnFact(txn, proto.certificate_revoked().deal(), Fact::kHoldPlaced,
                      proto.certificate_revoked().certificate());
  }
  return {};
}

Status OnPartyEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<party::v1::Event>(event));
  if (!proto.has_organization_activated()) return {};
  const party::v1::OrganizationActivated& from = proto.organization_activated();
  return app.OnOrganization(txn, from.organization(),
                            {from.legal_name(), from.bank_account_name(), from.bank_account_number()});
}

}  // namespace ttx::settlement
