#include "gateway/problem/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "ttx/api/v1/error_info.pb.h"

namespace ttx::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Details(const std::string& reason, const std::map<std::string, std::string>& metadata,
                    const std::vector<std::pair<std::string, std::string>>& violations = {}) {
  google::rpc::Status status;
  api::v1::ErrorInfo info;
  info.set_reason(reason);
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  auto* any = status.add_details();
  any->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  any->set_value(info.SerializeAsString());
  if (!violations.empty()) {
    google::rpc::BadRequest bad_request;
    for (const auto& [field, description] : violations) {
      auto* violation = bad_request.add_field_violations();
      violation->set_field(field);
      violation->set_description(description);
    }
    status.add_details()->PackFrom(bad_request);
  }
  return status.SerializeAsString();
}

TEST(ProblemTest, EveryCodeHasTheStatusOfTheContract) {
  const std::map<Code, int> expected = {{Code::kInvalidArgument, 400}, {Code::kFailedPrecondition, 409},
                                        {Code::kAborted, 412},         {Code::kAlreadyExists, 409},
                                        {Code::kNotFound, 404},        {Code::kPermissionDenied, 403},
                                        {Code::kUnauthenticated, 401}, {Code::kResourceExhausted, 429},
                                        {Code::kUnavailable, 503},     {Code::kDeadlineExceeded, 504},
                                        {Code::kInternal, 500},        {Code::kUnimplemented, 501},
                                        {Code::kDataLoss, 500},        {Code::kUnknown, 500},
                                        {Code::kOutOfRange, 400},      {Code::kCancelled, 499}};
  for (const auto& [code, status] : expected) {
    EXPECT_EQ(HttpStatus(code), status);
    EXPECT_EQ(MakeProblem(static_cast<int>(code), "m", "").status, status);
  }
}

TEST(ProblemTest, RendersTheReasonInBothLanguages) {
  const Problem problem = MakeProblem(
      9, "m",
      Details("WRONG_STATE", {{"resource", "auctions/1"}, {"state", "CLOSED"}, {"command", "OpenAuction"}}));
  const std::string zh = RenderProblem(problem, Language::kChinese, {"/v1/auctions/1:open", "t1", "*"});
  EXPECT_EQ(
      zh,
      R"({"type":"urn:ttx:problem:WRONG_STATE","title":"Conflict","status":409,)"
      R"("detail":"auctions/1 当前状态为 CLOSED，不能执行 OpenAuction","instance":"/v1/auctions/1:open",)"
      R"("code":"FAILED_PRECONDITION","reason":"WRONG_STATE",)"
      R"("metadata":{"command":"OpenAuction","resource":"auctions/1","state":"CLOSED"},)"
      R"("violations":[],"trace_id":"t1"})");
  EXPECT_THAT(RenderProblem(problem, Language::kEnglish, {"/", "t1", "*"}),
              HasSubstr("does not allow OpenAuction"));
}

TEST(ProblemTest, ViolationsPointIntoTheBody) {
  const Problem problem =
      MakeProblem(3, "m",
                  Details("INVALID_FIELD", {{"field", "note.title"}},
                          {{"note.title", "TOO_LONG:1..200"}, {"request_id", "REQUIRED"}}));
  ASSERT_EQ(problem.violations.size(), 2u);
  EXPECT_EQ(problem.violations[0], (ProblemViolation{"note.title", "TOO_LONG", "1..200"}));
  const std::string json = RenderProblem(problem, Language::kEnglish, {"/", "t", "note"});
  EXPECT_THAT(
      json,
      HasSubstr(
          R"({"field":"note.title","pointer":"/title","reason":"TOO_LONG",)"
          R"("detail":"It is too long","limit":"1..200"})"));
  EXPECT_THAT(json, HasSubstr(R"({"field":"request_id","reason":"REQUIRED","detail":"It is required"})"));
}

TEST(ProblemTest, PointersFollowRfc6901) {
  EXPECT_EQ(FieldPointer("lines[2].inner.text", "*"), "/lines/2/inner/text");
  EXPECT_EQ(FieldPointer("a/b~c", "*"), "/a~1b~0c");
  EXPECT_EQ(FieldPointer("note.title", "note"), "/title");
  EXPECT_EQ(FieldPointer("notes.title", "note"), "");
  EXPECT_EQ(FieldPointer("page_size", ""), "");
}

TEST(ProblemTest, InternalFailuresShowNothing) {
  for (const int code : {2, 13, 15, 99}) {
    const Problem problem = MakeProblem(code, "secret path", Details("WRONG_STATE", {{"state", "secret"}}));
    const std::string json = RenderProblem(problem, Language::kEnglish, {"/", "t", ""});
    EXPECT_THAT(json, Not(HasSubstr("secret")));
    EXPECT_THAT(json, HasSubstr(R"("status":500)"));
    EXPECT_THAT(json, HasSubstr(R"("reason":"INTERNAL")"));
  }
}

