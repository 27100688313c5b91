#include "tests/contract/kv_contract.h"

#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace ttx::contract {
namespace {

using storage::Direction;
using storage::Entry;
using storage::Kv;
using storage::KeyRange;
using storage::PrefixRange;
using storage::Reader;
using storage::WriteBatch;
using Model = std::map<std::string, std::string>;

constexpr size_t kNoLimit = 1'000'000;

void Put(Kv& kv, const std::vector<std::pair<std::string, std::string>>& entries) {
  WriteBatch batch;
  for (const auto& [key, value] : entries) batch.Put(key, value);
  ASSERT_TRUE(kv.Write(batch).ok());
}

std::string Keys(const std::vector<Entry>& entries) {
  std::string keys;
  for (const Entry& entry : entries) keys += entry.key;
  return keys;
}

std::vector<Entry> ScanModel(const Model& model, const KeyRange& range, size_t limit, Direction direction) {
  std::vector<Entry> entries;
  for (const auto& [key, value] : model) {
    if (key >= range.begin && key < range.end) entries.push_back({key, value});
  }
  if (direction == Direction::kReverse) std::reverse(entries.begin(), entries.end());
  if (entries.size() > limit) entries.resize(limit);
  return entries;
}

TEST_P(KvContract, GetFindsWhatWasPutAndNothingElse) {
  Put(*kv_, {{"b", "2"}, {"empty", ""}});
  EXPECT_EQ(kv_->Get("b"), "2");
  EXPECT_EQ(kv_->Get("empty"), "");
  EXPECT_EQ(kv_->Get("a"), std::nullopt);
  EXPECT_EQ(kv_->Get("bb"), std::nullopt);
  EXPECT_EQ(kv_->Get(std::string_view("b\0", 2)), std::nullopt);
}

TEST_P(KvContract, MultiGetAnswersInTheOrderAskedAndForEachCopy) {
  Put(*kv_, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const std::vector<std::optional<std::string>> expected = {"3", std::nullopt, "1", "3", std::nullopt};
  EXPECT_EQ(kv_->MultiGet({"c", "x", "a", "c", "x"}), expected);
  EXPECT_TRUE(kv_->MultiGet({}).empty());
  EXPECT_EQ(kv_->Snapshot()->MultiGet({"c", "x", "a", "c", "x"}), expected);
}

TEST_P(KvContract, ScanHasItsBeginAndNotItsEnd) {
  Put(*kv_, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  EXPECT_EQ(Keys(kv_->Scan({"b", "d"}, kNoLimit, Direction::kForward)), "bc");
  EXPECT_EQ(Keys(kv_->Scan({"b", "d"}, kNoLimit, Direction::kReverse)), "cb");
  EXPECT_EQ(Keys(kv_->Scan({"a0", "c0"}, kNoLimit, Direction::kForward)), "bc");
  EXPECT_EQ(Keys(kv_->Scan({"a0", "c0"}, kNoLimit, Direction::kReverse)), "cb");
  EXPECT_EQ(Keys(kv_->Scan({"", "\xff"}, kNoLimit, Direction::kForward)), "abcd");
  EXPECT_EQ(kv_->Scan({"c", "d"}, 1, Direction::kForward).at(0), (Entry{"c", "3"}));
}

TEST_P(KvContract, ScanTakesTheFirstOrTheLastUpToItsLimit) {
  Put(*kv_, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 0, Direction::kForward)), "");
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 0, Direction::kReverse)), "");
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 1, Direction::kForward)), "a");
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 1, Direction::kReverse)), "d");
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 3, Direction::kForward)), "abc");
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 3, Direction::kReverse)), "dcb");
  EXPECT_EQ(Keys(kv_->Scan({"a", "z"}, 4, Direction::kForward)), "abcd");
}

TEST_P(KvContract, EmptyAndInvertedRangesHoldNothing) {
  Put(*kv_, {{"a", "1"}, {"b", "2"}});
  for (const Direction direction : {Direction::kForward, Direction::kReverse}) {
    EXPECT_TRUE(kv_->Scan({"a", "a"}, kNoLimit, direction).empty());
    EXPECT_TRUE(kv_->Scan({"b", "a"}, kNoLimit, direction).empty());
    EXPECT_TRUE(kv_->Scan({"a", ""}, kNoLimit, direction).empty());
    EXPECT_TRUE(kv_->Scan({"c", "z"}, kNoLimit, direction).empty());
    EXPECT_TRUE(kv_->Scan({"", "a"}, kNoLimit, direction).empty());
  }
}

TEST_P(KvContract, PrefixRangeHoldsThePrefixOnly) {
  const std::string high("p\xff\xff", 3);
  Put(*kv_, {{"o", "0"}, {"p", "1"}, {high, "2"}, {high + "x", "3"}, {"q", "4"}});
  EXPECT_EQ(kv_->Scan(PrefixRange("p"), kNoLimit, Direction::kForward).size(), 3u);
  EXPECT_EQ(kv_->Scan(PrefixRange(high), kNoLimit, Direction::kForward).size(), 2u);
}

