#include "services/listing/domain/achievement.h"

#include <algorithm>
#include <set>

#include "libs/core/patent_number.h"
#include "libs/core/text.h"
#include "libs/core/uscc.h"
#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

constexpr int32_t kWholePpm = 1'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// --- Formats (domain.md 2.2, 2.4)

// ^[0-9A-Z]{3}[0-9]{4}[A-Z][0-9]{4}$
bool IsRegNo(std::string_view text) {
  if (text.size() != 12) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool ok = i < 3    ? IsDigit(text[i]) || IsUpper(text[i])
                    : i == 7 ? IsUpper(text[i])
                             : IsDigit(text[i]);
    if (!ok) return false;
  }
  return true;
}

// ^[A-H][0-9]{2}[A-Z][0-9]{1,4}/[0-9]{2,6}$
bool IsIpc(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == text.npos || slash < 5 || slash > 8) return false;
  const std::string_view group = text.substr(4, slash - 4);
  const std::string_view subgroup = text.substr(slash + 1);
  return text[0] >= 'A' && text[0] <= 'H' && IsDigit(text[1]) && IsDigit(text[2]) && IsUpper(text[3]) &&
         std::all_of(group.begin(), group.end(), IsDigit) && subgroup.size() >= 2 && subgroup.size() <= 6 &&
         std::all_of(subgroup.begin(), subgroup.end(), IsDigit);
}

// TECH11: 01..11
bool IsTechField(std::string_view text) {
  return text.size() == 2 && IsDigit(text[0]) && IsDigit(text[1]) && text >= "01" && text <= "11";
}

// ^[A-T]([0-9]{2,4})?$
bool IsIndustry(std::string_view text) {
  return !text.empty() && text[0] >= 'A' && text[0] <= 'T' && text.size() != 2 && text.size() <= 5 &&
         std::all_of(text.begin() + 1, text.end(), IsDigit);
}

bool IsRegion(std::string_view text) {
  return text.size() == 6 && std::all_of(text.begin(), text.end(), IsDigit);
}

bool IsPatent(IpKind kind) {
  return kind == IpKind::kInvention || kind == IpKind::kUtilityModel || kind == IpKind::kDesign ||
         kind == IpKind::kApplication;
}

template <class T>
Status CheckCount(const std::vector<T>& values, size_t min, size_t max, std::string_view field) {
  const std::string limit = std::to_string(min) + ".." + std::to_string(max);
  if (values.size() < min) return InvalidField(std::string(field), Reason::kREQUIRED, limit);
  if (values.size() > max) return InvalidField(std::string(field), Reason::kTOO_MANY, limit);
  return {};
}

Status CheckShare(int32_t ppm, int32_t min, std::string_view field) {
  if (ppm < min || ppm > kWholePpm) {
    return InvalidField(std::string(field), Reason::kOUT_OF_RANGE, std::to_string(min) + "..1000000");
  }
  return {};
}

template <class Pattern>
Status CheckFormat(const std::vector<std::string>& texts, Pattern pattern, std::string_view limit,
                   std::string_view path) {
  TTX_RETURN_IF_ERROR(CheckTags(texts, kMaxTags, 100, path));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!pattern(texts[i])) return InvalidField(At(path, i), Reason::kBAD_FORMAT, std::string(limit));
  }
  return {};
}

// --- Parts of the content

Status CheckTexts(const AchievementContent& content) {
  if (!content.reg_no.empty() && !IsRegNo(content.reg_no)) {
    return InvalidField("reg_no", Reason::kBAD_FORMAT, "12 characters");
  }
  TTX_RETURN_IF_ERROR(CheckText(content.title, 1, kMaxTitleChars, "title"));
  TTX_RETURN_IF_ERROR(CheckTags(content.keywords, kMaxKeywords, 50, "keywords"));
  TTX_RETURN_IF_ERROR(
      CheckText(content.abstract_public, 0, kMaxAbstractChars, "abstract_public", Lines::kMultiple));
  TTX_RETURN_IF_ERROR(CheckAttachments(content.detail_restricted, "detail_restricted"));
  TTX_RETURN_IF_ERROR(CheckText(content.fund_source, 0, kMaxNameChars, "fund_source"));
  TTX_RETURN_IF_ERROR(CheckText(content.price_basis, 0, kMaxNoteChars, "price_basis", Lines::kMultiple));
  return CheckText(content.expected_result, 0, kMaxNoteChars, "expected_result", Lines::kMultiple);
}

