#include "tests/sim/workload.h"

#include <algorithm>

#include "libs/core/patent_number.h"
#include "libs/crypto/digest.h"

namespace ttx::sim {
namespace {

using contract::ContractState;
using contract::DealState;
using listing::IntentState;
using listing::ListingState;
using settlement::PayoutState;
using settlement::SettlementState;

constexpr const char* kAchievementTitle = "高导热碳纳米管复合薄膜制备技术";
constexpr int kMaxIdle = 40;
constexpr size_t kAll = 1'000'000;
// How long a step that was refused is left alone.
constexpr Duration kPatience = Hours(3);

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }
// Every auction here has one winner.
std::string DealOf(const listing::Listing& listing) {
  return listing.deals.empty() ? "" : listing.deals.front().id;
}
std::string NameOf(const std::string& collection, const std::string& id) { return collection + "/" + id; }

// The `number`-th of a series of granted patents, with its check digit.
std::string PatentNumber(uint64_t number) {
  const std::string digits = "ZL201710" + std::to_string(100'000 + number) + ".";
  std::string found;
  for (const char check : std::string_view("0123456789X")) {
    if (ParsePatentNumber(digits + check, "number").ok()) found = digits + check;
  }
  TTX_CHECK(!found.empty(), "no check digit fits");
  return found;
}

listing::AchievementContent AchievementOf(const Member& owner, const std::string& patent) {
  listing::AchievementContent content;
  content.title = kAchievementTitle;
  content.keywords = {"碳纳米管", "导热膜"};
  content.abstract_public = "一种高导热碳纳米管复合薄膜及其连续化制备方法";
  content.achievement_type = listing::AchievementType::kAppliedTechnology;
  content.attribute = listing::Attribute::kOriginal;
  content.stage = listing::Stage::kPilot;
  content.trl.level = 7;
  content.trl.standard = "GB/T 22900-2022";
  content.trl.assessor_type = listing::Assessor::kSelf;
  content.tech_field = "05";
  content.completing_units = {{owner.uscc, owner.legal_name, 1'000'000}};
  content.inventors.resize(1);
  content.inventors[0].display_name = "赵示范";
  content.ip_items.resize(1);
  content.ip_items[0].kind = listing::IpKind::kInvention;
  content.ip_items[0].number = patent;
  content.ip_items[0].title = kAchievementTitle;
  content.ip_items[0].status = listing::IpStatus::kGranted;
  content.ip_items[0].filing_date = "2017-07-21";
  content.ip_items[0].grant_date = "2019-11-05";
  content.ip_items[0].expiry_date = "2037-07-20";
  content.ip_items[0].owners = {owner.legal_name};
  content.ownership.nature = listing::OwnershipNature::kService;
  content.ownership.owners = {{owner.uscc, 1'000'000}};
  return content;
}

contract::Manifest ManifestOf(const contract::DealFacts& facts, Date today, int32_t due_workdays) {
  contract::Manifest manifest;
  manifest.project_name = facts.title;
  manifest.seller = {facts.seller, facts.seller_legal_name, "北京市海淀区一号", "王示范"};
  manifest.buyer = {facts.buyer, facts.buyer_legal_name, "上海市浦东新区二号", "李示范"};
  manifest.object = {facts.listing,     facts.listing_version, facts.title,  facts.kind,
                     facts.right_scope, facts.ip_numbers,      "专利权一项", "权利有效，无质押、无保全"};
  for (const std::string& number : facts.ip_numbers) {
    manifest.patents.push_back({number, facts.title, facts.seller_legal_name, facts.seller_legal_name,
                                "2017-07-21", number.substr(2), number, "2037-07-20"});
  }
  for (std::string* clause :
       {&manifest.content, &manifest.scope, &manifest.requirements, &manifest.schedule, &manifest.place,
        &manifest.method, &manifest.confidentiality, &manifest.result_ownership, &manifest.result_sharing,
        &manifest.acceptance_standard, &manifest.acceptance_method, &manifest.glossary,
        &manifest.breach_liability, &manifest.dispute_resolution}) {
    *clause = "按双方约定";
  }
  manifest.price = facts.price;
  manifest.currency_code = "CNY";
  const Fen equipment{facts.price.value / 20};
  manifest.items = {{"专利权及技术资料", contract::ItemKind::kTechnical, facts.price - equipment},
                    {"中试设备一套", contract::ItemKind::kNonTechnical, equipment}};
  manifest.payment.form = contract::PaymentForm::kLumpSum;
  manifest.payment.due_workdays = due_workdays;
  manifest.valid_until = FormatDate(today + 730);
  return manifest;
}

bool HasSigned(const std::vector<contract::Signature>& signatures, contract::Side side) {
  return std::any_of(signatures.begin(), signatures.end(),
                     [&](const contract::Signature& signature) { return signature.side == side; });
}

}  // namespace

Workload::Workload(World& world, Installation& services, Auditor& auditor, WorkloadOptions options)
    : world_(world),
      services_(services),
      auditor_(auditor),
      options_(options),
      cast_(MakeCast(world, services)) {
  for (size_t i = 0; i < options_.deals; ++i) deals_.push_back(MakePlan());
}

// --- What everybody intends ----------------------------------------------------------------------

BidderPlan Workload::MakeBidder(size_t enterprise) {
  BidderPlan bidder;
  bidder.enterprise = enterprise;
  bidder.bids = 1 + static_cast<int>(world_.Below(4));
  bidder.owner_silent = world_.Chance(200);
  if (Mischief(350)) {
    constexpr Paying kWays[] = {Paying::kNever,     Paying::kLate,           Paying::kShort,
                                Paying::kOtherName, Paying::kOtherReference, Paying::kTwice};
    bidder.paying = kWays[world_.Below(std::size(kWays))];
  }
  bidder.qualified = !Mischief(80);
  bidder.owner_objects = Mischief(120);
  bidder.withdraws = Mischief(80);
  if (Mischief(80)) bidder.bids = 0;
  return bidder;
}

DealPlan Workload::MakePlan() {
  DealPlan deal;
  deal.exchange = world_.Below(cast_.exchanges.size());
  deal.university = world_.Below(cast_.universities.size());
  deal.price = 10'000'000 + static_cast<int64_t>(world_.Below(80)) * 1'000'000;
  deal.step = 100'000 * (1 + static_cast<int64_t>(world_.Below(5)));
  constexpr listing::Mode kModes[] = {listing::Mode::kMulti, listing::Mode::kMulti, listing::Mode::kEnglish,
                                      listing::Mode::kDutch};
  deal.mode = kModes[world_.Below(std::size(kModes))];
  const bool may_reserve = deal.mode != listing::Mode::kDutch;  // which has a floor instead
  if (may_reserve && world_.Chance(500)) {
    deal.reserve = deal.price + deal.step * static_cast<int64_t>(world_.Below(10));
  }
  deal.suspends = Mischief(100);
  using auction::ForfeitCause;
  if (Mischief(200)) {
    deal.default_before = world_.Chance(500) ? ForfeitCause::kWithdrew : ForfeitCause::kMisconduct;
  }
  if (Mischief(200)) deal.default_after = ForfeitCause::kMisconduct;
  deal.withdraws = Mischief(30);
  deal.quotes = !Mischief(100);
  std::vector<size_t> enterprises(cast_.enterprises.size());
  for (size_t i = 0; i < enterprises.size(); ++i) enterprises[i] = i;
  std::shuffle(enterprises.begin(), enterprises.end(), world_.random);
  const size_t bidders = world_.Chance(60) ? 0 : world_.Chance(200) ? 1 : 2 + world_.Below(3);
  for (size_t i = 0; i < bidders; ++i) deal.bidders.push_back(MakeBidder(enterprises[i]));
  deal.objector = enterprises.back();
  if (Mischief(150)) deal.leaves_unsigned = static_cast<Unsigned>(1 + world_.Below(4));
  if (Mischief(250)) {
    constexpr Paying kWays[] = {Paying::kNever, Paying::kLate, Paying::kOtherName, Paying::kInParts,
                                Paying::kTooMuch};
    deal.paying = kWays[world_.Below(std::size(kWays))];
  }
  deal.registry_refuses = Mischief(150);
  deal.registry_asks = Mischief(150);
  if (Mischief(300)) deal.objecting = static_cast<Objecting>(1 + world_.Below(4));
  if (!options_.mischief && world_.Chance(200)) deal.objecting = Objecting::kRejected;
  deal.objects_to = world_.Chance(500) ? disclosure::NoticeType::kN7 : disclosure::NoticeType::kN8;
  return deal;
}

// --- Running -------------------------------------------------------------------------------------

void Workload::Run() {
  while (steps_ < options_.max_steps && StepOnce()) {
    if (steps_ % options_.steps_per_audit == 0) auditor_.Audit();
  }
  world_.Settle();
  auditor_.Audit();
  auditor_.AuditAtRest();
}

bool Workload::StepOnce() {
  ++steps_;
  if (options_.mischief) Interfere();
  std::vector<size_t> order(deals_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), world_.random);
  bool done = false;
  for (const size_t index : order) {
    if ((done = Try(deals_[index]))) break;
  }
  if (!done || world_.Chance(300)) {
    Actions actions = OpenToTreasury();
    if (!actions.empty()) {
      const Action& action = actions[world_.Below(actions.size())];
      if (!action.run()) treasury_refused_[action.name] = world_.clock.Now() + kPatience;
      done = true;
    }
  }
  const uint64_t writes = world_.writes;
  if (!done || world_.Chance(300)) {
    world_.Settle();
  } else {
    for (uint64_t i = world_.Below(4); i > 0; --i) {
      auto it = world_.nodes().begin();
      std::advance(it, static_cast<ptrdiff_t>(world_.Below(world_.nodes().size())));
      it->second->Pump();
    }
  }
  if (done) {
    idle_ = 0;
    return true;
  }
  // What the services have just done may have opened a step.
  if (world_.writes != writes) return true;
  Pass();
  const bool all_over =
      std::all_of(deals_.begin(), deals_.end(), [this](const DealPlan& deal) { return IsOver(deal); });
  return ++idle_ < (all_over ? 3 : kMaxIdle);
}

