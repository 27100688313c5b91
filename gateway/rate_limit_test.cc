#include "gateway/rate_limit.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/limits.h"

namespace ttx::gateway {
namespace {

TEST(RateLimitTest, HoldsOneSecondsWorthAndRefillsEvenly) {
  RateLimit limit(10);
  const Time start{1'000'000'000'000};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.Admit("a", start)) << i;
  EXPECT_FALSE(limit.Admit("a", start));
  EXPECT_TRUE(limit.Admit("b", start));
  EXPECT_FALSE(limit.Admit("a", start + Milliseconds(99)));
  EXPECT_TRUE(limit.Admit("a", start + Milliseconds(100)));
  EXPECT_FALSE(limit.Admit("a", start + Milliseconds(100)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.Admit("a", start + Seconds(60))) << i;
  EXPECT_FALSE(limit.Admit("a", start + Seconds(60)));
}

TEST(RateLimitTest, ZeroIsNoLimit) {
  RateLimit limit(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limit.Admit("a", Time{1}));
}

TEST(RateLimitTest, ForgetsFullBucketsBeforeItGrowsPastItsBound) {
  RateLimit limit(1);
  const Time start{1'000'000'000'000};
  for (size_t i = 0; i < kRateBucketsMax; ++i) EXPECT_TRUE(limit.Admit(std::to_string(i), start));
  EXPECT_FALSE(limit.Admit("0", start));
  EXPECT_TRUE(limit.Admit("new", start + Seconds(2)));
  EXPECT_TRUE(limit.Admit("0", start + Seconds(2)));
}

}  // namespace
}  // namespace ttx::gateway
