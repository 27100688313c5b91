#include "services/disclosure/rpc/convert.h"

#include <gtest/gtest.h>

#include "libs/auth/permissions.h"
#include "libs/core/encoding.h"
#include "libs/crypto/signature.h"
#include "libs/rpc/proto_time.h"
#include "libs/storage/exchange_codes.h"
#include "libs/storage/mem_kv.h"
#include "libs/testing/seeded_ids.h"
#include "services/disclosure/domain/testing.h"
#include "services/disclosure/rpc/feeds.h"
#include "ttx/api/v1/method.pb.h"
#include "ttx/contract/v1/contract.pb.h"
#include "ttx/listing/v1/listing.pb.h"
#include "ttx/party/v1/party.pb.h"
#include "ttx/settlement/v1/settlement.pb.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::Published;

TEST(DisclosureApi, EveryMethodHasAKnownPolicyAndWritesHaveARequestId) {
  const auto* service = v1::Notice::descriptor()->file()->service(0);
  EXPECT_EQ(service->method_count(), 27);
  for (int i = 0; i < service->method_count(); ++i) {
    const auto* method = service->method(i);
    const auto& policy = method->options().GetExtension(api::v1::policy);
    EXPECT_TRUE(auth::KnownPermission(policy.permission())) << method->name();
    EXPECT_EQ(policy.write(), method->input_type()->FindFieldByName("request_id") != nullptr)
        << method->name();
    EXPECT_EQ(policy.write(), policy.audit()) << method->name();
  }
}

Certificate Issued() {
  Certificate certificate;
  certificate.id = {"c1"};
  certificate.state = CertificateState::kValid;
  certificate.seller_name = "王小五";
  certificate.buyer_name = "江苏某某有限公司";
  certificate.title = "一种电池";
  certificate.issue_time = At("2026-11-27", 0);
  certificate.issued = {"N", "{}", std::string(32, 'h'), "s", "k"};
  return certificate;
}

TEST(DisclosureApi, VerificationShowsMaskedPartiesOrNothing) {
  const v1::VerifyCertificateResponse valid = ToVerification(Issued());
  EXPECT_EQ(valid.result(), v1::VerifyCertificateResponse::VALID);
  EXPECT_EQ(valid.seller(), "王*五");
  EXPECT_EQ(valid.buyer(), "江苏某某有限公司");
  EXPECT_EQ(valid.issue_date(), "2026-11-27");
  EXPECT_FALSE(valid.has_end_time());
  v1::VerifyCertificateResponse nothing;
  nothing.set_result(v1::VerifyCertificateResponse::NOT_FOUND);
  EXPECT_EQ(ToVerification(std::nullopt).SerializeAsString(), nothing.SerializeAsString());
  Certificate pending = Issued();
  pending.state = CertificateState::kPending;
  EXPECT_EQ(ToVerification(pending).SerializeAsString(), nothing.SerializeAsString());
}

TEST(DisclosureApi, ObjectionsOfAWrongShapeNameTheField) {
  v1::CreateObjectionRequest request;
  EXPECT_EQ(FromProto(request).error().violations.at(0).field, "notice");
  request.set_notice("notices/n1");
  request.add_evidence_digests("zz");
  EXPECT_EQ(FromProto(request).error().violations.at(0).field, "evidence_digests[0]");
  request.set_evidence_digests(0, std::string(64, 'a'));
  EXPECT_EQ(FromProto(request)->evidence, std::vector<std::string>{std::string(32, '\xaa')});
  EXPECT_EQ(DecisionFromProto(v1::Objection::WITHDRAWN).error().violations.at(0).field, "decision");
}

