#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>

#include "libs/storage/rocks_kv.h"
#include "tests/contract/kv_contract.h"

namespace ttx::contract {
namespace {

namespace fs = std::filesystem;
using storage::Entry;
using storage::Kv;
using storage::OpenRocksKv;
using storage::WriteBatch;
using Files = std::map<std::string, std::string>;

constexpr int64_t kCache = 1 << 20;
constexpr int64_t kBuffer = 64 << 10;  // the least RocksDB takes: the larger tests reach sorted files and compactions
constexpr int64_t kLargeBuffer = 32 << 20;

std::unique_ptr<Kv> Open(const std::string& path, int64_t write_buffer_bytes = kBuffer) {
  Result<std::unique_ptr<Kv>> kv =
      OpenRocksKv({.path = path, .block_cache_bytes = kCache, .write_buffer_bytes = write_buffer_bytes});
  TTX_CHECK(kv.ok(), "cannot open: " + (kv.ok() ? "" : kv.error().message()));
  return std::move(kv).value();
}

std::optional<Error> ErrorOfOpening(const std::string& path) {
  const Result<std::unique_ptr<Kv>> kv = OpenRocksKv({.path = path});
  return kv.ok() ? std::nullopt : std::optional(kv.error());
}

void Put(Kv& kv, const std::string& key, const std::string& value) {
  WriteBatch batch;
  batch.Put(key, value);
  ASSERT_TRUE(kv.Write(batch).ok());
}

std::vector<Entry> All(const Kv& kv) { return kv.Scan({"", "\xff"}, 1'000'000, storage::Direction::kForward); }

std::string Number(int i) {
  std::string digits = std::to_string(i);
  return std::string(6 - digits.size(), '0') + digits;
}

// The folder without RocksDB's own diary and the lock, which hold no data.
Files DataOf(const std::string& folder) {
  Files files = ReadFolder(folder);
  std::erase_if(files, [](const auto& file) { return file.first.starts_with("LOG"); });
  return files;
}

void Restore(const std::string& folder, const Files& files) {
  for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
  for (const auto& [name, bytes] : files) WriteFile(folder + "/" + name, bytes);
}

std::string WalOf(const Files& files) {
  for (const auto& [name, bytes] : files) {
    if (name.ends_with(".log") && !bytes.empty()) return name;
  }
  TTX_CHECK(false, "no write-ahead log");
  return "";
}

// `count` acknowledged batches of two keys each, all of them in the write-ahead log.
Files FolderWithWal(const std::string& folder, int count, size_t value_bytes) {
  {
    const std::unique_ptr<Kv> kv = Open(folder, kLargeBuffer);
    for (int i = 0; i < count; ++i) {
      WriteBatch batch;
      batch.Put("a" + Number(i), std::string(value_bytes, 'v'));
      batch.Put("b" + Number(i), Number(i));
      TTX_CHECK(kv->Write(batch).ok(), "cannot write");
    }
  }
  return DataOf(folder);
}

INSTANTIATE_TEST_SUITE_P(Rocks, KvContract,
                         ::testing::Values(Backend{"RocksKv", [](const std::string& path) { return Open(path); }}),
                         BackendName);

TEST(RocksKv, EverythingIsThereAfterReopening) {
  const TempFolder folder;
  std::map<std::string, std::string> model;
  for (int life = 0; life < 3; ++life) {
    const std::unique_ptr<Kv> kv = Open(folder.path());
    for (int i = 0; i < 300; ++i) {
      WriteBatch batch;
      const std::string key = Number((i * 7 + life * 131) % 500);
      if (i % 5 == 4) {
        batch.Delete(key);
        model.erase(key);
      } else {
        model[key] = std::string(500, static_cast<char>('a' + life)) + Number(i);
        batch.Put(key, model[key]);
      }
      ASSERT_TRUE(kv->Write(batch).ok());
    }
  }
  const std::unique_ptr<Kv> kv = Open(folder.path());
  std::vector<Entry> expected;
  for (const auto& [key, value] : model) expected.push_back({key, value});
  EXPECT_EQ(All(*kv), expected);
  const Files files = ReadFolder(folder.path());
  EXPECT_TRUE(std::any_of(files.begin(), files.end(), [](const auto& file) { return file.first.ends_with(".sst"); }));
}

TEST(RocksKv, OpeningTwiceIsLocked) {
  const TempFolder folder;
  const std::unique_ptr<Kv> first = Open(folder.path());
  const auto error = ErrorOfOpening(folder.path());
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->reason, Reason::kDATA_LOCKED);
  EXPECT_EQ(error->metadata.at("path"), folder.path());
  Put(*first, "still", "works");
  EXPECT_EQ(first->Get("still"), "works");
}

TEST(RocksKv, WhatAnotherProcessHoldsIsLocked) {
  const TempFolder folder;
  Open(folder.path()).reset();
  const std::string lock = folder / "LOCK";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t other = ::fork();
  if (other == 0) {  // only what is safe after fork: takes the lock as RocksDB does, says so, stays
    const int file = ::open(lock.c_str(), O_RDWR);
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    if (::fcntl(file, F_SETLK, &whole) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  const auto error = ErrorOfOpening(folder.path());
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->reason, Reason::kDATA_LOCKED);
  EXPECT_FALSE(ErrorOfOpening(folder.path()).has_value());  // the lock went with its holder
}

// reliability.md F1: RocksDB's default drops acknowledged writes here without a word.
TEST(RocksKv, AFlippedByteInTheMiddleOfTheLogIsDamageAndNothingIsTouched) {
  const TempFolder folder;
  const Files good = FolderWithWal(folder.path(), 1000, 100);
  const std::string wal = WalOf(good);
  Files bad = good;
  bad[wal][bad[wal].size() / 2] ^= 0x01;
  WriteFile(folder / wal, bad[wal]);
  const auto error = ErrorOfOpening(folder.path());
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->reason, Reason::kDATA_DAMAGED);
  EXPECT_EQ(error->code(), Code::kDataLoss);
  EXPECT_EQ(DataOf(folder.path()), bad);
  WriteFile(folder / wal, good.at(wal));  // the fault was the medium's: with the byte back everything is
  EXPECT_EQ(All(*Open(folder.path())).size(), 2000u);
}

TEST(RocksKv, AStoreWithoutItsCurrentFileIsDamageAndNoNewStoreTakesItsPlace) {
  const TempFolder folder;
  FolderWithWal(folder.path(), 10, 100);
  std::filesystem::remove(folder / "CURRENT");
  const Files bad = DataOf(folder.path());
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto error = ErrorOfOpening(folder.path());
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->reason, Reason::kDATA_DAMAGED);
    EXPECT_EQ(DataOf(folder.path()), bad);
  }
}