bool Workload::Try(DealPlan& deal) {
  if (world_.clock.Now() < deal.asleep) return false;
  Actions actions = OpenTo(deal);
  std::erase_if(actions, [&](const Action& action) {
    const auto it = deal.refused.find(action.name);
    return it != deal.refused.end() && world_.clock.Now() < it->second;
  });
  if (actions.empty()) return false;
  if (Mischief(15)) {
    deal.asleep = world_.clock.Now() + Hours(1 + static_cast<int64_t>(world_.Below(72)));
    return true;
  }
  const Action& action = actions[world_.Below(actions.size())];
  if (!action.run()) deal.refused[action.name] = world_.clock.Now() + kPatience;
  return true;
}

// Nobody can do anything: on to the next instant at which something changes by itself.
void Workload::Pass() {
  const Time now = world_.clock.Now();
  std::optional<Time> next;
  const auto consider = [&](Time time) {
    if (time > now && (!next || time < *next)) next = time;
  };
  for (const auto& [name, node] : world_.nodes()) {
    for (const storage::Due& due : storage::ReadDue(node->disk(), Time{INT64_MAX - 1}, 1000)) {
      if (due.subject != "heartbeat") consider(due.time);
    }
  }
  for (const DealPlan& deal : deals_) {
    consider(deal.asleep);
    for (const auto& [action, time] : deal.refused) consider(time);
    for (const BidderPlan& bidder : deal.bidders) {
      if (bidder.paying != Paying::kLate || deal.listing.empty()) continue;
      const auto intent = listing::FindIntentOf(Disk("listing"), deal.listing,
                                                cast_.enterprises[bidder.enterprise].organization);
      if (intent) consider(intent->deposit_due_time + Minutes(30));
    }
  }
  for (const auto& [action, time] : treasury_refused_) consider(time);
  world_.clock.Set(next.value_or(now + Hours(1)) + Milliseconds(1));
  world_.Settle();
}

