#include "services/contract/rpc/feeds.h"

#include <gtest/gtest.h>

#include "libs/storage/exchange_codes.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/contract/domain/fixtures.h"
#include "ttx/disclosure/v1/disclosure.pb.h"
#include "ttx/listing/v1/listing.pb.h"
#include "ttx/party/v1/party.pb.h"

namespace ttx::contract {
namespace {

const std::string kOtherExchange = "organizations/exchange2";

class ContractFeedsTest : public ::testing::Test {
 protected:
  ContractFeedsTest()
      : shell_(std::make_unique<storage::MemKv>(), clock_, {},
               {.on_due = [](storage::Txn&, const std::string&) {},
                .on_failure = [](const Error&) { FAIL(); }}) {
    EXPECT_EQ(Feed(OnPartyEvent, Activated(fixtures::kExchange)), std::nullopt);
  }

  static party::v1::Event Activated(
      const std::string& organization,
      party::v1::Organization::Kind kind = party::v1::Organization::EXCHANGE) {
    party::v1::Event event;
    event.mutable_organization_activated()->set_organization(organization);
    event.mutable_organization_activated()->set_uscc("91350100M000100Y43");
    event.mutable_organization_activated()->set_kind(kind);
    return event;
  }

  template <class Event>
  std::optional<Reason> Feed(Status (*handler)(const ContractApp&, storage::Txn&, const rpc::FeedEvent&),
                             const Event& event) {
    Status status;
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      status = handler(app_, txn, {1, event.SerializeAsString()});
      if (!status.ok()) return status.error();
      return std::string();
    };
    shell_.writer().Submit(std::move(command));
    while (shell_.writer().Step() > 0) {
    }
    return status.ok() ? std::nullopt : std::optional(status.error().reason);
  }

  listing::v1::Event Determined() {
    listing::v1::Event event;
    auto& deal = *event.mutable_deal_determined();
    deal.set_deal("deals/d1");
    deal.set_listing("listings/l1");
    deal.set_listing_version(2);
    deal.set_exchange(fixtures::kExchange);
    deal.set_title("催化剂");
    deal.set_kind(listing::v1::RightScope::LICENSE_EXCLUSIVE);
    auto& scope = *deal.mutable_right_scope();
    scope.set_kind(listing::v1::RightScope::LICENSE_EXCLUSIVE);
    scope.add_territories("110000");
    scope.add_territories("310000");
    scope.set_term_end_date("2036-12-31");
    scope.set_exclusivity(listing::v1::RightScope::EXCLUSIVE);
    deal.add_ip_numbers("ZL201710601862.3");
    deal.set_seller(fixtures::kSeller);
    deal.set_buyer(fixtures::kBuyer);
    deal.set_price_fen(120);
    deal.set_method(listing::v1::DealDetermined::SINGLE_BIDDER);
    return event;
  }