TEST_P(KvContract, OrderIsThatOfUnsignedBytes) {
  std::vector<std::string> keys;
  for (int byte = 0; byte < 256; ++byte) {
    keys.push_back(std::string(1, static_cast<char>(byte)));
    keys.push_back(std::string(1, static_cast<char>(byte)) + '\0');
    keys.push_back(std::string(1, static_cast<char>(byte)) + '\xff');
  }
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64(1));
  for (const std::string& key : keys) Put(*kv_, {{key, key + "!"}});
  std::sort(keys.begin(), keys.end());  // char_traits<char> compares as unsigned char
  const std::vector<Entry> found = kv_->Scan({"", "\xff\xff\xff"}, kNoLimit, Direction::kForward);
  ASSERT_EQ(found.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(found[i], (Entry{keys[i], keys[i] + "!"}));
  std::vector<Entry> backward = kv_->Scan({"", "\xff\xff\xff"}, kNoLimit, Direction::kReverse);
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(backward, found);
}

TEST_P(KvContract, KeysAndValuesAreAnyBytes) {
  const std::string key("k\0\x01\0", 4);
  const std::string value("\0\0v\xff\0", 5);
  Put(*kv_, {{key, value}, {std::string("k\0\x01", 3), "shorter"}});
  EXPECT_EQ(kv_->Get(key), value);
  EXPECT_EQ(kv_->MultiGet({key}).at(0), value);
  EXPECT_EQ(kv_->Scan({key, key + '\0'}, kNoLimit, Direction::kForward), (std::vector<Entry>{{key, value}}));
  EXPECT_EQ(kv_->Get(std::string("k\0\x01\0\0", 5)), std::nullopt);
}

TEST_P(KvContract, LargeValuesComeBackWhole) {
  std::string large(5 << 20, '\0');
  std::mt19937_64 random(7);
  for (char& byte : large) byte = static_cast<char>(random());
  Put(*kv_, {{"large", large}, {"small", "s"}});
  EXPECT_TRUE(kv_->Get("large") == large);
  EXPECT_TRUE(kv_->Scan({"l", "m"}, 1, Direction::kReverse).at(0).value == large);
}

TEST_P(KvContract, TheLastOperationOfABatchWins) {
  Put(*kv_, {{"a", "0"}, {"b", "0"}, {"c", "0"}});
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("a", "2");
  batch.Put("b", "1");
  batch.Delete("b");
  batch.Delete("c");
  batch.Put("c", "3");
  batch.Delete("never");
  batch.Delete("d");
  batch.Put("d", "4");
  batch.Delete("d");
  ASSERT_TRUE(kv_->Write(batch).ok());
  EXPECT_EQ(kv_->Get("a"), "2");
  EXPECT_EQ(kv_->Get("b"), std::nullopt);
  EXPECT_EQ(kv_->Get("c"), "3");
  EXPECT_EQ(kv_->Get("d"), std::nullopt);
  EXPECT_EQ(Keys(kv_->Scan({"", "z"}, kNoLimit, Direction::kForward)), "ac");
}

TEST_P(KvContract, AnEmptyBatchChangesNothing) {
  Put(*kv_, {{"a", "1"}});
  ASSERT_TRUE(kv_->Write({}).ok());
  EXPECT_EQ(Keys(kv_->Scan({"", "z"}, kNoLimit, Direction::kForward)), "a");
}