// What people do besides, and time that goes by.
void Workload::Interfere() {
  if (world_.Chance(50)) world_.Resend();
  if (world_.Chance(60)) world_.Advance(Milliseconds(static_cast<int64_t>(world_.Below(600'000))));
  if (world_.Chance(4)) world_.Advance(Hours(1 + static_cast<int64_t>(world_.Below(60))));
}

listing::Listing Workload::ListingOf(const DealPlan& deal) const {
  if (deal.listing.empty()) return {};
  return listing::LoadListing(Disk("listing"), deal.listing).value();
}

const Member* Workload::Enterprise(const std::string& organization) const {
  for (const Member& member : cast_.enterprises) {
    if (member.organization == organization) return &member;
  }
  return nullptr;
}

bool Workload::IsOver(const DealPlan& deal) const {
  if (deal.listing.empty()) return false;
  const listing::Listing listing = ListingOf(deal);
  if (listing::IsOver(listing.state)) return true;
  // An objection that was upheld stops a deal for good, whatever had been done before.
  if (deal.objection.empty()) return false;
  const auto objection = disclosure::LoadObjection(Disk("disclosure"), {deal.objection});
  return objection && objection->state == disclosure::ObjectionState::kUpheld;
}

bool Workload::IsComplete(const DealPlan& deal) const {
  const listing::Listing listing = ListingOf(deal);
  if (listing.state != ListingState::kClosed) return false;
  const auto id =
      disclosure::FindCertificate(Disk("disclosure"), DealOf(listing), disclosure::CertificateType::kTxn);
  if (!id) return false;
  return disclosure::LoadCertificate(Disk("disclosure"), *id)->state == disclosure::CertificateState::kValid;
}

std::string Workload::Describe(const DealPlan& deal) const {
  const listing::Listing listing = ListingOf(deal);
  std::string text = std::string(deal.listing.empty() ? "no listing" : listing::StateName(listing.state)) +
                     " " + listing.reason + " bidders=" + std::to_string(deal.bidders.size());
  if (listing.deals.empty()) return text;
  if (const auto facts = contract::LoadDeal(Disk("contract"), {IdOf(DealOf(listing))})) {
    text += " deal=" + contract::NameOf(facts->state);
    if (const auto id = contract::FindContractOfDeal(Disk("contract"), facts->id)) {
      const auto signed_contract = contract::LoadContract(Disk("contract"), *id);
      text += " contract=" + contract::NameOf(signed_contract->state);
      const auto registration =
          contract::FindRegistrationOfHash(Disk("contract"), signed_contract->hashes.sha256);
      if (registration) {
        text += " registration=" +
                contract::NameOf(contract::LoadRegistration(Disk("contract"), *registration)->state);
      }
    }
  }
  if (const auto money = settlement::FindSettlement(Disk("settlement"), DealOf(listing))) {
    text += " settlement=" + std::string(settlement::StateName(settlement::ShownState(*money)));
  }
  return text;
}

// --- Which steps are open ------------------------------------------------------------------------

Workload::Actions Workload::OpenTo(DealPlan& deal) {
  Actions out;
  if (deal.achievement.empty()) {
    out.push_back({"CreateAchievement", [this, &deal] { return CreateAchievement(deal); }});
    return out;
  }
  if (deal.listing.empty()) {
    OnAchievement(deal, out);
    return out;
  }
  const listing::Listing listing = ListingOf(deal);
  switch (listing.state) {
    case ListingState::kDraft:
    case ListingState::kSubmitted:
    case ListingState::kUnderReview:
    case ListingState::kApproved:
      OnApplication(deal, listing, out);
      break;
    case ListingState::kListed:
    case ListingState::kSuspended:
      OnPeriod(deal, listing, out);
      break;
    case ListingState::kQualifying:
    case ListingState::kSingleBidder:
      OnIntents(deal, listing, out);
      break;
    case ListingState::kBiddingScheduled:
    case ListingState::kBidding:
      OnBidding(deal, listing, out);
      break;
    case ListingState::kDealPending:
    case ListingState::kDealSigned:
      OnSold(deal, listing, out);
      OnConfirmation(deal, listing, out);
      OnSettlement(deal, listing, out);
      OnObjection(deal, listing, out);
      OnCertificate(deal, listing, out);
      break;
    case ListingState::kRejected:
    case ListingState::kTerminated:
    case ListingState::kWithdrawn:
    case ListingState::kClosed:
    case ListingState::kExpired:
    case ListingState::kDefaulted:
      if (!deal.objection.empty()) OnObjection(deal, listing, out);
      break;
  }
  return out;
}

bool Workload::CreateAchievement(DealPlan& deal) {
  const Principal owner = SellerOf(deal).client;
  const auto content = AchievementOf(SellerOf(deal), PatentNumber(next_number_++));
  const auto id = Ask(
      "listing", owner, "CreateAchievement",
      [this, owner, content](storage::Txn& txn) {
        return services_.listing.CreateAchievement(txn, owner, content);
      },
      [](const listing::Achievement& achievement) { return achievement.id.text; });
  if (id.ok()) deal.achievement = *id;
  return id.ok();
}

void Workload::OnAchievement(DealPlan& deal, Actions& out) {
  const Principal owner = SellerOf(deal).client;
  const Exchange& exchange = ExchangeOf(deal);
  const listing::Target target{deal.achievement, ""};
  const auto seen = services_.listing.GetAchievement(Disk("listing"), owner, deal.achievement);
  TTX_CHECK(seen.ok(), "an achievement its owner does not see");
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method, [this, method, caller, run] {
                     return Do("listing", caller, method, [run](storage::Txn& txn) { return run(txn); });
                   }});
  };
  const listing::ListingApp& app = services_.listing;
  switch (seen->value.state) {
    case listing::AchievementState::kDraft:
      add("SubmitAchievement", owner,
          [&app, owner, target, name = exchange.member.organization](storage::Txn& txn) {
            return app.SubmitAchievement(txn, owner, target, name);
          });
      return;
    case listing::AchievementState::kSecrecyReview:
      add("ClearAchievement", exchange.secrecy_reviewer,
          [&app, caller = exchange.secrecy_reviewer, target](storage::Txn& txn) {
            return app.ClearAchievement(txn, caller, target, listing::Secrecy::kNonSecret, "");
          });
      return;
    case listing::AchievementState::kRightsCheck:
      add("PassRights", exchange.rights_reviewer,
          [&app, caller = exchange.rights_reviewer, target](storage::Txn& txn) {
            return app.PassRights(txn, caller, target);
          });
      return;
    case listing::AchievementState::kRegistered:
      add("PublishAchievement", owner,
          [&app, owner, target](storage::Txn& txn) { return app.PublishAchievement(txn, owner, target); });
      return;
    case listing::AchievementState::kPublished:
      out.push_back({"CreateListing", [this, &deal] { return CreateListing(deal); }});
      return;
    case listing::AchievementState::kListed:
    case listing::AchievementState::kTransferred:
    case listing::AchievementState::kSealed:
    case listing::AchievementState::kWithdrawn:
      return;
  }
}

bool Workload::CreateListing(DealPlan& deal) {
  listing::ListingApp::CreateListingInput input;
  input.exchange = ExchangeOf(deal).member.organization;
  input.profile = world_.Chance(700) ? "PUBLIC_RDI" : "PRIVATE";
  input.achievement = deal.achievement;
  listing::ListingContent& content = input.content;
  content.title = kAchievementTitle;
  content.right_scope.kind =
      world_.Chance(600) ? listing::Kind::kTransferPatent : listing::Kind::kLicenseExclusive;
  content.listed_price = {deal.price};
  content.listing_days = 5 + static_cast<int32_t>(world_.Below(6));
  if (world_.Chance(300)) content.closing_hour = 17;
  if (world_.Chance(300)) content.auto_extend = {true, 1, 5, 1};
  listing::Rules& rules = content.rules;
  rules.mode = deal.mode;
  content.is_single_bidder_open = true;
  rules.start_price = {deal.price};
  rules.increments = {{{deal.price}, {deal.step}}};
  if (Mischief(300)) rules.increments.push_back({{deal.price + deal.step * 10}, {deal.step * 2}});
  rules.multiple_base =
      world_.Chance(500) ? bidding::MultipleBase::kFromStart : bidding::MultipleBase::kFromCurrent;
  rules.free_period = Minutes((Mischief(100) ? 10 : 60) + static_cast<int64_t>(world_.Below(120)));
  if (world_.Chance(300)) rules.preparation = Minutes(5);
  rules.cycle = Seconds(60 + static_cast<int64_t>(world_.Below(600)));
  rules.limited_entry = static_cast<bidding::LimitedEntry>(world_.Below(3));
  rules.max_steps_per_bid = static_cast<int32_t>(world_.Below(30));
  rules.self_outbid = world_.Chance(300);
  const bool falls = deal.mode == listing::Mode::kDutch;
  if (falls) rules.dutch = {{deal.step}, {}, Minutes(2), {deal.price / 2}};
  if (!falls && world_.Chance(250)) rules.cap = Fen{deal.price + deal.step * 40};
  content.deposit.amount = {deal.price / 10};
  content.deposit.guarantee = "保证内容";
  content.deposit.disposal = "处置方法";
  content.payment_terms = "一次总付";
  content.contact = "王老师";
  input.reserve = {deal.reserve};
  const Principal owner = SellerOf(deal).client;
  const auto id = Ask(
      "listing", owner, "CreateListing",
      [this, owner, input](storage::Txn& txn) { return services_.listing.CreateListing(txn, owner, input); },
      [](const listing::Listing& listing) { return listing.id.text; });
  if (id.ok()) deal.listing = *id;
  return id.ok();
}

void Workload::OnApplication(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const Principal owner = SellerOf(deal).client;
  const Exchange& exchange = ExchangeOf(deal);
  const listing::Target target{deal.listing, ""};
  const listing::ListingApp& app = services_.listing;
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method, [this, method, caller, run] { return Do("listing", caller, method, run); }});
  };
  const auto approve = [&](const char* name, const Principal& reviewer, listing::Review review) {
    add(name, reviewer, [&app, reviewer, target, review](storage::Txn& txn) {
      return app.ApproveListing(txn, reviewer, target, review);
    });
  };
  switch (listing.state) {
    case ListingState::kDraft:
      add("SubmitListing", owner,
          [&app, owner, target](storage::Txn& txn) { return app.SubmitListing(txn, owner, target); });
      return;
    case ListingState::kSubmitted:
      add("AcceptListing", exchange.clerk(), [&app, caller = exchange.clerk(), target](storage::Txn& txn) {
        return app.AcceptListing(txn, caller, target);
      });
      return;
    case ListingState::kUnderReview:
      // Whoever made one review leaves the other to a colleague.
      if (listing.business_reviewer.empty()) {
        const bool made = listing.compliance_reviewer == exchange.business_reviewer.person;
        approve("ApproveBusiness", made ? exchange.officer : exchange.business_reviewer,
                listing::Review::kBusiness);
      }
      if (listing.compliance_reviewer.empty()) {
        approve("ApproveCompliance", exchange.compliance_reviewer, listing::Review::kCompliance);
      }
      // One person for both reviews must be refused.
      if (Mischief(50)) approve("ApproveTwice", exchange.business_reviewer, listing::Review::kCompliance);
      return;
    default:
      add("PublishListing", exchange.officer, [&app, caller = exchange.officer, target](storage::Txn& txn) {
        return app.PublishListing(txn, caller, target);
      });
  }
}

