#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gateway/limits.h"
#include "gateway/testdata/notes.pb.h"
#include "gateway/transcode/json_reader.h"
#include "gateway/transcode/json_text.h"
#include "gateway/transcode/json_writer.h"
#include "gateway/transcode/path_template.h"
#include "gateway/transcode/router.h"
#include "gateway/transcode/transcoder.h"

namespace ttx::gateway {
namespace {

using notes::v1::Note;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// --- Path templates and routes

TEST(PathTemplateTest, ReadsSegmentsVariablesAndVerb) {
  const auto parsed = ParsePathTemplate("/v1/{parent=auctions/*}/bids/{bid}:withdraw");
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->segments, ElementsAre("v1", "auctions", "*", "bids", "*"));
  EXPECT_EQ(parsed->verb, "withdraw");
  ASSERT_EQ(parsed->variables.size(), 2u);
  EXPECT_EQ(parsed->variables[0].field, "parent");
  EXPECT_EQ(parsed->variables[0].first_segment, 1u);
  EXPECT_EQ(parsed->variables[0].last_segment, 2u);
}

TEST(PathTemplateTest, RefusesWhatItCannotServe) {
  for (const char* text : {"", "v1", "/v1/**", "/v1/{name=**}", "/v1/{name", "/v1/{name}x", "/v1//a",
                           "/v1/a:", "/v1/{=a}", "/v1/a b", "/v1/a*", "/"}) {
    EXPECT_FALSE(ParsePathTemplate(text).ok()) << text;
  }
}

Router Notes() {
  auto router = Router::Build({"ttx.notes.v1.NoteService"});
  TTX_CHECK(router.ok(), router.ok() ? "" : router.error().message());
  return std::move(router).value();
}

std::string RpcAt(const Router& router, Verb verb, const std::string& path) {
  const RouteMatch match = router.Find(verb, path);
  return match.route == nullptr ? AllowHeader(match.allowed) : match.route->method->descriptor->name();
}

TEST(RouterTest, FindsRoutesOfAllShapes) {
  const Router router = Notes();
  EXPECT_EQ(RpcAt(router, Verb::kPost, "/v1/notes"), "CreateNote");
  EXPECT_EQ(RpcAt(router, Verb::kGet, "/v1/notes"), "ListNotes");
  EXPECT_EQ(RpcAt(router, Verb::kHead, "/v1/notes"), "ListNotes");
  EXPECT_EQ(RpcAt(router, Verb::kGet, "/v1/notes/1"), "GetNote");
  EXPECT_EQ(RpcAt(router, Verb::kPost, "/v1/notes/1:close"), "CloseNote");
  EXPECT_EQ(RpcAt(router, Verb::kPatch, "/v1/notes/1"), "UpdateNote");
  EXPECT_EQ(RpcAt(router, Verb::kGet, "/v1/notes:stream"), "StreamNotes");
  EXPECT_EQ(RpcAt(router, Verb::kGet, "/v1/notes/1/events"), "StreamNotes");
  EXPECT_THAT(router.Find(Verb::kPost, "/v1/notes/1:close").captures, ElementsAre("notes/1"));
}

TEST(RouterTest, TellsAWrongVerbFromAnUnknownAddress) {
  const Router router = Notes();
  EXPECT_EQ(RpcAt(router, Verb::kDelete, "/v1/notes/1"), "GET, HEAD, PATCH, OPTIONS");
  for (const char* path : {"/", "/v1", "/v1/notes/", "/v1/notes/1/2", "/v1/notes/1:", "/v1/notes/1:open",
                           "/v1/notes:close", "/v1;/notes", "/v2/notes", "/v1/notes/1/events/"}) {
    const RouteMatch match = router.Find(Verb::kGet, path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_TRUE(match.allowed.empty()) << path;
  }
}

TEST(RouterTest, RefusesApisItCannotServe) {
  const auto detail = [](std::vector<std::string> services) {
    const auto router = Router::Build(services);
    if (router.ok()) return std::string("ok");
    EXPECT_EQ(router.error().reason, Reason::kAPI_DEFINITION_INVALID);
    return router.error().metadata.at("detail");
  };
  EXPECT_THAT(detail({"ttx.notes.v1.UnguardedService"}), HasSubstr("has no policy"));
  EXPECT_THAT(detail({"ttx.notes.v1.NoteService", "ttx.notes.v1.RivalService"}), HasSubstr("is taken by"));
  EXPECT_THAT(detail({"ttx.notes.v1.NoteService", "ttx.notes.v1.NoteService"}), HasSubstr("is taken by"));
  EXPECT_THAT(detail({"ttx.notes.v1.MeasureService"}), HasSubstr("floating-point"));
  EXPECT_THAT(detail({"ttx.notes.v1.LostService"}), HasSubstr("no string field"));
  EXPECT_THAT(detail({"ttx.notes.v1.Nothing"}), HasSubstr("not linked"));
}

TEST(RouterTest, KnowsTheFieldsWithAMeaningInHttp) {
  const Router router = Notes();
  const MethodInfo& close = *router.Find(Verb::kPost, "/v1/notes/1:close").route->method;
  EXPECT_NE(close.request_id, nullptr);
  EXPECT_NE(close.etag, nullptr);
  EXPECT_NE(close.response_etag, nullptr);
  EXPECT_TRUE(close.write);
  EXPECT_EQ(close.permission, "note.close");
  const MethodInfo& stream = *router.Find(Verb::kGet, "/v1/notes:stream").route->method;
  EXPECT_TRUE(stream.streaming);
  EXPECT_NE(stream.after_sequence, nullptr);
  EXPECT_NE(stream.response_sequence, nullptr);
}

// --- JSON to message

// "" when accepted, "FIELD REASON" of the first violation, or the reason of the whole.
std::string Verdict(const std::string& json) {
  Note note;
  const Status status = ReadJson(json, note, "");
  if (status.ok()) return "";
  const Error& error = status.error();
  if (error.violations.empty()) return std::string(ReasonName(error.reason));
  return error.violations[0].field + " " + std::string(ReasonName(error.violations[0].reason));
}

TEST(JsonReaderTest, ReadsEveryKindOfField) {
  Note note;
  const Status status = ReadJson(
      R"({"name":"notes/1","title":"成果 \ud83d\ude00","amount_fen":"9007199254740993","share_ppm":-5,"state":"CLOSED",)"
      R"("create_time":"2026-11-22T01:02:03.5Z","period":"-3.25s","digest":"AP8=","tags":["a","b"],)"
      R"("lines":[{"text":"x","amount_fen":7},{"inner":{"text":"y"}}],"labels":{"k":"v","":"e"},"rank":0,)"
      R"("main_line":{},"pinned":true,"size_bytes":18446744073709551615,"numbers":["1",-2],)"
      R"("history":["OPEN","CLOSED"],)"
      R"("mask":"title,main_line.text","count":4294967295,"line_by_number":{"-3":{"text":"z"}}})",
      note, "");
  ASSERT_TRUE(status.ok()) << status.error().message() << Verdict("");
  EXPECT_EQ(note.title(), "成果 😀");
  EXPECT_EQ(note.amount_fen(), 9007199254740993);
  EXPECT_EQ(note.share_ppm(), -5);
  EXPECT_EQ(note.state(), notes::v1::CLOSED);
  EXPECT_EQ(note.create_time().seconds(), 1795309323);
  EXPECT_EQ(note.create_time().nanos(), 500'000'000);
  EXPECT_EQ(note.period().seconds(), -3);
  EXPECT_EQ(note.period().nanos(), -250'000'000);
  EXPECT_EQ(note.digest(), std::string("\0\xff", 2));
  EXPECT_THAT(note.tags(), ElementsAre("a", "b"));
  EXPECT_EQ(note.lines(1).inner().text(), "y");
  EXPECT_EQ(note.labels().at("k"), "v");
  EXPECT_EQ(note.labels().at(""), "e");
  EXPECT_TRUE(note.has_rank());
  EXPECT_TRUE(note.has_main_line());
  EXPECT_EQ(note.size_bytes(), 18446744073709551615u);
  EXPECT_THAT(note.numbers(), ElementsAre(1, -2));
  EXPECT_THAT(note.history(), ElementsAre(notes::v1::OPEN, notes::v1::CLOSED));
  EXPECT_THAT(note.mask().paths(), ElementsAre("title", "main_line.text"));
  EXPECT_EQ(note.line_by_number().at(-3).text(), "z");
}

TEST(JsonReaderTest, N68AmountsAreExactDecimalIntegers) {
  for (const char* value : {"1.1",
                            "1.0",
                            "1e5",
                            "1E2",
                            "\"1.1\"",
                            "\"1e5\"",
                            "\"NaN\"",
                            "\"Infinity\"",
                            "\"00.10\"",
                            "\"1.005\"",
                            "\"9223372036854775808\"",
                            "9223372036854775808",
                            "\"-9223372036854775809\"",
                            "\"10000000000000000000000000000000000000000\"",
                            "\" 1\"",
                            "\"1 \"",
                            "\"１２３\"",
                            "\"1,000\"",
                            "\"+1\"",
                            "\"0x10\"",
                            "\"\"",
                            "\"007\"",
                            "\"-0\"",
                            "-0",
                            "\"--1\"",
                            "\"-\"",
                            "true",
                            "null",
                            "[1]",
                            "{}",
                            "\"1\\u0030\\u0000\""}) {
    EXPECT_NE(Verdict(std::string(R"({"amount_fen":)") + value + "}"), "") << value;
  }
  for (const char* value :
       {"0", "\"0\"", "-1", "\"-1\"", "9223372036854775807", "\"-9223372036854775808\""}) {
    EXPECT_EQ(Verdict(std::string(R"({"amount_fen":)") + value + "}"), "") << value;
  }
  EXPECT_EQ(Verdict(R"({"amount_fen":1.1})"), "amount_fen BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"amount_fen":9223372036854775808})"), "amount_fen OUT_OF_RANGE");
  EXPECT_EQ(Verdict(R"({"share_ppm":2147483648})"), "share_ppm OUT_OF_RANGE");
  EXPECT_EQ(Verdict(R"({"size_bytes":-1})"), "size_bytes BAD_FORMAT");
}

TEST(JsonReaderTest, N76TextIsStrictUtf8) {
  for (const std::string& json :
       {std::string("{\"title\":\"\xff\"}"), std::string("{\"title\":\"\xc0\x80\"}"),
        std::string("{\"title\":\"\xed\xa0\x80\"}"), std::string(R"({"title":"\ud800"})"),
        std::string(R"({"title":"\udc00"})"), std::string(R"({"title":"\ud800x"})"),
        std::string(R"({"title":"a\u0000b"})"), std::string("{\"title\":\"a\0b\"}", 15),
        std::string("{\"title\":\"a\"}\0", 14), std::string("\xef\xbb\xbf{}"), std::string("{\"t\xff\":1}"),
        std::string("{\"title\":\"\n\"}")}) {
    EXPECT_EQ(Verdict(json), "MALFORMED_BODY") << json;
  }
}

TEST(JsonReaderTest, N79StructureIsStrict) {
  const auto nested = [](int depth) {
    std::string json = "{\"main_line\":";
    for (int i = 2; i < depth; ++i) json += "{\"inner\":";
    json += "{}";
    return json + std::string(static_cast<size_t>(depth) - 1, '}');
  };
  EXPECT_EQ(Verdict(nested(kJsonDepthMax)), "");
  EXPECT_EQ(Verdict(nested(kJsonDepthMax + 1)), "MALFORMED_BODY");
  EXPECT_EQ(Verdict("{\"nope\":" + std::string(100'000, '[') + "}"), "MALFORMED_BODY");
  const auto list = [](int count) {
    std::string json = "{\"numbers\":[0";
    for (int i = 1; i < count; ++i) json += ",0";
    return json + "]}";
  };
  EXPECT_EQ(Verdict(list(kJsonElementsMax)), "");
  EXPECT_EQ(Verdict(list(kJsonElementsMax + 1)), "numbers[10000] TOO_MANY");
  for (const char* json : {"",
                           " ",
                           "[]",
                           "\"a\"",
                           "1",
                           "null",
                           "{\"title\":\"a\",\"title\":\"a\"}",
                           "{\"labels\":{\"a\":\"1\",\"a\":\"2\"}}",
                           "{\"main_line\":{\"text\":\"a\",\"text\":\"b\"}}",
                           "{} x",
                           "{}{}",
                           "{/*c*/}",
                           "{\"tags\":[\"a\",]}",
                           "{\"title\":\"a\",}",
                           "{'title':'a'}",
                           "{title:\"a\"}",
                           "{\"share_ppm\":01}",
                           "{\"share_ppm\":NaN}",
                           "{\"tags\":[\"a\"",
                           "{\"title\":\"\\x\"}"}) {
    EXPECT_EQ(Verdict(json), "MALFORMED_BODY") << json;
  }
  EXPECT_EQ(Verdict("{\"amount_fen\":1e400}").find("amount_fen") == 0 ||
                Verdict("{\"amount_fen\":1e400}") == "MALFORMED_BODY",
            true);
}

TEST(JsonReaderTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(Verdict(R"({"owner_id":{"deep":[1,{}]},"title":"a"})"), "owner_id UNKNOWN_FIELD");
  EXPECT_EQ(Verdict(R"({"amountFen":"1"})"), "amountFen UNKNOWN_FIELD");
  EXPECT_EQ(Verdict(R"({"lines":[{},{"inner":{"oops":1}}]})"), "lines[1].inner.oops UNKNOWN_FIELD");
  EXPECT_EQ(Verdict(R"({"state":"OPENED"})"), "state UNKNOWN_VALUE");
  EXPECT_EQ(Verdict(R"({"state":1})"), "state BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"state":"1"})"), "state UNKNOWN_VALUE");
  EXPECT_EQ(Verdict(R"({"pinned":"true"})"), "pinned BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"title":5})"), "title BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"title":null})"), "title BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"tags":"a"})"), "tags BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"tags":[["a"]]})"), "tags[-1] BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"tags":["a",1]})"), "tags[1] BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"lines":{}})"), "lines BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"main_line":[]})"), "main_line BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"labels":{"k":1}})"), "labels[k] BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"line_by_number":{"x":{}}})"), "line_by_number[x] BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"digest":"AP8"})"), "digest BAD_FORMAT");
  EXPECT_EQ(Verdict(R"({"digest":"AP9="})"), "digest BAD_FORMAT");
  for (const char* time :
       {"2026-11-22", "2026-11-22T01:02:03+08:00", "2026-11-22T01:02:03", "2026-02-30T00:00:00Z",
        "2026-11-22T24:00:00Z", "9999-01-01T00:00:00Z", "1795309323"}) {
    EXPECT_EQ(Verdict(std::string(R"({"create_time":")") + time + "\"}"), "create_time BAD_FORMAT") << time;
  }
  for (const char* period : {"3", "s", "3.s", "03s", "3.1234567890s", "1m", "+1s", "3,5s", "1e3s"}) {
    EXPECT_EQ(Verdict(std::string(R"({"period":")") + period + "\"}"), "period BAD_FORMAT") << period;
  }
}

