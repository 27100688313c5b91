#include "libs/obs/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "libs/testing/manual_clock.h"

namespace ttx::obs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "ttx_log_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "log";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Logger> Open(LogOptions options = {}) {
    options.file = path_;
    auto logger = Logger::Open(std::move(options), clock_);
    EXPECT_TRUE(logger.ok());
    return std::move(logger).value();
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  testing::ManualClock clock_{Time{1'700'000'000'500'000'000}};
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

std::string Escaped(std::string_view text) {
  std::string out;
  AppendEscaped(text, out);
  return out;
}

TEST_F(LogTest, WritesOneJsonLinePerRecord) {
  const auto logger = Open();
  logger->Log(Level::kInfo, "request",
              {{"method", "PlaceBid"}, {"latency_us", 1234}, {"ok", true}, {"peer", "甲"}});
  logger->Log(Level::kError, "stopped", {});
  logger->Flush();
  EXPECT_THAT(
      Lines(),
      ElementsAre(R"({"time":"2023-11-14T22:13:20.5Z","level":"info","event":"request","method":"PlaceBid",)"
                  R"("latency_us":1234,"ok":true,"peer":"甲"})",
                  R"({"time":"2023-11-14T22:13:20.5Z","level":"error","event":"stopped"})"));
}

TEST_F(LogTest, LeavesOutLevelsBelowTheConfiguredOne) {
  const auto logger = Open({.level = Level::kWarning});
  logger->Log(Level::kInfo, "hidden", {});
  logger->Log(Level::kWarning, "shown", {});
  logger->Flush();
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_THAT(Lines()[0], HasSubstr("shown"));
}

TEST_F(LogTest, ADestroyedLoggerHasWrittenEverything) {
  {
    const auto logger = Open();
    for (int i = 0; i < 1000; ++i) logger->Log(Level::kInfo, "tick", {{"i", i}});
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_THAT(lines[i], HasSubstr("\"i\":" + std::to_string(i) + "}"));
}

TEST_F(LogTest, AuditStandsBehindWhatWasLoggedBeforeAndIsNumbered) {
  const auto logger = Open();
  logger->Log(Level::kInfo, "first", {});
  ASSERT_TRUE(logger->Audit("login", {{"person", "people/1"}}).ok());
  ASSERT_TRUE(logger->Audit("logout", {}).ok());
  const auto lines = Lines();  // without Flush
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], HasSubstr("first"));
  EXPECT_THAT(lines[1], HasSubstr(R"("level":"audit","event":"login","person":"people/1","sequence":1})"));
  EXPECT_THAT(lines[2], HasSubstr(R"("event":"logout","sequence":2})"));
}

TEST_F(LogTest, AuditSaysWhenItCannotWrite) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP();
  auto logger = Logger::Open({.file = "/dev/full"}, clock_);
  ASSERT_TRUE(logger.ok());
  const Status status = (*logger)->Audit("login", {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, Reason::kUNAVAILABLE);
}

TEST_F(LogTest, AnAuditRecordThatFailedUsesUpNoNumberAndTheNextOneIsWhole) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP();
  std::filesystem::create_symlink("/dev/full", path_);
  const auto logger = Open();
  const Status full = logger->Audit("login", {});
  ASSERT_FALSE(full.ok());
  EXPECT_THAT(full.error().metadata.at("detail"), HasSubstr("No space left"));
  std::filesystem::remove(path_);
  ASSERT_TRUE(logger->Reopen().ok());
  ASSERT_TRUE(logger->Audit("login", {}).ok());
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_THAT(Lines()[0], HasSubstr(R"("event":"login","sequence":1})"));
}

TEST_F(LogTest, AuditRecordsMayHaveAFileOfTheirOwn) {
  const auto logger = Open({.audit_file = folder_ / "audit"});
  logger->Log(Level::kInfo, "request", {});
  ASSERT_TRUE(logger->Audit("login", {}).ok());
  logger->Flush();
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr(R"("event":"request")")));
  path_ = folder_ / "audit";
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr(R"("event":"login")")));
}