// Opens `bad`, a folder whose medium spoilt it after 80 keys were acknowledged: refused, or all of them are there.
void ExpectNothingVanishes(const std::string& folder, const Files& bad, const std::string& what) {
  Restore(folder, bad);
  const Result<std::unique_ptr<Kv>> kv = OpenRocksKv({.path = folder});
  if (kv.ok()) {
    EXPECT_EQ(All(**kv).size(), 80u) << "acknowledged writes vanished: " << what;
  } else {
    EXPECT_EQ(kv.error().reason, Reason::kDATA_DAMAGED) << what;
    EXPECT_EQ(DataOf(folder), bad) << what;
  }
}

// Every byte of a record in mid-log and of the last one, header bytes included. RocksDB by itself takes a length that
// points past the end of the file for a torn tail.
TEST(RocksKv, NoFlippedByteOfTheLogLosesAnAcknowledgedWrite) {
  const TempFolder folder;
  const Files good = FolderWithWal(folder.path(), 40, 10);
  const std::string wal = WalOf(good);
  const size_t size = good.at(wal).size();
  const size_t record = size / 40;
  for (const size_t start : {size / 2, size - record}) {
    for (size_t at = start; at < start + record; ++at) {
      for (const char flip : {'\x01', '\x80'}) {
        Files bad = good;
        bad[wal][at] ^= flip;
        ExpectNothingVanishes(folder.path(), bad, "byte " + std::to_string(at) + " of " + std::to_string(size));
      }
    }
  }
}