TEST(JsonReaderTest, ReportsManyViolationsAtOnceButNotWithoutBound) {
  Note note;
  const Status three = ReadJson(R"({"a":1,"state":"X","share_ppm":"y"})", note, "note.");
  ASSERT_FALSE(three.ok());
  ASSERT_EQ(three.error().violations.size(), 3u);
  EXPECT_EQ(three.error().violations[2].field, "note.share_ppm");
  std::string json = "{";
  for (int i = 0; i < 1000; ++i) json += "\"x" + std::to_string(i) + "\":0,";
  const Status many = ReadJson(json + "\"z\":0}", note, "");
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().violations.size(), kViolationsMax);
}

// --- Message to JSON

std::string Json(const google::protobuf::Message& message) {
  std::string out;
  AppendJson(message, out);
  return out;
}

TEST(JsonWriterTest, PrintsDefaultsButNoAbsentMessages) {
  EXPECT_EQ(Json(notes::v1::Line()), R"({"text":"","amount_fen":"0"})");
  EXPECT_EQ(
      Json(Note()),
      R"({"name":"","title":"","amount_fen":"0","share_ppm":0,"state":"STATE_UNSPECIFIED","digest":"","tags":[],)"
      R"("lines":[],"labels":{},"pinned":false,"etag":"","size_bytes":"0","numbers":[],"history":[],"count":0,)"
      R"("line_by_number":{}})");
}

