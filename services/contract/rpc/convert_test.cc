#include "services/contract/rpc/convert.h"

#include <gtest/gtest.h>

#include "services/contract/domain/fixtures.h"
#include "services/contract/domain/message_fields.h"
#include "services/contract/store/contract_store.h"

namespace ttx::contract {
namespace {

using fixtures::Start;

TEST(ContractConvert, AManifestSurvivesTheRoundTrip) {
  Manifest manifest = fixtures::CompleteManifest();
  manifest.payment = {PaymentForm::kRoyaltyWithEntryFee,
                      5,
                      {{"交付后", {100}}},
                      {7},
                      RoyaltyBase::kProfit,
                      RoyaltyRate::kFalling,
                      30'000,
                      "查账"};
  manifest.attachments = {{"附件", std::string(64, 'a')}};
  manifest.approval_required = true;
  v1::Manifest proto;
  Visit(manifest, MessageWriter<google::protobuf::Message>(proto));
  EXPECT_EQ(proto.payment().royalty_base(), v1::Payment::PROFIT);
  EXPECT_EQ(proto.items(1).kind(), v1::LineItem::NON_TECHNICAL);
  EXPECT_EQ(FromProto(proto), manifest);
}

TEST(ContractConvert, ASignatureIsCheckedForItsShape) {
  v1::SignatureInput good;
  good.set_document_hash(std::string(64, 'A'));
  good.set_key_id(std::string(64, 'b'));
  good.set_suite("SM2-SM3");
  good.set_value("der");
  EXPECT_EQ(FromProto(good)->document_hash, std::string(64, 'a'));
  const auto field = [&](auto change) {
    v1::SignatureInput input = good;
    change(input);
    const auto result = FromProto(input);
    return result.ok() ? std::string() : result.error().violations.at(0).field;
  };
  EXPECT_EQ(field([](auto& i) { i.clear_document_hash(); }), "signature.document_hash");
  EXPECT_EQ(field([](auto& i) { i.set_document_hash("zz"); }), "signature.document_hash");
  EXPECT_EQ(field([](auto& i) { i.set_key_id(std::string(63, 'a')); }), "signature.key_id");
  EXPECT_EQ(field([](auto& i) { i.set_suite("RSA"); }), "signature.suite");
  EXPECT_EQ(field([](auto& i) { i.clear_value(); }), "signature.value");
  EXPECT_EQ(field([](auto& i) { i.set_value(std::string(73, 'x')); }), "signature.value");
}

TEST(ContractConvert, EveryStateHasItsNameInTheApi) {
  for (size_t i = 0; i < kDealStateNames.size(); ++i) {
    DealView view;
    view.deal.state = static_cast<DealState>(i);
    EXPECT_EQ(v1::Deal::State_Name(ToProto(view).state()), kDealStateNames[i]);
  }
  for (size_t i = 0; i < kContractStateNames.size(); ++i) {
    ContractView view;
    view.contract.state = static_cast<ContractState>(i);
    view.contract.end_reason = "JUDGMENT";
    EXPECT_EQ(v1::Contract::State_Name(ToProto(view).state()), kContractStateNames[i]);
  }
  for (size_t i = 0; i < kRegistrationStateNames.size(); ++i) {
    Registration registration;
    registration.state = static_cast<RegistrationState>(i);
    EXPECT_EQ(v1::Registration::State_Name(ToProto(registration).state()), kRegistrationStateNames[i]);
  }
  for (size_t i = 0; i < kRefusalCodeNames.size(); ++i) {
    Registration registration;
    registration.refusal_code = static_cast<RefusalCode>(i);
    const v1::Registration proto = ToProto(registration);
    EXPECT_EQ(v1::Registration::RefusalCode_Name(proto.refusal_code()), kRefusalCodeNames[i]);
    EXPECT_EQ(FromProto(proto.refusal_code()), registration.refusal_code);
  }
}

TEST(ContractConvert, ASignedDealShowsWhoSignedWhenAndWithWhat) {
  DealView view{Decide(fixtures::NewDeal(), Start()).value().next, "contracts/c1"};
  const SignConfirmation command{fixtures::GoodAttempt(Side::kBuyer, view.deal.hashes),
                                 view.deal.contract_deadline};
  view.deal = Decide(view.deal, command, Start()).value().next;
  const v1::Deal proto = ToProto(view);
  EXPECT_EQ(proto.confirmation(), view.deal.confirmation);
  EXPECT_EQ(proto.facts().price_fen(), 120'000'000);
  ASSERT_EQ(proto.signatures_size(), 1);
  EXPECT_EQ(proto.signatures(0).side(), v1::Signature::BUYER);
  EXPECT_EQ(proto.signatures(0).sign_time().seconds(), Start().ns / 1'000'000'000);
  EXPECT_EQ(proto.signatures(0).verify_result(), "VALID");
  EXPECT_EQ(proto.etag(), "2");
}

TEST(ContractConvert, TheEventsOthersActOn) {
  EventView view;
  view.stored = {5, Start(), {"d1"}, {"c1"}, {}, "listings/l1", fixtures::kExchange, {}};
  view.deal = Decide(fixtures::NewDeal(), Start()).value().next;
  view.contract = Contract{};
  view.contract->hashes = fixtures::kTextHashes;
  view.stored.event = ContractEvent{Start(), ContractEffective{Start() + Hours(1), "", "people/p"}};
  const v1::Event effective = ToProto(view);
  EXPECT_EQ(effective.sequence(), 5);
  EXPECT_EQ(effective.contract_effective().contract(), "contracts/c1");
  EXPECT_EQ(effective.contract_effective().manifest_hash(), fixtures::kTextHashes.sha256);
  EXPECT_EQ(effective.contract_effective().price_fen(), 120'000'000);
  EXPECT_EQ(effective.contract_effective().payment_due_time().seconds(),
            (Start() + Hours(1)).ns / 1'000'000'000);

  view.stored.event = DealEvent{Start(), DealExpired{Defaulter::kTransferee, "contracts/c1"}};
  EXPECT_EQ(ToProto(view).contract_expired().defaulter(), v1::TRANSFEREE);
  EXPECT_EQ(ToProto(view).contract_expired().deal(), "deals/d1");

  view.stored.event = ContractEvent{Start(), ContractExpired{Defaulter::kTransferee}};
  EXPECT_EQ(ToProto(view).resource_changed().resource(), "contracts/c1");
  EXPECT_EQ(ToProto(view).resource_changed().change(), "contract_expired");

  view.stored.event = ContractEvent{Start(), ContractTerminated{"OBJECTION_UPHELD", "objections/o", ""}};
  const v1::ContractTerminated terminated = ToProto(view).contract_terminated();
  EXPECT_EQ(terminated.contract(), "contracts/c1");
  EXPECT_EQ(terminated.deal(), "deals/d1");
  EXPECT_EQ(terminated.listing(), "listings/l1");
  EXPECT_EQ(terminated.exchange(), fixtures::kExchange);
  EXPECT_EQ(terminated.reason(), v1::Contract::OBJECTION_UPHELD);

  view.stored.event = DealEvent{Start(), DealCancelled{"", "contracts/c1"}};
  const v1::DealCancelled cancelled = ToProto(view).deal_cancelled();
  EXPECT_EQ(cancelled.deal(), "deals/d1");
  EXPECT_EQ(cancelled.listing(), "listings/l1");
  EXPECT_EQ(cancelled.contract(), "contracts/c1");
  EXPECT_EQ(cancelled.objection(), "");

  view.registration = Registration{};
  view.registration->amounts = {{120}, {105}, {15}};
  view.stored.event = RegistrationEvent{Start(), ContractRegistered{"20263100010012", "", "people/r"}};
  EXPECT_EQ(ToProto(view).contract_registered().registration_number(), "20263100010012");
  EXPECT_EQ(ToProto(view).contract_registered().technical_fen(), 105);

  view.stored.event = RegistrationEvent{Start(), RegistrationRefused{RefusalCode::kFalse, "假", "people/r"}};
  EXPECT_EQ(ToProto(view).registration_refused().code(), v1::Registration::FALSE);
}

}  // namespace
}  // namespace ttx::contract
