#include <gtest/gtest.h>
#include <sys/stat.h>

#include "libs/storage/shell.h"
#include "tests/contract/temp_folder.h"

namespace ttx::contract {
namespace {

using storage::CheckFolder;
using storage::ClaimFolder;

TEST(ClaimFolder, ANewFolderIsMadeAndMarked) {
  const TempFolder parent;
  const std::string path = parent / "var/auction";
  ASSERT_TRUE(ClaimFolder(path, "auction sandbox 1").ok());
  EXPECT_EQ(ReadFolder(path), (std::map<std::string, std::string>{{"TTX", "auction sandbox 1\n"}}));
}

TEST(ClaimFolder, ItsOwnerMayClaimItAgainWithDataInIt) {
  const TempFolder folder;
  ASSERT_TRUE(ClaimFolder(folder.path(), "auction sandbox 1").ok());
  WriteFile(folder / "000004.log", "data");
  const auto before = ReadFolder(folder.path());
  EXPECT_TRUE(ClaimFolder(folder.path(), "auction sandbox 1").ok());
  EXPECT_EQ(ReadFolder(folder.path()), before);
}

TEST(ClaimFolder, AnotherServiceModeOrFormatIsRefusedAndNothingTouched) {
  const TempFolder folder;
  ASSERT_TRUE(ClaimFolder(folder.path(), "auction sandbox 1").ok());
  WriteFile(folder / "000004.log", "data");
  const auto before = ReadFolder(folder.path());
  for (const std::string other : {"party sandbox 1", "auction production 1", "auction sandbox 2", "auction sandbox"}) {
    const Status status = ClaimFolder(folder.path(), other);
    ASSERT_FALSE(status.ok()) << other;
    EXPECT_EQ(status.error(), Error(Reason::kDATA_MISMATCH, {{"path", folder.path()},
                                                            {"found", "auction sandbox 1"},
                                                            {"expected", other}}));
    EXPECT_EQ(ReadFolder(folder.path()), before);
  }
}

TEST(ClaimFolder, AFolderWithSomethingElseInItIsLeftAlone) {
  const TempFolder folder;
  WriteFile(folder / "letters.txt", "dear");
  const Status status = ClaimFolder(folder.path(), "auction sandbox 1");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, Reason::kDATA_MISMATCH);
  EXPECT_EQ(ReadFolder(folder.path()), (std::map<std::string, std::string>{{"letters.txt", "dear"}}));
}

TEST(CheckFolder, SaysTheSameAndTouchesNothing) {
  const TempFolder parent;
  EXPECT_TRUE(CheckFolder(parent / "new", "auction sandbox 1").ok());
  EXPECT_FALSE(std::filesystem::exists(parent / "new"));
  EXPECT_TRUE(CheckFolder(parent.path(), "auction sandbox 1").ok());
  EXPECT_TRUE(ReadFolder(parent.path()).empty());
  ASSERT_TRUE(ClaimFolder(parent / "claimed", "auction sandbox 1").ok());
  EXPECT_TRUE(CheckFolder(parent / "claimed", "auction sandbox 1").ok());
  WriteFile(parent / "file", "x");
  for (const std::string& path : {parent.path(), parent / "claimed", parent / "file"}) {
    const Status check = CheckFolder(path, "auction production 1");
    ASSERT_FALSE(check.ok()) << path;
    EXPECT_EQ(check.error(), ClaimFolder(path, "auction production 1").error());
  }
}

// A claim that was cut short left the draft of its marker, whole or torn: the folder is still nobody's.
TEST(ClaimFolder, AClaimThatWasCutShortIsDoneAgain) {
  for (const std::string draft : {"", "auction prod", "auction production 1\n"}) {
    const TempFolder folder;
    WriteFile(folder / "TTX.new", draft);
    ASSERT_TRUE(CheckFolder(folder.path(), "auction sandbox 1").ok());
    ASSERT_TRUE(ClaimFolder(folder.path(), "auction sandbox 1").ok());
    EXPECT_EQ(ReadFolder(folder.path()), (std::map<std::string, std::string>{{"TTX", "auction sandbox 1\n"}}));
  }
  const TempFolder taken;
  WriteFile(taken / "TTX.new", "");
  WriteFile(taken / "letters.txt", "dear");
  EXPECT_EQ(ClaimFolder(taken.path(), "auction sandbox 1").error().reason, Reason::kDATA_MISMATCH);
}

TEST(ClaimFolder, WhatIsNotAFolderIsUnreadable) {
  const TempFolder parent;
  WriteFile(parent / "file", "x");
  for (const std::string& path : {parent / "file", parent / "file/below"}) {
    const Status status = ClaimFolder(path, "auction sandbox 1");
    ASSERT_FALSE(status.ok()) << path;
    EXPECT_EQ(status.error().reason, Reason::kDATA_UNREADABLE);
    EXPECT_EQ(status.error().metadata.at("path"), path);
  }
  EXPECT_EQ(ReadFile(parent / "file"), "x");
}

TEST(ClaimFolder, WhatMayNotBeWrittenOrReadIsUnreadable) {
  const TempFolder parent;
  ASSERT_EQ(::chmod(parent.path().c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((parent / "locked").c_str(), 0555), 0);   // entries may be seen, none made
  ASSERT_EQ(::mkdir((parent / "closed").c_str(), 0), 0);      // entries may not even be seen
  ASSERT_EQ(::mkdir((parent / "unread").c_str(), 0755), 0);   // the marker may not be read
  WriteFile(parent / "unread/TTX", "auction sandbox 1\n");
  ASSERT_EQ(::chmod((parent / "unread/TTX").c_str(), 0), 0);
  const WithoutPrivileges nobody;
  for (const std::string name : {"locked", "locked/new", "closed", "unread"}) {
    const Status status = ClaimFolder(parent / name, "auction sandbox 1");
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().reason, Reason::kDATA_UNREADABLE) << name;
  }
}

}  // namespace
}  // namespace ttx::contract
