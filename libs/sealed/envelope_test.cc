#include "libs/sealed/envelope.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "libs/sealed/test_parties.h"

namespace ttx::sealed {
namespace {

class EnvelopesOf : public testing::TestWithParam<Suite> {};
INSTANTIATE_TEST_SUITE_P(Suites, EnvelopesOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

std::string Flip(std::string bytes, size_t at, int bit) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return bytes;
}

// Sealing, reading, opening and judging, for whatever is sealed to whomever.
void RoundTrip(Suite suite) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const int count = 2 + static_cast<int>(random() % 4);
  const int threshold = 2 + static_cast<int>(random() % static_cast<uint64_t>(count - 1));
  TestParties parties = MakeTestParties(suite, threshold, count);
  parties.context.bidder = std::to_string(random());
  parties.context.version = static_cast<uint32_t>(random()) | 1U;
  std::string content(random() % (kMaxPriceBytes + 1), '\0');
  for (char& c : content) c = static_cast<char>(random());
  const std::string bytes = parties.MustSeal(TestSeed(std::to_string(random())), Part::kPrice, content);
  const Result<Envelope> envelope = ParseEnvelope(bytes);
  RC_ASSERT(envelope.ok());
  RC_ASSERT(envelope->context == parties.context);
  RC_ASSERT(envelope->bytes == bytes);
  std::vector<Share> shares = parties.AllShares(*envelope);
  std::shuffle(shares.begin(), shares.end(), random);
  shares.resize(static_cast<size_t>(threshold));
  const Verdict verdict = Combine(*envelope, parties.holders, shares).value();
  RC_ASSERT(verdict.outcome == Outcome::kValid);
  RC_ASSERT(verdict.content == content);
  RC_ASSERT(verdict.liars.empty());
}

RC_GTEST_PROP(Envelope, WhatIsSealedOpensTtxSb1, ()) { RoundTrip(Suite::kTtxSb1); }
RC_GTEST_PROP(Envelope, WhatIsSealedOpensTtxSbSm, ()) { RoundTrip(Suite::kTtxSbSm); }

// Every flipped bit of the envelope is either malformed or opens to nothing: no byte is without a guard.
TEST_P(EnvelopesOf, AnyFlippedBitIsRefused) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 2);
  const std::string bytes = parties.MustSeal(TestSeed("1"), Part::kPrice, FormatPrice(Fen{100}));
  int malformed = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    const Result<Envelope> envelope = ParseEnvelope(Flip(bytes, at, static_cast<int>(at % 8)));
    if (!envelope.ok()) {
      EXPECT_EQ(envelope.error().reason, Reason::kENVELOPE_MALFORMED) << at;
      ++malformed;
      continue;
    }
    if (!CheckAddressed(*envelope, parties.context, parties.holders).ok()) continue;
    const Result<Verdict> verdict = Combine(*envelope, parties.holders, parties.AllShares(*envelope));
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict->outcome, Outcome::kBidderInvalid) << at;
    EXPECT_EQ(verdict->content, "") << at;
  }
  EXPECT_GT(malformed, 10);
}

// Whatever is done to its bytes, an envelope is refused or read exactly as it stands.
RC_GTEST_PROP(Envelope, DamageIsRefusedOrReadAsItStands, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const Suite suite = random() % 2 == 0 ? Suite::kTtxSb1 : Suite::kTtxSbSm;
  const TestParties parties = MakeTestParties(suite, 2, 2);
  std::string bytes = parties.MustSeal(TestSeed("1"), Part::kPrice, "bid");
  for (uint64_t i = random() % 4; i < 4; ++i) {
    const size_t at = random() % bytes.size();
    const size_t count = std::min<size_t>(random() % 40, bytes.size() - at);
    switch (random() % 3) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, count);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), count));
    }
    if (bytes.empty()) break;
  }
  const Result<Envelope> envelope = ParseEnvelope(bytes);
  if (!envelope.ok()) {
    RC_ASSERT(envelope.error().reason == Reason::kENVELOPE_MALFORMED);
    return;
  }
  RC_ASSERT(envelope->bytes == bytes);
  RC_ASSERT(bytes.find(internal::EncodeContext(envelope->context)) != std::string::npos);
}

