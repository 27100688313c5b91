#include "services/disclosure/app/disclosure_app.h"

#include <algorithm>
#include <set>

#include "libs/core/etag.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/storage/exchange_codes.h"
#include "services/disclosure/domain/limits.h"

namespace ttx::disclosure {
namespace {

// Why a certificate is refused without a person.
constexpr std::string_view kEndedReason = "CONTRACT_IN_FORCE";
constexpr std::string_view kLogPrefix = "TTX-NOTICE-1|";
constexpr crypto::Suite kRecordSuite = crypto::Suite::kEcdsaP256Sha256;

bool IsStaff(const Principal& caller, const std::string& exchange) {
  return !exchange.empty() && caller.organization == exchange &&
         (caller.HasRole("EXCHANGE_CLERK") || caller.HasRole("EXCHANGE_OFFICER"));
}

bool MaySee(const Principal& caller, const Objection& objection) {
  return caller.HasRole("AUTHORITY") || caller.organization == objection.objector ||
         IsStaff(caller, objection.subject.exchange);
}

bool MaySee(const Principal& caller, const Certificate& certificate) {
  return caller.HasRole("AUTHORITY") || caller.organization == certificate.seller ||
         caller.organization == certificate.buyer || IsStaff(caller, certificate.exchange);
}

// For commands: the resource if it is of the caller's exchange and unchanged since `etag`.
template <class T>
Result<T> ForStaff(const Principal& caller, std::optional<T> found, const std::string& name,
                   const std::string& exchange, const std::string& etag) {
  if (!found || !IsStaff(caller, exchange)) return NotFound(name);
  TTX_RETURN_IF_ERROR(CheckEtag(found->revision, etag));
  return *std::move(found);
}

Result<Notice> NoticeForStaff(const storage::Reader& reader, const Principal& caller, const NoticeId& id,
                              const std::string& etag) {
  std::optional<Notice> found = LoadNotice(reader, id);
  const std::string exchange = found ? found->subject.exchange : "";
  return ForStaff(caller, std::move(found), NameOf(id), exchange, etag);
}

Result<Objection> ObjectionForStaff(const storage::Reader& reader, const Principal& caller,
                                    const ObjectionId& id, const std::string& etag) {
  std::optional<Objection> found = LoadObjection(reader, id);
  const std::string exchange = found ? found->subject.exchange : "";
  return ForStaff(caller, std::move(found), NameOf(id), exchange, etag);
}

Result<Certificate> CertificateForStaff(const storage::Reader& reader, const Principal& caller,
                                        const CertificateId& id, const std::string& etag) {
  std::optional<Certificate> found = LoadCertificate(reader, id);
  const std::string exchange = found ? found->exchange : "";
  return ForStaff(caller, std::move(found), NameOf(id), exchange, etag);
}

Result<Objection> ObjectionForObjector(const storage::Reader& reader, const Principal& caller,
                                       const ObjectionId& id, const std::string& etag) {
  std::optional<Objection> found = LoadObjection(reader, id);
  if (!found || found->objector != caller.organization) return NotFound(NameOf(id));
  TTX_RETURN_IF_ERROR(CheckEtag(found->revision, etag));
  return *std::move(found);
}

Notice MustLoad(const storage::Reader& reader, const NoticeId& id) {
  std::optional<Notice> notice = LoadNotice(reader, id);
  TTX_CHECK(notice.has_value(), "a notice that something refers to is missing");
  return *std::move(notice);
}

ObjectionOutcome OutcomeOf(ObjectionState state) {
  switch (state) {
    case ObjectionState::kDismissed:
      return ObjectionOutcome::kDismissed;
    case ObjectionState::kUpheld:
      return ObjectionOutcome::kUpheld;
    case ObjectionState::kRejected:
      return ObjectionOutcome::kRejected;
    case ObjectionState::kWithdrawn:
      return ObjectionOutcome::kWithdrawn;
    case ObjectionState::kFiled:
    case ObjectionState::kAccepted:
    case ObjectionState::kUnderReview:
    case ObjectionState::kEscalated:
    case ObjectionState::kLate:
      break;
  }
  TTX_CHECK(false, "an objection that is open has no outcome");
}

Error BadConfiguration(std::string detail) {
  return Error(Reason::kBAD_CONFIGURATION, {{"detail", std::move(detail)}});
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

}  // namespace

Result<DisclosureApp> DisclosureApp::Make(DisclosureConfig config, const Calendar& calendar, IdSource& ids) {
  const Result<std::string> public_pem = crypto::PublicKeyOf(config.record_key_pem, kRecordSuite);
  if (!public_pem.ok()) return BadConfiguration("the record key is not an ECDSA P-256 private key");
  TTX_TRY(std::string key_id, crypto::PublicKeyFingerprint(*public_pem));
  if (config.result_window_days < 1 || config.result_window_days > kMaxPeriodDays) {
    return BadConfiguration("the window of result notices has 1..3660 working days");
  }
  if (config.contract_window_days < kMinContractWindowDays || config.contract_window_days > kMaxPeriodDays) {
    return BadConfiguration("the window of transaction notices has 5..3660 working days");
  }
  return DisclosureApp(std::move(config),
                       {std::move(key_id), std::string(crypto::SuiteId(kRecordSuite)), *public_pem}, calendar,
                       ids);
}

// --- Notices -----------------------------------------------------------------------------------------------

Result<Notice> DisclosureApp::Publish(storage::Txn& txn, PublishNotice command,
                                      const Content& content) const {
  LogHead head = LoadLogHead(txn);
  command.id = {ids_->Next(txn.now())};
  command.position = head.size + 1;
  command.content = Canonical(NoticeContent(content, command, *calendar_, txn.now()));
  // A content that could not be read again could never be corrected.
  if (!ParseContent(command.content))
    return InvalidField("content", Reason::kTOO_LONG, std::to_string(kMaxContentBytes));
  command.content_hash = crypto::Sha256(command.content);
  command.log_hash = crypto::Sha256(std::string(kLogPrefix) + head.hash + command.content_hash);
  SaveLogHead(txn, {command.position, command.log_hash});
  NoticeDecision decision = Decide(command, *calendar_, txn.now());
  SaveNotice(txn, decision);
  return std::move(decision.next);
}

Result<Notice> DisclosureApp::RequestCorrection(storage::Txn& txn, const Principal& caller,
                                                const NoticeId& id, const std::string& etag,
                                                std::vector<Replacement> replacements,
                                                const std::string& reason) const {
  const disclosure::RequestCorrection command{{std::move(replacements), reason, caller.person}};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Notice notice, NoticeForStaff(txn, caller, id, etag));
  TTX_TRY(NoticeDecision decision, Decide(notice, command, txn.now()));
  SaveNotice(txn, decision);
  return std::move(decision.next);
}

Result<Notice> DisclosureApp::ApproveCorrection(storage::Txn& txn, const Principal& caller,
                                                const NoticeId& id, const std::string& etag) const {
  TTX_TRY(const Notice notice, NoticeForStaff(txn, caller, id, etag));
  // Asked before the successor exists: a refusal must not take a place in the log.
  TTX_TRY(const NoticeDecision rehearsal,
          Decide(notice, disclosure::ApproveCorrection{id, caller.person}, txn.now()));
  const std::optional<Content> content = ParseContent(notice.content);
  TTX_CHECK(content.has_value(), "a published content cannot be read");
  TTX_TRY(const Content corrected, Corrected(*content, *notice.correction));
  PublishNotice command;
  command.type = notice.type;
  command.subject = notice.subject;
  command.version = notice.version + 1;
  command.corrects = notice.id;
  command.window_days = notice.window_days;
  command.window_end = notice.window.end;
  TTX_TRY(const Notice successor, Publish(txn, std::move(command), corrected));
  TTX_TRY(const NoticeDecision decision,
          Decide(notice, disclosure::ApproveCorrection{successor.id, caller.person}, txn.now()));
  SaveNotice(txn, decision);
  if (!notice.subject.deal.empty()) {
    Dossier dossier = LoadDossier(txn, notice.subject.deal);
    if (dossier.result_notice == notice.id) dossier.result_notice = successor.id;
    if (dossier.contract_notice == notice.id) dossier.contract_notice = successor.id;
    CertifyIfDue(txn, std::move(dossier));
  }
  return successor;
}

Result<Notice> DisclosureApp::GetNotice(const storage::Reader& reader, const NoticeId& id) const {
  std::optional<Notice> notice = LoadNotice(reader, id);
  if (!notice) return NotFound(NameOf(id));
  return *std::move(notice);
}

void DisclosureApp::OnDue(storage::Txn& txn, const std::string& subject) const {
  const Result<std::string> id = ParseName(subject, "notices", "subject");
  TTX_CHECK(id.ok(), "a timer of something that is no notice");
  SaveNotice(txn, Decide(MustLoad(txn, {*id}), EndWindow{}, *calendar_, txn.now()));
}

// --- Objections --------------------------------------------------------------------------------------------

Result<Objection> DisclosureApp::CreateObjection(storage::Txn& txn, const Principal& caller,
                                                 const ObjectionInput& input) const {
  FileObjection command;
  command.notice = input.notice;
  command.objector = caller.organization;
  command.person = caller.person;
  command.real_name = input.real_name;
  command.cause = input.cause;
  command.statement = input.statement;
  command.evidence = input.evidence;
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (caller.organization.empty() || caller.person.empty()) return Error(Reason::kPERMISSION_DENIED);
  TTX_TRY(const Notice notice, GetNotice(txn, input.notice));
  // Nobody decides on their own objection.
  if (caller.organization == notice.subject.exchange) return Error(Reason::kPERMISSION_DENIED);
  command.subject = notice.subject;
  command.id = {ids_->Next(txn.now())};
  Result<NoticeDecision> added = Decide(notice, AddObjection{}, txn.now());
  if (!added.ok() && added.error().reason != Reason::kOBJECTION_LATE) return std::move(added).error();
  if (const auto open = FindOpenObjection(txn, input.notice, caller.organization)) {
    return Error(Reason::kOBJECTION_EXISTS, {{"objection", NameOf(*open)}});
  }
  command.late = !added.ok();
  if (command.late) {
    if (const auto recorded = FindLateObjection(txn, input.notice, caller.organization)) {
      Error late = std::move(added).error();
      late.metadata["objection"] = NameOf(*recorded);
      return late;
    }
  }
  TTX_TRY(ObjectionDecision decision, Decide(command, txn.now()));
  SaveObjection(txn, decision);
  if (command.late) {
    txn.KeepOnError();
    Error late = std::move(added).error();
    late.metadata["objection"] = NameOf(command.id);
    return late;
  }
  SaveNotice(txn, *added);
  return std::move(decision.next);
}

Result<Objection> DisclosureApp::Step(storage::Txn& txn, const Objection& before,
                                      Result<ObjectionDecision> decision) const {
  if (!decision.ok()) return std::move(decision).error();
  const Objection& after = decision->next;
  SaveObjection(txn, *decision);
  if (after.state == ObjectionState::kAccepted) {
    SaveNotice(txn, Decide(MustLoad(txn, after.notice), AcceptOne{}, *calendar_, txn.now()));
  } else if (IsOpen(before.state) && !IsOpen(after.state)) {
    const CloseOne close{IsAccepted(before.state), OutcomeOf(after.state)};
    SaveNotice(txn, Decide(MustLoad(txn, after.notice), close, *calendar_, txn.now()));
    // What waited for the objection may go on: the deal of the notice, or those its listing led to.
    std::set<std::string> deals;
    if (!after.subject.deal.empty()) {
      deals.insert(after.subject.deal);
    } else if (!after.subject.listing.empty()) {
      for (const Notice& notice :
           ListNotices(txn, NoticeType::kN8, after.subject.listing, 0, kMaxDealNotices)) {
        deals.insert(notice.subject.deal);
      }
    }
    for (const std::string& deal : deals) CertifyIfDue(txn, LoadDossier(txn, deal));
  }
  return std::move(decision->next);
}

Result<Objection> DisclosureApp::AcceptObjection(storage::Txn& txn, const Principal& caller,
                                                 const ObjectionId& id, const std::string& etag) const {
  TTX_TRY(const Objection before, ObjectionForStaff(txn, caller, id, etag));
  return Step(txn, before, Decide(before, disclosure::AcceptObjection{caller.person}, *calendar_, txn.now()));
}

Result<Objection> DisclosureApp::DismissObjection(storage::Txn& txn, const Principal& caller,
                                                  const ObjectionId& id, const std::string& etag,
                                                  const std::string& reason) const {
  const disclosure::DismissObjection command{caller.person, reason};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Objection before, ObjectionForStaff(txn, caller, id, etag));
  return Step(txn, before, Decide(before, command, txn.now()));
}

