#include "services/party/store/party_store.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/storage/mem_kv.h"

namespace ttx::party {
namespace {

const std::unordered_map<std::string, std::optional<std::string>> kNothing;
const OrganizationId kOrganization{"01hzzzzzzzzzzzzzzzzzzzzzzz"};
const PersonId kPerson{"01hyyyyyyyyyyyyyyyyyyyyyyy"};
const ApiClientId kClient{"01hxxxxxxxxxxxxxxxxxxxxxxx"};
constexpr Time kNow{5};

Profile SomeProfile() {
  return {.uscc = "12100000400000018N",
          .legal_name = "AB",
          .kind = Kind::kUniversity,
          .domicile = "D",
          .region_code = "110108",
          .licence_digest = std::string(64, 'a'),
          .legal_representative = "R",
          .bank_account = {"AB", "12345678", "B"}};
}

class PartyStoreTest : public ::testing::Test {
 protected:
  template <class Use>
  void Run(Time now, Use use) {
    const storage::Overlay none;
    storage::Txn txn(kv_, none, kNothing, now, storage::LastSequence(kv_) + 1);
    use(txn);
    storage::WriteBatch batch;
    for (const auto& [key, value] : txn.staged()) value ? batch.Put(key, *value) : batch.Delete(key);
    ASSERT_TRUE(kv_.Write(batch).ok());
  }
  std::string Stored(const std::string& hex_key) {
    const auto value = kv_.Get(*FromHex(hex_key));
    return value ? Hex(*value) : "(nothing)";
  }

