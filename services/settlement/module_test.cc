#include "services/settlement/module.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/rpc/status.h"
#include "libs/storage/mem_kv.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/settlement/rpc/convert.h"
#include "services/settlement/rpc/feeds.h"
#include "services/settlement/store/fee_file.h"
#include "ttx/contract/v1/contract.pb.h"
#include "ttx/disclosure/v1/disclosure.pb.h"
#include "ttx/listing/v1/listing.pb.h"
#include "ttx/party/v1/party.pb.h"
#include "ttx/settlement/v1/settlement.grpc.pb.h"

namespace ttx::settlement {
namespace {

constexpr Time kNow{1'790'000'000'000'000'000};  // 2026-09-21
constexpr const char* kSecret = "service-secret";

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  TTX_CHECK(file.good(), "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Calendar MakeCalendar() {
  return Calendar::Parse(std::vector<std::string>{FileText("deploy/calendar/2026.txt")}).value();
}

ModuleConfig Config() {
  ModuleConfig config;
  config.fee_tables = {FileText("deploy/fees/changsha-2022-09.textproto")};
  return config;
}

// A token is "<role>:<organization>"; the person is named like the role.
Result<Principal> Authenticate(std::string_view token) {
  const size_t colon = token.find(':');
  if (colon == token.npos) return Error(Reason::kUNAUTHENTICATED);
  const std::string role(token.substr(0, colon));
  return Principal{"apiClients/" + role, std::string(token.substr(colon + 1)), "people/" + role, {role}};
}

class SettlementModuleTest : public ::testing::Test {
 protected:
  rpc::ModuleDeps Deps() {
    return {.kv = std::make_unique<storage::MemKv>(),
            .clock = clock_,
            .ids = ids_,
            .calendar = calendar_,
            .handler = {.clock = &clock_,
                        .authenticate = Authenticate,
                        .service_secret = kSecret,
                        .on_call = [](const rpc::CallRecord&, const auto& answer) { answer(); }},
            .readers = readers_,
            .directory = directory_,
            .identity = {"settlement", kSecret},
            .secrets_key = std::string(32, 'k'),
            .on_failure = [](const Error&) { std::abort(); },
            .on_feed_refusal = [](const std::string&, uint64_t, const Error&) {}};
  }

  testing::ManualClock clock_{kNow};
  testing::SeededIds ids_{1};
  Calendar calendar_ = MakeCalendar();
  rpc::ReaderPool readers_{1, 100};
  rpc::Directory directory_;
};

TEST_F(SettlementModuleTest, ABadFeeTableStopsTheStart) {
  ModuleConfig config = Config();
  config.fee_tables.push_back("name: 'x'");
  const auto bad = MakeSettlementModule(Deps(), config);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().reason, Reason::kBAD_FEE_TABLE);
  config = Config();
  config.fee_table = "elsewhere";
  const auto missing = MakeSettlementModule(Deps(), config);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().reason, Reason::kFEE_TABLE_MISSING);
  // A table that is not in force yet is no table.
  clock_.Set(StartOfDay(MakeDate(2022, 9, 1)) - Nanoseconds(1));
  const auto early = MakeSettlementModule(Deps(), Config());
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().reason, Reason::kFEE_TABLE_MISSING);
  EXPECT_EQ(early.error().metadata.at("date"), "2022-08-31");
  clock_.Set(StartOfDay(MakeDate(2022, 9, 1)));
  EXPECT_TRUE(MakeSettlementModule(Deps(), Config()).ok());
}