Result<Objection> DisclosureApp::ReviewObjection(storage::Txn& txn, const Principal& caller,
                                                 const ObjectionId& id, const std::string& etag,
                                                 const std::string& answer) const {
  const disclosure::ReviewObjection command{caller.person, answer};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Objection before, ObjectionForStaff(txn, caller, id, etag));
  return Step(txn, before, Decide(before, command, txn.now()));
}

Result<Objection> DisclosureApp::ProposeDecision(storage::Txn& txn, const Principal& caller,
                                                 const ObjectionId& id, const std::string& etag,
                                                 ObjectionState decision, const std::string& reasons) const {
  const disclosure::ProposeDecision command{{decision, reasons, caller.person}};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Objection before, ObjectionForStaff(txn, caller, id, etag));
  return Step(txn, before, Decide(before, command, txn.now()));
}

Result<Objection> DisclosureApp::ConfirmDecision(storage::Txn& txn, const Principal& caller,
                                                 const ObjectionId& id, const std::string& etag,
                                                 ObjectionState decision) const {
  const disclosure::ConfirmDecision command{caller.person, decision};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Objection before, ObjectionForStaff(txn, caller, id, etag));
  return Step(txn, before, Decide(before, command, *calendar_, txn.now()));
}

Result<Objection> DisclosureApp::WithdrawObjection(storage::Txn& txn, const Principal& caller,
                                                   const ObjectionId& id, const std::string& etag) const {
  TTX_TRY(const Objection before, ObjectionForObjector(txn, caller, id, etag));
  return Step(txn, before, Decide(before, disclosure::WithdrawObjection{caller.person}, txn.now()));
}

