// The committee's report of a TENDER through the service, after a real opening (domain.md 5.7).

#include <gtest/gtest.h>

#include "services/auction/app/test_app.h"
#include "services/auction/app/test_envelopes.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::EnvelopeKit;
using testing::ForeignOfficer;
using testing::Officer;
using testing::TestApp;
using testing::Yuan;

// Five experts; each gives every bidder of `points` its points for the one criterion.
ReportTender ReportOf(const std::vector<std::pair<std::string, int64_t>>& points) {
  ReportTender report;
  for (size_t member = 0; member < 5; ++member) {
    report.committee.push_back({"expert " + std::to_string(member), true});
    for (const auto& [code, given] : points) report.sheets.push_back({member, code, {given}});
  }
  return report;
}

class TenderTest : public ::testing::Test {
 protected:
  void SetUp() override { world_.Schedule(kit_.SessionFor(Mode::kTender)); }

  // 1 000.00, 1 250.00 and 1 100.00, opened.
  void Open() {
    const std::vector<std::pair<std::string, Fen>> prices = {
        {"B01", Yuan(1'000)}, {"B02", Yuan(1'250)}, {"B03", Yuan(1'100)}};
    int minute = 0;
    for (const auto& [code, price] : prices) {
      const std::string envelope = kit_.Seal(world_.Now(), code, price);
      ASSERT_TRUE(world_
                      .At(At(9, ++minute),
                          [&](storage::Txn& txn) {
                            return world_.app.SubmitEnvelope(txn, BidderClient(code), {{"a1"}, envelope});
                          })
                      .ok());
    }
    world_.MoveTo(At(10, 0));
    const auto asked = world_.At(At(10, 1), [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, Officer("people/o1"), {{"a1"}, Act::kOpen, "time has come", {}});
    });
    ASSERT_TRUE(asked.ok());
    ASSERT_TRUE(world_
                    .At(At(10, 2),
                        [&](storage::Txn& txn) {
                          return world_.app.ConfirmAct(txn, Officer("people/o2"),
                                                       {{"a1"}, Act::kOpen, ActEtag(*asked)});
                        })
                    .ok());
    std::vector<std::string> envelopes;
    const auto listed = world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10);
    for (const AuctionApp::Envelope& envelope : *listed) envelopes.push_back(envelope.bytes);
    const std::string proof = *world_.app.GetCloseProof(world_.shell.kv(), Officer(), {"a1"});
    for (const int holder : {1, 2}) {
      const std::string shares = kit_.Report(holder, proof, envelopes);
      ASSERT_TRUE(world_
                      .At(At(10, 3, holder),
                          [&](storage::Txn& txn) {
                            return world_.app.HandInShares(txn, Officer(), {{"a1"}, shares});
                          })
                      .ok());
    }
    world_.Settle();
    ASSERT_EQ(world_.Now().state, State::kEvaluating);
  }

  Status Report(const ReportTender& report, Time time, const Principal& caller = Officer()) {
    const auto answer = world_.At(
        time, [&](storage::Txn& txn) { return world_.app.ReportTender(txn, caller, {"a1"}, report); });
    return answer.ok() ? Status() : Status(answer.error());
  }
  std::string Violation(const ReportTender& report) {
    minutes_ = minutes_ + Minutes(1);
    const Status status = Report(report, minutes_);
    if (status.ok()) return "";
    const FieldViolation& violation = status.error().violations.at(0);
    return violation.field + " " + std::string(ReasonName(violation.reason));
  }

  const EnvelopeKit kit_;
  TestApp world_{At(8, 0), kit_.Options()};
  Time minutes_ = At(11, 0);
};

TEST_F(TenderTest, TheFirstCandidateIsPublishedThenWins) {
  Open();
  // Price scores 80.0, 100.0, 88.0; of 0.6.
  EXPECT_TRUE(Report(ReportOf({{"B01", 1'000'000}, {"B02", 100'000}, {"B03", 900'000}}), At(11, 0)).ok());
  EXPECT_EQ(world_.Now().state, State::kPublicity);
  EXPECT_EQ(world_.Now().phase_end, At(11, 0, 0, 0, 3));
  EXPECT_EQ(world_.Now().leading->code, "B03");
  std::vector<std::pair<std::string, int64_t>> ranking;
  for (const OpenedBid& bid : world_.Now().envelopes.opened) ranking.emplace_back(bid.bid.code, bid.total);
  EXPECT_EQ(ranking, (std::vector<std::pair<std::string, int64_t>>{
                         {"B03", 888'000}, {"B01", 880'000}, {"B02", 640'000}}));
  EXPECT_EQ(Report(ReportOf({{"B01", 1}, {"B02", 2}, {"B03", 3}}), At(12, 0)).error().reason,
            Reason::kWRONG_STATE)
      << "once";
  world_.MoveTo(At(11, 0, 0, 0, 3));
  EXPECT_EQ(world_.Now().outcome, Outcome::kWinner);
  EXPECT_EQ(world_.Now().leading->price, Yuan(1'100));
}

TEST_F(TenderTest, RisksDecideBetweenEqualScores) {
  Open();
  ReportTender report = ReportOf({{"B01", 1'000'000}, {"B02", 0}, {"B03", 880'000}});
  report.risks = {{"B01", 2}, {"B03", 1}};
  EXPECT_TRUE(Report(report, At(11, 0)).ok());
  EXPECT_EQ(world_.Now().envelopes.opened[0].total, 880'000);
  EXPECT_EQ(world_.Now().envelopes.opened[1].total, 880'000);
  EXPECT_EQ(world_.Now().leading->code, "B03");
}

TEST_F(TenderTest, ReportsAreTakenFromStaffAfterTheOpeningOnly) {
  const ReportTender report = ReportOf({{"B01", 1}, {"B02", 2}, {"B03", 3}});
  EXPECT_EQ(Report(report, At(8, 30)).error().reason, Reason::kWRONG_STATE);
  EXPECT_EQ(Report(report, At(9, 0, 30)).error().reason, Reason::kWRONG_STATE);
  Open();
  EXPECT_EQ(Report(report, At(10, 30), ForeignOfficer()).error().reason, Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Report(report, At(10, 31), BidderClient("B01")).error().reason, Reason::kPERMISSION_DENIED);
  const auto elsewhere = world_.At(
      At(10, 32), [&](storage::Txn& txn) { return world_.app.ReportTender(txn, Officer(), {"a2"}, report); });
  EXPECT_EQ(elsewhere.error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(world_.Now().state, State::kEvaluating) << "nothing changes";
}

TEST_F(TenderTest, ABadReportNamesTheFieldAndChangesNothing) {
  Open();
  const std::string before = world_.Everything();
  const ReportTender good = ReportOf({{"B01", 1}, {"B02", 2}, {"B03", 3}});
  const auto with = [&](auto change) {
    ReportTender report = good;
    change(report);
    return Violation(report);
  };
  EXPECT_EQ(with([](auto& r) { r.committee.clear(); }), "committee OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) { r.committee.resize(3); }), "committee OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) {
              r.committee.resize(6, {"sixth", true});
            }),
            "committee OUT_OF_RANGE")
      << "even";
  EXPECT_EQ(with([](auto& r) { r.committee[0].is_expert = r.committee[1].is_expert = false; }),
            "committee OUT_OF_RANGE")
      << "three experts of five";
  EXPECT_EQ(with([](auto& r) { r.sheets.pop_back(); }), "sheets REQUIRED");
  EXPECT_EQ(with([](auto& r) { r.sheets[2].member = 5; }), "sheets[2].member OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) { r.sheets[1].code = "B09"; }), "sheets[1].bidder_code UNKNOWN_VALUE");
  EXPECT_EQ(with([](auto& r) { r.sheets[1] = r.sheets[0]; }), "sheets[1] DUPLICATE");
  EXPECT_EQ(with([](auto& r) { r.sheets[0].points.push_back(1); }), "sheets[0].points OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) { r.sheets[0].points[0] = -1; }), "sheets[0].points OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) { r.sheets[0].points[0] = 1'000'001; }), "sheets[0].points OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) { r.risks = {{"B09", 1}}; }), "risks[0].bidder_code UNKNOWN_VALUE");
  EXPECT_EQ(with([](auto& r) { r.risks = {{"B01", 1}, {"B01", 0}}; }), "risks[1].bidder_code DUPLICATE");
  EXPECT_EQ(with([](auto& r) { r.risks = {{"B01", -1}}; }), "risks[0].count OUT_OF_RANGE");
  EXPECT_EQ(with([](auto& r) { r.risks = {{"B01", 1001}}; }), "risks[0].count OUT_OF_RANGE");
  EXPECT_EQ(world_.Everything(), before);
  EXPECT_EQ(with([](auto& r) { r.risks = {{"B01", 1000}}; }), "");
}

}  // namespace
}  // namespace ttx::auction
