#include "libs/core/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ttx {
namespace {

// The reason the only violation names; INTERNAL when the text was accepted.
Reason Refusal(std::string_view text, size_t min_chars = 0, size_t max_chars = 100,
               Lines lines = Lines::kSingle) {
  const Status status = CheckText(text, min_chars, max_chars, "listing.title", lines);
  if (status.ok()) return Reason::kINTERNAL;
  EXPECT_EQ(status.error().violations.size(), 1u);
  EXPECT_EQ(status.error().violations.at(0).field, "listing.title");
  return status.error().violations.at(0).reason;
}

TEST(Text, OrdinaryTextIsAccepted) {
  for (const char* text :
       {"高温超导电缆（第二代）", "Ｈ２Ｏ", "naïve café", "a", "𠮷野家", "5 µm × 3 µm", "👍"}) {
    EXPECT_TRUE(CheckText(text, 1, 20, "f").ok()) << text;
  }
  EXPECT_TRUE(CheckText("", 0, 10, "f").ok());
}

TEST(Text, LengthIsCountedInCodePoints) {
  EXPECT_TRUE(CheckText("超导电缆", 4, 4, "f").ok());
  EXPECT_EQ(Refusal("超导电缆", 1, 3), Reason::kTOO_LONG);
  EXPECT_EQ(Refusal(std::string(1 << 20, 'a'), 1, 100), Reason::kTOO_LONG);
  EXPECT_TRUE(CheckText("𠮷𠮷", 2, 2, "f").ok());
  EXPECT_EQ(Refusal("", 1), Reason::kREQUIRED);
  EXPECT_EQ(Refusal("ab", 3), Reason::kREQUIRED);
  EXPECT_EQ(Refusal(" \u3000 ", 1), Reason::kREQUIRED);
  EXPECT_EQ(CheckText("abc", 1, 2, "f").error().violations.at(0).limit, "1..2");
}

// reliability.md N76.
TEST(Text, BrokenUtf8IsRefused) {
  const std::string_view broken[] = {"\xC0\x80",
                                     "\xC1\xBF",
                                     "\xE0\x80\x80",
                                     "\xE0\x9F\xBF",
                                     "\xF0\x80\x80\x80",
                                     "\xF0\x8F\xBF\xBF",
                                     "\xED\xA0\x80",
                                     "\xED\xBF\xBF",
                                     "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80",
                                     "\xFF",
                                     "\x80",
                                     "a\xE8\xB6",
                                     "\xE8",
                                     "\xF0\x9F\x91",
                                     "\xC3(",
                                     "\xEF\xBF\xBF",
                                     "\xEF\xBB\xBF"
                                     "a",
                                     "\xF0\x9F\xBF\xBE",
                                     "\xEF\xB7\x90"};
  for (const std::string_view text : broken) EXPECT_EQ(Refusal(text), Reason::kBAD_TEXT) << text;
  EXPECT_EQ(Refusal(std::string_view("a\0b", 3)), Reason::kBAD_TEXT);
  EXPECT_EQ(Refusal(std::string_view("a\0b", 3), 0, 100, Lines::kMultiple), Reason::kBAD_TEXT);
}

// reliability.md N77.
TEST(Text, InvisibleAndDirectionalCharactersAreRefused) {
  const char* hidden[] = {"a\u202Ab",     "a\u202Eb", "a\u2066b", "a\u2069b", "a\u200Bb",
                          "a\u200Fb",     "a\uFEFFb", "a\u2060b", "a\u061Cb", "a\U000E0001b",
                          "a\U000E007Fb", "a\u00ADb", "a\u2028b", "a\u3164b"};
  for (const char* text : hidden) EXPECT_EQ(Refusal(text), Reason::kBAD_TEXT) << text;
}

TEST(Text, OnlySeveralLinesMayHoldBreaksAndTabs) {
  EXPECT_EQ(Refusal("a\nb"), Reason::kBAD_TEXT);
  EXPECT_EQ(Refusal("a\tb"), Reason::kBAD_TEXT);
  EXPECT_TRUE(CheckText("a\n\tb", 1, 10, "f", Lines::kMultiple).ok());
  for (const char* text : {"a\rb", "a\x1b[0m", "a\x7f", "a\u0085b"}) {
    EXPECT_EQ(Refusal(text, 0, 100, Lines::kMultiple), Reason::kBAD_TEXT);
  }
}

TEST(Text, NamesFoldToWhatTheyHaveInCommon) {
  EXPECT_EQ(FoldName(" 某某（北京）科技  有限公司\u3000"), "某某(北京)科技 有限公司");
  EXPECT_EQ(FoldName("ＡＣＭＥ　Ｃｏ．，Ｌｔｄ"), FoldName("acme Co.,LTD"));
  EXPECT_EQ(FoldName("甲〔乙〕【丙】"), "甲(乙)[丙]");
  EXPECT_NE(FoldName("某某科技"), FoldName("某某技科"));
  EXPECT_EQ(FoldName(" \t "), "");
}

TEST(Text, HalfWidthKeepsWhatIsNotFullWidth) {
  EXPECT_EQ(ToHalfWidth("９１ＭＡ\u3000x"), "91MA x");
  EXPECT_EQ(ToHalfWidth("超导。"), "超导。");
  EXPECT_EQ(ToHalfWidth("\xFF\xEF\xBC"), "\xFF\xEF\xBC");
}

RC_GTEST_PROP(Text, FoldingTwiceChangesNothing, (const std::string& bytes)) {
  const std::string once = FoldName(bytes);
  RC_ASSERT(FoldName(once) == once);
  RC_ASSERT(ToHalfWidth(ToHalfWidth(bytes)) == ToHalfWidth(bytes));
}

RC_GTEST_PROP(Text, AcceptedTextIsPrintableAsciiOrLonger, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::inRange<char>(32, 127));
  RC_ASSERT(CheckText(bytes, 0, bytes.size(), "f").ok());
  if (!bytes.empty()) RC_ASSERT(!CheckText(bytes, 0, bytes.size() - 1, "f").ok());
}

}  // namespace
}  // namespace ttx
