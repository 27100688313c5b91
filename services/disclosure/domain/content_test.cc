#include "services/disclosure/domain/content.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ttx::disclosure {
namespace {

TEST(Content, GoldenBytes) {
  Content content;
  content["title"] = std::string("一种\"方法\"\\路径\n\t\x01");
  content["price_fen"] = int64_t{106'000'000};
  content["loss"] = int64_t{-1};
  content["ip_numbers"] = std::vector<std::string>{"ZL2023", "ZL2024"};
  content["empty"] = std::vector<std::string>{};
  EXPECT_EQ(Canonical(content),
            "{\"empty\":[],\"ip_numbers\":[\"ZL2023\",\"ZL2024\"],\"loss\":-1,\"price_fen\":106000000,"
            "\"title\":\"一种\\\"方法\\\"\\\\路径\\n\\t\\u0001\"}");
  EXPECT_EQ(Canonical({}), "{}");
}

TEST(Content, OnlyTheCanonicalTextIsRead) {
  EXPECT_TRUE(ParseContent("{}").has_value());
  EXPECT_TRUE(ParseContent("{\"a\":1,\"b\":\"x\"}").has_value());
  for (const char* text : {"",
                           "{",
                           "{}x",
                           " {}",
                           "{\"a\": 1}",
                           "{\"b\":1,\"a\":1}",
                           "{\"a\":1,\"a\":1}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":1.0}",
                           "{\"a\":1e3}",
                           "{\"a\":-0}",
                           "{\"a\":null}",
                           "{\"a\":true}",
                           "{\"a\":{}}",
                           "{\"a\":[1]}",
                           "{\"a\":\"\\u0041\"}",
                           "{\"a\":\"\\/\"}",
                           "{\"a\":\"\\u000A\"}",
                           "{\"a\":\"\\u00\"}",
                           "{\"a\":\"\\",
                           "{\"a\":[\"x\",]}",
                           "{\"a\":9007199254740993}",
                           "{\"a\":1,}",
                           "{a:1}"}) {
    EXPECT_FALSE(ParseContent(text).has_value()) << text;
  }
}

RC_GTEST_PROP(Content, WhatIsWrittenIsRead, ()) {
  Content content;
  for (const auto& [key, number] : *rc::gen::container<std::map<std::string, int32_t>>(
           rc::gen::arbitrary<std::string>(), rc::gen::arbitrary<int32_t>())) {
    if (content.size() >= 20) break;
    content[key] = int64_t{number};
    content[key + "t"] = *rc::gen::arbitrary<std::string>();
    content[key + "l"] = *rc::gen::arbitrary<std::vector<std::string>>();
  }
  const std::string text = Canonical(content);
  RC_ASSERT(ParseContent(text) == std::optional(content));
}

RC_GTEST_PROP(Content, AnyOtherByteIsAnotherContentOrNone, (uint8_t position, uint8_t byte)) {
  const Content content = {{"price_fen", int64_t{123}}, {"title", std::string("名称")}};
  const std::string text = Canonical(content);
  std::string changed = text;
  changed[position % text.size()] = static_cast<char>(byte);
  RC_PRE(changed != text);
  RC_ASSERT(ParseContent(changed) != std::optional(content));
}

}  // namespace
}  // namespace ttx::disclosure
