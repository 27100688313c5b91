// The methods that the modes added, over the wire: who may call them, what is missing, where the session must
// stand, the second person, the answer, and the same request once more.

#include "services/auction/rpc/auction_service.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <future>
#include <sstream>
#include <thread>

#include "libs/rpc/status.h"
#include "services/auction/app/test_app.h"
#include "services/auction/app/test_envelopes.h"
#include "services/auction/replay/session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::EnvelopeKit;
using testing::SessionOf;
using testing::TestApp;
using testing::Yuan;

constexpr const char* kClerk = "EXCHANGE_CLERK x c1";
constexpr const char* kOfficer = "EXCHANGE_OFFICER x o1";
constexpr const char* kOfficer2 = "EXCHANGE_OFFICER x o2";
constexpr const char* kForeign = "EXCHANGE_OFFICER other f1";
constexpr const char* kBank = "SETTLEMENT_BANK bank b1";

std::string BidderToken(const std::string& code) { return "BIDDER " + code + " " + code; }

// A token is "<role> <organization> <person>".
Result<Principal> Authenticate(std::string_view token) {
  std::istringstream words{std::string(token)};
  std::string role, organization, person;
  if (!(words >> role >> organization >> person)) return Error(Reason::kUNAUTHENTICATED);
  return Principal{"apiClients/" + person, "organizations/" + organization, "people/" + person, {role}};
}

template <class Response>
struct Answer {
  std::string text;  // "OK", a reason, or of INVALID_FIELD "field reason"
  Response response;
  bool replayed = false;
};

std::string TextOf(const grpc::Status& status) {
  if (status.ok()) return "OK";
  const Error error = rpc::FromGrpc(status);
  if (error.violations.empty()) return std::string(ReasonName(error.reason));
  return error.violations[0].field + " " + std::string(ReasonName(error.violations[0].reason));
}

