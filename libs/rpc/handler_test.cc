#include "libs/rpc/handler.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "libs/rpc/status.h"
#include "libs/rpc/testdata/probe.h"
#include "libs/testing/manual_clock.h"

namespace ttx::rpc {
namespace {

using namespace testdata;  // NOLINT: the probe's vocabulary
using testing::ManualClock;

template <class Response>
struct Outcome {
  grpc::Status status;
  Response response;
  bool replayed = false;

  bool ok() const { return status.ok(); }
  Error error() const { return FromGrpc(status); }
  Reason reason() const { return status.ok() ? Reason::kINTERNAL : error().reason; }
};

template <class Request, class Response>
Outcome<Response> Send(v1::ProbeService::Stub& stub,
                       grpc::Status (v1::ProbeService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                       const Request& request, const Caller& caller) {
  grpc::ClientContext context;
  Introduce(caller, context);
  Outcome<Response> outcome;
  outcome.status = (stub.*method)(&context, request, &outcome.response);
  outcome.replayed = context.GetServerTrailingMetadata().count("x-ttx-replayed") == 1;
  return outcome;
}

// A call that goes on while the test does something else.
struct AddInFlight {
  AddInFlight(v1::ProbeService::Stub& stub, v1::AddRequest to_send,
              std::chrono::system_clock::time_point deadline = std::chrono::system_clock::now() +
                                                               std::chrono::seconds(30))
      : request(std::move(to_send)) {
    Introduce(kBidder, context);
    context.set_deadline(deadline);
    stub.async()->Add(&context, &request, &response, [this](grpc::Status status) { result.set_value(status); });
  }
  grpc::Status Get() { return result.get_future().get(); }

  grpc::ClientContext context;
  v1::AddRequest request;
  v1::Counter response;
  std::promise<grpc::Status> result;
};

v1::GetCounterRequest GetRequest(std::string counter) {
  v1::GetCounterRequest request;
  request.set_counter(std::move(counter));
  return request;
}

// Over the in-process channel and over TCP.
class HandlerTest : public ::testing::TestWithParam<bool> {
 protected:
  ProbeOptions Options() const { return {.tcp = GetParam()}; }
  ProbeHost& Host(ProbeOptions options) {
    options.tcp = GetParam();
    host_ = std::make_unique<ProbeHost>(clock_, options, std::make_unique<BorrowedKv>(disk_));
    return *host_;
  }
  ProbeHost& Host() { return host_ ? *host_ : Host({}); }

  Outcome<v1::Counter> Add(const v1::AddRequest& request, const Caller& caller = kBidder) {
    return Send(Host().stub(), &v1::ProbeService::Stub::Add, request, caller);
  }
  Outcome<v1::Counter> Get(const std::string& counter, const Caller& caller = kBidder) {
    return Send(Host().stub(), &v1::ProbeService::Stub::GetCounter, GetRequest(counter), caller);
  }
  Outcome<v1::Counter> GetInternal(const Caller& caller) {
    return Send(Host().stub(), &v1::ProbeService::Stub::GetInternalCounter, GetRequest("c"), caller);
  }
  RecordedCall LastRecord() {
    const std::vector<RecordedCall> records = Host().records();
    return records.empty() ? RecordedCall{} : records.back();
  }

  storage::MemKv disk_;
  ManualClock clock_{Time{1'000'000'000'000}};
  std::unique_ptr<ProbeHost> host_;
};

INSTANTIATE_TEST_SUITE_P(Channels, HandlerTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Tcp" : "InProcess"; });

void AddUnknown(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(99, 1);
}

TEST_P(HandlerTest, RefusesInTheOrder401Then403Then400Then404) {
  v1::AddRequest request = MakeAdd("", "missing", 0);  // wrong in every way
  AddUnknown(request);
  EXPECT_EQ(Add(request, kNobody).reason(), Reason::kUNAUTHENTICATED);
  EXPECT_EQ(Add(request, {"forged", "", ""}).reason(), Reason::kUNAUTHENTICATED);
  const Outcome<v1::Counter> denied = Add(request, kClerk);
  EXPECT_EQ(denied.status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(denied.error(), Error(Reason::kPERMISSION_DENIED, {{"permission", "auction.bid.create"}}));
  EXPECT_EQ(Add(request).error(), InvalidField("99", Reason::kUNKNOWN_FIELD));
  request.DiscardUnknownFields();
  EXPECT_EQ(Add(request).error(), InvalidField("request_id", Reason::kREQUIRED));
  request.set_request_id("r");
  EXPECT_EQ(Add(request).error(), InvalidField("amount", Reason::kOUT_OF_RANGE, "> 0"));
  request.set_amount(1);
  const Outcome<v1::Counter> missing = Add(request);
  EXPECT_EQ(missing.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.error(), Error(Reason::kNOT_FOUND, {{"resource", "counters/missing"}}));
  EXPECT_EQ(storage::LastSequence(disk_), 0u);
  EXPECT_EQ(Add(MakeAdd("s")).response.value(), 1);
}

TEST_P(HandlerTest, QueriesKeepTheSameOrder) {
  v1::GetCounterRequest request = GetRequest("missing");
  AddUnknown(request);
  const auto send = [&](const Caller& caller) {
    return Send(Host().stub(), &v1::ProbeService::Stub::GetCounter, request, caller).reason();
  };
  EXPECT_EQ(send(kNobody), Reason::kUNAUTHENTICATED);
  EXPECT_EQ(send(kListing), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(send(kBidder), Reason::kINVALID_FIELD);
  request.DiscardUnknownFields();
  EXPECT_EQ(send(kBidder), Reason::kNOT_FOUND);
}

TEST_P(HandlerTest, EveryCallLeavesOneRecord) {
  Add(MakeAdd("r"), kNobody);
  EXPECT_EQ(LastRecord().reason, "UNAUTHENTICATED");
  EXPECT_EQ(LastRecord().code, Code::kUnauthenticated);
  EXPECT_TRUE(LastRecord().audit);
  Add(MakeAdd("r"));
  EXPECT_EQ(LastRecord().reason, "");
  EXPECT_EQ(LastRecord().code, Code::kOk);
  EXPECT_EQ(LastRecord().subject, "apiClients/bidder");
  EXPECT_EQ(LastRecord().request_id, "r");
  EXPECT_FALSE(LastRecord().replayed);
  Add(MakeAdd("r"));
  EXPECT_TRUE(LastRecord().replayed);
  Get("c");
  EXPECT_EQ(LastRecord().method, "GetCounter");
  EXPECT_FALSE(LastRecord().audit);
  EXPECT_EQ(Host().records().size(), 4u);
}

TEST_P(HandlerTest, ChecksTheRequestId) {
  EXPECT_EQ(Add(MakeAdd("")).error(), InvalidField("request_id", Reason::kREQUIRED));
  EXPECT_EQ(Add(MakeAdd(std::string(65, 'x'))).error(), InvalidField("request_id", Reason::kTOO_LONG, "64"));
  for (const std::string& bad : {std::string("a b"), std::string("a\tb"), std::string("a\x7f"), std::string("a\0b", 3),
                                std::string("\n"), std::string("é")}) {
    EXPECT_EQ(Add(MakeAdd(bad)).error(), InvalidField("request_id", Reason::kBAD_FORMAT, "printable ASCII"));
  }
  EXPECT_EQ(Host().Value("c"), 0);
  EXPECT_TRUE(Add(MakeAdd(std::string(64, '~'))).ok());
  EXPECT_TRUE(Add(MakeAdd("!")).ok());
}

// reliability.md N80.
TEST_P(HandlerTest, RequestsOfAnUnknownShapeAreRefusedAndBurnNoId) {
  v1::AddRequest unknown_field = MakeAdd("r");
  unknown_field.add_nodes();
  AddUnknown(*unknown_field.add_nodes());
  EXPECT_EQ(Add(unknown_field).error(), InvalidField("nodes[1].99", Reason::kUNKNOWN_FIELD));
  v1::AddRequest unknown_value = MakeAdd("r");
  unknown_value.mutable_tree()->mutable_child()->set_color(static_cast<v1::Color>(7));
  EXPECT_EQ(Add(unknown_value).error(), InvalidField("tree.child.color", Reason::kUNKNOWN_VALUE));
  v1::AddRequest deep = MakeAdd("r");
  v1::Node* node = deep.mutable_tree();
  for (int i = 0; i < 40; ++i) node = node->mutable_child();
  ASSERT_EQ(Add(deep).error().violations.size(), 1u);
  EXPECT_EQ(Add(deep).error().violations[0].reason, Reason::kOUT_OF_RANGE);
  for (int i = 0; i < 200; ++i) node = node->mutable_child();  // past what protobuf itself reads
  EXPECT_FALSE(Add(deep).ok());
  v1::AddRequest large = MakeAdd("r");
  large.mutable_tree()->set_label(std::string(5 << 20, 'x'));
  EXPECT_EQ(Add(large).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Host().Value("c"), 0);
  const Outcome<v1::Counter> good = Add(MakeAdd("r"));
  EXPECT_EQ(good.response.value(), 1);
  EXPECT_FALSE(good.replayed);
}

TEST_P(HandlerTest, ARetryGetsTheFirstAnswer) {
  const Outcome<v1::Counter> first = Add(MakeAdd("r", "c", 5));
  EXPECT_FALSE(first.replayed);
  Add(MakeAdd("other", "c", 7));
  const Outcome<v1::Counter> second = Add(MakeAdd("r", "c", 5));
  EXPECT_TRUE(second.replayed);
  EXPECT_EQ(second.response.SerializeAsString(), first.response.SerializeAsString());
  EXPECT_EQ(Host().Value("c"), 12);
  const Outcome<v1::Counter> changed = Add(MakeAdd("r", "c", 6));
  EXPECT_EQ(changed.reason(), Reason::kREQUEST_ID_REUSED);
  EXPECT_FALSE(changed.replayed);
  EXPECT_EQ(Host().Value("c"), 12);
}

TEST_P(HandlerTest, ARefusalIsRepeatedWithItsDetails) {
  const Outcome<v1::Counter> first = Add(MakeAdd("r", "missing"));
  const Outcome<v1::Counter> second = Add(MakeAdd("r", "missing"));
  EXPECT_FALSE(first.replayed);
  EXPECT_TRUE(second.replayed);
  EXPECT_EQ(second.error(), first.error());
  EXPECT_EQ(second.error(), Error(Reason::kNOT_FOUND, {{"resource", "counters/missing"}}));
}

TEST_P(HandlerTest, AnswersSurviveARestart) {
  EXPECT_EQ(Add(MakeAdd("r", "c", 5)).response.value(), 5);
  host_.reset();
  const Outcome<v1::Counter> again = Add(MakeAdd("r", "c", 5));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.response.value(), 5);
  EXPECT_EQ(Host().Value("c"), 5);
}

// The entries of a map have no order on the wire; a retry that writes them in another one is still the same request.
TEST_P(HandlerTest, TheOrderOfAMapDoesNotMakeAnotherRequest) {
  v1::AddRequest up = MakeAdd("r");
  v1::AddRequest down = MakeAdd("r");
  for (int i = 0; i < 100; ++i) {
    (*up.mutable_labels())[std::to_string(i)] = "x";
    (*down.mutable_labels())[std::to_string(99 - i)] = "x";
  }
  EXPECT_TRUE(Add(up).ok());
  for (int i = 0; i < 5; ++i) {
    const Outcome<v1::Counter> again = Add(down);
    EXPECT_TRUE(again.ok()) << again.status.error_message();
    EXPECT_TRUE(again.replayed);
  }
}

// reliability.md N62.
TEST_P(HandlerTest, FiftyParallelCallsWithOneIdHaveOneEffect) {
  std::vector<std::unique_ptr<AddInFlight>> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(std::make_unique<AddInFlight>(Host().stub(), MakeAdd("r", "c", 3)));
  int first = 0;
  for (const auto& call : calls) {
    EXPECT_TRUE(call->Get().ok());
    EXPECT_EQ(call->response.value(), 3);
    first += call->context.GetServerTrailingMetadata().count("x-ttx-replayed") == 0 ? 1 : 0;
  }
  EXPECT_EQ(first, 1);
  EXPECT_EQ(Host().Value("c"), 3);
  EXPECT_EQ(storage::LastSequence(disk_), 1u);
}

// reliability.md N63.
TEST_P(HandlerTest, AnotherPrincipalsIdIsItsOwn) {
  EXPECT_EQ(Add(MakeAdd("r", "c", 1), kBidder).response.value(), 1);
  const Outcome<v1::Counter> rival = Add(MakeAdd("r", "c", 1), kRival);
  EXPECT_FALSE(rival.replayed);
  EXPECT_EQ(rival.response.value(), 2);
  EXPECT_TRUE(Add(MakeAdd("r", "d", 9), kRival).reason() == Reason::kREQUEST_ID_REUSED);
  EXPECT_EQ(Add(MakeAdd("r", "c", 1), kBidder).response.value(), 1);
}

TEST_P(HandlerTest, ACallWhoseDeadlineHasPassedHasNoEffect) {
  ProbeHost& host = Host({.run_writer = false});
  {
    AddInFlight late(host.stub(), MakeAdd("r"), std::chrono::system_clock::now() + std::chrono::milliseconds(200));
    EXPECT_EQ(late.Get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  if (host.shell().writer().queued() == 1) {
    ASSERT_TRUE(Eventually([&] { return host.service().last_add.load()->IsCancelled(); }));
  }
  host.StepAll();
  EXPECT_EQ(host.Value("c"), 0);
  EXPECT_EQ(storage::LastSequence(disk_), 0u);
  AddInFlight past(host.stub(), MakeAdd("r"), std::chrono::system_clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(past.Get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  host.StepAll();
  EXPECT_EQ(host.Value("c"), 0);
  AddInFlight again(host.stub(), MakeAdd("r"));  // the id is not burnt
  ASSERT_TRUE(Eventually([&] { return host.shell().writer().queued() == 1; }));
  host.StepAll();
  EXPECT_TRUE(again.Get().ok());
  EXPECT_EQ(again.response.value(), 1);
}

TEST_P(HandlerTest, ACancelledCallHasNoEffect) {
  ProbeHost& host = Host({.run_writer = false});
  AddInFlight cancelled(host.stub(), MakeAdd("r"));
  ASSERT_TRUE(Eventually([&] { return host.shell().writer().queued() == 1; }));
  cancelled.context.TryCancel();
  EXPECT_EQ(cancelled.Get().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(Eventually([&] { return host.service().last_add.load()->IsCancelled(); }));
  host.StepAll();
  EXPECT_EQ(host.Value("c"), 0);
  EXPECT_EQ(LastRecord().reason, "DEADLINE_EXCEEDED");
}

TEST_P(HandlerTest, AFullQueueRefusesAtOnceAndBurnsNoId) {
  ProbeHost& host = Host({.run_writer = false, .queue_commands = 2});
  AddInFlight first(host.stub(), MakeAdd("1"));
  AddInFlight second(host.stub(), MakeAdd("2"));
  ASSERT_TRUE(Eventually([&] { return host.shell().writer().queued() == 2; }));
  const Outcome<v1::Counter> third = Add(MakeAdd("3"));
  EXPECT_EQ(third.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(third.reason(), Reason::kQUEUE_FULL);
  host.StepAll();
  EXPECT_TRUE(first.Get().ok());
  EXPECT_TRUE(second.Get().ok());
  AddInFlight again(host.stub(), MakeAdd("3"));
  ASSERT_TRUE(Eventually([&] { return host.shell().writer().queued() == 1; }));
  host.StepAll();
  EXPECT_TRUE(again.Get().ok());
  EXPECT_EQ(again.response.value(), 3);
}

TEST_P(HandlerTest, AFullReaderQueueRefusesAtOnce) {
  ProbeHost& host = Host({.reader_threads = 1, .reader_queue = 0});
  const Outcome<v1::Counter> refused = Get("c");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.reason(), Reason::kQUEUE_FULL);
  EXPECT_EQ(host.records().size(), 1u);
}

TEST_P(HandlerTest, AFaultOfTheServerLeavesNoDetailAndNoTrace) {
  const Outcome<v1::Counter> fault = Add(MakeAdd("r", "c", 666));
  EXPECT_EQ(fault.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(fault.error(), Error(Reason::kINTERNAL));
  EXPECT_EQ((fault.status.error_message() + fault.status.error_details()).find("shadow"), std::string::npos);
  EXPECT_EQ(Host().Value("c"), 0);
  EXPECT_EQ(storage::LastSequence(disk_), 0u);
  EXPECT_FALSE(Add(MakeAdd("r", "c", 666)).replayed);
}

// reliability.md N46.
TEST_P(HandlerTest, ServicesProveWhoTheyAre) {
  EXPECT_TRUE(GetInternal(kListing).ok());
  EXPECT_EQ(LastRecord().subject, "services/listing");
  const std::string secret(kServiceSecret);
  for (const Caller& forged : std::vector<Caller>{{"", "listing", ""},
                                                  {"", "listing", "wrong"},
                                                  {"", "listing", secret + "x"},
                                                  {"", "listing", secret.substr(1)}}) {
    EXPECT_EQ(GetInternal(forged).reason(), Reason::kUNAUTHENTICATED);
    EXPECT_EQ(LastRecord().subject, "");
  }
  EXPECT_EQ(GetInternal({"", "", secret}).reason(), Reason::kUNAUTHENTICATED);  // a secret without a name
  EXPECT_EQ(GetInternal(kNobody).reason(), Reason::kUNAUTHENTICATED);
}

TEST_P(HandlerTest, AUserMayNotCallWhatIsInternal) {
  for (const Caller& user : {kBidder, kOperator, kClerk}) {
    EXPECT_EQ(GetInternal(user).error(), Error(Reason::kPERMISSION_DENIED, {{"permission", "internal"}}));
  }
  // A token with forged service headers is still the token's principal.
  EXPECT_EQ(GetInternal({"bidder", "listing", "wrong"}).reason(), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(GetInternal({"bidder", "listing", std::string(kServiceSecret)}).reason(), Reason::kPERMISSION_DENIED);
}

TEST_P(HandlerTest, AServiceMayNotActAsAUser) {
  EXPECT_EQ(Add(MakeAdd("r"), kListing).reason(), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Host().Value("c"), 0);
}

// Nothing is done that cannot be recorded; what was committed before waits, and the writer does not wait with it.
TEST_P(HandlerTest, WhileNothingCanBeAuditedAuditedCallsAreRefused) {
  Host({.run_writer = false});
  AddInFlight under_way(Host().stub(), MakeAdd("r1", "c", 1));
  ASSERT_TRUE(Eventually([&] { return Host().shell().writer().queued() == 1; }));
  Host().SetCanAudit(false);
  for (const Caller& caller : {kBidder, kNobody}) {
    EXPECT_EQ(Add(MakeAdd("r2", "c", 10), caller).reason(), Reason::kUNAVAILABLE);
  }
  EXPECT_TRUE(Get("c").ok() || Get("c").reason() == Reason::kNOT_FOUND);  // not audited
  Host().StepAll();  // returns, though no answer has left
  EXPECT_EQ(Host().held(), 1u);
  EXPECT_EQ(Host().Value("c"), 1);
  Host().SetCanAudit(true);
  EXPECT_TRUE(under_way.Get().ok());
  EXPECT_EQ(under_way.response.value(), 1);
}

TEST_P(HandlerTest, APublicMethodAsksForNothing) {
  const auto send = [&](const Caller& caller) {
    return Send(Host().stub(), &v1::ProbeService::Stub::GetPublicCounter, GetRequest("c"), caller);
  };
  EXPECT_TRUE(send(kNobody).ok());
  EXPECT_TRUE(send(kBidder).ok());
  EXPECT_EQ(send({"forged", "", ""}).reason(), Reason::kUNAUTHENTICATED);  // bad credentials are never ignored
}

TEST_P(HandlerTest, OnlyBearerCredentialsAreTaken) {
  for (const char* header : {"Basic YWxhZGRpbg==", "bearer bidder", "Bearer", "bidder", "Bearer  bidder"}) {
    grpc::ClientContext context;
    Introduce(kNobody, context);
    context.AddMetadata("authorization", header);
    v1::Counter response;
    EXPECT_EQ(FromGrpc(Host().stub().GetCounter(&context, GetRequest("c"), &response)).reason,
              Reason::kUNAUTHENTICATED)
        << header;
  }
}

TEST_P(HandlerTest, ACommandWithoutARequestIdIsDecidedAnewEachTime) {
  for (int64_t value = 1; value <= 3; ++value) {
    const auto counted = Send(Host().stub(), &v1::ProbeService::Stub::Count, GetRequest("c"), kNobody);
    EXPECT_TRUE(counted.status.ok());
    EXPECT_FALSE(counted.replayed);
    EXPECT_EQ(counted.response.value(), value);
  }
}

class HandlerMake : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Handler>> Make(std::string_view service) {
    HandlerDeps deps{&clock_, PrincipalOf, "s", [](const CallRecord&, const auto& answer) { answer(); }};
    return Handler::Make(service, std::move(deps), shell_, readers_, signal_);
  }

  ManualClock clock_{Time{1}};
  CommitSignal signal_;
  storage::Shell shell_{std::make_unique<storage::MemKv>(),
                        clock_,
                        {},
                        {.on_due = [](storage::Txn&, const std::string&) {}, .on_failure = [](const Error&) {}}};
  ReaderPool readers_{1, 1};
};

TEST_F(HandlerMake, ReadsThePolicies) {
  const auto handler = Make(kProbeService);
  ASSERT_TRUE(handler.ok());
  const Method& add = (*handler)->MethodNamed("Add");
  EXPECT_EQ(add.permission, "auction.bid.create");
  EXPECT_TRUE(add.write);
  EXPECT_TRUE(add.audit);
  EXPECT_NE(add.request_id, nullptr);
  EXPECT_EQ((*handler)->MethodNamed("GetCounter").request_id, nullptr);
}

TEST_F(HandlerMake, RefusesAMethodWithoutAKnownPolicy) {
  for (const auto& [service, method] : std::vector<std::pair<std::string, std::string>>{
           {"NoPolicyService", "Forgotten"},
           {"UnknownPermissionService", "Get"},
           {"NoRequestIdService", "Change"},
           {"NumericRequestIdService", "Change"}}) {
    const auto handler = Make("ttx.probe.v1." + service);
    ASSERT_FALSE(handler.ok()) << service;
    EXPECT_EQ(handler.error(),
              Error(Reason::kPOLICY_MISSING, {{"method", "ttx.probe.v1." + service + "." + method}}));
  }
}

}  // namespace
}  // namespace ttx::rpc
