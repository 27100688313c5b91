#include "services/disclosure/rpc/convert.h"

#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/disclosure/domain/masks.h"

namespace ttx::disclosure {
namespace {

// The stored numbers of these enums are those of the API; a static_assert each keeps it so.
static_assert(static_cast<int>(NoticeType::kN13) == v1::Notice::N13 &&
              static_cast<int>(NoticeType::kN8) == v1::Notice::N8);
static_assert(static_cast<int>(NoticeState::kStanding) == v1::Notice::STANDING &&
              static_cast<int>(NoticeState::kCorrected) == v1::Notice::CORRECTED);
static_assert(static_cast<int>(ObjectionState::kFiled) == v1::Objection::FILED &&
              static_cast<int>(ObjectionState::kLate) == v1::Objection::LATE);
static_assert(static_cast<int>(ObjectionCause::kOwnership) == v1::Objection::OWNERSHIP &&
              static_cast<int>(ObjectionCause::kFalseInfo) == v1::Objection::FALSE_INFO);
static_assert(static_cast<int>(CertificateType::kTxn) == v1::Certificate::TXN &&
              static_cast<int>(CertificateType::kPre) == v1::Certificate::PRE);
static_assert(static_cast<int>(CertificateState::kPending) == v1::Certificate::PENDING &&
              static_cast<int>(CertificateState::kSuperseded) == v1::Certificate::SUPERSEDED);
static_assert(static_cast<int>(RevocationCause::kUnlawfulParty) == v1::Certificate::UNLAWFUL_PARTY &&
              static_cast<int>(RevocationCause::kReplaced) == v1::Certificate::REPLACED);

v1::Notice::Type Proto(NoticeType type) { return static_cast<v1::Notice::Type>(type); }
v1::Notice::State Proto(NoticeState state) { return static_cast<v1::Notice::State>(state); }
v1::Objection::State Proto(ObjectionState state) { return static_cast<v1::Objection::State>(state); }
v1::Objection::Cause Proto(ObjectionCause cause) { return static_cast<v1::Objection::Cause>(cause); }
v1::Certificate::Type Proto(CertificateType type) { return static_cast<v1::Certificate::Type>(type); }
v1::Certificate::State Proto(CertificateState state) { return static_cast<v1::Certificate::State>(state); }
v1::Certificate::RevocationCause Proto(RevocationCause cause) {
  return static_cast<v1::Certificate::RevocationCause>(cause);
}

template <class Id>
std::string NameOrEmpty(const Id& id) {
  return id.empty() ? std::string() : NameOf(id);
}

// Whether a notice in this state shows an end of its window.
bool ShowsEnd(NoticeState state, const Window& window) {
  return window.end && state != NoticeState::kSuspended && state != NoticeState::kStanding;
}

template <class Message>
void SetNoticeContext(const StoredEvent& stored, const NoticeEntry& entry, Message& to) {
  to.set_notice(NameOf(entry.id));
  to.set_type(Proto(entry.type));
  to.set_listing(stored.subject.listing);
  to.set_deal(stored.subject.deal);
}

void PutEntry(const StoredEvent& stored, const NoticeEntry& entry, v1::Event& out) {
  if (const auto* published = std::get_if<NoticePublished>(&entry.event.payload)) {
    const Notice& notice = published->notice;
    auto& to = *out.mutable_notice_published();
    SetNoticeContext(stored, entry, to);
    if (notice.window.end) *to.mutable_window_end_time() = rpc::ToProtoTime(notice.window.end);
    to.set_corrects(NameOrEmpty(notice.corrects));
    to.set_content_hash(Hex(notice.content_hash));
    to.set_log_hash(Hex(notice.log_hash));
    return;
  }
  const auto* changed = std::get_if<WindowChanged>(&entry.event.payload);
  if (changed != nullptr && changed->state == NoticeState::kEnded) {
    SetNoticeContext(stored, entry, *out.mutable_notice_window_ended());
    return;
  }
  auto& to = *out.mutable_notice_changed();
  SetNoticeContext(stored, entry, to);
  if (changed != nullptr) {
    to.set_state(Proto(changed->state));
    if (ShowsEnd(changed->state, changed->window)) {
      *to.mutable_window_end_time() = rpc::ToProtoTime(changed->window.end);
    }
  } else if (std::holds_alternative<NoticeCorrected>(entry.event.payload)) {
    to.set_state(v1::Notice::CORRECTED);
  }
}

bool IsOver(ObjectionState state) {
  return state == ObjectionState::kDismissed || state == ObjectionState::kUpheld ||
         state == ObjectionState::kRejected || state == ObjectionState::kWithdrawn;
}

void PutEntry(const StoredEvent& stored, const ObjectionEntry& entry, v1::Event& out) {
  const auto* moved = std::get_if<ObjectionMoved>(&entry.event.payload);
  if (moved != nullptr && moved->state == ObjectionState::kAccepted) {
    auto& to = *out.mutable_objection_accepted();
    to.set_objection(NameOf(entry.id));
    to.set_notice(NameOf(entry.notice));
    to.set_deal(stored.subject.deal);
    to.set_listing(stored.subject.listing);
  } else if (moved != nullptr && IsOver(moved->state)) {
    auto& to = *out.mutable_objection_closed();
    to.set_objection(NameOf(entry.id));
    to.set_notice(NameOf(entry.notice));
    to.set_deal(stored.subject.deal);
    to.set_listing(stored.subject.listing);
    to.set_outcome(Proto(moved->state));
  } else {
    auto& to = *out.mutable_objection_changed();
    to.set_objection(NameOf(entry.id));
    to.set_notice(NameOf(entry.notice));
    const auto* filed = std::get_if<ObjectionFiled>(&entry.event.payload);
    to.set_state(moved != nullptr   ? Proto(moved->state)
                 : filed != nullptr ? Proto(filed->objection.state)
                                    : v1::Objection::UNDER_REVIEW);
  }
}

void PutEntry(const StoredEvent& stored, const CertificateEntry& entry, v1::Event& out) {
  if (const auto* issued = std::get_if<CertificateIssued>(&entry.event.payload)) {
    auto& to = *out.mutable_certificate_issued();
    to.set_certificate(NameOf(entry.id));
    to.set_number(entry.number);
    to.set_deal(stored.subject.deal);
    to.set_contract(entry.contract);
    to.set_listing(stored.subject.listing);
    to.set_exchange(stored.subject.exchange);
    to.set_type(Proto(entry.type));
    to.set_content_hash(Hex(issued->issued.content_hash));
  } else if (const auto* revoked = std::get_if<CertificateRevoked>(&entry.event.payload)) {
    auto& to = *out.mutable_certificate_revoked();
    to.set_certificate(NameOf(entry.id));
    to.set_number(entry.number);
    to.set_deal(stored.subject.deal);
    to.set_state(revoked->successor.empty() ? v1::Certificate::REVOKED : v1::Certificate::SUPERSEDED);
    to.set_notice(NameOf(revoked->notice));
  } else {
    auto& to = *out.mutable_certificate_changed();
    to.set_certificate(NameOf(entry.id));
    to.set_deal(stored.subject.deal);
    to.set_state(v1::Certificate::PENDING);
    if (const auto* opened = std::get_if<CertificateOpened>(&entry.event.payload)) {
      *to.mutable_due_time() = rpc::ToProtoTime(opened->certificate.due.end());
    } else if (std::holds_alternative<CertificateRefused>(entry.event.payload)) {
      to.set_state(v1::Certificate::REFUSED);
    } else if (std::holds_alternative<RevocationRequested>(entry.event.payload)) {
      to.set_state(v1::Certificate::VALID);
    }
  }
}

}  // namespace

Result<NoticeId> ParseNoticeName(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "notices", field));
  return NoticeId{std::move(id)};
}

