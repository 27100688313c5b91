#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "libs/rpc/event_stream.h"
#include "libs/rpc/status.h"
#include "libs/rpc/testdata/probe.h"
#include "libs/testing/manual_clock.h"

namespace ttx::rpc {
namespace {

using namespace testdata;  // NOLINT: the probe's vocabulary
using testing::ManualClock;

// One open stream, read by hand.
class Stream {
 public:
  explicit Stream(v1::ProbeService::Stub& stub, int64_t after = 0, const Caller& caller = kOperator,
                  const std::string& topic = "") {
    Introduce(caller, context_);
    if (!topic.empty()) context_.AddMetadata("x-topic", topic);
    v1::StreamEventsRequest request;
    request.set_after_sequence(after);
    reader_ = stub.StreamEvents(&context_, request);
  }
  ~Stream() {
    context_.TryCancel();
    Finish();
  }
  std::optional<v1::Event> Next() {
    v1::Event event;
    return reader_->Read(&event) ? std::optional(event) : std::nullopt;
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() {
    if (reader_ == nullptr) return status_;
    while (Next()) {
    }
    status_ = reader_->Finish();
    reader_.reset();
    return status_;
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Event>> reader_;
  grpc::Status status_;
};

// One long poll under way.
class Poll {
 public:
  Poll(v1::ProbeService::Stub& stub, int64_t after, Duration wait, const Caller& caller = kOperator) {
    Introduce(caller, context_);
    request_.set_after_sequence(after);
    *request_.mutable_wait_time() = ToProtoDuration(wait);
    stub.async()->ListEvents(&context_, &request_, &response_,
                             [this](grpc::Status status) { done_.set_value(status); });
  }
  grpc::Status Get() { return done_.get_future().get(); }
  void Cancel() { context_.TryCancel(); }
  const v1::ListEventsResponse& response() const { return response_; }

 private:
  grpc::ClientContext context_;
  v1::ListEventsRequest request_;
  v1::ListEventsResponse response_;
  std::promise<grpc::Status> done_;
};

class StreamTest : public ::testing::TestWithParam<bool> {
 protected:
  ManualClock clock_{Time{1'000'000'000'000}};
  ProbeHost host_{clock_, {.tcp = GetParam()}};

  // How many streams the server holds.
  long Alive() { return host_.service().alive.use_count() - 1; }
};

INSTANTIATE_TEST_SUITE_P(Channels, StreamTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Tcp" : "InProcess"; });

TEST_P(StreamTest, APollAnswersAtOnceWhenThereAreEvents) {
  host_.Emit("one");
  ASSERT_TRUE(Eventually([&] { return storage::LastSequence(host_.shell().kv()) == 1; }));
  Poll poll(host_.stub(), 0, Seconds(30));
  EXPECT_TRUE(poll.Get().ok());
  ASSERT_EQ(poll.response().events_size(), 1);
  EXPECT_EQ(poll.response().events(0).payload(), "one");
}

TEST_P(StreamTest, APollWakesOnCommit) {
  Poll poll(host_.stub(), 0, Seconds(30));
  ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() == 1; }));  // it has looked and found nothing
  host_.Emit("one");
  EXPECT_TRUE(poll.Get().ok());
  ASSERT_EQ(poll.response().events_size(), 1);
  EXPECT_EQ(poll.response().events(0).sequence(), 1);
  EXPECT_EQ(host_.service().looks.load(), 2);
}

TEST_P(StreamTest, APollLooksAgainWhenTheCommitWasNotForIt) {
  Poll poll(host_.stub(), 2, Seconds(30));
  for (int commit = 1; commit <= 2; ++commit) {
    ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() == commit; }));
    host_.Emit("seen already");
  }
  ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() == 3; }));
  host_.Emit("new");
  EXPECT_TRUE(poll.Get().ok());
  ASSERT_EQ(poll.response().events_size(), 1);
  EXPECT_EQ(poll.response().events(0).payload(), "new");
}

