#include "services/party/app/party_app.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/party/app/secrets.h"
#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

constexpr Time kStart{1'800'000'000'000'000'000};
const std::string kSecretsKey(32, 'k');

// Valid unified social credit codes (domain.md 2.1).
constexpr const char* kUsccs[] = {"12100000400000018N", "91110108MA01ABCD5T", "91310115MA1K3Y2E36",
                                  "91320505MA25TQ7C7Y", "123100004250060023"};

Profile ProfileOf(Kind kind, const std::string& uscc) {
  return {.uscc = uscc,
          .legal_name = "示例单位" + uscc,
          .kind = kind,
          .domicile = "北京",
          .region_code = "110108",
          .licence_digest = std::string(64, 'a'),
          .legal_representative = "张小三",
          .bank_account = {"示例单位" + uscc, "6222000011112222", "示例银行"}};
}

Principal CallerOf(const PartyApp::Registered& registered, std::vector<std::string> roles = {}) {
  return {ResourceName(registered.client.id), ResourceName(registered.organization.id),
          ResourceName(registered.person.id), std::move(roles)};
}

// The service without its wire: shell, app and a clock that the test moves. An operator organization is
// installed, with an administrator, a KYC clerk and a KYC officer, three persons.
class PartyAppTest : public ::testing::Test {
 protected:
  PartyAppTest()
      : app_(ids_, PartyOptions{.secrets_key = kSecretsKey}),
        shell_(std::make_unique<storage::MemKv>(), clock_, {},
               {.on_due = [this](storage::Txn& txn, const std::string& subject) { app_.OnDue(txn, subject); },
                .on_failure = [](const Error&) { FAIL(); }}) {
    const auto installed = Run([&](storage::Txn& txn) {
      return app_.Install(txn, {ProfileOf(Kind::kIntermediary, kUsccs[0]), "管理员", "管理", {}}, "副管理员");
    });
    TTX_CHECK(installed.ok(), "install");
    operator_ = installed->first;
    second_operator_ = installed->second;
    administrator_ = CallerOf(operator_, {"ADMINISTRATOR"});
    second_administrator_ = CallerOf(second_operator_, {"ADMINISTRATOR"});
    clerk_ = Staff("clerk", "KYC_CLERK");
    officer_ = Staff("officer", "KYC_OFFICER");
  }

  // Runs one command through the writer and gives what it gave.
  template <class Use>
  auto Run(Use use) -> decltype(use(std::declval<storage::Txn&>())) {
    decltype(use(std::declval<storage::Txn&>())) result = Error(Reason::kINTERNAL);
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      result = use(txn);
      if (!result.ok()) return result.error();
      return std::string();
    };
    shell_.writer().Submit(std::move(command));
    while (shell_.writer().Step() > 0) {
    }
    return result;
  }

  Principal Staff(const std::string& name, const std::string& role) {
    const auto person = Run([&](storage::Txn& txn) {
      return app_.CreatePerson(txn, administrator_, operator_.organization.id, name);
    });
    TTX_CHECK(person.ok(), "person");
    const auto client = Run([&](storage::Txn& txn) {
      return app_.CreateApiClient(txn, administrator_, {person->id, name, {role}, false});
    });
    TTX_CHECK(client.ok(), "client");
    TTX_CHECK(ApproveClient(second_administrator_, client->client.id).ok(), "approve");
    return {ResourceName(client->client.id),
            ResourceName(operator_.organization.id),
            ResourceName(person->id),
            {role}};
  }

  Result<ApiClient> ApproveClient(const Principal& by, const ApiClientId& id, const std::string& etag = "") {
    return Run([&](storage::Txn& txn) { return app_.ApproveApiClient(txn, by, id, etag); });
  }
  Result<PartyApp::ClientWithSecret> Enrol(const ApiClientId& id, const std::string& code) {
    return Run([&](storage::Txn& txn) { return app_.EnrolApiClient(txn, id, code); });
  }
  Result<PartyApp::ClientWithCode> ResetSecret(const Principal& by, const ApiClientId& id) {
    return Run([&](storage::Txn& txn) { return app_.ResetSecret(txn, by, id, ""); });
  }
  // A client for a new person of the manager's organization.
  PartyApp::ClientWithCode Colleague(const Principal& manager, const std::vector<std::string>& roles,
                                     bool is_manager = false) {
    const OrganizationId organization{manager.organization.substr(std::string_view("organizations/").size())};
    const auto person =
        Run([&](storage::Txn& txn) { return app_.CreatePerson(txn, manager, organization, "同事"); });
    TTX_CHECK(person.ok(), "person");
    const auto client = Run([&](storage::Txn& txn) {
      return app_.CreateApiClient(txn, manager, {person->id, "同事", roles, is_manager});
    });
    TTX_CHECK(client.ok(), "client");
    return *client;
  }
  static Principal AsClient(const ApiClient& client) {
    return {ResourceName(client.id), ResourceName(client.organization), ResourceName(client.person),
            client.roles};
  }
  // An admitted exchange, its first client enrolled; its manager.
  Principal Exchange(const std::string& uscc) {
    const auto made = Run([&](storage::Txn& txn) {
      return app_.Register(txn, administrator_,
                           {ProfileOf(Kind::kExchange, uscc), "经理", "交易所", {"EXCHANGE_CLERK"}}, true);
    });
    TTX_CHECK(made.ok() && Approve(made->organization.id).ok(), "exchange");
    TTX_CHECK(Enrol(made->client.id, made->enrolment_code).ok(), "enrol");
    return CallerOf(*made, {"EXCHANGE_CLERK"});
  }

  Result<PartyApp::Registered> Register(const std::string& uscc, Kind kind = Kind::kUniversity,
                                        std::vector<std::string> roles = {"TRANSFEROR"}) {
    return Run([&](storage::Txn& txn) {
      return app_.Register(txn, Principal{}, {ProfileOf(kind, uscc), "李老师", "成果系统", roles}, false);
    });
  }

  PartyApp::Registered Active(const std::string& uscc) {
    const auto registered = Register(uscc);
    TTX_CHECK(registered.ok(), "register");
    TTX_CHECK(Approve(registered->organization.id).ok(), "approve");
    return *registered;
  }

  Result<Organization> Approve(const OrganizationId& id) {
    return Run([&](storage::Txn& txn) { return app_.ApproveKyc(txn, officer_, id, ""); });
  }
  Result<Organization> Suspend(const OrganizationId& id) {
    return Run([&](storage::Txn& txn) { return app_.Suspend(txn, officer_, id, "悔约", ""); });
  }
  Result<PartyApp::TokenGrant> Token(const std::string& client_id, const std::string& secret) {
    return Run([&](storage::Txn& txn) { return app_.IssueToken(txn, client_id, secret); });
  }
  Result<PartyApp::TokenGrant> Token(const PartyApp::Registered& of) {
    return Token(of.client.id.text, of.client_secret);
  }

  void Settle() {
    for (int i = 0; i < 10; ++i) {
      shell_.Tick();
      while (shell_.writer().Step() > 0) {
      }
    }
  }
  bool Revoked(const ApiClientId& id) { return LoadRevocation(shell_.kv(), ResourceName(id)).has_value(); }
  int64_t Version() { return app_.GetVerification(shell_.kv()).version; }

  testing::ManualClock clock_{kStart};
  testing::SeededIds ids_{7};
  PartyApp app_;
  storage::Shell shell_;
  PartyApp::Registered operator_;
  PartyApp::Registered second_operator_;
  Principal administrator_;
  Principal second_administrator_;
  Principal clerk_;
  Principal officer_;
};

