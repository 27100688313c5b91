#include "libs/storage/read_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "libs/storage/mem_kv.h"

namespace ttx::storage {
namespace {

// A store that counts how often it is asked.
class Counted : public Reader {
 public:
  explicit Counted(const Reader& base) : base_(base) {}
  std::optional<std::string> Get(std::string_view key) const override {
    ++gets;
    return base_.Get(key);
  }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return base_.MultiGet(keys);
  }
  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const override {
    return base_.Scan(range, limit, direction);
  }
  mutable int gets = 0;

 private:
  const Reader& base_;
};

TEST(ReadCache, ASecondReadDoesNotAskTheStore) {
  MemKv kv;
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("large", std::string(100, 'x'));
  ASSERT_TRUE(kv.Write(batch).ok());
  const Counted counted(kv);
  const ReadCache cache(counted, 4, 10);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache.Get("a"), "1");
  EXPECT_EQ(counted.gets, 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache.Get("large"), std::string(100, 'x'));
  EXPECT_EQ(counted.gets, 4) << "too large to keep";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cache.Get("none"), std::nullopt);
  EXPECT_EQ(counted.gets, 7) << "what is not there is not kept";
}

// Whatever is read and written in whatever order, the cache says what the store says, and stays within its bound.
RC_GTEST_PROP(ReadCache, SaysWhatTheStoreSays, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  MemKv kv;
  ReadCache cache(kv, 4, 10);
  for (int i = 0; i < 300; ++i) {
    const std::string key(1, static_cast<char>('a' + random() % 20));
    switch (random() % 3) {
      case 0: {
        WriteBatch batch;
        const std::string other(1, static_cast<char>('a' + random() % 20));
        batch.Put(key, std::string(random() % 14, static_cast<char>('0' + i % 10)));
        random() % 2 == 0 ? batch.Delete(other) : batch.Put(other, std::to_string(i));
        RC_ASSERT(kv.Write(batch).ok());
        cache.Apply(batch.changes());
        break;
      }
      default:
        RC_ASSERT(cache.Get(key) == kv.Get(key));
    }
    RC_ASSERT(cache.size() <= 8u);
  }
}

}  // namespace
}  // namespace ttx::storage
