#include "gateway/gateway.h"

#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <filesystem>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "gateway/https/test_client.h"
#include "gateway/testdata/notes.grpc.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/core/encoding.h"
#include "libs/rpc/directory.h"
#include "ttx/api/v1/error_info.pb.h"

namespace ttx::gateway {
namespace {

using notes::v1::Note;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::HttpAnswer;
using ::testing::Not;
using testing::TlsClient;
using testing::TlsClientOptions;

grpc::Status Failure(grpc::StatusCode code, const std::string& reason) {
  google::rpc::Status status;
  api::v1::ErrorInfo info;
  info.set_reason(reason);
  auto* any = status.add_details();
  any->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  any->set_value(info.SerializeAsString());
  return {code, "m", status.SerializeAsString()};
}

// Sends events after_sequence+1 .. last_sequence; then ends, or stays open when following.
class Events : public grpc::ServerWriteReactor<notes::v1::NoteEvent> {
 public:
  Events(const notes::v1::StreamNotesRequest& request, std::function<void(Events*)> on_done)
      : request_(request), next_(request.after_sequence() + 1), on_done_(std::move(on_done)) {
    if (request.parent() == "notes/forbidden") {
      Finish(Failure(grpc::StatusCode::PERMISSION_DENIED, "PERMISSION_DENIED"));
    } else {
      Next();
    }
  }
  void OnWriteDone(bool ok) override { ok ? Next() : End(grpc::Status::CANCELLED); }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    on_done_(this);
    delete this;
  }
  bool is_past_end() const { return request_.after_sequence() > request_.last_sequence(); }
  void End(const grpc::Status& status) {
    if (!ended_.exchange(true)) Finish(status);
  }

 private:
  void Next() {
    if (next_ > request_.last_sequence()) {
      if (!request_.follow())
        End(request_.parent() == "notes/broken" ? Failure(grpc::StatusCode::UNAVAILABLE, "UNAVAILABLE")
                                                : grpc::Status::OK);
      return;
    }
    event_.set_sequence(next_++);
    event_.set_text(request_.parent() == "notes/large" ? std::string(64 * 1024, 'x') : "e");
    StartWrite(&event_);
  }

