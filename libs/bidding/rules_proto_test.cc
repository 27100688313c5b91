// The rules as an application says them and as services tell each other of them.

#include "libs/bidding/rules_proto.h"

#include <gtest/gtest.h>

#include "ttx/type/v1/bidding_rules.pb.h"

namespace ttx::bidding {
namespace {

using Message = type::v1::BiddingRules;

Message Tender() {
  Message message;
  message.set_mode(Message::TENDER);
  message.set_start_price_fen(100'000);
  message.mutable_free_period()->set_seconds(3600);
  message.mutable_cycle()->set_seconds(300);
  message.mutable_sealed()->set_submissions(1);
  message.mutable_scoring()->set_price_weight_ppm(1'000'000);
  return message;
}

TEST(RulesMessage, WhatIsLeftOpenIsUsual) {
  EXPECT_EQ(FromProto(Message()), OpenRules(Mode::kMulti));
  const Rules rules = FromProto(Tender());
  EXPECT_EQ(rules.scoring.publicity, Hours(72)) << "a tender is not awarded without publicity by an omission";
  EXPECT_EQ(rules.warnings, (std::vector<Duration>{Seconds(60), Seconds(30), Seconds(10)}));
  EXPECT_EQ(rules.max_total, Hours(8));
  EXPECT_EQ(rules.min_bidders, 3);
  EXPECT_EQ(rules.single_bidder, SingleBidder::kRetender);
  EXPECT_EQ(rules.sealed.second_period, Hours(72));
  EXPECT_EQ(rules.suspension, SuspensionRules{});
}

TEST(RulesMessage, NoneIsNotLeftOpen) {
  Message message = Tender();
  message.mutable_scoring()->mutable_publicity();
  message.mutable_sealed()->mutable_second_period();
  message.mutable_sealed()->mutable_reveal_period();
  message.mutable_max_total();
  message.mutable_suspension()->mutable_resume_notice();
  const Rules rules = FromProto(message);
  EXPECT_EQ(rules.scoring.publicity, Duration{});
  EXPECT_EQ(rules.sealed.second_period, Duration{});
  EXPECT_EQ(rules.sealed.reveal_period, Duration{});
  EXPECT_EQ(rules.max_total, Duration{});
  EXPECT_EQ(rules.suspension.resume_notice, Duration{});
  EXPECT_EQ(rules.suspension.longest, SuspensionRules{}.longest);
}

TEST(RulesMessage, WhatIsWrittenIsReadAgain) {
  for (const Mode mode : {Mode::kMulti, Mode::kDynamic, Mode::kEnglish, Mode::kSealed, Mode::kWeighted,
                          Mode::kDutch, Mode::kTender}) {
    Rules rules = OpenRules(mode);
    rules.start_price = {100};
    rules.increments = {{{100}, {5}}, {{200}, {10}}};
    rules.multiple_base = MultipleBase::kFromCurrent;
    rules.limited_entry = LimitedEntry::kIfTwoInLastHour;
    rules.free_period = Seconds(61) + Nanoseconds(1);
    rules.cap = Fen{300};
    rules.cap_policy = CapPolicy::kLotteryAtCap;
    rules.tie_rule = TieRule::kRequote;
    rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kProRata, Seconds(7), true};
    rules.suspension = {Seconds(1), Seconds(2), Seconds(3)};
    if (mode == Mode::kDutch) rules.dutch = {{1}, {}, Seconds(3), {50}};
    if (IsSealed(mode)) rules.sealed = {2, true, true, 2, 3, Seconds(4), {}, {}, "the list"};
    if (mode == Mode::kWeighted || mode == Mode::kTender)
      rules.scoring = {{600'000}, {{"team", {400'000}}}, {}};
    const Message message = ToProto(rules);
    EXPECT_TRUE(CheckMessage(message).ok()) << ModeName(mode);
    EXPECT_EQ(FromProto(message), rules) << ModeName(mode);
  }
}

struct Wrong {
  const char* field;
  Reason reason;
  void (*change)(Message&);
};

TEST(RulesMessage, EveryMistakeNamesItsField) {
  const Wrong cases[] = {
      {"rules.mode", Reason::kUNKNOWN_VALUE, [](Message& m) { m.set_mode(static_cast<Message::Mode>(99)); }},
      {"rules.mode", Reason::kUNKNOWN_VALUE, [](Message& m) { m.set_mode(static_cast<Message::Mode>(-1)); }},
      {"rules.multiple_base", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.set_multiple_base(static_cast<Message::MultipleBase>(99)); }},
      {"rules.limited_entry", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.set_limited_entry(static_cast<Message::LimitedEntry>(99)); }},
      {"rules.cap_policy", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.set_cap_policy(static_cast<Message::CapPolicy>(99)); }},
      {"rules.tie_rule", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.set_tie_rule(static_cast<Message::TieRule>(99)); }},
      {"rules.single_bidder", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.set_single_bidder(static_cast<Message::SingleBidder>(99)); }},
      {"rules.priority.mode", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.mutable_priority()->set_mode(static_cast<Message::PriorityMode>(99)); }},
      {"rules.priority.equal_rank", Reason::kUNKNOWN_VALUE,
       [](Message& m) { m.mutable_priority()->set_equal_rank(static_cast<Message::EqualRank>(99)); }},
      {"rules.cycle", Reason::kOUT_OF_RANGE, [](Message& m) { m.mutable_cycle()->set_nanos(-1); }},
      {"rules.preparation", Reason::kOUT_OF_RANGE,
       [](Message& m) { m.mutable_preparation()->set_seconds(int64_t{1} << 62); }},
      {"rules.warnings[1]", Reason::kOUT_OF_RANGE,
       [](Message& m) { (m.add_warnings()->set_seconds(1), m.add_warnings())->set_nanos(1'000'000'000); }},
      {"rules.suspension.longest", Reason::kOUT_OF_RANGE,
       [](Message& m) { m.mutable_suspension()->mutable_longest()->set_seconds(-1); }},
      {"rules.dutch", Reason::kREQUIRED, [](Message& m) { m.mutable_dutch(); }},
      {"rules.dutch", Reason::kREQUIRED, [](Message& m) { m.set_mode(Message::DUTCH); }},
      {"rules.sealed", Reason::kREQUIRED, [](Message& m) { m.clear_sealed(); }},
      {"rules.sealed", Reason::kREQUIRED, [](Message& m) { m.set_mode(Message::ENGLISH); }},
      {"rules.scoring", Reason::kREQUIRED, [](Message& m) { m.clear_scoring(); }},
      {"rules.scoring", Reason::kREQUIRED, [](Message& m) { m.set_mode(Message::SEALED); }},
  };
  EXPECT_TRUE(CheckMessage(Tender()).ok());
  for (const Wrong& wrong : cases) {
    Message message = Tender();
    wrong.change(message);
    const Status status = CheckMessage(message);
    ASSERT_FALSE(status.ok()) << wrong.field;
    EXPECT_EQ(status.error().violations.at(0).field, wrong.field);
    EXPECT_EQ(status.error().violations.at(0).reason, wrong.reason) << wrong.field;
  }
}

}  // namespace
}  // namespace ttx::bidding
