#include "services/disclosure/domain/certificate.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/core/uscc.h"
#include "services/disclosure/domain/dossier.h"
#include "services/disclosure/domain/limits.h"
#include "services/disclosure/domain/testing.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::Day;
using testing::Published;

const Time kNow = At("2026-11-27", 9);

Certificate Pending() {
  OpenCertificate command;
  command.id = {"c1"};
  command.deal = "deals/d1";
  command.seller_name = "南京大学";
  command.buyer_name = "江苏某某有限公司";
  return Decide(command, Published(), kNow).next;
}
Certificate Requested() {
  return Decide(Pending(), RequestIssue{{"people/clerk", "符合"}}, kNow).value().next;
}
Issued Material() {
  return {CertificateNumber("A1B2", 2026, CertificateType::kTxn, 1), "{}", std::string(30, 'h') + "\xab\xcd",
          "sig", "k"};
}
Certificate Valid() {
  return Decide(Requested(), ApproveIssue{"people/officer", Material()}, kNow).value().next;
}
Certificate RevokeRequested(RevocationCause cause) {
  return Decide(Valid(), RequestRevoke{{"people/clerk", cause, "决定"}}, kNow).value().next;
}
Certificate Revoked() {
  return Decide(RevokeRequested(RevocationCause::kFalseMaterial), ApproveRevoke{"people/officer", {"n9"}, {}},
                kNow)
      .value()
      .next;
}
Certificate Superseded() {
  return Decide(RevokeRequested(RevocationCause::kReplaced), ApproveRevoke{"people/officer", {"n9"}, {"c2"}},
                kNow)
      .value()
      .next;
}

TEST(Certificate, StateCommandTable) {
  using Answer = std::optional<Reason>;
  const Answer ok;
  const Answer wrong = Reason::kWRONG_STATE;
  const Answer nothing = Reason::kNOT_REQUESTED;
  const Certificate refused = Decide(Pending(), RefuseCertificate{"people/officer", "因"}, kNow).value().next;
  struct Row {
    Certificate state;
    Answer request, issue, refuse, request_revoke, revoke;
  };
  const Row rows[] = {
      {Pending(), ok, nothing, ok, wrong, wrong},
      {Requested(), ok, ok, ok, wrong, wrong},
      {Valid(), wrong, wrong, wrong, ok, nothing},
      {RevokeRequested(RevocationCause::kUnlawfulParty), wrong, wrong, wrong, ok, ok},
      {refused, wrong, wrong, wrong, wrong, wrong},
      {Revoked(), wrong, wrong, wrong, wrong, wrong},
      {Superseded(), wrong, wrong, wrong, wrong, wrong},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(StateName(row.state.state));
    EXPECT_EQ(Check(row.state), std::nullopt);
    const auto expect = [&](const Result<CertificateDecision>& result, Answer answer, const char* command) {
      SCOPED_TRACE(command);
      ASSERT_EQ(result.ok(), !answer.has_value());
      if (answer) {
        EXPECT_EQ(result.error().reason, *answer);
        return;
      }
      EXPECT_EQ(Check(result->next), std::nullopt);
      Certificate folded = row.state;
      for (const CertificateEvent& event : result->events) folded = Apply(folded, event);
      EXPECT_EQ(folded, result->next);
    };
    expect(Decide(row.state, RequestIssue{{"people/q", "符合"}}, kNow), row.request, "request");
    expect(Decide(row.state, ApproveIssue{"people/p", Material()}, kNow), row.issue, "issue");
    expect(Decide(row.state, RefuseCertificate{"people/p", "因"}, kNow), row.refuse, "refuse");
    expect(Decide(row.state, RequestRevoke{{"people/q", RevocationCause::kFalseMaterial, "因"}}, kNow),
           row.request_revoke, "request_revoke");
    expect(Decide(row.state, ApproveRevoke{"people/p", {"n"}, {}}, kNow), row.revoke, "revoke");
  }
}

