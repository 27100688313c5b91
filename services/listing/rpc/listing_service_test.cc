// Holders of priority rights and re-listing over the wire: who may call, what is missing, what each side sees, the same
// request once more.

#include "services/listing/rpc/listing_service.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <sstream>
#include <thread>

#include "libs/rpc/status.h"
#include "libs/storage/mem_kv.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

constexpr const char* kMaker = "TRANSFEROR university maker";
constexpr const char* kClerk = "EXCHANGE_CLERK exchange clerk";
constexpr const char* kOfficer = "EXCHANGE_OFFICER exchange officer";
constexpr const char* kHolder = "BIDDER b1 b1";
constexpr const char* kStranger = "BIDDER b2 b2";

// A token is "<role> <organization> <person>".
Result<Principal> Authenticate(std::string_view token) {
  std::istringstream words{std::string(token)};
  std::string role, organization, person;
  if (!(words >> role >> organization >> person)) return Error(Reason::kUNAUTHENTICATED);
  return Principal{"apiClients/" + person, "organizations/" + organization, "people/" + person, {role}};
}
Principal Of(const char* token) { return Authenticate(token).value(); }

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

class ListingServiceTest : public ::testing::Test {
 protected:
  ListingServiceTest()
      : shell_(std::make_unique<storage::MemKv>(), clock_, {},
               {.on_due = [this](storage::Txn& txn, const std::string& subject) { app_.OnDue(txn, subject); },
                .on_failure = [](const Error&) { FAIL(); }}) {
    handler_ = rpc::Handler::Make("ttx.listing.v1.ListingService",
                                  {.clock = &clock_,
                                   .authenticate = Authenticate,
                                   .service_secret = "service-secret",
                                   .on_call = [](const rpc::CallRecord&, const auto& answer) { answer(); }},
                                  shell_, readers_, signal_)
                   .value();
    service_ = std::make_unique<ListingService>(app_, *handler_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    channel_ = server_->InProcessChannel({});
    Prepare();
  }
  ~ListingServiceTest() override { server_->Shutdown(); }

  // A published achievement of an admitted university.
  void Prepare() {
    Run([&](storage::Txn& txn) -> Status {
      TTX_RETURN_IF_ERROR(app_.OnOrganizationActivated(txn, testing::kOwner, "某大学", testing::kOwnerUscc));
      TTX_RETURN_IF_ERROR(app_.OnOrganizationActivated(txn, "organizations/b1", "b1", ""));
      return app_.OnExchangeActivated(txn, testing::kExchange, "91110108MA01ABCD5T");
    });
    const Principal secrecy = Of("SECRECY_REVIEWER exchange secrecy");
    const Principal rights = Of("RIGHTS_REVIEWER exchange rights");
    Run([&](storage::Txn& txn) -> Status {
      TTX_TRY(const Achievement made,
              app_.CreateAchievement(txn, Of(kMaker), testing::MakeAchievementContent()));
      achievement_ = made.id.text;
      const Target target{achievement_, ""};
      TTX_TRY(auto next, app_.SubmitAchievement(txn, Of(kMaker), target, testing::kExchange));
      TTX_TRY(next, app_.ClearAchievement(txn, secrecy, target, Secrecy::kNonSecret, ""));
      TTX_TRY(next, app_.PassRights(txn, rights, target));
      TTX_TRY(next, app_.PublishAchievement(txn, Of(kMaker), target));
      return {};
    });
  }
  // ... and the approved listing of it.
  std::string Approved(const ListingContent& content) {
    std::string id;
    Run([&](storage::Txn& txn) -> Status {
      TTX_TRY(const Listing made,
              app_.CreateListing(txn, Of(kMaker), {testing::kExchange, "PUBLIC_RDI", achievement_, content, {}}));
      id = made.id.text;
      const Target target{id, ""};
      TTX_TRY(auto next, app_.SubmitListing(txn, Of(kMaker), target));
      TTX_TRY(next, app_.AcceptListing(txn, Of(kClerk), target));
      TTX_TRY(next, app_.ApproveListing(txn, Of("X exchange business"), target, Review::kBusiness));
      TTX_TRY(next, app_.ApproveListing(txn, Of("X exchange compliance"), target, Review::kCompliance));
      return {};
    });
    return id;
  }

  void Run(const std::function<Status(storage::Txn&)>& run) {
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_RETURN_IF_ERROR(run(txn));
      return std::string();
    };
    command.done = [](storage::Answer answer) {
      EXPECT_TRUE(answer.body.ok()) << (answer.body.ok() ? "" : answer.body.error().message());
    };
    shell_.writer().Submit(std::move(command));
    Drain();
  }
  void Drain() {
    while (shell_.writer().Step() > 0) {
    }
  }

