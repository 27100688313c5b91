#include "services/listing/domain/relisting.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

constexpr Fen kAppraisal{1'000'000'000};  // 10 000 000.00

RuleProfile ProfileWith(PriceCutRule rule) {
  RuleProfile profile = testing::MakeProfile();
  profile.price_cut_rule = static_cast<int32_t>(rule);
  return profile;
}

// The example of domain.md 4.4.
TEST(Relisting, NinetyPercentOfTheAppraisalIsTheLastPriceThatTheOwnerDecidesAlone) {
  const auto needed = [](int64_t price) {
    return NeededEvidence(kAppraisal, Fen{price}, PriceCutRule::kApprovalBody);
  };
  EXPECT_EQ(needed(1'000'000'000), PriceCutEvidence::kNone);
  EXPECT_EQ(needed(999'999'999), PriceCutEvidence::kOwnerDecision);
  EXPECT_EQ(needed(900'000'000), PriceCutEvidence::kOwnerDecision) << "exactly 90%";
  EXPECT_EQ(needed(899'999'999), PriceCutEvidence::kApprovalBodyWrittenConsent);
  EXPECT_EQ(NeededEvidence(kAppraisal, Fen{900'000'000}, PriceCutRule::kOwner), PriceCutEvidence::kNone);
  EXPECT_EQ(NeededEvidence(kAppraisal, Fen{899'999'999}, PriceCutRule::kOwner), PriceCutEvidence::kOwnerDecision);
  EXPECT_EQ(NeededEvidence(kAppraisal, Fen{1}, PriceCutRule::kFree), PriceCutEvidence::kNone);
}

RC_GTEST_PROP(Relisting, TheComparisonIsExactForEveryAmount, (int64_t a, int64_t q)) {
  const Fen appraisal{1 + std::abs(a % kMaxFen)};
  const Fen price{1 + std::abs(q % appraisal.value)};
  const auto evidence = NeededEvidence(appraisal, price, PriceCutRule::kApprovalBody);
  const bool below = static_cast<__int128>(price.value) * 10 < static_cast<__int128>(appraisal.value) * 9;
  const PriceCutEvidence expected = price >= appraisal ? PriceCutEvidence::kNone
                                    : below            ? PriceCutEvidence::kApprovalBodyWrittenConsent
                                                       : PriceCutEvidence::kOwnerDecision;
  RC_ASSERT(evidence == expected);
}

TEST(Relisting, AStateOwnedPriceIsBoundToItsAppraisal) {
  const RuleProfile profile = ProfileWith(PriceCutRule::kApprovalBody);
  Relisting relisting;
  const auto refused = [&](int64_t price) -> FieldViolation {
    const Status status = CheckRelisting(relisting, Fen{price}, profile);
    return status.ok() ? FieldViolation{} : status.error().violations[0];
  };
  EXPECT_EQ(refused(900'000'000), (FieldViolation{"appraisal_fen", Reason::kREQUIRED, ""}));
  relisting.appraisal = kAppraisal;
  EXPECT_EQ(refused(1'000'000'000), FieldViolation{});
  EXPECT_EQ(refused(999'999'999).field, "listed_price_fen") << "the first price is no cut";
  relisting.previous_listing = "listings/before";
  EXPECT_EQ(refused(900'000'000), (FieldViolation{"price_cut.evidence", Reason::kREQUIRED, "OWNER_DECISION"}));
  relisting.evidence = PriceCutEvidence::kOwnerDecision;
  EXPECT_EQ(refused(900'000'000).field, "price_cut.document.name") << "evidence is a document";
  relisting.document = testing::MakeAttachment();
  EXPECT_EQ(refused(900'000'000), FieldViolation{});
  EXPECT_EQ(refused(899'999'999),
            (FieldViolation{"price_cut.evidence", Reason::kREQUIRED, "APPROVAL_BODY_WRITTEN_CONSENT"}));
  relisting.evidence = PriceCutEvidence::kApprovalBodyWrittenConsent;
  EXPECT_EQ(refused(899'999'999), FieldViolation{});
  EXPECT_EQ(refused(900'000'000), FieldViolation{}) << "more than is needed";
  relisting.evidence = static_cast<PriceCutEvidence>(3);
  EXPECT_EQ(refused(899'999'999), (FieldViolation{"price_cut.evidence", Reason::kUNKNOWN_VALUE, ""}));
  relisting.evidence = PriceCutEvidence::kNone;
  EXPECT_EQ(refused(1'000'000'000).field, "price_cut.evidence") << "a document of nothing";
  relisting = {"", Fen{-1}, {}, {}};
  EXPECT_EQ(refused(1).field, "appraisal_fen");
}

TEST(Relisting, AfterACutTheProfilesOwnPeriodHolds) {
  RuleProfile profile = ProfileWith(PriceCutRule::kApprovalBody);
  profile.disclosure_workdays_min = 20;
  profile.disclosure_workdays_default = 20;
  profile.relisting_workdays_min = 10;
  profile.relisting_of_first = {0};
  const Relisting again{"listings/before", kAppraisal, {}, {}};
  const auto least = [&](const Relisting& relisting, int32_t first_days, Fen price) {
    return ProfileOfRound(profile, relisting, {Fen{100}, MakeDate(2026, 1, 5), first_days}, price)
        .disclosure_workdays_min;
  };
  EXPECT_EQ(least(again, 20, Fen{99}), 10);
  EXPECT_EQ(least(again, 20, Fen{100}), 20) << "no cut";
  EXPECT_EQ(least({}, 20, Fen{99}), 20) << "no re-listing";
  profile.relisting_of_first = {500'000};
  EXPECT_EQ(least(again, 41, Fen{99}), 21) << "half of the first period, rounded up";
}

TEST(Relisting, AYearAfterTheFirstDisclosureItIsAppraisedAnew) {
  const RuleProfile profile = ProfileWith(PriceCutRule::kApprovalBody);
  const Relisting again{"listings/before", kAppraisal, {}, {}};
  const auto reason = [&](Date first, Date today, const RuleProfile& of) -> std::optional<Reason> {
    const Status status = CheckFirstDisclosure(again, {Fen{1}, first, 20}, of, today);
    return status.ok() ? std::nullopt : std::optional(status.error().reason);
  };
  EXPECT_EQ(reason(MakeDate(2026, 1, 5), MakeDate(2027, 1, 5), profile), std::nullopt);
  EXPECT_EQ(reason(MakeDate(2026, 1, 5), MakeDate(2027, 1, 6), profile), Reason::kREDO_APPRAISAL);
  EXPECT_EQ(reason(MakeDate(2028, 2, 29), MakeDate(2029, 2, 28), profile), std::nullopt);
  EXPECT_EQ(reason(MakeDate(2028, 2, 29), MakeDate(2029, 3, 1), profile), Reason::kREDO_APPRAISAL);
  EXPECT_EQ(reason(MakeDate(2025, 12, 31), MakeDate(2026, 12, 31), profile), std::nullopt);
  EXPECT_EQ(reason(MakeDate(2026, 1, 5), MakeDate(2030, 1, 6), ProfileWith(PriceCutRule::kFree)), std::nullopt);
  EXPECT_TRUE(CheckFirstDisclosure({}, {}, profile, MakeDate(2030, 1, 1)).ok()) << "a first listing";
}

}  // namespace
}  // namespace ttx::listing