void Workload::OnPeriod(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const Exchange& exchange = ExchangeOf(deal);
  const listing::Target target{deal.listing, ""};
  const listing::ListingApp& app = services_.listing;
  const bool listed = listing.state == ListingState::kListed;
  if (listing.proposal.action != listing::Action::kNone) {
    out.push_back({"ConfirmListing", [this, &app, caller = exchange.clerk(), target] {
                     return Do("listing", caller, "ConfirmListing",
                               [&app, caller, target](storage::Txn& txn) {
                                 return app.ConfirmListing(txn, caller, target);
                               });
                   }});
  } else if (!listed || (deal.suspends && world_.Chance(200))) {
    const listing::Action action = !listed              ? listing::Action::kResume
                                   : world_.Chance(200) ? listing::Action::kTerminate
                                                        : listing::Action::kSuspend;
    deal.suspends = false;
    out.push_back({"ProposeForListing", [this, &app, caller = exchange.officer, target, action] {
                     return Do("listing", caller, "ProposeForListing",
                               [&app, caller, target, action](storage::Txn& txn) {
                                 return app.ProposeForListing(
                                     txn, caller, target, action,
                                     action == listing::Action::kResume ? "" : "OWNERSHIP_DISPUTE", "说明");
                               });
                   }});
  }
  if (!listed) return;
  if (deal.withdraws) {
    out.push_back({"WithdrawListing", [this, &app, owner = SellerOf(deal).client, target] {
                     return Do("listing", owner, "WithdrawListing", [&app, owner, target](storage::Txn& txn) {
                       return app.WithdrawListing(txn, owner, target);
                     });
                   }});
  }
  for (const BidderPlan& bidder : deal.bidders) {
    const Member& member = cast_.enterprises[bidder.enterprise];
    if (listing::FindIntentOf(Disk("listing"), deal.listing, member.organization) && !Mischief(20)) continue;
    out.push_back(
        {"CreateIntent" + member.organization, [this, &app, caller = member.client, id = deal.listing] {
           const auto name = Ask(
               "listing", caller, "CreateIntent",
               [&app, caller, id](storage::Txn& txn) {
                 return app.CreateIntent(txn, caller, id, {"本公司符合公告条件", "业务部", {}});
               },
               [](const listing::Intent& intent) { return intent.id.text; });
           if (!name.ok()) return false;
           auditor_.Remember("intent " + *name, [this, id, made = *name]() -> std::optional<std::string> {
             if (listing::LoadIntent(Disk("listing"), id, made)) return std::nullopt;
             return "an acknowledged intent is gone";
           });
           return true;
         }});
  }
}

void Workload::OnIntents(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const listing::ListingApp& app = services_.listing;
  size_t undecided = 0;
  size_t qualified = 0;
  for (BidderPlan& bidder : deal.bidders) {
    const Member& member = cast_.enterprises[bidder.enterprise];
    const auto intent = listing::FindIntentOf(Disk("listing"), deal.listing, member.organization);
    if (!intent) continue;
    if (listing::IsUndecided(intent->state)) ++undecided;
    if (intent->state == IntentState::kQualified) ++qualified;
    OnIntent(deal, listing, bidder, *intent, out);
    if (listing.state == ListingState::kSingleBidder && deal.quotes &&
        listing.single_intent == intent->name()) {
      out.push_back(
          {"QuoteListing", [this, &app, caller = member.client, id = deal.listing,
                            price = Fen{Mischief(100) ? deal.price : std::max(deal.price, deal.reserve)}] {
             return Do("listing", caller, "QuoteListing", [&app, caller, id, price](storage::Txn& txn) {
               return app.QuoteListing(txn, caller, {id, ""}, price);
             });
           }});
    }
  }
  if (listing.state != ListingState::kQualifying || undecided > 0 || qualified == 0) return;
  out.push_back({"ScheduleBidding", [this, &app, caller = ExchangeOf(deal).officer, id = deal.listing,
                                     ahead = Minutes(static_cast<int64_t>(world_.Below(6000)))] {
                   // The earliest, or one that may leave too little notice.
                   const Time start = ahead < Minutes(3000) ? Time{} : world_.clock.Now() + ahead;
                   return Do("listing", caller, "ScheduleBidding",
                             [&app, caller, id, start](storage::Txn& txn) {
                               return app.ScheduleBidding(txn, caller, {id, ""}, start);
                             });
                 }});
}

void Workload::OnIntent(DealPlan& deal, const listing::Listing& listing, BidderPlan& bidder,
                        const listing::Intent& intent, Actions& out) {
  const listing::ListingApp& app = services_.listing;
  const listing::IntentTarget target{deal.listing, intent.id.text, ""};
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method + intent.id.text,
                   [this, method, caller, run] { return Do("listing", caller, method, run); }});
  };
  const Exchange& exchange = ExchangeOf(deal);
  const Principal owner = SellerOf(deal).client;
  if (bidder.withdraws && !listing::IsOver(intent.state) && world_.Chance(150)) {
    const Principal caller = cast_.enterprises[bidder.enterprise].client;
    add("WithdrawIntent", caller,
        [&app, caller, target](storage::Txn& txn) { return app.WithdrawIntent(txn, caller, target); });
  }
  switch (intent.state) {
    case IntentState::kRegistered:
      if (listing.state != ListingState::kQualifying) return;
      add("GiveOpinion", exchange.clerk(),
          [&app, caller = exchange.clerk(), target, good = bidder.qualified](storage::Txn& txn) {
            return app.GiveOpinion(txn, caller, target, good, good ? "符合公告条件" : "不符合公告条件");
          });
      return;
    case IntentState::kOpinionSent:
      if (bidder.owner_silent) return;
      if (bidder.owner_objects) {
        add("ObjectIntent", owner, [&app, owner, target](storage::Txn& txn) {
          return app.ObjectIntent(txn, owner, target, "有异议");
        });
      } else {
        add("ConsentIntent", owner,
            [&app, owner, target](storage::Txn& txn) { return app.ConsentIntent(txn, owner, target); });
      }
      return;
    case IntentState::kDisputed:
      add("DecideDispute", exchange.officer,
          [&app, caller = exchange.officer, target, good = bidder.qualified](storage::Txn& txn) {
            return app.DecideDispute(txn, caller, target, good, "经复核");
          });
      return;
    case IntentState::kConfirmed:
      OnDeposit(deal, bidder, intent, out);
      return;
    case IntentState::kDisqualified:
    case IntentState::kQualified:
    case IntentState::kAbandoned:
    case IntentState::kReleased:
    case IntentState::kBreached:
      return;
  }
}

