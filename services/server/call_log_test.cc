#include "services/server/call_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "libs/obs/log.h"
#include "libs/testing/manual_clock.h"

namespace ttx::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The process's audit log goes to a device that is full until Free.
class CallLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "ttx_call_log_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::filesystem::create_symlink("/dev/full", folder_ / "audit");
    ASSERT_TRUE(obs::InitLog({.file = folder_ / "log", .audit_file = folder_ / "audit"}, clock_).ok());
  }
  void TearDown() override {
    obs::ShutdownLog();
    std::filesystem::remove_all(folder_);
  }

  void Free() {
    std::filesystem::remove(folder_ / "audit");
    ASSERT_TRUE(obs::ReopenLog().ok());
  }
  std::string Text(const char* file) const {
    std::ifstream in(folder_ / file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  static rpc::CallRecord Call(bool audit, Code code) {
    return {.service = "ttx.auction.v1.AuctionService",
            .method = "PlaceBid",
            .subject = "apiClients/1",
            .organization = "organizations/1",
            .person = "people/1",
            .request_id = "r1",
            .trace = "",
            .code = code,
            .reason = code == Code::kOk ? "" : "PHASE_CLOSED",
            .latency_us = 7,
            .audit = audit,
            .replayed = false};
  }
  static bool Pending(const std::future<void>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
  }

  testing::ManualClock clock_{Time{1'700'000'000'000'000'000}};
  std::filesystem::path folder_;
};

TEST_F(CallLogTest, ASuccessIsAnsweredOnlyOnceItIsInTheAuditLogAndNoThreadWaits) {
  CallLog calls;
  EXPECT_TRUE(calls.Writable());
  ::testing::internal::CaptureStderr();
  std::promise<void> answer;
  std::future<void> answered = answer.get_future();
  {
    const std::string subject = "apiClients/that lives no longer than its call";
    rpc::CallRecord call = Call(true, Code::kOk);
    call.subject = subject;
    calls.Record(call, [&] { answer.set_value(); });  // returns on the thread that will free the log
  }
  EXPECT_FALSE(calls.Writable());
  EXPECT_TRUE(Pending(answered));
  Free();
  answered.get();
  EXPECT_TRUE(calls.Writable());
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("ttx: the audit log cannot be written (No space left on device)"));
  EXPECT_THAT(said, HasSubstr("can be written again"));
  const std::string audit = Text("audit");
  EXPECT_THAT(audit, HasSubstr(R"("event":"call","service":"ttx.auction.v1.AuctionService","method":"PlaceBid")"));
  EXPECT_THAT(audit, HasSubstr(R"("subject":"apiClients/that lives no longer than its call","organization":)"
                               R"("organizations/1","person":"people/1","request_id":"r1")"));
  EXPECT_EQ(audit.find("PlaceBid"), audit.rfind("PlaceBid"));
  obs::Flush();
  EXPECT_THAT(Text("log"), HasSubstr(R"("event":"audit_failed","detail":"No space left on device")"));
}

TEST_F(CallLogTest, ARefusalDoesNotWaitAndTheOutageEndsByItself) {
  CallLog calls;
  ::testing::internal::CaptureStderr();
  int answers = 0;
  calls.Record(Call(true, Code::kFailedPrecondition), [&] { ++answers; });
  calls.Record(Call(true, Code::kFailedPrecondition), [&] { ++answers; });
  EXPECT_EQ(answers, 2);
  EXPECT_FALSE(calls.Writable());
  Free();
  while (!calls.Writable()) std::this_thread::yield();  // it tries once a second
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("cannot be written"), said.rfind("cannot be written"));  // one line for one outage
  EXPECT_THAT(Text("audit"), HasSubstr("audit_resumed"));
}

TEST_F(CallLogTest, CallsThatAreNotAuditedDoNotMind) {
  CallLog calls;
  int answers = 0;
  calls.Record(Call(false, Code::kOk), [&] { ++answers; });
  EXPECT_EQ(answers, 1);
  EXPECT_TRUE(calls.Writable());
  obs::Flush();
  EXPECT_THAT(Text("log"), HasSubstr(R"("event":"call")"));
}

TEST_F(CallLogTest, AStopLetsThemGoWithTheirRecordsOnStandardError) {
  CallLog calls;
  ::testing::internal::CaptureStderr();
  int answers = 0;
  calls.Record(Call(true, Code::kOk), [&] { ++answers; });
  EXPECT_EQ(answers, 0);
  calls.Stop();
  EXPECT_EQ(answers, 1);
  calls.Record(Call(true, Code::kOk), [&] { ++answers; });  // as a writer that drains
  EXPECT_EQ(answers, 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr(R"("level":"audit","event":"call","service":"ttx.auction.v1.AuctionService")"));
}

TEST_F(CallLogTest, NoMoreThanTheLimitWait) {
  constexpr size_t kLimit = 3;
  CallLog calls(kLimit);
  ::testing::internal::CaptureStderr();
  std::atomic<size_t> answers = 0;
  for (size_t i = 0; i < kLimit; ++i) calls.Record(Call(true, Code::kOk), [&] { ++answers; });
  EXPECT_EQ(answers, 0u);
  calls.Record(Call(true, Code::kOk), [&] { ++answers; });
  EXPECT_EQ(answers, 1u);  // its record is on standard error
  Free();
  while (answers != kLimit + 1) std::this_thread::yield();
  calls.Stop();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr(R"("level":"audit","event":"call")"));
  EXPECT_EQ(said.find(R"("event":"call")"), said.rfind(R"("event":"call")"));
  const std::string audit = Text("audit");
  EXPECT_EQ(static_cast<size_t>(std::count(audit.begin(), audit.end(), '\n')), kLimit);
}

}  // namespace
}  // namespace ttx::server