void Set(google::protobuf::Message& message, const char* field, const std::string& value) {
  message.GetReflection()->SetString(&message, message.GetDescriptor()->FindFieldByName(field), value);
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    handler_ = rpc::Handler::Make("ttx.auction.v1.AuctionService",
                                  {.clock = &world_.clock,
                                   .authenticate = Authenticate,
                                   .service_secret = "service-secret",
                                   .on_call = [](const rpc::CallRecord&, const auto& answer) { answer(); },
                                   .answers_key = std::string(32, 'k')},
                                  world_.shell, readers_, signal_)
                   .value();
    service_ = std::make_unique<AuctionService>(world_.app, *handler_, world_.clock);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel({});
  }
  ~ServiceTest() override { server_->Shutdown(); }

  // One call to its end. The writer has no thread of its own: it runs here, while the call waits for it.
  template <class Response, class Request>
  Answer<Response> Call(const std::string& method, const Request& request, const std::string& token) {
    grpc::TemplatedGenericStub<Request, Response> stub(channel_);
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    Answer<Response> answer;
    std::promise<grpc::Status> done;
    std::future<grpc::Status> status = done.get_future();
    stub.UnaryCall(&context, "/ttx.auction.v1.AuctionService/" + method, {}, &request, &answer.response,
                   [&](grpc::Status s) { done.set_value(std::move(s)); });
    while (status.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      world_.Drain();
      std::this_thread::yield();
    }
    answer.text = TextOf(status.get());
    answer.replayed = context.GetServerTrailingMetadata().count("x-ttx-replayed") == 1;
    return answer;
  }

  template <class Response, class Request>
  std::string Try(const std::string& method, Request request, const std::string& token) {
    Set(request, "request_id", "r" + std::to_string(++requests_));
    return Call<Response>(method, request, token).text;
  }

  // What every write has in common: a token, a role, a request id, a name, an auction that exists.
  template <class Response, class Request>
  void ExpectGuarded(const std::string& method, Request request, const std::string& token,
                     const std::string& wrong_role) {
    SCOPED_TRACE(method);
    const Auction before = world_.Now();
    const char* name = request.GetDescriptor()->FindFieldByName("parent") != nullptr ? "parent" : "name";
    EXPECT_EQ(Try<Response>(method, request, ""), "UNAUTHENTICATED");
    EXPECT_EQ(Try<Response>(method, request, wrong_role), "PERMISSION_DENIED");
    EXPECT_EQ(Call<Response>(method, request, token).text, "request_id REQUIRED");
    Request elsewhere = request;
    Set(elsewhere, name, "");
    EXPECT_EQ(Try<Response>(method, elsewhere, token), std::string(name) + " REQUIRED");
    Set(elsewhere, name, "listings/a1");
    EXPECT_EQ(Try<Response>(method, elsewhere, token), std::string(name) + " BAD_FORMAT");
    Set(elsewhere, name, "auctions/none");
    EXPECT_EQ(Try<Response>(method, elsewhere, token), "NOT_FOUND");
    EXPECT_TRUE(world_.Now() == before) << "nothing changes";
  }

  // The request is taken, taken once when it comes again, and its id is good for nothing else.
  template <class Response, class Request>
  Response Taken(const std::string& method, Request request, const std::string& token) {
    SCOPED_TRACE(method);
    Set(request, "request_id", "r" + std::to_string(++requests_));
    const Answer<Response> first = Call<Response>(method, request, token);
    EXPECT_EQ(first.text, "OK");
    EXPECT_FALSE(first.replayed);
    const int64_t version = world_.Now().version;
    const Answer<Response> again = Call<Response>(method, request, token);
    EXPECT_EQ(again.text, "OK");
    EXPECT_TRUE(again.replayed);
    EXPECT_EQ(again.response.SerializeAsString(), first.response.SerializeAsString());
    Set(request, request.GetDescriptor()->FindFieldByName("parent") != nullptr ? "parent" : "name",
        "auctions/a2");
    EXPECT_EQ(Call<Response>(method, request, token).text, "REQUEST_ID_REUSED");
    EXPECT_EQ(world_.Now().version, version) << "decided once";
    return first.response;
  }

  template <class Request>
  static Request Named() {
    Request request;
    Set(request, request.GetDescriptor()->FindFieldByName("parent") != nullptr ? "parent" : "name",
        "auctions/a1");
    return request;
  }

  v1::SubmitEnvelopeRequest Envelope(const std::string& code, Fen price, uint32_t version = 1) {
    auto request = Named<v1::SubmitEnvelopeRequest>();
    request.set_content(kit_.Seal(world_.Now(), code, price, version));
    return request;
  }
  v1::ConfirmActRequest Confirmation(v1::PendingAct::Act act, const std::string& etag) {
    auto request = Named<v1::ConfirmActRequest>();
    request.set_act(act);
    request.set_etag(etag);
    return request;
  }
  v1::RequestActRequest Demand(v1::PendingAct::Act act) {
    auto request = Named<v1::RequestActRequest>();
    request.set_act(act);
    request.set_reason("OBJECTION");
    return request;
  }
  // A clerk asks, an officer confirms.
  v1::Auction ByTwo(const v1::RequestActRequest& demand) {
    const auto act = Taken<v1::PendingAct>("RequestAct", demand, kClerk);
    return Taken<v1::Auction>("ConfirmAct", Confirmation(demand.act(), act.etag()), kOfficer);
  }
  v1::ListEnvelopesResponse List(const std::string& token) {
    const auto answer =
        Call<v1::ListEnvelopesResponse>("ListEnvelopes", Named<v1::ListEnvelopesRequest>(), token);
    EXPECT_EQ(answer.text, "OK");
    return answer.response;
  }
  v1::Auction Get() { return Call<v1::Auction>("GetAuction", Named<v1::GetAuctionRequest>(), "").response; }

  Answer<v1::ExportAuctionResponse> Export(const v1::ExportAuctionRequest& request, const std::string& token) {
    return Call<v1::ExportAuctionResponse>("ExportAuction", request, token);
  }
  // The outcome and the winner that a replay of the lines comes to; where it differs, if it does.
  static std::string Replayed(const v1::ExportAuctionResponse& exported) {
    std::FILE* file = std::tmpfile();
    for (const std::string& line : exported.lines()) std::fputs((line + "\n").c_str(), file);
    std::fflush(file);
    std::rewind(file);
    replay::LineReader lines(::fileno(file), replay::kMaxSessionLineBytes);
    const Result<replay::ReplayReport> report = replay::ReplaySession(lines);
    std::fclose(file);
    if (!report.ok()) return "cannot be read";
    if (report->difference) return report->difference->expected + " not " + report->difference->found;
    return std::string(OutcomeName(report->result->outcome)) + " " + report->result->winner;
  }

  // From the end of SUBMITTING to the report of the key holder that opens.
  void ConfirmOpening() {
    auto demand = Named<v1::RequestOpeningRequest>();
    demand.set_reason("time has come");
    const auto act = Taken<v1::PendingAct>("RequestOpening", demand, kOfficer);
    Taken<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::OPEN, act.etag()), kOfficer2);
  }
  v1::HandInSharesRequest Shares(int holder) {
    v1::GetCloseProofRequest ask;
    ask.set_name("auctions/a1/closeProof");
    const auto proof = Call<v1::CloseProof>("GetCloseProof", ask, kOfficer);
    std::vector<std::string> envelopes;
    const v1::ListEnvelopesResponse listed = List(kOfficer);
    for (const v1::Envelope& envelope : listed.envelopes()) envelopes.push_back(envelope.content());
    auto request = Named<v1::HandInSharesRequest>();
    request.set_report(kit_.Report(holder, proof.response.proof(), envelopes));
    return request;
  }
  void Open() {
    ConfirmOpening();
    for (const int holder : {1, 2}) Taken<v1::Auction>("HandInShares", Shares(holder), kClerk);
    world_.MoveTo(world_.clock.Now() + Seconds(1));  // past what the writer gave each command
  }
  void SubmitAll() {
    int minute = 1;
    for (const char* code : {"B01", "B02", "B03"}) {
      world_.MoveTo(At(9, minute++));
      Taken<v1::Envelope>("SubmitEnvelope", Envelope(code, Yuan(1'000 + 10 * minute)), BidderToken(code));
    }
    world_.MoveTo(At(10, 0));
  }

  const EnvelopeKit kit_;
  TestApp world_{At(8, 0), kit_.Options()};
  rpc::ReaderPool readers_{1, 100};
  rpc::CommitSignal signal_;
  std::unique_ptr<rpc::Handler> handler_;
  std::unique_ptr<AuctionService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  int requests_ = 0;
};

// --- Envelopes

TEST_F(ServiceTest, SubmitAndWithdrawEnvelope) {
  world_.Schedule(kit_.SessionFor(Mode::kSealed));
  const auto envelope = Envelope("B01", Yuan(1'500));
  const std::string b01 = BidderToken("B01");
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", envelope, b01), "NOT_OPEN");
  EXPECT_EQ(Try<v1::Envelope>("WithdrawEnvelope", Named<v1::WithdrawEnvelopeRequest>(), b01), "NOT_OPEN");
  world_.MoveTo(At(9, 0));
  ExpectGuarded<v1::Envelope>("SubmitEnvelope", envelope, b01, kOfficer);
  ExpectGuarded<v1::Envelope>("WithdrawEnvelope", Named<v1::WithdrawEnvelopeRequest>(), b01, kClerk);
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", Named<v1::SubmitEnvelopeRequest>(), b01), "content REQUIRED");
  auto large = envelope;
  large.set_content(std::string(kMaxEnvelopeBytes + 1, 'e'));
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", large, b01), "content TOO_LONG");
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", envelope, BidderToken("B09")), "NOT_QUALIFIED");
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", envelope, BidderToken("B02")), "ENVELOPE_MISADDRESSED");
  EXPECT_EQ(Try<v1::Envelope>("WithdrawEnvelope", Named<v1::WithdrawEnvelopeRequest>(), b01),
            "NOT_SUBMITTED");
  const auto taken = Taken<v1::Envelope>("SubmitEnvelope", envelope, b01);
  EXPECT_EQ(taken.bidder_code(), "B01");
  EXPECT_EQ(taken.submission_count(), 1);
  EXPECT_EQ(taken.digest().size(), 64u);
  EXPECT_EQ(List(kOfficer).envelopes_size(), 0) << "while more are taken nobody sees who";
  EXPECT_EQ(List(b01).envelopes(0).content(), envelope.content());
  EXPECT_EQ(Get().log_hash(), "");
  const auto withdrawn = Taken<v1::Envelope>("WithdrawEnvelope", Named<v1::WithdrawEnvelopeRequest>(), b01);
  EXPECT_EQ(withdrawn.digest(), "");
  Taken<v1::Envelope>("SubmitEnvelope", Envelope("B01", Yuan(1'600), 2), b01);
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", Envelope("B01", Yuan(1'700), 3), b01), "ALREADY_SUBMITTED");
  world_.MoveTo(At(10, 0));
  EXPECT_EQ(Try<v1::Envelope>("SubmitEnvelope", Envelope("B02", Yuan(1'700)), BidderToken("B02")),
            "PHASE_CLOSED");
  EXPECT_EQ(Try<v1::Envelope>("WithdrawEnvelope", Named<v1::WithdrawEnvelopeRequest>(), b01), "PHASE_CLOSED");
}

TEST_F(ServiceTest, TwoOfficersAndTheKeyHolderOpen) {
  world_.Schedule(kit_.SessionFor(Mode::kSealed));
  auto demand = Named<v1::RequestOpeningRequest>();
  demand.set_reason("time has come");
  auto shares = Named<v1::HandInSharesRequest>();
  shares.set_report("not a report");
  EXPECT_EQ(Try<v1::PendingAct>("RequestOpening", demand, kOfficer), "WRONG_STATE");
  SubmitAll();
  ExpectGuarded<v1::PendingAct>("RequestOpening", demand, kOfficer, kClerk);
  EXPECT_EQ(Try<v1::PendingAct>("RequestOpening", demand, kForeign), "PERMISSION_DENIED");
  EXPECT_EQ(Try<v1::PendingAct>("RequestOpening", Named<v1::RequestOpeningRequest>(), kOfficer),
            "reason REQUIRED");
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", Demand(v1::PendingAct::OPEN), kClerk), "act UNKNOWN_VALUE")
      << "a clerk cannot ask for the opening";
  EXPECT_EQ(Try<v1::Auction>("HandInShares", shares, kOfficer), "WRONG_STATE") << "no officer asked";
  const auto act = Taken<v1::PendingAct>("RequestOpening", demand, kOfficer);
  EXPECT_EQ(act.person(), "people/o1");
  EXPECT_EQ(Try<v1::PendingAct>("RequestOpening", demand, kOfficer2), "PROPOSAL_DIFFERS");
  EXPECT_EQ(Try<v1::Auction>("HandInShares", shares, kOfficer), "WRONG_STATE")
      << "the second person is missing";
  const auto confirmation = Confirmation(v1::PendingAct::OPEN, act.etag());
  ExpectGuarded<v1::Auction>("ConfirmAct", confirmation, kOfficer2, kClerk);
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::OPEN, ""), kOfficer2),
            "etag REQUIRED");
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::OPEN, "old"), kOfficer2),
            "ETAG_MISMATCH");
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::SUSPEND, act.etag()), kOfficer2),
            "PROPOSAL_DIFFERS");
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", confirmation, kOfficer), "SAME_PERSON");
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", confirmation, kForeign), "PERMISSION_DENIED");
  EXPECT_EQ(Taken<v1::Auction>("ConfirmAct", confirmation, kOfficer2).state(),
            v1::Auction::SHARES_COLLECTING);
  ExpectGuarded<v1::Auction>("HandInShares", shares, kClerk, BidderToken("B01"));
  EXPECT_EQ(Try<v1::Auction>("HandInShares", Named<v1::HandInSharesRequest>(), kClerk), "report REQUIRED");
  EXPECT_EQ(Try<v1::Auction>("HandInShares", shares, kClerk), "WRONG_SHARE");
  EXPECT_EQ(Try<v1::Auction>("HandInShares", Shares(1), kForeign), "PERMISSION_DENIED");
  EXPECT_EQ(List(kOfficer).envelopes_size(), 3);
  EXPECT_EQ(List(kOfficer).envelopes(0).seed(), "") << "sealed as they came";
  EXPECT_EQ(Get().log_hash(), "");
  EXPECT_EQ(Taken<v1::Auction>("HandInShares", Shares(1), kClerk).share_count(), 1);
  EXPECT_EQ(Try<v1::Auction>("HandInShares", Shares(1), kClerk), "holder DUPLICATE");
  EXPECT_EQ(Taken<v1::Auction>("HandInShares", Shares(2), kClerk).state(), v1::Auction::OPENING);
  world_.MoveTo(world_.clock.Now() + Seconds(1));  // past what the writer gave each command
  EXPECT_EQ(Get().outcome(), v1::Auction::WINNER);
  EXPECT_EQ(Get().leading_bid().bidder_code(), "B03");
  EXPECT_EQ(Get().log_hash().size(), 64u);
  EXPECT_EQ(List(kOfficer).envelopes(0).seed(), EnvelopeKit::Seed("B01"));
}

TEST_F(ServiceTest, RevealEnvelopeAndWhatAnAnnulmentLeavesSealed) {
  world_.Schedule(kit_.SessionFor(Mode::kSealed));
  auto reveal = Named<v1::RevealEnvelopeRequest>();
  reveal.set_seed(EnvelopeKit::Seed("B01"));
  const std::string b01 = BidderToken("B01");
  SubmitAll();
  EXPECT_EQ(Try<v1::Envelope>("RevealEnvelope", reveal, b01), "WRONG_STATE");
  ConfirmOpening();
  world_.MoveTo(At(11, 0, 0, 0, 4));
  ASSERT_EQ(world_.Now().state, State::kSelfRevealing);
  ExpectGuarded<v1::Envelope>("RevealEnvelope", reveal, b01, kOfficer);
  EXPECT_EQ(Try<v1::Envelope>("RevealEnvelope", Named<v1::RevealEnvelopeRequest>(), b01), "seed BAD_FORMAT");
  EXPECT_EQ(Try<v1::Envelope>("RevealEnvelope", reveal, BidderToken("B02")), "ENVELOPE_UNREADABLE");
  EXPECT_EQ(Try<v1::Envelope>("RevealEnvelope", reveal, BidderToken("B09")), "NOT_QUALIFIED");
  const std::string etag = Get().etag();
  EXPECT_TRUE(Taken<v1::Envelope>("RevealEnvelope", reveal, b01).revealed());
  EXPECT_EQ(Get().etag(), etag) << "nobody else notices who has an envelope";
  EXPECT_EQ(Try<v1::Envelope>("RevealEnvelope", reveal, b01), "envelope DUPLICATE");
  EXPECT_EQ(List(kOfficer).envelopes(0).seed(), "") << "all at once or not at all";
  ByTwo(Demand(v1::PendingAct::SUSPEND));
  EXPECT_EQ(List(kOfficer).envelopes(0).seed(), "");
  EXPECT_EQ(ByTwo(Demand(v1::PendingAct::ANNUL)).outcome(), v1::Auction::ANNULLED);
  EXPECT_EQ(List(kOfficer).envelopes(0).seed(), "") << "what was never opened stays sealed";
  EXPECT_EQ(List(b01).envelopes(0).seed(), "");
}

// --- Scores and reports

TEST_F(ServiceTest, FixScores) {
  world_.Schedule(kit_.SessionFor(Mode::kWeighted));
  auto fix = Named<v1::FixScoresRequest>();
  const auto add = [&](const std::string& code, int64_t score) {
    fix.add_scores()->set_bidder_code(code);
    fix.mutable_scores(fix.scores_size() - 1)->set_score(score);
  };
  add("B01", 900'000);
  add("B02", 100'000);
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kOfficer), "WRONG_STATE");
  SubmitAll();
  auto demand = Named<v1::RequestOpeningRequest>();
  demand.set_reason("time has come");
  EXPECT_EQ(Try<v1::PendingAct>("RequestOpening", demand, kOfficer), "SCORES_NOT_FIXED");
  ExpectGuarded<v1::Auction>("FixScores", fix, kOfficer, kClerk);
  EXPECT_EQ(Try<v1::Auction>("FixScores", Named<v1::FixScoresRequest>(), kOfficer), "scores REQUIRED");
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kOfficer), "scores REQUIRED") << "B03 has none";
  add("", 1);
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kOfficer), "scores[2].bidder_code REQUIRED");
  fix.mutable_scores(2)->set_bidder_code("B09");
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kOfficer), "scores[2].bidder_code UNKNOWN_VALUE");
  fix.mutable_scores(2)->set_bidder_code("B03");
  fix.mutable_scores(2)->set_score(1'000'001);
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kOfficer), "scores[2].score OUT_OF_RANGE");
  fix.mutable_scores(2)->set_score(0);
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kForeign), "PERMISSION_DENIED");
  EXPECT_EQ(Taken<v1::Auction>("FixScores", fix, kOfficer).scores_size(), 3);
  EXPECT_EQ(Try<v1::Auction>("FixScores", fix, kOfficer), "WRONG_STATE") << "once";
  Open();
  EXPECT_EQ(Get().leading_bid().bidder_code(), "B01");
}

