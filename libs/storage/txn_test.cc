#include "libs/storage/txn.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "libs/storage/codec.h"
#include "libs/storage/mem_kv.h"

namespace ttx::storage {
namespace {

const std::unordered_map<std::string, std::optional<std::string>> kNothingPrefetched;

// The naive meaning of a transaction's reads: the three layers flattened into one map.
std::map<std::string, std::string> Flatten(const MemKv& kv, const Overlay& batch, const Overlay& staged) {
  std::map<std::string, std::string> all;
  for (Entry& entry : kv.Scan({"", "\x7f"}, 1000, Direction::kForward)) all.emplace(entry.key, entry.value);
  for (const Overlay* overlay : {&batch, &staged}) {
    for (const auto& [key, value] : *overlay) {
      all.erase(key);
      if (value) all.emplace(key, *value);
    }
  }
  return all;
}

std::string RandomKey() { return std::string(1, *rc::gen::inRange('a', 'i')); }

RC_GTEST_PROP(Txn, ScansAndGetsSeeTheThreeLayersAsOne, ()) {
  MemKv kv;
  Overlay batch;
  WriteBatch stored;
  for (int i = *rc::gen::inRange(0, 8); i > 0; --i) stored.Put(RandomKey(), "stored");
  (void)kv.Write(stored);
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    batch[RandomKey()] = *rc::gen::arbitrary<bool>() ? std::optional<std::string>("batch") : std::nullopt;
  }
  Txn txn(kv, batch, kNothingPrefetched, Time{1}, 1);
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    *rc::gen::arbitrary<bool>() ? txn.Put(RandomKey(), "own") : txn.Delete(RandomKey());
  }
  const auto expected = Flatten(kv, batch, txn.staged());
  const std::string begin = RandomKey();
  const std::string end = RandomKey();
  const auto limit = static_cast<size_t>(*rc::gen::inRange(0, 9));
  std::vector<Entry> wanted;
  for (const auto& [key, value] : expected) {
    if (begin <= key && key < end) wanted.push_back({key, value});
  }
  std::vector<Entry> forward = wanted;
  forward.resize(std::min(limit, wanted.size()));
  RC_ASSERT(txn.Scan({begin, end}, limit) == forward);
  std::reverse(wanted.begin(), wanted.end());
  wanted.resize(std::min(limit, wanted.size()));
  RC_ASSERT(txn.Scan({begin, end}, limit, Direction::kReverse) == wanted);
  const auto it = expected.find(begin);
  RC_ASSERT(txn.Get(begin) == (it == expected.end() ? std::nullopt : std::optional(it->second)));
}

TEST(Txn, DiscardForgetsWritesAndEvents) {
  MemKv kv;
  const Overlay batch;
  Txn txn(kv, batch, kNothingPrefetched, Time{7}, 5);
  EXPECT_EQ(txn.Emit("first"), 5u);
  EXPECT_EQ(txn.Emit("second"), 6u);
  txn.Put("k", "v");
  txn.Discard();
  EXPECT_TRUE(txn.staged().empty());
  EXPECT_EQ(txn.next_sequence(), 5u);
  EXPECT_EQ(txn.Emit("again"), 5u);
}

TEST(Txn, DueCallsComeInTimeOrderUpToTheAskedInstant) {
  MemKv kv;
  const Overlay batch;
  Txn txn(kv, batch, kNothingPrefetched, Time{1}, 1);
  txn.SetDue(Time{30}, "c");
  txn.SetDue(Time{10}, "a");
  txn.SetDue(Time{20}, "b");
  txn.ClearDue(Time{20}, "b");
  EXPECT_EQ(NextDue(txn), Time{10});
  ASSERT_EQ(ReadDue(txn, Time{29}, 10).size(), 1u);
  const auto due = ReadDue(txn, Time{30}, 10);
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[1].subject, "c");
  EXPECT_EQ(due[1].time, Time{30});
  EXPECT_EQ(ReadDue(txn, Time{30}, 1).size(), 1u);
}

RC_GTEST_PROP(Key, FieldOrderIsByteOrder, (int64_t a, int64_t b)) {
  RC_ASSERT((Key(0x10).I64(a).str() < Key(0x10).I64(b).str()) == (a < b));
  const std::string key = Key(0x10).I64(a).Text("x").str();
  KeyReader reader(key, 0x10);
  RC_ASSERT(reader.I64() == a);
  RC_ASSERT(reader.Text() == "x");
}

TEST(Key, GoldenBytes) {
  EXPECT_EQ(Key(0x10).Text("ab").U64(258).str(), std::string("\x10"
                                                             "ab\0\0\0\0\0\0\0\1\2",
                                                             12));
  EXPECT_DEATH((void)Key(0x10).Text(std::string_view("a\0b", 3)), "zero byte");
  EXPECT_DEATH((void)KeyReader("\x11", 0x10), "another table");
}

}  // namespace
}  // namespace ttx::storage