Result<ObjectionId> ParseObjectionName(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "objections", field));
  return ObjectionId{std::move(id)};
}

Result<CertificateId> ParseCertificateName(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "certificates", field));
  return CertificateId{std::move(id)};
}

Result<DisclosureApp::ObjectionInput> FromProto(const v1::CreateObjectionRequest& request) {
  TTX_TRY(NoticeId notice, ParseNoticeName(request.notice(), "notice"));
  DisclosureApp::ObjectionInput input{std::move(notice),
                                      request.real_name(),
                                      static_cast<ObjectionCause>(request.cause()),
                                      request.statement(),
                                      {}};
  for (int i = 0; i < request.evidence_digests_size(); ++i) {
    std::optional<std::string> digest = FromHex(request.evidence_digests(i));
    if (!digest) {
      return InvalidField("evidence_digests[" + std::to_string(i) + "]", Reason::kBAD_FORMAT,
                          "64 hexadecimal digits");
    }
    input.evidence.push_back(*std::move(digest));
  }
  return input;
}

Result<ObjectionState> DecisionFromProto(v1::Objection::State state) {
  if (state == v1::Objection::UPHELD) return ObjectionState::kUpheld;
  if (state == v1::Objection::REJECTED) return ObjectionState::kRejected;
  return InvalidField("decision", Reason::kUNKNOWN_VALUE, "UPHELD, REJECTED");
}