  Calendar calendar_ = fixtures::PlainCalendar();
  testing::SeededIds ids_{1};
  testing::ManualClock clock_{fixtures::Start()};
  ContractApp app_{ids_, calendar_};
  storage::Shell shell_;
};

TEST_F(ContractFeedsTest, ADeterminedDealIsOpenedOnce) {
  EXPECT_EQ(Feed(OnListingEvent, Determined()), std::nullopt);
  EXPECT_EQ(Feed(OnListingEvent, Determined()), std::nullopt);
  const Deal deal = LoadDeal(shell_.kv(), {"d1"}).value();
  EXPECT_EQ(deal.facts.kind, "LICENSE_EXCLUSIVE");
  EXPECT_EQ(deal.facts.method, "SINGLE_BIDDER");
  EXPECT_EQ(deal.facts.listing_version, 2);
  EXPECT_EQ(
      deal.facts.right_scope,
      "kind=LICENSE_EXCLUSIVE;territories=110000,310000;fields=;term=..2036-12-31;exclusivity=EXCLUSIVE");
  EXPECT_EQ(deal.version, 1);
}

// Several winners of one auction take a portion each (domain.md 5.9): one listing, several deals.
TEST_F(ContractFeedsTest, EveryPortionIsADealWithItsShareAndNoneStopsAnother) {
  listing::v1::Event event = Determined();
  event.mutable_deal_determined()->set_share_ppm(300'000);
  EXPECT_EQ(Feed(OnListingEvent, event), std::nullopt);
  event.mutable_deal_determined()->set_deal("deals/d2");
  event.mutable_deal_determined()->set_buyer("organizations/other");
  event.mutable_deal_determined()->set_share_ppm(700'000);
  event.mutable_deal_determined()->set_price_fen(280);
  EXPECT_EQ(Feed(OnListingEvent, event), std::nullopt);
  const Deal first = LoadDeal(shell_.kv(), {"d1"}).value();
  const Deal second = LoadDeal(shell_.kv(), {"d2"}).value();
  EXPECT_EQ(first.facts.share, Share{300'000});
  EXPECT_EQ(second.facts.share, Share{700'000});
  EXPECT_EQ(second.facts.price, Fen{280});
  EXPECT_NE(first.number, second.number);
  EXPECT_NE(first.confirmation.find(R"("share_ppm":300000)"), std::string::npos) << first.confirmation;
  EXPECT_NE(second.confirmation.find(R"("share_ppm":700000)"), std::string::npos);
  disclosure::v1::Event accepted;
  accepted.mutable_objection_accepted()->set_objection("objections/o");
  accepted.mutable_objection_accepted()->set_deal("deals/d1");
  accepted.mutable_objection_accepted()->set_listing("listings/l1");
  EXPECT_EQ(Feed(OnDisclosureEvent, accepted), std::nullopt);
  EXPECT_TRUE(LoadDeal(shell_.kv(), {"d1"})->suspended());
  EXPECT_FALSE(LoadDeal(shell_.kv(), {"d2"})->suspended());
}

TEST_F(ContractFeedsTest, ADealWithoutANameIsRefusedAndOtherEventsMeanNothing) {
  listing::v1::Event nameless = Determined();
  nameless.mutable_deal_determined()->set_deal("d1");
  EXPECT_EQ(Feed(OnListingEvent, nameless), Reason::kINVALID_FIELD);
  listing::v1::Event other;
  other.mutable_listing_closed()->set_listing("listings/l1");
  EXPECT_EQ(Feed(OnListingEvent, other), std::nullopt);
  EXPECT_EQ(storage::LastSequence(shell_.kv()), 0u);
}

TEST_F(ContractFeedsTest, KeysComeAndGo) {
  party::v1::Event added;
  added.mutable_signing_key_added()->set_organization(fixtures::kSeller);
  added.mutable_signing_key_added()->set_key_id("k1");
  added.mutable_signing_key_added()->set_suite("SM2-SM3");
  EXPECT_EQ(Feed(OnPartyEvent, added), std::nullopt);
  EXPECT_FALSE(LoadSigningKey(shell_.kv(), "k1")->revoke_time);
  party::v1::Event revoked;
  revoked.mutable_signing_key_revoked()->set_key_id("k1");
  EXPECT_EQ(Feed(OnPartyEvent, revoked), std::nullopt);
  EXPECT_TRUE(LoadSigningKey(shell_.kv(), "k1")->revoke_time);
  revoked.mutable_signing_key_revoked()->set_key_id("unknown");
  EXPECT_EQ(Feed(OnPartyEvent, revoked), Reason::kSIGNING_KEY_UNKNOWN);
}

TEST_F(ContractFeedsTest, OnlyExchangesHaveACode) {
  const auto code = [&] {
    return storage::FindExchangeCode(shell_.kv(), Table::kExchangeCode, kOtherExchange);
  };
  EXPECT_EQ(Feed(OnPartyEvent, Activated(kOtherExchange, party::v1::Organization::ENTERPRISE)), std::nullopt);
  EXPECT_EQ(code(), std::nullopt);
  EXPECT_EQ(Feed(OnPartyEvent, Activated(kOtherExchange)), std::nullopt);
  EXPECT_EQ(code(), "00Y5") << "the exchange before has 00Y4";
  party::v1::Event nameless = Activated("organizations/x");
  nameless.mutable_organization_activated()->set_uscc("?");
  EXPECT_EQ(Feed(OnPartyEvent, nameless), Reason::kINVALID_FIELD);
}

TEST_F(ContractFeedsTest, OnlyAnUpheldObjectionEndsTheDeal) {
  EXPECT_EQ(Feed(OnListingEvent, Determined()), std::nullopt);
  disclosure::v1::Event accepted;
  accepted.mutable_objection_accepted()->set_objection("objections/o");
  accepted.mutable_objection_accepted()->set_deal("deals/d1");
  accepted.mutable_objection_accepted()->set_listing("listings/l1");
  disclosure::v1::Event closed;
  closed.mutable_objection_closed()->set_objection("objections/o");
  closed.mutable_objection_closed()->set_deal("deals/d1");
  closed.mutable_objection_closed()->set_listing("listings/l1");
  for (const auto outcome : {disclosure::v1::Objection::REJECTED, disclosure::v1::Objection::WITHDRAWN}) {
    EXPECT_EQ(Feed(OnDisclosureEvent, accepted), std::nullopt);
    EXPECT_TRUE(LoadDeal(shell_.kv(), {"d1"})->suspended());
    closed.mutable_objection_closed()->set_outcome(outcome);
    EXPECT_EQ(Feed(OnDisclosureEvent, closed), std::nullopt);
    EXPECT_FALSE(LoadDeal(shell_.kv(), {"d1"})->suspended());
  }
  EXPECT_EQ(Feed(OnDisclosureEvent, accepted), std::nullopt);
  closed.mutable_objection_closed()->set_outcome(disclosure::v1::Objection::UPHELD);
  EXPECT_EQ(Feed(OnDisclosureEvent, closed), std::nullopt);
  EXPECT_EQ(LoadDeal(shell_.kv(), {"d1"})->state, DealState::kCancelled);
}

}  // namespace
}  // namespace ttx::contract
