// Key holders' shares in parts, and the largest session (reliability.md 4.1): kMaxBidders envelopes.

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <set>

#include "services/auction/app/test_app.h"
#include "services/auction/app/test_envelopes.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

using sealed::ShareReport;
using testing::At;
using testing::BidderClient;
using testing::EnvelopeKit;
using testing::Officer;
using testing::TestApp;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

std::string CodeOf(size_t bidder) { return "C" + std::to_string(10'000 + bidder); }

class SharesTest : public ::testing::Test {
 protected:
  // A session of `bidders` bidders, each with an envelope of 1 000.00 and one yuan more than the bidder before, whose
  // holders may hand in.
  void ToShares(size_t bidders) {
    ScheduleAuction command = kit_.SessionFor(Mode::kSealed);
    command.rules.increments = {{Yuan(1'000), Yuan(1)}};
    command.bidders.clear();
    for (size_t i = 0; i < bidders; ++i) command.bidders.push_back(testing::BidderOf(CodeOf(i)));
    world_->Schedule(command);
    world_->MoveTo(At(9, 1));
    for (size_t i = 0; i < bidders; ++i) {
      const std::string envelope = kit_.Seal(world_->Now(), CodeOf(i), Yuan(1'000 + static_cast<int64_t>(i)));
      const auto taken = world_->Do([&](storage::Txn& txn) {
        return world_->app.SubmitEnvelope(txn, BidderClient(CodeOf(i)), {{"a1"}, envelope});
      });
      ASSERT_TRUE(taken.ok()) << taken.error().message();
    }
    world_->MoveTo(At(10, 0));
    const auto asked = world_->At(At(10, 1), [&](storage::Txn& txn) {
      return world_->app.RequestAct(txn, Officer("people/o1"), {{"a1"}, Act::kOpen, "time has come", {}});
    });
    ASSERT_TRUE(asked.ok()) << asked.error().message();
    const auto confirmed = world_->At(At(10, 2), [&](storage::Txn& txn) {
      return world_->app.ConfirmAct(txn, Officer("people/o2"), {{"a1"}, Act::kOpen, ActEtag(*asked)});
    });
    ASSERT_TRUE(confirmed.ok()) << confirmed.error().message();
    proof_ = *world_->app.GetCloseProof(world_->shell.kv(), Officer(), {"a1"});
    std::string after;
    do {
      const auto page = *world_->app.ListEnvelopes(world_->shell.kv(), Officer(), {"a1"}, after, 200);
      for (const AuctionApp::Envelope& envelope : page) envelopes_.push_back(envelope.bytes);
      after = page.empty() ? "" : page.back().entry.code;
    } while (!after.empty());
    ASSERT_EQ(envelopes_.size(), bidders);
  }

  ShareReport Shares(int holder) const { return kit_.Shares(holder, proof_, envelopes_); }
  // Lines [from, to) of it.
  static ShareReport Some(const ShareReport& whole, size_t from, size_t to) {
    ShareReport part{whole.auction, whole.close_digest, whole.holder, {}};
    part.lines.assign(whole.lines.begin() + static_cast<std::ptrdiff_t>(from),
                      whole.lines.begin() + static_cast<std::ptrdiff_t>(to));
    return part;
  }
  std::optional<Reason> HandIn(const ShareReport& part) {
    return TestApp::ReasonOf(world_->Do([&](storage::Txn& txn) {
      return world_->app.HandInShares(txn, Officer(), {{"a1"}, kit_.Sign(part)});
    }));
  }
  int HoldersIn() const { return std::popcount(world_->Now().envelopes.holders); }
  // The server is killed and started again.
  void Restart() {
    auto kv = world_->Survived();
    const Time now = world_->clock.Now();
    world_ = std::make_unique<TestApp>(now, kit_.Options(), std::move(kv));
  }
  EnvelopeVerdict Verdict(const std::string& code) const {
    return LoadVerdict(world_->shell.kv(), world_->app.vault(), {"a1"}, 1, code).value_or(EnvelopeVerdict());
  }

  const EnvelopeKit kit_{2, 3};
  std::unique_ptr<TestApp> world_ = std::make_unique<TestApp>(At(8, 0), kit_.Options());
  std::string proof_;
  std::vector<std::string> envelopes_;
};

TEST_F(SharesTest, AHolderHasHandedInWhenItsPartsNameEveryEnvelope) {
  const size_t count = 3 * kMinPartEnvelopes;
  ToShares(count);
  const ShareReport first = Shares(1);
  EXPECT_EQ(HandIn(Some(first, 64, 128)), kAccepted) << "in any order";
  EXPECT_EQ(HandIn(Some(first, 64, 128)), kAccepted) << "again: nothing changes";
  EXPECT_EQ(HandIn(Some(first, 70, 75)), kAccepted) << "nothing new";
  EXPECT_EQ(HandIn(Some(first, 0, 63)), Reason::kINVALID_FIELD) << "so small that there would be no end";
  EXPECT_EQ(HandIn(Some(first, 0, 65)), Reason::kWRONG_SHARE) << "overlaps";
  EXPECT_EQ(HandIn(Some(first, 0, 0)), Reason::kWRONG_SHARE) << "names nothing";
  ShareReport lie = Some(first, 64, 128);
  lie.lines[3].value = sealed::SecretBytes(sealed::TestSeed("lie"));
  EXPECT_EQ(HandIn(lie), Reason::kWRONG_SHARE) << "it has said something else";
  ShareReport stranger = Some(first, 128, count);
  stranger.lines.back().envelope_digest = std::string(32, '\xff');
  EXPECT_EQ(HandIn(stranger), Reason::kWRONG_SHARE) << "no envelope of this session";
  EXPECT_EQ(HoldersIn(), 0);
  EXPECT_EQ(HandIn(Shares(2)), kAccepted) << "whole";
  EXPECT_EQ(HoldersIn(), 1);
  EXPECT_EQ(HandIn(Some(first, 0, 64)), kAccepted);
  Restart();
  EXPECT_EQ(HoldersIn(), 1) << "a third is missing";
  EXPECT_EQ(world_->Now().state, State::kSharesCollecting);
  EXPECT_EQ(HandIn(Some(first, 0, 64)), kAccepted) << "known after the restart too";
  EXPECT_EQ(HandIn(Some(first, 128, count)), kAccepted);
  EXPECT_EQ(HoldersIn(), 2);
  ASSERT_EQ(world_->Now().state, State::kOpening);
  EXPECT_EQ(HandIn(Some(first, 0, 64)), Reason::kINVALID_FIELD) << "everything is in";
  world_->RunSteps(40);
  ASSERT_EQ(world_->Now().state, State::kClosed);
  EXPECT_EQ(world_->Now().leading->code, CodeOf(count - 1));
}

TEST_F(SharesTest, ThePartsAHolderIsGivenAreTakenInAnyOrder) {
  ToShares(sealed::kMaxPartLines + 1);
  const std::vector<ShareReport> parts = sealed::SplitReport(Shares(1));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(HandIn(parts[1]), kAccepted);
  EXPECT_EQ(HoldersIn(), 0);
  EXPECT_EQ(HandIn(parts[0]), kAccepted);
  EXPECT_EQ(HoldersIn(), 1);
}

TEST_F(SharesTest, PartsThatAreMissingCountAsAHolderThatStaysAway) {
  ToShares(2 * kMinPartEnvelopes);
  EXPECT_EQ(HandIn(Some(Shares(1), 0, 64)), kAccepted);
  EXPECT_EQ(HandIn(Shares(2)), kAccepted);
  world_->MoveTo(At(11, 0, 0, 0, 4));
  ASSERT_EQ(world_->Now().state, State::kSelfRevealing);
  EXPECT_EQ(HoldersIn(), 1);
  EXPECT_EQ(HandIn(Some(Shares(1), 64, 128)), Reason::kWRONG_STATE);
}

// The largest session, opened by holders of whom one lies in its second part and one is killed in the middle.
TEST_F(SharesTest, TheLargestSessionIsOpenedByItsHolders) {
  ToShares(kMaxBidders);
  ShareReport liar = Shares(1);
  std::set<std::string> lies;
  for (const size_t at : {size_t{500}, size_t{999}}) {
    lies.insert(liar.lines[at].envelope_digest);
    liar.lines[at].value = sealed::SecretBytes(sealed::TestSeed("lie"));
  }
  for (const int holder : {1, 2, 3}) {
    const std::vector<ShareReport> parts = sealed::SplitReport(holder == 1 ? liar : Shares(holder));
    ASSERT_EQ(parts.size(), 3u);
    for (const ShareReport& part : parts) {
      EXPECT_LE(kit_.Sign(part).size(), kMaxReportBytes);
      EXPECT_EQ(HandIn(part), kAccepted) << holder;
    }
    EXPECT_EQ(world_->Now().state, holder == 1 ? State::kSharesCollecting : State::kOpening);
    Restart();
  }
  EXPECT_EQ(HoldersIn(), 3);
  world_->RunSteps(100);
  const Auction closed = world_->Now();
  ASSERT_EQ(closed.state, State::kClosed);
  EXPECT_EQ(closed.leading->code, CodeOf(kMaxBidders - 1));
  EXPECT_EQ(closed.leading->price, Yuan(1'999));
  EXPECT_EQ(closed.bid_count, static_cast<int64_t>(kMaxBidders));
  size_t named = 0;
  for (size_t i = 0; i < kMaxBidders; ++i) {
    const std::string code = CodeOf(i);
    const std::string digest = LoadEnvelope(world_->shell.kv(), {"a1"}, 1, code).digest;
    const EnvelopeVerdict verdict = Verdict(code);
    ASSERT_EQ(verdict.price, Yuan(1'000 + static_cast<int64_t>(i))) << code;
    const std::vector<int32_t> liars = lies.contains(digest) ? std::vector<int32_t>{1} : std::vector<int32_t>{};
    ASSERT_EQ(verdict.liars, liars) << code;
    named += liars.size();
  }
  EXPECT_EQ(named, 2u);
}

}  // namespace
}  // namespace ttx::auction
