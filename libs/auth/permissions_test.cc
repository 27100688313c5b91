#include "libs/auth/permissions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>

namespace ttx::auth {
namespace {

Principal Client(std::vector<std::string> roles) {
  return {"apiClients/01abc", "organizations/01def", "people/01ghi", std::move(roles)};
}
const Principal kAnonymous;
const Principal kService{"services/auction", "", "", {}};

std::set<std::string> Words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::set<std::string> words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

TEST(Permissions, TheTableNamesKnownRolesAndEachPermissionOnce) {
  const std::set<std::string> services = {"party",    "listing",    "auction",
                                          "contract", "settlement", "disclosure", "sandbox"};
  std::set<std::string_view> seen;
  for (const PermissionRow& row : AllPermissions()) {
    EXPECT_TRUE(seen.insert(row.permission).second) << row.permission;
    EXPECT_EQ(std::count(row.permission.begin(), row.permission.end(), '.'), 2) << row.permission;
    EXPECT_TRUE(services.contains(std::string(row.permission.substr(0, row.permission.find('.')))))
        << row.permission;
    const std::set<std::string> roles = Words(row.roles);
    EXPECT_FALSE(roles.empty()) << row.permission;
    if (row.roles == "*") continue;
    for (const std::string& role : roles) EXPECT_TRUE(KnownRole(role)) << row.permission << ": " << role;
  }
  EXPECT_FALSE(KnownRole("ROOT"));
  EXPECT_FALSE(KnownRole(""));
}

TEST(Permissions, EveryRoleHoldsExactlyItsRows) {
  for (const PermissionRow& row : AllPermissions()) {
    const std::set<std::string> holders = Words(row.roles);
    EXPECT_TRUE(KnownPermission(row.permission));
    EXPECT_FALSE(Grants(kAnonymous, row.permission)) << row.permission;
    EXPECT_EQ(Grants(kService, row.permission), row.permission.ends_with(".event.list")) << row.permission;
    EXPECT_EQ(Grants(Client({}), row.permission), row.roles == "*") << row.permission;
    for (const std::string_view role : AllRoles()) {
      const bool holds = row.roles == "*" || holders.contains(std::string(role));
      EXPECT_EQ(Grants(Client({std::string(role)}), row.permission), holds)
          << row.permission << " by " << role;
    }
  }
}

TEST(Permissions, PublicIsForAllAndInternalForServicesOnly) {
  for (const Principal& caller : {kAnonymous, kService, Client({"ADMINISTRATOR"})}) {
    EXPECT_TRUE(Grants(caller, "public"));
    EXPECT_EQ(Grants(caller, "internal"), caller.service());
    EXPECT_FALSE(Grants(caller, "auction.bid.no_such_verb"));
    EXPECT_FALSE(Grants(caller, ""));
  }
  EXPECT_TRUE(KnownPermission("public"));
  EXPECT_TRUE(KnownPermission("internal"));
  EXPECT_FALSE(KnownPermission("*"));
  EXPECT_FALSE(KnownPermission(""));
  EXPECT_FALSE(KnownPermission("auction.bid"));
}

// An operator belongs to no exchange, and whose events they are decides who sees them: there would be none to see.
TEST(Permissions, OperatorsReadNoEventsOfExchanges) {
  for (const PermissionRow& row : AllPermissions()) {
    if (!row.permission.ends_with(".event.list")) continue;
    EXPECT_EQ(Grants(Client({"OPERATOR"}), row.permission), row.permission == "party.event.list") << row.permission;
  }
}

// domain.md 1.2: maker and checker are different roles.
TEST(Permissions, NoRoleHoldsBothHalvesOfATwoPersonStep) {
  const std::pair<std::string_view, std::string_view> steps[] = {
      {"party.organization.check", "party.organization.approve"},
      {"listing.listing.approve_business", "listing.listing.approve_compliance"},
      {"listing.listing.propose", "listing.listing.suspend"},
      {"listing.listing.accept", "listing.listing.publish"},
      {"auction.auction.propose", "auction.auction.confirm"},
      {"settlement.receipt.match", "settlement.receipt.approve_match"},
      {"settlement.refund.create", "settlement.payout.approve"},
      {"disclosure.certificate.create", "disclosure.certificate.issue"},
      {"disclosure.certificate.propose_revoke", "disclosure.certificate.revoke"},
      {"disclosure.objection.propose", "disclosure.objection.decide"},
  };
  for (const auto& [maker, checker] : steps) {
    ASSERT_TRUE(KnownPermission(maker)) << maker;
    ASSERT_TRUE(KnownPermission(checker)) << checker;
    for (const std::string_view role : AllRoles()) {
      const Principal caller = Client({std::string(role)});
      EXPECT_FALSE(Grants(caller, maker) && Grants(caller, checker))
          << role << ": " << maker << " and " << checker;
    }
  }
}

TEST(Permissions, BidsAndMoneyAreKeptApart) {
  EXPECT_TRUE(Grants(Client({"BIDDER"}), "auction.bid.create"));
  for (const char* role :
       {"TRANSFEROR", "EXCHANGE_OFFICER", "OPERATOR", "SETTLEMENT_BANK", "ADMINISTRATOR"}) {
    EXPECT_FALSE(Grants(Client({role}), "auction.bid.create")) << role;
  }
  EXPECT_FALSE(Grants(Client({"SETTLEMENT_BANK"}), "auction.envelope.list"));
  EXPECT_FALSE(Grants(Client({"OPERATOR"}), "auction.envelope.list"));
  EXPECT_FALSE(Grants(Client({"ADMINISTRATOR"}), "settlement.payout.approve"));
}

}  // namespace
}  // namespace ttx::auth