  storage::MemKv kv_;
};

OrganizationDecision Registration() {
  return *Decide(RegisterOrganization{kOrganization, SomeProfile(), "people/p", false}, kNow);
}
ApiClientDecision Creation() {
  return *Decide(CreateApiClient{.id = kClient,
                                 .organization = kOrganization,
                                 .person = kPerson,
                                 .display_name = "C",
                                 .roles = {"BIDDER"},
                                 .manager = true,
                                 .secret_hash = std::string(32, 'h'),
                                 .kind = Kind::kEnterprise},
                 kNow);
}

// The format on disk (docs/formats.md): a change here is a change of every store there is.
TEST_F(PartyStoreTest, GoldenBytesOfAnOrganization) {
  Run(kNow, [](storage::Txn& txn) { Save(txn, std::nullopt, Registration()); });
  const std::string id = Hex(kOrganization.text);
  const std::string profile = "0a12" + Hex("12100000400000018N") + "1202" + Hex("AB") + "1801" + "2201" +
                              Hex("D") + "2a06" + Hex("110108") + "3240" + Hex(std::string(64, 'a')) +
                              "3a01" + Hex("R") + "4202" + Hex("AB") + "4a08" + Hex("12345678") + "5201" +
                              Hex("B");
  const std::string profile_length = "7b";
  EXPECT_EQ(profile.size() / 2, 0x7bu);
  EXPECT_EQ(Stored("10" + id + "00"), "0a1a" + id + "12" + profile_length + profile + "2001" + "2a08" +
                                          Hex("people/p") + "4805" + "5005" + "5801");
  EXPECT_EQ(Stored("11" + Hex("12100000400000018N") + "00"), id);
  EXPECT_EQ(Stored("1d" + Hex("KYC_PENDING") + "00" + id + "00"), "");
  // Outbox: time, then the event record.
  EXPECT_EQ(Stored("020000000000000001"), "0000000000000005" + ("0a1a" + id) + "121a" + id + "528701" + "0a" +
                                              profile_length + profile + "1a08" + Hex("people/p"));
}

TEST_F(PartyStoreTest, GoldenBytesOfMembersAndKeys) {
  Run(kNow, [](storage::Txn& txn) {
    Save(txn, *Decide(CreatePerson{kPerson, kOrganization, "N"}, kNow));
    Save(txn, Creation());
    Save(txn, Decide(AddSigningKey{std::string(64, 'f'), kOrganization, "SM2-SM3", "PEM", "people/p"}, kNow));
    SaveTokenKey(txn, {"kid1", "PUB", "SEALED", Time{1}, Time{2}, Time{3}}, true);
    SaveTokenFailures(txn, kClient.text, {Time{4}, 2});
    SaveRevocation(txn, {"apiClients/c", Time{9}});
    BumpVerificationVersion(txn);
    Save(txn, CreditEntry{kOrganization, 1, CreditType::kLatePay, "s", "d", "people/p", kNow});
  });
  const std::string organization = Hex(kOrganization.text);
  const std::string person = Hex(kPerson.text);
  const std::string client = Hex(kClient.text);
  EXPECT_EQ(Stored("12" + person + "00"),
            "0a1a" + person + "121a" + organization + "1a01" + Hex("N") + "2001" + "2805" + "3005" + "3801");
  EXPECT_EQ(Stored("13" + organization + "00" + person + "00"), "");
  EXPECT_EQ(Stored("14" + client + "00"), "0a1a" + client + "121a" + organization + "1a1a" + person + "2201" +
                                              Hex("C") + "2a06" + Hex("BIDDER") + "3001" + "3a20" +
                                              Hex(std::string(32, 'h')) + "4001" + "4805" + "5005" + "5801");
  EXPECT_EQ(Stored("15" + organization + "00" + client + "00"), "");
  const std::string fingerprint = Hex(std::string(64, 'f'));
  EXPECT_EQ(Stored("16" + fingerprint + "00"), "0a40" + fingerprint + "121a" + organization + "1a07" +
                                                   Hex("SM2-SM3") + "2203" + Hex("PEM") + "2a08" +
                                                   Hex("people/p") + "3001" + "3805" + "4805" + "5001");
  EXPECT_EQ(Stored("17" + organization + "00" + fingerprint + "00"), "");
  EXPECT_EQ(Stored("18" + Hex("kid1") + "00"),
            "0a04" + Hex("kid1") + "1203" + Hex("PUB") + "1a06" + Hex("SEALED") + "2001" + "2802" + "3003");
  EXPECT_EQ(Stored("19" + Hex("apiClients/c") + "00"), "0000000000000009");
  EXPECT_EQ(Stored("1a" + client + "00"),
            "0804"
            "1002");
  EXPECT_EQ(Stored("1b" + organization + "00" + "0000000000000001"),
            "0a1a" + organization + "1001" + "1805" + "2201" + Hex("s") + "2a01" + Hex("d") + "3208" +
                Hex("people/p") + "3805");
  EXPECT_EQ(Stored("1c"), "0000000000000001");
}

TEST_F(PartyStoreTest, GoldenBytesOfAClientThatWaitsForASecondPerson) {
  CreateApiClient command{.id = kClient,
                          .organization = kOrganization,
                          .person = kPerson,
                          .display_name = "C",
                          .roles = {},
                          .code = {std::string(32, 'c'), Time{9}},
                          .kind = Kind::kExchange,
                          .maker = "people/p"};
  Run(kNow, [&](storage::Txn& txn) { Save(txn, *Decide(command, kNow)); });
  const std::string client = Hex(kClient.text);
  const std::string organization = Hex(kOrganization.text);
  const std::string person = Hex(kPerson.text);
  const std::string code = "20" + Hex(std::string(32, 'c'));
  EXPECT_EQ(Stored("14" + client + "00"), "0a1a" + client + "121a" + organization + "1a1a" + person + "2201" +
                                              Hex("C") + "4003" + "4805" + "5005" + "5801" + "62" + code + "6809" +
                                              "7a08" + Hex("people/p"));
  // Outbox: time, then the event record; no code and no secret but as digests.
  EXPECT_EQ(Stored("020000000000000001"), "0000000000000005" + ("0a1a" + organization) + "121a" + client + "2003" +
                                              "a2014d" + ("0a1a" + person) + "1201" + Hex("C") + "32" + code +
                                              "3809" + "4208" + Hex("people/p"));
}

TEST_F(PartyStoreTest, WhatIsSavedIsLoaded) {
  const OrganizationDecision registered = Registration();
  const OrganizationDecision approved = *Decide(registered.next, ApproveKyc{"people/q"}, Time{6});
  const OrganizationDecision asked =
      *Decide(approved.next, MakeRequest{RequestKind::kClose, "people/q", "r"}, Time{7});
  Run(kNow, [&](storage::Txn& txn) { Save(txn, std::nullopt, registered); });
  EXPECT_EQ(LoadOrganization(kv_, kOrganization), registered.next);
  Run(Time{6}, [&](storage::Txn& txn) { Save(txn, registered.next, approved); });
  Run(Time{7}, [&](storage::Txn& txn) { Save(txn, approved.next, asked); });
  EXPECT_EQ(LoadOrganization(kv_, kOrganization), asked.next);
  EXPECT_EQ(FindByUscc(kv_, SomeProfile().uscc), kOrganization);
  EXPECT_EQ(LoadOrganization(kv_, {"01hz"}), std::nullopt);
  Run(Time{8}, [&](storage::Txn& txn) { Save(txn, Creation()); });
  EXPECT_EQ(LoadApiClient(kv_, kClient), Creation().next);
  EXPECT_EQ(ListApiClients(kv_, kOrganization, "", 10), std::vector<ApiClient>{Creation().next});
  EXPECT_TRUE(ListApiClients(kv_, kOrganization, kClient.text, 10).empty());
}

// Folding the log gives the aggregates back, bit for bit (architecture.md section 4).
TEST_F(PartyStoreTest, TheLogRebuildsOrganizationsPeopleClientsAndSigningKeys) {
  Run(kNow, [](storage::Txn& txn) {
    Save(txn, std::nullopt, Registration());
    Save(txn, *Decide(CreatePerson{kPerson, kOrganization, "N"}, kNow));
    Save(txn, Creation());
    Save(txn, Decide(AddSigningKey{std::string(64, 'f'), kOrganization, "SM2-SM3", "PEM", "people/p"}, kNow));
  });
  const auto organization = [&](Time now, const auto& command) {
    const Organization before = *LoadOrganization(kv_, kOrganization);
    Run(now, [&](storage::Txn& txn) { Save(txn, before, *Decide(before, command, now)); });
  };
  organization(Time{10}, RejectKyc{"people/q", "r"});
  organization(Time{11}, ResubmitOrganization{SomeProfile(), "people/p"});
  organization(Time{12}, ApproveKyc{"people/q"});
  organization(Time{13}, SuspendOrganization{"people/q", "s"});
  organization(Time{14}, MakeRequest{RequestKind::kReinstate, "people/p", "ok"});
  organization(Time{15}, ApproveRequest{RequestKind::kReinstate, "people/q"});
  organization(Time{16}, MakeRequest{RequestKind::kClose, "people/p", "bye"});
  organization(Time{17}, ApproveRequest{RequestKind::kClose, "people/q"});
  Run(Time{18}, [&](storage::Txn& txn) {
    Save(txn, *Decide(*LoadPerson(txn, kPerson), SetPersonState{AccessState::kDisabled}, Time{18}));
    Save(txn, *Decide(*LoadApiClient(txn, kClient), RotateSecret{std::string(32, 'n')}, Time{18}));
    Save(txn, *Decide(*LoadApiClient(txn, kClient), SetRoles{{}, Kind::kExchange, false, "people/p"}, Time{18}));
    Save(txn, *Decide(*LoadApiClient(txn, kClient),
                      ResetSecret{{std::string(32, 'd'), Time{30}}, Kind::kExchange, false, "people/q"}, Time{18}));
    Save(txn, *Decide(*LoadApiClient(txn, kClient), EnrolApiClient{std::string(32, 's')}, Time{18}));
    Save(txn, *Decide(*LoadApiClient(txn, kClient), ApproveApiClient{"people/r"}, Time{18}));
    Save(txn, *Decide(*LoadApiClient(txn, kClient), SetApiClientState{AccessState::kDisabled}, Time{18}));
    Save(txn, *Decide(*LoadSigningKey(txn, std::string(64, 'f')), RevokeSigningKey{"people/p"}, Time{18}));
  });

  Organization folded_organization;
  Person folded_person;
  ApiClient folded_client;
  SigningKey folded_key;
  size_t unused = 0;
  for (const StoredEvent& stored : ListEvents(kv_, 0, 100)) {
    std::visit(
        [&](const auto& event) {
          using Event = std::decay_t<decltype(event)>;
          if constexpr (std::is_constructible_v<OrganizationEvent, Event>) {
            folded_organization = Apply(folded_organization, OrganizationEvent(event), stored.time);
          } else if constexpr (std::is_constructible_v<PersonEvent, Event>) {
            folded_person = Apply(folded_person, PersonEvent(event), stored.time);
          } else if constexpr (std::is_constructible_v<ApiClientEvent, Event>) {
            folded_client = Apply(folded_client, ApiClientEvent(event), stored.time);
          } else if constexpr (std::is_constructible_v<SigningKeyEvent, Event>) {
            folded_key = Apply(folded_key, SigningKeyEvent(event), stored.time);
          } else {
            ++unused;
          }
        },
        stored.payload);
  }
  EXPECT_EQ(unused, 0u);
  EXPECT_EQ(folded_organization, *LoadOrganization(kv_, kOrganization));
  EXPECT_EQ(folded_person, *LoadPerson(kv_, kPerson));
  EXPECT_EQ(folded_client, *LoadApiClient(kv_, kClient));
  EXPECT_EQ(folded_key, *LoadSigningKey(kv_, std::string(64, 'f')));
}

TEST_F(PartyStoreTest, ListsPageInOrder) {
  Run(kNow, [](storage::Txn& txn) {
    for (const char* id :
         {"01haaaaaaaaaaaaaaaaaaaaaaa", "01hbbbbbbbbbbbbbbbbbbbbbbb", "01hccccccccccccccccccccccc"}) {
      Save(txn, *Decide(CreatePerson{{id}, kOrganization, "N"}, kNow));
    }
    Save(txn,
         *Decide(CreatePerson{{"01hddddddddddddddddddddddd"}, {"01hzzzzzzzzzzzzzzzzzzzzzzy"}, "N"}, kNow));
  });
  const std::vector<Person> first = ListPeople(kv_, kOrganization, "", 2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].id.text, "01hbbbbbbbbbbbbbbbbbbbbbbb");
  const std::vector<Person> second = ListPeople(kv_, kOrganization, first[1].id.text, 2);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].id.text, "01hccccccccccccccccccccccc");
}