void Workload::OnDeposit(DealPlan& deal, BidderPlan& bidder, const listing::Intent& intent, Actions& out) {
  const auto deposit = settlement::FindDeposit(Disk("settlement"), intent.name());
  if (!deposit || deposit->state != settlement::DepositState::kExpected) return;
  const int most = bidder.paying == Paying::kNever ? 0 : bidder.paying == Paying::kTwice ? 2 : 1;
  if (bidder.notices >= most) return;
  if (bidder.paying == Paying::kLate && world_.clock.Now() < intent.deposit_due_time) return;
  out.push_back({"PayDeposit" + intent.id.text, [this, &deal, &bidder, intent] {
                   ++bidder.notices;
                   const bool other = bidder.paying == Paying::kOtherName;
                   return Pay(deal, other ? "某不相干公司" : intent.legal_name, settlement::Escrow::kDeposit,
                              intent.deposit.value - (bidder.paying == Paying::kShort ? 1 : 0),
                              intent.reference, Duration{}, bidder.paying);
                 }});
}

bool Workload::Pay(DealPlan& deal, const std::string& payer_name, settlement::Escrow account, int64_t fen,
                   const std::string& reference, Duration ago, Paying paying) {
  const bool lost_reference = paying == Paying::kOtherReference;
  settlement::Receipt receipt;
  receipt.bank_reference = "B" + std::to_string(next_number_++);
  // The bank names the exchange's account when the text of the payer says nothing.
  if (lost_reference || world_.Chance(500)) receipt.exchange = ExchangeOf(deal).member.organization;
  receipt.account = account;
  receipt.payer_name = payer_name;
  receipt.payer_account = "6222" + std::to_string(1'000'000 + payer_name.size());
  receipt.amount = {fen};
  receipt.arrive_time = world_.clock.Now() - ago;
  receipt.reference = lost_reference ? "保证金" : reference;
  const Principal bank = cast_.bank.client;
  const auto report = [&](const settlement::Receipt& notice) {
    return Ask(
        "settlement", bank, "CreateBankNotice",
        [this, bank, notice](storage::Txn& txn) {
          return services_.settlement.CreateBankNotice(txn, bank, notice);
        },
        [](const settlement::Notice& made) { return made.id.text; });
  };
  const auto id = report(receipt);
  if (!id.ok()) return false;
  auditor_.Remember("bank notice " + *id, [this, id = *id, fen]() -> std::optional<std::string> {
    const auto notice = settlement::LoadNotice(Disk("settlement"), {id});
    if (notice && notice->receipt.amount.value == fen) return std::nullopt;
    return "an acknowledged bank notice is gone or another one";
  });
  // The bank's system repeats itself, and sometimes says something else the second time.
  if (paying == Paying::kTwice || Mischief(60)) {
    const auto again = report(receipt);
    if (again.ok() && *again != *id) world_.violations.push_back("E6 one receipt made two notices");
    settlement::Receipt other = receipt;
    other.amount = {fen + 1};
    if (report(other).ok()) world_.violations.push_back("E6 a bank reference was taken with another amount");
  }
  return true;
}

// --- Bidding -------------------------------------------------------------------------------------

void Workload::OnBidding(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const std::string id = IdOf(listing.auction);
  const auto stored = auction::LoadAuction(Disk("auction"), services_.auction.vault(), {id});
  if (!stored) return;
  const auction::Auction& session = stored->auction;
  OnDefault(deal, session, out);
  const bool open = session.state == auction::State::kFree || session.state == auction::State::kLimited ||
                    session.state == auction::State::kEnglish || session.state == auction::State::kDutch;
  if (!open && !Mischief(10)) return;
  if (open && !session.leading && !options_.mischief &&
      std::none_of(deal.bidders.begin(), deal.bidders.end(), [](const BidderPlan& b) { return b.bids > 0; }))
    return;
  for (BidderPlan& bidder : deal.bidders) {
    const auto known =
        auction::FindBidder(Disk("auction"), services_.auction.vault(), {id},
                            cast_.enterprises[bidder.enterprise].organization);
    const bool leads = known && session.leading && session.leading->code == known->code;
    if (bidder.bids <= 0 || (!known && !Mischief(50)) || (leads && !Mischief(100))) continue;
    out.push_back({"PlaceBid", [this, &deal, &bidder, id] { return PlaceBid(deal, bidder, id) || true; }});
  }
}

void Workload::OnSold(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const auto stored = auction::LoadAuction(Disk("auction"), services_.auction.vault(), {IdOf(listing.auction)});
  if (stored) OnDefault(deal, stored->auction, out);  // a single bidder needs no auction
}

// One person of the exchange asks for a default, another confirms it; whoever does both is refused.
void Workload::OnDefault(DealPlan& deal, const auction::Auction& session, Actions& out) {
  const auction::AuctionApp& app = services_.auction;
  const Exchange& exchange = ExchangeOf(deal);
  const auction::AuctionId id = session.id();
  if (session.pending && session.pending->act == auction::Act::kDeclareDefault) {
    const Principal caller = Mischief(100) ? exchange.clerk() : exchange.officer;
    const auction::AuctionApp::ConfirmActInput input{id, auction::Act::kDeclareDefault,
                                                     auction::ActEtag(*session.pending)};
    int& count = session.state == auction::State::kClosed ? defaults_.after_close : defaults_.before_close;
    out.push_back({"ConfirmDefault", [this, &app, &count, caller, input] {
                     const bool done =
                         Do("auction", caller, "ConfirmDefault",
                            [&app, caller, input](storage::Txn& txn) { return app.ConfirmAct(txn, caller, input); });
                     count += done ? 1 : 0;
                     return done;
                   }});
    return;
  }
  const bool closed = session.state == auction::State::kClosed;
  std::optional<auction::ForfeitCause>& cause = closed ? deal.default_after : deal.default_before;
  if (!cause || deal.bidders.empty()) return;
  // Before the close anybody, and rather who leads; after it the winner.
  const BidderPlan& accused = deal.bidders[world_.Below(deal.bidders.size())];
  const auto known = auction::FindBidder(Disk("auction"), app.vault(), id,
                                         cast_.enterprises[accused.enterprise].organization);
  const bool leads = session.leading && (closed || world_.Chance(500));
  if (!leads && !known) return;
  const std::string code = leads ? session.leading->code : known->code;
  const auction::AuctionApp::RequestActInput input{id, auction::Act::kDeclareDefault, "经查实", {}, code, *cause};
  out.push_back({"RequestDefault", [this, &app, &cause, caller = exchange.clerk(), input] {
                   cause.reset();
                   return Do("auction", caller, "RequestDefault",
                             [&app, caller, input](storage::Txn& txn) { return app.RequestAct(txn, caller, input); });
                 }});
}

bool Workload::PlaceBid(DealPlan& deal, BidderPlan& bidder, const std::string& auction_id) {
  const auction::Auction session =
      auction::LoadAuction(Disk("auction"), services_.auction.vault(), {auction_id})->auction;
  int64_t fen = auction::MinAcceptable(session, world_.clock.Now()).value_or(Fen{deal.price}).value;
  const bool falls = deal.mode == listing::Mode::kDutch;  // only the price that holds now is taken
  if (!falls) fen += deal.step * static_cast<int64_t>(world_.Below(3));
  // The first to bid means it: what it offers is enough for the owner.
  if (!session.leading) fen = std::max(fen, deal.reserve);
  if (session.rules().cap) fen = std::min(fen, session.rules().cap->value);
  if (Mischief(60)) fen += 1;
  if (Mischief(40)) fen -= deal.step * 2;
  if (Mischief(40)) fen += deal.step * 50;
  const Principal caller = cast_.enterprises[bidder.enterprise].client;
  auction::AuctionApp::PlaceBidInput input{{auction_id}, {fen}, "", !Mischief(200)};
  const auto known =
      auction::FindBidder(Disk("auction"), services_.auction.vault(), {auction_id}, caller.organization);
  if (known && world_.Chance(300)) input.claimed_code = known->code;
  if (Mischief(20)) input.claimed_code = "00000";
  --bidder.bids;
  const auto answer = Ask(
      "auction", caller, "PlaceBid",
      [this, caller, input](storage::Txn& txn) { return services_.auction.PlaceBid(txn, caller, input); },
      [](const auction::AuctionApp::PlacedBid& placed) {
        return std::to_string(placed.bid.number) + " " + placed.bid.code + " " +
               std::to_string(placed.bid.price.value);
      });
  if (!answer.ok()) return false;
  const std::string code = answer->substr(answer->find(' ') + 1, 5);
  auditor_.RememberBid(auction_id, std::stoll(*answer), code, fen);
  return true;
}

