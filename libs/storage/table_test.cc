#include "libs/storage/table.h"

#include <gtest/gtest.h>

#include "libs/storage/mem_kv.h"

namespace ttx::storage {
namespace {

enum class Table : uint8_t { kThing = 0x10, kByOwner = 0x11, kSeries = 0x12, kNext = 0x13 };

// Reads its own text unless that is "damaged".
struct Record {
  std::string text;
  bool ParseFromArray(const char* data, int size) {
    text.assign(data, static_cast<size_t>(size));
    return text != "damaged";
  }
  std::string GetTypeName() const { return "ttx.Record"; }
};

struct State {
  std::string text;
  bool operator==(const State&) const = default;
};
std::optional<std::string> Check(const State& state) {
  return state.text == "broken" ? std::optional<std::string>("it is broken") : std::nullopt;
}
State FromRecord(const Record& record) { return {record.text}; }

class TableTest : public ::testing::Test {
 protected:
  std::optional<State> LoadThing(const std::string& id) {
    return Load<Record>(txn_, KeyOf(Table::kThing, id), FromRecord);
  }

  MemKv kv_;
  const Overlay batch_;
  const std::unordered_map<std::string, std::optional<std::string>> prefetched_;
  Txn txn_{kv_, batch_, prefetched_, Time{1}, 1};
};

TEST_F(TableTest, AKeyIsItsTableAndItsTexts) {
  EXPECT_EQ(KeyOf(Table::kNext), "\x13");
  EXPECT_EQ(KeyOf(Table::kByOwner, "o", "id"), Key(0x11).Text("o").Text("id").str());
  EXPECT_EQ(In(Table::kSeries, "s").U64(7).str(), Key(0x12).Text("s").U64(7).str());
}

TEST_F(TableTest, WhatIsLoadedIsThereAndHolds) {
  txn_.Put(KeyOf(Table::kThing, "a"), "sound");
  txn_.Put(KeyOf(Table::kThing, "b"), "broken");
  txn_.Put(KeyOf(Table::kThing, "c"), "damaged");
  EXPECT_EQ(LoadThing("a"), State{"sound"});
  EXPECT_EQ(LoadThing("d"), std::nullopt);
  EXPECT_DEATH((void)LoadThing("b"), "it is broken");
  EXPECT_DEATH((void)LoadThing("c"), "ttx.Record cannot be read");
  const auto load = [this](const std::string& id) { return LoadThing(id); };
  EXPECT_EQ(LoadEach({"a", "a"}, load), (std::vector<State>{{"sound"}, {"sound"}}));
  EXPECT_DEATH((void)LoadEach({"a", "d"}, load), "missing");
}

TEST_F(TableTest, AnIndexListsWhatFollowsItsPrefixAfterAText) {
  for (const char* id : {"a", "ab", "b"}) txn_.Put(KeyOf(Table::kByOwner, "o", id), id);
  txn_.Put(KeyOf(Table::kByOwner, "o2", "c"), "");
  const Key prefix = In(Table::kByOwner, "o");
  EXPECT_EQ(ListTexts(txn_, prefix, "", 10), (std::vector<std::string>{"a", "ab", "b"}));
  EXPECT_EQ(ListTexts(txn_, prefix, "", 2), (std::vector<std::string>{"a", "ab"}));
  EXPECT_EQ(ListTexts(txn_, prefix, "a", 10), (std::vector<std::string>{"ab", "b"}));
  EXPECT_TRUE(ListTexts(txn_, prefix, "b", 10).empty());
  EXPECT_DEATH((void)ListTexts(txn_, In(Table::kByOwner), "", 10), "one text");
  EXPECT_EQ(FromEntries(ScanAfter(txn_, prefix, "a", 1), FromRecord), std::vector<State>{{"ab"}});
  EXPECT_EQ(FindId<State>(txn_, KeyOf(Table::kByOwner, "o", "b")), State{"b"});
}

TEST_F(TableTest, ASeriesGoesOnAfterANumber) {
  const Key series = In(Table::kSeries, "s");
  EXPECT_EQ(LastNumber(txn_, series), 0u);
  for (const uint64_t number : {1, 2, 256}) txn_.Put(Key(series).U64(number).str(), std::to_string(number));
  txn_.Put(In(Table::kSeries, "t").U64(999).str(), "999");
  EXPECT_EQ(LastNumber(txn_, series), 256u);
  EXPECT_EQ(FromEntries(ScanAfter(txn_, series, 1, 10), FromRecord), (std::vector<State>{{"2"}, {"256"}}));
}

TEST_F(TableTest, ANumberIsEightBytes) {
  EXPECT_EQ(NumberOf(NumberValue(UINT64_MAX)), UINT64_MAX);
  EXPECT_EQ(FindNumber(txn_, KeyOf(Table::kNext)), 0u);
  txn_.Put(KeyOf(Table::kNext), NumberValue(258));
  EXPECT_EQ(FindNumber(txn_, KeyOf(Table::kNext)), 258u);
  EXPECT_DEATH((void)NumberOf("1234567"), "not one number");
  EXPECT_DEATH((void)NumberOf("123456789"), "not one number");
}

TEST_F(TableTest, ThePlannedCallFollowsTheState) {
  const auto planned = [this] {
    std::vector<Time> times;
    for (const Due& due : ReadDue(txn_, Time{100}, 10)) times.push_back(due.time);
    return times;
  };
  MoveDue(txn_, "s", std::nullopt, Time{5});
  EXPECT_EQ(planned(), std::vector<Time>{{5}});
  MoveDue(txn_, "s", Time{5}, Time{5});
  EXPECT_EQ(planned(), std::vector<Time>{{5}});
  MoveDue(txn_, "s", Time{5}, Time{9});
  EXPECT_EQ(planned(), std::vector<Time>{{9}});
  MoveDue(txn_, "s", Time{9}, std::nullopt);
  EXPECT_TRUE(planned().empty());
}

}  // namespace
}  // namespace ttx::storage
