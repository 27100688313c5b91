// What listing publishes, auction can run: rules that an exchange has approved never fail at the scheduling,
// where nobody is left to be told (domain.md 5.1).

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <initializer_list>

#include "libs/bidding/rules_proto.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/sealed/rules.h"
#include "libs/sealed/test_parties.h"
#include "services/auction/app/test_app.h"
#include "services/listing/domain/testing.h"
#include "ttx/type/v1/bidding_rules.pb.h"

namespace ttx {
namespace {

using Message = type::v1::BiddingRules;

// Thursday; a listing of ten working days from it ends on 2026-09-30 (domain.md 0.4).
const Time kPublish = AtHour(MakeDate(2026, 9, 17), 10, 0);
const Time kEnd = EndOfDay(MakeDate(2026, 9, 30));
constexpr int64_t kPrice = 100'000'000;
constexpr int kApplicationsPerCase = 20;

template <class T>
T Any(std::initializer_list<T> values) {
  return *rc::gen::elementOf(std::vector<T>(values));
}
bool Seldom() { return Any({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) == 1; }
bool Either() { return *rc::gen::arbitrary<bool>(); }

void SayIf(bool said, google::protobuf::Duration* (Message::*field)(), Message& to, int64_t seconds) {
  if (said) (to.*field)()->set_seconds(seconds);
}

const std::string& HolderSetOf(int threshold, int count) {
  static const std::string two_of_three =
      sealed::MakeTestParties(sealed::Suite::kTtxSb1, 2, 3).holders.text();
  static const std::string three_of_five =
      sealed::MakeTestParties(sealed::Suite::kTtxSb1, 3, 5).holders.text();
  return threshold == 2 && count == 3 ? two_of_three : three_of_five;
}

void SayLadder(Message& to) {
  if (Either()) return;
  auto* first = to.add_increments();
  first->set_from_fen(Seldom() ? kPrice + 1 : kPrice);
  first->set_step_fen(Any<int64_t>({1, 500'000, 500'000, 1'000'000, Seldom() ? 0 : 1}));
  if (Either()) return;
  auto* second = to.add_increments();
  second->set_from_fen(kPrice + Any<int64_t>({1'000'000, 2'000'000, Seldom() ? 7 : 3'000'000}));
  second->set_step_fen(Any<int64_t>({1'000'000, 2'000'000}));
}

void SaySealed(Message::Sealed& to) {
  const bool three = Either();
  to.set_submissions(Any({1, 2, 16, Seldom() ? 17 : 1}));
  to.set_check_multiple(Either());
  to.set_may_withdraw(Either());
  to.set_shares_needed(Seldom() ? Any({0, 1, 4, 16}) : (three ? 2 : 3));
  to.set_shares_total(Seldom() ? Any({0, 2, 16, 17}) : (three ? 3 : 5));
  to.set_holder_set(Seldom() ? Any<std::string>({"", "a list", HolderSetOf(3, 5) + "x"})
                             : HolderSetOf(three ? 2 : 3, three ? 3 : 5));
  if (Either()) to.mutable_shares_period()->set_seconds(Any<int64_t>({60, 86'400, Seldom() ? 1 : 3'600}));
  if (Either()) to.mutable_second_period()->set_seconds(Any<int64_t>({0, 86'400, Seldom() ? 1 << 24 : 0}));
  if (Either()) to.mutable_reveal_period()->set_seconds(Any<int64_t>({0, 86'400, Seldom() ? -1 : 0}));
}

void SayScoring(Message::Scoring& to) {
  const int32_t price = Any({1'000'000, 600'000, 400'000, Seldom() ? 0 : 500'000});
  to.set_price_weight_ppm(price);
  const int32_t rest = 1'000'000 - price + (Seldom() ? 1 : 0);
  if (rest > 0 && !Seldom()) {
    to.add_criteria()->set_weight_ppm(rest / 2);
    to.add_criteria()->set_weight_ppm(rest - rest / 2);
  }
  if (Either()) to.mutable_publicity()->set_seconds(Any<int64_t>({0, 259'200, Seldom() ? 1 << 28 : 60}));
}

void SayDutch(Message::Dutch& to) {
  if (Either()) {
    to.set_decrement_fen(Any<int64_t>({1'000, 1'000'000, Seldom() ? 1 : 10'000}));
  } else {
    to.set_decrement_ppm(Any({10, 10'000, 1'000'000, Seldom() ? 0 : 100}));
  }
  to.mutable_interval()->set_seconds(Any<int64_t>({1, 60, Seldom() ? 86'400 : 2}));
  to.set_floor_fen(Any<int64_t>({1, kPrice / 2, kPrice, Seldom() ? kPrice + 1 : kPrice / 3}));
}

void SayModes(Message& to, Message::Mode mode) {
  const bool sealed = mode == Message::SEALED || mode == Message::WEIGHTED || mode == Message::TENDER;
  const bool scored = mode == Message::WEIGHTED || mode == Message::TENDER;
  if (mode == Message::DUTCH ? !Seldom() : Seldom() && Seldom()) SayDutch(*to.mutable_dutch());
  if (sealed) SaySealed(*to.mutable_sealed());
  if (scored) SayScoring(*to.mutable_scoring());
  if (Seldom()) to.set_proxy_bids(true);
  if (Seldom()) to.set_cap_fen(kPrice + Any<int64_t>({0, 500'000, 3'000'000, 7}));
  if (Seldom()) to.set_cap_policy(Any({Message::END_AT_CAP, Message::LOTTERY_AT_CAP}));
  if (Seldom()) to.set_tie_rule(Any({Message::PRIORITY_THEN_TIME, Message::REQUOTE}));
  if (Seldom()) {
    to.set_single_bidder(Any({Message::START_PRICE_SALE, Message::AGREEMENT_AT_QUOTE, Message::RETENDER}));
  }
  if (Seldom()) to.set_min_bidders(Any({-1, 1, 2, 3, 1'000, 1'001}));
  if (Seldom()) {
    auto& priority = *to.mutable_priority();
    priority.set_mode(Any({Message::AS_ORDINARY, Message::SAME_PRICE, Message::ASK_AT_END}));
    priority.set_equal_rank(Any({Message::EARLIEST, Message::LOTTERY, Message::PRO_RATA}));
    priority.set_best_bidder_may_raise(Either());
    if (Either()) priority.mutable_answer_period()->set_seconds(Any<int64_t>({0, 1, 600, 86'400 * 15}));
  }
  if (Seldom()) {
    auto& suspension = *to.mutable_suspension();
    if (Either()) suspension.mutable_outage_notice()->set_seconds(Any<int64_t>({0, 60, 86'400 * 31}));
    if (Either()) suspension.mutable_resume_notice()->set_seconds(Any<int64_t>({0, 3'600, 86'400 * 6}));
    if (Either()) suspension.mutable_longest()->set_seconds(Any<int64_t>({0, 86'400, 86'400 * 30}));
  }
}

// What an applicant may say: mostly what can be run.
Message Application() {
  Message message;
  const auto mode = Any({Message::MULTI, Message::DYNAMIC, Message::ENGLISH, Message::SEALED,
                         Message::WEIGHTED, Message::DUTCH, Message::TENDER});
  message.set_mode(mode);
  if (Either()) message.set_start_price_fen(kPrice);
  SayLadder(message);
  if (Either()) message.set_multiple_base(Any({Message::FROM_START, Message::FROM_CURRENT}));
  if (Either()) {
    message.set_limited_entry(Any({Message::ALWAYS, Message::IF_TWO_BIDDERS, Message::IF_TWO_IN_LAST_HOUR}));
  }
  const bool says_free = mode == Message::DYNAMIC ? Seldom() : Either();
  SayIf(says_free, &Message::mutable_free_period, message,
        Any<int64_t>({3'600, 86'400, Seldom() ? 1 : 7'200}));
  SayIf(Either(), &Message::mutable_preparation, message, Any<int64_t>({0, 60, Seldom() ? 86'401 : 1}));
  SayIf(Either(), &Message::mutable_cycle, message, Any<int64_t>({60, 300, Seldom() ? 86'401 : 120}));
  SayIf(Seldom(), &Message::mutable_max_total, message, Any<int64_t>({0, 3'600, 86'400 * 91}));
  message.set_max_steps_per_bid(Any({0, 20, 10'000, Seldom() ? 10'001 : 1}));
  message.set_self_outbid(Either());
  for (int i = Seldom() ? Any({1, 8, 9}) : 0; i > 0; --i) message.add_warnings()->set_seconds(i);
  SayModes(message, mode);
  return message;
}

const Calendar& TheCalendar() {
  static const Calendar calendar = listing::testing::MakeCalendar();
  return calendar;
}

listing::Listing Must(const Result<listing::ListingDecision>& decision) {
  RC_ASSERT(decision.ok());
  return decision->next;
}

// A listing that was taken at its submission, brought to where its session is scheduled. Nothing on the way
// refuses it.
listing::Listing Scheduled(const listing::Listing& submitted, const listing::Regime& regime) {
  using namespace listing;
  Listing listing = Must(Decide(submitted, AcceptListing{"people/clerk"}, regime, kPublish));
  listing = Must(Decide(listing, ApproveListing{"people/b", Review::kBusiness, "PJ1"}, regime, kPublish));
  listing = Must(Decide(listing, ApproveListing{"people/c", Review::kCompliance, "PJ1"}, regime, kPublish));
  listing = Must(Decide(listing, PublishListing{"people/o", "hash", "auctions/a1"}, regime, kPublish));
  if (listing.content.rules.mode == Mode::kDynamic) return listing;
  listing = Must(Decide(listing, EndPeriod{2}, regime, kEnd));
  const std::vector<std::string> intents(static_cast<size_t>(std::max(3, listing.content.rules.min_bidders)), "i");
  return Must(Decide(listing, ScheduleBidding{"auctions/a1", {}, {0, intents}}, regime, kEnd));
}

// The listing as submitted, or nothing: what its service takes at Create and Submit.
std::optional<listing::Listing> Submitted(const Message& said, Fen reserve, const listing::Regime& regime) {
  if (!bidding::CheckMessage(said).ok()) return std::nullopt;
  listing::ListingContent content = listing::testing::MakeListingContent();
  content.listed_price = {kPrice};
  content.rules = bidding::FromProto(said);
  const auto made = Decide(listing::CreateListing{.id = {"l1"},
                                                  .exchange = listing::testing::kExchange,
                                                  .owner = listing::testing::kOwner,
                                                  .owner_legal_name = "某大学",
                                                  .achievement = "achievements/a",
                                                  .person = "people/maker",
                                                  .content = content,
                                                  .reserve = {}},
                           regime, kPublish);
  if (!made.ok()) return std::nullopt;
  const bidding::Rules& rules = made->next.content.rules;
  if (bidding::IsSealed(rules.mode) && !sealed::HoldersOf(rules).ok()) return std::nullopt;
  if (reserve != Fen{} && !CheckReserve(made->next.content, reserve).ok()) return std::nullopt;
  return Must(Decide(made->next, listing::SubmitListing{"people/submitter", "06"}, regime, kPublish));
}

// What the auction service says of the session.
Status ScheduleSession(const listing::Listing& listing, Fen reserve) {
  static const std::string record_key = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).private_pem;
  const Message told = bidding::ToProto(AuctionRulesOf(listing));
  TTX_RETURN_IF_ERROR(bidding::CheckMessage(told));
  auction::ScheduleAuction command;
  command.id = {"a1"};
  command.listing = "listings/l1";
  command.exchange = listing.exchange;
  command.title = listing.content.title;
  command.rules = bidding::FromProto(told);
  command.start_time = listing.bidding_start_time;
  if (reserve != Fen{}) {
    const std::string salt(16, 's');
    const std::string commitment = crypto::Sha256(salt + "TTX-RESERVE-1|" + std::to_string(reserve.value));
    command.reserve = auction::Reserve{reserve, salt, commitment};
  }
  for (const char* code : {"11111", "22222"}) {
    command.bidders.push_back(
        {.code = code, .organization = std::string("organizations/") + code, .intent = "i"});
  }
  auction::testing::TestApp app(
      listing.update_time,
      {.hold_after_silence = false, .origin = "ttx.example.org", .record_key_pem = record_key});
  return app.Do([&](storage::Txn& txn) { return app.app.Schedule(txn, command); });
}

TEST(Rules, WhatListingTakesAuctionSchedules) {
  const listing::RuleProfile profile = listing::testing::MakeProfile();
  const listing::Regime regime{TheCalendar(), profile};
  std::map<bidding::Mode, int> taken;
  int refused = 0;
  const auto apply = [&] {
    const Message said = Application();
    const Fen reserve{Seldom() ? kPrice + Any<int64_t>({-1, 0, 500'000, 10'000'000}) : 0};
    const auto submitted = Submitted(said, reserve, regime);
    if (!submitted) {
      ++refused;
      return;
    }
    const Status status = ScheduleSession(Scheduled(*submitted, regime), reserve);
    if (!status.ok()) RC_LOG(said.ShortDebugString() + "\n" + status.error().violations.at(0).field);
    RC_ASSERT(status.ok());
    ++taken[submitted->content.rules.mode];
  };
  ASSERT_TRUE(rc::check("what listing takes, auction schedules", [&] {
    for (int i = 0; i < kApplicationsPerCase; ++i) apply();
  }));
  EXPECT_EQ(taken.size(), 7u);
  for (const auto& [mode, count] : taken) EXPECT_GT(count, 10) << bidding::ModeName(mode);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace ttx