TEST_F(PartyStoreTest, OrganizationsAreListedByTheStateTheyAreIn) {
  Run(kNow, [](storage::Txn& txn) { Save(txn, std::nullopt, Registration()); });
  Run(kNow, [](storage::Txn& txn) {
    const Organization before = *LoadOrganization(txn, kOrganization);
    Save(txn, before, *Decide(before, ApproveKyc{"people/officer"}, kNow));
  });
  const auto count = [this](std::optional<OrganizationState> state, const std::string& after) {
    return ListOrganizations(kv_, state, after, 10).size();
  };
  EXPECT_EQ(count(OrganizationState::kActive, ""), 1u);
  EXPECT_EQ(count(OrganizationState::kActive, kOrganization.text), 0u);
  EXPECT_EQ(count(OrganizationState::kKycPending, ""), 0u);
  EXPECT_EQ(count(std::nullopt, ""), 1u);
}

TEST_F(PartyStoreTest, DamageStopsTheProcess) {
  storage::WriteBatch batch;
  batch.Put(*FromHex("10" + Hex(kOrganization.text) + "00"), "not a record");
  ASSERT_TRUE(kv_.Write(batch).ok());
  EXPECT_DEATH((void)LoadOrganization(kv_, kOrganization), "ttx.party.store.OrganizationRecord cannot be read");
}

}  // namespace
}  // namespace ttx::party