// The events of the other services as they come over the wire, up to what this service tells the world.
class FeedTest : public ::testing::Test {
 protected:
  FeedTest() {
    DisclosureConfig config;
    config.record_key_pem = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).private_pem;
    app_ = DisclosureApp::Make(std::move(config), Published(), ids_).value();
  }

  template <class Proto, class Handle>
  void Take(const Proto& event, Handle handle) {
    const std::unordered_map<std::string, std::optional<std::string>> none;
    const storage::Overlay overlay;
    storage::Txn txn(kv_, overlay, none, now_, storage::LastSequence(kv_) + 1);
    const Status taken = handle(*app_, txn, {1, event.SerializeAsString()});
    ASSERT_TRUE(taken.ok()) << taken.error().message();
    storage::WriteBatch batch;
    for (const auto& [key, value] : txn.staged()) {
      if (value) {
        batch.Put(key, *value);
      } else {
        batch.Delete(key);
      }
    }
    ASSERT_TRUE(kv_.Write(batch).ok());
    now_ = now_ + Seconds(1);
  }

  // N3, N5 and N7, with everything in the events that must stay inside.
  void TakeListing() {
    listing::v1::Event published;
    auto& listed = *published.mutable_listing_published();
    listed.set_listing("listings/l1");
    listed.set_exchange("organizations/x");
    listed.set_title("一种电池");
    listed.set_listed_price_fen(100);
    *listed.mutable_start_time() = rpc::ToProtoTime(now_);
    *listed.mutable_end_time() = rpc::ToProtoTime(At("2026-12-18", 17));
    Take(published, OnListingEvent);

    listing::v1::Event scheduled;
    auto& bidding = *scheduled.mutable_bidding_scheduled();
    bidding.set_listing("listings/l1");
    bidding.set_exchange("organizations/x");
    *bidding.mutable_start_time() = rpc::ToProtoTime(At("2026-12-21", 9));
    bidding.set_reserve_fen(77'777);
    bidding.set_reserve_salt("00");
    bidding.set_reserve_commitment(std::string(64, 'c'));
    bidding.add_bidders()->set_organization("organizations/loser");
    Take(scheduled, OnListingEvent);

    listing::v1::Event determined;
    auto& deal = *determined.mutable_deal_determined();
    deal.set_deal("deals/d1");
    deal.set_listing("listings/l1");
    deal.set_exchange("organizations/x");
    deal.set_buyer("organizations/buyer");
    deal.set_buyer_legal_name("江苏某某有限公司");
    deal.set_intent("listings/l1/intents/i1");
    deal.set_bidder_code("12345");
    deal.set_price_fen(106);
    deal.set_deposit_fen(55'555);
    Take(determined, OnListingEvent);
  }

  // The contract takes effect and is paid.
  void TakeContractAndPayment() {
    contract::v1::Event effective;
    auto& contract = *effective.mutable_contract_effective();
    contract.set_contract("contracts/c1");
    contract.set_deal("deals/d1");
    contract.set_listing("listings/l1");
    contract.set_exchange("organizations/x");
    contract.set_seller("organizations/seller");
    contract.set_buyer("organizations/buyer");
    contract.set_price_fen(106);
    *contract.mutable_effective_time() = rpc::ToProtoTime(now_);
    Take(effective, OnContractEvent);

    settlement::v1::Event paid;
    paid.mutable_settlement_paid()->set_settlement("settlements/s1");
    paid.mutable_settlement_paid()->set_deal("deals/d1");
    paid.mutable_settlement_paid()->set_price_fen(106);
    *paid.mutable_settlement_paid()->mutable_paid_time() = rpc::ToProtoTime(now_);
    Take(paid, OnSettlementEvent);
  }

  storage::MemKv kv_;
  ttx::testing::SeededIds ids_{3};
  Time now_ = At("2026-11-23", 10);
  std::optional<DisclosureApp> app_;
};

TEST_F(FeedTest, TheChainOfADealBecomesNoticesAndAPendingCertificate) {
  TakeListing();
  TakeContractAndPayment();
  std::vector<v1::Event> events;
  for (const StoredEvent& stored : ListEvents(kv_, 0, 100)) events.push_back(ToProto(stored));
  ASSERT_EQ(events.size(), 5u);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].sequence(), static_cast<int64_t>(i) + 1);  // no event is hidden from a feed
    EXPECT_NE(events[i].payload_case(), v1::Event::PAYLOAD_NOT_SET);
    EXPECT_EQ(events[i].exchange(), "organizations/x");
  }
  EXPECT_EQ(events[0].notice_published().type(), v1::Notice::N3);
  EXPECT_EQ(events[1].notice_published().type(), v1::Notice::N5);
  EXPECT_EQ(events[2].notice_published().type(), v1::Notice::N7);
  EXPECT_EQ(events[3].notice_published().type(), v1::Notice::N8);
  EXPECT_EQ(events[3].notice_published().deal(), "deals/d1");
  EXPECT_EQ(events[4].certificate_changed().state(), v1::Certificate::PENDING);

  // Nothing internal is ever published.
  for (const Notice& notice : ListNotices(kv_, std::nullopt, "", 0, 100)) {
    for (const char* secret : {"77777", "55555", "loser", "intents", "12345", "organizations/buyer"}) {
      EXPECT_EQ(notice.content.find(secret), std::string::npos) << secret << " in " << notice.content;
    }
  }
}