// What a caller may not see costs one bounded look at a time, and its answer says how far that got.
TEST_P(StreamTest, ALookAtALogThatShowsNothingIsBounded) {
  constexpr int64_t kMost = storage::kLookedAtMost;
  for (int64_t i = 0; i < 2 * kMost + 1; ++i) host_.Emit("secret");
  host_.Emit("seen");
  int64_t after = 0;
  for (const int64_t looked_at : {kMost, 2 * kMost}) {
    Poll poll(host_.stub(), after, Duration{});
    ASSERT_TRUE(poll.Get().ok());
    EXPECT_EQ(poll.response().events_size(), 0);
    EXPECT_EQ(poll.response().last_sequence(), looked_at);
    after = poll.response().last_sequence();
  }
  Poll poll(host_.stub(), after, Duration{});
  ASSERT_TRUE(poll.Get().ok());
  ASSERT_EQ(poll.response().events_size(), 1);
  EXPECT_EQ(poll.response().events(0).sequence(), 2 * kMost + 2);
  EXPECT_EQ(poll.response().last_sequence(), 2 * kMost + 2);
  EXPECT_EQ(host_.service().looks.load(), 3);
  EXPECT_EQ(host_.service().most_in_look.load(), storage::kLookedAtMost);
  Poll past(host_.stub(), 1'000'000, Duration{});
  ASSERT_TRUE(past.Get().ok());
  EXPECT_EQ(past.response().last_sequence(), 1'000'000);
}

TEST_P(StreamTest, APollThatMayWaitLooksOnUntilItFindsSomething) {
  constexpr int64_t kMost = storage::kLookedAtMost;
  for (int64_t i = 0; i < 2 * kMost + 1; ++i) host_.Emit("secret");
  host_.Emit("seen");
  Poll poll(host_.stub(), 0, Seconds(30));
  ASSERT_TRUE(poll.Get().ok());
  ASSERT_EQ(poll.response().events_size(), 1);
  EXPECT_EQ(poll.response().events(0).payload(), "seen");
  EXPECT_EQ(poll.response().last_sequence(), 2 * kMost + 2);
  EXPECT_EQ(host_.service().looks.load(), 3);
  EXPECT_EQ(host_.service().looked_at.load(), 2 * storage::kLookedAtMost + 2);
}

TEST_P(StreamTest, BetweenLooksAPollGivesWayAndSeesThatItsCallerHasLeft) {
  ProbeHost host(clock_, {.tcp = GetParam(), .reader_threads = 1});
  for (size_t i = 0; i < 2 * storage::kLookedAtMost; ++i) host.Emit("secret");
  std::promise<void> before;
  std::promise<void> reached;
  std::promise<void> between;
  host.readers().Post([&] { before.get_future().wait(); });
  Poll poll(host.stub(), 0, Seconds(30));
  ASSERT_TRUE(Eventually([&] { return host.service().last_poll.load() != nullptr; }));
  host.readers().Post([&] {
    reached.set_value();
    between.get_future().wait();
  });
  before.set_value();
  reached.get_future().wait();
  EXPECT_EQ(host.service().looks.load(), 1) << "the other reader came between";
  poll.Cancel();
  EXPECT_TRUE(Eventually([&] { return host.service().last_poll.load()->IsCancelled(); }));
  between.set_value();
  EXPECT_EQ(poll.Get().error_code(), grpc::StatusCode::CANCELLED);
  host.Stop();
  EXPECT_EQ(host.service().looks.load(), 1);
}

// Each of them is read once by the poll and once by the stream, however often they look again.
TEST_P(StreamTest, WhatWasLookedAtIsNotReadAgainAtTheNextCommit) {
  constexpr int kSecrets = 300;
  for (int i = 0; i < kSecrets; ++i) host_.Emit("secret");
  Poll poll(host_.stub(), 0, Seconds(30));
  ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() == 1; }));
  Stream stream(host_.stub());
  ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() >= 2; }));
  for (int i = 0; i < kSecrets; ++i) host_.Emit("secret");
  host_.Emit("seen");
  ASSERT_TRUE(poll.Get().ok());
  ASSERT_EQ(poll.response().events_size(), 1);
  EXPECT_EQ(poll.response().events(0).sequence(), 2 * kSecrets + 1);
  EXPECT_EQ(stream.Next()->sequence(), 2 * kSecrets + 1);
  EXPECT_EQ(host_.service().looked_at.load(), size_t{2 * (2 * kSecrets + 1)});
}

