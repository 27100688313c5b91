#include "libs/core/recent.h"

#include <gtest/gtest.h>

#include <string>

namespace ttx {
namespace {

TEST(RecentTest, TheGreatestKeyInARangeIsFound) {
  Recent<int, std::string> recent(10);
  for (const int key : {3, 5, 9}) recent.Put(key, std::to_string(key));
  EXPECT_EQ(recent.Last(0, 8), "5");
  EXPECT_EQ(recent.Last(5, 5), "5");
  EXPECT_EQ(recent.Last(4, 100), "9");
  EXPECT_EQ(recent.Last(6, 8), std::nullopt);
  EXPECT_EQ(recent.Last(0, 2), std::nullopt);
  recent.Put(5, "five");
  EXPECT_EQ(recent.Last(0, 8), "five");
}

TEST(RecentTest, WhatWasUsedLongestAgoIsForgotten) {
  Recent<int, int> recent(3);
  for (const int key : {1, 2, 3}) recent.Put(key, key);
  EXPECT_EQ(recent.Last(1, 1), 1);
  recent.Put(4, 4);
  EXPECT_EQ(recent.Last(2, 2), std::nullopt);
  for (const int key : {1, 3, 4}) EXPECT_EQ(recent.Last(key, key), key);
}

}  // namespace
}  // namespace ttx