  template <class Response, class Request>
  Answer<Response> Call(const std::string& method, const Request& request, const std::string& token) {
    grpc::TemplatedGenericStub<Request, Response> stub(channel_);
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    Answer<Response> answer;
    std::promise<grpc::Status> done;
    std::future<grpc::Status> status = done.get_future();
    stub.UnaryCall(&context, "/ttx.listing.v1.ListingService/" + method, {}, &request, &answer.response,
                   [&](grpc::Status s) { done.set_value(std::move(s)); });
    while (status.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      Drain();
      std::this_thread::yield();
    }
    answer.text = TextOf(status.get());
    answer.replayed = context.GetServerTrailingMetadata().count("x-ttx-replayed") == 1;
    return answer;
  }
  template <class Response = v1::Listing, class Request>
  Answer<Response> Try(const std::string& method, Request request, const std::string& token) {
    request.set_request_id("r" + std::to_string(++requests_));
    return Call<Response>(method, request, token);
  }
  v1::Listing Get(const std::string& id, const std::string& token) {
    v1::GetListingRequest request;
    request.set_name("listings/" + id);
    return Call<v1::Listing>("GetListing", request, token).response;
  }

  ttx::testing::ManualClock clock_{AtHour(MakeDate(2026, 9, 17), 10, 0)};
  ttx::testing::SeededIds ids_{7};
  const Calendar calendar_ = testing::MakeCalendar();
  ListingApp app_{calendar_, ids_, {testing::MakeProfile()}, std::string(32, 'k')};
  storage::Shell shell_;
  rpc::ReaderPool readers_{1, 100};
  rpc::CommitSignal signal_;
  std::unique_ptr<rpc::Handler> handler_;
  std::unique_ptr<ListingService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string achievement_;
  int requests_ = 0;
};

TEST_F(ListingServiceTest, AHolderIsToldAndAnswersAndThePublicSeesThatThereIsARight) {
  ListingContent content = testing::MakeListingContent();
  content.priority_holders = {{"b1", "organizations/b1", {PriorityRight::kShareholder, 1, 600}}};
  const std::string id = Approved(content);
  v1::RecordPriorityNoticeRequest tell;
  tell.set_name("listings/" + id);
  tell.set_holder(1);
  tell.set_method(v1::Listing::PriorityHolder::DIRECT);
  tell.set_notice_date("2026-09-16");
  tell.mutable_evidence()->set_name("receipt.pdf");
  tell.mutable_evidence()->set_sha256(std::string(64, 'a'));
  tell.mutable_evidence()->set_size(100);
  v1::AnswerPriorityNoticeRequest answer;
  answer.set_name("listings/" + id);
  answer.set_holder(1);
  answer.set_answer(v1::Listing::PriorityHolder::EXERCISE_IN_FLOOR);
  EXPECT_EQ(Try("RecordPriorityNotice", tell, "").text, "UNAUTHENTICATED");
  EXPECT_EQ(Try("RecordPriorityNotice", tell, kMaker).text, "PERMISSION_DENIED");
  EXPECT_EQ(Try("RecordPriorityNotice", tell, "EXCHANGE_CLERK other c").text, "NOT_FOUND");
  EXPECT_EQ(Call<v1::Listing>("RecordPriorityNotice", tell, kClerk).text, "request_id REQUIRED");
  EXPECT_EQ(Try("AnswerPriorityNotice", answer, "").text, "UNAUTHENTICATED");
  EXPECT_EQ(Try("AnswerPriorityNotice", answer, kOfficer).text, "PERMISSION_DENIED");
  EXPECT_EQ(Try("AnswerPriorityNotice", answer, kHolder).text, "NOT_FOUND") << "not told yet";
  const std::pair<const char*, std::function<void(v1::RecordPriorityNoticeRequest&)>> bad[] = {
      {"name BAD_FORMAT", [](auto& r) { r.set_name("auctions/a"); }},
      {"holder REQUIRED", [](auto& r) { r.clear_holder(); }},
      {"holder OUT_OF_RANGE", [](auto& r) { r.set_holder(2); }},
      {"method REQUIRED", [](auto& r) { r.clear_method(); }},
      {"notice_date BAD_FORMAT", [](auto& r) { r.set_notice_date("16.9."); }},
      {"notice_date OUT_OF_RANGE", [](auto& r) { r.set_notice_date("2026-09-18"); }},
      {"evidence.sha256 BAD_FORMAT", [](auto& r) { r.mutable_evidence()->set_sha256("x"); }},
      {"ETAG_MISMATCH", [](auto& r) { r.set_etag("1"); }},
  };
  for (const auto& [text, spoil] : bad) {
    auto request = tell;
    spoil(request);
    EXPECT_EQ(Try("RecordPriorityNotice", request, kClerk).text, text);
  }
  tell.set_request_id("told");
  const auto told = Call<v1::Listing>("RecordPriorityNotice", tell, kClerk);
  ASSERT_EQ(told.text, "OK");
  EXPECT_EQ(told.response.priority_holders(0).notice_method(), v1::Listing::PriorityHolder::DIRECT);
  EXPECT_EQ(told.response.priority_holders(0).notice_date(), "2026-09-16");
  EXPECT_EQ(told.response.priority_holders(0).notice_evidence().name(), "receipt.pdf");
  EXPECT_TRUE(Call<v1::Listing>("RecordPriorityNotice", tell, kClerk).replayed);

  EXPECT_EQ(Try("AnswerPriorityNotice", answer, kStranger).text, "NOT_FOUND");
  auto none = answer;
  none.clear_answer();
  EXPECT_EQ(Try("AnswerPriorityNotice", none, kHolder).text, "answer REQUIRED");
  auto off_the_floor = answer;
  off_the_floor.set_answer(static_cast<v1::Listing::PriorityHolder::Answer>(3));
  EXPECT_EQ(Try("AnswerPriorityNotice", off_the_floor, kHolder).text, "answer UNKNOWN_VALUE");
  const auto answered = Try("AnswerPriorityNotice", answer, kHolder);
  ASSERT_EQ(answered.text, "OK");
  EXPECT_TRUE(answered.response.business_reviewer().empty()) << "a holder sees what the public will";
  EXPECT_EQ(Try("AnswerPriorityNotice", answer, kClerk).text, "answer DUPLICATE");
  EXPECT_EQ(Get(id, kMaker).priority_holders(0).answer(), v1::Listing::PriorityHolder::EXERCISE_IN_FLOOR);

  v1::PublishListingRequest publish;
  publish.set_name("listings/" + id);
  publish.set_etag(Get(id, kOfficer).etag());
  ASSERT_EQ(Try("PublishListing", publish, kOfficer).text, "OK");
  const v1::Listing seen = Get(id, "");
  ASSERT_EQ(seen.priority_holders_size(), 1);
  v1::Listing::PriorityHolder expected;
  expected.set_right(v1::Intent::PriorityClaim::SHAREHOLDER);
  expected.set_rank(1);
  expected.set_capital_share(600);
  EXPECT_EQ(seen.priority_holders(0).SerializeAsString(), expected.SerializeAsString());
}