TEST_F(SettlementModuleTest, AnswersOverTheWire) {
  auto made = MakeSettlementModule(Deps(), Config());
  ASSERT_TRUE(made.ok()) << made.error().message();
  const std::unique_ptr<rpc::Module> module = std::move(made).value();
  module->Start();
  grpc::ServerBuilder builder;
  builder.RegisterService(&module->service());
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  auto stub = v1::SettlementService::NewStub(server->InProcessChannel({}));
  const auto context = [](const std::string& token) {
    auto made_context = std::make_unique<grpc::ClientContext>();
    made_context->AddMetadata("authorization", "Bearer " + token);
    return made_context;
  };
  const std::string bank = "SETTLEMENT_BANK:organizations/bank";
  const std::string clerk = "SETTLEMENT_CLERK:organizations/exchange";

  v1::CreateBankNoticeRequest request;
  request.set_request_id("r1");
  request.set_bank_reference("N1");
  request.set_payer_name("东湖科技有限公司");
  request.set_payer_account("6222");
  request.set_amount_fen(700);
  request.set_exchange("organizations/exchange");
  request.mutable_arrive_time()->set_seconds(kNow.ns / 1'000'000'000);
  v1::BankNotice notice;
  const auto create = [&](const std::string& token) {
    const grpc::Status status = stub->CreateBankNotice(context(token).get(), request, &notice);
    return status.ok() ? "OK" : std::string(ReasonName(rpc::FromGrpc(status).reason));
  };
  EXPECT_EQ(create(clerk), "PERMISSION_DENIED");
  EXPECT_EQ(create(bank), "INVALID_FIELD");
  request.set_account(v1::DEPOSIT);
  EXPECT_EQ(create(bank), "OK");
  EXPECT_EQ(notice.state(), v1::BankNotice::UNMATCHED);
  EXPECT_EQ(notice.amount_fen(), 700);

  v1::TrialBalance trial;
  v1::GetTrialBalanceRequest ask;
  ask.set_audit(true);
  ASSERT_TRUE(stub->GetTrialBalance(context(clerk).get(), ask, &trial).ok());
  EXPECT_EQ(trial.debit_fen(), 700);
  EXPECT_EQ(trial.credit_fen(), 700);
  EXPECT_EQ(trial.rows_size(), 2);
  EXPECT_TRUE(trial.audited());
  EXPECT_EQ(trial.differences_size(), 0);

  v1::ListJournalsResponse journals;
  ASSERT_TRUE(stub->ListJournals(context(clerk).get(), {}, &journals).ok());
  ASSERT_EQ(journals.journals_size(), 1);
  EXPECT_EQ(journals.journals(0).template_(), "NOTICE_UNMATCHED");
  v1::ListBankNoticesResponse notices;
  ASSERT_TRUE(stub->ListBankNotices(context(bank).get(), {}, &notices).ok());
  EXPECT_EQ(notices.bank_notices_size(), 1);

  v1::MatchBankNoticeRequest match;
  match.set_name(notice.name());
  match.set_request_id("r2");
  v1::BankNotice ignored;
  const grpc::Status no_reference = stub->MatchBankNotice(context(clerk).get(), match, &ignored);
  EXPECT_EQ(rpc::FromGrpc(no_reference).violations.at(0).field, "reference");
  module->CloseStreams();
  stub.reset();
  server->Shutdown();
  module->Drain();
}

// What other services say, from their protos to resources.
class FeedsTest : public SettlementModuleTest {
 protected:
  template <class Handler>
  void Take(Handler handler, const google::protobuf::Message& event) {
    const Status status = handler(app_, txn_, rpc::FeedEvent{1, event.SerializeAsString()});
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message());
  }
  Settlement Deal() { return *FindSettlement(txn_, "deals/d"); }

  void ConfirmIntent() {
    listing::v1::Event event;
    auto& intent = *event.mutable_intent_confirmed();
    intent.set_intent("listings/l/intents/i");
    intent.set_listing("listings/l");
    intent.set_exchange("organizations/exchange");
    intent.set_organization("organizations/buyer");
    intent.set_legal_name("东湖科技有限公司");
    intent.set_deposit_fen(10'000'000);
    intent.mutable_deposit_due_time()->set_seconds(kNow.ns / 1'000'000'000 + 86'400);
    intent.set_deposit_due_provisional(true);
    intent.set_reference("REF");
    Take(OnListingEvent, event);
  }
  void MakeContractEffective() {
    contract::v1::Event event;
    auto& contract = *event.mutable_contract_effective();
    contract.set_contract("contracts/c");
    contract.set_deal("deals/d");
    contract.set_exchange("organizations/exchange");
    contract.set_seller("organizations/seller");
    contract.set_buyer("organizations/buyer");
    contract.set_intent("listings/l/intents/i");
    contract.set_price_fen(106'000'000);
    contract.set_listed_price_fen(100'000'000);
    contract.set_method("AUCTION");
    Take(OnContractEvent, event);
  }

  SettlementApp app_{
      {}, {ParseFeeTable(Config().fee_tables[0]).value()}, "changsha-2022-09", calendar_, ids_};
  storage::MemKv kv_;
  const std::unordered_map<std::string, std::optional<std::string>> nothing_;
  const storage::Overlay empty_;
  storage::Txn txn_{kv_, empty_, nothing_, kNow, 1};
};