// domain.md 8.1, N4: whoever read that something is listed reads what became of it.
TEST_F(FeedTest, WhatBecomesOfAListingIsPublished) {
  TakeListing();
  const auto extended = [&](const char* reason) {
    listing::v1::Event moved;
    moved.mutable_listing_extended()->set_listing("listings/l1");
    *moved.mutable_listing_extended()->mutable_end_time() = rpc::ToProtoTime(At("2026-12-18", 17));
    moved.mutable_listing_extended()->set_reason(reason);
    Take(moved, OnListingEvent);
  };
  const auto expired = [&](const char* reason) {
    listing::v1::Event ended;
    ended.mutable_listing_expired()->set_listing("listings/l1");
    ended.mutable_listing_expired()->set_reason(reason);
    Take(ended, OnListingEvent);
  };
  for (const char* reason : {"AUTO_EXTENDED", "SUSPENDED", "RESUMED"}) extended(reason);
  for (const char* reason : {"TERMINATED", "WITHDRAWN", "NO_BID"}) expired(reason);
  listing::v1::Event defaulted;
  defaulted.mutable_listing_defaulted()->set_listing("listings/l1");
  defaulted.mutable_listing_defaulted()->set_reason("NO_QUOTE");
  Take(defaulted, OnListingEvent);
  std::vector<std::string> changes;
  for (const Notice& notice : ListNotices(kv_, NoticeType::kN4, "listings/l1", 0, 100)) {
    const Content content = *ParseContent(notice.content);
    changes.push_back(TextOf(content, "change") + " " + TextOf(content, "reason"));
    EXPECT_EQ(notice.state, NoticeState::kStanding);
  }
  EXPECT_EQ(changes,
            (std::vector<std::string>{"EXTENDED AUTO_EXTENDED", "SUSPENDED SUSPENDED", "RESUMED RESUMED",
                                      "TERMINATED TERMINATED", "WITHDRAWN WITHDRAWN", "EXPIRED NO_BID",
                                      "DEFAULTED NO_QUOTE"}));
}