TEST(JsonWriterTest, EscapesWhatJsonMustNotHold) {
  notes::v1::Line line;
  line.set_text("a\"\\\n\r\x1b\x7f中");
  EXPECT_EQ(Json(line), R"({"text":"a\"\\\n\r\u001b\u007f中","amount_fen":"0"})");
}

RC_GTEST_PROP(JsonProperty, WhatIsWrittenReadsBackTheSame, ()) {
  Note note;
  note.set_title(*rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)));
  note.set_amount_fen(*rc::gen::arbitrary<int64_t>());
  note.set_share_ppm(*rc::gen::arbitrary<int32_t>());
  note.set_size_bytes(*rc::gen::arbitrary<uint64_t>());
  note.set_state(*rc::gen::element(notes::v1::STATE_UNSPECIFIED, notes::v1::OPEN, notes::v1::CLOSED));
  note.set_digest(*rc::gen::arbitrary<std::string>());
  note.set_pinned(*rc::gen::arbitrary<bool>());
  if (*rc::gen::arbitrary<bool>()) note.set_rank(*rc::gen::arbitrary<int32_t>());
  note.mutable_create_time()->set_seconds(*rc::gen::inRange<int64_t>(1, 9'000'000'000));
  note.mutable_create_time()->set_nanos(*rc::gen::inRange(0, 1'000'000'000));
  const int sign = *rc::gen::element(-1, 1);
  note.mutable_period()->set_seconds(sign * *rc::gen::inRange<int64_t>(0, 1'000'000));
  note.mutable_period()->set_nanos(sign * *rc::gen::inRange(0, 1'000'000'000));
  for (const int64_t number : *rc::gen::arbitrary<std::vector<int64_t>>()) {
    note.add_numbers(number);
    (*note.mutable_line_by_number())[number].set_amount_fen(number);
    note.add_lines()->mutable_inner()->set_amount_fen(number);
  }
  Note back;
  RC_ASSERT(ReadJson(Json(note), back, "").ok());
  RC_ASSERT(google::protobuf::util::MessageDifferencer::Equals(note, back));
}

RC_GTEST_PROP(JsonProperty, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
  Note note;
  const std::string json = "{\"title\":\"" + bytes + "\",\"numbers\":[" + bytes + "]}";
  const Status status = ReadJson(json, note, "");
  if (status.ok()) RC_ASSERT(IsValidUtf8(note.title()));
}

TEST(Base64Test, IsCanonical) {
  std::string out;
  for (const std::string& bytes :
       {std::string(), std::string("a"), std::string("ab"), std::string("abc"), std::string("\0\xff", 2)}) {
    ASSERT_TRUE(DecodeBase64(EncodeBase64(bytes), out));
    EXPECT_EQ(out, bytes);
  }
  for (const char* text : {"A", "AA", "AAA", "A===", "AA==AAAA", "AB==", "AAB=", "AA-_", "====", "AA=A"}) {
    EXPECT_FALSE(DecodeBase64(text, out)) << text;
  }
}

// --- Whole requests

template <class Message>
Result<Message> Transcode(Verb verb, const std::string& path, RequestHead head, const std::string& body) {
  static const Router router = Notes();
  const RouteMatch match = router.Find(verb, path);
  TTX_CHECK(match.route != nullptr, path);
  TTX_TRY(const TranscodedRequest request, TranscodeRequest(match, head, body));
  Message message;
  TTX_CHECK(message.ParseFromString(request.bytes), "the bytes of a message");
  return message;
}

template <class Message>
std::string Fault(const Result<Message>& result) {
  if (result.ok()) return "";
  if (result.error().violations.empty()) return std::string(ReasonName(result.error().reason));
  return result.error().violations[0].field + " " +
         std::string(ReasonName(result.error().violations[0].reason));
}

TEST(TranscodeTest, TakesFieldsFromPathBodyAndHeaders) {
  RequestHead head;
  head.idempotency_key = "k-1";
  head.if_match = "\"v7\"";
  const auto closed =
      Transcode<notes::v1::CloseNoteRequest>(Verb::kPost, "/v1/notes/1:close", head, R"({"reason":"done"})");
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->name(), "notes/1");
  EXPECT_EQ(closed->request_id(), "k-1");
  EXPECT_EQ(closed->etag(), "v7");
  EXPECT_EQ(closed->reason(), "done");
  const auto updated = Transcode<notes::v1::UpdateNoteRequest>(Verb::kPatch, "/v1/notes/1", head,
                                                               R"({"title":"t","name":"notes/1"})");
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated->note().name(), "notes/1");
  EXPECT_EQ(updated->note().title(), "t");
}

TEST(TranscodeTest, AFieldGivenTwiceMustAgree) {
  RequestHead head;
  head.idempotency_key = "k-1";
  using Close = notes::v1::CloseNoteRequest;
  EXPECT_EQ(Fault(Transcode<Close>(Verb::kPost, "/v1/notes/1:close", head, R"({"name":"notes/2"})")),
            "name DUPLICATE");
  EXPECT_EQ(Fault(Transcode<Close>(Verb::kPost, "/v1/notes/1:close", head, R"({"request_id":"k-2"})")),
            "request_id DUPLICATE");
  EXPECT_EQ(Fault(Transcode<Close>(Verb::kPost, "/v1/notes/1:close", head, R"({"request_id":"k-1"})")), "");
  head.query = "reason=x";
  EXPECT_EQ(Fault(Transcode<Close>(Verb::kPost, "/v1/notes/1:close", head, "")), "MALFORMED_REQUEST");
}

TEST(TranscodeTest, N58N59WritesNeedAKeyOfPrintableAscii) {
  using Create = notes::v1::CreateNoteRequest;
  const auto fault = [](std::optional<std::string_view> key) {
    RequestHead head;
    head.idempotency_key = key;
    return Fault(Transcode<Create>(Verb::kPost, "/v1/notes", head, "{}"));
  };
  EXPECT_EQ(fault(std::nullopt), "request_id REQUIRED");
  EXPECT_EQ(fault(""), "request_id REQUIRED");
  EXPECT_EQ(fault(std::string(64, 'k')), "");
  EXPECT_EQ(fault(std::string(65, 'k')), "request_id TOO_LONG");
  EXPECT_EQ(fault(std::string(300, 'k')), "request_id TOO_LONG");
  EXPECT_EQ(fault("a b"), "request_id BAD_TEXT");
  EXPECT_EQ(fault("a\tb"), "request_id BAD_TEXT");
  EXPECT_EQ(fault("\xe4\xb8\xad"), "request_id BAD_TEXT");
}

TEST(TranscodeTest, QueriesFillFieldsAndNothingElse) {
  using List = notes::v1::ListNotesRequest;
  const auto list = [](std::string_view query) {
    RequestHead head;
    head.query = query;
    return Transcode<List>(Verb::kGet, "/v1/notes", head, "");
  };
  const auto good = list(
      "page_size=7&states=OPEN&states=CLOSED&page_token=a%2Bb+c&like.inner.text=%E4%B8%AD&pinned=true"
      "&wait_time=2.5s&created_after=2026-01-01T00:00:00Z");
  ASSERT_TRUE(good.ok()) << Fault(good);
  EXPECT_EQ(good->page_size(), 7);
  EXPECT_THAT(good->states(), ElementsAre(notes::v1::OPEN, notes::v1::CLOSED));
  EXPECT_EQ(good->page_token(), "a+b c");
  EXPECT_EQ(good->like().inner().text(), "中");
  EXPECT_EQ(good->wait_time().nanos(), 500'000'000);
  EXPECT_EQ(Fault(list("org_id=other")), "org_id UNKNOWN_FIELD");          // N55
  EXPECT_EQ(Fault(list("access_token=x")), "access_token UNKNOWN_FIELD");  // N36
  EXPECT_EQ(Fault(list("_method=DELETE")), "_method UNKNOWN_FIELD");       // N54
  EXPECT_EQ(Fault(list("page_size=1&page_size=2")), "page_size DUPLICATE");
  EXPECT_EQ(Fault(list("page_size=1e3")), "page_size BAD_FORMAT");
  EXPECT_EQ(Fault(list("like=x")), "like BAD_FORMAT");
  EXPECT_EQ(Fault(list("page_size.x=1")), "page_size.x UNKNOWN_FIELD");
  EXPECT_EQ(Fault(list("page_token=%ff")), "MALFORMED_REQUEST");
  EXPECT_EQ(Fault(list("page_token=%00")), "MALFORMED_REQUEST");
  EXPECT_EQ(Fault(list("page_token=%2")), "MALFORMED_REQUEST");
  std::string many;
  for (size_t i = 0; i <= kQueryParametersMax; ++i) many += "states=OPEN&";
  EXPECT_EQ(Fault(list(many)), "MALFORMED_REQUEST");
}

TEST(TranscodeTest, N51NothingIsAssignedInPassing) {
  RequestHead head;
  head.idempotency_key = "k";
  for (const char* field : {"status", "owner_id", "role", "balance", "seq", "admitted_at", "fee"}) {
    const auto result = Transcode<notes::v1::CreateNoteRequest>(
        Verb::kPost, "/v1/notes", head, std::string("{\"title\":\"t\",\"") + field + "\":\"1\"}");
    EXPECT_EQ(Fault(result), std::string("note.") + field + " UNKNOWN_FIELD");
  }
}

TEST(TranscodeTest, IfMatchIsOneStrongTag) {
  RequestHead head;
  head.idempotency_key = "k";
  for (const char* tag : {"*", "W/\"a\"", "\"a\", \"b\"", "\"\""}) {
    head.if_match = tag;
    EXPECT_EQ(Fault(Transcode<notes::v1::CloseNoteRequest>(Verb::kPost, "/v1/notes/1:close", head, "")),
              "etag BAD_FORMAT")
        << tag;
  }
}

TEST(TranscodeTest, LastEventIdContinuesAStream) {
  RequestHead head;
  head.last_event_id = "41";
  using Stream = notes::v1::StreamNotesRequest;
  const auto stream = Transcode<Stream>(Verb::kGet, "/v1/notes/9/events", head, "");
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(stream->after_sequence(), 41);
  EXPECT_EQ(stream->parent(), "notes/9");
  head.last_event_id = "abc";
  EXPECT_EQ(Fault(Transcode<Stream>(Verb::kGet, "/v1/notes:stream", head, "")), "after_sequence BAD_FORMAT");
}

TEST(TranscodeTest, AnswersCarryTheirEtagAndEventsTheirSequence) {
  const Router router = Notes();
  Note note;
  note.set_etag("v1");
  const auto answer =
      TranscodeResponse(*router.Find(Verb::kGet, "/v1/notes/1").route->method, note.SerializeAsString());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->etag, "\"v1\"");
  EXPECT_EQ(answer->json, Json(note));
  notes::v1::NoteEvent event;
  event.set_sequence(5);
  event.set_text("two\nlines");
  const auto transcoded =
      TranscodeEvent(*router.Find(Verb::kGet, "/v1/notes:stream").route->method, event.SerializeAsString());
  ASSERT_TRUE(transcoded.ok());
  EXPECT_EQ(transcoded->sequence, 5u);
  EXPECT_EQ(transcoded->text, "id: 5\nevent: message\ndata: {\"sequence\":\"5\",\"text\":\"two\\nlines\"}\n\n");
  EXPECT_FALSE(TranscodeEvent(*router.Find(Verb::kGet, "/v1/notes:stream").route->method, "\xff\xff").ok());
}

TEST(TranscodeTest, N82OnlyJsonIsJson) {
  for (const char* type : {"application/json", "Application/JSON", "application/json; charset=UTF-8"})
    EXPECT_TRUE(IsJsonContentType(type)) << type;
  for (const char* type : {"", "text/plain", "application/json; charset=gbk", "application/jsonx",
                           "application/xml", "text/json"}) {
    EXPECT_FALSE(IsJsonContentType(type)) << type;
  }
}

}  // namespace
}  // namespace ttx::gateway