TEST_F(LogTest, ReopenGoesOnInNewFilesAndLosesNothing) {
  const std::filesystem::path audit = folder_ / "audit";
  const auto logger = Open({.audit_file = audit});
  constexpr int kRounds = 20;
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i) {
      logger->Log(Level::kInfo, "tick", {{"i", i}});
      if (i % 10 == 0) {
        EXPECT_TRUE(logger->Audit("mark", {}).ok());
      }
    }
  });
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& file : {path_, audit}) {
      std::filesystem::rename(file, file.string() + "." + std::to_string(round));
    }
    ASSERT_TRUE(logger->Reopen().ok());
  }
  writer.join();
  logger->Flush();
  // Each moved file was complete when the next one began: together they hold every line, in order.
  const auto all = [&](const std::filesystem::path& file) {
    std::vector<std::string> lines;
    for (int round = 0; round <= kRounds; ++round) {
      path_ = round < kRounds ? file.string() + "." + std::to_string(round) : file.string();
      const std::vector<std::string> part = Lines();
      lines.insert(lines.end(), part.begin(), part.end());
    }
    return lines;
  };
  const std::filesystem::path log = path_;
  const std::vector<std::string> ticks = all(log);
  ASSERT_EQ(ticks.size(), 2000u);
  for (int i = 0; i < 2000; ++i) EXPECT_THAT(ticks[i], HasSubstr("\"i\":" + std::to_string(i) + "}"));
  const std::vector<std::string> marks = all(audit);
  ASSERT_EQ(marks.size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_THAT(marks[i], HasSubstr("\"sequence\":" + std::to_string(i + 1) + "}"));
}

TEST_F(LogTest, AReopenThatFailsChangesNothing) {
  const std::filesystem::path elsewhere = folder_ / "gone";
  std::filesystem::create_directory(elsewhere);
  const auto logger = Open({.audit_file = elsewhere / "audit"});
  ASSERT_TRUE(logger->Audit("before", {}).ok());
  std::filesystem::rename(elsewhere, folder_ / "moved");
  const Status reopened = logger->Reopen();
  ASSERT_FALSE(reopened.ok());
  EXPECT_EQ(reopened.error().reason, Reason::kCANNOT_OPEN_FILE);
  logger->Log(Level::kInfo, "request", {});
  ASSERT_TRUE(logger->Audit("after", {}).ok());
  logger->Flush();
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("request")));
  path_ = folder_ / "moved/audit";
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("before"), HasSubstr("after")));
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAnError) {
  const auto logger = Logger::Open({.file = folder_ / "missing" / "log"}, clock_);
  ASSERT_FALSE(logger.ok());
  EXPECT_EQ(logger.error().reason, Reason::kCANNOT_OPEN_FILE);
  EXPECT_THAT(logger.error().message(), HasSubstr("missing/log: No such file"));
}

// The sink is a pipe nobody reads, so the queue must fill; afterwards written + dropped is what was logged.
TEST_F(LogTest, AFullQueueDropsAndCounts) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int pipe = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(pipe, 0);
  auto logger = Open({.queue_bytes_max = 64 << 10});
  constexpr int kLogged = 4000;
  const std::string filler(200, 'x');
  for (int i = 0; i < kLogged; ++i) logger->Log(Level::kInfo, "flood", {{"i", i}, {"filler", filler}});

  std::string text;
  std::thread reader([&] {
    char buffer[4096];
    while (text.find("\"end\"") == text.npos || text.back() != '\n') {
      const ssize_t n = read(pipe, buffer, sizeof buffer);
      ASSERT_GT(n, 0);
      text.append(buffer, static_cast<size_t>(n));
    }
  });
  logger->Flush();
  ASSERT_TRUE(logger->Audit("end", {}).ok());
  reader.join();
  logger.reset();
  close(pipe);

  int written = 0;
  int dropped = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    ASSERT_EQ(line.front(), '{');
    ASSERT_EQ(line.back(), '}');
    if (line.find("\"flood\"") != line.npos) ++written;
    constexpr std::string_view kNotice = R"("event":"log_records_dropped","count":)";
    if (const size_t at = line.find(kNotice); at != line.npos)
      dropped += std::stoi(line.substr(at + kNotice.size()));
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(written + dropped, kLogged);
}