template <class T>
Reason Why(const Result<T>& result) {
  return result.ok() ? Reason::kINTERNAL : result.error().reason;
}

// --- Installing

TEST_F(PartyAppTest, InstallingFillsAnEmptyStoreOnce) {
  EXPECT_EQ(operator_.organization.state, OrganizationState::kActive);
  EXPECT_TRUE(operator_.organization.operates);
  EXPECT_EQ(second_operator_.organization, operator_.organization);
  EXPECT_NE(second_operator_.person.id, operator_.person.id);
  for (const PartyApp::Registered& of : {operator_, second_operator_}) {
    EXPECT_EQ(of.client.roles, std::vector<std::string>{"ADMINISTRATOR"});
    EXPECT_EQ(Token(of)->person, ResourceName(of.person.id));
  }
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.Install(txn, {ProfileOf(Kind::kExchange, kUsccs[1]), "某人", "某", {}}, "另一人");
            })),
            Reason::kSTORE_NOT_EMPTY);
}

// --- Registration and admission (domain.md 1.3)

TEST_F(PartyAppTest, ARegisteredOrganizationReadsItselfAndGetsItsRolesOnAdmission) {
  const auto registered = Register(kUsccs[1]);
  ASSERT_TRUE(registered.ok());
  const auto before = Token(*registered);
  ASSERT_TRUE(before.ok());
  EXPECT_TRUE(before->roles.empty());
  EXPECT_EQ(before->organization, ResourceName(registered->organization.id));
  EXPECT_EQ(PartyApp::ViewOf(CallerOf(*registered), registered->organization.id), View::kMember);
  EXPECT_EQ(PartyApp::ViewOf(CallerOf(*registered), operator_.organization.id), View::kPublic);
  ASSERT_TRUE(Approve(registered->organization.id).ok());
  EXPECT_EQ(Token(*registered)->roles, std::vector<std::string>{"TRANSFEROR"});
}

TEST_F(PartyAppTest, RolesThatDoNotFitTheKindRegisterNothing) {
  const uint64_t before = storage::LastSequence(shell_.kv());
  const auto refused = Register(kUsccs[1], Kind::kUniversity, {"EXCHANGE_OFFICER"});
  ASSERT_EQ(Why(refused), Reason::kINVALID_FIELD);
  EXPECT_EQ(refused.error().violations[0].reason, Reason::kROLE_NOT_FOR_KIND);
  EXPECT_EQ(Why(Register(kUsccs[1], Kind::kUniversity, {"ADMINISTRATOR"})), Reason::kINVALID_FIELD);
  EXPECT_EQ(Why(Register(kUsccs[1], Kind::kBank, {})), Reason::kKIND_RESTRICTED);
  EXPECT_EQ(storage::LastSequence(shell_.kv()), before);
  EXPECT_FALSE(FindByUscc(shell_.kv(), kUsccs[1]).has_value());
}

TEST_F(PartyAppTest, AnAdministratorIsTheMakerOfWhatItCreates) {
  const auto made = Run([&](storage::Txn& txn) {
    return app_.Register(txn, administrator_,
                         {ProfileOf(Kind::kBank, kUsccs[1]), "行员", "银行接口", {"SETTLEMENT_BANK"}}, true);
  });
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->organization.submitter, administrator_.person);
  EXPECT_EQ(made->client_secret, "");
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.ApproveKyc(txn, administrator_, made->organization.id, "");
            })),
            Reason::kSAME_PERSON);
  EXPECT_TRUE(Approve(made->organization.id).ok());
}