TEST_P(EnvelopesOf, LengthsAreExact) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 3);
  const std::string bytes = parties.MustSeal(TestSeed("1"), Part::kPrice, "bid");
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(ParseEnvelope(bytes.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(ParseEnvelope(bytes + '\0').ok());
  EXPECT_FALSE(ParseEnvelope(std::string(kMaxEnvelopeBytes + 1, '\0')).ok());
}

// reliability.md N92: the size says which part and which bucket, and nothing more.
TEST_P(EnvelopesOf, N92SizesTellOnlyTheBucket) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 2);
  const auto size = [&](Part part, size_t length) {
    return parties.MustSeal(TestSeed("1"), part, std::string(length, 'x')).size();
  };
  EXPECT_EQ(size(Part::kPrice, 0), size(Part::kPrice, 1));
  EXPECT_EQ(size(Part::kPrice, 0), size(Part::kPrice, kMaxPriceBytes));
  EXPECT_EQ(size(Part::kDocuments, 511), size(Part::kDocuments, 512));
  EXPECT_EQ(size(Part::kDocuments, 513), size(Part::kDocuments, 512));
  EXPECT_EQ(size(Part::kDocuments, 0), size(Part::kDocuments, (64U << 10) - 4));
  EXPECT_EQ(size(Part::kDocuments, (64U << 10) - 3) - size(Part::kDocuments, 0), (1U << 20) - (64U << 10));
  const Result<std::string> longer = Seal(TestSeed("1"), parties.context, parties.holders, Part::kPrice,
                                          std::string(kMaxPriceBytes + 1, 'x'));
  ASSERT_FALSE(longer.ok());
  ASSERT_EQ(longer.error().violations.size(), 1u);
  EXPECT_EQ(longer.error().violations[0].reason, Reason::kTOO_LONG);
  EXPECT_EQ(longer.error().violations[0].limit, "0..508 bytes");
  EXPECT_FALSE(Seal(TestSeed("1"), parties.context, parties.holders, Part::kDocuments,
                    std::string(kMaxDocumentsBytes + 1, 'x'))
                   .ok());
}

// reliability.md N96.
TEST_P(EnvelopesOf, N96AnEnvelopeIsForOneBidderAuctionAndVersion) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 3);
  const Envelope envelope = ParseEnvelope(parties.MustSeal(TestSeed("1"), Part::kPrice, "bid")).value();
  ASSERT_TRUE(CheckAddressed(envelope, parties.context, parties.holders).ok());
  const auto field_of = [&](auto change) {
    Context expected = parties.context;
    change(expected);
    const Status status = CheckAddressed(envelope, expected, parties.holders);
    EXPECT_EQ(status.error().reason, Reason::kENVELOPE_MISADDRESSED);
    return status.error().metadata.at("field");
  };
  EXPECT_EQ(field_of([](Context& c) { c.origin += "x"; }), "origin");
  EXPECT_EQ(field_of([](Context& c) { c.auction += "x"; }), "auction");
  EXPECT_EQ(field_of([](Context& c) { c.lot += "x"; }), "lot");
  EXPECT_EQ(field_of([](Context& c) { c.bidder += "x"; }), "bidder");
  EXPECT_EQ(field_of([](Context& c) { ++c.version; }), "version");
  EXPECT_EQ(field_of([](Context& c) { c.rules_hash = TestSeed("other rules"); }), "rules_hash");
  // Writing another address on it does not help: every key depends on the address.
  std::string readdressed = envelope.bytes;
  readdressed.replace(readdressed.find("40217"), 5, "40218");
  const Envelope stolen = ParseEnvelope(readdressed).value();
  EXPECT_EQ(stolen.context.bidder, "40218");
  const Verdict verdict = Combine(stolen, parties.holders, parties.AllShares(stolen)).value();
  EXPECT_EQ(verdict.outcome, Outcome::kBidderInvalid);
  EXPECT_EQ(verdict.flaw, Flaw::kSeedNotRecovered);
}