Status CheckCodes(const AchievementContent& content) {
  if (!content.tech_field.empty() && !IsTechField(content.tech_field)) {
    return InvalidField("tech_field", Reason::kBAD_FORMAT, "01..11");
  }
  if (!content.industry.empty() && !IsIndustry(content.industry)) {
    return InvalidField("industry", Reason::kBAD_FORMAT, "GB/T 4754");
  }
  if (content.sei < 0 || content.sei > 9) return InvalidField("sei", Reason::kOUT_OF_RANGE, "0..9");
  TTX_RETURN_IF_ERROR(CheckFormat(content.ipc, IsIpc, "A01B1/00", "ipc"));
  TTX_RETURN_IF_ERROR(CheckTags(content.scenarios, kMaxTags, 100, "scenarios"));
  TTX_RETURN_IF_ERROR(
      CheckFormat(content.target_regions, IsRegion, "6 digits of GB/T 2260", "target_regions"));
  TTX_RETURN_IF_ERROR(CheckCount(content.desired_kinds, 0, kMaxTags, "desired_kinds"));
  for (size_t i = 0; i < content.desired_kinds.size(); ++i) {
    if (content.desired_kinds[i] == Kind::kUnspecified) {
      return InvalidField(At("desired_kinds", i), Reason::kREQUIRED);
    }
  }
  return CheckAmount(content.ask_price, Fen{0}, "ask_price_fen");
}

Status CheckReadiness(const ReadinessLevel& trl) {
  if (trl == ReadinessLevel{}) return {};
  if (trl.level < 1 || trl.level > 9) return InvalidField("trl.level", Reason::kOUT_OF_RANGE, "1..9");
  TTX_RETURN_IF_ERROR(CheckText(trl.standard, 0, 100, "trl.standard"));
  if (trl.assessor_type == Assessor::kUnspecified)
    return InvalidField("trl.assessor_type", Reason::kREQUIRED);
  const bool others = trl.assessor_type != Assessor::kSelf;
  TTX_RETURN_IF_ERROR(CheckText(trl.assessor, others ? 1 : 0, kMaxNameChars, "trl.assessor"));
  TTX_RETURN_IF_ERROR(CheckOptionalDate(trl.assess_date, "trl.assess_date"));
  TTX_RETURN_IF_ERROR(CheckOptionalDate(trl.valid_until_date, "trl.valid_until_date"));
  return CheckAttachments(trl.evidence, "trl.evidence");
}

Status NormalizeUnits(std::vector<CompletingUnit>& units) {
  TTX_RETURN_IF_ERROR(CheckCount(units, 0, kMaxUnits, "completing_units"));
  int64_t sum = 0;
  std::set<std::string> seen;
  for (size_t i = 0; i < units.size(); ++i) {
    const std::string path = At("completing_units", i);
    TTX_TRY(units[i].uscc, ParseUscc(units[i].uscc, path + ".uscc"));
    if (!seen.insert(units[i].uscc).second) return InvalidField(path + ".uscc", Reason::kDUPLICATE);
    TTX_RETURN_IF_ERROR(CheckText(units[i].display_name, 1, kMaxNameChars, path + ".display_name"));
    TTX_RETURN_IF_ERROR(CheckShare(units[i].share_ppm, 1, path + ".share_ppm"));
    sum += units[i].share_ppm;
  }
  if (!units.empty() && sum != kWholePpm) {
    return InvalidField("completing_units", Reason::kOUT_OF_RANGE, "shares sum to 1000000");
  }
  return {};
}