TEST_P(StreamTest, AStreamLooksOnWhereALookEnded) {
  constexpr int64_t kMost = storage::kLookedAtMost;
  for (int64_t i = 0; i < 2 * kMost; ++i) host_.Emit("secret");
  host_.Emit("seen");
  Stream stream(host_.stub());
  EXPECT_EQ(stream.Next()->sequence(), 2 * kMost + 1);
  EXPECT_EQ(host_.service().most_in_look.load(), storage::kLookedAtMost);
  EXPECT_EQ(host_.service().looked_at.load(), 2 * storage::kLookedAtMost + 1);
}

TEST_P(StreamTest, APollThatTimesOutAnswersWithNothing) {
  for (const Duration wait : {Duration{}, Milliseconds(20), Seconds(-5)}) {
    Poll poll(host_.stub(), 0, wait);
    EXPECT_TRUE(poll.Get().ok());
    EXPECT_EQ(poll.response().events_size(), 0);
  }
}

TEST_P(StreamTest, APollEndsOnCloseAndAfterIt) {
  Poll before(host_.stub(), 0, Seconds(30));
  ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() == 1; }));
  host_.signal().Close();
  EXPECT_TRUE(before.Get().ok());
  EXPECT_EQ(before.response().events_size(), 0);
  Poll after(host_.stub(), 0, Seconds(30));
  EXPECT_TRUE(after.Get().ok());
  EXPECT_EQ(after.response().events_size(), 0);
}

TEST_P(StreamTest, APollKeepsTheOrderOfRefusals) {
  EXPECT_EQ(FromGrpc(Poll(host_.stub(), -1, {}, kNobody).Get()).reason, Reason::kUNAUTHENTICATED);
  EXPECT_EQ(FromGrpc(Poll(host_.stub(), -1, {}, kBidder).Get()).reason, Reason::kPERMISSION_DENIED);
  EXPECT_EQ(FromGrpc(Poll(host_.stub(), -1, {}).Get()), InvalidField("after_sequence", Reason::kOUT_OF_RANGE, ">= 0"));
}

TEST_P(StreamTest, AStreamChecksItsCaller) {
  EXPECT_EQ(FromGrpc(Stream(host_.stub(), 0, kNobody).Finish()).reason, Reason::kUNAUTHENTICATED);
  EXPECT_EQ(FromGrpc(Stream(host_.stub(), 0, {"forged", "", ""}).Finish()).reason, Reason::kUNAUTHENTICATED);
  const grpc::Status denied = Stream(host_.stub(), 0, kBidder).Finish();
  EXPECT_EQ(FromGrpc(denied), Error(Reason::kPERMISSION_DENIED, {{"permission", "party.event.list"}}));
  ASSERT_TRUE(Eventually([&] { return Alive() == 0; }));
  host_.Emit("one");
  EXPECT_EQ(Stream(host_.stub(), 0, kListing).Next()->payload(), "one");
}

TEST_P(StreamTest, AStreamGivesWhatIsThereThenWhatComes) {
  host_.Emit("one");
  host_.Emit("two");
  Stream stream(host_.stub(), 1);
  EXPECT_EQ(stream.Next()->payload(), "two");
  host_.Emit("three");
  const std::optional<v1::Event> third = stream.Next();
  EXPECT_EQ(third->payload(), "three");
  EXPECT_EQ(third->sequence(), 3);
}

