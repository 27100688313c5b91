#include "libs/core/patent_number.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ttx {
namespace {

Reason Refusal(std::string_view text) {
  const Result<PatentNumber> result = ParsePatentNumber(text, "ip.number");
  if (result.ok()) return Reason::kINTERNAL;
  EXPECT_EQ(result.error().violations.at(0).field, "ip.number");
  return result.error().violations.at(0).reason;
}

// domain.md 2.3.
TEST(PatentNumber, TheVectorsOfTheDomain) {
  const std::pair<const char*, PatentKind> valid[] = {
      {"201710601862.3", PatentKind::kInvention},    {"201310699744.2", PatentKind::kInvention},
      {"202420000002.X", PatentKind::kUtilityModel}, {"202310000001.5", PatentKind::kInvention},
      {"202390054321.2", PatentKind::kUtilityModel}, {"95115608.X", PatentKind::kInvention},
  };
  for (const auto& [number, kind] : valid) {
    EXPECT_EQ(ParsePatentNumber(number, "f").value(), (PatentNumber{number, kind, false}));
  }
  EXPECT_EQ(Refusal("201710601862.4"), Reason::kBAD_CHECK_DIGIT);
}

TEST(PatentNumber, AllWaysOfWritingItGiveOneNumber) {
  for (const char* text : {"ZL201710601862.3", "ZL 201710601862.3", "zl2017106018623", "ZL2017 1 0601862.3",
                           " ＺＬ２０１７１０６０１８６２．３ ", "ZL 2017 10601862.3"}) {
    EXPECT_EQ(ParsePatentNumber(text, "f").value(),
              (PatentNumber{"201710601862.3", PatentKind::kInvention, true}))
        << text;
  }
  EXPECT_EQ(ParsePatentNumber("zl201710601862.3", "f")->Display(), "ZL201710601862.3");
  EXPECT_EQ(ParsePatentNumber("201710601862.3", "f")->Display(), "CN201710601862.3");
  EXPECT_EQ(ParsePatentNumber("cn95115608x", "f")->Display(), "CN95115608.X");
}

TEST(PatentNumber, OtherFormsAreRefused) {
  EXPECT_EQ(Refusal(""), Reason::kREQUIRED);
  EXPECT_EQ(Refusal("  "), Reason::kREQUIRED);
  for (const char* text :
       {"201710601862", "2017106018 62.3", "201710601862 .3", "201710601862. 3", "201740601862.3",
        "211710601862.3", "CN107301234A", "ZLCN201710601862.3", "ZL  201710601862.3", "201710601862.33",
        "US201710601862.3", "201710601862.Y", "9511560.8"}) {
    EXPECT_EQ(Refusal(text), Reason::kBAD_FORMAT) << text;
  }
  EXPECT_EQ(Refusal(std::string(100'000, '2')), Reason::kBAD_FORMAT);
}

RC_GTEST_PROP(PatentNumber, ExactlyOneCheckSymbolFits, ()) {
  const bool old = *rc::gen::arbitrary<bool>();
  std::string digits = old ? "95" : "2019";
  digits += *rc::gen::element('1', '2', '3', '8', '9');
  for (int i = 0; i < (old ? 5 : 7); ++i) digits += *rc::gen::inRange('0', ':');
  int accepted = 0;
  for (const char check : std::string_view("0123456789X")) {
    const auto parsed = ParsePatentNumber(digits + check, "f");
    if (!parsed.ok()) continue;
    ++accepted;
    RC_ASSERT(parsed->number == digits + "." + check);
    RC_ASSERT(ParsePatentNumber(parsed->Display(), "f")->number == parsed->number);
  }
  RC_ASSERT(accepted == 1);
}

}  // namespace
}  // namespace ttx