Result<Objection> DisclosureApp::EscalateObjection(storage::Txn& txn, const Principal& caller,
                                                   const ObjectionId& id, const std::string& etag) const {
  TTX_TRY(const Objection before, ObjectionForObjector(txn, caller, id, etag));
  return Step(txn, before, Decide(before, disclosure::EscalateObjection{caller.person}, txn.now()));
}

Result<Objection> DisclosureApp::GetObjection(const storage::Reader& reader, const Principal& caller,
                                              const ObjectionId& id) const {
  std::optional<Objection> objection = LoadObjection(reader, id);
  if (!objection || !MaySee(caller, *objection)) return NotFound(NameOf(id));
  return *std::move(objection);
}

storage::ListPage<Objection> DisclosureApp::ListObjections(const storage::Reader& reader,
                                                           const Principal& caller, std::string_view after,
                                                           size_t limit) const {
  const bool all = caller.HasRole("AUTHORITY");
  if (!all && caller.organization.empty()) return {};
  return storage::LookAtList<Objection>(
      after, limit,
      [&](const std::string& last, size_t most) {
        return disclosure::ListObjections(reader, all ? "" : caller.organization, last, most);
      },
      [](const Objection& objection) { return objection.id.text; },
      [&](const Objection& objection) { return MaySee(caller, objection); });
}