TEST_P(StreamTest, AStreamEndsAfterTheEventThatIsTheLast) {
  Stream stream(host_.stub());
  for (const char* payload : {"one", "last", "never"}) host_.Emit(payload);
  EXPECT_EQ(stream.Next()->payload(), "one");
  EXPECT_EQ(stream.Next()->payload(), "last");
  EXPECT_EQ(stream.Next(), std::nullopt);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_P(StreamTest, AStreamEndsOnClose) {
  host_.Emit("one");
  Stream stream(host_.stub());
  EXPECT_EQ(stream.Next()->payload(), "one");
  host_.signal().Close();
  EXPECT_EQ(stream.Next(), std::nullopt);
  EXPECT_EQ(FromGrpc(stream.Finish()).reason, Reason::kUNAVAILABLE);
  Stream late(host_.stub(), 1);
  EXPECT_EQ(FromGrpc(late.Finish()).reason, Reason::kUNAVAILABLE);
}

// domain: a token that has expired, or whose client was suspended, opens nothing and keeps nothing open.
TEST_P(StreamTest, AStreamEndsWithItsToken) {
  host_.Emit("one");
  Stream busy(host_.stub());
  Stream quiet(host_.stub(), 0, kOperator, "nobody's");
  Stream service(host_.stub(), 0, kListing);
  for (Stream* stream : {&busy, &quiet, &service}) EXPECT_EQ(stream->Next()->payload(), "one");
  host_.RevokeTokens();
  std::atomic<bool> ended = false;
  std::thread emitter([&] {
    while (!ended.load()) host_.Emit("more");
  });
  while (busy.Next()) {
  }
  ended.store(true);
  emitter.join();
  EXPECT_EQ(FromGrpc(busy.Finish()).reason, Reason::kUNAUTHENTICATED);
  EXPECT_EQ(FromGrpc(quiet.Finish()).reason, Reason::kUNAUTHENTICATED);
  EXPECT_EQ(service.Next()->payload(), "more");  // a service of the installation shows no token
}

TEST_P(StreamTest, AnEndedStreamLeavesOneRecord) {
  EXPECT_FALSE(Stream(host_.stub(), 0, kBidder).Finish().ok());
  {
    Stream stream(host_.stub());
    host_.Emit("last");
    EXPECT_EQ(stream.Next()->payload(), "last");
    EXPECT_TRUE(stream.Finish().ok());
  }
  ASSERT_TRUE(Eventually([&] { return Alive() == 0; }));
  std::vector<RecordedCall> records = host_.records();
  std::erase_if(records, [](const RecordedCall& call) { return call.method != "StreamEvents"; });
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].code, Code::kPermissionDenied);
  EXPECT_EQ(records[0].reason, "PERMISSION_DENIED");
  EXPECT_EQ(records[1].code, Code::kOk);
  EXPECT_EQ(records[1].subject, "apiClients/operator");
}

TEST_P(StreamTest, AStreamWithATopicLooksOnlyWhenItConcernsIt) {
  Stream about_a(host_.stub(), 0, kOperator, "a");
  host_.Emit("a:1");
  EXPECT_EQ(about_a.Next()->payload(), "a:1");
  for (int i = 0; i < 50; ++i) {
    host_.Emit("b:" + std::to_string(i));
    Stream about_b(host_.stub(), i + 1, kOperator, "b");  // opened, so everything before has been told
    EXPECT_EQ(about_b.Next()->sequence(), i + 2);
  }
  host_.Emit("b:wakes the last of them, so that it is seen to have gone");
  ASSERT_TRUE(Eventually([&] { return Alive() == 1; }));
  const int before = host_.service().looks.load();
  for (int i = 0; i < 50; ++i) host_.Emit("b:more");
  host_.Emit("a:2");
  // The probe shows a stream everything, so it sees the others' events too, in one look or two.
  std::optional<v1::Event> event;
  do {
    event = about_a.Next();
    ASSERT_TRUE(event.has_value());
  } while (event->payload() != "a:2");
  EXPECT_EQ(event->sequence(), 103);
  EXPECT_LE(host_.service().looks.load() - before, 4);
}

// Clients come and go while events are committed; resuming by sequence, each sees every event once and in order.
TEST_P(StreamTest, NothingIsMissedAcrossReconnects) {
  constexpr int64_t kEvents = 3000;
  std::thread writer([&] {
    for (int64_t i = 1; i <= kEvents; ++i) host_.Emit(std::to_string(i));
  });
  std::mt19937_64 random(42);
  std::vector<v1::Event> seen;
  while (static_cast<int64_t>(seen.size()) < kEvents) {
    Stream stream(host_.stub(), static_cast<int64_t>(seen.size()));
    for (uint64_t n = 1 + random() % 400; n > 0 && static_cast<int64_t>(seen.size()) < kEvents; --n) {
      std::optional<v1::Event> event = stream.Next();
      ASSERT_TRUE(event.has_value());
      ASSERT_EQ(event->sequence(), static_cast<int64_t>(seen.size()) + 1);
      seen.push_back(*std::move(event));
    }
  }
  writer.join();
  for (int64_t i = 0; i < kEvents; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)].payload(), std::to_string(i + 1));
}

