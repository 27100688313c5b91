#include "gateway/rate_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "gateway/limits.h"
#include "libs/core/encoding.h"

namespace ttx::gateway {
namespace {

std::string Bearer(const std::string& claims, const std::string& signature = "c2ln") {
  return "Bearer " + Base64Url(R"({"alg":"ES256"})") + "." + Base64Url(claims) + "." + signature;
}

TEST(RateKeyTest, TwoTokensOfOneClientCountTogether) {
  const std::string first = Bearer(R"({"sub":"apiClients/a","jti":"1"})");
  const std::string second = Bearer(R"({"jti":"2","roles":["BIDDER"],"sub":"apiClients/a"})", "b3RoZXI");
  EXPECT_EQ(RateKey(first, "10.0.0.1"), RateKey(second, "10.0.0.1"));
  EXPECT_EQ(RateKey(first, "10.0.0.1"), RateKey("bEARER" + first.substr(6), "10.0.0.1"));
}

TEST(RateKeyTest, AnotherClientAnotherAddressAndNoTokenCountForThemselves) {
  const std::string a = Bearer(R"({"sub":"apiClients/a"})");
  const std::set<std::string> keys = {RateKey(a, "10.0.0.1"),
                                      RateKey(Bearer(R"({"sub":"apiClients/b"})"), "10.0.0.1"),
                                      RateKey(a, "10.0.0.2"), RateKey("", "10.0.0.1")};
  EXPECT_EQ(keys.size(), 4u);
}

TEST(RateKeyTest, WhatCannotBeReadCountsForThePeer) {
  const std::string good = Bearer(R"({"sub":"apiClients/a"})");
  ASSERT_NE(RateKey(good, "p"), "p");
  const std::string deep(kTokenBytesMax / 2, '[');
  for (const std::string& authorization :
       {std::string(),
        std::string("Bearer"),
        std::string("Bearer "),
        std::string("Bearer x"),
        std::string("Bearer ."),
        std::string("Bearer .."),
        std::string("Bearer a.b"),
        std::string("Bearer a.%%%.c"),
        "Basic" + good.substr(6),
        Bearer(""),
        Bearer("[]"),
        Bearer("{"),
        Bearer("{}"),
        Bearer(R"({"sub":1})"),
        Bearer(R"({"sub":null})"),
        Bearer(R"({"sub":""})"),
        Bearer(R"({"sub":"apiClients/"})"),
        Bearer(R"({"sub":"services/auction"})"),
        Bearer(R"({"sub":"apiClients/a b"})"),
        Bearer("{\"sub\":\"apiClients/" + std::string(65, 'a') + "\"}"),
        Bearer(deep),
        Bearer(R"({"sub":"apiClients/a","x":")" + std::string(kTokenBytesMax, 'x') + "\"}")}) {
    EXPECT_EQ(RateKey(authorization, "p"), "p") << authorization.substr(0, 100);
  }
}

RC_GTEST_PROP(RateKeyTest, AnyBytesGiveAKeyOfThePeer, (const std::string& claims, const std::string& rest)) {
  RC_ASSERT(RateKey(Bearer(claims), "p") == "p");
  RC_ASSERT(RateKey("Bearer " + rest, "p") == "p");
}

}  // namespace
}  // namespace ttx::gateway