// --- Certificates ------------------------------------------------------------------------------------------

Certificate DisclosureApp::OpenFor(storage::Txn& txn, const Dossier& dossier,
                                   const CertificateId& supersedes) const {
  const ContractFacts& contract = *dossier.contract;
  OpenCertificate command;
  command.id = {ids_->Next(txn.now())};
  command.type = CertificateType::kTxn;
  command.deal = dossier.deal;
  command.contract = contract.contract;
  command.listing = contract.listing;
  command.exchange = contract.exchange;
  command.seller = contract.seller;
  command.seller_name = contract.seller_legal_name;
  command.buyer = contract.buyer;
  command.buyer_name = contract.buyer_legal_name;
  command.title = contract.title;
  command.supersedes = supersedes;
  CertificateDecision decision = Decide(command, *calendar_, txn.now());
  SaveCertificate(txn, decision);
  return std::move(decision.next);
}

void DisclosureApp::CertifyIfDue(storage::Txn& txn, Dossier dossier) const {
  if (!dossier.opened && MissingConditions(dossier, config_.require_registration).empty() &&
      !IsBlocked(txn, dossier.contract->listing, dossier.deal)) {
    OpenFor(txn, dossier, {});
    dossier.opened = true;
  }
  SaveDossier(txn, dossier);
}

