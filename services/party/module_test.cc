#include "services/party/module.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "libs/auth/permissions.h"
#include "libs/auth/token.h"
#include "libs/core/encoding.h"
#include "libs/crypto/signature.h"
#include "libs/rpc/status.h"
#include "libs/storage/mem_kv.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "ttx/party/v1/party.grpc.pb.h"

namespace ttx::party {
namespace {

constexpr Time kStart{1'800'000'000'000'000'000};
constexpr const char* kFirst = "3f1c9f5e-0001-4c6b";
constexpr const char* kSecond = "3f1c9f5e-0002-4c6b";
constexpr const char* kServiceSecret = "service-secret";
const std::string kSecretsKey(32, 'k');

Profile OperatorProfile() {
  return {.uscc = "12100000400000018N",
          .legal_name = "示例交易所",
          .kind = Kind::kExchange,
          .domicile = "北京",
          .region_code = "110108",
          .licence_digest = std::string(64, 'a'),
          .legal_representative = "张小三",
          .bank_account = {"示例交易所", "6222000011112222", "示例银行"}};
}

// A Kv that others keep: what Bootstrap filled is what the module opens.
class SharedKv : public storage::Kv {
 public:
  explicit SharedKv(std::shared_ptr<storage::MemKv> kv) : kv_(std::move(kv)) {}
  std::optional<std::string> Get(std::string_view key) const override { return kv_->Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return kv_->MultiGet(keys);
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    return kv_->Scan(range, limit, direction);
  }
  std::unique_ptr<storage::Reader> Snapshot() const override { return kv_->Snapshot(); }
  Status Write(const storage::WriteBatch& batch) override { return kv_->Write(batch); }

 private:
  const std::shared_ptr<storage::MemKv> kv_;
};

// The whole service behind gRPC, with the verifier that every process has, refreshed by hand.
class PartyModuleTest : public ::testing::Test {
 protected:
  PartyModuleTest() {
    const auto made =
        Bootstrap(*kv_, clock_, ids_, kSecretsKey, {OperatorProfile(), "管理员", "副管理员", "管理"});
    TTX_CHECK(made.ok(), "bootstrap");
    operator_ = *made;
    rpc::ModuleDeps deps{
        .kv = std::make_unique<SharedKv>(kv_),
        .clock = clock_,
        .ids = ids_,
        .calendar = calendar_,
        .handler = {.clock = &clock_,
                    .authenticate =
                        [this](std::string_view token) { return verifier_.Verify(token, clock_.Now()); },
                    .service_secret = kServiceSecret,
                    .on_call =
                        [this](const rpc::CallRecord& record, const auto& answer) {
                          {
                            const std::lock_guard lock(mutex_);
                            audited_ += record.audit ? 1 : 0;
                          }
                          answer();
                        }},
        .readers = readers_,
        .directory = directory_,
        .identity = {"party", kServiceSecret},
        .secrets_key = kSecretsKey,
        .on_failure = [](const Error&) { std::abort(); },
        .on_feed_refusal = [](const std::string&, uint64_t, const Error&) {}};
    auto module = MakePartyModule(std::move(deps), {});
    TTX_CHECK(module.ok(), "module");
    module_ = std::move(module).value();
    module_->Start();
    grpc::ServerBuilder builder;
    builder.RegisterService(&module_->service());
    server_ = builder.BuildAndStart();
    stub_ = v1::PartyService::NewStub(server_->InProcessChannel({}));
    Refresh();
  }

  ~PartyModuleTest() override {
    module_->CloseStreams();
    stub_.reset();
    server_->Shutdown();
    module_->Drain();
  }

  v1::VerificationState Verification(int64_t after_version = 0, int64_t wait_s = 0) {
    grpc::ClientContext context;
    context.AddMetadata("x-ttx-service", "gateway");
    context.AddMetadata("x-ttx-secret", kServiceSecret);
    v1::GetVerificationStateRequest request;
    request.set_after_version(after_version);
    request.mutable_wait_time()->set_seconds(wait_s);
    v1::VerificationState state;
    const grpc::Status status = stub_->GetVerificationState(&context, request, &state);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return state;
  }