// reliability.md N97.
TEST_P(EnvelopesOf, N97AnEnvelopeForOtherHoldersIsRefused) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 3);
  const TestParties others = MakeTestParties(GetParam(), 2, 3, "others");
  const Envelope envelope = ParseEnvelope(others.MustSeal(TestSeed("1"), Part::kPrice, "bid")).value();
  EXPECT_EQ(CheckAddressed(envelope, parties.context, parties.holders).error().reason,
            Reason::kWRONG_HOLDER_SET);
  EXPECT_EQ(OpenShare(parties.keys[0], parties.holders, envelope).error().reason, Reason::kWRONG_HOLDER_SET);
  EXPECT_EQ(OpenShare(parties.keys[0], others.holders, envelope).error().reason, Reason::kWRONG_HOLDER_SET);
  EXPECT_EQ(Combine(envelope, parties.holders, {}).error().reason, Reason::kWRONG_HOLDER_SET);
  const Result<std::string> sealed =
      Seal(TestSeed("1"), parties.context, others.holders, Part::kPrice, "bid");
  ASSERT_FALSE(sealed.ok());
  EXPECT_EQ(sealed.error().reason, Reason::kWRONG_HOLDER_SET);
}

TEST(Envelope, N97KeysNobodyMakesHonestlyAreRefused) {
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 2, 2);
  const std::string bytes = parties.MustSeal(TestSeed("1"), Part::kPrice, "bid");
  const size_t at = bytes.find(ParseEnvelope(bytes)->boxes[0].ephemeral_key);
  for (const std::string& key :
       {std::string(32, '\0'), "\x01" + std::string(31, '\0'), std::string(32, '\xff')}) {
    std::string changed = bytes;
    const Result<Envelope> envelope = ParseEnvelope(changed.replace(at, key.size(), key));
    ASSERT_FALSE(envelope.ok());
    EXPECT_EQ(envelope.error().metadata.at("detail"), "the key of a box is none of the suite");
  }
}

TEST(Envelope, TheAddressHasToBeWritable) {
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 2, 2);
  const auto violation = [&](auto change) {
    Context context = parties.context;
    change(context);
    const Result<std::string> sealed = Seal(TestSeed("1"), context, parties.holders, Part::kPrice, "bid");
    return sealed.ok() ? "" : sealed.error().violations.at(0).field;
  };
  EXPECT_EQ(violation([](Context&) {}), "");
  EXPECT_EQ(violation([](Context& c) { c.origin = std::string(255, 'o'); }), "");
  EXPECT_EQ(violation([](Context& c) { c.origin = std::string(256, 'o'); }), "origin");
  EXPECT_EQ(violation([](Context& c) { c.auction = ""; }), "auction");
  EXPECT_EQ(violation([](Context& c) { c.lot = "1 2"; }), "lot");
  EXPECT_EQ(violation([](Context& c) { c.bidder = "4\n"; }), "bidder");
  EXPECT_EQ(violation([](Context& c) { c.version = 0; }), "version");
  EXPECT_EQ(violation([](Context& c) { c.rules_hash = "short"; }), "rules_hash");
}

TEST(Envelope, TwoBidsOfOneAmountHaveNothingInCommon) {
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 2, 2);
  const Envelope one = ParseEnvelope(parties.MustSeal(TestSeed("1"), Part::kPrice, "bid")).value();
  const Envelope two = ParseEnvelope(parties.MustSeal(TestSeed("2"), Part::kPrice, "bid")).value();
  EXPECT_NE(one.commitment, two.commitment);
  EXPECT_NE(one.body, two.body);
  for (const Box& box : one.boxes) {
    for (const Box& other : two.boxes) EXPECT_FALSE(box == other);
  }
  EXPECT_EQ(one.bytes.find("bid"), std::string::npos);
}

TEST(Envelope, APriceIsReadBackOrRefused) {
  EXPECT_EQ(FormatPrice(Fen{10'000'000}), "ttx-price-v1\nfen 10000000\n");
  EXPECT_EQ(ParsePrice(FormatPrice(Fen{kMaxFen})).value(), Fen{kMaxFen});
  for (const char* text : {"", "ttx-price-v1\nfen 0\n", "ttx-price-v1\nfen -1\n", "ttx-price-v1\nfen 01\n",
                           "ttx-price-v1\nfen 1", "ttx-price-v1\nfen 1\n\n", "ttx-price-v1\nfen 1 \n",
                           "ttx-price-v1\nfen +1\n", "ttx-price-v1\nfen 9000000000000001\n",
                           "ttx-price-v1\nfen \n", "ttx-price-v2\nfen 1\n", "ttx-price-v1\nfen 1e3\n"}) {
    const Result<Fen> price = ParsePrice(text);
    ASSERT_FALSE(price.ok()) << text;
    EXPECT_EQ(price.error().reason, Reason::kMALFORMED_BODY) << text;
  }
}

}  // namespace
}  // namespace ttx::sealed
