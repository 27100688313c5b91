// What the service does with an envelope depends on no amount (reliability.md N93, A13): the same reads and writes, of
// the same sizes, in the same order. That it takes no longer either, tests/bench measures.

#include <gtest/gtest.h>

#include <random>

#include "libs/core/encoding.h"
#include "services/auction/app/test_app.h"
#include "services/auction/app/test_envelopes.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::EnvelopeKit;
using testing::TestApp;
using testing::Yuan;

// Notes which keys are read and written, and how long the values are.
class NotingKv : public storage::Kv {
 public:
  explicit NotingKv(std::string& notes) : notes_(notes) {}

  std::optional<std::string> Get(std::string_view key) const override {
    std::optional<std::string> value = kv_.Get(key);
    Note("get", key, value);
    return value;
  }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    std::vector<std::optional<std::string>> values = kv_.MultiGet(keys);
    for (size_t i = 0; i < keys.size(); ++i) Note("multiget", keys[i], values[i]);
    return values;
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    std::vector<storage::Entry> entries = kv_.Scan(range, limit, direction);
    for (const storage::Entry& entry : entries) Note("scan", entry.key, entry.value);
    return entries;
  }
  std::unique_ptr<storage::Reader> Snapshot() const override { return kv_.Snapshot(); }
  Status Write(const storage::WriteBatch& batch) override {
    for (const auto& [key, value] : batch.changes()) Note("write", key, value);
    return kv_.Write(batch);
  }

 private:
  void Note(std::string_view what, std::string_view key, const std::optional<std::string>& value) const {
    notes_.append(what).append(" ").append(Hex(key)).append(" ");
    notes_.append(value ? std::to_string(value->size()) : "-").append("\n");
  }

  storage::MemKv kv_;
  std::string& notes_;
};

// What handing in, replacing and withdrawing envelopes of these amounts costs.
std::string NotesOf(const EnvelopeKit& kit, Fen first, Fen second) {
  std::string notes;
  TestApp world(At(8, 0), kit.Options(), std::make_unique<NotingKv>(notes));
  world.Schedule(kit.SessionFor(Mode::kSealed));
  world.MoveTo(At(9, 0));
  const Auction auction = world.Now();
  notes.clear();
  const auto submit = [&](const std::string& envelope, Time time) {
    notes += "envelope of " + std::to_string(envelope.size()) + " bytes\n";
    const auto taken = world.At(time, [&](storage::Txn& txn) {
      return world.app.SubmitEnvelope(txn, BidderClient("B01"), {{"a1"}, envelope});
    });
    EXPECT_TRUE(taken.ok()) << taken.error().message();
  };
  submit(kit.Seal(auction, "B01", first), At(9, 1));
  submit(kit.Seal(auction, "B01", second, 2), At(9, 2));
  const auto withdrawn = world.At(At(9, 3), [&](storage::Txn& txn) {
    return world.app.WithdrawEnvelope(txn, BidderClient("B01"), {"a1"});
  });
  EXPECT_TRUE(withdrawn.ok());
  return notes;
}

TEST(AmountTest, WhatIsReadAndWrittenDependsOnNoAmount) {
  const EnvelopeKit kit;
  const std::string expected = NotesOf(kit, Yuan(1'000), Yuan(2'000));
  EXPECT_NE(expected.find("write 1e"), std::string::npos) << "the envelopes themselves are written";
  std::mt19937_64 random(93);
  int64_t limit = 10;
  for (int digits = 1; digits <= 15; ++digits, limit *= 10) {  // most are too low
    for (int i = 0; i < 4; ++i) {
      const Fen first{1 + static_cast<int64_t>(random() % static_cast<uint64_t>(limit - 1))};
      const Fen second{1 + static_cast<int64_t>(random() % static_cast<uint64_t>(limit - 1))};
      ASSERT_EQ(NotesOf(kit, first, second), expected) << first.value << " " << second.value;
    }
  }
  EnvelopeKit other(2, 3);
  EXPECT_NE(NotesOf(other, Yuan(1'000), Yuan(2'000)), expected) << "the comparison sees a difference in size";
}

}  // namespace
}  // namespace ttx::auction