  // What a process does with the verification state.
  void Refresh() {
    const v1::VerificationState state = Verification();
    std::map<std::string, std::string> keys;
    for (const auto& key : state.keys()) keys[key.kid()] = key.public_key_pem();
    ASSERT_TRUE(verifier_.SetKeys(keys).ok());
    std::unordered_map<std::string, Time> revocations;
    for (const auto& revocation : state.revocations()) {
      revocations[revocation.subject()] =
          Time{revocation.not_before().seconds() * 1'000'000'000 + revocation.not_before().nanos()};
    }
    verifier_.SetRevocations(std::move(revocations));
  }

  Result<std::string> Token(const std::string& client_id, const std::string& secret) {
    grpc::ClientContext context;
    v1::IssueTokenRequest request;
    request.set_grant_type("client_credentials");
    request.set_client_id(client_id);
    request.set_client_secret(secret);
    v1::IssueTokenResponse response;
    const grpc::Status status = stub_->IssueToken(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    EXPECT_EQ(response.token_type(), "Bearer");
    EXPECT_EQ(response.expires_in(), 600);
    return response.access_token();
  }

  static v1::RegisterOrganizationRequest Registration(const std::string& request_id) {
    v1::RegisterOrganizationRequest request;
    auto& profile = *request.mutable_profile();
    profile.set_uscc("91110108MA01ABCD5T");
    profile.set_legal_name("示例科技公司");
    profile.set_kind(v1::Organization::ENTERPRISE);
    profile.set_domicile("北京");
    profile.set_region_code("110108");
    profile.set_licence_digest(std::string(64, 'b'));
    profile.set_legal_representative("李小四");
    profile.mutable_bank_account()->set_name("示例科技公司");
    profile.mutable_bank_account()->set_number("6222000011113333");
    profile.mutable_bank_account()->set_bank("示例银行");
    request.set_person_display_name("王老五");
    request.set_client_display_name("报价系统");
    request.add_roles("BIDDER");
    request.set_request_id(request_id);
    return request;
  }

  Result<v1::RegisterOrganizationResponse> Register(const v1::RegisterOrganizationRequest& request) {
    grpc::ClientContext context;
    v1::RegisterOrganizationResponse response;
    const grpc::Status status = stub_->RegisterOrganization(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    replayed_ = context.GetServerTrailingMetadata().count("x-ttx-replayed") > 0;
    return response;
  }

  Result<v1::Organization> Get(const std::string& name, const std::string& token) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    v1::GetOrganizationRequest request;
    request.set_name(name);
    v1::Organization organization;
    const grpc::Status status = stub_->GetOrganization(&context, request, &organization);
    if (!status.ok()) return rpc::FromGrpc(status);
    return organization;
  }

  testing::ManualClock clock_{kStart};
  testing::SeededIds ids_{11};
  const Calendar calendar_ = *Calendar::Parse(std::vector<std::string>{"year 2026\n"});
  rpc::ReaderPool readers_{2, 64};
  rpc::Directory directory_;
  auth::TokenVerifier verifier_{"ttx", "ttx"};
  std::shared_ptr<storage::MemKv> kv_ = std::make_shared<storage::MemKv>();
  Bootstrapped operator_;
  std::mutex mutex_;
  int audited_ = 0;
  bool replayed_ = false;
  std::unique_ptr<rpc::Module> module_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::PartyService::Stub> stub_;
};

TEST_F(PartyModuleTest, BootstrapRefusesAStoreThatIsNotEmpty) {
  const auto again =
      Bootstrap(*kv_, clock_, ids_, kSecretsKey, {OperatorProfile(), "管理员", "副管理员", "管理"});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().reason, Reason::kSTORE_NOT_EMPTY);
}

TEST_F(PartyModuleTest, ATokenIsAcceptedUntilItsClientIsRevoked) {
  const auto token = Token(operator_.first.client_id, operator_.first.client_secret);
  ASSERT_TRUE(token.ok());
  const auto principal = verifier_.Verify(*token, clock_.Now());
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(principal->subject, "apiClients/" + operator_.first.client_id);
  EXPECT_EQ(principal->organization, operator_.organization);
  EXPECT_EQ(principal->person, operator_.first.person);
  EXPECT_EQ(principal->roles, std::vector<std::string>{"ADMINISTRATOR"});

  clock_.Advance(Seconds(1));
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + *token);
  v1::RotateSecretRequest request;
  request.set_name("apiClients/" + operator_.first.client_id);
  request.set_request_id("r1");
  v1::ApiClientSecret rotated;
  ASSERT_TRUE(stub_->RotateSecret(&context, request, &rotated).ok());
  Refresh();
  EXPECT_FALSE(verifier_.Verify(*token, clock_.Now()).ok());
  EXPECT_FALSE(Token(operator_.first.client_id, operator_.first.client_secret).ok());
  clock_.Advance(Seconds(1));
  const auto fresh = Token(operator_.first.client_id, rotated.client_secret());
  ASSERT_TRUE(fresh.ok());
  EXPECT_TRUE(verifier_.Verify(*fresh, clock_.Now()).ok());
}

// A registration holds nothing that only who made it knows: repeating it shows no secret.
TEST_F(PartyModuleTest, ARetriedRegistrationShowsNoSecretAndTheStoreDoesNotHoldIt) {
  const auto first = Register(Registration(kFirst));
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(replayed_);
  const auto second = Register(Registration(kFirst));
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(replayed_);
  EXPECT_EQ(second->client_secret(), "");
  v1::RegisterOrganizationResponse shown = *first;
  shown.clear_client_secret();
  EXPECT_EQ(shown.SerializeAsString(), second->SerializeAsString());
  EXPECT_TRUE(first->client_secret().starts_with("ttx_"));
  for (const storage::Entry& entry : kv_->Scan({"", "\xff"}, 10'000, storage::Direction::kForward)) {
    EXPECT_EQ(entry.value.find(first->client_secret()), std::string::npos);
  }
  EXPECT_TRUE(Token(first->api_client().uid(), first->client_secret()).ok());
  auto other = Registration(kFirst);
  other.set_person_display_name("别人");
  EXPECT_EQ(Register(other).error().reason, Reason::kUSCC_TAKEN);  // not told whether the key is in use
  auto again = Registration(kSecond);
  EXPECT_EQ(Register(again).error().reason, Reason::kUSCC_TAKEN);
  again.mutable_profile()->clear_kind();
  EXPECT_EQ(Register(again).error().violations[0], (FieldViolation{"profile.kind", Reason::kREQUIRED, ""}));
  EXPECT_EQ(Register(Registration("")).error().violations[0].field, "request_id");
  EXPECT_EQ(Register(Registration("guessable")).error().violations[0],
            (FieldViolation{"request_id", Reason::kOUT_OF_RANGE, "16..64 characters"}));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(audited_, 8);
}

// A colleague from making to enrolment: nobody sees a secret of somebody else, and a retry of each step gives
// its first answer.
class ColleagueTest : public PartyModuleTest {
 protected:
  template <class Method, class Request, class Response>
  Status Call(Method method, const Request& request, Response& response, const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    return status.ok() ? Status() : Status(rpc::FromGrpc(status));
  }

  // The answer to the first administrator, who makes it, which a retry gets again.
  v1::ApiClientEnrolment Made() {
    v1::CreatePersonRequest person_request;
    person_request.set_parent(operator_.organization);
    person_request.set_display_name("王五");
    person_request.set_request_id("p1");
    v1::Person person;
    EXPECT_TRUE(Call(&Stub::CreatePerson, person_request, person, first_).ok());
    v1::CreateApiClientRequest create;
    create.set_person(person.name());
    create.set_display_name("准入");
    create.add_roles("KYC_OFFICER");
    create.set_request_id("c1");
    v1::ApiClientEnrolment made;
    EXPECT_TRUE(Call(&Stub::CreateApiClient, create, made, first_).ok());
    v1::ApiClientEnrolment replayed;
    EXPECT_TRUE(Call(&Stub::CreateApiClient, create, replayed, first_).ok());
    EXPECT_EQ(made.SerializeAsString(), replayed.SerializeAsString());
    return made;
  }

  Result<v1::ApiClient> Approve(const v1::ApiClient& client, const std::string& etag,
                                const std::string& token) {
    v1::ApproveApiClientRequest approve;
    approve.set_name(client.name());
    approve.set_etag(etag);
    approve.set_request_id("a" + std::to_string(++requests_));
    v1::ApiClient approved;
    TTX_RETURN_IF_ERROR(Call(&Stub::ApproveApiClient, approve, approved, token));
    return approved;
  }

  Result<v1::ApiClientSecret> Enrol(const v1::ApiClientEnrolment& made, const std::string& request_id) {
    v1::EnrolApiClientRequest enrol;
    enrol.set_name(made.api_client().name());
    enrol.set_enrolment_code(made.enrolment_code());
    enrol.set_request_id(request_id);
    v1::ApiClientSecret secret;
    TTX_RETURN_IF_ERROR(Call(&Stub::EnrolApiClient, enrol, secret, ""));
    return secret;
  }

  using Stub = v1::PartyService::Stub;
  const std::string first_ = *Token(operator_.first.client_id, operator_.first.client_secret);
  const std::string second_ = *Token(operator_.second.client_id, operator_.second.client_secret);
  int requests_ = 0;
};

TEST_F(ColleagueTest, IsMadeByOneAdministratorAndApprovedByTheOther) {
  const v1::ApiClientEnrolment made = Made();
  EXPECT_EQ(made.api_client().state(), v1::ApiClient::PENDING);
  EXPECT_EQ(made.api_client().makers(0), operator_.first.person);
  EXPECT_TRUE(made.api_client().has_code_expire_time());
  EXPECT_EQ(Approve(made.api_client(), "", second_).error().violations[0],
            (FieldViolation{"etag", Reason::kREQUIRED, ""}));
  EXPECT_EQ(Approve(made.api_client(), "7", second_).error().reason, Reason::kETAG_MISMATCH);
  const std::string etag = made.api_client().etag();
  EXPECT_EQ(Approve(made.api_client(), etag, first_).error().reason, Reason::kSAME_PERSON);
  EXPECT_EQ(Approve(made.api_client(), etag, second_)->approver(), operator_.second.person);
}

TEST_F(ColleagueTest, EnrolsAloneAndOnceAndTheStoreHoldsNeitherCodeNorSecret) {
  const v1::ApiClientEnrolment made = Made();
  ASSERT_TRUE(Approve(made.api_client(), made.api_client().etag(), second_).ok());
  v1::ApiClientEnrolment without_code = made;
  without_code.clear_enrolment_code();
  EXPECT_EQ(Enrol(without_code, "e0").error().violations[0].field, "enrolment_code");
  const auto secret = Enrol(made, "e1");
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(Enrol(made, "e1")->SerializeAsString(), secret->SerializeAsString());
  EXPECT_EQ(Enrol(made, "e2").error().reason, Reason::kENROLMENT_CODE_USED);
  EXPECT_TRUE(Token(secret->api_client().uid(), secret->client_secret()).ok());
  for (const storage::Entry& entry : kv_->Scan({"", "\xff"}, 10'000, storage::Direction::kForward)) {
    EXPECT_EQ(entry.value.find(secret->client_secret()), std::string::npos);
    EXPECT_EQ(entry.value.find(made.enrolment_code()), std::string::npos);
  }
  v1::ResetSecretRequest reset;
  reset.set_name(made.api_client().name());
  reset.set_request_id("s1");
  v1::ApiClientEnrolment after;
  ASSERT_TRUE(Call(&Stub::ResetSecret, reset, after, second_).ok());
  EXPECT_EQ(after.api_client().state(), v1::ApiClient::PENDING);
  EXPECT_FALSE(Token(secret->api_client().uid(), secret->client_secret()).ok());
}

TEST_F(PartyModuleTest, OutsidersSeeThePublicPartMembersAMaskedOneStaffAll) {
  const auto registered = Register(Registration(kFirst));
  ASSERT_TRUE(registered.ok());
  const std::string name = registered->organization().name();
  const std::string member = *Token(registered->api_client().uid(), registered->client_secret());
  const std::string staff = *Token(operator_.first.client_id, operator_.first.client_secret);

  const auto theirs = Get(name, member);
  ASSERT_TRUE(theirs.ok());
  EXPECT_EQ(theirs->profile().bank_account().number(), "****3333");
  EXPECT_EQ(theirs->profile().legal_representative(), "李*四");
  EXPECT_EQ(theirs->etag(), "1");

  const auto full = Get(name, staff);
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->profile().bank_account().number(), "6222000011113333");
  EXPECT_EQ(full->profile().legal_representative(), "李小四");

  const auto outside = Get(operator_.organization, member);
  ASSERT_TRUE(outside.ok());
  v1::Organization expected;
  expected.set_name(outside->name());
  expected.set_uid(outside->uid());
  expected.mutable_profile()->set_uscc("12100000400000018N");
  expected.mutable_profile()->set_legal_name("示例交易所");
  expected.mutable_profile()->set_kind(v1::Organization::EXCHANGE);
  expected.set_state(v1::Organization::ACTIVE);
  EXPECT_EQ(outside->SerializeAsString(), expected.SerializeAsString());

  EXPECT_EQ(registered->person().display_name(), "王*五");
  EXPECT_EQ(Get("organizations/01hzzzzzzzzzzzzzzzzzzzzzzz", member).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(Get("organizations/", member).error().reason, Reason::kINVALID_FIELD);
  EXPECT_EQ(Get(name, "nonsense").error().reason, Reason::kUNAUTHENTICATED);
}

TEST_F(PartyModuleTest, TheVerificationStateWaitsForANewVersion) {
  const v1::VerificationState before = Verification();
  EXPECT_EQ(before.keys_size(), 1);
  const std::string token = *Token(operator_.first.client_id, operator_.first.client_secret);
  v1::VerificationState after;
  std::thread waiter([&] { after = Verification(before.version(), 20); });
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + token);
  v1::RotateTokenKeyRequest request;
  request.set_request_id("r1");
  v1::TokenKey made;
  EXPECT_TRUE(stub_->RotateTokenKey(&context, request, &made).ok());
  waiter.join();
  EXPECT_GT(after.version(), before.version());
  EXPECT_EQ(after.keys_size(), 2);
  EXPECT_EQ(after.keys(1).kid(), made.kid());

  grpc::ClientContext outsider;
  outsider.AddMetadata("authorization", "Bearer " + token);
  v1::VerificationState state;
  EXPECT_EQ(stub_->GetVerificationState(&outsider, {}, &state).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(PartyModuleTest, EventsCarryTheAccountForServicesOnly) {
  const std::string token = *Token(operator_.first.client_id, operator_.first.client_secret);
  const auto events = [&](bool service) {
    grpc::ClientContext context;
    if (service) {
      context.AddMetadata("x-ttx-service", "settlement");
      context.AddMetadata("x-ttx-secret", kServiceSecret);
    } else {
      context.AddMetadata("authorization", "Bearer " + token);
    }
    v1::ListEventsRequest request;
    request.set_page_size(200);
    v1::ListEventsResponse response;
    EXPECT_TRUE(stub_->ListEvents(&context, request, &response).ok());
    return response;
  };
  for (const bool service : {true, false}) {
    const v1::ListEventsResponse response = events(service);
    ASSERT_GT(response.events_size(), 1);
    const auto& activated = response.events(1).organization_activated();
    EXPECT_EQ(activated.organization(), operator_.organization);
    EXPECT_EQ(activated.legal_name(), "示例交易所");
    EXPECT_EQ(activated.bank_account_number(), service ? "6222000011112222" : "");
    EXPECT_EQ(activated.bank_account_name(), service ? "示例交易所" : "");
    for (int i = 0; i < response.events_size(); ++i) {
      EXPECT_EQ(response.events(i).sequence(), i + 1);
      EXPECT_NE(response.events(i).payload_case(), v1::Event::PAYLOAD_NOT_SET);
    }
  }
}

TEST_F(PartyModuleTest, EveryRoleOfAnOrganizationIsKnownToThePermissionTable) {
  for (int kind = 1; kind <= 9; ++kind) {
    for (const std::string_view role : AllowedRoles(static_cast<Kind>(kind), true)) {
      EXPECT_TRUE(auth::KnownRole(role)) << role;
    }
  }
}

}  // namespace
}  // namespace ttx::party