TEST_F(LogTest, ManyThreadsShareOneLogWithoutTearingLines) {
  const auto logger = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&logger, t] {
      for (int i = 0; i < 500; ++i) {
        logger->Log(Level::kInfo, "tick", {{"thread", t}, {"i", i}});
        if (i % 50 == 0) {
          EXPECT_TRUE(logger->Audit("mark", {{"thread", t}}).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  logger->Flush();
  const auto lines = Lines();
  EXPECT_EQ(lines.size(), 4u * 510);
  std::vector<int> next(4, 0);
  for (const std::string& line : lines) {
    int thread = -1;
    int i = -1;
    const size_t at = line.find("\"thread\"");
    if (std::sscanf(line.c_str() + at, "\"thread\":%d,\"i\":%d}", &thread, &i) == 2) {
      EXPECT_EQ(i, next[thread]++);
    }
  }
  EXPECT_THAT(next, ElementsAre(500, 500, 500, 500));
}

TEST_F(LogTest, LongStringsAreCutBetweenCharacters) {
  const auto logger = Open();
  std::string text(kLogStringBytesMax - 1, 'x');
  text += "挂牌";
  logger->Log(Level::kInfo, "long", {{"text", text}});
  logger->Flush();
  EXPECT_THAT(Lines()[0], ::testing::EndsWith("xxx...\"}"));
  EXPECT_EQ(Lines()[0].find("\\ufffd"), std::string::npos);
}

TEST_F(LogTest, TheProcessLoggerDiscardsUntilItIsOpened) {
  Log(Level::kError, "before", {});
  EXPECT_TRUE(Audit("before", {}).ok());
  ASSERT_TRUE(InitLog({.file = path_}, clock_).ok());
  Log(Level::kInfo, "during", {{"n", uint64_t{1} << 63}});
  ShutdownLog();
  Log(Level::kError, "after", {});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr(R"("event":"during","n":9223372036854775807)"));
}

TEST(EscapeTest, HidesWhatCouldForgeALineOrAScreen) {
  EXPECT_EQ(Escaped("a\"b\\c"), R"(a\"b\\c)");
  EXPECT_EQ(Escaped("x\r\n{\"event\":\"login\"}\t\x1b[2J\x7f"),
            R"(x\u000d\n{\"event\":\"login\"}\u0009\u001b[2J\u007f)");
  EXPECT_EQ(Escaped(std::string_view("a\0b", 3)), R"(a\u0000b)");
  EXPECT_EQ(Escaped("\u0085\u2028\u2029\u202e\u200b\u2066\ufeff"),
            R"(\u0085\u2028\u2029\u202e\u200b\u2066\ufeff)");
  EXPECT_EQ(Escaped("成果挂牌 é 😀"), "成果挂牌 é 😀");
}

TEST(EscapeTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Escaped("\xff"), R"(\ufffd)");
  EXPECT_EQ(Escaped("a\xc0\x8a"), R"(a\ufffd\ufffd)");          // an overlong line feed
  EXPECT_EQ(Escaped("\xed\xa0\x80"), R"(\ufffd\ufffd\ufffd)");  // a surrogate
  EXPECT_EQ(Escaped("\xf4\x90\x80\x80z"), R"(\ufffd\ufffd\ufffd\ufffdz)");
  EXPECT_EQ(Escaped("\xe6\x8c"), R"(\ufffd\ufffd)");  // cut short
}

RC_GTEST_PROP(EscapeTest, AnyBytesGiveOneLineWithoutLooseQuotes, (const std::string& bytes)) {
  const std::string out = Escaped(bytes);
  for (size_t i = 0; i < out.size(); ++i) {
    RC_ASSERT(static_cast<unsigned char>(out[i]) >= 0x20);
    RC_ASSERT(out[i] != '"');
    if (out[i] == '\\') ++i;
  }
}

}  // namespace
}  // namespace ttx::obs