TEST_P(KvContract, LaterWritesDoNotChangeASnapshot) {
  Put(*kv_, {{"a", "1"}, {"b", "2"}});
  const std::unique_ptr<Reader> before = kv_->Snapshot();
  WriteBatch batch;
  batch.Put("a", "9");
  batch.Delete("b");
  batch.Put("c", "3");
  ASSERT_TRUE(kv_->Write(batch).ok());
  EXPECT_EQ(before->Get("a"), "1");
  EXPECT_EQ(before->Get("b"), "2");
  EXPECT_EQ(before->Get("c"), std::nullopt);
  EXPECT_EQ(before->MultiGet({"c", "b"}), (std::vector<std::optional<std::string>>{std::nullopt, "2"}));
  EXPECT_EQ(before->Scan({"", "z"}, kNoLimit), (std::vector<Entry>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(Keys(before->Scan({"", "z"}, 1, Direction::kReverse)), "b");
  EXPECT_EQ(Keys(kv_->Snapshot()->Scan({"", "z"}, kNoLimit)), "ac");
}

TEST_P(KvContract, ASnapshotOutlivesManyWrites) {
  Put(*kv_, {{"k", "0"}});
  std::vector<std::unique_ptr<Reader>> snapshots;
  const std::string filler(2000, 'f');
  for (int i = 1; i <= 600; ++i) {
    if (i % 100 == 1) snapshots.push_back(kv_->Snapshot());
    Put(*kv_, {{"k", std::to_string(i)}, {"filler" + std::to_string(i % 50), filler + std::to_string(i)}});
  }
  for (size_t i = 0; i < snapshots.size(); ++i) EXPECT_EQ(snapshots[i]->Get("k"), std::to_string(i * 100));
  EXPECT_EQ(snapshots[0]->Scan({"", "z"}, kNoLimit).size(), 1u);
  EXPECT_EQ(snapshots[1]->Scan({"", "z"}, kNoLimit).size(), 51u);
  snapshots.erase(snapshots.begin());  // the others do not depend on it
  EXPECT_EQ(snapshots[0]->Get("k"), "100");
  EXPECT_EQ(kv_->Get("k"), "600");
}

// One writer moves an amount between two keys; no snapshot ever sees the amount on its way.
TEST_P(KvContract, ReadersSeeABatchWhollyOrNotAtAll) {
  constexpr int kTotal = 1000;
  Put(*kv_, {{"from", std::to_string(kTotal)}, {"to", "0"}});
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<int> backward = 0;
  std::atomic<int> looks = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      int last = 0;
      while (!stop.load() || looks.load() < 10) {
        const std::unique_ptr<Reader> view = kv_->Snapshot();
        const auto values = view->MultiGet({"from", "to"});
        const int to = std::stoi(*values[1]);
        torn += std::stoi(*values[0]) + to == kTotal ? 0 : 1;
        torn += view->Scan({"to", "to0"}, 1).at(0).value == *values[1] ? 0 : 1;
        backward += to < last ? 1 : 0;
        last = to;
        ++looks;
      }
    });
  }
  for (int moved = 1; moved <= 300; ++moved) {
    Put(*kv_, {{"from", std::to_string(kTotal - moved)}, {"to", std::to_string(moved)}});
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn.load(), 0);
  EXPECT_EQ(backward.load(), 0);
}

// A random walk next to a std::map: every read gives the same, on the store and on snapshots of any age.
class Walk {
 public:
  Walk(Kv& kv, uint64_t seed) : kv_(kv), random_(seed) {}

  void Run() {
    Clear();
    for (int step = 0; step < 40; ++step) {
      Write();
      if (Below(4) == 0) snapshots_.push_back({kv_.Snapshot(), model_});
      if (snapshots_.size() > 3) snapshots_.erase(std::next(snapshots_.begin(), static_cast<long>(Below(3))));
      Compare(kv_, model_);
      for (const auto& [view, model] : snapshots_) Compare(*view, model);
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  // Few and short, so that they meet; with zero bytes and high bytes.
  std::string Key() {
    std::string key;
    for (uint64_t n = 1 + Below(3); n > 0; --n) key += std::string("\0\x01k\x7f\x80\xff", 6)[Below(6)];
    return key;
  }

  void Clear() {
    WriteBatch batch;
    for (const Entry& entry : kv_.Scan({"", "\xff\xff\xff\xff"}, kNoLimit, Direction::kForward)) {
      batch.Delete(entry.key);
    }
    RC_ASSERT(kv_.Write(batch).ok());
  }

  void Write() {
    WriteBatch batch;
    for (uint64_t n = Below(8); n > 0; --n) {
      std::string key = Key();
      if (Below(3) == 0) {
        model_.erase(key);
        batch.Delete(std::move(key));
      } else {
        std::string value(Below(20), static_cast<char>(Below(256)));
        model_.insert_or_assign(key, value);
        batch.Put(std::move(key), std::move(value));
      }
    }
    RC_ASSERT(kv_.Write(batch).ok());
  }

  void Compare(const Reader& reader, const Model& model) {
    const std::vector<std::string> keys = {Key(), Key(), Key(), Key()};
    const auto values = reader.MultiGet(keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto it = model.find(keys[i]);
      const auto expected = it == model.end() ? std::nullopt : std::optional(it->second);
      RC_ASSERT(values[i] == expected);
      RC_ASSERT(reader.Get(keys[i]) == expected);
    }
    const KeyRange range = {Key(), Key()};
    const KeyRange all = {"", "\xff\xff\xff\xff"};
    const size_t limit = Below(12);
    for (const Direction direction : {Direction::kForward, Direction::kReverse}) {
      RC_ASSERT(reader.Scan(range, limit, direction) == ScanModel(model, range, limit, direction));
      RC_ASSERT(reader.Scan(all, kNoLimit, direction) == ScanModel(model, all, kNoLimit, direction));
    }
  }

  Kv& kv_;
  std::mt19937_64 random_;
  Model model_;
  std::list<std::pair<std::unique_ptr<Reader>, Model>> snapshots_;
};

TEST_P(KvContract, ReadsLikeAMap) {
  EXPECT_TRUE(rc::check("every read agrees with a std::map", [this] {
    Walk(*kv_, *rc::gen::arbitrary<uint64_t>()).Run();
  }));
}

}  // namespace
}  // namespace ttx::contract