TEST_F(ServiceTest, ReportTender) {
  world_.Schedule(kit_.SessionFor(Mode::kTender));
  auto report = Named<v1::ReportTenderRequest>();
  for (int member = 0; member < 5; ++member) {
    report.add_committee()->set_name("expert");
    report.mutable_committee(member)->set_is_expert(true);
    for (const char* code : {"B01", "B02", "B03"}) {
      auto* sheet = report.add_sheets();
      sheet->set_member(member);
      sheet->set_bidder_code(code);
      sheet->add_points(std::string(code) == "B02" ? 900'000 : 100'000);
    }
  }
  EXPECT_EQ(Try<v1::Auction>("ReportTender", report, kOfficer), "WRONG_STATE");
  SubmitAll();
  Open();
  ASSERT_EQ(Get().state(), v1::Auction::EVALUATING);
  ExpectGuarded<v1::Auction>("ReportTender", report, kOfficer, kClerk);
  EXPECT_EQ(Try<v1::Auction>("ReportTender", report, kForeign), "PERMISSION_DENIED");
  EXPECT_EQ(Try<v1::Auction>("ReportTender", Named<v1::ReportTenderRequest>(), kOfficer),
            "committee OUT_OF_RANGE");
  auto bad = report;
  bad.mutable_committee(1)->clear_name();
  EXPECT_EQ(Try<v1::Auction>("ReportTender", bad, kOfficer), "committee[1].name REQUIRED");
  bad = report;
  bad.mutable_sheets(1)->set_member(-1);
  EXPECT_EQ(Try<v1::Auction>("ReportTender", bad, kOfficer), "sheets[1].member OUT_OF_RANGE");
  bad = report;
  bad.mutable_sheets()->RemoveLast();
  EXPECT_EQ(Try<v1::Auction>("ReportTender", bad, kOfficer), "sheets REQUIRED");
  bad = report;
  bad.add_risks()->set_bidder_code("B09");
  EXPECT_EQ(Try<v1::Auction>("ReportTender", bad, kOfficer), "risks[0].bidder_code UNKNOWN_VALUE");
  const auto published = Taken<v1::Auction>("ReportTender", report, kOfficer);
  EXPECT_EQ(published.state(), v1::Auction::PUBLICITY);
  EXPECT_EQ(published.leading_bid().bidder_code(), "B02");
  EXPECT_EQ(Try<v1::Auction>("ReportTender", report, kOfficer), "WRONG_STATE");
}

