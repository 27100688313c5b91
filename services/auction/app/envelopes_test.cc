// Sealed envelopes through the service, with real key holders: what is refused, who reads what when, and the
// opening.

#include <gtest/gtest.h>

#include <set>

#include "libs/crypto/signature.h"
#include "libs/sealed/test_parties.h"
#include "services/auction/app/opening.h"
#include "services/auction/app/test_app.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::ForeignOfficer;
using testing::Officer;
using testing::SessionOf;
using testing::TestApp;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

const crypto::KeyPair& RecordKey() {
  static const crypto::KeyPair key = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256);
  return key;
}

class EnvelopesTest : public ::testing::Test {
 protected:
  explicit EnvelopesTest(int needed = 3, int total = 5)
      : parties_(sealed::MakeTestParties(sealed::Suite::kTtxSb1, needed, total)) {}

  // Sealed bids from 33 000.00, taken from 09:00 to 10:00.
  void Schedule(Mode mode = Mode::kSealed, TieRule tie_rule = TieRule::kPriorityThenTime) {
    ScheduleAuction command = SessionOf(mode, Yuan(33'000), Yuan(1'000));
    command.rules.sealed.submissions = 2;
    command.rules.sealed.may_withdraw = true;
    command.rules.sealed.holder_set = parties_.holders.text();
    command.rules.sealed.shares_needed = parties_.holders.threshold();
    command.rules.sealed.shares_total = parties_.holders.size();
    command.rules.tie_rule = tie_rule;
    if (mode == Mode::kWeighted) command.rules.scoring.price_weight = {600'000};
    world_.Schedule(command);
  }

  // What the bidder makes on a machine of its own.
  std::string Sealed(const std::string& code, Fen price, uint32_t version = 1, const std::string& lot = "1") {
    sealed::Context context{.suite = sealed::Suite::kTtxSb1,
                            .origin = "ttx.example.org",
                            .auction = "auctions/a1",
                            .lot = lot,
                            .bidder = code,
                            .version = version,
                            .rules_hash = RulesHash(*world_.Now().terms),
                            .holder_set_id = parties_.holders.id()};
    return sealed::Seal(SeedOf(code, version), context, parties_.holders, sealed::Part::kPrice,
                        sealed::FormatPrice(price))
        .value();
  }
  static std::string SeedOf(const std::string& code, uint32_t version = 1) {
    return sealed::TestSeed(code + std::to_string(version));
  }

  std::optional<Reason> Submit(const std::string& code, const std::string& envelope, Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.SubmitEnvelope(txn, BidderClient(code), {{"a1"}, envelope});
    }));
  }
  std::optional<Reason> Withdraw(const std::string& code, Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.WithdrawEnvelope(txn, BidderClient(code), {"a1"});
    }));
  }
  std::optional<Reason> Reveal(const std::string& code, const std::string& seed, Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RevealEnvelope(txn, BidderClient(code), {{"a1"}, seed});
    }));
  }
  std::optional<Reason> HandIn(const std::string& report, Time time, const Principal& caller = Officer()) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.HandInShares(txn, caller, {{"a1"}, report});
    }));
  }

  // Two officers ask for the opening and confirm it.
  void Open(Time time) {
    const auto asked = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, Officer("people/o1"), {{"a1"}, Act::kOpen, "time has come", {}});
    });
    ASSERT_TRUE(asked.ok()) << asked.error().message();
    const auto confirmed = world_.At(time + Seconds(1), [&](storage::Txn& txn) {
      return world_.app.ConfirmAct(txn, Officer("people/o2"), {{"a1"}, Act::kOpen, ActEtag(*asked)});
    });
    ASSERT_TRUE(confirmed.ok()) << confirmed.error().message();
  }

  // Two officers declare a bidder in default.
  void Bar(const std::string& code, Time time) {
    const auto asked = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, Officer("people/o1"),
                                   {{"a1"}, Act::kDeclareDefault, "a forged licence", {}, code,
                                    ForfeitCause::kMisconduct});
    });
    ASSERT_TRUE(asked.ok()) << asked.error().message();
    const auto confirmed = world_.At(time + Seconds(1), [&](storage::Txn& txn) {
      return world_.app.ConfirmAct(txn, Officer("people/o2"),
                                   {{"a1"}, Act::kDeclareDefault, ActEtag(*asked)});
    });
    ASSERT_TRUE(confirmed.ok()) << confirmed.error().message();
  }

  std::string Proof() { return *world_.app.GetCloseProof(world_.shell.kv(), Officer(), {"a1"}); }

  // What holder `index` (from 1) says of all envelopes, checked as the offline tool checks them; it lies
  // about those of `lies`.
  std::string Report(int index, const std::string& proof, const std::set<std::string>& lies = {}) {
    const auto statement = sealed::VerifyCloseProof(proof, RecordKey().public_pem).value();
    std::vector<sealed::Envelope> envelopes;
    std::vector<std::string> digests;
    const auto listed = world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 100);
    for (const AuctionApp::Envelope& stored : *listed) {
      envelopes.push_back(sealed::ParseEnvelope(stored.bytes).value());
      digests.push_back(envelopes.back().digest);
    }
    std::sort(digests.begin(), digests.end());
    EXPECT_TRUE(
        sealed::CheckClosed(statement, "auctions/a1", parties_.holders, digests, world_.clock.Now()).ok());
    sealed::ShareReport report{
        "auctions/a1", sealed::CloseProofDigest(sealed::Suite::kTtxSb1, proof), index, {}};
    for (const sealed::Envelope& envelope : envelopes) {
      EXPECT_TRUE(sealed::CheckCounted(statement, parties_.holders, digests, envelope).ok());
      report.lines.push_back(
          {envelope.digest, OpenShare(Key(index), parties_.holders, envelope).value().value});
      if (lies.contains(envelope.context.bidder)) {
        report.lines.back().value = sealed::SecretBytes(sealed::TestSeed("lie" + std::to_string(index)));
      }
    }
    std::sort(report.lines.begin(), report.lines.end(),
              [](const auto& a, const auto& b) { return a.envelope_digest < b.envelope_digest; });
    return std::string(sealed::SignShareReport(report, parties_.holders, Key(index)).value().view());
  }
  const sealed::HolderKey& Key(int index) const { return parties_.keys[static_cast<size_t>(index - 1)]; }

  // Two envelopes, of which B02's is higher, whose holders may hand in.
  std::string ToShares() {
    Schedule();
    EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000)), At(9, 1)), kAccepted);
    EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(90'000)), At(9, 2)), kAccepted);
    world_.MoveTo(At(10, 0));
    Open(At(10, 1));
    return Proof();
  }
  // What was found in the envelope of `code`, shown or not.
  EnvelopeVerdict Verdict(const TestApp& world, const std::string& code) const {
    return LoadVerdict(world.shell.kv(), world.app.vault(), {"a1"}, 1, code).value_or(EnvelopeVerdict());
  }

  const sealed::TestParties parties_;
  const AuctionOptions options_ = {
      .hold_after_silence = false, .origin = "ttx.example.org", .record_key_pem = RecordKey().private_pem};
  TestApp world_{At(8, 0), options_};
};