TEST(RocksKv, AZeroedSectorOfTheLogLosesNoAcknowledgedWrite) {
  const TempFolder folder;
  const Files good = FolderWithWal(folder.path(), 40, 10);
  const std::string wal = WalOf(good);
  const size_t record = good.at(wal).size() / 40;
  for (size_t at = 10 * record; at < 12 * record; ++at) {  // at every place within a record, its start included
    Files bad = good;
    bad[wal].replace(at, 512, 512, '\0');
    ExpectNothingVanishes(folder.path(), bad, "zeroes from " + std::to_string(at));
  }
}

// Batches larger than the log's blocks of 32 KiB are split into records of several kinds.
TEST(RocksKv, LargeBatchesAreReadBackFromTheLog) {
  const TempFolder folder;
  const Files good = FolderWithWal(folder.path(), 40, 100'000);
  EXPECT_EQ(All(*Open(folder.path(), kLargeBuffer)).size(), 80u);
  const std::string wal = WalOf(good);
  for (const size_t at : {size_t{32768 + 5}, size_t{100 * 32768 + 5}, size_t{100 * 32768 + 6}}) {  // lengths and kinds
    Files bad = good;
    bad[wal][at] ^= 0x40;
    ExpectNothingVanishes(folder.path(), bad, "byte " + std::to_string(at));
  }
  Files torn = good;
  torn[wal].resize(torn[wal].size() - 40'000);  // the last batch ends in an earlier block
  Restore(folder.path(), torn);
  EXPECT_EQ(All(*Open(folder.path(), kLargeBuffer)).size(), 78u);
}

// A crash in the middle of the last write, which nobody was told about: the store opens without it, and whole.
TEST(RocksKv, ATornLastRecordOpensWithoutIt) {
  const TempFolder folder;
  const Files good = FolderWithWal(folder.path(), 20, 10);
  const std::string wal = WalOf(good);
  const size_t size = good.at(wal).size();
  const size_t record = size / 20;
  for (size_t torn = 1; torn < record; ++torn) {
    Files shorter = good;
    shorter[wal].resize(size - torn);
    Restore(folder.path(), shorter);
    const std::unique_ptr<Kv> kv = Open(folder.path());
    EXPECT_EQ(All(*kv).size(), 38u) << torn << " bytes torn off";
    EXPECT_EQ(kv->Get("a000019"), std::nullopt);  // neither half of the batch
    EXPECT_EQ(kv->Get("b000019"), std::nullopt);
    EXPECT_EQ(kv->Get("b000018"), "000018");
    Put(*kv, "after", "the crash");
  }
}

TEST(RocksKv, AFlippedByteInASortedFileStopsTheProcessThatReadsIt) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TempFolder folder;
  {
    const std::unique_ptr<Kv> kv = Open(folder.path());
    for (int i = 0; i < 200; ++i) Put(*kv, Number(i), std::string(2000, static_cast<char>('a' + i % 26)));
  }
  int flipped = 0;
  for (const auto& [name, bytes] : ReadFolder(folder.path())) {
    if (!name.ends_with(".sst")) continue;
    std::string bad = bytes;
    bad[bad.size() / 3] ^= 0x10;
    WriteFile(folder / name, bad);
    ++flipped;
  }
  ASSERT_GT(flipped, 0);
  EXPECT_DEATH(All(*Open(folder.path())), "cannot be read|cannot open");
}

TEST(RocksKv, WhatMayNotBeOpenedIsUnreadable) {
  const TempFolder parent;
  ASSERT_EQ(::chmod(parent.path().c_str(), 0755), 0);
  WriteFile(parent / "file", "x");
  ASSERT_EQ(::mkdir((parent / "closed").c_str(), 0), 0);
  Open(parent / "LOCKSMITH").reset();  // its name must not be taken for the reason
  ASSERT_EQ(::chmod((parent / "LOCKSMITH").c_str(), 0555), 0);
  const WithoutPrivileges nobody;
  for (const std::string name : {"file", "file/below", "closed", "LOCKSMITH"}) {
    const auto error = ErrorOfOpening(parent / name);
    ASSERT_TRUE(error.has_value()) << name;
    EXPECT_EQ(error->reason, Reason::kDATA_UNREADABLE) << name << ": " << error->message();
  }
}

}  // namespace
}  // namespace ttx::contract