// --- Open bids

class OpenServiceTest : public ServiceTest {
 protected:
  void ScheduleMulti(bool with_priority) {
    ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000), Yuan(10));
    command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("H1", 1)};
    command.rules.suspension.resume_notice = {};
    if (with_priority) {
      command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Minutes(5), false};
    } else {
      command.rules.proxy_bids = true;
    }
    world_.Schedule(command);
  }
};

TEST_F(OpenServiceTest, SetProxy) {
  ScheduleMulti(/*with_priority=*/false);
  auto proxy = Named<v1::SetProxyRequest>();
  proxy.set_maximum_fen(Yuan(1'100).value);
  const std::string b01 = BidderToken("B01");
  EXPECT_EQ(Try<v1::ProxyStanding>("SetProxy", proxy, b01), "NOT_OPEN");
  world_.MoveTo(At(9, 0));
  ExpectGuarded<v1::ProxyStanding>("SetProxy", proxy, b01, kOfficer);
  EXPECT_EQ(Try<v1::ProxyStanding>("SetProxy", Named<v1::SetProxyRequest>(), b01),
            "maximum_fen OUT_OF_RANGE");
  auto bad = proxy;
  bad.set_currency_code("USD");
  EXPECT_EQ(Try<v1::ProxyStanding>("SetProxy", bad, b01), "currency_code UNSUPPORTED_CURRENCY");
  EXPECT_EQ(Try<v1::ProxyStanding>("SetProxy", proxy, BidderToken("B09")), "NOT_QUALIFIED");
  const auto standing = Taken<v1::ProxyStanding>("SetProxy", proxy, b01);
  EXPECT_EQ(standing.bidder_code(), "B01");
  EXPECT_TRUE(standing.leads());
  EXPECT_TRUE(standing.stands());
  v1::GetProxyRequest ask;
  ask.set_name("auctions/a1/proxy");
  EXPECT_EQ(Call<v1::Proxy>("GetProxy", ask, b01).response.maximum_fen(), Yuan(1'100).value);
  EXPECT_EQ(Call<v1::Proxy>("GetProxy", ask, BidderToken("B02")).text, "NOT_FOUND");
  EXPECT_EQ(Call<v1::Proxy>("GetProxy", ask, kOfficer).text, "PERMISSION_DENIED");
  world_.MoveTo(At(11, 0));
  EXPECT_EQ(Try<v1::ProxyStanding>("SetProxy", proxy, BidderToken("B02")), "PHASE_CLOSED");
}

TEST_F(OpenServiceTest, AnswerPriority) {
  ScheduleMulti(/*with_priority=*/true);
  auto answer = Named<v1::AnswerPriorityRequest>();
  answer.set_answer(v1::AnswerPriorityRequest::EXERCISE);
  const std::string holder = BidderToken("H1");
  EXPECT_EQ(world_.Bid("B01", Yuan(1'000), At(9, 10)), std::nullopt);
  EXPECT_EQ(Try<v1::Auction>("AnswerPriority", answer, holder), "NOT_ASKED");
  world_.MoveTo(At(10, 5));
  ASSERT_EQ(world_.Now().state, State::kPriorityExercise);
  ExpectGuarded<v1::Auction>("AnswerPriority", answer, holder, kOfficer);
  EXPECT_EQ(Try<v1::Auction>("AnswerPriority", Named<v1::AnswerPriorityRequest>(), holder),
            "answer REQUIRED");
  EXPECT_EQ(Try<v1::Auction>("AnswerPriority", answer, BidderToken("B02")), "NOT_ASKED");
  EXPECT_EQ(Try<v1::Auction>("AnswerPriority", answer, BidderToken("B09")), "NOT_QUALIFIED");
  const auto closed = Taken<v1::Auction>("AnswerPriority", answer, holder);
  EXPECT_EQ(closed.outcome(), v1::Auction::WINNER);
  EXPECT_EQ(closed.leading_bid().bidder_code(), "H1");
  EXPECT_EQ(Try<v1::Auction>("AnswerPriority", answer, holder), "PHASE_CLOSED");
}

TEST_F(OpenServiceTest, TheStoreTellsNeitherWhoAskedNorWhatFor) {
  ScheduleMulti(/*with_priority=*/false);
  world_.MoveTo(At(9, 0));
  auto proxy = Named<v1::SetProxyRequest>();
  proxy.set_maximum_fen(Yuan(1'230).value);
  proxy.set_currency_code("CNY");
  proxy.set_request_id("a-proxy");
  EXPECT_EQ(Call<v1::ProxyStanding>("SetProxy", proxy, BidderToken("B01")).text, "OK");
  auto bid = Named<v1::PlaceBidRequest>();
  bid.set_price_fen(Yuan(1'010).value);
  bid.set_currency_code("CNY");
  bid.set_request_id("a-bid");
  EXPECT_EQ(Call<v1::Bid>("PlaceBid", bid, BidderToken("B02")).text, "OK");
  EXPECT_TRUE(Call<v1::ProxyStanding>("SetProxy", proxy, BidderToken("B01")).replayed);
  EXPECT_TRUE(world_.OnDisk("B02")) << "bids are stored by code";
  for (const char* secret : {"apiClients/", "SetProxy", "PlaceBid", "a-proxy", "a-bid"}) {
    EXPECT_FALSE(world_.OnDisk(secret)) << secret;
  }
  EXPECT_FALSE(world_.OnDisk(crypto::Sha256(proxy.SerializeAsString()))) << "a guess is not confirmed";
}

TEST_F(OpenServiceTest, ExportAuction) {
  ScheduleMulti(/*with_priority=*/false);
  auto request = Named<v1::ExportAuctionRequest>();
  EXPECT_EQ(Export(request, "").text, "WRONG_STATE") << "not before the close";
  EXPECT_EQ(Export(request, kForeign).text, "WRONG_STATE");
  EXPECT_EQ(Export(request, BidderToken("B01")).text, "WRONG_STATE");
  EXPECT_EQ(world_.Bid("B01", Yuan(1'000), At(9, 10)), std::nullopt);
  EXPECT_EQ(world_.Bid("B02", Yuan(900), At(9, 11)), Reason::kBELOW_START);
  world_.MoveTo(At(11, 0));
  request.set_name("");
  EXPECT_EQ(Export(request, "").text, "name REQUIRED");
  request.set_name("listings/a1");
  EXPECT_EQ(Export(request, "").text, "name BAD_FORMAT");
  request.set_name("auctions/none");
  EXPECT_EQ(Export(request, "").text, "NOT_FOUND");
  request.set_name("auctions/a1");
  request.set_page_size(-1);
  EXPECT_EQ(Export(request, "").text, "page_size OUT_OF_RANGE");
  request.set_page_size(0);
  for (const char* token : {"*", "MTI", "OTk5LjE"}) {  // "12", "999.1"
    request.set_page_token(token);
    EXPECT_EQ(Export(request, "").text, "page_token BAD_FORMAT") << token;
  }
  request.set_page_token("");
  const auto whole = Export(request, "");
  EXPECT_EQ(whole.text, "OK");
  EXPECT_EQ(whole.response.next_page_token(), "");
  EXPECT_EQ(Replayed(whole.response), "WINNER B01");
  EXPECT_EQ(whole.response.ShortDebugString().find("organizations/B0"), std::string::npos);
  v1::ExportAuctionResponse pages;
  request.set_page_size(3);
  do {
    const auto page = Export(request, kForeign);
    ASSERT_EQ(page.text, "OK");
    EXPECT_LE(page.response.lines_size(), 3);
    pages.mutable_lines()->MergeFrom(page.response.lines());
    request.set_page_token(page.response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(pages.SerializeAsString(), whole.response.SerializeAsString());
}

TEST_F(ServiceTest, BeforeTheCloseStaffExportWhatIsNotSecret) {
  world_.Schedule(kit_.SessionFor(Mode::kTender));
  const auto request = Named<v1::ExportAuctionRequest>();
  EXPECT_EQ(Export(request, kOfficer).text, "WRONG_STATE") << "who tries is secret before the start, too";
  SubmitAll();
  EXPECT_EQ(Export(request, kOfficer).text, "WRONG_STATE");
  Open();
  world_.Settle();
  ASSERT_EQ(world_.Now().state, State::kEvaluating);
  EXPECT_EQ(Export(request, "").text, "WRONG_STATE");
  EXPECT_EQ(Export(request, kForeign).text, "WRONG_STATE");
  const auto staff = Export(request, kOfficer);
  EXPECT_EQ(staff.text, "OK");
  EXPECT_EQ(Replayed(staff.response), "NONE ");
}

TEST_F(ServiceTest, WithSecretMaximaNobodyExportsBeforeTheClose) {
  ScheduleAuction schedule = SessionOf(Mode::kMulti, Yuan(1'000), Yuan(10));
  schedule.rules.proxy_bids = true;
  world_.Schedule(schedule);
  EXPECT_EQ(Export(Named<v1::ExportAuctionRequest>(), kOfficer).text, "WRONG_STATE") << "none was set yet";
  world_.MoveTo(At(12, 0));
  EXPECT_EQ(Export(Named<v1::ExportAuctionRequest>(), "").text, "OK");
}

TEST_F(OpenServiceTest, TwoPersonsSuspendContinueAndAnnul) {
  ScheduleMulti(/*with_priority=*/false);
  const auto suspend = Demand(v1::PendingAct::SUSPEND);
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", suspend, kClerk), "WRONG_STATE") << "it has not begun";
  world_.MoveTo(At(9, 0));
  ExpectGuarded<v1::PendingAct>("RequestAct", suspend, kClerk, kBank);
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", suspend, kOfficer), "PERMISSION_DENIED")
      << "an officer confirms";
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", suspend, "EXCHANGE_CLERK other c9"), "PERMISSION_DENIED");
  auto bad = suspend;
  bad.clear_act();
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "act REQUIRED");
  bad = suspend;
  bad.clear_reason();
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "reason REQUIRED");
  bad.set_reason("because");
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "reason UNKNOWN_VALUE");
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", Demand(v1::PendingAct::CONTINUE), kClerk), "WRONG_STATE");
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::SUSPEND, "none"), kOfficer),
            "WRONG_STATE");
  // Withdrawn, nothing happens.
  auto withdraw = Named<v1::WithdrawActRequest>();
  EXPECT_EQ(Try<v1::Auction>("WithdrawAct", withdraw, kClerk), "WRONG_STATE");
  Taken<v1::PendingAct>("RequestAct", suspend, kClerk);
  ExpectGuarded<v1::Auction>("WithdrawAct", withdraw, kClerk, BidderToken("B01"));
  EXPECT_EQ(Try<v1::Auction>("WithdrawAct", withdraw, kForeign), "PERMISSION_DENIED");
  EXPECT_EQ(Taken<v1::Auction>("WithdrawAct", withdraw, kOfficer).state(), v1::Auction::FREE);
  // The second person must be another one.
  const auto act = Taken<v1::PendingAct>("RequestAct", suspend, kClerk);
  EXPECT_EQ(Get().state(), v1::Auction::FREE) << "the second person is missing";
  EXPECT_EQ(Try<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::SUSPEND, act.etag()),
                             "EXCHANGE_OFFICER x c1"),
            "SAME_PERSON");
  EXPECT_EQ(
      Try<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::ACT_UNSPECIFIED, act.etag()), kOfficer),
      "act REQUIRED");
  const auto suspended =
      Taken<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::SUSPEND, act.etag()), kOfficer);
  EXPECT_EQ(suspended.state(), v1::Auction::SUSPENDED);
  EXPECT_EQ(suspended.suspended_state(), v1::Auction::FREE);
  // On again, a minute later; then off for good.
  auto resume = Demand(v1::PendingAct::CONTINUE);
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", resume, kClerk), "resume_time OUT_OF_RANGE");
  resume.mutable_resume_time()->set_seconds(At(9, 1).ns / 1'000'000'000);
  ByTwo(resume);
  world_.MoveTo(At(9, 1));
  EXPECT_EQ(Get().state(), v1::Auction::FREE);
  ByTwo(suspend);
  EXPECT_EQ(ByTwo(Demand(v1::PendingAct::ANNUL)).outcome(), v1::Auction::ANNULLED);
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", suspend, kClerk), "WRONG_STATE");
}

TEST_F(OpenServiceTest, TwoPersonsRestartThePhase) {
  ScheduleMulti(/*with_priority=*/false);
  EXPECT_EQ(world_.Bid("B01", Yuan(1'000), At(9, 10)), std::nullopt);
  ByTwo(Demand(v1::PendingAct::SUSPEND));
  auto restart = Demand(v1::PendingAct::RESTART_PHASE);
  restart.mutable_resume_time()->set_seconds(At(9, 20).ns / 1'000'000'000);
  ByTwo(restart);
  world_.MoveTo(At(9, 20));
  EXPECT_EQ(Get().state(), v1::Auction::FREE);
  EXPECT_FALSE(Get().has_leading_bid());
  EXPECT_EQ(Get().void_from_number(), 1);
  EXPECT_EQ(Get().void_to_number(), 1);
}

TEST_F(OpenServiceTest, TwoPersonsDeclareADefault) {
  ScheduleMulti(/*with_priority=*/false);
  auto fault = Demand(v1::PendingAct::DECLARE_DEFAULT);
  fault.set_reason("its letter of today");
  fault.set_bidder_code("B01");
  fault.set_cause(v1::PendingAct::WITHDREW);
  EXPECT_EQ(world_.Bid("B02", Yuan(1'000), At(9, 10)), std::nullopt);
  EXPECT_EQ(world_.Bid("B01", Yuan(1'010), At(9, 11)), std::nullopt);
  auto bad = fault;
  bad.clear_bidder_code();
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "bidder_code REQUIRED");
  bad.set_bidder_code("B09");
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "bidder_code UNKNOWN_VALUE");
  bad.set_bidder_code(std::string(17, 'B'));
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "bidder_code TOO_LONG");
  bad = fault;
  bad.clear_cause();
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "cause REQUIRED");
  for (const int number : {2, 3, 5}) {  // not signed, not paid, conditions broken: contract and settlement decide
    bad.set_cause(static_cast<v1::PendingAct::Cause>(number));
    EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "cause UNKNOWN_VALUE") << number;
  }
  bad = fault;
  bad.clear_reason();
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "reason REQUIRED");
  bad = Demand(v1::PendingAct::SUSPEND);
  bad.set_bidder_code("B01");
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "bidder_code UNKNOWN_VALUE") << "of nobody";
  bad = Demand(v1::PendingAct::SUSPEND);
  bad.set_cause(v1::PendingAct::MISCONDUCT);
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", bad, kClerk), "cause UNKNOWN_VALUE");
  // Before the close its bids are void.
  const auto waiting = Taken<v1::PendingAct>("RequestAct", fault, kClerk);
  EXPECT_EQ(waiting.act(), v1::PendingAct::DECLARE_DEFAULT);
  EXPECT_EQ(waiting.bidder_code(), "B01");
  EXPECT_EQ(waiting.cause(), v1::PendingAct::WITHDREW);
  EXPECT_EQ(waiting.reason(), "its letter of today");
  EXPECT_EQ(Get().barred_codes_size(), 0);
  const auto barred =
      Taken<v1::Auction>("ConfirmAct", Confirmation(v1::PendingAct::DECLARE_DEFAULT, waiting.etag()), kOfficer);
  ASSERT_EQ(barred.barred_codes_size(), 1);
  EXPECT_EQ(barred.barred_codes(0), "B01");
  EXPECT_EQ(barred.leading_bid().bidder_code(), "B02");
  EXPECT_EQ(barred.min_acceptable_fen(), 101'000);
  // After it nobody can withdraw, and misconduct bars only.
  world_.MoveTo(At(11, 0));
  fault.set_bidder_code("B02");
  EXPECT_EQ(Try<v1::PendingAct>("RequestAct", fault, kClerk), "WRONG_STATE");
  fault.set_cause(v1::PendingAct::MISCONDUCT);
  EXPECT_EQ(ByTwo(fault).barred_codes_size(), 2);
  EXPECT_EQ(Get().outcome(), v1::Auction::WINNER);
}

}  // namespace
}  // namespace ttx::auction