Status CheckInventors(const std::vector<Inventor>& inventors) {
  TTX_RETURN_IF_ERROR(CheckCount(inventors, 0, kMaxInventors, "inventors"));
  int64_t sum = 0;
  for (size_t i = 0; i < inventors.size(); ++i) {
    const std::string path = At("inventors", i);
    TTX_RETURN_IF_ERROR(CheckText(inventors[i].display_name, 1, kMaxNameChars, path + ".display_name"));
    TTX_RETURN_IF_ERROR(CheckText(inventors[i].affiliation, 0, kMaxNameChars, path + ".affiliation"));
    TTX_RETURN_IF_ERROR(CheckText(inventors[i].rank, 0, kMaxNameChars, path + ".rank"));
    TTX_RETURN_IF_ERROR(CheckShare(inventors[i].contribution_ppm, 0, path + ".contribution_ppm"));
    if (!inventors[i].person.empty()) {
      TTX_TRY([[maybe_unused]] const auto id, ParseName(inventors[i].person, "people", path + ".person"));
    }
    sum += inventors[i].contribution_ppm;
  }
  if (sum > kWholePpm)
    return InvalidField("inventors", Reason::kOUT_OF_RANGE, "contributions sum to <= 1000000");
  return {};
}

Status NormalizeIpNumber(IpItem& item, const std::string& path) {
  if (!IsPatent(item.kind)) {
    // Registers of these rights have no check digit; know-how has no register.
    return CheckText(item.number, item.kind == IpKind::kKnowHow ? 0 : 1, 64, path + ".number");
  }
  TTX_TRY(const PatentNumber number, ParsePatentNumber(item.number, path + ".number"));
  const bool fits = item.kind == IpKind::kApplication ||
                    (item.kind == IpKind::kInvention && number.kind == PatentKind::kInvention) ||
                    (item.kind == IpKind::kUtilityModel && number.kind == PatentKind::kUtilityModel) ||
                    (item.kind == IpKind::kDesign && number.kind == PatentKind::kDesign);
  if (!fits) return InvalidField(path + ".kind", Reason::kOUT_OF_RANGE, "the kind digit of the number");
  // What kind of right it is decides the prefix, not how the number was typed.
  item.number = (item.kind == IpKind::kApplication ? "CN" : "ZL") + number.number;
  return {};
}

// What looks like a code must be a good one; anything else is the name of a natural person.
Status NormalizeHolder(std::string& holder, const std::string& field) {
  const std::string code = NormalizeUscc(holder);
  if (code.size() != 18 || !InUsccAlphabet(code)) return {};
  TTX_TRY(holder, ParseUscc(holder, field));
  return {};
}

Status NormalizeIpItems(std::vector<IpItem>& items) {
  TTX_RETURN_IF_ERROR(CheckCount(items, 0, kMaxIpItems, "ip_items"));
  std::set<std::string> seen;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string path = At("ip_items", i);
    IpItem& item = items[i];
    if (item.kind == IpKind::kUnspecified) return InvalidField(path + ".kind", Reason::kREQUIRED);
    TTX_RETURN_IF_ERROR(NormalizeIpNumber(item, path));
    const std::string identity = IpIdentity(item);
    if (!identity.empty() && !seen.insert(identity).second)
      return InvalidField(path + ".number", Reason::kDUPLICATE);
    TTX_RETURN_IF_ERROR(CheckText(item.title, 1, kMaxTitleChars, path + ".title"));
    if (item.status == IpStatus::kUnspecified) return InvalidField(path + ".status", Reason::kREQUIRED);
    TTX_RETURN_IF_ERROR(CheckTags(item.owners, kMaxOwners, kMaxNameChars, path + ".owners"));
    TTX_RETURN_IF_ERROR(CheckOptionalDate(item.filing_date, path + ".filing_date"));
    TTX_RETURN_IF_ERROR(CheckOptionalDate(item.grant_date, path + ".grant_date"));
    TTX_RETURN_IF_ERROR(CheckOptionalDate(item.expiry_date, path + ".expiry_date"));
    TTX_RETURN_IF_ERROR(CheckOptionalDate(item.fee_paid_through_date, path + ".fee_paid_through_date"));
    TTX_RETURN_IF_ERROR(CheckTags(item.licences, kMaxTags, kMaxNameChars, path + ".licences"));
  }
  return {};
}

Status NormalizeConsents(std::vector<Consent>& consents) {
  TTX_RETURN_IF_ERROR(CheckCount(consents, 0, kMaxConsents, "ownership.consents"));
  for (size_t i = 0; i < consents.size(); ++i) {
    const std::string path = At("ownership.consents", i);
    if (consents[i].party == ConsentParty::kUnspecified)
      return InvalidField(path + ".party", Reason::kREQUIRED);
    TTX_RETURN_IF_ERROR(CheckText(consents[i].display_name, 1, kMaxNameChars, path + ".display_name"));
    TTX_RETURN_IF_ERROR(CheckAttachments({consents[i].document}, path + ".document"));
    TTX_RETURN_IF_ERROR(CheckText(consents[i].holder, 0, kMaxNameChars, path + ".holder"));
    TTX_RETURN_IF_ERROR(NormalizeHolder(consents[i].holder, path + ".holder"));
  }
  return {};
}