Result<Certificate> DisclosureApp::CreateCertificate(storage::Txn& txn, const Principal& caller,
                                                     const std::string& deal, CertificateType type) const {
  if (type != CertificateType::kTxn) return InvalidField("type", Reason::kUNKNOWN_VALUE, "TXN");
  Dossier dossier = LoadDossier(txn, deal);
  const std::string exchange = dossier.contract ? dossier.contract->exchange
                               : dossier.result ? dossier.result->exchange
                                                : "";
  if (!IsStaff(caller, exchange)) return NotFound(deal);
  if (const auto existing = FindCertificate(txn, deal, type)) {
    return Error(Reason::kCERTIFICATE_EXISTS, {{"certificate", NameOf(*existing)}});
  }
  const std::vector<std::string> missing = MissingConditions(dossier, config_.require_registration);
  if (!missing.empty()) return Error(Reason::kCONDITIONS_NOT_MET, {{"missing", Join(missing)}});
  if (IsBlocked(txn, dossier.contract->listing, deal)) return Error(Reason::kOBJECTION_OPEN, {{"resource", deal}});
  dossier.opened = true;
  SaveDossier(txn, dossier);
  return OpenFor(txn, dossier, {});
}

Result<Certificate> DisclosureApp::RequestIssue(storage::Txn& txn, const Principal& caller,
                                                const CertificateId& id, const std::string& etag,
                                                const std::string& conclusion) const {
  disclosure::RequestIssue command{{caller.person, conclusion}};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Certificate before, CertificateForStaff(txn, caller, id, etag));
  command.objection_open = IsBlocked(txn, before.listing, before.deal);
  TTX_TRY(CertificateDecision decision, Decide(before, command, txn.now()));
  SaveCertificate(txn, decision);
  return std::move(decision.next);
}