TEST_F(FeedsTest, IntentsBecomeDeposits) {
  ConfirmIntent();
  EXPECT_EQ(FindDeposit(txn_, "listings/l/intents/i")->required, Fen{10'000'000});
  EXPECT_EQ(FindDeposit(txn_, "listings/l/intents/i")->due_time, kNow + Hours(24));
  EXPECT_TRUE(FindDeposit(txn_, "listings/l/intents/i")->due_provisional);
  listing::v1::Event released;
  released.mutable_intent_released()->set_intent("listings/l/intents/i");
  Take(OnListingEvent, released);
  EXPECT_EQ(FindDeposit(txn_, "listings/l/intents/i")->state, DepositState::kReleased);
}

TEST_F(FeedsTest, ContractsBecomeSettlements) {
  MakeContractEffective();
  EXPECT_EQ(Deal().buyer_fee, Fen{3'392'000});
  EXPECT_EQ(Deal().seller_fee, Fen{254'400});
  EXPECT_EQ(Deal().due_time, calendar_.DeadlineWorkdays(DateInShanghai(kNow), 5).end());
  contract::v1::Event registered;
  registered.mutable_contract_registered()->set_deal("deals/d");
  Take(OnContractEvent, registered);
  EXPECT_TRUE(Deal().facts.registered);
  party::v1::Event activated;
  activated.mutable_organization_activated()->set_organization("organizations/seller");
  activated.mutable_organization_activated()->set_bank_account_number("1001");
  Take(OnPartyEvent, activated);
  EXPECT_EQ(LoadOrganization(txn_, "organizations/seller")->account_number, "1001");
}

TEST_F(FeedsTest, AContractWaitsForItsFeeTable) {
  const SettlementApp without({}, {}, "changsha-2022-09", calendar_, ids_);
  contract::v1::Event event;
  event.mutable_contract_effective()->set_deal("deals/d");
  event.mutable_contract_effective()->set_exchange("organizations/exchange");
  event.mutable_contract_effective()->set_price_fen(1);
  const Status waits = OnContractEvent(without, txn_, rpc::FeedEvent{1, event.SerializeAsString()});
  ASSERT_FALSE(waits.ok());
  EXPECT_EQ(waits.error().reason, Reason::kUNAVAILABLE);  // the feed keeps its place
  Take(OnContractEvent, event);
  EXPECT_EQ(Deal().price, Fen{1});
}

TEST_F(FeedsTest, ObjectionsHoldUntilTheyAreClosedWithoutEffect) {
  disclosure::v1::Event accepted;
  accepted.mutable_objection_accepted()->set_objection("objections/o");
  accepted.mutable_objection_accepted()->set_deal("deals/d");
  Take(OnDisclosureEvent, accepted);
  MakeContractEffective();
  EXPECT_EQ(ShownState(Deal()), SettlementState::kFrozen);
  disclosure::v1::Event closed;
  closed.mutable_objection_closed()->set_objection("objections/o");
  closed.mutable_objection_closed()->set_deal("deals/d");
  closed.mutable_objection_closed()->set_outcome(disclosure::v1::Objection::UPHELD);
  Take(OnDisclosureEvent, closed);
  EXPECT_EQ(ShownState(Deal()), SettlementState::kFrozen);
  closed.mutable_objection_closed()->set_outcome(disclosure::v1::Objection::REJECTED);
  Take(OnDisclosureEvent, closed);
  EXPECT_EQ(ShownState(Deal()), SettlementState::kAwaiting);
}

TEST_F(FeedsTest, OnlyTheRightNoticeAndCertificateCount) {
  MakeContractEffective();
  disclosure::v1::Event window;
  window.mutable_notice_window_ended()->set_deal("deals/d");
  window.mutable_notice_window_ended()->set_type(disclosure::v1::Notice::N7);
  Take(OnDisclosureEvent, window);
  EXPECT_FALSE(Deal().facts.window_ended);
  window.mutable_notice_window_ended()->set_type(disclosure::v1::Notice::N8);
  Take(OnDisclosureEvent, window);
  EXPECT_TRUE(Deal().facts.window_ended);
  disclosure::v1::Event issued;
  issued.mutable_certificate_issued()->set_certificate("certificates/x");
  issued.mutable_certificate_issued()->set_deal("deals/d");
  issued.mutable_certificate_issued()->set_type(disclosure::v1::Certificate::BID);
  Take(OnDisclosureEvent, issued);
  EXPECT_EQ(Deal().facts.certificate, "");
  issued.mutable_certificate_issued()->set_type(disclosure::v1::Certificate::TXN);
  Take(OnDisclosureEvent, issued);
  EXPECT_EQ(Deal().facts.certificate, "certificates/x");
  disclosure::v1::Event revoked;
  revoked.mutable_certificate_revoked()->set_certificate("certificates/x");
  revoked.mutable_certificate_revoked()->set_deal("deals/d");
  revoked.mutable_certificate_revoked()->set_state(disclosure::v1::Certificate::REVOKED);
  Take(OnDisclosureEvent, revoked);
  EXPECT_EQ(ShownState(Deal()), SettlementState::kFrozen);
}

// The API's states are the domain's, in the same order.
TEST(Convert, EveryStateHasItsName) {
  for (int i = 1; i < v1::Deposit::State_ARRAYSIZE; ++i) {
    const auto state = static_cast<v1::Deposit::State>(i);
    EXPECT_EQ(v1::Deposit::State_Name(state), StateName(*FromProto(state)));
  }
  for (int i = 1; i < v1::BankNotice::State_ARRAYSIZE; ++i) {
    const auto state = static_cast<v1::BankNotice::State>(i);
    EXPECT_EQ(v1::BankNotice::State_Name(state), StateName(*FromProto(state)));
  }
  for (int i = 1; i < v1::Settlement::State_ARRAYSIZE; ++i) {
    const auto state = static_cast<v1::Settlement::State>(i);
    EXPECT_EQ(v1::Settlement::State_Name(state), StateName(*FromProto(state)));
  }
  for (int i = 1; i < v1::Payout::State_ARRAYSIZE; ++i) {
    const auto state = static_cast<v1::Payout::State>(i);
    EXPECT_EQ(v1::Payout::State_Name(state), StateName(*FromProto(state)));
  }
  EXPECT_EQ(FromProto(v1::Payout::STATE_UNSPECIFIED), std::nullopt);
  Notice notice;
  notice.refund_reason = RefundReason::kExcess;
  EXPECT_EQ(ToProto(notice).refund_reason(), v1::BankNotice::EXCESS);
  notice.refund_reason = RefundReason::kWrongPayer;
  EXPECT_EQ(ToProto(notice).refund_reason(), v1::BankNotice::WRONG_PAYER);
}

}  // namespace
}  // namespace ttx::settlement
