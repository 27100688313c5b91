#include "libs/obs/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace ttx::obs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, CountersShowInTheTextFormat) {
  const Counter ok = MakeCounter("test_requests_total", "Requests", {{"method", "Get"}, {"reason", "OK"}});
  const Counter bad =
      MakeCounter("test_requests_total", "Requests", {{"method", "Get"}, {"reason", "NOT_FOUND"}});
  ok.Add();
  ok.Add(2);
  bad.Add();
  EXPECT_EQ(ok.Value(), 3);
  const std::string text = MetricsText();
  EXPECT_THAT(text, HasSubstr("# TYPE test_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("test_requests_total{method=\"Get\",reason=\"OK\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("test_requests_total{method=\"Get\",reason=\"NOT_FOUND\"} 1\n"));
}

TEST(MetricsTest, TheSameLabelsMeanTheSameSeries) {
  const Gauge first = MakeGauge("test_queue_commands", "Commands waiting", {{"service", "auction"}});
  const Gauge second = MakeGauge("test_queue_commands", "Commands waiting", {{"service", "auction"}});
  first.Set(5);
  second.Add(-2);
  EXPECT_EQ(first.Value(), 3);
}

TEST(MetricsTest, LatenciesAreShownInSeconds) {
  const Histogram histogram = MakeLatencyHistogram("test_latency_seconds", "Latency");
  histogram.Observe(Milliseconds(3));
  histogram.Observe(Seconds(20));
  const std::string text = MetricsText();
  EXPECT_THAT(text, HasSubstr("test_latency_seconds_bucket{le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("test_latency_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("test_latency_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_latency_seconds_sum 20.003"));
}

TEST(MetricsTest, SizesUsePowersOfTwo) {
  const Histogram histogram = MakeSizeHistogram("test_batch_commands", "Commands per batch");
  histogram.Observe(int64_t{3});
  EXPECT_THAT(MetricsText(), HasSubstr("test_batch_commands_bucket{le=\"4\"} 1\n"));
}

TEST(MetricsTest, LabelSetsPastTheLimitAreCountedAsOther) {
  const Counter first = MakeCounter("test_bounded_total", "Bounded", {{"peer", "0"}});
  for (size_t i = 1; i < kLabelSetsMax + 50; ++i) {
    MakeCounter("test_bounded_total", "Bounded", {{"peer", std::to_string(i)}}).Add();
  }
  MakeCounter("test_bounded_total", "Bounded", {{"peer", "0"}}).Add();
  EXPECT_EQ(first.Value(), 1) << "a series made before the limit stays itself";
  const std::string text = MetricsText();
  EXPECT_THAT(text, HasSubstr("test_bounded_total{peer=\"other\"} 50\n"));
  EXPECT_THAT(text, Not(HasSubstr("peer=\"" + std::to_string(kLabelSetsMax) + "\"")));
}

TEST(MetricsTest, ThreadsLoseNothing) {
  const Counter counter = MakeCounter("test_threads_total", "Threads");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([counter] {
      for (int i = 0; i < 10'000; ++i) counter.Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.Value(), 40'000);
}

TEST(MetricsDeathTest, OneNameHasOneKindAndOneSetOfLabelNames) {
  MakeCounter("test_kind_total", "Kind", {{"a", "1"}});
  EXPECT_DEATH(MakeGauge("test_kind_total", "Kind", {{"a", "1"}}), "two kinds");
  EXPECT_DEATH(MakeCounter("test_kind_total", "Kind", {{"b", "1"}}), "other label names");
  EXPECT_DEATH(MakeCounter("Test-Kind", "Kind"), "the name of a metric");
}

}  // namespace
}  // namespace ttx::obs