TEST(ProblemTest, AStatusWithoutDetailsKeepsItsCodeOnly) {
  const Problem problem = MakeProblem(14, "failed to connect to 10.0.0.1", "garbage");
  EXPECT_EQ(problem.reason, "UNAVAILABLE");
  EXPECT_THAT(RenderProblem(problem, Language::kEnglish, {"/", "t", ""}), Not(HasSubstr("10.0.0.1")));
}

TEST(ProblemTest, AReasonOfANewerServiceIsPassedOn) {
  const Problem problem = MakeProblem(9, "Moon is full", Details("MOON_FULL", {}));
  const std::string json = RenderProblem(problem, Language::kChinese, {"/", "t", ""});
  EXPECT_THAT(json, HasSubstr(R"("reason":"MOON_FULL")"));
  EXPECT_THAT(json, HasSubstr(R"("detail":"Moon is full")"));
}

TEST(ProblemTest, AFailureOnTheWayLeavesTheOutcomeOpen) {
  EXPECT_EQ(AsOutcomeUnknown(MakeProblem(14, "", "")).reason, "OUTCOME_UNKNOWN");
  EXPECT_EQ(AsOutcomeUnknown(MakeProblem(1, "", "")).status, 503);
  EXPECT_EQ(AsOutcomeUnknown(MakeProblem(4, "", "")).status, 504);
  EXPECT_EQ(AsOutcomeUnknown(MakeProblem(14, "", Details("UNAVAILABLE", {}))).reason, "UNAVAILABLE");
  EXPECT_EQ(AsOutcomeUnknown(MakeProblem(7, "", "")).reason, "PERMISSION_DENIED");
}

TEST(ProblemTest, RetryAfterComesWithLimitsAndOutagesOnly) {
  EXPECT_EQ(RetryAfterSeconds(MakeProblem(8, "", Details("RATE_LIMITED", {{"retry_after_s", "7"}}))), 7);
  EXPECT_EQ(RetryAfterSeconds(MakeProblem(8, "", Details("RATE_LIMITED", {{"retry_after_s", "x"}}))), 1);
  EXPECT_EQ(RetryAfterSeconds(MakeProblem(14, "", "")), 1);
  EXPECT_EQ(RetryAfterSeconds(MakeProblem(9, "", "")), std::nullopt);
}

TEST(ProblemTest, LanguageIsChineseUnlessEnglishIsPreferred) {
  EXPECT_EQ(ChooseLanguage(""), Language::kChinese);
  EXPECT_EQ(ChooseLanguage("en-US,zh;q=0.5"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("fr, en;q=0.9"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("zh-CN, en"), Language::kChinese);
  EXPECT_EQ(ChooseLanguage("eng"), Language::kChinese);
  EXPECT_EQ(ChooseLanguage("EN-gb"), Language::kEnglish);
}

TEST(ProblemTest, LanguagesAreComparedByWeight) {
  EXPECT_EQ(ChooseLanguage("en;q=0.5, zh"), Language::kChinese);
  EXPECT_EQ(ChooseLanguage("zh;q=0.5, en;q=0.501"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("zh ;q=0.8,\ten ; Q=0.9"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("en;q=0.7, zh;q=0.7"), Language::kEnglish) << "equals by place";
  EXPECT_EQ(ChooseLanguage("zh;q=1.000, en;q=1"), Language::kChinese);
  EXPECT_EQ(ChooseLanguage("en-US;q=0.1, zh;q=0.5, en;q=0.9"), Language::kEnglish) << "the best range counts";
  EXPECT_EQ(ChooseLanguage("en;q=0.5, *;q=0.8"), Language::kChinese) << "* stands for what is not named";
  EXPECT_EQ(ChooseLanguage("zh;q=0.5, *"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("*"), Language::kChinese);
}

TEST(ProblemTest, AWeightOfZeroRefusesALanguage) {
  EXPECT_EQ(ChooseLanguage("zh;q=0"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("zh;q=0.000, fr"), Language::kEnglish);
  EXPECT_EQ(ChooseLanguage("en;q=0, *"), Language::kChinese);
  EXPECT_EQ(ChooseLanguage("zh;q=0, en;q=0"), Language::kChinese) << "something has to be said";
}

TEST(ProblemTest, AMalformedWeightIsTheLeast) {
  for (const char* weight :
       {"", "q", "q=", "q=x", "q=2", "q=1.001", "q=0.1234", "q=.9", "q=-1", "q= 1", "w=1"}) {
    const std::string english = std::string("en;") + weight;
    EXPECT_EQ(ChooseLanguage(english + ", zh;q=0.002"), Language::kChinese) << weight;
    EXPECT_EQ(ChooseLanguage(english), Language::kEnglish) << weight;
  }
}

TEST(ProblemTest, TextThatIsNotUtf8NeverBreaksTheJson) {
  const Problem problem = MakeProblem(Error(Reason::kNOT_FOUND, {{"resource", "\xff\"\n"}}));
  EXPECT_THAT(RenderProblem(problem, Language::kEnglish, {"/\xc0", "t", ""}), Not(HasSubstr("\xff")));
}

}  // namespace
}  // namespace ttx::gateway
