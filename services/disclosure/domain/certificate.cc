#include "services/disclosure/domain/certificate.h"

#include <algorithm>
#include <cstdio>

#include "libs/core/encoding.h"
#include "libs/core/text.h"
#include "libs/core/uscc.h"
#include "services/disclosure/domain/limits.h"

namespace ttx::disclosure {
namespace {

constexpr std::string_view kPrefix = "TX";
constexpr size_t kCodeSymbols = 4;
constexpr size_t kNumberSymbols = 18;

CertificateDecision Record(Certificate state, decltype(CertificateEvent::payload) payload, Time now) {
  CertificateEvent event{now, std::move(payload)};
  Certificate next = Apply(std::move(state), event);
  return {std::move(next), {std::move(event)}};
}

Error WrongState(const Certificate& certificate, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(certificate.id)},
                                      {"state", std::string(StateName(certificate.state))},
                                      {"command", std::string(command)}});
}

Certificate Applied(Certificate, const CertificateOpened& event, Time) { return event.certificate; }

Certificate Applied(Certificate state, const IssueRequested& event, Time) {
  state.issue_request = event.request;
  return state;
}

Certificate Applied(Certificate state, const CertificateIssued& event, Time time) {
  state.state = CertificateState::kValid;
  state.issued = event.issued;
  state.approver = event.person;
  state.issue_time = time;
  return state;
}

Certificate Applied(Certificate state, const CertificateRefused& event, Time) {
  state.state = CertificateState::kRefused;
  state.refusal_reason = event.reason;
  state.approver = event.person;
  return state;
}

Certificate Applied(Certificate state, const RevocationRequested& event, Time) {
  state.revocation = event.request;
  return state;
}

Certificate Applied(Certificate state, const CertificateRevoked& event, Time time) {
  state.state = event.successor.empty() ? CertificateState::kRevoked : CertificateState::kSuperseded;
  state.revoker = event.person;
  state.revocation_notice = event.notice;
  state.superseded_by = event.successor;
  state.end_time = time;
  return state;
}

}  // namespace

std::string NameOf(const CertificateId& id) { return "certificates/" + id.text; }

std::string_view TypeName(CertificateType type) {
  switch (type) {
    case CertificateType::kTxn:
      return "TXN";
    case CertificateType::kPub:
      return "PUB";
    case CertificateType::kBid:
      return "BID";
    case CertificateType::kReg:
      return "REG";
    case CertificateType::kPre:
      return "PRE";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view StateName(CertificateState state) {
  switch (state) {
    case CertificateState::kPending:
      return "PENDING";
    case CertificateState::kValid:
      return "VALID";
    case CertificateState::kRefused:
      return "REFUSED";
    case CertificateState::kRevoked:
      return "REVOKED";
    case CertificateState::kSuperseded:
      return "SUPERSEDED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view CauseName(RevocationCause cause) {
  switch (cause) {
    case RevocationCause::kNone:
      return "NONE";
    case RevocationCause::kUnlawfulParty:
      return "UNLAWFUL_PARTY";
    case RevocationCause::kUnlawfulProcedure:
      return "UNLAWFUL_PROCEDURE";
    case RevocationCause::kFalseMaterial:
      return "FALSE_MATERIAL";
    case RevocationCause::kAuthorityOrder:
      return "AUTHORITY_ORDER";
    case RevocationCause::kReplaced:
      return "REPLACED";
  }
  TTX_CHECK(false, "unreachable");
}

bool Occupies(CertificateState state) {
  return state == CertificateState::kPending || state == CertificateState::kValid;
}

CertificateDecision Decide(const OpenCertificate& command, const Calendar& calendar, Time now) {
  Certificate certificate;
  certificate.id = command.id;
  certificate.type = command.type;
  certificate.deal = command.deal;
  certificate.contract = command.contract;
  certificate.listing = command.listing;
  certificate.exchange = command.exchange;
  certificate.seller = command.seller;
  certificate.seller_name = command.seller_name;
  certificate.buyer = command.buyer;
  certificate.buyer_name = command.buyer_name;
  certificate.title = command.title;
  certificate.supersedes = command.supersedes;
  certificate.due = calendar.DeadlineWorkdays(DateInShanghai(now), kIssueWorkdays);
  certificate.create_time = now;
  return Record({}, CertificateOpened{std::move(certificate)}, now);
}

Status CheckFields(const RequestIssue& command) {
  return CheckText(command.request.conclusion, 1, kMaxConclusionChars, "conclusion", Lines::kMultiple);
}

Status CheckFields(const RefuseCertificate& command) {
  return CheckText(command.reason, 1, kMaxReasonChars, "reason", Lines::kMultiple);
}

Status CheckFields(const RequestRevoke& command) {
  if (command.request.cause == RevocationCause::kNone) return InvalidField("cause", Reason::kREQUIRED);
  return CheckText(command.request.statement, 1, kMaxReasonChars, "statement", Lines::kMultiple);
}

Result<CertificateDecision> Decide(const Certificate& state, const RequestIssue& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != CertificateState::kPending) return WrongState(state, "RequestIssue");
  if (command.objection_open) return Error(Reason::kOBJECTION_OPEN, {{"resource", state.deal}});
  return Record(state, IssueRequested{command.request}, now);
}

Status MayIssue(const Certificate& state, std::string_view person, bool objection_open) {
  if (state.state != CertificateState::kPending) return WrongState(state, "ApproveIssue");
  if (!state.issue_request) return Error(Reason::kNOT_REQUESTED, {{"command", "ApproveIssue"}});
  if (state.issue_request->person == person) return Error(Reason::kSAME_PERSON);
  if (objection_open) return Error(Reason::kOBJECTION_OPEN, {{"resource", state.deal}});
  return {};
}

Result<CertificateDecision> Decide(const Certificate& state, const ApproveIssue& command, Time now) {
  TTX_RETURN_IF_ERROR(MayIssue(state, command.person, false));
  return Record(state, CertificateIssued{command.issued, command.person}, now);
}

Result<CertificateDecision> Decide(const Certificate& state, const RefuseCertificate& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != CertificateState::kPending) return WrongState(state, "RefuseCertificate");
  return Record(state, CertificateRefused{command.person, command.reason}, now);
}

Result<CertificateDecision> Decide(const Certificate& state, const RequestRevoke& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != CertificateState::kValid) return WrongState(state, "RequestRevoke");
  return Record(state, RevocationRequested{command.request}, now);
}