TEST_F(PartyAppTest, OfTwoWithOneCodeInABatchTheFirstWins) {
  std::vector<Reason> outcomes;
  for (int i = 0; i < 2; ++i) {
    storage::Command command;
    command.run = [this](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto made,
              app_.Register(txn, Principal{}, {ProfileOf(Kind::kUniversity, kUsccs[1]), "某人", "某", {}},
                            false));
      return made.organization.id.text;
    };
    command.done = [&](storage::Answer answer) { outcomes.push_back(Why(answer.body)); };
    shell_.writer().Submit(std::move(command));
  }
  EXPECT_EQ(shell_.writer().Step(), 2u);
  EXPECT_EQ(outcomes, (std::vector<Reason>{Reason::kINTERNAL, Reason::kUSCC_TAKEN}));
}

TEST_F(PartyAppTest, TheSameRequestGivesTheSameAnswerAndOneOrganization) {
  std::vector<storage::Answer> answers;
  for (const char* fingerprint : {"f", "f", "other"}) {
    storage::Command command;
    command.method = "RegisterOrganization";
    command.request_id = "r1";
    command.fingerprint = fingerprint;
    command.run = [this](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto made,
              app_.Register(txn, Principal{}, {ProfileOf(Kind::kUniversity, kUsccs[1]), "某人", "某", {}},
                            false));
      return made.organization.id.text;
    };
    command.done = [&](storage::Answer answer) { answers.push_back(std::move(answer)); };
    shell_.writer().Submit(std::move(command));
    shell_.writer().Step();
  }
  ASSERT_TRUE(answers[0].body.ok());
  EXPECT_EQ(*answers[0].body, *answers[1].body);
  EXPECT_TRUE(answers[1].replayed);
  EXPECT_EQ(Why(answers[2].body), Reason::kREQUEST_ID_REUSED);
  EXPECT_EQ(app_.ListOrganizations(shell_.kv(), OrganizationState::kKycPending, "", 10).size(), 1u);
}

TEST_F(PartyAppTest, ARefusedRegistrationDoesNotKeepTheHolderOfTheCodeOut) {
  const auto squatter = Register(kUsccs[1]);
  EXPECT_EQ(Why(Register(kUsccs[1])), Reason::kUSCC_TAKEN);
  const auto reject = [&](const OrganizationId& id) {
    return Run([&](storage::Txn& txn) { return app_.RejectKyc(txn, officer_, id, "冒名", ""); });
  };
  const auto resubmit = [&](const PartyApp::Registered& of, const std::string& uscc) {
    return Run([&](storage::Txn& txn) {
      return app_.Resubmit(txn, CallerOf(of), of.organization.id, ProfileOf(Kind::kUniversity, uscc), "");
    });
  };
  const auto in_state = [&](std::optional<OrganizationState> state) {
    std::vector<OrganizationId> ids;
    for (const Organization& organization : app_.ListOrganizations(shell_.kv(), state, "", 10)) {
      ids.push_back(organization.id);
    }
    return ids;
  };
  ASSERT_TRUE(reject(squatter->organization.id).ok());
  const auto holder = Register(kUsccs[1]);
  ASSERT_TRUE(holder.ok());
  EXPECT_EQ(in_state(OrganizationState::kRejected), std::vector<OrganizationId>{squatter->organization.id});
  EXPECT_EQ(in_state(OrganizationState::kKycPending), std::vector<OrganizationId>{holder->organization.id});
  EXPECT_EQ(in_state(OrganizationState::kClosed), std::vector<OrganizationId>{});
  EXPECT_EQ(Why(resubmit(*squatter, kUsccs[1])), Reason::kUSCC_TAKEN);
  EXPECT_TRUE(resubmit(*squatter, kUsccs[2]).ok());
  EXPECT_EQ(FindByUscc(shell_.kv(), kUsccs[1]), holder->organization.id);
  EXPECT_EQ(FindByUscc(shell_.kv(), kUsccs[2]), squatter->organization.id);
  // And the code comes back when the one that took it is refused in turn.
  ASSERT_TRUE(reject(squatter->organization.id).ok());
  ASSERT_TRUE(reject(holder->organization.id).ok());
  EXPECT_TRUE(resubmit(*squatter, kUsccs[1]).ok());
  EXPECT_EQ(FindByUscc(shell_.kv(), kUsccs[1]), squatter->organization.id);
  EXPECT_FALSE(FindByUscc(shell_.kv(), kUsccs[2]).has_value());
}

TEST_F(PartyAppTest, StrangersCannotResubmitAndEtagsAreChecked) {
  const auto first = Register(kUsccs[1]);
  const auto second = Register(kUsccs[2]);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.Resubmit(txn, CallerOf(*second), first->organization.id,
                                   ProfileOf(Kind::kUniversity, kUsccs[1]), "");
            })),
            Reason::kNOT_FOUND);
  const auto stale =
      Run([&](storage::Txn& txn) { return app_.ApproveKyc(txn, officer_, first->organization.id, "7"); });
  ASSERT_EQ(Why(stale), Reason::kETAG_MISMATCH);
  EXPECT_EQ(stale.error().metadata.at("etag"), "1");
  EXPECT_TRUE(Run([&](storage::Txn& txn) {
                return app_.ApproveKyc(txn, officer_, first->organization.id, "1");
              }).ok());
  EXPECT_EQ(Why(Approve({ids_.Next(kStart)})), Reason::kNOT_FOUND);
}