Result<Issued> DisclosureApp::MakeIssued(storage::Txn& txn, const Certificate& certificate) const {
  const Dossier dossier = LoadDossier(txn, certificate.deal);
  const std::vector<std::string> missing = MissingConditions(dossier, config_.require_registration);
  if (!missing.empty()) return Error(Reason::kCONDITIONS_NOT_MET, {{"missing", Join(missing)}});
  const int year = YearOf(DateInShanghai(txn.now()));
  const std::optional<std::string> code =
      storage::FindExchangeCode(txn, Table::kExchangeCode, certificate.exchange);
  if (!code) return Error(Reason::kUNAVAILABLE, {{"exchange", certificate.exchange}});
  const int64_t sequence = NextSequence(txn, *code, year, certificate.type);
  if (sequence > kMaxCertificateSequence) return Error(Reason::kNUMBERS_EXHAUSTED);
  Issued issued;
  issued.number = CertificateNumber(*code, year, certificate.type, sequence);
  std::optional<Notice> result;
  if (!dossier.result_notice.empty()) result = MustLoad(txn, dossier.result_notice);
  issued.key_id = record_key_.id;
  issued.content =
      Canonical(CertificateContent(dossier, certificate, issued.number, issued.key_id, result, txn.now()));
  issued.content_hash = crypto::Sha256(issued.content);
  TTX_TRY(issued.signature, crypto::Sign(kRecordSuite, config_.record_key_pem, issued.content));
  return issued;
}

Result<Certificate> DisclosureApp::ApproveIssue(storage::Txn& txn, const Principal& caller,
                                                const CertificateId& id, const std::string& etag) const {
  TTX_TRY(const Certificate before, CertificateForStaff(txn, caller, id, etag));
  TTX_RETURN_IF_ERROR(MayIssue(before, caller.person, IsBlocked(txn, before.listing, before.deal)));
  TTX_TRY(Issued issued, MakeIssued(txn, before));
  TTX_TRY(CertificateDecision decision,
          Decide(before, disclosure::ApproveIssue{caller.person, std::move(issued)}, txn.now()));
  SaveCertificate(txn, decision);
  return std::move(decision.next);
}

Result<Certificate> DisclosureApp::RefuseCertificate(storage::Txn& txn, const Principal& caller,
                                                     const CertificateId& id, const std::string& etag,
                                                     const std::string& reason) const {
  const disclosure::RefuseCertificate command{caller.person, reason};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Certificate before, CertificateForStaff(txn, caller, id, etag));
  TTX_TRY(CertificateDecision decision, Decide(before, command, txn.now()));
  SaveCertificate(txn, decision);
  return std::move(decision.next);
}

Result<Certificate> DisclosureApp::RequestRevoke(storage::Txn& txn, const Principal& caller,
                                                 const CertificateId& id, const std::string& etag,
                                                 RevocationCause cause, const std::string& statement) const {
  const disclosure::RequestRevoke command{{caller.person, cause, statement}};
  TTX_RETURN_IF_ERROR(CheckFields(command));
  TTX_TRY(const Certificate before, CertificateForStaff(txn, caller, id, etag));
  TTX_TRY(CertificateDecision decision, Decide(before, command, txn.now()));
  SaveCertificate(txn, decision);
  return std::move(decision.next);
}

Result<Certificate> DisclosureApp::ApproveRevoke(storage::Txn& txn, const Principal& caller,
                                                 const CertificateId& id, const std::string& etag) const {
  TTX_TRY(const Certificate before, CertificateForStaff(txn, caller, id, etag));
  TTX_RETURN_IF_ERROR(MayRevoke(before, caller.person));
  const Dossier dossier = LoadDossier(txn, before.deal);
  const bool replaced = before.revocation->cause == RevocationCause::kReplaced;
  // Nothing takes the place of the certificate of a deal that has ended.
  if (replaced && dossier.ended)
    return Error(Reason::kCONDITIONS_NOT_MET, {{"missing", "CONTRACT_IN_FORCE"}});
  PublishNotice command;
  command.type = NoticeType::kN13;
  command.subject = {before.exchange, "", before.listing, before.deal};
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOfRevocation(before)));
  CertificateId successor;
  if (replaced) successor = OpenFor(txn, dossier, before.id).id;
  TTX_TRY(CertificateDecision decision,
          Decide(before, disclosure::ApproveRevoke{caller.person, notice.id, successor}, txn.now()));
  SaveCertificate(txn, decision);
  return std::move(decision.next);
}