Status NormalizeOwnership(Ownership& ownership) {
  TTX_RETURN_IF_ERROR(CheckCount(ownership.owners, 0, kMaxOwners, "ownership.owners"));
  int64_t sum = 0;
  std::set<std::string> seen;
  for (size_t i = 0; i < ownership.owners.size(); ++i) {
    const std::string path = At("ownership.owners", i);
    Owner& owner = ownership.owners[i];
    TTX_RETURN_IF_ERROR(CheckText(owner.holder, 1, kMaxNameChars, path + ".holder"));
    TTX_RETURN_IF_ERROR(NormalizeHolder(owner.holder, path + ".holder"));
    if (!seen.insert(owner.holder).second) return InvalidField(path + ".holder", Reason::kDUPLICATE);
    TTX_RETURN_IF_ERROR(CheckShare(owner.share_ppm, 1, path + ".share_ppm"));
    sum += owner.share_ppm;
  }
  if (!ownership.owners.empty() && sum != kWholePpm) {
    return InvalidField("ownership.owners", Reason::kOUT_OF_RANGE, "shares sum to 1000000");
  }
  return NormalizeConsents(ownership.consents);
}

Status CheckEncumbrances(const std::vector<Encumbrance>& encumbrances) {
  TTX_RETURN_IF_ERROR(CheckCount(encumbrances, 0, kMaxEncumbrances, "encumbrances"));
  for (size_t i = 0; i < encumbrances.size(); ++i) {
    const std::string path = At("encumbrances", i);
    if (encumbrances[i].kind == EncumbranceKind::kUnspecified)
      return InvalidField(path + ".kind", Reason::kREQUIRED);
    TTX_RETURN_IF_ERROR(CheckText(encumbrances[i].description, 1, kMaxNoteChars, path + ".description"));
  }
  return {};
}

// What a draft may lack but a submission must have (domain.md 2.2, "mandatory fields").
Status CheckComplete(const AchievementContent& content) {
  TTX_RETURN_IF_ERROR(
      CheckText(content.abstract_public, 1, kMaxAbstractChars, "abstract_public", Lines::kMultiple));
  if (content.achievement_type == AchievementType::kUnspecified) {
    return InvalidField("achievement_type", Reason::kREQUIRED);
  }
  if (content.stage == Stage::kUnspecified) return InvalidField("stage", Reason::kREQUIRED);
  if (content.trl.level == 0) return InvalidField("trl.level", Reason::kREQUIRED, "1..9");
  if (content.tech_field.empty()) return InvalidField("tech_field", Reason::kREQUIRED, "01..11");
  TTX_RETURN_IF_ERROR(CheckCount(content.completing_units, 1, kMaxUnits, "completing_units"));
  TTX_RETURN_IF_ERROR(CheckCount(content.inventors, 1, kMaxInventors, "inventors"));
  TTX_RETURN_IF_ERROR(CheckCount(content.ip_items, 1, kMaxIpItems, "ip_items"));
  if (content.ownership.nature == OwnershipNature::kUnspecified) {
    return InvalidField("ownership.nature", Reason::kREQUIRED);
  }
  return CheckCount(content.ownership.owners, 1, kMaxOwners, "ownership.owners");
}

// --- Decisions

Error WrongState(const Achievement& achievement, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", "achievements/" + achievement.id.text},
                                      {"state", std::string(StateName(achievement.state))},
                                      {"command", std::string(command)}});
}

AchievementEvent MakeEvent(AchievementEventType type, AchievementState next, std::string person) {
  AchievementEvent event;
  event.type = type;
  event.state = next;
  event.person = std::move(person);
  return event;
}

AchievementDecision Record(const Achievement& state, AchievementEvent event, Time now) {
  event.time = now;
  AchievementDecision decision{Apply(state, event), {}};
  decision.events.push_back(std::move(event));
  return decision;
}

