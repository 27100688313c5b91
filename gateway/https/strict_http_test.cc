#include "gateway/https/strict_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gateway/limits.h"

namespace ttx::gateway {
namespace {

// 200 stands for "accepted".
int StatusOf(const std::string& raw, const std::vector<std::string>& hosts = {}) {
  const auto verdict = JudgeHead(raw, hosts);
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? 200 : refusal->status;
}

std::string Get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: ttx.test\r\n" + headers + "\r\n";
}

std::string Post(const std::string& headers) {
  return "POST /v1/notes HTTP/1.1\r\nHost: ttx.test\r\n" + headers + "\r\n";
}

struct Row {
  const char* name;
  std::string raw;
  int status;
};

class StrictHttp : public ::testing::TestWithParam<Row> {};

TEST_P(StrictHttp, JudgesTheRawHead) {
  EXPECT_EQ(StatusOf(GetParam().raw), GetParam().status) << GetParam().raw;
}

std::string NameOf(const ::testing::TestParamInfo<Row>& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Accepted, StrictHttp,
    ::testing::Values(Row{"Plain", Get("/v1/notes"), 200},
                      Row{"Query", Get("/v1/notes?page_size=3&a=%e4%b8%ad"), 200},
                      Row{"Length", Post("Content-Length: 5\r\n"), 200},
                      Row{"Chunked", Post("Transfer-Encoding: chunked\r\n"), 200},
                      Row{"Expect", Post("Content-Length: 5\r\nExpect: 100-Continue\r\n"), 200},
                      Row{"HostWithPort", "GET / HTTP/1.1\r\nhOST: [::1]:8443\r\n\r\n", 200},
                      Row{"UnderscoreNameIgnored", Get("/", "content_length: 99999999999\r\n"), 200},
                      Row{"OverrideIgnored",
                          Get("/", "X-HTTP-Method-Override: DELETE\r\nX-Forwarded-For: 1.2.3.4\r\n"), 200},
                      Row{"Verb", Get("/v1/notes/1:close"), 200}),
    NameOf);

// reliability.md 3.4, N1 to N6: where a message ends must not be in doubt.
INSTANTIATE_TEST_SUITE_P(
    Framing, StrictHttp,
    ::testing::Values(
        Row{"N1GzipThenLength", Post("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 400},
        Row{"N1LengthThenGzip", Post("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), 400},
        Row{"N2ChunkedTwiceInList", Post("Transfer-Encoding: chunked, chunked\r\n"), 400},
        Row{"N3Identity", Post("Transfer-Encoding: identity\r\n"), 400},
        Row{"N3XChunked", Post("Transfer-Encoding: xchunked\r\n"), 400},
        Row{"N3VerticalTab",
            Post("Transfer-Encoding:\x0b"
                 "chunked\r\n"),
            400},
        Row{"N3CapitalChunked", Post("Transfer-Encoding: Chunked\r\n"), 400},
        Row{"N3TwoFields", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Row{"N4ChunkedThenLength", Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
        Row{"N4LengthThenChunked", Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
        Row{"N5TwoEqual", Post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        Row{"N5List", Post("Content-Length: 5, 5\r\n"), 400},
        Row{"N5Plus", Post("Content-Length: +5\r\n"), 400},
        Row{"N5Hex", Post("Content-Length: 0x5\r\n"), 400},
        Row{"N5Minus", Post("Content-Length: -1\r\n"), 400}, Row{"N5Empty", Post("Content-Length:\r\n"), 400},
        Row{"N5TwentyDigits", Post("Content-Length: 10000000000000000000\r\n"), 400},
        Row{"N6Folded", Get("/", "X-A: 1\r\n 2\r\n"), 400},
        Row{"N6FoldedTab", Get("/", "X-A: 1\r\n\t2\r\n"), 400},
        Row{"N6FoldedEncoding", Post("Transfer-Encoding:\r\n chunked\r\n"), 400}),
    NameOf);

// N7 to N13, N16, N23 and the duplicates of 3.3.
INSTANTIATE_TEST_SUITE_P(
    Heads, StrictHttp,
    ::testing::Values(
        Row{"N7SpaceBeforeColon", Get("/", "X-A : 1\r\n"), 400},
        Row{"N7BareLf", "GET / HTTP/1.1\nHost: ttx.test\r\n\r\n", 400},
        Row{"N7BareCr", Get("/", "X-A: 1\rX-B: 2\r\n"), 400},
        Row{"N7Nul", Get("/", std::string("X-A: 1\0\r\n", 9)), 400},
        Row{"N7HighByte", Get("/", "X-A: \xc3\xa9\r\n"), 400},
        Row{"N7NoColon", Get("/", "nonsense\r\n"), 400}, Row{"N7NoName", Get("/", ": 1\r\n"), 400},
        Row{"N8NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Row{"N8TwoHosts", Get("/", "Host: ttx.test\r\n"), 400},
        Row{"N8EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        Row{"N8UserInHost", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        Row{"N9Http10", "GET / HTTP/1.0\r\nHost: ttx.test\r\n\r\n", 505},
        Row{"N9Http10Chunked", "POST / HTTP/1.0\r\nHost: ttx.test\r\nTransfer-Encoding: chunked\r\n\r\n",
            505},
        Row{"N9Http19", "GET / HTTP/1.9\r\nHost: ttx.test\r\n\r\n", 400},
        Row{"N9Http2Preface", "PRI * HTTP/2.0\r\n\r\n", 400},
        Row{"N9LowerCase", "GET / http/1.1\r\nHost: ttx.test\r\n\r\n", 400},
        Row{"N10Absolute", Get("http://other.test/"), 400}, Row{"N10Authority", Get("other.test:443"), 400},
        Row{"N10Asterisk", "OPTIONS * HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 400},
        Row{"N11HighByte", Get("/v1/\xe4\xb8\xad"), 400}, Row{"N11Nul", Get("/v1/%00"), 400},
        Row{"N11Backslash", Get("/v1\\x"), 400}, Row{"N11EncodedBackslash", Get("/v1/%5c"), 400},
        Row{"N11EncodedSlash", Get("/v1/a%2Fb"), 400}, Row{"N11DoubleEncoded", Get("/v1/%252e%252e"), 400},
        Row{"N11HalfEncoded", Get("/v1/%2"), 400}, Row{"N11TwoSpaces", Get("/a b"), 400},
        Row{"N12Unknown", "FOO / HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 501},
        Row{"N12Trace", "TRACE / HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 405},
        Row{"N12Connect", "CONNECT ttx.test:443 HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 405},
        Row{"N12LowerCaseMethod", "get / HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 501},
        Row{"N13LongTarget", Get("/" + std::string(5 * 1024, 'a')), 414},
        Row{"N16Gzip", Post("Content-Encoding: gzip\r\nContent-Length: 5\r\n"), 415},
        Row{"N23H2c", Get("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), 400},
        Row{"N36TwoAuthorizations", Get("/", "Authorization: a\r\nAuthorization: b\r\n"), 400},
        Row{"N59TwoKeys", Post("Idempotency-Key: a\r\nIdempotency-Key: a\r\n"), 400},
        Row{"TwoContentTypes", Post("Content-Type: a\r\nContent-Type: b\r\n"), 400},
        Row{"OtherExpectation", Post("Expect: 200-ok\r\n"), 417},
        Row{"N84DotDot", Get("/v1/x/..%2fadmin"), 400}, Row{"N84EncodedDots", Get("/v1/%2e%2e/admin"), 400},
        Row{"N84DoubleSlash", Get("//admin"), 400}, Row{"N84Dot", Get("/./"), 400},
        Row{"N84DotAtEnd", Get("/v1/.."), 400}, Row{"LeadingEmptyLine", "\r\n" + Get("/"), 400}),
    NameOf);

TEST(StrictHttpTest, N8OtherHostIsMisdirected) {
  EXPECT_EQ(StatusOf(Get("/"), {"ttx.test"}), 200);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: TTX.test:8443\r\n\r\n", {"ttx.test"}), 200);
  EXPECT_EQ(StatusOf(Get("/"), {"other.test"}), 421);
}

TEST(StrictHttpTest, N13CountsHeadersAndBytes) {
  const auto with_headers = [](int count) {
    std::string headers;
    for (int i = 1; i < count; ++i) headers += "X-" + std::to_string(i) + ": a\r\n";
    return Get("/", headers);
  };
  EXPECT_EQ(StatusOf(with_headers(static_cast<int>(kHeaderCountMax))), 200);
  EXPECT_EQ(StatusOf(with_headers(static_cast<int>(kHeaderCountMax) + 1)), 431);
  EXPECT_EQ(StatusOf(Get("/", "X-A: " + std::string(17 * 1024, 'a') + "\r\n")), 431);
}

TEST(StrictHttpTest, AnAcceptedHeadSaysWhatTheGatewayActsOn) {
  const std::string raw =
      "PATCH /v1/notes/1%3a?a=b HTTP/1.1\r\nhost: ttx.test:8443\r\nAuthorization: Bearer "
      "x\r\ncontent-TYPE:application/json \r\n"
      "Idempotency-Key: k-1\r\nIf-Match: \"e\"\r\nAccept-Language: en\r\nLast-Event-ID: 7\r\ntraceparent: "
      "t\r\n"
      "Content-Length: 12\r\nConnection: Close\r\n\r\n";
  const auto verdict = JudgeHead(raw, {});
  ASSERT_TRUE(std::holds_alternative<RequestHead>(verdict));
  const auto& head = std::get<RequestHead>(verdict);
  EXPECT_EQ(head.verb, Verb::kPatch);
  EXPECT_EQ(head.path, "/v1/notes/1%3a");
  EXPECT_EQ(DecodePath(head.path), "/v1/notes/1:");
  EXPECT_EQ(head.query, "a=b");
  EXPECT_EQ(head.host, "ttx.test");
  EXPECT_EQ(head.authorization, "Bearer x");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.idempotency_key, "k-1");
  EXPECT_EQ(head.if_match, "\"e\"");
  EXPECT_EQ(head.last_event_id, "7");
  EXPECT_EQ(head.traceparent, "t");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_EQ(head.header_count, 10u);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_FALSE(head.chunked);
}

TEST(ScanHeadTest, FindsTheEndInPiecesOfAnySize) {
  const std::string raw = Get("/v1/notes") + "next";
  size_t position = 0;
  for (size_t size = 1; size < raw.size() - 4; ++size) {
    ASSERT_EQ(ScanHead(std::string_view(raw).substr(0, size), position), HeadScan::kIncomplete) << size;
  }
  EXPECT_EQ(ScanHead(raw, position), HeadScan::kComplete);
  EXPECT_EQ(raw.substr(position), "next");
}

TEST(ScanHeadTest, DoesNotWaitForWhatCannotBecomeARequest) {
  for (const std::string& raw : {std::string("\x16\x03\x01"), std::string("GET / HTTP/1.1\n"),
                                 std::string("\r\n"), std::string("GET /\0", 6)}) {
    size_t position = 0;
    EXPECT_EQ(ScanHead(raw, position), HeadScan::kMalformed) << raw;
  }
}

TEST(ScanHeadTest, TellsALongTargetFromLongHeaders) {
  const std::string long_target = "GET /" + std::string(20 * 1024, 'a');
  const std::string long_headers = "GET / HTTP/1.1\r\nX: " + std::string(20 * 1024, 'a');
  for (const std::string& raw : {long_target, long_headers}) {
    size_t position = 0;
    EXPECT_EQ(ScanHead(raw, position), HeadScan::kTooLong);
  }
  EXPECT_EQ(TooLong(long_target).status, 414);
  EXPECT_EQ(TooLong(long_headers).status, 431);
}

// Whatever is accepted has exactly the one Host, at most one way to say its length, and a harmless path.
RC_GTEST_PROP(StrictHttpProperty, MutatedHeadsNeverBecomeAmbiguous, ()) {
  std::string raw = Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n");
  const auto edits = *rc::gen::inRange(1, 6);
  for (int i = 0; i < edits; ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, raw.size());
    if (*rc::gen::arbitrary<bool>()) {
      raw[at] = *rc::gen::element('\r', '\n', ' ', ':', '\t', '\0', 'x', ',', '/', '%', '.');
    } else {
      raw.erase(at, *rc::gen::inRange<size_t>(1, 8));
      if (raw.empty()) raw = "G";
    }
  }
  const auto verdict = JudgeHead(raw, {});
  if (const auto* head = std::get_if<RequestHead>(&verdict)) {
    RC_ASSERT(!(head->chunked && head->content_length));
    RC_ASSERT(!head->host.empty());
    RC_ASSERT(head->path.starts_with('/'));
    RC_ASSERT(DecodePath(head->path).has_value());
    RC_ASSERT(raw.find("\r\n\r\n") == raw.size() - 4);
  }
}

}  // namespace
}  // namespace ttx::gateway