TEST_F(ListingServiceTest, PublicationWaitsForTheHolders) {
  ListingContent content = testing::MakeListingContent();
  content.priority_holders = {{"b1", "organizations/b1", {PriorityRight::kShareholder, 1, 600}}};
  const std::string id = Approved(content);
  v1::PublishListingRequest publish;
  publish.set_name("listings/" + id);
  publish.set_etag(Get(id, kOfficer).etag());
  EXPECT_EQ(Try("PublishListing", publish, kOfficer).text, "PRIORITY_NOTICE_OPEN");
}

TEST_F(ListingServiceTest, ARelistingNamesWhatItFollowsAndWhatAllowsItsPrice) {
  const std::string first = Approved(testing::MakeListingContent());
  Run([&](storage::Txn& txn) -> Status {
    TTX_TRY(const Listing listed, app_.PublishListing(txn, Of(kOfficer), {first, ""}));
    return app_.OnObjectionAccepted(txn, "listings/" + first, "objections/o");
  });
  Run([&](storage::Txn& txn) { return app_.OnObjectionClosed(txn, "listings/" + first, "objections/o", true); });
  v1::Listing wanted = Get(first, kMaker);
  ASSERT_EQ(wanted.state(), v1::Listing::TERMINATED);
  v1::CreateListingRequest create;
  *create.mutable_listing() = wanted;
  auto& listing = *create.mutable_listing();
  listing.set_listed_price_fen(80'000'000);
  listing.mutable_rules()->set_start_price_fen(0);
  listing.mutable_rules()->clear_increments();
  listing.set_appraisal_fen(100'000'000);
  listing.set_previous_listing("listings/" + first);
  EXPECT_EQ(Try("CreateListing", create, kMaker).text, "price_cut.evidence REQUIRED");
  listing.mutable_price_cut()->set_evidence(v1::Listing::PriceCut::OWNER_DECISION);
  EXPECT_EQ(Try("CreateListing", create, kMaker).text, "price_cut.document.name REQUIRED");
  auto& document = *listing.mutable_price_cut()->mutable_document();
  document.set_name("decision.pdf");
  document.set_sha256(std::string(64, 'a'));
  document.set_size(10);
  const auto made = Try("CreateListing", create, kMaker);
  ASSERT_EQ(made.text, "OK");
  EXPECT_EQ(made.response.previous_listing(), "listings/" + first);
  EXPECT_EQ(made.response.appraisal_fen(), 100'000'000);
  EXPECT_EQ(made.response.price_cut().document().name(), "decision.pdf");
  listing.set_previous_listing("listings/none");
  EXPECT_EQ(Try("CreateListing", create, kMaker).text, "listing.previous_listing OUT_OF_RANGE");
}

}  // namespace
}  // namespace ttx::listing