TEST_F(PartyAppTest, ClosingTakesTwoPersons) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const auto approve = [&](const Principal& by) {
    return Run([&](storage::Txn& txn) {
      return app_.ApproveRequest(txn, by, party.organization.id, RequestKind::kClose, "");
    });
  };
  EXPECT_EQ(Why(approve(officer_)), Reason::kNOT_REQUESTED);
  ASSERT_TRUE(Run([&](storage::Txn& txn) {
                return app_.MakeRequest(txn, clerk_, party.organization.id, RequestKind::kClose,
                                        "已无未结交易", "");
              }).ok());
  EXPECT_EQ(Why(approve(clerk_)), Reason::kSAME_PERSON);
  EXPECT_TRUE(approve(officer_).ok());
  EXPECT_TRUE(Revoked(party.client.id));
  EXPECT_EQ(Why(Token(party)), Reason::kWRONG_STATE);
}

// --- Members

TEST_F(PartyAppTest, AManagerRunsItsOwnOrganizationOnly) {
  const PartyApp::Registered mine = Active(kUsccs[1]);
  const PartyApp::Registered other = Active(kUsccs[2]);
  const Principal manager = CallerOf(mine);
  const auto person =
      Run([&](storage::Txn& txn) { return app_.CreatePerson(txn, manager, mine.organization.id, "王五"); });
  ASSERT_TRUE(person.ok());
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreatePerson(txn, manager, other.organization.id, "王五");
            })),
            Reason::kNOT_FOUND);
  EXPECT_EQ(Why(app_.GetPerson(shell_.kv(), manager, other.person.id)), Reason::kNOT_FOUND);
  EXPECT_EQ(Why(app_.GetApiClient(shell_.kv(), manager, other.client.id)), Reason::kNOT_FOUND);
  EXPECT_EQ(Why(app_.ListPeople(shell_.kv(), manager, other.organization.id, "", 10)), Reason::kNOT_FOUND);
  EXPECT_EQ(Why(app_.ListApiClients(shell_.kv(), manager, other.organization.id, "", 10)),
            Reason::kNOT_FOUND);
  EXPECT_EQ(app_.ListPeople(shell_.kv(), clerk_, other.organization.id, "", 10)->size(), 1u);

  // A client that is no manager sees its colleagues but changes nothing.
  const auto client = Run([&](storage::Txn& txn) {
    return app_.CreateApiClient(txn, manager, {person->id, "报价", {"BIDDER"}, false});
  });
  ASSERT_TRUE(client.ok());
  const Principal member{
      ResourceName(client->client.id), manager.organization, ResourceName(person->id), {"BIDDER"}};
  EXPECT_EQ(app_.ListPeople(shell_.kv(), member, mine.organization.id, "", 10)->size(), 2u);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreatePerson(txn, member, mine.organization.id, "赵六");
            })),
            Reason::kPERMISSION_DENIED);
  EXPECT_EQ(client->client.state, ClientState::kActive) << "only staff needs a second person";
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) { return app_.RotateSecret(txn, member, mine.client.id, ""); })),
            Reason::kPERMISSION_DENIED);
  EXPECT_EQ(
      Why(Run([&](storage::Txn& txn) { return app_.RotateSecret(txn, manager, client->client.id, ""); })),
      Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Why(ResetSecret(member, mine.client.id)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Why(ResetSecret(manager, other.client.id)), Reason::kNOT_FOUND);
  EXPECT_TRUE(
      Run([&](storage::Txn& txn) { return app_.RotateSecret(txn, member, client->client.id, ""); }).ok());
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreateApiClient(txn, manager, {person->id, "越权", {"KYC_OFFICER"}, false});
            })),
            Reason::kINVALID_FIELD);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreateApiClient(txn, manager, {other.person.id, "越权", {}, false});
            })),
            Reason::kNOT_FOUND);
}

TEST_F(PartyAppTest, KycStaffSeeButDoNotManage) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  EXPECT_TRUE(app_.GetPerson(shell_.kv(), officer_, party.person.id).ok());
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreatePerson(txn, officer_, party.organization.id, "x");
            })),
            Reason::kPERMISSION_DENIED);
  // The operator's own clients are its administrators' business, even for a manager of it.
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreatePerson(txn, CallerOf(operator_), operator_.organization.id, "x");
            })),
            Reason::kPERMISSION_DENIED);
}

TEST_F(PartyAppTest, NobodyDisablesThemselvesOrGrantsThemselvesRoles) {
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.SetApiClientState(txn, administrator_, operator_.client.id, AccessState::kDisabled,
                                            "");
            })),
            Reason::kOWN_CLIENT);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.SetRoles(txn, administrator_, operator_.client.id, {"KYC_OFFICER"}, "");
            })),
            Reason::kOWN_CLIENT);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.SetPersonState(txn, administrator_, operator_.person.id, AccessState::kDisabled,
                                         "");
            })),
            Reason::kOWN_CLIENT);
}

TEST_F(PartyAppTest, AnOrganizationThatIsNotActiveGetsNoMembersAndNoKeys) {
  const auto pending = Register(kUsccs[1]);
  const Principal manager = CallerOf(*pending);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreatePerson(txn, manager, pending->organization.id, "x");
            })),
            Reason::kWRONG_STATE);
  EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
              return app_.CreateApiClient(txn, manager, {pending->person.id, "x", {}, false});
            })),
            Reason::kWRONG_STATE);
}