  notes::v1::StreamNotesRequest request_;
  int64_t next_;
  const std::function<void(Events*)> on_done_;
  notes::v1::NoteEvent event_;
  std::atomic<bool> ended_{false};
};

class NoteService final : public notes::v1::NoteService::CallbackService {
 public:
  grpc::ServerUnaryReactor* CreateNote(grpc::CallbackServerContext* context,
                                       const notes::v1::CreateNoteRequest* request, Note* note) override {
    ++writes;
    *note = request->note();
    note->set_name("notes/" + request->request_id());
    note->set_etag("v1");
    if (note->title() == "replayed") context->AddTrailingMetadata("x-ttx-replayed", "1");
    auto* reactor = context->DefaultReactor();
    reactor->Finish(note->title() == "broke" ? Failure(grpc::StatusCode::FAILED_PRECONDITION, "SANDBOX_ONLY")
                                             : grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* GetNote(grpc::CallbackServerContext* context,
                                    const notes::v1::GetNoteRequest* request, Note* note) override {
    note->set_name(request->name());
    for (const auto& [key, value] : context->client_metadata()) {
      if (key != "user-agent")
        (*note->mutable_labels())[std::string(key.data(), key.size())] =
            std::string(value.data(), value.size());
    }
    if (request->name() == "notes/large") note->set_title(std::string(1 << 20, 'x'));
    auto* reactor = context->DefaultReactor();
    reactor->Finish(request->name() == "notes/lost" ? Failure(grpc::StatusCode::NOT_FOUND, "NOT_FOUND")
                                                    : grpc::Status::OK);
    return reactor;
  }
  // Answers at once, or with wait_time never.
  grpc::ServerUnaryReactor* ListNotes(grpc::CallbackServerContext* context,
                                      const notes::v1::ListNotesRequest* request,
                                      notes::v1::ListNotesResponse* response) override {
    response->set_next_page_token(std::to_string(request->page_size()));
    if (request->has_wait_time()) {
      class Waiting : public grpc::ServerUnaryReactor {
        void OnCancel() override { Finish(grpc::Status::CANCELLED); }
        void OnDone() override { delete this; }
      };
      auto* waiting = new Waiting;
      waiting_started.set_value();
      return waiting;
    }
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<notes::v1::NoteEvent>* StreamNotes(
      grpc::CallbackServerContext*, const notes::v1::StreamNotesRequest* request) override {
    ++streams;
    ++open_streams;
    auto* events = new Events(*request, [this](Events* gone) {
      const std::lock_guard lock(mutex_);
      events_.erase(gone);
      --open_streams;
    });
    const std::lock_guard lock(mutex_);
    if (request->parent() == "notes/silent") events_.insert(events);
    return events;
  }
  // Of those that were silent.
  void EndStreams(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    for (Events* events : events_) events->End(status);
  }
  // ... and will ever be, for nothing comes after what they asked for.
  void RefusePastEnd(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    for (Events* events : events_) {
      if (events->is_past_end()) events->End(status);
    }
  }

  std::atomic<int> streams{0};
  std::atomic<int> open_streams{0};
  std::atomic<int> writes{0};
  std::promise<void> waiting_started;

 private:
  std::mutex mutex_;
  std::set<Events*> events_;
};

std::string Get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: ttx.test\r\n" + headers + "\r\n";
}
std::string Post(const std::string& target, const std::string& body, const std::string& headers = "") {
  return "POST " + target +
         " HTTP/1.1\r\nHost: ttx.test\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

class GatewayTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::filesystem::temp_directory_path() / ("ttx_gateway_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    testing::MakeCertificate(folder_ / "certificate.pem", folder_ / "key.pem");
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  GatewayTest() {
    config_.listen_address = "127.0.0.1:0";
    config_.admin_address = "127.0.0.1:0";
    config_.certificate_file = folder_ / "certificate.pem";
    config_.private_key_file = folder_ / "key.pem";
    config_.services = {"ttx.notes.v1.NoteService"};
    config_.timer_tick = Milliseconds(10);
    hooks_.ready = [this] { return ready_.load(); };
    hooks_.metrics_text = [] { return "ttx_up 1\n"; };
    hooks_.feeds_json = [] { return "{\"feeds\":[]}\n"; };
    hooks_.on_request = [this](const RequestLog& log) {
      const std::lock_guard lock(mutex_);
      logs_.push_back(log);
    };
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    directory_.Set("notes", server_->InProcessChannel({}));
  }
  ~GatewayTest() override {
    gateway_.reset();
    directory_.Clear();
    server_->Shutdown();
  }

  void Start() {
    auto gateway = Gateway::Start(config_, directory_, hooks_);
    ASSERT_TRUE(gateway.ok()) << gateway.error().message();
    gateway_ = std::move(gateway).value();
  }

  std::unique_ptr<TlsClient> Connect(TlsClientOptions options = {}) {
    return std::make_unique<TlsClient>(gateway_->port(), std::move(options));
  }
  HttpAnswer Ask(const std::string& request) { return Connect()->Ask(request); }

  std::vector<RequestLog> Logs() {
    const std::lock_guard lock(mutex_);
    return logs_;
  }

  static inline std::filesystem::path folder_;
  GatewayConfig config_;
  GatewayHooks hooks_;
  std::atomic<bool> ready_{true};
  std::mutex mutex_;
  std::vector<RequestLog> logs_;
  NoteService service_;
  std::unique_ptr<grpc::Server> server_;
  rpc::Directory directory_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, CarriesAWriteAndARead) {
  Start();
  auto client = Connect();
  const HttpAnswer created =
      client->Ask(Post("/v1/notes", R"({"title":"t","amount_fen":"12"})", "Idempotency-Key: k-1\r\n"));
  EXPECT_EQ(created.status, 200);
  EXPECT_EQ(created.headers.at("content-type"), "application/json");
  EXPECT_EQ(created.headers.at("etag"), "\"v1\"");
  EXPECT_FALSE(created.headers.contains("idempotent-replayed"));
  EXPECT_THAT(created.body, HasSubstr(R"("name":"notes/k-1","title":"t","amount_fen":"12")"));
  const HttpAnswer read = client->Ask(Get("/v1/notes/7"));
  EXPECT_EQ(read.status, 200);
  EXPECT_THAT(read.body, HasSubstr(R"("name":"notes/7")"));
  ASSERT_EQ(Logs().size(), 2u);
  EXPECT_EQ(Logs()[1].route, "/v1/{name=notes/*}");
  EXPECT_EQ(Logs()[1].rpc, "ttx.notes.v1.NoteService/GetNote");
  EXPECT_EQ(Logs()[1].status, 200);
  EXPECT_EQ(Logs()[1].peer, "127.0.0.1");
}

TEST_F(GatewayTest, EveryAnswerCarriesTheSecurityHeadersAndNoBanner) {
  Start();
  for (const std::string& request : {Get("/healthz"), Get("/v1/notes/1"), Get("/nothing"), Get("//bad")}) {
    const HttpAnswer answer = Ask(request);
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff") << request;
    EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
    EXPECT_THAT(answer.headers.at("strict-transport-security"), HasSubstr("max-age="));
    EXPECT_TRUE(answer.headers.contains("date"));
    EXPECT_FALSE(answer.headers.contains("server"));
  }
}

TEST_F(GatewayTest, OnlyAuthorizationAndTraceReachTheService) {
  Start();
  const std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const HttpAnswer answer =
      Ask(Get("/v1/notes/1", "Authorization: Bearer a\r\ntraceparent: " + traceparent +
                                 "\r\nx-ttx-user: admin\r\nX-Forwarded-For: 1.1.1.1\r\nCookie: a=b\r\n"));
  EXPECT_THAT(answer.body, HasSubstr(R"("authorization":"Bearer a")"));
  EXPECT_THAT(answer.body, HasSubstr(traceparent));
  EXPECT_THAT(answer.body, Not(HasSubstr("x-ttx-user")));
  EXPECT_THAT(answer.body, Not(HasSubstr("forwarded")));
  EXPECT_THAT(answer.body, Not(HasSubstr("cookie")));
}

TEST_F(GatewayTest, FailuresBecomeProblems) {
  Start();
  const HttpAnswer lost = Ask(Get("/v1/notes/lost", "Accept-Language: en\r\n"));
  EXPECT_EQ(lost.status, 404);
  EXPECT_EQ(lost.headers.at("content-type"), "application/problem+json");
  EXPECT_EQ(lost.headers.at("content-language"), "en");
  rapidjson::Document json;
  ASSERT_FALSE(json.Parse(lost.body.c_str()).HasParseError()) << lost.body;
  EXPECT_STREQ(json["reason"].GetString(), "NOT_FOUND");
  EXPECT_STREQ(json["instance"].GetString(), "/v1/notes/lost");
  EXPECT_EQ(std::string(json["trace_id"].GetString()).size(), 32u);
  EXPECT_EQ(Ask(Post("/v1/notes", R"({"title":"broke"})", "Idempotency-Key: k\r\n")).status, 409);
  EXPECT_EQ(Ask(Post("/v1/notes/1:close", "{}", "Idempotency-Key: k\r\n")).status, 501);
  const HttpAnswer unknown =
      Ask(Post("/v1/notes", R"({"title":"t","role":"admin"})", "Idempotency-Key: k\r\n"));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr(R"("pointer":"/role","reason":"UNKNOWN_FIELD")"));
}

TEST_F(GatewayTest, N58N60IdempotencyKeys) {
  Start();
  const HttpAnswer missing = Ask(Post("/v1/notes", "{}"));
  EXPECT_EQ(missing.status, 400);
  EXPECT_THAT(missing.body, HasSubstr(R"("field":"request_id","reason":"REQUIRED")"));
  EXPECT_EQ(service_.writes, 0);
  const HttpAnswer replayed = Ask(Post("/v1/notes", R"({"title":"replayed"})", "Idempotency-Key: k\r\n"));
  EXPECT_EQ(replayed.status, 200);
  EXPECT_EQ(replayed.headers.at("idempotent-replayed"), "true");
}

TEST_F(GatewayTest, RoutesAndVerbs) {
  Start();
  auto client = Connect();
  EXPECT_EQ(client->Ask(Get("/v1/nothing")).status, 404);
  const HttpAnswer wrong =
      client->Ask("DELETE /v1/notes HTTP/1.1\r\nHost: ttx.test\r\nX-HTTP-Method-Override: GET\r\n\r\n");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD, POST, OPTIONS");
  const HttpAnswer options = client->Ask("OPTIONS /v1/notes HTTP/1.1\r\nHost: ttx.test\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  ASSERT_TRUE(client->Send("HEAD /v1/notes/1 HTTP/1.1\r\nHost: ttx.test\r\n\r\n" + Get("/healthz")));
  const HttpAnswer head = client->Receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.headers.at("content-length"), "0");
  EXPECT_EQ(client->Receive().body, "ok\n");
  EXPECT_EQ(client->Ask(Get("/v1;/admin")).status, 404);  // N84
  EXPECT_EQ(client->Ask(Get("/metrics")).status, 404);    // N53
}

TEST_F(GatewayTest, HealthReadinessAndOpenApi) {
  config_.public_url = "https://ttx.test";
  Start();
  EXPECT_EQ(Ask(Get("/healthz")).status, 200);
  EXPECT_EQ(Ask(Get("/readyz")).status, 200);
  ready_ = false;
  EXPECT_EQ(Ask(Get("/readyz")).status, 503);
  const HttpAnswer openapi = Ask(Get("/openapi.json"));
  rapidjson::Document json;
  ASSERT_FALSE(json.Parse(openapi.body.c_str()).HasParseError())
      << openapi.body.substr(json.GetErrorOffset(), 80);
  EXPECT_STREQ(json["openapi"].GetString(), "3.1.0");
  const auto& paths = json["paths"];
  EXPECT_STREQ(json["servers"][0]["url"].GetString(), "https://ttx.test");
  for (const char* path : {"/v1/notes", "/v1/notes/{note}", "/v1/notes/{note}:close", "/v1/notes:stream",
                           "/v1/notes/{note}/events"}) {
    EXPECT_TRUE(paths.HasMember(path)) << path;
  }
  EXPECT_TRUE(paths["/v1/notes"]["post"].HasMember("requestBody"));
  EXPECT_TRUE(paths["/v1/notes"]["get"]["security"].Empty());
  EXPECT_STREQ(json["components"]["schemas"]["ttx.notes.v1.State"]["enum"][1].GetString(), "OPEN");
}

TEST_F(GatewayTest, AdminListenerIsSeparateAndPlain) {
  Start();
  const auto ask = [this](const std::string& request) {
    return TlsClient(gateway_->admin_port(), {.tls = false}).Ask(request);
  };
  EXPECT_EQ(ask(Get("/metrics")).body, "ttx_up 1\n");
  EXPECT_EQ(ask(Get("/feeds")).body, "{\"feeds\":[]}\n");
  EXPECT_EQ(Ask(Get("/feeds")).status, 404) << "not for the public";
  EXPECT_EQ(ask(Get("/healthz")).status, 200);
  EXPECT_EQ(ask(Get("/readyz")).status, 200);
  EXPECT_EQ(ask(Get("/v1/notes/1")).status, 404);
  EXPECT_EQ(ask(Post("/metrics", "")).status, 405);
  EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(ask(Post("/metrics", "x")).status, 413);
}

TEST_F(GatewayTest, AFloodOfThePublicSideLeavesTheOperatorIn) {
  config_.max_connections = 3;
  Start();
  std::vector<std::unique_ptr<TlsClient>> flood;
  for (int i = 0; i < 3; ++i) {
    flood.push_back(Connect());
    ASSERT_TRUE(flood.back()->connected());
  }
  EXPECT_FALSE(Connect()->connected());
  std::vector<std::unique_ptr<TlsClient>> operators;
  for (int i = 0; i < 3; ++i) {
    operators.push_back(std::make_unique<TlsClient>(gateway_->admin_port(), TlsClientOptions{.tls = false}));
    EXPECT_EQ(operators.back()->Ask(Get("/healthz")).status, 200);
  }
  // And the other way round: the public side has its places whatever the operator holds.
  flood.pop_back();
  while (gateway_->connections() > 5) std::this_thread::yield();
  EXPECT_TRUE(Connect()->connected());
}

TEST_F(GatewayTest, AllowedHostsCountInAnyCaseAndWithAnyPort) {
  config_.allowed_hosts = {"TTX.Test:8443", "ttx.example"};
  Start();
  EXPECT_EQ(Ask(Get("/healthz")).status, 200);
  EXPECT_EQ(Ask("GET /healthz HTTP/1.1\r\nHost: ttx.TEST:8443\r\n\r\n").status, 200);
  EXPECT_EQ(Ask("GET /healthz HTTP/1.1\r\nHost: TTX.EXAMPLE\r\n\r\n").status, 200);
  EXPECT_EQ(Ask("GET /healthz HTTP/1.1\r\nHost: other.test\r\n\r\n").status, 421);
  EXPECT_EQ(Connect({.server_name = "Ttx.Test"})->Ask(Get("/healthz")).status, 200);
  EXPECT_EQ(Connect({.server_name = "other.test"})->Ask(Get("/healthz")).status, 421);
}

TEST_F(GatewayTest, WithoutACertificateItSpeaksInTheClearAndStillChecksTheHost) {
  config_.certificate_file.clear();
  config_.private_key_file.clear();
  config_.allowed_hosts = {"ttx.test"};
  Start();
  EXPECT_EQ(Connect({.tls = false})->Ask(Get("/v1/notes/1")).status, 200);
  EXPECT_EQ(Connect({.tls = false})->Ask("GET /healthz HTTP/1.1\r\nHost: other.test\r\n\r\n").status, 421);
}

// --- N1 to N23 over the wire

TEST_F(GatewayTest, N1ToN16RefusalsCloseTheConnection) {
  config_.allowed_hosts = {"ttx.test"};
  Start();
  const std::string post =
      "POST /v1/notes HTTP/1.1\r\nHost: ttx.test\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n";
  const std::string smuggled = Get("/v1/notes/smuggled");
  struct Row {
    std::string raw;
    int status;
  };
  const std::vector<Row> rows = {
      {post + "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 400},
      {post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + smuggled, 400},
      {post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
      {"GET /v1/notes/1 HTTP/1.1\nHost: ttx.test\n\n", 400},
      {"GET /v1/notes/1 HTTP/1.1\r\nHost: other.test\r\n\r\n", 421},
      {"GET / HTTP/1.0\r\n\r\n", 505},
      {Get("http://other.test/"), 400},
      {Get("/v1/notes/%2e%2e"), 400},
      {"FOO / HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 501},
      {"TRACE / HTTP/1.1\r\nHost: ttx.test\r\n\r\n", 405},
      {Get("/", "X: " + std::string(17 * 1024, 'a') + "\r\n"), 431},
      {Get("/" + std::string(5 * 1024, 'a')), 414},
      {post + "Content-Length: 10737418240\r\n\r\n{", 413},
      {post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n2;ext=1\r\n{}\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n2;" + std::string(1 << 20, 'x') + "\r\n{}\r\n0\r\n\r\n",
       400},
      {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 5\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 400},
      {post + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 415},
      {Get("/", "Upgrade: h2c\r\nConnection: Upgrade\r\n"), 400},
      {Get("/", "Authorization: a\r\nAuthorization: b\r\n"), 400},
      {std::string("GET /v1/notes/1 HTTP/1.1\r\nHost: ttx.test\r\nContent-Length: 3\r\n\r\nabc"), 413},
  };
  for (const Row& row : rows) {
    auto client = Connect();
    client->Send(row.raw);
    HttpAnswer answer = client->Receive();
    EXPECT_EQ(answer.status, row.status) << row.raw.substr(0, 300);
    EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
    EXPECT_EQ(answer.headers["connection"], "close");
    EXPECT_TRUE(client->ReadsEnd()) << row.raw.substr(0, 300);
  }
  EXPECT_EQ(service_.writes, 0);
  for (const RequestLog& log : Logs()) EXPECT_EQ(log.rpc, "");
}

TEST_F(GatewayTest, N14BodiesStayWithinTheirLimit) {
  config_.body_bytes_max = 1000;
  config_.body_bytes_max_by_method = {{"ttx.notes.v1.NoteService/CloseNote", 10}};
  Start();
  const auto chunked = [](const std::string& target, size_t size) {
    char hex[20];
    std::snprintf(hex, sizeof hex, "%zx", size);
    return "POST " + target +
           " HTTP/1.1\r\nHost: ttx.test\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n" +
           "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n" + hex + "\r\n" + std::string(size, ' ') +
           "\r\n0\r\n\r\n";
  };
  EXPECT_EQ(Ask(chunked("/v1/notes", 998)).status, 200);
  EXPECT_EQ(Ask(chunked("/v1/notes", 999)).status, 413);
  const HttpAnswer close = Ask(chunked("/v1/notes/1:close", 9));
  EXPECT_EQ(close.status, 413);
  EXPECT_THAT(close.body, HasSubstr(R"("limit":"10")"));
  EXPECT_EQ(Ask(Post("/v1/notes", "{}" + std::string(999, ' '), "Idempotency-Key: k\r\n")).status, 413);
}

TEST_F(GatewayTest, BodiesMayArriveInPiecesAndOnInvitation) {
  Start();
  auto client = Connect();
  const std::string request =
      Post("/v1/notes", R"({"title":"ab"})", "Idempotency-Key: k\r\nExpect: 100-continue\r\n");
  const size_t body = request.find("\r\n\r\n") + 4;
  client->Send(request.substr(0, 20));
  client->Send(request.substr(20, body - 20));
  EXPECT_EQ(client->ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client->Send(request.substr(body, 3));
  client->Send(request.substr(body + 3));
  EXPECT_THAT(client->Receive().body, HasSubstr(R"("title":"ab")"));
}

TEST_F(GatewayTest, N17SlowClientsAreCut) {
  config_.header_timeout = Milliseconds(100);
  config_.body_grace = Milliseconds(100);
  config_.idle_timeout = Milliseconds(150);
  config_.write_stall_timeout = Milliseconds(300);
  Start();
  auto header = Connect();
  header->Send("GET /v1/no");
  EXPECT_EQ(header->Receive().status, 408);
  EXPECT_TRUE(header->ReadsEnd());
  auto body = Connect();
  body->Send("POST /v1/notes HTTP/1.1\r\nHost: ttx.test\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(body->Receive().status, 408);
  EXPECT_TRUE(body->ReadsEnd());
  auto idle = Connect();
  EXPECT_TRUE(idle->ReadsEnd());
  auto deaf = Connect({.receive_buffer_bytes = 4096});
  for (int i = 0; i < 8; ++i) deaf->Send(Get("/v1/notes/large"));
  EXPECT_TRUE(deaf->WaitsForReset());
}

TEST_F(GatewayTest, HandshakesEndInTime) {
  config_.handshake_timeout = Milliseconds(100);
  Start();
  TlsClient silent(gateway_->port(), {.tls = false});
  EXPECT_TRUE(silent.ReadsEnd());
}

TEST_F(GatewayTest, N18ConnectionsPerPeerAreBounded) {
  config_.max_connections_per_peer = 3;
  Start();
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    EXPECT_TRUE(clients.back()->connected());
  }
  EXPECT_FALSE(Connect()->connected());
  EXPECT_EQ(clients[0]->Ask(Get("/healthz", "Connection: close\r\n")).status, 200);
  clients.erase(clients.begin());
  while (gateway_->connections() > 2) std::this_thread::yield();
  EXPECT_EQ(Ask(Get("/healthz")).status, 200);
}

TEST_F(GatewayTest, N19PipelinedRequestsKeepTheirOrderUpToTheBound) {
  config_.requests_per_connection = 300;
  Start();
  auto client = Connect();
  std::string requests;
  for (int i = 1; i <= 310; ++i) requests += Get("/v1/notes/" + std::to_string(i));
  client->Send(requests);
  for (int i = 1; i <= 300; ++i) {
    const HttpAnswer answer = client->Receive();
    ASSERT_THAT(answer.body, HasSubstr("\"notes/" + std::to_string(i) + "\"")) << i;
    EXPECT_EQ(answer.headers.contains("connection"), i == 300);
  }
  EXPECT_TRUE(client->ReadsEnd());
}

TEST_F(GatewayTest, N20N21OnlyModernTls) {
  config_.allowed_hosts = {"ttx.test"};
  Start();
  EXPECT_TRUE(Connect({.tls_version_max = TLS1_2_VERSION})->connected());
  EXPECT_FALSE(Connect({.tls_version_max = TLS1_1_VERSION})->connected());
  EXPECT_FALSE(Connect({.tls_version_max = TLS1_VERSION})->connected());
  EXPECT_FALSE(
      Connect({.tls_version_max = TLS1_2_VERSION, .cipher_list = "ECDHE-ECDSA-AES128-SHA"})->connected());
  EXPECT_FALSE(
      Connect({.tls_version_max = TLS1_2_VERSION, .cipher_list = "ECDHE-ECDSA-AES256-SHA384"})->connected());
  EXPECT_TRUE(Connect({.alpn = "\x02h2\x08http/1.1"})->connected());
  EXPECT_FALSE(Connect({.alpn = "\x02h2"})->connected());
  auto modern = Connect({.server_name = "ttx.test"});
  EXPECT_EQ(SSL_version(modern->ssl()), TLS1_3_VERSION);
  EXPECT_EQ(modern->Ask(Get("/healthz")).status, 200);
  EXPECT_EQ(Connect({.server_name = "other.test"})->Ask(Get("/healthz")).status, 421);
  TlsClient plain(gateway_->port(), {.tls = false});
  plain.Send(Get("/healthz"));
  EXPECT_EQ(plain.Receive().status, 0);
}

TEST_F(GatewayTest, N82ContentTypeMustBeJson) {
  Start();
  const auto post = [](const std::string& type) {
    return "POST /v1/notes HTTP/1.1\r\nHost: ttx.test\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n" + type +
           "\r\n{}";
  };
  EXPECT_EQ(Ask(post("Content-Type: application/json; charset=utf-8\r\n")).status, 200);
  EXPECT_EQ(Ask(post("")).status, 415);
  EXPECT_EQ(Ask(post("Content-Type: text/plain\r\n")).status, 415);
  EXPECT_EQ(service_.writes, 1);
}

TEST_F(GatewayTest, PrincipalsShareNoRateLimitAndTheirTokensDo) {
  config_.requests_per_second_per_principal = 2;
  Start();
  const auto token = [](const std::string& claims) {
    return "Authorization: Bearer e30." + Base64Url(claims) + ".c2ln\r\n";
  };
  auto client = Connect();
  int limited = 0;
  for (int i = 0; i < 10; ++i) {
    const std::string one_of_two =
        token(i % 2 == 0 ? R"({"sub":"apiClients/a","jti":"1"})" : R"({"sub":"apiClients/a","jti":"2"})");
    const HttpAnswer answer = client->Ask(Get("/v1/notes/1", one_of_two));
    if (i == 0) {
      EXPECT_EQ(answer.status, 200);
    }
    if (answer.status != 429) continue;
    ++limited;
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
  }
  EXPECT_GT(limited, 0);
  EXPECT_EQ(client->Ask(Get("/v1/notes/1", token(R"({"sub":"apiClients/b"})"))).status, 200);
  // What cannot be read shares one bucket, however it is written.
  limited = 0;
  for (int i = 0; i < 10; ++i) {
    const std::string rubbish = "Authorization: Bearer " + std::to_string(i) + "\r\n";
    limited += client->Ask(Get("/v1/notes/1", rubbish)).status == 429;
  }
  EXPECT_GT(limited, 0);
}

TEST_F(GatewayTest, AServiceThatIsNotHereIsUnavailable) {
  Start();
  directory_.Clear();
  const HttpAnswer answer = Ask(Get("/v1/notes/1"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(GatewayTest, CallsHaveADeadline) {
  config_.long_poll_margin = Milliseconds(-900);
  Start();
  EXPECT_EQ(Ask(Get("/v1/notes?wait_time=1s")).status, 504);
}

// --- Server-Sent Events

TEST_F(GatewayTest, StreamsEventsAndGoesOnAfterTheLastOne) {
  config_.heartbeat_interval = Milliseconds(50);
  Start();
  auto client = Connect();
  client->Send(Get("/v1/notes:stream?last_sequence=3&follow=true"));
  const std::string head = client->ReadUntil("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("200 OK"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  for (int i = 1; i <= 3; ++i) {
    const std::string sequence = std::to_string(i);
    EXPECT_EQ(client->ReadUntil("\n\n"), "id: " + sequence + "\nevent: message\ndata: {\"sequence\":\"" +
                                             sequence + "\",\"text\":\"e\"}\n\n");
  }
  EXPECT_EQ(client->ReadUntil("\n\n"), ":\n\n");
  auto again = Connect();
  again->Send(Get("/v1/notes:stream?last_sequence=5&follow=true", "Last-Event-ID: 3\r\n"));
  again->ReadUntil("\r\n\r\n");
  EXPECT_THAT(again->ReadUntil("\n\n"), HasSubstr("id: 4\n"));
}

TEST_F(GatewayTest, AStreamEndsWithItsCall) {
  Start();
  auto client = Connect();
  client->Send(Get("/v1/notes/1/events?last_sequence=2"));
  client->ReadUntil("id: 2\n");
  client->ReadUntil("\n\n");
  EXPECT_TRUE(client->ReadsEnd());
  auto broken = Connect();
  broken->Send(Get("/v1/notes/broken/events?last_sequence=1"));
  broken->ReadUntil("id: 1\n");
  EXPECT_THAT(broken->ReadUntil("event: error\n"), HasSubstr("event: error"));
  EXPECT_THAT(broken->ReadUntil("\n\n"), HasSubstr(R"("reason":"UNAVAILABLE")"));
}

TEST_F(GatewayTest, AStreamRefusedBeforeItBeganIsAProblem) {
  Start();
  auto client = Connect();
  EXPECT_EQ(client->Ask(Get("/v1/notes/forbidden/events")).status, 403);
  EXPECT_EQ(client->Ask(Get("/healthz")).status, 200);
}

// The head has gone out after a silent second: a failure after it must be told as an event.
TEST_F(GatewayTest, AStreamThatFailsAfterItsHeadSaysSo) {
  config_.stream_open_delay = Milliseconds(10);
  Start();
  auto client = Connect();
  client->Send(Get("/v1/notes/silent/events?follow=true"));
  EXPECT_THAT(client->ReadUntil("\r\n\r\n"), HasSubstr("200 OK"));
  service_.EndStreams(Failure(grpc::StatusCode::UNAUTHENTICATED, "UNAUTHENTICATED"));
  EXPECT_THAT(client->ReadUntil("\n\n"), AllOf(HasSubstr("event: error\n"), HasSubstr(R"("status":401)")));
  EXPECT_TRUE(client->ReadsEnd());
}

TEST_F(GatewayTest, ThoseWhoAskForTheSameShareOneCall) {
  config_.max_connections_per_peer = 100;
  Start();
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(Connect());
    clients.back()->Send(Get("/v1/notes/1/events?last_sequence=3&follow=true"));
    EXPECT_TRUE(clients.back()->ReadUntil("id: 3\n").ends_with("id: 3\n"));
  }
  EXPECT_EQ(service_.streams.load(), 1);
  // With a place in what is held, with other credentials, for something else.
  auto later = Connect();
  later->Send(Get("/v1/notes/1/events?last_sequence=3&follow=true", "Last-Event-ID: 2\r\n"));
  EXPECT_THAT(later->ReadUntil("id: 3\n"), Not(HasSubstr("id: 2\n")));
  EXPECT_EQ(service_.streams.load(), 1);
  auto other = Connect();
  other->Send(Get("/v1/notes/1/events?last_sequence=3&follow=true", "Authorization: Bearer x\r\n"));
  other->ReadUntil("id: 3\n");
  EXPECT_EQ(service_.streams.load(), 2);
  auto elsewhere = Connect();
  elsewhere->Send(Get("/v1/notes/2/events?last_sequence=3&follow=true"));
  elsewhere->ReadUntil("id: 3\n");
  EXPECT_EQ(service_.streams.load(), 3);
  // The call ends with the last of them; then a new one is made.
  clients.clear();
  later.reset();
  while (service_.open_streams.load() > 2) std::this_thread::yield();
  auto again = Connect();
  again->Send(Get("/v1/notes/1/events?last_sequence=1&follow=true"));
  again->ReadUntil("id: 1\n");
  EXPECT_EQ(service_.streams.load(), 4);
}

// The first one to ask decides where the shared call starts; if the service refuses that, nobody else is told.
TEST_F(GatewayTest, APositionPastTheEndIsRefusedToNobodyElse) {
  config_.max_connections_per_peer = 100;
  config_.stream_open_delay = Seconds(60);  // no answer begins before it is refused
  Start();
  const std::string target = "/v1/notes/silent/events?last_sequence=3&follow=true";
  const auto ask = [&](const std::string& last) {
    auto client = Connect();
    client->Send(Get(target, last.empty() ? "" : "Last-Event-ID: " + last + "\r\n"));
    return client;
  };
  const auto past_end = ask("9000000000");
  while (service_.streams.load() < 1) std::this_thread::yield();
  std::vector<std::unique_ptr<TlsClient>> good;
  for (int i = 0; i < 5; ++i) {
    good.push_back(ask(""));
    EXPECT_TRUE(good.back()->ReadUntil("id: 3\n").ends_with("id: 3\n"));
  }
  EXPECT_EQ(service_.streams.load(), 2) << "one for all of them";
  const auto later = ask("9000000000");
  while (service_.streams.load() < 3) std::this_thread::yield();  // asks the service, not those who share
  service_.RefusePastEnd(Failure(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));
  EXPECT_EQ(past_end->Receive().status, 400);
  EXPECT_EQ(later->Receive().status, 400);
  while (service_.open_streams.load() > 1) std::this_thread::yield();
  good.push_back(ask("2"));
  EXPECT_THAT(good.back()->ReadUntil("id: 3\n"), Not(HasSubstr("id: 2\n")));
  EXPECT_EQ(service_.streams.load(), 3) << "shares what is there";
  service_.EndStreams(Failure(grpc::StatusCode::UNAVAILABLE, "UNAVAILABLE"));
  for (const auto& client : good) {
    EXPECT_THAT(client->ReadUntil("event: error\n"), HasSubstr("event: error"));
  }
}

// Clients that come at any place while events go on see every one of them once and in order, whether they
// read what is shared or have to catch up by themselves.
TEST_F(GatewayTest, WhoeverComesWheneverMissesNothing) {
  config_.max_connections_per_peer = 100;
  Start();
  constexpr int kEvents = 3000;
  const std::string target = "/v1/notes/1/events?last_sequence=" + std::to_string(kEvents);
  std::vector<std::thread> clients;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 12; ++c) {
    clients.emplace_back([&, c] {
      const int after = c % 4 * 700;
      auto client = Connect();
      client->Send(Get(target, "Last-Event-ID: " + std::to_string(after) + "\r\n"));
      client->ReadUntil("\r\n\r\n");
      for (int i = after + 1; i <= kEvents; ++i) {
        wrong += client->ReadUntil("\n\n").starts_with("id: " + std::to_string(i) + "\n") ? 0 : 1;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_F(GatewayTest, ALongStreamArrivesWholeAndASlowReaderIsCut) {
  config_.write_stall_timeout = Milliseconds(300);
  Start();
  auto client = Connect();
  client->Send(Get("/v1/notes/1/events?last_sequence=2000"));
  client->ReadUntil("id: 1\n");
  EXPECT_TRUE(client->ReadUntil("id: 2000\n").ends_with("id: 2000\n"));
  auto deaf = Connect({.receive_buffer_bytes = 4096});
  deaf->Send(Get("/v1/notes/large/events?last_sequence=1000"));
  EXPECT_TRUE(deaf->WaitsForReset());
}

TEST_F(GatewayTest, ManyStreamsNeedNoThreads) {
  config_.max_connections_per_peer = 1000;
  Start();
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(Connect());
    clients.back()->Send(Get("/v1/notes:stream?last_sequence=3&follow=true"));
  }
  for (const auto& client : clients) EXPECT_TRUE(client->ReadUntil("id: 3\n").ends_with("id: 3\n"));
  clients.clear();
  while (gateway_->connections() > 0) std::this_thread::yield();
}

// --- Start and stop

TEST_F(GatewayTest, DrainEndsEverythingBeforeItReturns) {
  Start();
  auto idle = Connect();
  EXPECT_EQ(idle->Ask(Get("/healthz")).status, 200);
  auto stream = Connect();
  stream->Send(Get("/v1/notes:stream?last_sequence=1&follow=true"));
  stream->ReadUntil("id: 1\n");
  auto waiting = Connect();
  waiting->Send(Get("/v1/notes?wait_time=60s"));
  service_.waiting_started.get_future().wait();
  const uint16_t port = gateway_->port();
  gateway_->StopAccepting();
  EXPECT_FALSE(TlsClient(port).connected());
  gateway_->Drain(Milliseconds(50));
  EXPECT_EQ(gateway_->connections(), 0);
  directory_.Clear();
  server_->Shutdown();
  EXPECT_TRUE(idle->ReadsEnd());
  const HttpAnswer cancelled = waiting->Receive();
  EXPECT_EQ(cancelled.status, 499);
  EXPECT_EQ(cancelled.headers.at("connection"), "close");
}

TEST_F(GatewayTest, AGatewayThatCannotStartSaysWhyInOneReason) {
  const auto reason = [this](const GatewayConfig& config) {
    const auto gateway = Gateway::Start(config, directory_, hooks_);
    return gateway.ok() ? Reason::kINTERNAL : gateway.error().reason;
  };
  Start();
  GatewayConfig taken = config_;
  taken.listen_address = "127.0.0.1:" + std::to_string(gateway_->port());
  EXPECT_EQ(reason(taken), Reason::kLISTEN_FAILED);
  for (const char* address :
       {"nowhere", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "localhost.invalid:0"}) {
    GatewayConfig wrong = config_;
    wrong.listen_address = address;
    EXPECT_EQ(reason(wrong), Reason::kLISTEN_FAILED) << address;
  }
  GatewayConfig no_key = config_;
  no_key.private_key_file = no_key.certificate_file;
  EXPECT_EQ(reason(no_key), Reason::kTLS_FILE_INVALID);
  GatewayConfig no_certificate = config_;
  no_certificate.certificate_file = folder_ / "missing.pem";
  EXPECT_EQ(reason(no_certificate), Reason::kTLS_FILE_INVALID);
  testing::MakeCertificate(folder_ / "other.pem", folder_ / "other_key.pem");
  GatewayConfig other_key = config_;
  other_key.private_key_file = folder_ / "other_key.pem";
  EXPECT_EQ(reason(other_key), Reason::kTLS_FILE_INVALID);
  GatewayConfig unguarded = config_;
  unguarded.services.push_back("ttx.notes.v1.UnguardedService");
  EXPECT_EQ(reason(unguarded), Reason::kAPI_DEFINITION_INVALID);
}

}  // namespace
}  // namespace ttx::gateway