bool Wrote(const Achievement& achievement, const std::string& person) {
  return person == achievement.maker_person || person == achievement.submitter_person;
}

bool HasConsentOf(const Ownership& ownership, const std::string& holder) {
  return std::any_of(ownership.consents.begin(), ownership.consents.end(), [&](const Consent& consent) {
    return consent.party == ConsentParty::kCoOwner && consent.holder == holder;
  });
}

bool HasPledgeesConsent(const Ownership& ownership) {
  return std::any_of(ownership.consents.begin(), ownership.consents.end(),
                     [](const Consent& consent) { return consent.party == ConsentParty::kPledgee; });
}

bool IsOwner(const Ownership& ownership, const std::string& holder) {
  return std::any_of(ownership.owners.begin(), ownership.owners.end(),
                     [&](const Owner& owner) { return owner.holder == holder; });
}

Status CheckRights(const AchievementContent& content, const PassRights& command) {
  if (!IsOwner(content.ownership, command.owner_uscc)) return Error(Reason::kNOT_AN_OWNER);
  for (const IpItem& item : content.ip_items) {
    if (item.status != IpStatus::kPending && item.status != IpStatus::kGranted) {
      return Error(Reason::kRIGHTS_NOT_ALIVE, {{"number", item.number}});
    }
  }
  // Every co-owner besides the unit that submits (Patent Law art. 14).
  for (const Owner& owner : content.ownership.owners) {
    if (owner.holder != command.owner_uscc && !HasConsentOf(content.ownership, owner.holder)) {
      return Error(Reason::kCONSENT_MISSING, {{"party", "CO_OWNER"}, {"holder", owner.holder}});
    }
  }
  const bool pledged = std::any_of(content.ip_items.begin(), content.ip_items.end(),
                                   [](const IpItem& item) { return item.pledged; });
  if (pledged && !HasPledgeesConsent(content.ownership)) {
    return Error(Reason::kCONSENT_MISSING, {{"party", "PLEDGEE"}});
  }
  if (!command.taken_number.empty()) {
    return Error(Reason::kRIGHT_HELD_ELSEWHERE, {{"number", command.taken_number}});
  }
  return {};
}

}  // namespace

Result<AchievementContent> NormalizeContent(AchievementContent content) {
  TTX_RETURN_IF_ERROR(CheckTexts(content));
  TTX_RETURN_IF_ERROR(CheckReadiness(content.trl));
  TTX_RETURN_IF_ERROR(CheckCodes(content));
  TTX_RETURN_IF_ERROR(NormalizeUnits(content.completing_units));
  TTX_RETURN_IF_ERROR(CheckInventors(content.inventors));
  TTX_RETURN_IF_ERROR(NormalizeIpItems(content.ip_items));
  TTX_RETURN_IF_ERROR(NormalizeOwnership(content.ownership));
  TTX_RETURN_IF_ERROR(CheckEncumbrances(content.encumbrances));
  return content;
}