// --- The second person of a client, and enrolment (domain.md 1.2)

TEST_F(PartyAppTest, AManagerOfAnExchangeCannotInventAColleagueAlone) {
  const Principal manager = Exchange(kUsccs[1]);
  const PartyApp::ClientWithCode made = Colleague(manager, {"EXCHANGE_OFFICER"});
  EXPECT_EQ(made.client.state, ClientState::kPending);
  EXPECT_EQ(made.client.makers, std::vector<std::string>{manager.person});
  // Whoever has the code can enrol, but calls nothing before a second person has approved.
  const auto enrolled = Enrol(made.client.id, made.enrolment_code);
  ASSERT_TRUE(enrolled.ok());
  EXPECT_EQ(Token(made.client.id.text, enrolled->secret).error().metadata.at("state"), "PENDING");
  EXPECT_EQ(Why(ApproveClient(manager, made.client.id)), Reason::kSAME_PERSON);
  EXPECT_EQ(Why(ApproveClient(AsClient(enrolled->client), made.client.id)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Why(ApproveClient(officer_, made.client.id)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Why(ApproveClient(Exchange(kUsccs[2]), made.client.id)), Reason::kNOT_FOUND);
  EXPECT_EQ(Why(ApproveClient(administrator_, made.client.id, "1")), Reason::kETAG_MISMATCH);
  const auto approved = ApproveClient(administrator_, made.client.id, "2");
  ASSERT_TRUE(approved.ok());
  EXPECT_EQ(approved->approver, administrator_.person);
  EXPECT_TRUE(approved->makers.empty());
  EXPECT_EQ(Token(made.client.id.text, enrolled->secret)->roles,
            std::vector<std::string>{"EXCHANGE_OFFICER"});
  EXPECT_EQ(Why(ApproveClient(administrator_, made.client.id)), Reason::kWRONG_STATE);
}

TEST_F(PartyAppTest, AnotherManagerOfTheExchangeApproves) {
  const Principal manager = Exchange(kUsccs[1]);
  const PartyApp::ClientWithCode second = Colleague(manager, {}, true);
  // Not even to approve: an invented manager is no manager.
  const PartyApp::ClientWithCode officer = Colleague(manager, {"EXCHANGE_OFFICER"});
  EXPECT_EQ(Why(ApproveClient(AsClient(second.client), officer.client.id)), Reason::kPERMISSION_DENIED);
  ASSERT_TRUE(ApproveClient(administrator_, second.client.id).ok());
  EXPECT_TRUE(ApproveClient(AsClient(second.client), officer.client.id).ok());
  // Nobody approves their own client, whoever made it.
  const auto own = Run([&](storage::Txn& txn) {
    return app_.CreateApiClient(txn, manager, {second.client.person, "又一个", {"EXCHANGE_OFFICER"}, false});
  });
  EXPECT_EQ(Why(ApproveClient(AsClient(second.client), own->client.id)), Reason::kSAME_PERSON);
}

TEST_F(PartyAppTest, AnAdministratorMakesNoAdministratorAlone) {
  const PartyApp::ClientWithCode third = Colleague(administrator_, {"ADMINISTRATOR"});
  EXPECT_EQ(third.client.state, ClientState::kPending);
  EXPECT_EQ(Why(ApproveClient(administrator_, third.client.id)), Reason::kSAME_PERSON);
  EXPECT_TRUE(ApproveClient(second_administrator_, third.client.id).ok());
}

TEST_F(PartyAppTest, NewRolesAndANewSecretOfStaffNeedASecondPersonAgain) {
  const Principal manager = Exchange(kUsccs[1]);
  const PartyApp::ClientWithCode made = Colleague(manager, {"OBJECTOR"});
  const ApiClientId id = made.client.id;
  const auto enrolled = Enrol(id, made.enrolment_code);
  ASSERT_TRUE(ApproveClient(administrator_, id).ok());
  const auto set =
      Run([&](storage::Txn& txn) { return app_.SetRoles(txn, manager, id, {"EXCHANGE_OFFICER"}, ""); });
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(Why(Token(id.text, enrolled->secret)), Reason::kWRONG_STATE);
  // Disabling and enabling is no way round.
  const auto switched = [&](AccessState state) {
    return Run([&](storage::Txn& txn) { return app_.SetApiClientState(txn, manager, id, state, ""); });
  };
  EXPECT_EQ(switched(AccessState::kDisabled)->state, ClientState::kDisabled);
  EXPECT_EQ(Why(ApproveClient(administrator_, id)), Reason::kWRONG_STATE);
  EXPECT_EQ(switched(AccessState::kActive)->state, ClientState::kPending);
  // Whoever resets has the code, so they do not approve either.
  const auto reset = ResetSecret(administrator_, id);
  ASSERT_TRUE(reset.ok());
  EXPECT_EQ(reset->client.makers.size(), 2u);
  EXPECT_EQ(Why(ApproveClient(manager, id)), Reason::kSAME_PERSON);
  EXPECT_EQ(Why(ApproveClient(administrator_, id)), Reason::kSAME_PERSON);
  ASSERT_TRUE(ApproveClient(second_administrator_, id).ok());
  EXPECT_EQ(Why(Token(id.text, enrolled->secret)), Reason::kUNAUTHENTICATED) << "the old secret ended";
  EXPECT_EQ(Why(Enrol(id, made.enrolment_code)), Reason::kUNAUTHENTICATED) << "and so did the old code";
  const auto again = Enrol(id, reset->enrolment_code);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Token(id.text, again->secret)->roles, std::vector<std::string>{"EXCHANGE_OFFICER"});
  EXPECT_EQ(Why(ResetSecret(manager, {manager.subject.substr(std::string_view("apiClients/").size())})),
            Reason::kOWN_CLIENT);
}

TEST_F(PartyAppTest, ACodeIsGoodOnceInTimeAndForItsClient) {
  const Principal manager = Exchange(kUsccs[1]);
  const PartyApp::ClientWithCode used = Colleague(manager, {"EXCHANGE_OFFICER"});
  const PartyApp::ClientWithCode late = Colleague(manager, {"EXCHANGE_OFFICER"});
  EXPECT_EQ(Why(Enrol(late.client.id, used.enrolment_code)), Reason::kUNAUTHENTICATED);
  ASSERT_TRUE(Enrol(used.client.id, used.enrolment_code).ok());
  const auto second = Enrol(used.client.id, used.enrolment_code);
  ASSERT_EQ(Why(second), Reason::kENROLMENT_CODE_USED)
      << "whoever comes second learns that somebody came first";
  EXPECT_TRUE(second.error().metadata.contains("enrol_time"));
  clock_.Set(late.client.code.expire_time - Nanoseconds(1));
  EXPECT_EQ(late.client.code.expire_time - late.client.create_time, app_.options().enrolment_lifetime);
  clock_.Set(late.client.code.expire_time);
  EXPECT_EQ(Why(Enrol(late.client.id, late.enrolment_code)), Reason::kENROLMENT_CODE_EXPIRED);
  const auto reset = ResetSecret(manager, late.client.id);
  ASSERT_TRUE(reset.ok());
  EXPECT_TRUE(Enrol(late.client.id, reset->enrolment_code).ok());
}

TEST_F(PartyAppTest, WrongCodesAreCountedAsWrongSecretsAre) {
  const Principal manager = Exchange(kUsccs[1]);
  const PartyApp::ClientWithCode made = Colleague(manager, {"EXCHANGE_OFFICER"});
  for (const std::string& id : {made.client.id.text, ids_.Next(kStart)}) {
    for (int i = 0; i < kMaxTokenFailures; ++i) {
      EXPECT_EQ(i % 2 == 0 ? Why(Enrol({id}, "tte_wrong")) : Why(Token(id, "ttx_wrong")),
                Reason::kUNAUTHENTICATED);
    }
    EXPECT_EQ(Why(Enrol({id}, "tte_wrong")), Reason::kRATE_LIMITED);
  }
  EXPECT_EQ(Why(Enrol({"no-client-of-ours"}, "tte_wrong")), Reason::kUNAUTHENTICATED);
  EXPECT_TRUE(Enrol(made.client.id, made.enrolment_code).ok());
}

// --- Signing keys

TEST_F(PartyAppTest, ASigningKeyNeedsProofOfPossession) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const PartyApp::Registered other = Active(kUsccs[2]);
  const auto prove = [](const OrganizationId& by, const crypto::KeyPair& pair, crypto::Suite suite,
                        const OrganizationId& signed_for) {
    const std::string fingerprint = *crypto::PublicKeyFingerprint(pair.public_pem);
    const std::string proof = *crypto::Sign(suite, pair.private_pem, PossessionText(signed_for, fingerprint));
    return PartyApp::ProveKey({by, std::string(crypto::SuiteId(suite)), pair.public_pem, proof});
  };
  for (const crypto::Suite suite : {crypto::Suite::kEcdsaP256Sha256, crypto::Suite::kSm2Sm3}) {
    const crypto::KeyPair pair = crypto::GenerateKey(suite);
    const auto stolen = prove(party.organization.id, pair, suite, other.organization.id);
    ASSERT_EQ(Why(stolen), Reason::kINVALID_FIELD);
    EXPECT_EQ(stolen.error().violations[0].field, "proof");
    const auto key = prove(party.organization.id, pair, suite, party.organization.id);
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(Why(Run([&](storage::Txn& txn) { return app_.AddSigningKey(txn, CallerOf(other), *key); })),
              Reason::kNOT_FOUND);
    const auto added = Run([&](storage::Txn& txn) { return app_.AddSigningKey(txn, CallerOf(party), *key); });
    ASSERT_TRUE(added.ok());
    EXPECT_EQ(Why(Run([&](storage::Txn& txn) { return app_.AddSigningKey(txn, CallerOf(party), *key); })),
              Reason::kSIGNING_KEY_EXISTS);
    EXPECT_EQ(Why(app_.GetSigningKey(shell_.kv(), other.organization.id, added->fingerprint)),
              Reason::kNOT_FOUND);
    EXPECT_EQ(Why(Run([&](storage::Txn& txn) {
                return app_.RevokeSigningKey(txn, CallerOf(other), party.organization.id, added->fingerprint,
                                             "");
              })),
              Reason::kNOT_FOUND);
    EXPECT_TRUE(Run([&](storage::Txn& txn) {
                  return app_.RevokeSigningKey(txn, CallerOf(party), party.organization.id,
                                               added->fingerprint, "1");
                }).ok());
  }
  EXPECT_EQ(app_.ListSigningKeys(shell_.kv(), party.organization.id, "", 10)->size(), 2u);
  const auto unknown = PartyApp::ProveKey({party.organization.id, "RSA", "x", "y"});
  EXPECT_EQ(unknown.error().violations[0],
            (FieldViolation{"suite", Reason::kUNKNOWN_VALUE, "ECDSA-P256-SHA256 or SM2-SM3"}));
}

