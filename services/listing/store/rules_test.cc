// The rules that listings are kept and published with: their bytes and the text that is hashed do not change.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "services/listing/domain/testing.h"
#include "services/listing/store/fields.h"
#include "services/listing/store/record.pb.h"

namespace ttx::listing {
namespace {

struct Golden {
  const char* said;  // ttx.type.v1.BiddingRules, as an application says them
  const char* text_hash;
  const char* bytes_hash;
};

const Golden kGolden[] = {
    {"", "5b0a57f695f10555bfe9164ccd5f382bb80272bdd1080c27a1a78472b85c6fe6",
     "46881b2d4f05a5bdc97412fb7ba22f3f7d8c5b1863f2b83e487b290ef526b512"},
    {R"(mode: MULTI increments { from_fen: 100000000 step_fen: 500000 } increments { from_fen: 150000000
        step_fen: 1000000 } preparation { seconds: 60 } limited_entry: IF_TWO_BIDDERS max_steps_per_bid: 20
        self_outbid: true cap_fen: 200000000 cap_policy: LOTTERY_AT_CAP min_bidders: 2 single_bidder:
        AGREEMENT_AT_QUOTE warnings { seconds: 5 } forfeit_when_silent: true suspension { outage_notice {
        seconds: 60 } resume_notice { seconds: 3600 } longest { seconds: 86400 } })",
     "a0b6680431a342295ac3df62d14a62249c99f132972b602021c8fb65a8659930",
     "b7673846ffc5e2e0f1ba8548f69d0eef8812d9f6d128acb601fc1f9a3faef1e4"},
    {R"(suspension { outage_notice { seconds: 1800 } resume_notice { seconds: 86400 } longest { seconds: 432000
        } })",
     "1c0d1b5bc27d49a10f2cc44646e963beeb2ee75722cf4e3cfd3f60832936c24f",
     "4ed8658a142ddd32c98d0bec743c121fa7746c9065ee56655c2b25c35bd604c1"},
    {R"(mode: DYNAMIC multiple_base: FROM_CURRENT priority { mode: SAME_PRICE equal_rank: LOTTERY answer_period
        { seconds: 600 } })",
     "34cee93a58cb011e1e0d9fbdf014e914818856ea299f1fd5a54d6e83f821e2a1",
     "763c30b6f117121eb35211ba3eec84775c5ac15f209e14cb73fecb6f194cbc4a"},
    {R"(mode: ENGLISH proxy_bids: true free_period { seconds: 7200 } cycle { seconds: 120 } max_total { seconds:
        36000 } priority { mode: ASK_AT_END best_bidder_may_raise: true })",
     "e0a7f8b9f9721312d8d6edf073796a896d86aec8ba5c5ea111dd4731eb87bf88",
     "ba9f174107fc1271458ee9cafc71307cfe9da5edcaacc44b652462f71579c017"},
    {R"(mode: DUTCH dutch { decrement_fen: 1000000 interval { seconds: 60 nanos: 500000000 } floor_fen: 80000000
        })",
     "f5b6297423a4b9fe3ab492f4cf71889b2a6cd1d03068075657a143c75bc339c2",
     "d30f9c8fbc5fc43efe7c7dfdb5d4483ef784dcf5a281d31e2f4b2a1bd8d036ef"},
    {R"(mode: SEALED tie_rule: REQUOTE sealed { submissions: 2 may_withdraw: true check_multiple: true
        shares_needed: 3 shares_total: 5 shares_period { seconds: 86400 } second_period { seconds: 3600 }
        reveal_period { seconds: 1800 } holder_set: "the list" })",
     "e06ad5d7de6ef477b0a6c992c42d39cd0484b37ec55bb149b4aade8a6c64d2be",
     "6b503849aabc6dc24e7a2c72ee165ca399176ef4b6cb21579f6c9c61fedc7b3a"},
    {R"(mode: TENDER min_bidders: 4 sealed { submissions: 1 shares_needed: 2 shares_total: 3 shares_period {
        seconds: 86400 } second_period { } reveal_period { } holder_set: "the list" } scoring {
        price_weight_ppm: 600000 criteria { name: "technology" weight_ppm: 300000 } criteria { name: "team"
        weight_ppm: 100000 } publicity { seconds: 259200 } })",
     "c66e4b1fa629926e67ef96bac7fdb0edaa94c3d59d83eab21cee4bed2f5ae62a",
     "da77721b355b3a0490d2a7ecae957f040a52b7d22f184d9ef370a55db6e589ae"},
    {"next_best_allowed: true", "?", "?"},
};

std::string Hash(const std::string& bytes) { return Hex(crypto::Sha256(bytes)); }

TEST(StoredRules, BytesAndPublishedTextOfEveryMode) {
  for (const Golden& golden : kGolden) {
    store::ListingContentRecord said;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(golden.said, said.mutable_rules()))
        << golden.said;
    ListingContent content = testing::MakeListingContent();
    content.rules = fields::GetListingContent(said).rules;
    content.names_suspension = fields::GetListingContent(said).names_suspension;
    const Result<Rules> rules = NormalizeRules(content.rules, content.listed_price, testing::MakeProfile());
    ASSERT_TRUE(rules.ok()) << golden.said;
    content.rules = *rules;
    content.listing_days = 10;
    content.deposit.amount = Fen{10'000'000};
    content.deposit.pay_days = 3;

    Listing listing;
    listing.id = {"l1"};
    listing.content = content;
    EXPECT_EQ(Hash(CanonicalContent(listing)), golden.text_hash) << golden.said;
    store::ListingContentRecord record;
    fields::Put(content, record);
    EXPECT_EQ(Hash(record.rules().SerializeAsString()), golden.bytes_hash) << golden.said;
    EXPECT_EQ(fields::GetListingContent(record), content) << golden.said;
  }
}

}  // namespace
}  // namespace ttx::listing