Result<AchievementDecision> Decide(const CreateAchievement& command, Time now) {
  TTX_TRY(AchievementContent content, NormalizeContent(command.content));
  AchievementEvent event =
      MakeEvent(AchievementEventType::kCreated, AchievementState::kDraft, command.person);
  event.id = command.id;
  event.owner = command.owner;
  event.content = std::move(content);
  return Record({}, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const UpdateAchievement& command, Time now) {
  if (state.state != AchievementState::kDraft) return WrongState(state, "Update");
  TTX_TRY(AchievementContent content, NormalizeContent(command.content));
  AchievementEvent event = MakeEvent(AchievementEventType::kUpdated, state.state, command.person);
  event.content = std::move(content);
  return Record(state, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const SubmitAchievement& command, Time now) {
  if (state.state != AchievementState::kDraft) return WrongState(state, "Submit");
  TTX_TRY([[maybe_unused]] const auto exchange, ParseName(command.exchange, "organizations", "exchange"));
  if (command.exchange == state.owner)
    return InvalidField("exchange", Reason::kOUT_OF_RANGE, "not the owner");
  TTX_RETURN_IF_ERROR(CheckComplete(state.content));
  const auto& units = state.content.completing_units;
  if (std::none_of(units.begin(), units.end(),
                   [&](const CompletingUnit& unit) { return unit.uscc == command.owner_uscc; })) {
    return Error(Reason::kNOT_COMPLETING_UNIT);
  }
  if (!IsOwner(state.content.ownership, command.owner_uscc)) return Error(Reason::kNOT_AN_OWNER);
  if (state.content.ownership.negative_list) return Error(Reason::kNEGATIVE_LIST);
  AchievementEvent event =
      MakeEvent(AchievementEventType::kSubmitted, AchievementState::kSecrecyReview, command.person);
  event.exchange = command.exchange;
  return Record(state, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const ClearAchievement& command, Time now) {
  if (state.state != AchievementState::kSecrecyReview) return WrongState(state, "Clear");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  if (command.secrecy != Secrecy::kNonSecret && command.secrecy != Secrecy::kTradeSecretRedacted) {
    return InvalidField("secrecy", Reason::kOUT_OF_RANGE, "NON_SECRET, TRADE_SECRET_REDACTED");
  }
  const bool redacted = command.secrecy == Secrecy::kTradeSecretRedacted;
  TTX_RETURN_IF_ERROR(CheckText(command.redacted_abstract, redacted ? 1 : 0, redacted ? kMaxAbstractChars : 0,
                                "redacted_abstract", Lines::kMultiple));
  AchievementEvent event =
      MakeEvent(AchievementEventType::kCleared, AchievementState::kRightsCheck, command.person);
  event.secrecy = command.secrecy;
  event.text = command.redacted_abstract;
  return Record(state, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const ClassifyAchievement& command, Time now) {
  if (state.state != AchievementState::kSecrecyReview) return WrongState(state, "Classify");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  if (command.secrecy != Secrecy::kWorkSecret && command.secrecy != Secrecy::kStateSecret) {
    return InvalidField("secrecy", Reason::kOUT_OF_RANGE, "WORK_SECRET, STATE_SECRET");
  }
  AchievementEvent event =
      MakeEvent(AchievementEventType::kClassified, AchievementState::kSealed, command.person);
  event.secrecy = command.secrecy;
  return Record(state, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const PassRights& command, Time now) {
  if (state.state != AchievementState::kRightsCheck) return WrongState(state, "PassRights");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  TTX_RETURN_IF_ERROR(CheckRights(state.content, command));
  return Record(state,
                MakeEvent(AchievementEventType::kRightsPassed, AchievementState::kRegistered, command.person),
                now);
}

Result<AchievementDecision> Decide(const Achievement& state, const FailRights& command, Time now) {
  if (state.state != AchievementState::kRightsCheck) return WrongState(state, "FailRights");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxNoteChars, "note", Lines::kMultiple));
  AchievementEvent event =
      MakeEvent(AchievementEventType::kRightsFailed, AchievementState::kDraft, command.person);
  event.text = command.note;
  return Record(state, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const PublishAchievement& command, Time now) {
  if (state.state != AchievementState::kRegistered) return WrongState(state, "Publish");
  return Record(
      state, MakeEvent(AchievementEventType::kPublished, AchievementState::kPublished, command.person), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const WithdrawAchievement& command, Time now) {
  switch (state.state) {
    case AchievementState::kDraft:
    case AchievementState::kSecrecyReview:
    case AchievementState::kRightsCheck:
    case AchievementState::kRegistered:
    case AchievementState::kPublished:
      return Record(state,
                    MakeEvent(AchievementEventType::kWithdrawn, AchievementState::kWithdrawn, command.person),
                    now);
    case AchievementState::kListed:
    case AchievementState::kTransferred:
    case AchievementState::kSealed:
    case AchievementState::kWithdrawn:
      return WrongState(state, "Withdraw");
  }
  TTX_CHECK(false, "unreachable");
}

Result<AchievementDecision> Decide(const Achievement& state, const AttachListing& command, Time now) {
  if (state.state != AchievementState::kPublished && state.state != AchievementState::kListed) {
    return Error(Reason::kACHIEVEMENT_NOT_PUBLISHED, {{"state", std::string(StateName(state.state))}});
  }
  for (const RightLock& lock : state.locks) {
    if (lock.listing == command.listing || Conflicts(lock.scope, command.scope)) {
      return Error(Reason::kRIGHT_SCOPE_LOCKED, {{"listing", lock.listing}});
    }
  }
  if (state.locks.size() >= kMaxLocks) return Error(Reason::kRIGHT_SCOPE_LOCKED, {{"listing", "listings"}});
  AchievementEvent event = MakeEvent(AchievementEventType::kAttached, AchievementState::kListed, "");
  event.listing = command.listing;
  event.scope = command.scope;
  return Record(state, std::move(event), now);
}

namespace {

bool HasLock(const Achievement& achievement, const std::string& listing) {
  return std::any_of(achievement.locks.begin(), achievement.locks.end(),
                     [&](const RightLock& lock) { return lock.listing == listing; });
}

AchievementState AfterUnlock(const Achievement& achievement) {
  return achievement.locks.size() == 1 ? AchievementState::kPublished : AchievementState::kListed;
}

}  // namespace

Result<AchievementDecision> Decide(const Achievement& state, const DetachListing& command, Time now) {
  if (state.state != AchievementState::kListed || !HasLock(state, command.listing))
    return WrongState(state, "Detach");
  AchievementEvent event = MakeEvent(AchievementEventType::kDetached, AfterUnlock(state), "");
  event.listing = command.listing;
  return Record(state, std::move(event), now);
}

Result<AchievementDecision> Decide(const Achievement& state, const CompleteDeal& command, Time now) {
  if (state.state != AchievementState::kListed || !HasLock(state, command.listing)) {
    return WrongState(state, "CompleteDeal");
  }
  const auto lock = std::find_if(state.locks.begin(), state.locks.end(),
                                 [&](const RightLock& held) { return held.listing == command.listing; });
  const bool is_title = MovesTitle(lock->scope.kind);
  const bool moves = is_title && !command.is_partial;
  AchievementEvent event =
      moves ? MakeEvent(AchievementEventType::kTransferred, AchievementState::kTransferred, "")
            : MakeEvent(is_title ? AchievementEventType::kShareSold : AchievementEventType::kLicensed,
                        AfterUnlock(state), "");
  event.listing = command.listing;
  (moves ? event.owner : event.text) = moves ? command.buyer : command.description;
  return Record(state, std::move(event), now);
}

Achievement Apply(Achievement state, const AchievementEvent& event) {
  switch (event.type) {
    case AchievementEventType::kCreated:
      state = {};
      state.id = event.id;
      state.owner = event.owner;
      state.create_time = event.time;
      [[fallthrough]];
    case AchievementEventType::kUpdated:
      state.content = *event.content;
      state.maker_person = event.person;
      break;
    case AchievementEventType::kSubmitted:
      state.exchange = event.exchange;
      state.submitter_person = event.person;
      state.review_note.clear();
      break;
    case AchievementEventType::kCleared:
      state.secrecy = event.secrecy;
      state.secrecy_reviewer = event.person;
      if (event.secrecy == Secrecy::kTradeSecretRedacted) state.content.abstract_public = event.text;
      break;
    case AchievementEventType::kClassified:
      state.secrecy = event.secrecy;
      state.secrecy_reviewer = event.person;
      if (event.secrecy == Secrecy::kStateSecret) state.content = {};
      break;
    case AchievementEventType::kRightsPassed:
      state.rights_reviewer = event.person;
      break;
    case AchievementEventType::kRightsFailed:
      state.rights_reviewer = event.person;
      state.review_note = event.text;
      state.secrecy = Secrecy::kUnspecified;  // a changed text is reviewed anew
      break;
    case AchievementEventType::kPublished:
    case AchievementEventType::kWithdrawn:
      break;
    case AchievementEventType::kAttached:
      state.locks.push_back({event.listing, event.scope});
      break;
    case AchievementEventType::kTransferred:
      state.owner = event.owner;
      [[fallthrough]];
    case AchievementEventType::kLicensed:
    case AchievementEventType::kShareSold:
    case AchievementEventType::kDetached:
      if (event.type == AchievementEventType::kLicensed) {
        state.content.encumbrances.push_back({EncumbranceKind::kLicence, event.text});
      } else if (event.type == AchievementEventType::kShareSold) {
        state.content.encumbrances.push_back({EncumbranceKind::kShareSold, event.text});
      }
      std::erase_if(state.locks, [&](const RightLock& lock) { return lock.listing == event.listing; });
      break;
  }
  state.state = event.state;
  state.update_time = event.time;
  ++state.version;
  return state;
}

std::optional<std::string> Check(const Achievement& achievement) {
  const auto fail = [&](const char* what) {
    return std::optional("achievement " + achievement.id.text + ": " + what);
  };
  if (achievement.id.empty() || achievement.owner.empty()) return fail("no id or owner");
  if ((achievement.state == AchievementState::kListed) != !achievement.locks.empty()) {
    return fail("listed without a listing, or a listing without being listed");
  }
  for (size_t i = 0; i < achievement.locks.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (Conflicts(achievement.locks[i].scope, achievement.locks[j].scope))
        return fail("two listings conflict");
    }
  }
  if (achievement.state != AchievementState::kDraft && achievement.state != AchievementState::kWithdrawn &&
      achievement.exchange.empty()) {
    return fail("under review without an exchange");
  }
  const bool sealed =
      achievement.secrecy == Secrecy::kWorkSecret || achievement.secrecy == Secrecy::kStateSecret;
  if (sealed != (achievement.state == AchievementState::kSealed)) return fail("a secret that is not sealed");
  if (achievement.secrecy == Secrecy::kStateSecret && achievement.content != AchievementContent{}) {
    return fail("a state secret was kept");
  }
  return std::nullopt;
}

bool IsPublic(AchievementState state) {
  return state == AchievementState::kPublished || state == AchievementState::kListed ||
         state == AchievementState::kTransferred;
}

bool IsLive(AchievementState state) {
  return state == AchievementState::kRegistered || state == AchievementState::kPublished ||
         state == AchievementState::kListed;
}

AchievementContent PublicPart(const AchievementContent& content) {
  AchievementContent shown = content;
  shown.detail_restricted.clear();
  shown.trl.evidence.clear();
  for (Inventor& inventor : shown.inventors) {
    Inventor named;
    named.display_name = std::move(inventor.display_name);
    inventor = std::move(named);
  }
  shown.ownership.consents.clear();
  shown.price_basis.clear();
  shown.expected_result.clear();
  return shown;
}

std::vector<std::string> IpNumbers(const AchievementContent& content) {
  std::vector<std::string> numbers;
  for (const IpItem& item : content.ip_items) {
    if (!item.number.empty()) numbers.push_back(item.number);
  }
  return numbers;
}

std::string IpIdentity(const IpItem& item) {
  if (item.number.empty()) return "";
  if (IsPatent(item.kind)) return "PATENT:" + item.number.substr(2);  // behind the prefix
  return std::to_string(static_cast<int>(item.kind)) + ":" + item.number;
}

std::string_view StateName(AchievementState state) {
  switch (state) {
    case AchievementState::kDraft:
      return "DRAFT";
    case AchievementState::kSecrecyReview:
      return "SECRECY_REVIEW";
    case AchievementState::kRightsCheck:
      return "RIGHTS_CHECK";
    case AchievementState::kRegistered:
      return "REGISTERED";
    case AchievementState::kPublished:
      return "PUBLISHED";
    case AchievementState::kListed:
      return "LISTED";
    case AchievementState::kTransferred:
      return "TRANSFERRED";
    case AchievementState::kSealed:
      return "SEALED";
    case AchievementState::kWithdrawn:
      return "WITHDRAWN";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view TypeName(AchievementEventType type) {
  switch (type) {
    case AchievementEventType::kCreated:
      return "CREATED";
    case AchievementEventType::kUpdated:
      return "UPDATED";
    case AchievementEventType::kSubmitted:
      return "SUBMITTED";
    case AchievementEventType::kCleared:
      return "CLEARED";
    case AchievementEventType::kClassified:
      return "CLASSIFIED";
    case AchievementEventType::kRightsPassed:
      return "RIGHTS_PASSED";
    case AchievementEventType::kRightsFailed:
      return "RIGHTS_FAILED";
    case AchievementEventType::kPublished:
      return "PUBLISHED";
    case AchievementEventType::kAttached:
      return "ATTACHED";
    case AchievementEventType::kDetached:
      return "DETACHED";
    case AchievementEventType::kTransferred:
      return "TRANSFERRED";
    case AchievementEventType::kLicensed:
      return "LICENSED";
    case AchievementEventType::kShareSold:
      return "SHARE_SOLD";
    case AchievementEventType::kWithdrawn:
      return "WITHDRAWN";
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace ttx::listing
