#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/result.h"
#include "services/disclosure/domain/notice.h"

namespace ttx::disclosure {

using CertificateId = Id<struct CertificateTag>;

/// What is certified (domain.md 9.2); the numbers are stored and stand in the certificate's number.
enum class CertificateType { kTxn = 1, kPub = 2, kBid = 3, kReg = 4, kPre = 5 };
/// Where a certificate stands (domain.md 9.5); the numbers are stored.
enum class CertificateState { kPending = 1, kValid = 2, kRefused = 3, kRevoked = 4, kSuperseded = 5 };
/// Why a certificate ended (domain.md 9.1, art. 9); the numbers are stored.
enum class RevocationCause {
  kNone = 0,
  kUnlawfulParty = 1,
  kUnlawfulProcedure = 2,
  kFalseMaterial = 3,
  kAuthorityOrder = 4,
  kReplaced = 5,
};

struct IssueRequest {
  std::string person;
  std::string conclusion;  // 交易机构审核结论
  bool operator==(const IssueRequest&) const = default;
};

struct RevocationRequest {
  std::string person;
  RevocationCause cause = RevocationCause::kNone;
  std::string statement;
  bool operator==(const RevocationRequest&) const = default;
};

/// What the issue adds: exactly the bytes that are certified.
struct Issued {
  std::string number;
  std::string content;       // canonical
  std::string content_hash;  // SHA-256, 32 bytes
  std::string signature;     // DER, over `content`
  std::string key_id;        // hex SHA-256 of the public key
  bool operator==(const Issued&) const = default;
};

/// A certificate (交易凭证).
struct Certificate {
  CertificateId id;
  CertificateType type = CertificateType::kTxn;
  CertificateState state = CertificateState::kPending;
  std::string deal;
  std::string contract;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string seller_name;
  std::string buyer;
  std::string buyer_name;
  std::string title;
  LegalDate due;
  CertificateId supersedes;
  std::optional<IssueRequest> issue_request;
  Issued issued;  // empty before the issue
  std::string approver;
  Time issue_time;
  std::string refusal_reason;
  std::optional<RevocationRequest> revocation;
  std::string revoker;
  NoticeId revocation_notice;
  CertificateId superseded_by;
  Time end_time;  // of VALID
  Time create_time;
  Time update_time;
  int64_t revision = 0;

  bool operator==(const Certificate&) const = default;
};

// --- Events ------------------------------------------------------------------------------------------------

struct CertificateOpened {
  Certificate certificate;
  bool operator==(const CertificateOpened&) const = default;
};
struct IssueRequested {
  IssueRequest request;
  bool operator==(const IssueRequested&) const = default;
};
struct CertificateIssued {
  Issued issued;
  std::string person;
  bool operator==(const CertificateIssued&) const = default;
};
struct CertificateRefused {
  std::string person;
  std::string reason;
  bool operator==(const CertificateRefused&) const = default;
};
struct RevocationRequested {
  RevocationRequest request;
  bool operator==(const RevocationRequested&) const = default;
};
struct CertificateRevoked {
  std::string person;
  NoticeId notice;
  CertificateId successor;  // set when the certificate is replaced
  bool operator==(const CertificateRevoked&) const = default;
};

struct CertificateEvent {
  Time time;
  std::variant<CertificateOpened, IssueRequested, CertificateIssued, CertificateRefused, RevocationRequested,
               CertificateRevoked>
      payload;
  bool operator==(const CertificateEvent&) const = default;
};

// --- Commands ----------------------------------------------------------------------------------------------

struct OpenCertificate {
  CertificateId id;
  CertificateType type = CertificateType::kTxn;
  std::string deal;
  std::string contract;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string seller_name;
  std::string buyer;
  std::string buyer_name;
  std::string title;
  CertificateId supersedes;
};
struct RequestIssue {
  IssueRequest request;
  bool objection_open = false;
};
struct ApproveIssue {
  std::string person;
  Issued issued;
};
struct RefuseCertificate {
  std::string person;
  std::string reason;
};
struct RequestRevoke {
  RevocationRequest request;
};
struct ApproveRevoke {
  std::string person;
  NoticeId notice;
  CertificateId successor;  // needed when the cause is REPLACED, and only then
};

struct CertificateDecision {
  Certificate next;
  std::vector<CertificateEvent> events;
};

/// INVALID_FIELD for the first field that cannot be taken in any state: asked before the resource is looked
/// up.
Status CheckFields(const RequestIssue& command);
Status CheckFields(const RefuseCertificate& command);
Status CheckFields(const RequestRevoke& command);

/// Each is total: every state answers; reasons in order of precedence.
/// PENDING, due within kIssueWorkdays (domain.md 9.1).
[[nodiscard]] CertificateDecision Decide(const OpenCertificate& command, const Calendar& calendar, Time now);
/// PENDING stays. INVALID_FIELD, WRONG_STATE, OBJECTION_OPEN.
Result<CertificateDecision> Decide(const Certificate& state, const RequestIssue& command, Time now);
/// PENDING -> VALID. As MayIssue without an open objection.
Result<CertificateDecision> Decide(const Certificate& state, const ApproveIssue& command, Time now);
/// PENDING -> REFUSED. INVALID_FIELD, WRONG_STATE.
Result<CertificateDecision> Decide(const Certificate& state, const RefuseCertificate& command, Time now);
/// VALID stays. INVALID_FIELD, WRONG_STATE.
Result<CertificateDecision> Decide(const Certificate& state, const RequestRevoke& command, Time now);
/// VALID -> REVOKED | SUPERSEDED. As MayRevoke.
Result<CertificateDecision> Decide(const Certificate& state, const ApproveRevoke& command, Time now);

/// Whether `person` may issue: asked before a number is allocated. WRONG_STATE, NOT_REQUESTED, SAME_PERSON,
/// OBJECTION_OPEN.
Status MayIssue(const Certificate& state, std::string_view person, bool objection_open);
/// Whether `person` may revoke: asked before the notice is made. WRONG_STATE, NOT_REQUESTED, SAME_PERSON.
Status MayRevoke(const Certificate& state, std::string_view person);

[[nodiscard]] Certificate Apply(Certificate state, const CertificateEvent& event);
std::optional<std::string> Check(const Certificate& certificate);

/// PENDING or VALID: no other certificate of the deal and type may be made.
bool Occupies(CertificateState state);

// --- Numbers (domain.md 9.3) -------------------------------------------------------------------------------

/// `TX` + exchange code (libs/storage/exchange_codes.h) + year + type + sequence + check symbol. `sequence` in
/// 1..kMaxCertificateSequence.
std::string CertificateNumber(std::string_view exchange_code, int year, CertificateType type,
                              int64_t sequence);
/// Whether a text has the form of a number, check symbol included.
bool IsCertificateNumber(std::string_view number);

// --- Verification (domain.md 9.4) --------------------------------------------------------------------------

/// Whether `check` is the last four digits of the content hash in hexadecimal or the full name of a party.
bool Matches(const Certificate& certificate, std::string_view check);

std::string_view TypeName(CertificateType type);
std::string_view StateName(CertificateState state);
std::string_view CauseName(RevocationCause cause);
std::string NameOf(const CertificateId& id);

}  // namespace ttx::disclosure