TEST_P(StreamTest, ASlowReaderCostsAPageAndLosesNothing) {
  constexpr int kEvents = 1000;
  const std::string payload(64 << 10, 'x');
  for (int i = 0; i < kEvents; ++i) host_.Emit(payload);
  ASSERT_TRUE(Eventually([&] { return storage::LastSequence(host_.shell().kv()) == kEvents; }));
  Stream slow(host_.stub());
  ASSERT_EQ(slow.Next()->sequence(), 1);
  // While it does not read, others are served; the log is not read on for it.
  for (int i = 0; i < 300; ++i) {
    Poll other(host_.stub(), kEvents - 1, Duration{});
    ASSERT_TRUE(other.Get().ok());
  }
  EXPECT_LE(host_.service().looks.load() - 300, 4);  // a page of 100 is 6.4 MB
  for (int64_t sequence = 2; sequence <= kEvents; ++sequence) {
    const std::optional<v1::Event> event = slow.Next();
    ASSERT_TRUE(event.has_value());
    ASSERT_EQ(event->sequence(), sequence);
  }
}

TEST_P(StreamTest, ClientsThatLeaveAreForgotten) {
  host_.Emit("one");
  {
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 20; ++i) {
      streams.push_back(std::make_unique<Stream>(host_.stub()));
      EXPECT_EQ(streams.back()->Next()->payload(), "one");
    }
    EXPECT_EQ(Alive(), 20);
  }
  host_.Emit("two");
  EXPECT_TRUE(Eventually([&] { return Alive() == 0; }));
}

TEST_P(StreamTest, AFullReaderPoolEndsAStream) {
  ProbeHost busy(clock_, {.tcp = GetParam(), .reader_threads = 1, .reader_queue = 0});
  EXPECT_EQ(FromGrpc(Stream(busy.stub()).Finish()).reason, Reason::kQUEUE_FULL);
  EXPECT_TRUE(Eventually([&] { return busy.service().alive.use_count() == 1; }));
}

// architecture.md section 7: streams and polls close first, which lets in-process callers leave, then the server
// stops; calls that still come over TCP get an answer or a status, and nothing hangs or crashes.
TEST_P(StreamTest, AServerStopsUnderLoad) {
  for (int round = 0; round < 3; ++round) {
    ProbeHost host(clock_, {.tcp = GetParam()});
    host.Emit("one");
    std::vector<std::unique_ptr<Stream>> streams;
    std::vector<std::unique_ptr<Poll>> polls;
    for (int i = 0; i < 10; ++i) {
      streams.push_back(std::make_unique<Stream>(host.stub()));
      EXPECT_EQ(streams.back()->Next()->payload(), "one");
      polls.push_back(std::make_unique<Poll>(host.stub(), 1000000, Seconds(30)));
    }
    std::atomic<int> served = 0;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> clients;
    for (int c = 0; c < 3; ++c) {
      clients.emplace_back([&, c, stub = v1::ProbeService::NewStub(host.TcpChannel())] {
        for (int i = 0;; ++i) {
          grpc::ClientContext context;
          Introduce(kBidder, context);
          v1::Counter response;
          const grpc::Status status =
              stub->Add(&context, MakeAdd(std::to_string(c) + "-" + std::to_string(i)), &response);
          if (status.ok()) {
            ++served;
            continue;
          }
          const grpc::StatusCode code = status.error_code();
          wrong += code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::CANCELLED ? 0 : 1;
          return;
        }
      });
    }
    EXPECT_TRUE(Eventually([&] { return served.load() >= 30; }));
    host.signal().Close();
    for (const auto& stream : streams) EXPECT_EQ(FromGrpc(stream->Finish()).reason, Reason::kUNAVAILABLE);
    for (const auto& poll : polls) EXPECT_TRUE(poll->Get().ok());
    host.Stop();
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(host.service().alive.use_count(), 1);
    EXPECT_EQ(host.Value("c"), served.load());  // what was done was answered
  }
}

}  // namespace
}  // namespace ttx::rpc