// --- Contract ------------------------------------------------------------------------------------

contract::SignatureInput Workload::Sign(const Key& key, const std::string& text) const {
  return {.document_hash =
              crypto::Hex(key.suite == crypto::Suite::kSm2Sm3 ? crypto::Sm3(text) : crypto::Sha256(text)),
          .key_id = key.fingerprint,
          .suite = std::string(crypto::SuiteId(key.suite)),
          .value = crypto::Sign(key.suite, key.pair.private_pem, text).value()};
}

void Workload::OnConfirmation(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const auto facts = contract::LoadDeal(Disk("contract"), {IdOf(DealOf(listing))});
  if (!facts || contract::IsOver(*facts) || facts->suspended()) return;
  const contract::ContractApp& app = services_.contract;
  const auto sign = [&](const char* who, const Principal& caller, const Key& key) {
    out.push_back({who, [this, &app, caller, &key, id = facts->id, text = facts->confirmation] {
                     const auto input = Sign(key, text);
                     return Do("contract", caller, "SignConfirmation",
                               [&app, caller, id, input](storage::Txn& txn) {
                                 return app.SignConfirmation(txn, caller, id, input);
                               });
                   }});
  };
  if (facts->state == DealState::kPending || facts->state == DealState::kPartial) {
    const Exchange& exchange = ExchangeOf(deal);
    const Member* buyer = Enterprise(facts->facts.buyer);
    if (!HasSigned(facts->signatures, contract::Side::kExchange))
      sign("ConfirmExchange", exchange.officer, exchange.member.key);
    if (!HasSigned(facts->signatures, contract::Side::kBuyer) &&
        deal.leaves_unsigned != Unsigned::kConfirmation) {
      sign("ConfirmBuyer", buyer->client, buyer->key);
    }
    return;
  }
  const auto id = contract::FindContractOfDeal(Disk("contract"), facts->id);
  if (!id) {
    if (deal.leaves_unsigned == Unsigned::kDraft) return;
    out.push_back({"Draft", [this, &deal, facts = *facts] { return Draft(deal, facts); }});
    return;
  }
  OnContract(deal, *facts, *contract::LoadContract(Disk("contract"), *id), out);
}

bool Workload::Draft(DealPlan& deal, const contract::Deal& facts) {
  const Principal seller = SellerOf(deal).client;
  auto manifest =
      ManifestOf(facts.facts, DateInShanghai(world_.clock.Now()), 3 + static_cast<int32_t>(world_.Below(6)));
  if (Mischief(50)) manifest.price = manifest.price + Fen{1};
  return Do("contract", seller, "CreateContract", [this, seller, id = facts.id, manifest](storage::Txn& txn) {
    return services_.contract.Create(txn, seller, id, manifest);
  });
}

void Workload::OnContract(DealPlan& deal, const contract::Deal& facts, const contract::Contract& contract,
                          Actions& out) {
  const Member& seller = SellerOf(deal);
  const Member& buyer = *Enterprise(contract.buyer);
  switch (contract.state) {
    case ContractState::kDrafted:
    case ContractState::kNegotiating:
      OnText(deal, facts, contract, out);
      return;
    case ContractState::kReady:
    case ContractState::kPartial:
      if (!HasSigned(contract.signatures, contract::Side::kSeller) &&
          deal.leaves_unsigned != Unsigned::kBySeller) {
        AddSigning(seller, contract, out);
      }
      if (!HasSigned(contract.signatures, contract::Side::kBuyer) &&
          deal.leaves_unsigned != Unsigned::kByBuyer) {
        AddSigning(buyer, contract, out);
      }
      return;
    case ContractState::kEffective:
      OnRegistration(deal, contract, out);
      return;
    case ContractState::kSigned:
    case ContractState::kCompleted:
    case ContractState::kExpired:
    case ContractState::kTerminated:
      return;
  }
}

void Workload::OnText(DealPlan& deal, const contract::Deal& facts, const contract::Contract& contract,
                      Actions& out) {
  const contract::ContractApp& app = services_.contract;
  const Member& seller = SellerOf(deal);
  if (contract.manifest.price != facts.facts.price || Mischief(40)) {
    const auto manifest = ManifestOf(facts.facts, DateInShanghai(world_.clock.Now()),
                                     3 + static_cast<int32_t>(world_.Below(6)));
    out.push_back({"UpdateContract", [this, &app, caller = seller.client, id = contract.id, manifest] {
                     return Do("contract", caller, "UpdateContract",
                               [&app, caller, id, manifest](storage::Txn& txn) {
                                 return app.Update(txn, caller, id, manifest, "");
                               });
                   }});
  }
  for (const auto& [side, member] : {std::pair(contract::Side::kSeller, &seller),
                                     std::pair(contract::Side::kBuyer, Enterprise(contract.buyer))}) {
    const bool accepted =
        std::any_of(contract.acceptances.begin(), contract.acceptances.end(),
                    [&, wanted = side](const auto& acceptance) { return acceptance.side == wanted; });
    if (accepted) continue;
    out.push_back({"AcceptText" + member->organization,
                   [this, &app, caller = member->client, id = contract.id, hash = contract.hashes.sha256] {
                     return Do("contract", caller, "AcceptText", [&app, caller, id, hash](storage::Txn& txn) {
                       return app.AcceptText(txn, caller, id, hash);
                     });
                   }});
  }
  if (contract.acceptances.size() < 2 && !Mischief(50)) return;
  out.push_back({"Freeze", [this, &app, caller = ExchangeOf(deal).clerk(), id = contract.id] {
                   return Do("contract", caller, "Freeze", [&app, caller, id](storage::Txn& txn) {
                     return app.Freeze(txn, caller, id, "");
                   });
                 }});
}

void Workload::AddSigning(const Member& member, const contract::Contract& contract, Actions& out) {
  out.push_back(
      {"Sign" + member.organization, [this, &member, id = contract.id, text = contract.frozen_text] {
         const auto input = Sign(member.key, text);
         const bool accepted =
             Do("contract", member.client, "SignContract", [this, &member, id, input](storage::Txn& txn) {
               return services_.contract.Sign(txn, member.client, id, input);
             });
         if (accepted) RememberSignature(id, member.organization);
         return accepted;
       }});
}

void Workload::RememberSignature(const contract::ContractId& id, const std::string& organization) {
  auditor_.Remember("signature " + id.text, [this, id, organization]() -> std::optional<std::string> {
    const auto stored = contract::LoadContract(Disk("contract"), id);
    if (stored) {
      for (const contract::Signature& signature : stored->signatures) {
        if (signature.organization == organization) return std::nullopt;
      }
    }
    return "an acknowledged signature is gone";
  });
}