TEST(Certificate, FourEyesAndObjections) {
  EXPECT_EQ(MayIssue(Requested(), "people/clerk", true).error().reason, Reason::kSAME_PERSON);
  EXPECT_EQ(MayIssue(Requested(), "people/officer", true).error().reason, Reason::kOBJECTION_OPEN);
  EXPECT_TRUE(MayIssue(Requested(), "people/officer", false).ok());
  EXPECT_EQ(Decide(Pending(), RequestIssue{{"people/clerk", "符合"}, true}, kNow).error().reason,
            Reason::kOBJECTION_OPEN);
  EXPECT_EQ(MayRevoke(RevokeRequested(RevocationCause::kFalseMaterial), "people/clerk").error().reason,
            Reason::kSAME_PERSON);
}

TEST(Certificate, DueInThreeWorkingDays) {
  EXPECT_EQ(Pending().due.date, Day("2026-12-02"));
  OpenCertificate command;
  EXPECT_EQ(Decide(command, Published(), At("2026-10-08", 9)).next.due.date, Day("2026-10-12"));
}

TEST(Certificate, NumbersFollowTheDomain) {
  const std::string number = CertificateNumber("A1B2", 2026, CertificateType::kTxn, 42);
  EXPECT_EQ(number.substr(0, 17), "TXA1B220261000042");
  EXPECT_EQ(number.back(), UsccCheckSymbol("TXA1B220261000042"));
  EXPECT_TRUE(IsCertificateNumber(number));
  EXPECT_FALSE(IsCertificateNumber("TXA1B220261000043" + number.substr(17)));
  EXPECT_FALSE(IsCertificateNumber(number.substr(0, 17)));
  EXPECT_FALSE(IsCertificateNumber("tx" + number.substr(2)));
}

TEST(Certificate, TheSecondFactorIsTheTailOfTheHashOrAPartysName) {
  const Certificate valid = Valid();
  for (const char* check : {"abcd", "ABCD", "南京大学", "江苏某某有限公司", " 南京大学 "}) {
    EXPECT_TRUE(Matches(valid, check)) << check;
  }
  for (const char* check : {"", "abce", "bcd", "68abcd", "南京", "某大学", "*"}) {
    EXPECT_FALSE(Matches(valid, check)) << check;
  }
  EXPECT_FALSE(Matches(Pending(), "南京大学"));
}

// --- Conditions (domain.md 9.1) ----------------------------------------------------------------------------

TEST(Dossier, ConditionsAreAllTrueOrNamed) {
  Dossier dossier;
  dossier.deal = "deals/d1";
  using Names = std::vector<std::string>;
  EXPECT_EQ(MissingConditions(dossier, true),
            (Names{"CONTRACT_EFFECTIVE", "SETTLEMENT_PAID", "CONTRACT_REGISTERED"}));
  dossier.payment.emplace().price = {100};
  EXPECT_EQ(MissingConditions(dossier, false), Names{"CONTRACT_EFFECTIVE"});
  dossier.contract.emplace().price = {100};
  EXPECT_EQ(MissingConditions(dossier, true), Names{"CONTRACT_REGISTERED"});
  EXPECT_TRUE(MissingConditions(dossier, false).empty());
  dossier.registration.emplace();
  EXPECT_TRUE(MissingConditions(dossier, true).empty());
  dossier.result.emplace().price = {101};
  EXPECT_EQ(MissingConditions(dossier, true), Names{"PRICES_AGREE"});
}

TEST(Dossier, PublicContentHoldsTheWinnerAndNoOtherBidder) {
  DealFacts facts;
  facts.deal = "deals/d1";
  facts.seller = "organizations/seller";
  facts.seller_legal_name = "王五";
  facts.buyer = "organizations/buyer";
  facts.buyer_legal_name = "赵六";
  facts.price = {1};
  const Content content = ContentOf(facts);
  EXPECT_EQ(TextOf(content, "transferor"), "王*");
  EXPECT_EQ(TextOf(content, "transferee"), "赵六");  // the winner is to be named
  const std::string text = Canonical(content);
  EXPECT_EQ(text.find("organizations/"), text.npos);
}

}  // namespace
}  // namespace ttx::disclosure
