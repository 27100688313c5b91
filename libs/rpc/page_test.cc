#include "libs/rpc/page.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "libs/rpc/testdata/probe.pb.h"

namespace ttx::rpc {
namespace {

using probe::v1::Counter;
using probe::v1::ListEventsRequest;
using probe::v1::ListNumbersRequest;
using probe::v1::ListNumbersResponse;

template <class T>
FieldViolation ViolationOf(const Result<T>& result) {
  if (result.ok() || result.error().violations.size() != 1) return {"none", Reason::kINTERNAL, ""};
  return result.error().violations[0];
}

ListNumbersRequest Request(int32_t size, std::string token = "") {
  ListNumbersRequest request;
  request.set_page_size(size);
  request.set_page_token(std::move(token));
  return request;
}

TEST(Page, SizeHasADefaultAndALimit) {
  EXPECT_EQ(*PageSize(0), 50u);
  EXPECT_EQ(*PageSize(1), 1u);
  EXPECT_EQ(*PageSize(200), 200u);
  EXPECT_EQ(*PageSize(201), 200u);
  EXPECT_EQ(*PageSize(std::numeric_limits<int32_t>::max()), 200u);
  for (const int32_t size : {-1, std::numeric_limits<int32_t>::min()}) {
    EXPECT_EQ(ViolationOf(PageSize(size)), (FieldViolation{"page_size", Reason::kOUT_OF_RANGE, "0..200"}));
    EXPECT_EQ(ViolationOf(ReadPage(Request(size))), (FieldViolation{"page_size", Reason::kOUT_OF_RANGE, "0..200"}));
  }
}

TEST(Page, TokensThatNobodyGaveAreRefused) {
  const FieldViolation bad{"page_token", Reason::kBAD_FORMAT, ""};
  EXPECT_EQ(ViolationOf(ReadPage(Request(1, "not base64!"))), bad);
  EXPECT_EQ(ViolationOf(ReadPage(Request(1, Base64Url(std::string("a\0b", 3))))), bad);
  EXPECT_EQ(ViolationOf(ReadPage(Request(1, Base64Url(std::string(400, 'a'))))), bad);
  EXPECT_EQ(ReadPage(Request(1, Base64Url("key")))->after, "key");
  EXPECT_EQ(ReadPage(Request(1))->after, "");
}

TEST(Page, NumbersInTokensAreWholeAndNotNegative) {
  EXPECT_EQ(*NumberAfter({1, ""}), 0);
  EXPECT_EQ(*NumberAfter({1, "42"}), 42);
  EXPECT_EQ(*NumberAfter({1, "9223372036854775807"}), std::numeric_limits<int64_t>::max());
  for (const char* bad : {"-1", "4 2", "42x", "x", "+1", "9223372036854775808", " 1"}) {
    EXPECT_EQ(ViolationOf(NumberAfter({1, bad})), (FieldViolation{"page_token", Reason::kBAD_FORMAT, ""})) << bad;
  }
}

TEST(Page, SequencesAreNotNegative) {
  EXPECT_EQ(*SequenceAfter(0), 0u);
  EXPECT_EQ(*SequenceAfter(std::numeric_limits<int64_t>::max()), (uint64_t{1} << 63) - 1);
  EXPECT_EQ(ViolationOf(SequenceAfter(-1)), (FieldViolation{"after_sequence", Reason::kOUT_OF_RANGE, ">= 0"}));
}

TEST(Page, TheWaitOfALongPoll) {
  ListEventsRequest request;
  EXPECT_EQ(WaitOf(request), Duration{});
  request.mutable_wait_time()->set_seconds(2);
  request.mutable_wait_time()->set_nanos(5);
  EXPECT_EQ(WaitOf(request), Seconds(2) + Nanoseconds(5));
  request.mutable_wait_time()->set_seconds(std::numeric_limits<int64_t>::min());
  request.mutable_wait_time()->set_nanos(std::numeric_limits<int32_t>::min());
  EXPECT_EQ(WaitOf(request), Duration{});
}

// Walking any list page by page visits each item once, in order.
RC_GTEST_PROP(Page, PagesCoverTheList, ()) {
  const int64_t count = *rc::gen::inRange(0, 60);
  const int32_t size = *rc::gen::inRange(1, 20);
  std::vector<int64_t> seen;
  std::string token;
  do {
    const PageRequest page = *ReadPage(Request(size, token));
    ListNumbersResponse response;
    for (int64_t n = *NumberAfter(page) + 1; n <= count && response.counters_size() <= size; ++n) {
      response.add_counters()->set_value(n);
    }
    FinishPage(page, response, *response.mutable_counters(),
               [](const Counter& last) { return std::to_string(last.value()); });
    RC_ASSERT(response.counters_size() <= size);
    for (const Counter& counter : response.counters()) seen.push_back(counter.value());
    token = response.next_page_token();
    RC_ASSERT(token.empty() || response.counters_size() == size);
  } while (!token.empty());
  RC_ASSERT(seen.size() == static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) RC_ASSERT(seen[static_cast<size_t>(i)] == i + 1);
}

// A look that found nothing says where to look on; the last one says nothing.
TEST(Page, ALooksTokenLeadsOnFromWhereItEnded) {
  ListNumbersResponse response;
  FinishPage(storage::ListPage<int>{{}, "07", true}, response);
  EXPECT_EQ(ReadPage(Request(1, response.next_page_token()))->after, "07");
  response.clear_next_page_token();
  FinishPage(storage::ListPage<int>{{1, 2}, "09", false}, response);
  EXPECT_EQ(response.next_page_token(), "");
}

google::protobuf::Timestamp ProtoTime(int64_t seconds, int32_t nanos) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}

google::protobuf::Duration ProtoDuration(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

TEST(ProtoTime, AcceptsTheYearsItsTypeHolds) {
  EXPECT_EQ(*FromProtoTime(ProtoTime(0, 0), "t"), Time{0});
  EXPECT_EQ(*FromProtoTime(ProtoTime(1, 5), "t"), Time{1'000'000'005});
  EXPECT_EQ(*FromProtoTime(ProtoTime(9'214'646'399, 999'999'999), "t"), Time{9'214'646'399'999'999'999});
  const FieldViolation bad{"t", Reason::kOUT_OF_RANGE, "1970..2261"};
  for (const auto& [seconds, nanos] : std::vector<std::pair<int64_t, int32_t>>{
           {-1, 0}, {0, -1}, {0, 1'000'000'000}, {9'214'646'400, 0}, {std::numeric_limits<int64_t>::max(), 0},
           {std::numeric_limits<int64_t>::min(), 0}, {0, std::numeric_limits<int32_t>::min()}}) {
    EXPECT_EQ(ViolationOf(FromProtoTime(ProtoTime(seconds, nanos), "t")), bad) << seconds << " " << nanos;
  }
}

TEST(ProtoTime, AcceptsDurationsUpToAHundredYears) {
  constexpr int64_t kMost = 100LL * 366 * 86400;
  EXPECT_EQ(*FromProtoDuration(ProtoDuration(1, 5), "d"), Nanoseconds(1'000'000'005));
  EXPECT_EQ(*FromProtoDuration(ProtoDuration(-1, -5), "d"), Nanoseconds(-1'000'000'005));
  EXPECT_EQ(*FromProtoDuration(ProtoDuration(0, -5), "d"), Nanoseconds(-5));
  EXPECT_EQ(*FromProtoDuration(ProtoDuration(kMost, 0), "d"), Seconds(kMost));
  EXPECT_EQ(*FromProtoDuration(ProtoDuration(-kMost, -999'999'999), "d"), Seconds(-kMost) - Nanoseconds(999'999'999));
  const FieldViolation bad{"d", Reason::kOUT_OF_RANGE, ""};
  for (const auto& [seconds, nanos] : std::vector<std::pair<int64_t, int32_t>>{
           {1, -1}, {-1, 1}, {0, 1'000'000'000}, {0, -1'000'000'000}, {kMost + 1, 0}, {-kMost - 1, 0},
           {std::numeric_limits<int64_t>::max(), 0}, {std::numeric_limits<int64_t>::min(), 0},
           {0, std::numeric_limits<int32_t>::min()}, {0, std::numeric_limits<int32_t>::max()}}) {
    EXPECT_EQ(ViolationOf(FromProtoDuration(ProtoDuration(seconds, nanos), "d")), bad) << seconds << " " << nanos;
  }
}

RC_GTEST_PROP(ProtoTime, ComesBackTheSame, (uint64_t seed)) {
  const Time time{static_cast<int64_t>(seed % 9'214'646'400'000'000'000u)};
  RC_ASSERT(*FromProtoTime(ToProtoTime(time), "t") == time);
  const Duration duration{static_cast<int64_t>(seed % 3'000'000'000'000'000'000u) * (seed % 2 == 0 ? 1 : -1)};
  RC_ASSERT(*FromProtoDuration(ToProtoDuration(duration), "d") == duration);
}

}  // namespace
}  // namespace ttx::rpc