std::optional<NoticeType> FromProto(v1::Notice::Type type) {
  if (type == v1::Notice::TYPE_UNSPECIFIED) return std::nullopt;
  return static_cast<NoticeType>(type);
}

v1::Notice ToProto(const Notice& notice) {
  v1::Notice proto;
  proto.set_name(NameOf(notice.id));
  proto.set_uid(notice.id.text);
  proto.set_type(Proto(notice.type));
  proto.set_state(Proto(notice.state));
  proto.set_version(notice.version);
  proto.set_corrects(NameOrEmpty(notice.corrects));
  proto.set_corrected_by(NameOrEmpty(notice.corrected_by));
  proto.set_position(notice.position);
  proto.set_exchange(notice.subject.exchange);
  proto.set_achievement(notice.subject.achievement);
  proto.set_listing(notice.subject.listing);
  proto.set_deal(notice.subject.deal);
  proto.set_content(notice.content);
  proto.set_content_hash(Hex(notice.content_hash));
  proto.set_log_hash(Hex(notice.log_hash));
  *proto.mutable_publish_time() = rpc::ToProtoTime(notice.publish_time);
  if (ShowsEnd(notice.state, notice.window))
    *proto.mutable_window_end_time() = rpc::ToProtoTime(notice.window.end);
  proto.set_window_provisional(notice.window.provisional);
  proto.set_remaining_workdays(notice.remaining_days);
  proto.set_correction_requested(notice.correction.has_value() && notice.corrected_by.empty());
  *proto.mutable_create_time() = rpc::ToProtoTime(notice.publish_time);
  *proto.mutable_update_time() = rpc::ToProtoTime(notice.update_time);
  proto.set_etag(std::to_string(notice.revision));
  return proto;
}

v1::Objection ToProto(const Objection& objection) {
  v1::Objection proto;
  proto.set_name(NameOf(objection.id));
  proto.set_uid(objection.id.text);
  proto.set_state(Proto(objection.state));
  proto.set_notice(NameOf(objection.notice));
  proto.set_exchange(objection.subject.exchange);
  proto.set_listing(objection.subject.listing);
  proto.set_deal(objection.subject.deal);
  proto.set_objector(objection.objector);
  proto.set_real_name(objection.real_name);
  proto.set_cause(Proto(objection.cause));
  proto.set_statement(objection.statement);
  for (const std::string& digest : objection.evidence) proto.add_evidence_digests(Hex(digest));
  proto.set_answer(objection.answer);
  if (objection.answer_due.date != Date{}) {
    *proto.mutable_answer_due_time() = rpc::ToProtoTime(objection.answer_due.end());
  }
  if (objection.proposal) {
    proto.set_proposed_decision(Proto(objection.proposal->decision));
    proto.set_decision_reasons(objection.proposal->reasons);
  }
  if (!objection.dismissal_reason.empty()) proto.set_decision_reasons(objection.dismissal_reason);
  if (objection.close_time) *proto.mutable_close_time() = rpc::ToProtoTime(objection.close_time);
  *proto.mutable_create_time() = rpc::ToProtoTime(objection.create_time);
  *proto.mutable_update_time() = rpc::ToProtoTime(objection.update_time);
  proto.set_etag(std::to_string(objection.revision));
  return proto;
}