void Workload::OnRegistration(DealPlan& deal, const contract::Contract& contract, Actions& out) {
  const contract::ContractApp& app = services_.contract;
  const Principal seller = SellerOf(deal).client;
  const Principal registry = cast_.registry.client;
  const auto id = contract::FindRegistrationOfHash(Disk("contract"), contract.hashes.sha256);
  const auto found = id ? contract::LoadRegistration(Disk("contract"), *id) : std::nullopt;
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method, [this, method, caller, run] { return Do("contract", caller, method, run); }});
  };
  if (!found || found->state == contract::RegistrationState::kRefused) {
    add("Apply", seller, [&app, seller, contract_id = contract.id](storage::Txn& txn) {
      return app.Apply(txn, seller, contract_id, {});
    });
    return;
  }
  const contract::RegistrationId target = *id;
  switch (found->state) {
    case contract::RegistrationState::kApplied:
      if (deal.registry_asks && !deal.asked_once) {
        deal.asked_once = true;
        add("RequestSupplement", registry, [&app, registry, target](storage::Txn& txn) {
          return app.RequestSupplement(txn, registry, target, "请补充材料", "");
        });
        return;
      }
      add("AcceptCase", registry,
          [&app, registry, target](storage::Txn& txn) { return app.AcceptCase(txn, registry, target, ""); });
      return;
    case contract::RegistrationState::kSupplement:
      add("Supplement", seller, [&app, seller, target](storage::Txn& txn) {
        return app.Supplement(txn, seller, target, "已补充", {}, "");
      });
      return;
    case contract::RegistrationState::kAccepted:
      if (deal.registry_refuses && !deal.refused_once) {
        deal.refused_once = true;
        add("Refuse", registry, [&app, registry, target](storage::Txn& txn) {
          return app.Refuse(txn, registry, target, contract::RefusalCode::kIncomplete, "材料不齐", "");
        });
        return;
      }
      add("Register", registry,
          [&app, registry, target, number = "2026" + std::to_string(1'000'000'000 + next_number_++),
           amounts = found->amounts](storage::Txn& txn) {
            return app.Register(txn, registry, target, {number, amounts, ""}, "");
          });
      return;
    case contract::RegistrationState::kRegistered:
    case contract::RegistrationState::kRefused:
      return;
  }
}

// --- Money ---------------------------------------------------------------------------------------

void Workload::OnSettlement(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const auto found = settlement::FindSettlement(Disk("settlement"), DealOf(listing));
  if (!found) return;
  const settlement::Settlement& money = *found;
  const settlement::SettlementApp& app = services_.settlement;
  const bool awaits = money.state == SettlementState::kAwaiting || money.state == SettlementState::kPartial ||
                      money.state == SettlementState::kOverdue;
  const bool late = deal.paying == Paying::kLate && world_.clock.Now() < money.due_time;
  if (awaits && deal.paying != Paying::kNever && !late) {
    const int64_t price_rest = (money.price - money.price_paid).value;
    const int64_t fee_rest = (money.buyer_fee - money.buyer_fee_paid).value;
    if (price_rest > 0 && deal.price_notices < 4) {
      out.push_back({"PayPrice", [this, &deal, money, price_rest] {
                       const bool first = deal.price_notices++ == 0;
                       const bool other = first && deal.paying == Paying::kOtherName;
                       int64_t fen = price_rest;
                       if (first && deal.paying == Paying::kInParts) fen = std::max<int64_t>(1, fen / 3);
                       if (deal.paying == Paying::kTooMuch) fen += 12'345;
                       return Pay(deal, other ? "某不相干公司" : money.buyer_legal_name,
                                  settlement::Escrow::kPrice, fen,
                                  settlement::ReferenceOf(money.id, settlement::Item::kPrice), Duration{},
                                  deal.paying);
                     }});
    }
    if (fee_rest > 0 && deal.fee_notices < 2) {
      out.push_back({"PayFee", [this, &deal, money, fee_rest] {
                       ++deal.fee_notices;
                       return Pay(deal, money.buyer_legal_name, settlement::Escrow::kPrice, fee_rest,
                                  settlement::ReferenceOf(money.id, settlement::Item::kBuyerFee), Duration{},
                                  Paying::kProperly);
                     }});
    }
  }
  if (money.state != SettlementState::kReleasable) return;
  const Principal seller = SellerOf(deal).client;
  const Principal officer = ExchangeOf(deal).settlement_officer;
  if (money.release_requester.empty()) {
    out.push_back({"RequestRelease", [this, &app, seller, id = money.id] {
                     return Do("settlement", seller, "RequestRelease", [&app, seller, id](storage::Txn& txn) {
                       return app.RequestRelease(txn, seller, id, "");
                     });
                   }});
    return;
  }
  if (Mischief(100)) {
    out.push_back({"RejectRelease", [this, &app, officer, id = money.id] {
                     return Do("settlement", officer, "RejectRelease",
                               [&app, officer, id](storage::Txn& txn) {
                                 return app.RejectRelease(txn, officer, id, "", "材料待补");
                               });
                   }});
    return;
  }
  const Principal clerk = ExchangeOf(deal).settlement_clerk;
  out.push_back({"ApproveRelease", [this, &app, clerk, id = money.id] {
                   return Do("settlement", clerk, "ApproveRelease", [&app, clerk, id](storage::Txn& txn) {
                     return app.ApproveRelease(txn, clerk, id, "");
                   });
                 }});
}

// The exchanges' cashiers and the bank: what is owed goes out, what nobody waited for is matched or goes
// back.
Workload::Actions Workload::OpenToTreasury() {
  Actions out;
  for (const Exchange& exchange : cast_.exchanges) {
    const std::string& organization = exchange.member.organization;
    for (const std::string& id : settlement::ListIds(
             Disk("settlement"), {settlement::Kind::kPayout, organization, std::nullopt}, "", kAll)) {
      OnPayout(*settlement::LoadPayout(Disk("settlement"), {id}), out);
    }
    for (const std::string& id : settlement::ListIds(
             Disk("settlement"), {settlement::Kind::kNotice, organization, std::nullopt}, "", kAll)) {
      const settlement::Notice notice = *settlement::LoadNotice(Disk("settlement"), {id});
      if (notice.state == settlement::NoticeState::kUnmatched) OnUnmatched(exchange, notice, out);
    }
  }
  std::erase_if(out, [this](const Action& action) {
    const auto it = treasury_refused_.find(action.name);
    return it != treasury_refused_.end() && world_.clock.Now() < it->second;
  });
  return out;
}

void Workload::OnPayout(const settlement::Payout& payout, Actions& out) {
  const settlement::SettlementApp& app = services_.settlement;
  const Principal bank = cast_.bank.client;
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method + payout.id.text,
                   [this, method, caller, run] { return Do("settlement", caller, method, run); }});
  };
  switch (payout.state) {
    case PayoutState::kPrepared:
    case PayoutState::kFailed: {
      const auto exchange = std::find_if(
          cast_.exchanges.begin(), cast_.exchanges.end(),
          [&](const Exchange& candidate) { return candidate.member.organization == payout.exchange; });
      add("ApprovePayout", exchange->settlement_officer,
          [&app, caller = exchange->settlement_officer, id = payout.id](storage::Txn& txn) {
            return app.ApprovePayout(txn, caller, id, "");
          });
      return;
    }
    case PayoutState::kPending:
      add("MarkSent", bank,
          [&app, bank, id = payout.id](storage::Txn& txn) { return app.MarkSent(txn, bank, id, ""); });
      return;
    case PayoutState::kSent:
    case PayoutState::kUnknown: {
      const PayoutState result = Mischief(150)   ? PayoutState::kFailed
                                 : Mischief(150) ? PayoutState::kUnknown
                                                 : PayoutState::kSucceeded;
      const settlement::ReportPayout report{result, settlement::EndToEndId(payout), "T" + payout.id.text, ""};
      add("ReportResult", bank, [&app, bank, id = payout.id, report](storage::Txn& txn) {
        return app.ReportResult(txn, bank, id, "", report);
      });
      return;
    }
    case PayoutState::kSucceeded:
      return;
  }
}