// --- Tokens

TEST_F(PartyAppTest, AWrongIdAndAWrongSecretAreOneAnswerAndOneRecord) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const std::string unknown = ids_.Next(kStart);
  const auto wrong_secret = Token(party.client.id.text, "ttx_wrong");
  const auto wrong_id = Token(unknown, "ttx_wrong");
  ASSERT_EQ(Why(wrong_secret), Reason::kUNAUTHENTICATED);
  EXPECT_EQ(wrong_secret.error(), wrong_id.error());
  EXPECT_EQ(LoadTokenFailures(shell_.kv(), party.client.id.text)->count, 1);
  EXPECT_EQ(LoadTokenFailures(shell_.kv(), unknown)->count, 1);
  EXPECT_EQ(Why(Token("' or 1=1", "x")), Reason::kUNAUTHENTICATED);
  EXPECT_EQ(Why(Token(unknown, "")), Reason::kUNAUTHENTICATED);
}

TEST_F(PartyAppTest, TenFailuresBlockAnIdKnownOrNotUntilTheWindowHasPassed) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  for (const std::string& id : {party.client.id.text, ids_.Next(kStart)}) {
    for (int i = 0; i < kMaxTokenFailures; ++i)
      EXPECT_EQ(Why(Token(id, "ttx_wrong")), Reason::kUNAUTHENTICATED);
    const auto blocked = Token(id, "ttx_wrong");
    ASSERT_EQ(Why(blocked), Reason::kRATE_LIMITED);
    EXPECT_EQ(blocked.error().metadata.at("retry_after_s"), "300");
  }
  EXPECT_TRUE(Token(party).ok()) << "guessing locks nobody out who knows the secret";
  clock_.Advance(kTokenFailureWindow + Seconds(1));
  EXPECT_TRUE(Token(party).ok());
  Settle();
  EXPECT_FALSE(LoadTokenFailures(shell_.kv(), party.client.id.text).has_value());
}

