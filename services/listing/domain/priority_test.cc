#include "services/listing/domain/priority.h"

#include <gtest/gtest.h>

#include "services/listing/domain/limits.h"
#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

const Date kDay = MakeDate(2026, 9, 14);

std::vector<PriorityHolder> TwoHolders() {
  return {{"张三", "", {PriorityRight::kInventor, 2, 0}},
          {"某公司", "organizations/co-owner", {PriorityRight::kCoDeveloper, 1, 0}}};
}

PriorityNotice Told(NoticeMethod method, Date date) {
  return {method, date, testing::MakeAttachment(), "people/clerk", PriorityAnswer::kNone, ""};
}

PriorityNotice Answered(PriorityAnswer answer) { return {{}, {}, {}, "", answer, "people/holder"}; }

TEST(PriorityNotices, EveryHolderIsToldThreeDaysBeforeOrHasAnswered) {
  const RuleProfile profile = testing::MakeProfile();
  const auto open = [&](const std::vector<PriorityNotice>& notices, Date today) -> std::string {
    const Status status = CheckAllNotified(TwoHolders(), notices, profile, today);
    if (status.ok()) return "";
    EXPECT_EQ(status.error().reason, Reason::kPRIORITY_NOTICE_OPEN);
    return status.error().metadata.at("holder") + " " + status.error().metadata.at("earliest_time");
  };
  const auto from = [](Date date) { return FormatTime(StartOfDay(date)); };
  EXPECT_EQ(open({}, kDay), "1 " + from(kDay + 3)) << "if it were told today";
  const PriorityNotice direct = Told(NoticeMethod::kDirect, kDay);
  EXPECT_EQ(open({direct}, kDay + 3), "2 " + from(kDay + 6));
  EXPECT_EQ(open({direct, direct}, kDay + 2), "1 " + from(kDay + 3));
  EXPECT_EQ(open({direct, direct}, kDay + 3), "");
  // A public notice counts as received after five days.
  EXPECT_EQ(open({direct, Told(NoticeMethod::kPublic, kDay)}, kDay + 7), "2 " + from(kDay + 8));
  EXPECT_EQ(open({direct, Told(NoticeMethod::kPublic, kDay)}, kDay + 8), "");
  EXPECT_EQ(open({Answered(PriorityAnswer::kWaive), Answered(PriorityAnswer::kExerciseInFloor)}, kDay), "");
  EXPECT_TRUE(CheckAllNotified({}, {}, profile, kDay).ok());
}

TEST(PriorityNotices, AClaimIsThatOfADeclaredHolderThatHasNotWaived) {
  const std::vector<PriorityHolder> holders = TwoHolders();
  const PriorityClaim inventor{PriorityRight::kInventor, 2, 0};
  const PriorityClaim developer{PriorityRight::kCoDeveloper, 1, 0};
  EXPECT_TRUE(IsDeclared(holders, {}, developer, "organizations/co-owner", "any name"));
  EXPECT_FALSE(IsDeclared(holders, {}, developer, "organizations/other", "某公司")) << "a member goes by its name here";
  EXPECT_TRUE(IsDeclared(holders, {}, inventor, "organizations/studio", "张三"));
  EXPECT_FALSE(IsDeclared(holders, {}, inventor, "organizations/studio", "李四"));
  EXPECT_FALSE(IsDeclared(holders, {}, {PriorityRight::kInventor, 1, 0}, "organizations/studio", "张三"));
  EXPECT_FALSE(IsDeclared(holders, {}, {PriorityRight::kCommissioner, 2, 0}, "organizations/studio", "张三"));
  EXPECT_FALSE(IsDeclared(holders, {Answered(PriorityAnswer::kWaive)}, inventor, "organizations/studio", "张三"));
  EXPECT_TRUE(IsDeclared(holders, {Answered(PriorityAnswer::kExerciseInFloor)}, inventor, "", "张三"));
  EXPECT_TRUE(IsDeclared({}, {}, inventor, "organizations/any", "any")) << "nobody was declared";
}

TEST(PriorityNotices, BadHoldersNameTheField) {
  const auto field = [](std::vector<PriorityHolder> holders) -> std::string {
    const Status status = CheckPriorityHolders(holders);
    return status.ok() ? "" : status.error().violations[0].field;
  };
  EXPECT_EQ(field(TwoHolders()), "");
  std::vector<PriorityHolder> holders = TwoHolders();
  holders[1].display_name = "";
  EXPECT_EQ(field(holders), "priority_holders[1].display_name");
  holders = TwoHolders();
  holders[0].organization = "people/p";
  EXPECT_EQ(field(holders), "priority_holders[0].organization");
  holders = TwoHolders();
  holders[0].claim.rank = 17;
  EXPECT_EQ(field(holders), "priority_holders[0].rank");
  holders = TwoHolders();
  holders.push_back({"别名", "organizations/co-owner", {PriorityRight::kInventor, 1, 0}});
  EXPECT_EQ(field(holders), "priority_holders[2]");
  EXPECT_EQ(field(std::vector<PriorityHolder>(kMaxPriorityHolders + 1, TwoHolders()[0])), "priority_holders");
}

TEST(PriorityNotices, BadNoticesNameTheField) {
  const auto field = [](PriorityNotice notice) -> std::string {
    const Status status = CheckPriorityNotice(notice, kDay);
    return status.ok() ? "" : status.error().violations[0].field;
  };
  EXPECT_EQ(field(Told(NoticeMethod::kDirect, kDay)), "");
  EXPECT_EQ(field(Told(NoticeMethod::kUnspecified, kDay)), "method");
  EXPECT_EQ(field(Told(static_cast<NoticeMethod>(3), kDay)), "method");
  EXPECT_EQ(field(Told(NoticeMethod::kPublic, kDay + 1)), "notice_date");
  PriorityNotice without = Told(NoticeMethod::kDirect, kDay);
  without.evidence.sha256 = "";
  EXPECT_EQ(field(without), "evidence.sha256");
}

}  // namespace
}  // namespace ttx::listing