Result<Certificate> DisclosureApp::GetCertificate(const storage::Reader& reader, const Principal& caller,
                                                  const CertificateId& id) const {
  std::optional<Certificate> certificate = LoadCertificate(reader, id);
  if (!certificate || !MaySee(caller, *certificate)) return NotFound(NameOf(id));
  return *std::move(certificate);
}

storage::ListPage<Certificate> DisclosureApp::ListCertificates(const storage::Reader& reader,
                                                               const Principal& caller, const std::string& deal,
                                                               std::string_view after, size_t limit) const {
  const bool all = caller.HasRole("AUTHORITY");
  if (!all && caller.organization.empty()) return {};
  return storage::LookAtList<Certificate>(
      after, limit,
      [&](const std::string& last, size_t most) {
        return disclosure::ListCertificates(reader, all ? "" : caller.organization, deal, last, most);
      },
      [](const Certificate& certificate) { return certificate.id.text; },
      [&](const Certificate& certificate) { return MaySee(caller, certificate); });
}

std::optional<Certificate> DisclosureApp::Verify(const storage::Reader& reader, const std::string& number,
                                                 std::string_view check) const {
  if (!IsCertificateNumber(number)) return std::nullopt;
  const std::optional<CertificateId> id = FindByNumber(reader, number);
  if (!id) return std::nullopt;
  std::optional<Certificate> certificate = LoadCertificate(reader, *id);
  TTX_CHECK(certificate.has_value(), "an indexed certificate is missing");
  return Matches(*certificate, check) ? certificate : std::nullopt;
}

// --- Events and feeds --------------------------------------------------------------------------------------

storage::LogPage<StoredEvent> DisclosureApp::ListEvents(const storage::Reader& reader, const Principal& caller,
                                                        uint64_t after_sequence, size_t limit) const {
  return storage::LookAtLog<StoredEvent>(
      after_sequence, limit,
      [&](uint64_t after, size_t most) { return disclosure::ListEvents(reader, after, most); },
      [&](const StoredEvent& event) {
        return caller.service() ||
               (!caller.organization.empty() && event.subject.exchange == caller.organization);
      });
}

Status DisclosureApp::OnExchangeActivated(storage::Txn& txn, const std::string& exchange,
                                          const std::string& uscc) const {
  return storage::GiveExchangeCode(txn, Table::kExchangeCode, Table::kExchangeByCode, exchange, uscc);
}

Status DisclosureApp::OnAchievementPublished(storage::Txn& txn, const AchievementFacts& facts) const {
  PublishNotice command;
  command.type = NoticeType::kN1;
  command.subject.achievement = facts.achievement;
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOf(facts)));
  return {};
}

Status DisclosureApp::OnListingPublished(storage::Txn& txn, const ListingFacts& facts) const {
  PublishNotice command;
  command.type = NoticeType::kN3;
  command.subject = {facts.exchange, "", facts.listing, ""};
  command.window_end = facts.end_time;
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOf(facts)));
  return {};
}

Status DisclosureApp::OnListingExtended(storage::Txn& txn, const std::string& listing, Time end_time,
                                        const std::string& reason) const {
  const std::optional<Notice> listed = FindNotice(txn, listing, NoticeType::kN3);
  if (!listed) return NotFound(listing);
  PublishNotice command;
  command.type = NoticeType::kN4;
  command.subject = listed->subject;
  TTX_TRY(const Notice notice,
          Publish(txn, std::move(command), ContentOfExtension(listing, end_time, reason)));
  SaveNotice(txn, Decide(*listed, ExtendWindow{end_time}, *calendar_, txn.now()));
  return {};
}

Status DisclosureApp::OnListingEnded(storage::Txn& txn, const std::string& listing, const std::string& change,
                                     const std::string& reason) const {
  const std::optional<Notice> listed = FindNotice(txn, listing, NoticeType::kN3);
  if (!listed) return NotFound(listing);
  PublishNotice command;
  command.type = NoticeType::kN4;
  command.subject = listed->subject;
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOfEnd(listing, change, reason)));
  return {};
}