Status MayRevoke(const Certificate& state, std::string_view person) {
  if (state.state != CertificateState::kValid) return WrongState(state, "ApproveRevoke");
  if (!state.revocation) return Error(Reason::kNOT_REQUESTED, {{"command", "ApproveRevoke"}});
  if (state.revocation->person == person) return Error(Reason::kSAME_PERSON);
  return {};
}

Result<CertificateDecision> Decide(const Certificate& state, const ApproveRevoke& command, Time now) {
  TTX_RETURN_IF_ERROR(MayRevoke(state, command.person));
  TTX_CHECK((state.revocation->cause == RevocationCause::kReplaced) == !command.successor.empty(),
            "a replaced certificate has a successor, and only that");
  return Record(state, CertificateRevoked{command.person, command.notice, command.successor}, now);
}

Certificate Apply(Certificate state, const CertificateEvent& event) {
  const int64_t revision = state.revision;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload, event.time); },
                     event.payload);
  state.revision = revision + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Certificate& certificate) {
  const auto fail = [&](const char* what) { return std::optional(NameOf(certificate.id) + ": " + what); };
  const bool was_issued = certificate.state == CertificateState::kValid ||
                          certificate.state == CertificateState::kRevoked ||
                          certificate.state == CertificateState::kSuperseded;
  if (was_issued != !certificate.issued.number.empty())
    return fail("a number without an issue, or an issue without one");
  if (was_issued) {
    if (!IsCertificateNumber(certificate.issued.number)) return fail("its number is not one");
    if (!certificate.issue_request || certificate.issue_request->person == certificate.approver) {
      return fail("issued by one person");
    }
    if (certificate.issued.content_hash.size() != 32 || certificate.issued.signature.empty())
      return fail("unsigned");
  }
  const bool ended = was_issued && certificate.state != CertificateState::kValid;
  if (ended != static_cast<bool>(certificate.end_time)) return fail("an end without a time");
  if (ended && (!certificate.revocation || certificate.revocation->person == certificate.revoker)) {
    return fail("revoked by one person");
  }
  if ((certificate.state == CertificateState::kSuperseded) == certificate.superseded_by.empty()) {
    return fail("superseded by nothing");
  }
  if ((certificate.state == CertificateState::kRefused) == certificate.refusal_reason.empty()) {
    return fail("refused without a reason");
  }
  return std::nullopt;
}

std::string CertificateNumber(std::string_view exchange_code, int year, CertificateType type,
                              int64_t sequence) {
  TTX_CHECK(exchange_code.size() == kCodeSymbols && year >= 1970 && year <= 9999,
            "no such exchange code or year");
  TTX_CHECK(sequence >= 1 && sequence <= kMaxCertificateSequence,
            "the sequence of certificates is exhausted");
  char tail[16];
  std::snprintf(tail, sizeof tail, "%04d%d%06lld", year, static_cast<int>(type),
                static_cast<long long>(sequence));
  const std::string body = std::string(kPrefix) + std::string(exchange_code) + tail;
  return body + UsccCheckSymbol(body);
}

bool IsCertificateNumber(std::string_view number) {
  return number.size() == kNumberSymbols && number.starts_with(kPrefix) && InUsccAlphabet(number) &&
         UsccCheckSymbol(number.substr(0, kNumberSymbols - 1)) == number.back();
}

bool Matches(const Certificate& certificate, std::string_view check) {
  constexpr size_t kTail = 4;
  if (certificate.issued.content_hash.empty() || check.empty() || check.size() > kMaxCheckBytes) return false;
  const std::string hash = Hex(certificate.issued.content_hash);
  const std::string folded = FoldName(check);
  return folded == hash.substr(hash.size() - kTail) || folded == FoldName(certificate.seller_name) ||
         folded == FoldName(certificate.buyer_name);
}

}  // namespace ttx::disclosure