// The reference of a deposit that this payer still owes the exchange: what a clerk finds for a notice without
// one.
std::string Workload::ReferenceFor(const Exchange& exchange, const std::string& payer_name) const {
  for (const DealPlan& deal : deals_) {
    for (const BidderPlan& bidder : deal.bidders) {
      const Member& member = cast_.enterprises[bidder.enterprise];
      if (deal.listing.empty() || member.legal_name != payer_name) continue;
      const auto intent = listing::FindIntentOf(Disk("listing"), deal.listing, member.organization);
      const auto deposit =
          intent ? settlement::FindDeposit(Disk("settlement"), intent->name()) : std::nullopt;
      const bool expected = deposit && deposit->state == settlement::DepositState::kExpected;
      if (expected && deposit->exchange == exchange.member.organization) return deposit->reference;
    }
  }
  return "";
}

void Workload::OnUnmatched(const Exchange& exchange, const settlement::Notice& notice, Actions& out) {
  const settlement::SettlementApp& app = services_.settlement;
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method + notice.id.text,
                   [this, method, caller, run] { return Do("settlement", caller, method, run); }});
  };
  if (!notice.proposed_reference.empty()) {
    add("ApproveMatch", exchange.settlement_officer,
        [&app, caller = exchange.settlement_officer, id = notice.id](storage::Txn& txn) {
          return app.ApproveMatch(txn, caller, id, "");
        });
    return;
  }
  const Principal clerk = exchange.settlement_clerk;
  const std::string reference = ReferenceFor(exchange, notice.receipt.payer_name);
  if (!reference.empty() && !Mischief(100)) {
    add("MatchNotice", clerk, [&app, clerk, id = notice.id, reference](storage::Txn& txn) {
      return app.MatchNotice(txn, clerk, id, "", reference);
    });
    return;
  }
  add("RefundNotice", clerk,
      [&app, clerk, id = notice.id](storage::Txn& txn) { return app.RefundNotice(txn, clerk, id, ""); });
}

// --- Disclosure ----------------------------------------------------------------------------------

bool Workload::FileObjection(DealPlan& deal, const disclosure::NoticeId& notice) {
  const Principal objector = cast_.enterprises[deal.objector].client;
  const disclosure::DisclosureApp::ObjectionInput input{
      notice, "钱示范", disclosure::ObjectionCause::kProcedure, "程序不当", {std::string(32, 'e')}};
  const auto id = Ask(
      "disclosure", objector, "CreateObjection",
      [this, objector, input](storage::Txn& txn) {
        return services_.disclosure.CreateObjection(txn, objector, input);
      },
      [](const disclosure::Objection& objection) { return objection.id.text; });
  if (!id.ok()) return false;
  deal.objection = *id;
  auditor_.Remember("objection " + *id, [this, id = *id]() -> std::optional<std::string> {
    if (disclosure::LoadObjection(Disk("disclosure"), {id})) return std::nullopt;
    return "an acknowledged objection is gone";
  });
  return true;
}

void Workload::OnObjection(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  if (deal.objecting == Objecting::kNot) return;
  const disclosure::DisclosureApp& app = services_.disclosure;
  if (deal.objection.empty()) {
    const auto notice =
        disclosure::FindNotice(Disk("disclosure"), NameOf("listings", listing.id.text), deal.objects_to);
    if (notice && (notice->state == disclosure::NoticeState::kOpen || Mischief(30))) {
      out.push_back({"CreateObjection", [this, &deal, id = notice->id] { return FileObjection(deal, id); }});
    }
    return;
  }
  const auto found = disclosure::LoadObjection(Disk("disclosure"), {deal.objection});
  TTX_CHECK(found.has_value(), "an objection is gone");
  const disclosure::ObjectionId id = found->id;
  const Principal clerk = ExchangeOf(deal).clerk();
  const Principal officer = ExchangeOf(deal).officer;
  const Principal objector = cast_.enterprises[deal.objector].client;
  const auto add = [&](const char* method, const Principal& caller, auto run) {
    out.push_back({method, [this, method, caller, run] { return Do("disclosure", caller, method, run); }});
  };
  const auto decision = deal.objecting == Objecting::kUpheld ? disclosure::ObjectionState::kUpheld
                                                             : disclosure::ObjectionState::kRejected;
  switch (found->state) {
    case disclosure::ObjectionState::kFiled:
      if (deal.objecting == Objecting::kDismissed) {
        add("DismissObjection", clerk, [&app, clerk, id](storage::Txn& txn) {
          return app.DismissObjection(txn, clerk, id, "", "无据");
        });
      } else {
        add("AcceptObjection", clerk,
            [&app, clerk, id](storage::Txn& txn) { return app.AcceptObjection(txn, clerk, id, ""); });
      }
      return;
    case disclosure::ObjectionState::kAccepted:
      if (deal.objecting == Objecting::kWithdrawn) {
        add("WithdrawObjection", objector,
            [&app, objector, id](storage::Txn& txn) { return app.WithdrawObjection(txn, objector, id, ""); });
      } else {
        add("ReviewObjection", clerk,
            [&app, clerk, id](storage::Txn& txn) { return app.ReviewObjection(txn, clerk, id, "", "答复"); });
      }
      return;
    case disclosure::ObjectionState::kUnderReview:
      if (!found->proposal) {
        add("ProposeDecision", clerk, [&app, clerk, id, decision](storage::Txn& txn) {
          return app.ProposeDecision(txn, clerk, id, "", decision, "理由");
        });
      } else {
        add("ConfirmDecision", officer, [&app, officer, id, decision](storage::Txn& txn) {
          return app.ConfirmDecision(txn, officer, id, "", decision);
        });
      }
      return;
    case disclosure::ObjectionState::kDismissed:
    case disclosure::ObjectionState::kUpheld:
    case disclosure::ObjectionState::kRejected:
    case disclosure::ObjectionState::kWithdrawn:
    case disclosure::ObjectionState::kEscalated:
    case disclosure::ObjectionState::kLate:
      return;
  }
}

void Workload::OnCertificate(DealPlan& deal, const listing::Listing& listing, Actions& out) {
  const auto id =
      disclosure::FindCertificate(Disk("disclosure"), DealOf(listing), disclosure::CertificateType::kTxn);
  if (!id) return;
  const auto certificate = disclosure::LoadCertificate(Disk("disclosure"), *id);
  if (!certificate || certificate->state != disclosure::CertificateState::kPending) return;
  const disclosure::DisclosureApp& app = services_.disclosure;
  if (!certificate->issue_request) {
    out.push_back({"RequestIssue", [this, &app, clerk = ExchangeOf(deal).clerk(), target = *id] {
                     return Do("disclosure", clerk, "RequestIssue", [&app, clerk, target](storage::Txn& txn) {
                       return app.RequestIssue(txn, clerk, target, "", "程序合规，同意出具");
                     });
                   }});
    return;
  }
  out.push_back({"ApproveIssue", [this, &app, officer = ExchangeOf(deal).officer, target = *id] {
                   const auto number = Ask(
                       "disclosure", officer, "ApproveIssue",
                       [&app, officer, target](storage::Txn& txn) {
                         return app.ApproveIssue(txn, officer, target, "");
                       },
                       [](const disclosure::Certificate& issued) { return issued.issued.number; });
                   if (!number.ok()) return false;
                   auditor_.Remember("certificate " + *number,
                                     [this, number = *number]() -> std::optional<std::string> {
                                       if (disclosure::FindByNumber(Disk("disclosure"), number))
                                         return std::nullopt;
                                       return "an acknowledged certificate is gone";
                                     });
                   return true;
                 }});
}

}  // namespace ttx::sim