v1::Certificate ToProto(const Certificate& certificate) {
  v1::Certificate proto;
  proto.set_name(NameOf(certificate.id));
  proto.set_uid(certificate.id.text);
  proto.set_type(Proto(certificate.type));
  proto.set_state(Proto(certificate.state));
  proto.set_number(certificate.issued.number);
  proto.set_deal(certificate.deal);
  proto.set_contract(certificate.contract);
  proto.set_listing(certificate.listing);
  proto.set_exchange(certificate.exchange);
  proto.set_seller(certificate.seller);
  proto.set_buyer(certificate.buyer);
  proto.set_title(certificate.title);
  *proto.mutable_due_time() = rpc::ToProtoTime(certificate.due.end());
  proto.set_due_provisional(certificate.due.provisional);
  proto.set_issue_requested(certificate.issue_request.has_value());
  proto.set_content(certificate.issued.content);
  proto.set_content_hash(Hex(certificate.issued.content_hash));
  proto.set_signature(certificate.issued.signature);
  proto.set_key_id(certificate.issued.key_id);
  if (certificate.issue_time) *proto.mutable_issue_time() = rpc::ToProtoTime(certificate.issue_time);
  proto.set_refusal_reason(certificate.refusal_reason);
  proto.set_revocation_requested(certificate.revocation.has_value());
  if (certificate.revocation) {
    proto.set_revocation_cause(Proto(certificate.revocation->cause));
    proto.set_revocation_statement(certificate.revocation->statement);
  }
  proto.set_revocation_notice(NameOrEmpty(certificate.revocation_notice));
  proto.set_supersedes(NameOrEmpty(certificate.supersedes));
  proto.set_superseded_by(NameOrEmpty(certificate.superseded_by));
  *proto.mutable_create_time() = rpc::ToProtoTime(certificate.create_time);
  *proto.mutable_update_time() = rpc::ToProtoTime(certificate.update_time);
  proto.set_etag(std::to_string(certificate.revision));
  return proto;
}

v1::Revocation ToProto(const RevokedCertificate& revoked) {
  const Certificate& certificate = revoked.certificate;
  v1::Revocation proto;
  proto.set_number(certificate.issued.number);
  proto.set_type(Proto(certificate.type));
  proto.set_state(Proto(certificate.state));
  proto.set_cause(Proto(certificate.revocation->cause));
  *proto.mutable_end_time() = rpc::ToProtoTime(certificate.end_time);
  proto.set_notice(NameOf(certificate.revocation_notice));
  return proto;
}

v1::VerifyCertificateResponse ToVerification(const std::optional<Certificate>& certificate) {
  v1::VerifyCertificateResponse proto;
  proto.set_result(v1::VerifyCertificateResponse::NOT_FOUND);
  if (!certificate) return proto;
  switch (certificate->state) {
    case CertificateState::kPending:
    case CertificateState::kRefused:
      return proto;
    case CertificateState::kValid:
      proto.set_result(v1::VerifyCertificateResponse::VALID);
      break;
    case CertificateState::kRevoked:
      proto.set_result(v1::VerifyCertificateResponse::REVOKED);
      break;
    case CertificateState::kSuperseded:
      proto.set_result(v1::VerifyCertificateResponse::SUPERSEDED);
      break;
  }
  proto.set_number(certificate->issued.number);
  proto.set_type(Proto(certificate->type));
  proto.set_issue_date(FormatDate(DateInShanghai(certificate->issue_time)));
  proto.set_title(certificate->title);
  proto.set_seller(PublicName(certificate->seller_name));
  proto.set_buyer(PublicName(certificate->buyer_name));
  proto.set_content_hash(Hex(certificate->issued.content_hash));
  proto.set_signature(certificate->issued.signature);
  proto.set_key_id(certificate->issued.key_id);
  if (certificate->end_time) *proto.mutable_end_time() = rpc::ToProtoTime(certificate->end_time);
  return proto;
}

v1::Event ToProto(const StoredEvent& stored) {
  v1::Event proto;
  proto.set_sequence(static_cast<int64_t>(stored.sequence));
  *proto.mutable_event_time() = rpc::ToProtoTime(stored.time);
  proto.set_exchange(stored.subject.exchange);
  std::visit([&](const auto& entry) { PutEntry(stored, entry, proto); }, stored.entry);
  return proto;
}

}  // namespace ttx::disclosure
