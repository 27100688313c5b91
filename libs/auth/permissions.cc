#include "libs/auth/permissions.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "libs/core/check.h"

namespace ttx::auth {
namespace {

constexpr std::string_view kRoles[] = {
    "ADMINISTRATOR",                 // installation administrator: API clients, members, roles, keys
    "AUTHORITY",                     // 主管部门
    "BIDDER",                        // an organisation that registers intents and bids
    "EXCHANGE_CLERK",                // accepts, prepares
    "EXCHANGE_OFFICER",              // second person, decisions
    "EXCHANGE_REVIEWER_BUSINESS",    // first of the two reviewers of a listing
    "EXCHANGE_REVIEWER_COMPLIANCE",  // second of the two reviewers of a listing
    "KYC_CLERK",                     // checks the papers of organisations
    "KYC_OFFICER",                   // admits organisations
    "OBJECTOR",                      // 公示异议人
    "OPERATOR",                      // 平台运营
    "REGISTRY",                      // 技术合同登记机构
    "RIGHTS_REVIEWER",               // ownership of achievements
    "SECRECY_REVIEWER",              // 保密审查
    "SETTLEMENT_BANK",               // 结算银行
    "SETTLEMENT_CLERK",              // prepares refunds and payouts
    "SETTLEMENT_OFFICER",            // approves refunds and payouts
    "TRANSFEROR",                    // 转让方, 许可方
};

// One row per line, sorted within its service. Two-person steps are two permissions held by different roles;
// that the two persons differ is checked by the service too (domain.md 1.2). A row that is missing here
// cannot be named in a proto; one that no proto and no service names fails services/server/api_test.cc.
// clang-format off
constexpr PermissionRow kTable[] = {
    // --- party (domain.md 1.1, 1.3); "*": the service admits members, managers of the organization, administrators ---
    {"party.client.approve", "*"},
    {"party.client.create", "*"},
    {"party.client.read", "*"},
    {"party.client.reset", "*"},
    {"party.client.rotate", "*"},
    {"party.client.update", "*"},
    {"party.credit.append", "EXCHANGE_OFFICER SETTLEMENT_OFFICER"},
    {"party.credit.list", "AUTHORITY EXCHANGE_CLERK EXCHANGE_OFFICER KYC_CLERK KYC_OFFICER"},
    {"party.event.list", "ADMINISTRATOR OPERATOR"},
    {"party.organization.approve", "KYC_OFFICER"},
    {"party.organization.check", "KYC_CLERK"},
    {"party.organization.close", "KYC_OFFICER"},
    {"party.organization.create", "ADMINISTRATOR KYC_CLERK"},
    {"party.organization.list",
     "ADMINISTRATOR AUTHORITY EXCHANGE_CLERK EXCHANGE_OFFICER KYC_CLERK KYC_OFFICER OPERATOR"},
    {"party.organization.read", "*"},
    {"party.organization.reinstate", "KYC_OFFICER"},
    {"party.organization.reject", "KYC_OFFICER"},
    {"party.organization.suspend", "KYC_OFFICER"},
    {"party.organization.update", "*"},
    {"party.person.create", "*"},
    {"party.person.read", "*"},
    {"party.person.update", "*"},
    {"party.role.grant", "*"},
    {"party.signing_key.create", "BIDDER EXCHANGE_OFFICER TRANSFEROR"},
    {"party.signing_key.read", "*"},
    {"party.signing_key.revoke", "ADMINISTRATOR BIDDER EXCHANGE_OFFICER TRANSFEROR"},
    {"party.token_key.rotate", "ADMINISTRATOR"},

    // --- listing (domain.md 2.2-2.7, 4.3, 4.5) ---
    {"listing.achievement.clear_rights", "RIGHTS_REVIEWER"},
    {"listing.achievement.clear_secrecy", "SECRECY_REVIEWER"},
    {"listing.achievement.create", "TRANSFEROR"},
    {"listing.achievement.publish", "TRANSFEROR"},
    {"listing.achievement.submit", "TRANSFEROR"},
    {"listing.achievement.update", "TRANSFEROR"},
    {"listing.achievement.withdraw", "TRANSFEROR"},
    {"listing.event.list", "EXCHANGE_OFFICER"},
    {"listing.intent.agree", "TRANSFEROR"},
    {"listing.intent.create", "BIDDER"},
    {"listing.intent.decide", "EXCHANGE_OFFICER"},
    {"listing.intent.give_opinion", "EXCHANGE_CLERK"},
    {"listing.intent.object", "BIDDER TRANSFEROR"},
    {"listing.intent.read", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER TRANSFEROR"},
    {"listing.intent.withdraw", "BIDDER"},
    {"listing.listing.accept", "EXCHANGE_CLERK"},
    {"listing.listing.approve", "EXCHANGE_REVIEWER_BUSINESS EXCHANGE_REVIEWER_COMPLIANCE"},
    {"listing.listing.approve_business", "EXCHANGE_REVIEWER_BUSINESS"},
    {"listing.listing.approve_compliance", "EXCHANGE_REVIEWER_COMPLIANCE"},
    {"listing.listing.create", "TRANSFEROR"},
    {"listing.listing.notify", "EXCHANGE_CLERK"},
    {"listing.listing.propose", "EXCHANGE_CLERK"},
    {"listing.listing.publish", "EXCHANGE_OFFICER"},
    {"listing.listing.quote", "BIDDER"},
    {"listing.listing.reject", "EXCHANGE_REVIEWER_BUSINESS EXCHANGE_REVIEWER_COMPLIANCE"},
    {"listing.listing.return", "EXCHANGE_CLERK"},
    {"listing.listing.submit", "TRANSFEROR"},
    {"listing.listing.suspend", "EXCHANGE_OFFICER"},
    {"listing.listing.update", "TRANSFEROR"},
    {"listing.listing.withdraw", "TRANSFEROR"},
    {"listing.priority.answer", "BIDDER EXCHANGE_CLERK TRANSFEROR"},

    // --- auction (domain.md 5) ---
    {"auction.act.read", "EXCHANGE_CLERK EXCHANGE_OFFICER OPERATOR"},
    {"auction.act.withdraw", "EXCHANGE_CLERK EXCHANGE_OFFICER OPERATOR"},
    {"auction.auction.confirm", "EXCHANGE_OFFICER"},
    {"auction.auction.propose", "EXCHANGE_CLERK OPERATOR"},
    {"auction.bid.create", "BIDDER"},
    {"auction.envelope.list", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER"},
    {"auction.envelope.submit", "BIDDER"},
    {"auction.event.list", "EXCHANGE_OFFICER"},
    {"auction.opening.request", "EXCHANGE_OFFICER"},
    {"auction.participant.read", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER"},
    {"auction.priority.exercise", "BIDDER"},
    {"auction.proxy.read", "BIDDER"},
    {"auction.proxy.set", "BIDDER"},
    {"auction.refused_bid.list", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER"},
    {"auction.score.fix", "EXCHANGE_OFFICER"},
    {"auction.share.hand_in", "EXCHANGE_CLERK EXCHANGE_OFFICER"},
    {"auction.tender.report", "EXCHANGE_OFFICER"},

    // --- contract (domain.md 6) ---
    {"contract.confirmation.sign", "BIDDER EXCHANGE_OFFICER"},
    {"contract.contract.accept_text", "BIDDER TRANSFEROR"},
    {"contract.contract.complete", "EXCHANGE_OFFICER"},
    {"contract.contract.confirm", "EXCHANGE_OFFICER"},
    {"contract.contract.create", "TRANSFEROR"},
    {"contract.contract.freeze", "BIDDER EXCHANGE_CLERK TRANSFEROR"},
    {"contract.contract.list", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER TRANSFEROR"},
    {"contract.contract.propose", "EXCHANGE_CLERK"},
    {"contract.contract.read", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER REGISTRY TRANSFEROR"},
    {"contract.contract.sign", "BIDDER TRANSFEROR"},
    {"contract.contract.update", "TRANSFEROR"},
    {"contract.deal.list", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER TRANSFEROR"},
    {"contract.deal.read", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER TRANSFEROR"},
    {"contract.event.list", "EXCHANGE_OFFICER"},
    {"contract.registration.accept", "REGISTRY"},
    {"contract.registration.approve", "REGISTRY"},
    {"contract.registration.create", "TRANSFEROR"},
    {"contract.registration.list", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER REGISTRY TRANSFEROR"},
    {"contract.registration.read", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER REGISTRY TRANSFEROR"},
    {"contract.registration.refuse", "REGISTRY"},
    {"contract.registration.supplement", "TRANSFEROR"},

    // --- settlement (domain.md 4.5, 5.12, 7) ---
    {"settlement.deposit.read", "BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER SETTLEMENT_CLERK SETTLEMENT_OFFICER"},
    {"settlement.event.list", "SETTLEMENT_OFFICER"},
    {"settlement.journal.list", "AUTHORITY SETTLEMENT_CLERK SETTLEMENT_OFFICER"},
    {"settlement.order.approve_release", "SETTLEMENT_CLERK SETTLEMENT_OFFICER"},
    {"settlement.order.read", "AUTHORITY BIDDER SETTLEMENT_CLERK SETTLEMENT_OFFICER TRANSFEROR"},
    {"settlement.order.request_release", "TRANSFEROR"},
    {"settlement.payout.approve", "SETTLEMENT_OFFICER"},
    {"settlement.payout.confirm", "SETTLEMENT_BANK"},
    {"settlement.payout.list", "SETTLEMENT_BANK SETTLEMENT_CLERK SETTLEMENT_OFFICER"},
    {"settlement.payout.read", "SETTLEMENT_BANK SETTLEMENT_CLERK SETTLEMENT_OFFICER"},
    {"settlement.receipt.approve_match", "SETTLEMENT_OFFICER"},
    {"settlement.receipt.create", "SETTLEMENT_BANK"},
    {"settlement.receipt.list", "SETTLEMENT_BANK SETTLEMENT_CLERK SETTLEMENT_OFFICER"},
    {"settlement.receipt.match", "SETTLEMENT_CLERK"},
    {"settlement.refund.create", "SETTLEMENT_CLERK"},
    {"settlement.trial_balance.read", "AUTHORITY SETTLEMENT_CLERK SETTLEMENT_OFFICER"},

    // --- disclosure (domain.md 8, 9) ---
    {"disclosure.certificate.create", "EXCHANGE_CLERK"},
    {"disclosure.certificate.issue", "EXCHANGE_OFFICER"},
    {"disclosure.certificate.propose_revoke", "EXCHANGE_CLERK"},
    {"disclosure.certificate.read", "AUTHORITY BIDDER EXCHANGE_CLERK EXCHANGE_OFFICER TRANSFEROR"},
    {"disclosure.certificate.refuse", "EXCHANGE_OFFICER"},
    {"disclosure.certificate.revoke", "EXCHANGE_OFFICER"},
    {"disclosure.event.list", "EXCHANGE_OFFICER"},
    {"disclosure.notice.correct", "EXCHANGE_OFFICER"},
    {"disclosure.objection.accept", "EXCHANGE_CLERK"},
    {"disclosure.objection.create", "BIDDER OBJECTOR TRANSFEROR"},
    {"disclosure.objection.decide", "EXCHANGE_OFFICER"},
    {"disclosure.objection.dismiss", "EXCHANGE_OFFICER"},
    {"disclosure.objection.escalate", "*"},
    {"disclosure.objection.list", "*"},
    {"disclosure.objection.propose", "EXCHANGE_CLERK"},
    {"disclosure.objection.read", "*"},
    {"disclosure.objection.withdraw", "*"},

    // --- sandbox ---
    {"sandbox.clock.advance", "ADMINISTRATOR"},
};
// clang-format on

bool Holds(const Principal& principal, std::string_view roles) {
  if (roles == "*") return true;
  while (!roles.empty()) {
    const std::string_view role = roles.substr(0, roles.find(' '));
    if (principal.HasRole(role)) return true;
    roles.remove_prefix(std::min(role.size() + 1, roles.size()));
  }
  return false;
}

const PermissionRow* FindRow(std::string_view permission) {
  static const auto* const index = [] {
    auto* rows = new std::unordered_map<std::string_view, const PermissionRow*>;
    for (const PermissionRow& row : kTable) {
      TTX_CHECK(rows->emplace(row.permission, &row).second,
                "a permission has two rows: " + std::string(row.permission));
    }
    return rows;
  }();
  const auto it = index->find(permission);
  return it == index->end() ? nullptr : it->second;
}

}  // namespace

std::span<const PermissionRow> AllPermissions() { return kTable; }
std::span<const std::string_view> AllRoles() { return kRoles; }

bool KnownPermission(std::string_view permission) {
  return permission == "public" || permission == "internal" || FindRow(permission) != nullptr;
}

bool KnownRole(std::string_view role) {
  return std::find(std::begin(kRoles), std::end(kRoles), role) != std::end(kRoles);
}

bool Grants(const Principal& principal, std::string_view permission) {
  if (permission == "public") return true;
  if (permission == "internal") return principal.service();
  // Services follow each other's event logs and call nothing else (architecture.md section 6).
  if (principal.service()) return permission.ends_with(".event.list");
  if (principal.anonymous()) return false;
  const PermissionRow* row = FindRow(permission);
  return row != nullptr && Holds(principal, row->roles);
}

}  // namespace ttx::auth