TEST_F(PartyAppTest, TheRightSecretOfSomebodyNotLetInSaysWhy) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  ASSERT_TRUE(Run([&](storage::Txn& txn) {
                return app_.SetApiClientState(txn, administrator_, party.client.id, AccessState::kDisabled,
                                              "");
              }).ok());
  EXPECT_EQ(Token(party).error().metadata.at("resource"), ResourceName(party.client.id));
  EXPECT_EQ(Why(Token(party.client.id.text, "ttx_wrong")), Reason::kUNAUTHENTICATED);
  ASSERT_TRUE(Run([&](storage::Txn& txn) {
                return app_.SetApiClientState(txn, administrator_, party.client.id, AccessState::kActive, "");
              }).ok());
  ASSERT_TRUE(Run([&](storage::Txn& txn) {
                return app_.SetPersonState(txn, administrator_, party.person.id, AccessState::kDisabled, "");
              }).ok());
  EXPECT_EQ(Token(party).error().metadata.at("resource"), ResourceName(party.person.id));
  ASSERT_TRUE(Run([&](storage::Txn& txn) {
                return app_.SetPersonState(txn, administrator_, party.person.id, AccessState::kActive, "");
              }).ok());
  ASSERT_TRUE(Suspend(party.organization.id).ok());
  EXPECT_EQ(Token(party).error().metadata.at("resource"), ResourceName(party.organization.id));
}

TEST_F(PartyAppTest, WhatTakesAccessAwayRevokesAndIsForgottenAfterTheLongestToken) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const auto expect_revoked = [&](auto change) {
    clock_.Advance(Seconds(1));
    const int64_t version = Version();
    ASSERT_TRUE(Run(change).ok());
    EXPECT_GT(Version(), version);
    EXPECT_GE(*LoadRevocation(shell_.kv(), ResourceName(party.client.id)), clock_.Now());
  };
  expect_revoked(
      [&](storage::Txn& txn) { return app_.SetRoles(txn, administrator_, party.client.id, {"BIDDER"}, ""); });
  expect_revoked(
      [&](storage::Txn& txn) { return app_.RotateSecret(txn, CallerOf(party), party.client.id, ""); });
  expect_revoked(
      [&](storage::Txn& txn) { return app_.ResetSecret(txn, administrator_, party.client.id, ""); });
  expect_revoked([&](storage::Txn& txn) {
    return app_.SetPersonState(txn, administrator_, party.person.id, AccessState::kDisabled, "");
  });
  expect_revoked([&](storage::Txn& txn) {
    return app_.SetApiClientState(txn, administrator_, party.client.id, AccessState::kDisabled, "");
  });
  const Time first = clock_.Now();
  clock_.Set(first + kTokenHorizon - Seconds(1));  // the plans of earlier revocations come due
  Settle();
  EXPECT_TRUE(Revoked(party.client.id));
  clock_.Set(first + kTokenHorizon + Seconds(1));
  Settle();
  EXPECT_FALSE(Revoked(party.client.id));
}

