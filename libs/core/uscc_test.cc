#include "libs/core/uscc.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ttx {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
// domain.md 2.1.
constexpr std::string_view kValid[] = {"12100000400000018N", "91110108MA01ABCD5T", "91310115MA1K3Y2E36",
                                       "91320505MA25TQ7C7Y", "123100004250060023"};

Reason Refusal(std::string_view text) {
  const Result<std::string> result = ParseUscc(text, "organization.uscc");
  if (result.ok()) return Reason::kINTERNAL;
  EXPECT_EQ(result.error().violations.at(0).field, "organization.uscc");
  return result.error().violations.at(0).reason;
}

TEST(Uscc, TheVectorsOfTheDomainAreAccepted) {
  for (const std::string_view code : kValid) EXPECT_EQ(ParseUscc(code, "f").value(), code);
}

TEST(Uscc, WhatPeopleTypeIsNormalised) {
  EXPECT_EQ(ParseUscc(" 91110108ma01abcd5t\n", "f").value(), "91110108MA01ABCD5T");
  EXPECT_EQ(ParseUscc("　９１１１０１０８ＭＡ０１ａｂｃｄ５Ｔ", "f").value(), "91110108MA01ABCD5T");
}

TEST(Uscc, EverySingleChangedSymbolIsNoticed) {
  for (const std::string_view code : kValid) {
    for (size_t at = 0; at < code.size(); ++at) {
      for (const char symbol : kAlphabet) {
        if (symbol == code[at]) continue;
        std::string changed(code);
        changed[at] = symbol;
        const Reason reason = Refusal(changed);
        EXPECT_TRUE(reason == Reason::kBAD_CHECK_DIGIT || reason == Reason::kBAD_FORMAT) << changed;
      }
    }
  }
}

TEST(Uscc, OtherNumbersAreRefusedAndNotPadded) {
  EXPECT_EQ(Refusal(""), Reason::kREQUIRED);
  EXPECT_EQ(Refusal(" \u3000"), Reason::kREQUIRED);
  EXPECT_EQ(Refusal("110108012345678"), Reason::kBAD_FORMAT);  // 15-digit registration number
  EXPECT_EQ(Refusal("MA01ABCD5"), Reason::kBAD_FORMAT);        // 9-symbol organisation code
  EXPECT_EQ(Refusal("MA01ABCD-5"), Reason::kBAD_FORMAT);
  EXPECT_EQ(Refusal("91110108MA01ABCD5TT"), Reason::kBAD_FORMAT);
  EXPECT_EQ(Refusal("9111010 MA01ABCD5T"), Reason::kBAD_FORMAT);
  EXPECT_EQ(Refusal("91110A08MA01ABCD5T"), Reason::kBAD_FORMAT);  // a letter in the region
  for (const char missing : std::string_view("IOSVZ")) {
    EXPECT_EQ(Refusal(std::string("91110108MA01ABC") + missing + "5T"), Reason::kBAD_FORMAT);
  }
  EXPECT_EQ(Refusal("91110108MA01ABCD5U"), Reason::kBAD_CHECK_DIGIT);
  EXPECT_EQ(Refusal(std::string(100'000, '9')), Reason::kBAD_FORMAT);
}

TEST(Uscc, TheCheckSymbolServesOtherNumbers) {
  EXPECT_EQ(UsccCheckSymbol("91110108MA01ABCD5"), 'T');
  EXPECT_EQ(UsccCheckSymbol("00000000000000000"), '0');
  EXPECT_EQ(UsccCheckSymbol("10000000000000000"), 'Y');
  EXPECT_EQ(UsccCheckSymbol("00000000000000001"), '3');  // weight 28
  EXPECT_DEATH(UsccCheckSymbol("9111"), "17 known symbols");
  EXPECT_DEATH(UsccCheckSymbol("91110108MA01ABCDO"), "17 known symbols");
}

TEST(Uscc, FourSymbolsStandForAnExchange) {
  EXPECT_EQ(ExchangeCode("91110108MA01ABCD5T").value(), "BCD5");
  EXPECT_EQ(ExchangeCode(" 12100000400000018n").value(), "0018");
  EXPECT_EQ(ExchangeCode("91110108MA01ABCD5U").error().violations[0],
            (FieldViolation{"uscc", Reason::kBAD_CHECK_DIGIT, "18 symbols, GB 32100"}));
  EXPECT_EQ(NextExchangeCode("BCD5"), "BCD6");
  EXPECT_EQ(NextExchangeCode("BCDH"), "BCDJ");  // no I
  EXPECT_EQ(NextExchangeCode("BCYY"), "BD00");
  EXPECT_EQ(NextExchangeCode("YYYY"), "0000");
  EXPECT_DEATH(NextExchangeCode("BCDO"), "four known symbols");
}

RC_GTEST_PROP(Uscc, ACodeWithItsCheckSymbolIsAcceptedAndNoOtherSymbolIs, ()) {
  std::string body(17, '0');
  for (size_t i = 0; i < body.size(); ++i) {
    body[i] = kAlphabet[static_cast<size_t>(*rc::gen::inRange(0, i >= 2 && i < 8 ? 10 : 31))];
  }
  const char check = UsccCheckSymbol(body);
  for (const char symbol : kAlphabet) RC_ASSERT(ParseUscc(body + symbol, "f").ok() == (symbol == check));
}

}  // namespace
}  // namespace ttx