Status DisclosureApp::OnPortionDefaulted(storage::Txn& txn, const PortionFacts& facts) const {
  const std::optional<Notice> listed = FindNotice(txn, facts.listing, NoticeType::kN3);
  if (!listed) return NotFound(facts.listing);
  PublishNotice command;
  command.type = NoticeType::kN4;
  command.subject = listed->subject;
  command.subject.deal = facts.deal;
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOf(facts)));
  return {};
}

Status DisclosureApp::OnBiddingScheduled(storage::Txn& txn, const BiddingFacts& facts) const {
  PublishNotice command;
  command.type = NoticeType::kN5;
  command.subject = {facts.exchange, "", facts.listing, ""};
  // Bidding lasts at least this long; bids may carry it further.
  command.window_end =
      facts.start_time + Seconds(facts.free_period_s) + Seconds(facts.preparation_s) + Seconds(facts.cycle_s);
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOf(facts)));
  return {};
}

Status DisclosureApp::OnDealDetermined(storage::Txn& txn, const DealFacts& facts) const {
  Dossier dossier = LoadDossier(txn, facts.deal);
  if (dossier.result) return {};
  PublishNotice command;
  command.type = NoticeType::kN7;
  command.subject = {facts.exchange, "", facts.listing, facts.deal};
  command.window_days = config_.result_window_days;
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOf(facts)));
  dossier.result = facts;
  dossier.result_notice = notice.id;
  CertifyIfDue(txn, std::move(dossier));
  return {};
}

Status DisclosureApp::OnContractEffective(storage::Txn& txn, const ContractFacts& facts) const {
  Dossier dossier = LoadDossier(txn, facts.deal);
  if (dossier.contract == facts) return {};
  PublishNotice command;
  command.type = NoticeType::kN8;
  command.subject = {facts.exchange, "", facts.listing, facts.deal};
  command.window_days = config_.contract_window_days;
  TTX_TRY(const Notice notice, Publish(txn, std::move(command), ContentOf(facts)));
  dossier.contract = facts;
  dossier.contract_notice = notice.id;
  CertifyIfDue(txn, std::move(dossier));
  return {};
}

Status DisclosureApp::OnDealEnded(storage::Txn& txn, const std::string& deal) const {
  Dossier dossier = LoadDossier(txn, deal);
  if (dossier.ended) return {};
  dossier.ended = true;
  SaveDossier(txn, dossier);
  const std::optional<CertificateId> id = FindCertificate(txn, deal, CertificateType::kTxn);
  if (!id) return {};
  const std::optional<Certificate> certificate = LoadCertificate(txn, *id);
  TTX_CHECK(certificate.has_value(), "an indexed certificate is missing");
  if (certificate->state != CertificateState::kPending) return {};
  TTX_TRY(const CertificateDecision refused,
          Decide(*certificate, disclosure::RefuseCertificate{"", std::string(kEndedReason)}, txn.now()));
  SaveCertificate(txn, refused);
  return {};
}

Status DisclosureApp::OnContractRegistered(storage::Txn& txn, const RegistrationFacts& facts) const {
  Dossier dossier = LoadDossier(txn, facts.deal);
  dossier.registration = facts;
  CertifyIfDue(txn, std::move(dossier));
  return {};
}

Status DisclosureApp::OnSettlementPaid(storage::Txn& txn, const PaymentFacts& facts) const {
  Dossier dossier = LoadDossier(txn, facts.deal);
  dossier.payment = facts;
  CertifyIfDue(txn, std::move(dossier));
  return {};
}

Status DisclosureApp::OnSettlementSettled(storage::Txn& txn, const std::string& deal) const {
  Dossier dossier = LoadDossier(txn, deal);
  dossier.settled = true;
  CertifyIfDue(txn, std::move(dossier));
  return {};
}

}  // namespace ttx::disclosure
