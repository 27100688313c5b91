#include "services/server/feed_report.h"

#include <gtest/gtest.h>

#include "libs/storage/codec.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/txn.h"

namespace ttx::server {
namespace {

using storage::ShellTable;

storage::Key TableKey(ShellTable table) { return storage::Key(static_cast<uint8_t>(table)); }

// What libs/rpc/feed.cc leaves behind.
void Take(storage::WriteBatch& batch, const std::string& source, uint64_t cursor) {
  std::string value;
  storage::AppendU64(value, cursor);
  batch.Put(TableKey(ShellTable::kFeedCursor).Text(source).str(), value);
}
void Refuse(storage::WriteBatch& batch, const std::string& source, uint64_t sequence,
            const std::string& reason) {
  batch.Put(TableKey(ShellTable::kFeedRefusal).Text(source).U64(sequence).str(), reason);
}

TEST(FeedReport, ShowsEachFeedWithWhatItRefused) {
  storage::MemKv auction;
  storage::MemKv contract;
  storage::MemKv party;
  storage::WriteBatch batch;
  Take(batch, "listing", 7);
  Refuse(batch, "listing", 5, "INVALID_FIELD");
  Refuse(batch, "listing", 300, "WRONG_STATE listing_published listings/1");
  Refuse(batch, "listing", 301, "NOT_FOUND token_key_changed ");
  Refuse(batch, "listings", 6, "NOT_FOUND");  // of another source, whose name begins alike
  Take(batch, "settlement", 2);
  ASSERT_TRUE(contract.Write(batch).ok());
  storage::WriteBatch other;
  Take(other, "listing", 1);
  ASSERT_TRUE(auction.Write(other).ok());
  EXPECT_EQ(FeedReport({{"party", &party}, {"contract", &contract}, {"auction", &auction}}),
            "{\"feeds\":[{\"service\":\"auction\",\"source\":\"listing\",\"cursor\":1,\"refusals\":[]},"
            "{\"service\":\"contract\",\"source\":\"listing\",\"cursor\":7,\"refusals\":["
            "{\"sequence\":301,\"reason\":\"NOT_FOUND\",\"event\":\"token_key_changed\"},"
            "{\"sequence\":300,\"reason\":\"WRONG_STATE\",\"event\":\"listing_published\","
            "\"resource\":\"listings/1\"},{\"sequence\":5,\"reason\":\"INVALID_FIELD\"}]},"
            "{\"service\":\"contract\",\"source\":\"settlement\",\"cursor\":2,\"refusals\":[]}]}\n");
  EXPECT_EQ(FeedReport({}), "{\"feeds\":[]}\n");
}

TEST(FeedReport, NamesTheNewestHundredRefusals) {
  storage::MemKv auction;
  storage::WriteBatch batch;
  Take(batch, "listing", 150);
  for (uint64_t sequence = 1; sequence <= 150; ++sequence) Refuse(batch, "listing", sequence, "NOT_FOUND");
  ASSERT_TRUE(auction.Write(batch).ok());
  const std::string report = FeedReport({{"auction", &auction}});
  EXPECT_NE(report.find("[{\"sequence\":150,"), std::string::npos);
  EXPECT_NE(report.find("{\"sequence\":51,"), std::string::npos);
  EXPECT_EQ(report.find("{\"sequence\":50,"), std::string::npos);
}

}  // namespace
}  // namespace ttx::server