TEST_F(FeedTest, APortionThatWasNotKeptIsPublishedAndTheShareStandsInTheResult) {
  TakeListing();
  listing::v1::Event determined;
  determined.mutable_deal_determined()->set_deal("deals/d2");
  determined.mutable_deal_determined()->set_listing("listings/l1");
  determined.mutable_deal_determined()->set_exchange("organizations/x");
  determined.mutable_deal_determined()->set_share_ppm(300'000);
  Take(determined, OnListingEvent);
  listing::v1::Event defaulted;
  auto& portion = *defaulted.mutable_portion_defaulted();
  portion.set_listing("listings/l1");
  portion.set_deal("deals/d2");
  portion.set_reason("TRANSFEREE");
  portion.set_share_ppm(300'000);
  portion.set_unsold_share_ppm(300'000);
  Take(defaulted, OnListingEvent);
  const std::vector<Notice> results = ListNotices(kv_, NoticeType::kN7, "listings/l1", 0, 10);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(ParseContent(results[0].content)->count("share_ppm"), 0u) << "the whole";
  EXPECT_EQ(std::get<int64_t>(ParseContent(results[1].content)->at("share_ppm")), 300'000);
  const std::vector<Notice> changes = ListNotices(kv_, NoticeType::kN4, "listings/l1", 0, 10);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].subject.deal, "deals/d2");
  const Content content = *ParseContent(changes[0].content);
  EXPECT_EQ(TextOf(content, "change"), "PORTION_DEFAULTED");
  EXPECT_EQ(TextOf(content, "deal"), "deals/d2");
  EXPECT_EQ(TextOf(content, "reason"), "TRANSFEREE");
  EXPECT_EQ(std::get<int64_t>(content.at("unsold_share_ppm")), 300'000);
}

TEST_F(FeedTest, ATerminatedContractRefusesThePendingCertificate) {
  TakeListing();
  TakeContractAndPayment();
  const CertificateId id = FindCertificate(kv_, "deals/d1", CertificateType::kTxn).value();
  contract::v1::Event terminated;
  terminated.mutable_contract_terminated()->set_deal("deals/d1");
  Take(terminated, OnContractEvent);
  EXPECT_EQ(LoadCertificate(kv_, id)->state, CertificateState::kRefused);
}

TEST_F(FeedTest, OnlyExchangesHaveACode) {
  party::v1::Event activated;
  activated.mutable_organization_activated()->set_organization("organizations/x");
  activated.mutable_organization_activated()->set_uscc("91110108MA01ABCD5T");
  activated.mutable_organization_activated()->set_kind(party::v1::Organization::UNIVERSITY);
  Take(activated, OnPartyEvent);
  EXPECT_EQ(storage::FindExchangeCode(kv_, Table::kExchangeCode, "organizations/x"), std::nullopt);
  activated.mutable_organization_activated()->set_kind(party::v1::Organization::EXCHANGE);
  Take(activated, OnPartyEvent);
  EXPECT_EQ(storage::FindExchangeCode(kv_, Table::kExchangeCode, "organizations/x"), "BCD5");
}

TEST_F(FeedTest, ACancelledDealIsNeverCertified) {
  TakeListing();
  contract::v1::Event cancelled;
  cancelled.mutable_deal_cancelled()->set_deal("deals/d1");
  Take(cancelled, OnContractEvent);
  TakeContractAndPayment();
  EXPECT_FALSE(FindCertificate(kv_, "deals/d1", CertificateType::kTxn).has_value());
}

TEST(DisclosureApi, OnlyPartiesWithARoleMayObject) {
  const auto may = [](std::vector<std::string> roles) {
    return auth::Grants({"apiClients/c", "organizations/o", "people/p", std::move(roles)},
                        "disclosure.objection.create");
  };
  EXPECT_TRUE(may({"OBJECTOR"}));
  EXPECT_TRUE(may({"BIDDER"}));
  EXPECT_TRUE(may({"TRANSFEROR"}));
  EXPECT_FALSE(may({}));
  EXPECT_FALSE(may({"EXCHANGE_CLERK"}));
}

TEST_F(FeedTest, WhatOthersSayBesidesMeansNothingAndDamageIsRefused) {
  listing::v1::Event other;
  other.mutable_listing_closed()->set_listing("listings/l1");
  Take(other, OnListingEvent);
  EXPECT_EQ(storage::LastSequence(kv_), 0u);
  const std::unordered_map<std::string, std::optional<std::string>> none;
  const storage::Overlay overlay;
  storage::Txn txn(kv_, overlay, none, now_, 1);
  for (const auto handle : {OnListingEvent, OnContractEvent, OnPartyEvent, OnSettlementEvent}) {
    EXPECT_FALSE(handle(*app_, txn, {1, "\xff\xff"}).ok());
  }
}

}  // namespace
}  // namespace ttx::disclosure