class LargestSetTest : public EnvelopesTest {
 protected:
  LargestSetTest() : EnvelopesTest(8, 15) {}
};

TEST_F(EnvelopesTest, TheRulesMustNameTheKeyHolders) {
  ScheduleAuction command = SessionOf(Mode::kSealed, Yuan(33'000), Yuan(1'000));
  const auto field = [&] {
    return world_.Do([&](storage::Txn& txn) { return world_.app.Schedule(txn, command); })
        .error()
        .violations.at(0)
        .field;
  };
  EXPECT_EQ(field(), "rules.sealed.holder_set");
  command.rules.sealed.holder_set = parties_.holders.text() + "x";
  EXPECT_EQ(field(), "rules.sealed.holder_set");
  command.rules.sealed.holder_set = parties_.holders.text();
  command.rules.sealed.shares_needed = 2;
  EXPECT_EQ(field(), "rules.sealed.holder_set");
}

TEST_F(EnvelopesTest, OnlyAnEnvelopeForThisBidderAuctionAndVersionIsTaken) {
  Schedule();
  const std::string good = Sealed("B01", Yuan(61'000));
  EXPECT_EQ(Submit("B01", good, At(8, 59)), Reason::kNOT_OPEN);
  world_.MoveTo(At(9, 0));
  EXPECT_EQ(Submit("B01", "garbage", At(9, 1)), Reason::kENVELOPE_MALFORMED);
  EXPECT_EQ(Submit("B02", good, At(9, 2)), Reason::kENVELOPE_MISADDRESSED) << "copied from another bidder";
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000), 2), At(9, 3)), Reason::kENVELOPE_MISADDRESSED);
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000), 1, "2"), At(9, 4)), Reason::kENVELOPE_MISADDRESSED);
  EXPECT_EQ(Submit("B09", good, At(9, 5)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(world_.Now().envelopes.count, 0) << "nothing else changes";
  EXPECT_EQ(world_.app.ListRefusedBids(world_.shell.kv(), BidderClient("B01"), {"a1"}, {}, 10)->size(), 4u)
      << "but each refusal is recorded";
  EXPECT_EQ(Submit("B01", good, At(9, 6)), kAccepted);
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(70'000), 2), At(9, 7)), kAccepted) << "the last counts";
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(80'000), 3), At(9, 8)), Reason::kALREADY_SUBMITTED);
  EXPECT_EQ(world_.Now().envelopes.count, 1);
  EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(60'000)), At(10, 0)), Reason::kPHASE_CLOSED);
}

TEST_F(EnvelopesTest, NobodyLearnsWhoSubmittedOrHowMany) {
  Schedule();
  world_.MoveTo(At(9, 0));
  const StoredAuction before = *world_.app.Get(world_.shell.kv(), {"a1"});
  const size_t told = world_.Public().size();
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000)), At(9, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", "garbage", At(9, 2)), Reason::kENVELOPE_MALFORMED);
  EXPECT_EQ(Withdraw("B01", At(9, 3)), kAccepted);
  EXPECT_EQ(Withdraw("B01", At(9, 4)), Reason::kNOT_SUBMITTED);
  const StoredAuction after = *world_.app.Get(world_.shell.kv(), {"a1"});
  EXPECT_EQ(after.revision, before.revision);
  EXPECT_EQ(after.revision_time, before.revision_time);
  EXPECT_TRUE(KeepsEnvelopesSecret(after.auction)) << "so the log hash is not shown";
  EXPECT_EQ(world_.Public().size(), told);
  for (const StoredEvent& event : world_.app.ListEvents(world_.shell.kv(), Officer(), 0, 100, false).events) {
    EXPECT_NE(AudienceOf(event.event), Audience::kAfterOpening);
  }
  EXPECT_EQ(world_.app.ListRefusedBids(world_.shell.kv(), Officer(), {"a1"}, {}, 10)->size(), 0u);
  EXPECT_EQ(world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10)->size(), 0u);
  const auto position = [this](const Principal& caller) {
    return world_.app.ListEvents(world_.shell.kv(), caller, 0, 100, false).last_sequence;
  };
  const uint64_t last = storage::LastSequence(world_.shell.kv());
  const uint64_t seen = position(Officer());
  EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(60'000)), At(9, 5)), kAccepted);
  EXPECT_GT(storage::LastSequence(world_.shell.kv()), last);
  for (const Principal& caller : {Officer(), ForeignOfficer()}) {
    EXPECT_EQ(position(caller), seen) << "it does not count";
  }
  EXPECT_EQ(world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10)->size(), 0u);
  EXPECT_EQ(world_.app.ListEnvelopes(world_.shell.kv(), BidderClient("B02"), {"a1"}, "", 10)->size(), 1u);
  EXPECT_EQ(world_.app.ListEnvelopes(world_.shell.kv(), BidderClient("B01"), {"a1"}, "", 10)->size(), 0u);
}

TEST_F(EnvelopesTest, ThreeHoldersOpenAllEnvelopesAtOnce) {
  Schedule();
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000)), At(9, 0, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(100'000)), At(9, 20, 1)), kAccepted);
  EXPECT_EQ(Submit("B03", Sealed("B03", Yuan(30'000)), At(9, 21)), kAccepted)
      << "nobody can see that it is too low";
  world_.MoveTo(At(10, 0));
  EXPECT_EQ(world_.app.GetCloseProof(world_.shell.kv(), Officer(), {"a1"}).error().reason,
            Reason::kNOT_FOUND);
  EXPECT_EQ(HandIn("early", At(10, 0, 30)), Reason::kWRONG_STATE);
  Open(At(10, 1));
  EXPECT_EQ(world_.app.GetCloseProof(world_.shell.kv(), ForeignOfficer(), {"a1"}).error().reason,
            Reason::kPERMISSION_DENIED);
  const std::string proof = Proof();
  EXPECT_EQ(sealed::VerifyCloseProof(proof, RecordKey().public_pem)->envelope_count, 3);
  EXPECT_EQ(sealed::VerifyCloseProof(proof, RecordKey().public_pem)->close_time, At(10, 0));
  EXPECT_EQ(HandIn("garbage", At(10, 2)), Reason::kWRONG_SHARE);
  EXPECT_EQ(HandIn(Report(1, proof), At(10, 3), ForeignOfficer()), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(HandIn(Report(1, proof), At(10, 4)), kAccepted);
  EXPECT_EQ(HandIn(Report(1, proof), At(10, 5)), Reason::kINVALID_FIELD) << "twice";
  EXPECT_EQ(HandIn(Report(4, proof), At(10, 6)), kAccepted);
  EXPECT_EQ(world_.Now().state, State::kSharesCollecting);
  EXPECT_EQ(HandIn(Report(5, proof), At(10, 7)), kAccepted);
  world_.Settle();
  const Auction auction = world_.Now();
  EXPECT_EQ(auction.state, State::kClosed);
  EXPECT_EQ(auction.leading->code, "B02");
  EXPECT_EQ(auction.leading->price, Yuan(100'000));
  EXPECT_EQ(world_.app.ListBids(world_.shell.kv(), {"a1"}, 0, 10)->size(), 2u) << "the valid ones";
  int submitted = 0;
  for (const StoredEvent& event : world_.Public()) {
    submitted += std::holds_alternative<EnvelopeAccepted>(event.event.payload) ? 1 : 0;
    if (const auto* opened = std::get_if<Opened>(&event.event.payload)) {
      ASSERT_EQ(opened->bids.size(), 3u);
      EXPECT_EQ(opened->bids[2].invalid, Reason::kBELOW_START);
    }
  }
  EXPECT_EQ(submitted, 3) << "public now";
  const auto listed = world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10);
  for (const AuctionApp::Envelope& envelope : *listed) {
    EXPECT_EQ(envelope.verdict.seed, SeedOf(envelope.entry.code)) << "anybody can open it again";
  }
}

TEST_F(EnvelopesTest, AnEnvelopeThatHoldsNoPriceDoesNotCount) {
  Schedule();
  const std::string good = Sealed("B01", Yuan(61'000));
  std::string bad = Sealed("B02", Yuan(90'000));
  bad.back() = static_cast<char>(bad.back() ^ 1);  // the body is not what the seed gives
  EXPECT_EQ(Submit("B01", good, At(9, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", bad, At(9, 2)), kAccepted);
  world_.MoveTo(At(10, 0));
  Open(At(10, 1));
  const std::string proof = Proof();
  for (int holder = 1; holder <= 3; ++holder)
    EXPECT_EQ(HandIn(Report(holder, proof), At(10, 2, holder)), kAccepted);
  world_.Settle();
  EXPECT_EQ(world_.Now().leading->code, "B01");
  const auto envelopes = *world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10);
  EXPECT_EQ(envelopes[1].verdict.flaw, "BODY_NOT_AUTHENTIC");
}

TEST_F(EnvelopesTest, BiddersRevealTheirOwnWhenTooFewHoldersCome) {
  Schedule();
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000)), At(9, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(90'000)), At(9, 2)), kAccepted);
  world_.MoveTo(At(10, 0));
  Open(At(10, 1));
  EXPECT_EQ(Reveal("B01", SeedOf("B01"), At(10, 2)), Reason::kWRONG_STATE);
  EXPECT_EQ(HandIn(Report(1, Proof()), At(10, 3)), kAccepted);
  world_.MoveTo(At(10, 2, 0, 0, 1));
  EXPECT_EQ(world_.Now().envelopes.date, 2) << "a second date";
  world_.MoveTo(At(10, 2, 0, 0, 4));
  ASSERT_EQ(world_.Now().state, State::kSelfRevealing);
  EXPECT_EQ(Reveal("B01", SeedOf("B02"), At(11, 0, 0, 0, 4)), Reason::kENVELOPE_UNREADABLE);
  EXPECT_EQ(Reveal("B03", SeedOf("B03"), At(11, 1, 0, 0, 4)), Reason::kNOT_SUBMITTED);
  EXPECT_EQ(Reveal("B01", SeedOf("B01"), At(11, 2, 0, 0, 4)), kAccepted);
  world_.MoveTo(At(11, 0, 0, 0, 8));
  EXPECT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B01") << "who does not reveal has no price";
}

// --- Holders that lie (reliability.md 4.1, N99)

TEST_F(EnvelopesTest, ALyingHolderAmongTheFirstTakesNoBidAway) {
  const std::string proof = ToShares();
  EXPECT_EQ(HandIn(Report(1, proof, {"B02"}), At(10, 2)), kAccepted);
  EXPECT_EQ(HandIn(Report(2, proof), At(10, 3)), kAccepted);
  EXPECT_EQ(HandIn(Report(3, proof), At(10, 4)), kAccepted);
  world_.RunSteps(20);
  EXPECT_EQ(world_.Now().state, State::kSharesCollecting) << "two holders are missing";
  EXPECT_EQ(world_.Now().phase_end, At(10, 1, 1, 0, 1));
  EXPECT_EQ(world_.Now().leading, std::nullopt);
  const auto before = *world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10);
  for (const auto& envelope : before) {
    EXPECT_EQ(envelope.verdict, EnvelopeVerdict()) << "nobody reads what is open before all are";
  }
  EXPECT_EQ(HandIn(Report(5, proof), At(10, 5)), kAccepted);
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B02");
  const auto envelopes = *world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10);
  EXPECT_EQ(envelopes[0].verdict.liars, std::vector<int32_t>{});
  EXPECT_EQ(envelopes[1].verdict.liars, std::vector<int32_t>{1});
}

TEST_F(EnvelopesTest, AHolderThatComesWhileEnvelopesAreJudgedIsHeard) {
  const std::string proof = ToShares();
  EXPECT_EQ(HandIn(Report(1, proof, {"B02"}), At(10, 2)), kAccepted);
  EXPECT_EQ(HandIn(Report(2, proof), At(10, 3)), kAccepted);
  EXPECT_EQ(HandIn(Report(3, proof), At(10, 4)), kAccepted);
  const auto at_once = [&](const std::string& report) {
    return TestApp::ReasonOf(world_.Do([&](storage::Txn& txn) {
      return world_.app.HandInShares(txn, Officer(), {{"a1"}, report});
    }));
  };
  ASSERT_EQ(world_.Now().state, State::kOpening);
  EXPECT_EQ(at_once("garbage"), Reason::kWRONG_SHARE);
  EXPECT_EQ(at_once(Report(4, proof)), kAccepted);
  EXPECT_EQ(at_once(Report(4, proof)), Reason::kINVALID_FIELD) << "once";
  ASSERT_EQ(world_.Now().state, State::kOpening);
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B02");
  EXPECT_EQ(Verdict(world_, "B02").liars, std::vector<int32_t>{1});
}

// domain.md 5.11: nothing is opened while an objection to the listing is open.
TEST_F(EnvelopesTest, AnOpeningPausesWhileAnObjectionIsOpen) {
  const std::string proof = ToShares();
  for (int holder = 1; holder <= 3; ++holder) {
    EXPECT_EQ(HandIn(Report(holder, proof), At(10, 1 + holder)), kAccepted);
  }
  ASSERT_EQ(world_.Now().state, State::kOpening);
  const auto note = [&](bool open) {
    return TestApp::ReasonOf(
        world_.Do([&](storage::Txn& txn) { return world_.app.NoteObjection(txn, {"a1"}, open); }));
  };
  EXPECT_EQ(note(true), kAccepted);
  world_.RunSteps(50);
  EXPECT_EQ(world_.Now().state, State::kOpening);
  EXPECT_EQ(note(false), kAccepted);
  world_.RunSteps(50);
  EXPECT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().outcome, Outcome::kWinner);
}

TEST_F(EnvelopesTest, WhoLiesAboutAnEnvelopeThatIsOpenAlreadyIsNamedToo) {
  const std::string proof = ToShares();
  EXPECT_EQ(HandIn(Report(1, proof, {"B02"}), At(10, 2)), kAccepted);
  EXPECT_EQ(HandIn(Report(2, proof), At(10, 3)), kAccepted);
  EXPECT_EQ(HandIn(Report(3, proof), At(10, 4)), kAccepted);
  world_.RunSteps(5);
  ASSERT_EQ(world_.Now().state, State::kSharesCollecting);
  ASSERT_FALSE(Verdict(world_, "B01").seed.empty());
  EXPECT_EQ(HandIn(Report(4, proof, {"B01"}), At(10, 5)), kAccepted);
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B02");
  EXPECT_EQ(Verdict(world_, "B01").liars, std::vector<int32_t>{4});
  EXPECT_EQ(Verdict(world_, "B02").liars, std::vector<int32_t>{1});
}

TEST_F(EnvelopesTest, WhenAllHoldersHaveComeTheBidderOpensItsOwnAndTheLiarsAreNamed) {
  const std::string proof = ToShares();
  for (int holder = 1; holder <= 5; ++holder) {
    EXPECT_EQ(
        HandIn(Report(holder, proof, holder <= 3 ? std::set<std::string>{"B02"} : std::set<std::string>{}),
               At(10, 2, holder)),
        kAccepted);
  }
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kSelfRevealing) << "at once: nobody is left to wait for";
  EXPECT_EQ(Reveal("B01", SeedOf("B01"), At(10, 5)), Reason::kINVALID_FIELD) << "it is open";
  EXPECT_EQ(Reveal("B02", SeedOf("B01"), At(10, 6)), Reason::kENVELOPE_UNREADABLE);
  EXPECT_EQ(Reveal("B02", SeedOf("B02"), At(10, 7)), kAccepted);
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed) << "every envelope is open";
  EXPECT_EQ(world_.Now().leading->code, "B02");
  EXPECT_EQ(Verdict(world_, "B02").liars, (std::vector<int32_t>{1, 2, 3}));
}

TEST_F(EnvelopesTest, WhatNobodyOpensDoesNotCountOnceEverybodyWasAsked) {
  const std::string proof = ToShares();
  for (int holder = 1; holder <= 5; ++holder) {
    EXPECT_EQ(
        HandIn(Report(holder, proof, holder <= 3 ? std::set<std::string>{"B02"} : std::set<std::string>{}),
               At(10, 2, holder)),
        kAccepted);
  }
  world_.RunSteps(20);
  world_.MoveTo(At(10, 3, 0, 0, 3));
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B01");
  EXPECT_EQ(Verdict(world_, "B02").flaw, "SEED_NOT_RECOVERED");
}

TEST_F(EnvelopesTest, ALieAndHoldersThatStayAwayLeaveTheSecondDateAndTheBidder) {
  const std::string proof = ToShares();
  for (int holder = 1; holder <= 3; ++holder) {
    EXPECT_EQ(HandIn(Report(holder, proof, {"B02"}), At(10, 2, holder)), kAccepted);
  }
  world_.MoveTo(At(10, 2, 0, 0, 1));
  ASSERT_EQ(world_.Now().state, State::kSharesCollecting);
  EXPECT_EQ(world_.Now().envelopes.date, 2);
  world_.MoveTo(At(10, 2, 0, 0, 4));
  ASSERT_EQ(world_.Now().state, State::kSelfRevealing);
  EXPECT_EQ(HandIn(Report(4, proof), At(11, 0, 0, 0, 4)), Reason::kWRONG_STATE);
  EXPECT_EQ(Reveal("B02", SeedOf("B02"), At(11, 1, 0, 0, 4)), kAccepted);
  world_.RunSteps(20);
  EXPECT_EQ(world_.Now().leading->code, "B02") << "B01's is open without its bidder";
}

TEST_F(EnvelopesTest, NobodyWaitsForTheEnvelopeOfABarredBidder) {
  const std::string proof = ToShares();
  Bar("B02", At(10, 2));
  for (int holder = 1; holder <= 3; ++holder) {
    EXPECT_EQ(HandIn(Report(holder, proof, {"B02"}), At(10, 3, holder)), kAccepted);
  }
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed) << "no holder is missing for an envelope that is void";
  EXPECT_EQ(world_.Now().leading->code, "B01");
  EXPECT_TRUE(Verdict(world_, "B02").seed.empty() && Verdict(world_, "B02").flaw.empty()) << "not judged";
  for (const StoredEvent& event : world_.Public()) {
    const auto* opened = std::get_if<Opened>(&event.event.payload);
    if (opened == nullptr) continue;
    ASSERT_EQ(opened->bids.size(), 2u) << "it was counted at the close";
    EXPECT_EQ(opened->bids[1].bid.code, "B02");
    EXPECT_EQ(opened->bids[1].invalid, Reason::kNOT_QUALIFIED);
    EXPECT_EQ(opened->bids[1].bid.price, Fen{});
  }
}

TEST_F(EnvelopesTest, TheLastWhoRevealsDoesNotWaitForABarredBidder) {
  const std::string proof = ToShares();
  EXPECT_EQ(HandIn(Report(1, proof), At(10, 3)), kAccepted);
  world_.MoveTo(At(10, 2, 0, 0, 1));
  world_.MoveTo(At(10, 2, 0, 0, 4));
  ASSERT_EQ(world_.Now().state, State::kSelfRevealing);
  Bar("B02", At(11, 0, 0, 0, 4));
  EXPECT_EQ(Reveal("B02", SeedOf("B02"), At(11, 1, 0, 0, 4)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(Reveal("B01", SeedOf("B01"), At(11, 2, 0, 0, 4)), kAccepted);
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B01");
}

TEST_F(EnvelopesTest, AServerKilledAnywhereInTheOpeningGoesOnWhereItWas) {
  const std::string proof = ToShares();
  for (int holder = 1; holder <= 4; ++holder) {
    const std::set<std::string> lies =
        holder == 1 ? std::set<std::string>{"B01", "B02"} : std::set<std::string>{};
    EXPECT_EQ(HandIn(Report(holder, proof, lies), At(10, 2, holder)), kAccepted);
  }
  ASSERT_EQ(world_.Now().state, State::kOpening);
  int most_judged = 0;
  for (int steps = 0; steps <= 4; ++steps) {
    TestApp killed(world_.clock.Now(), options_, world_.Survived());
    killed.RunSteps(steps);
    const int judged =
        (Verdict(killed, "B01").seed.empty() ? 0 : 1) + (Verdict(killed, "B02").seed.empty() ? 0 : 1);
    EXPECT_LE(judged, most_judged + 1) << "one envelope with false shares at a time";
    most_judged = judged;
    TestApp again(world_.clock.Now(), options_, killed.Survived());
    again.RunSteps(20);
    ASSERT_EQ(again.Now().state, State::kClosed) << steps;
    EXPECT_EQ(again.Now().leading->code, "B02");
    EXPECT_EQ(Verdict(again, "B01").liars, std::vector<int32_t>{1});
    int opened = 0;
    for (const StoredEvent& event : again.Public()) {
      opened += std::holds_alternative<Opened>(event.event.payload) ? 1 : 0;
    }
    EXPECT_EQ(opened, 1);
  }
  EXPECT_EQ(most_judged, 2);
}

// C(15, 8) = 6435 choices of shares, of which only the last one tells the truth.
TEST_F(LargestSetTest, EveryChoiceIsTriedForOneEnvelopeAtATime) {
  const std::string proof = ToShares();
  for (int holder = 1; holder <= 15; ++holder) {
    ASSERT_NE(world_.Now().state, State::kClosed) << holder;
    const std::set<std::string> lies =
        holder <= 7 ? std::set<std::string>{"B01", "B02"} : std::set<std::string>{};
    EXPECT_EQ(HandIn(Report(holder, proof, lies), At(10, 2, holder)), kAccepted);
  }
  world_.RunSteps(1);
  EXPECT_FALSE(Verdict(world_, "B01").seed.empty());
  EXPECT_TRUE(Verdict(world_, "B02").seed.empty()) << "its turn comes with the next command";
  world_.RunSteps(20);
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B02");
  EXPECT_EQ(Verdict(world_, "B02").liars, (std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(EnvelopesTest, ARefusedEnvelopeIsToldToStaffAfterTheOpeningOnly) {
  Schedule();
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(61'000)), At(9, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", "garbage", At(9, 2)), Reason::kENVELOPE_MALFORMED);
  const auto refusals = [this] {
    int count = 0;
    for (const StoredEvent& event :
         world_.app.ListEvents(world_.shell.kv(), Officer(), 0, 100, false).events) {
      const auto* refused = std::get_if<BidRefused>(&event.event.payload);
      count += refused != nullptr && refused->code == "B02" ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(refusals(), 0);
  world_.MoveTo(At(10, 0));
  Open(At(10, 1));
  const std::string proof = Proof();
  EXPECT_EQ(refusals(), 0);
  for (int holder = 1; holder <= 3; ++holder)
    EXPECT_EQ(HandIn(Report(holder, proof), At(10, 2, holder)), kAccepted);
  world_.RunSteps(20);
  EXPECT_EQ(refusals(), 1);
}

TEST_F(EnvelopesTest, EqualPricesAreQuotedAgainInASecondRoundOfEnvelopes) {
  Schedule(Mode::kSealed, TieRule::kRequote);
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(88'000)), At(9, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(88'000)), At(9, 2)), kAccepted);
  EXPECT_EQ(Submit("B03", Sealed("B03", Yuan(60'000)), At(9, 3)), kAccepted);
  world_.MoveTo(At(10, 0));
  Open(At(10, 1));
  std::string proof = Proof();
  for (int holder = 1; holder <= 3; ++holder)
    EXPECT_EQ(HandIn(Report(holder, proof), At(10, 2, holder)), kAccepted);
  world_.Settle();
  ASSERT_EQ(world_.Now().envelopes.round, 2);
  EXPECT_EQ(Submit("B03", Sealed("B03", Yuan(99'000), 1, "2"), At(10, 10)), Reason::kNOT_ASKED);
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(88'000)), At(10, 11)), Reason::kENVELOPE_MISADDRESSED)
      << "the envelope of the first round";
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(90'000), 1, "2"), At(10, 12)), kAccepted);
  world_.MoveTo(At(11, 10));
  Open(At(11, 11));
  proof = Proof();
  for (int holder = 2; holder <= 4; ++holder)
    EXPECT_EQ(HandIn(Report(holder, proof), At(11, 12, holder)), kAccepted);
  world_.Settle();
  EXPECT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(world_.Now().leading->code, "B01");
  EXPECT_EQ(world_.Now().leading->price, Yuan(90'000));
}

TEST_F(EnvelopesTest, ScoresAreFixedForEveryBidderBeforeTheOpening) {
  Schedule(Mode::kWeighted);
  EXPECT_EQ(Submit("B01", Sealed("B01", Yuan(120'000)), At(9, 1)), kAccepted);
  EXPECT_EQ(Submit("B02", Sealed("B02", Yuan(108'000)), At(9, 2)), kAccepted);
  world_.MoveTo(At(10, 0));
  const auto fix = [&](const std::vector<NonPriceScore>& scores, Time time) {
    return TestApp::ReasonOf(world_.At(
        time, [&](storage::Txn& txn) { return world_.app.FixScores(txn, Officer(), {"a1"}, scores); }));
  };
  const auto early = world_.At(At(10, 1), [&](storage::Txn& txn) {
    return world_.app.RequestAct(txn, Officer("people/o1"), {{"a1"}, Act::kOpen, "time has come", {}});
  });
  EXPECT_EQ(early.error().reason, Reason::kSCORES_NOT_FIXED);
  EXPECT_EQ(fix({{"B01", 800'000}, {"B02", 960'000}}, At(10, 2)), Reason::kINVALID_FIELD) << "B03 has none";
  EXPECT_EQ(fix({{"B01", 800'000}, {"B02", 960'000}, {"B09", 1}}, At(10, 2, 30)), Reason::kINVALID_FIELD)
      << "no bidder";
  EXPECT_EQ(fix({{"B01", 800'000}, {"B02", 960'000}, {"B03", 1'000'000}}, At(10, 3)), kAccepted);
  EXPECT_EQ(fix({{"B01", 800'000}, {"B02", 960'000}, {"B03", 1'000'000}}, At(10, 4)), Reason::kWRONG_STATE)
      << "once";
  Open(At(10, 5));
  const std::string proof = Proof();
  for (int holder = 1; holder <= 3; ++holder)
    EXPECT_EQ(HandIn(Report(holder, proof), At(10, 6, holder)), kAccepted);
  world_.Settle();
  EXPECT_EQ(world_.Now().leading->code, "B02");
  EXPECT_EQ(world_.Now().leading->price, Yuan(108'000)) << "pays its own price";
}

}  // namespace
}  // namespace ttx::auction