TEST_F(PartyAppTest, SuspendingRevokesEveryClientAndReinstatingTakesTwo) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const auto second = Run([&](storage::Txn& txn) {
    return app_.CreateApiClient(txn, CallerOf(party), {party.person.id, "报价", {"BIDDER"}, false});
  });
  ASSERT_TRUE(Suspend(party.organization.id).ok());
  EXPECT_TRUE(Revoked(party.client.id));
  EXPECT_TRUE(Revoked(second->client.id));
  EXPECT_FALSE(Revoked(operator_.client.id));
  ASSERT_TRUE(Run([&](storage::Txn& txn) {
                return app_.MakeRequest(txn, officer_, party.organization.id, RequestKind::kReinstate,
                                        "已整改", "");
              }).ok());
  const auto approve = [&](const Principal& by) {
    return Run([&](storage::Txn& txn) {
      return app_.ApproveRequest(txn, by, party.organization.id, RequestKind::kReinstate, "");
    });
  };
  EXPECT_EQ(Why(approve(officer_)), Reason::kSAME_PERSON);
  EXPECT_TRUE(approve(clerk_).ok());
  EXPECT_TRUE(Token(party).ok());
}

TEST_F(PartyAppTest, ARotatedTokenKeyStaysUntilItsTokensHaveExpired) {
  const std::string first = Token(operator_)->kid;
  const auto second = Run([&](storage::Txn& txn) { return app_.RotateTokenKey(txn); });
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(Token(operator_)->kid, first);
  clock_.Advance(kTokenKeyActivation + Seconds(1));
  EXPECT_EQ(Token(operator_)->kid, second->kid);
  EXPECT_EQ(app_.GetVerification(shell_.kv()).keys.size(), 2u);
  const int64_t version = Version();
  clock_.Advance(kTokenHorizon);
  Settle();
  const PartyApp::Verification after = app_.GetVerification(shell_.kv());
  ASSERT_EQ(after.keys.size(), 1u);
  EXPECT_EQ(after.keys[0].kid, second->kid);
  EXPECT_GT(after.version, version);
  EXPECT_EQ(Why(app_.TokenPrivateKey(shell_.kv(), first)), Reason::kNOT_FOUND);
}

TEST_F(PartyAppTest, NoPrivateKeyAndNoSecretStandsInTheStoreInTheClear) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const std::string kid = Token(operator_)->kid;
  const auto pem = app_.TokenPrivateKey(shell_.kv(), kid);
  ASSERT_TRUE(pem.ok());
  EXPECT_NE(pem->find("PRIVATE KEY"), std::string::npos);
  for (const storage::Entry& entry : shell_.kv().Scan({"", "\xff"}, 10'000)) {
    EXPECT_EQ(entry.value.find("PRIVATE KEY"), std::string::npos);
    EXPECT_EQ(entry.value.find(party.client_secret), std::string::npos);
    EXPECT_EQ(entry.value.find(operator_.client_secret), std::string::npos);
  }
  const PartyApp::ClientWithCode colleague = Colleague(CallerOf(party), {"TRANSFEROR"});
  for (const storage::Entry& entry : shell_.kv().Scan({"", "\xff"}, 10'000)) {
    EXPECT_EQ(entry.value.find(colleague.enrolment_code), std::string::npos);
  }
  EXPECT_TRUE(colleague.enrolment_code.starts_with("tte_"));
  EXPECT_TRUE(party.client_secret.starts_with("ttx_"));
  EXPECT_EQ(party.client.secret_hash, crypto::Sha256(party.client_secret));
}

TEST(Secrets, ASealedSecretOpensForItsClientOnly) {
  const std::string sealed = SealClientSecret(kSecretsKey, "ttx_secret", "apiClients/1");
  EXPECT_EQ(*OpenClientSecret(kSecretsKey, sealed, "apiClients/1"), "ttx_secret");
  EXPECT_EQ(Why(OpenClientSecret(kSecretsKey, sealed, "apiClients/2")), Reason::kDATA_LOSS);
  EXPECT_EQ(Why(OpenClientSecret(std::string(32, 'x'), sealed, "apiClients/1")), Reason::kDATA_LOSS);
  EXPECT_EQ(Why(OpenClientSecret(kSecretsKey, "?", "apiClients/1")), Reason::kDATA_LOSS);
}

// --- Credit record and events

TEST_F(PartyAppTest, TheCreditRecordGrowsByOne) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  for (int64_t number = 1; number <= 3; ++number) {
    const auto entry = Run([&](storage::Txn& txn) {
      return app_.AppendCredit(
          txn, officer_, {.organization = party.organization.id, .subject = "listings/1", .detail = "悔约"});
    });
    ASSERT_TRUE(entry.ok());
    EXPECT_EQ(entry->number, number);
    EXPECT_EQ(entry->person, officer_.person);
  }
  EXPECT_EQ(app_.ListCredit(shell_.kv(), party.organization.id, 1, 10)->size(), 2u);
  EXPECT_EQ(Why(app_.ListCredit(shell_.kv(), {ids_.Next(kStart)}, 0, 10)), Reason::kNOT_FOUND);
}

TEST_F(PartyAppTest, TheLogHasNoGapsAndTellsWhatWasAdmitted) {
  const PartyApp::Registered party = Active(kUsccs[1]);
  const std::vector<StoredEvent> events = app_.ListEvents(shell_.kv(), 0, 1000).events;
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1);
  const StoredEvent& last = events.back();
  ASSERT_TRUE(std::holds_alternative<KycApproved>(last.payload));
  EXPECT_EQ(last.organization, party.organization.id);
  EXPECT_EQ(last.profile, party.organization.profile);
}

}  // namespace
}  // namespace ttx::party
