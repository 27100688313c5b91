#include "services/disclosure/store/records.h"

namespace ttx::disclosure {
namespace {

store::WindowRecord ToRecord(const Window& window) {
  store::WindowRecord record;
  record.set_from_day(window.from.days);
  record.set_counts_from(window.counts_from);
  record.set_days(window.days);
  record.set_end_ns(window.end.ns);
  record.set_provisional(window.provisional);
  return record;
}

Window FromRecord(const store::WindowRecord& record) {
  return {{record.from_day()}, record.counts_from(), record.days(), {record.end_ns()}, record.provisional()};
}

store::LegalDateRecord ToRecord(const LegalDate& date) {
  store::LegalDateRecord record;
  record.set_day(date.date.days);
  record.set_provisional(date.provisional);
  return record;
}

LegalDate FromRecord(const store::LegalDateRecord& record) { return {{record.day()}, record.provisional()}; }

store::CorrectionRecord ToRecord(const Correction& correction) {
  store::CorrectionRecord record;
  for (const Replacement& replacement : correction.replacements) {
    auto& to = *record.add_replacements();
    to.set_key(replacement.key);
    to.set_value(replacement.value);
  }
  record.set_reason(correction.reason);
  record.set_person(correction.person);
  return record;
}

Correction FromRecord(const store::CorrectionRecord& record) {
  Correction correction{{}, record.reason(), record.person()};
  for (const auto& from : record.replacements())
    correction.replacements.push_back({from.key(), from.value()});
  return correction;
}

store::ProposalRecord ToRecord(const Proposal& proposal) {
  store::ProposalRecord record;
  record.set_decision(static_cast<int>(proposal.decision));
  record.set_reasons(proposal.reasons);
  record.set_person(proposal.person);
  return record;
}

Proposal FromRecord(const store::ProposalRecord& record) {
  return {static_cast<ObjectionState>(record.decision()), record.reasons(), record.person()};
}

store::IssueRequestRecord ToRecord(const IssueRequest& request) {
  store::IssueRequestRecord record;
  record.set_person(request.person);
  record.set_conclusion(request.conclusion);
  return record;
}

store::RevocationRequestRecord ToRecord(const RevocationRequest& request) {
  store::RevocationRequestRecord record;
  record.set_person(request.person);
  record.set_cause(static_cast<int>(request.cause));
  record.set_statement(request.statement);
  return record;
}

RevocationRequest FromRecord(const store::RevocationRequestRecord& record) {
  return {record.person(), static_cast<RevocationCause>(record.cause()), record.statement()};
}

store::IssuedRecord ToRecord(const Issued& issued) {
  store::IssuedRecord record;
  record.set_number(issued.number);
  record.set_content(issued.content);
  record.set_content_hash(issued.content_hash);
  record.set_signature(issued.signature);
  record.set_key_id(issued.key_id);
  return record;
}

Issued FromRecord(const store::IssuedRecord& record) {
  return {record.number(), record.content(), record.content_hash(), record.signature(), record.key_id()};
}

store::DealFactsRecord ToRecord(const DealFacts& facts) {
  store::DealFactsRecord record;
  record.set_deal(facts.deal);
  record.set_listing(facts.listing);
  record.set_listing_version(facts.listing_version);
  record.set_exchange(facts.exchange);
  record.set_achievement(facts.achievement);
  record.set_title(facts.title);
  record.set_kind(facts.kind);
  record.set_right_scope(facts.right_scope);
  for (const std::string& number : facts.ip_numbers) record.add_ip_numbers(number);
  record.set_seller(facts.seller);
  record.set_seller_legal_name(facts.seller_legal_name);
  record.set_buyer(facts.buyer);
  record.set_buyer_legal_name(facts.buyer_legal_name);
  record.set_price_fen(facts.price.value);
  record.set_listed_price_fen(facts.listed_price.value);
  record.set_method(facts.method);
  record.set_auction(facts.auction);
  record.set_log_hash(facts.log_hash);
  record.set_bid_count(facts.bid_count);
  record.set_listing_start_date(facts.listing_start_date);
  record.set_listing_end_date(facts.listing_end_date);
  record.set_project_no(facts.project_no);
  record.set_payment_terms(facts.payment_terms);
  record.set_share_ppm(facts.share_ppm);
  return record;
}

DealFacts FromRecord(const store::DealFactsRecord& record) {
  DealFacts facts;
  facts.deal = record.deal();
  facts.listing = record.listing();
  facts.listing_version = record.listing_version();
  facts.exchange = record.exchange();
  facts.achievement = record.achievement();
  facts.title = record.title();
  facts.kind = record.kind();
  facts.right_scope = record.right_scope();
  facts.ip_numbers.assign(record.ip_numbers().begin(), record.ip_numbers().end());
  facts.seller = record.seller();
  facts.seller_legal_name = record.seller_legal_name();
  facts.buyer = record.buyer();
  facts.buyer_legal_name = record.buyer_legal_name();
  facts.price = {record.price_fen()};
  facts.listed_price = {record.listed_price_fen()};
  facts.method = record.method();
  facts.auction = record.auction();
  facts.log_hash = record.log_hash();
  facts.bid_count = record.bid_count();
  facts.listing_start_date = record.listing_start_date();
  facts.listing_end_date = record.listing_end_date();
  facts.project_no = record.project_no();
  facts.payment_terms = record.payment_terms();
  facts.share_ppm = record.share_ppm();
  return facts;
}

store::ContractFactsRecord ToRecord(const ContractFacts& facts) {
  store::ContractFactsRecord record;
  record.set_contract(facts.contract);
  record.set_deal(facts.deal);
  record.set_listing(facts.listing);
  record.set_exchange(facts.exchange);
  record.set_seller(facts.seller);
  record.set_seller_legal_name(facts.seller_legal_name);
  record.set_buyer(facts.buyer);
  record.set_buyer_legal_name(facts.buyer_legal_name);
  record.set_title(facts.title);
  record.set_kind(facts.kind);
  for (const std::string& number : facts.ip_numbers) record.add_ip_numbers(number);
  record.set_right_scope(facts.right_scope);
  record.set_price_fen(facts.price.value);
  record.set_listed_price_fen(facts.listed_price.value);
  record.set_manifest_hash(facts.manifest_hash);
  record.set_effective_time_ns(facts.effective_time.ns);
  record.set_method(facts.method);
  record.set_log_hash(facts.log_hash);
  record.set_listing_start_date(facts.listing_start_date);
  record.set_listing_end_date(facts.listing_end_date);
  record.set_share_ppm(facts.share_ppm);
  return record;
}

ContractFacts FromRecord(const store::ContractFactsRecord& record) {
  ContractFacts facts;
  facts.contract = record.contract();
  facts.deal = record.deal();
  facts.listing = record.listing();
  facts.exchange = record.exchange();
  facts.seller = record.seller();
  facts.seller_legal_name = record.seller_legal_name();
  facts.buyer = record.buyer();
  facts.buyer_legal_name = record.buyer_legal_name();
  facts.title = record.title();
  facts.kind = record.kind();
  facts.ip_numbers.assign(record.ip_numbers().begin(), record.ip_numbers().end());
  facts.right_scope = record.right_scope();
  facts.price = {record.price_fen()};
  facts.listed_price = {record.listed_price_fen()};
  facts.manifest_hash = record.manifest_hash();
  facts.effective_time = {record.effective_time_ns()};
  facts.method = record.method();
  facts.log_hash = record.log_hash();
  facts.listing_start_date = record.listing_start_date();
  facts.listing_end_date = record.listing_end_date();
  facts.share_ppm = record.share_ppm();
  return facts;
}

}  // namespace

store::SubjectRecord ToRecord(const Subject& subject) {
  store::SubjectRecord record;
  record.set_exchange(subject.exchange);
  record.set_achievement(subject.achievement);
  record.set_listing(subject.listing);
  record.set_deal(subject.deal);
  return record;
}

Subject FromRecord(const store::SubjectRecord& record) {
  return {record.exchange(), record.achievement(), record.listing(), record.deal()};
}

store::NoticeRecord ToRecord(const Notice& notice) {
  store::NoticeRecord record;
  record.set_id(notice.id.text);
  record.set_type(static_cast<int>(notice.type));
  *record.mutable_subject() = ToRecord(notice.subject);
  record.set_version(notice.version);
  record.set_corrects(notice.corrects.text);
  record.set_position(notice.position);
  record.set_content(notice.content);
  record.set_content_hash(notice.content_hash);
  record.set_log_hash(notice.log_hash);
  record.set_publish_time_ns(notice.publish_time.ns);
  record.set_window_days(notice.window_days);
  record.set_state(static_cast<int>(notice.state));
  *record.mutable_window() = ToRecord(notice.window);
  record.set_remaining_days(notice.remaining_days);
  record.set_filed(notice.filed);
  record.set_accepted(notice.accepted);
  if (notice.correction) *record.mutable_correction() = ToRecord(*notice.correction);
  record.set_corrected_by(notice.corrected_by.text);
  record.set_update_time_ns(notice.update_time.ns);
  record.set_revision(notice.revision);
  return record;
}

Notice FromRecord(const store::NoticeRecord& record) {
  Notice notice;
  notice.id = {record.id()};
  notice.type = static_cast<NoticeType>(record.type());
  notice.subject = FromRecord(record.subject());
  notice.version = record.version();
  notice.corrects = {record.corrects()};
  notice.position = record.position();
  notice.content = record.content();
  notice.content_hash = record.content_hash();
  notice.log_hash = record.log_hash();
  notice.publish_time = {record.publish_time_ns()};
  notice.window_days = record.window_days();
  notice.state = static_cast<NoticeState>(record.state());
  notice.window = FromRecord(record.window());
  notice.remaining_days = record.remaining_days();
  notice.filed = record.filed();
  notice.accepted = record.accepted();
  if (record.has_correction()) notice.correction = FromRecord(record.correction());
  notice.corrected_by = {record.corrected_by()};
  notice.update_time = {record.update_time_ns()};
  notice.revision = record.revision();
  return notice;
}

store::ObjectionRecord ToRecord(const Objection& objection) {
  store::ObjectionRecord record;
  record.set_id(objection.id.text);
  record.set_state(static_cast<int>(objection.state));
  record.set_notice(objection.notice.text);
  *record.mutable_subject() = ToRecord(objection.subject);
  record.set_objector(objection.objector);
  record.set_person(objection.person);
  record.set_real_name(objection.real_name);
  record.set_cause(static_cast<int>(objection.cause));
  record.set_statement(objection.statement);
  for (const std::string& digest : objection.evidence) record.add_evidence(digest);
  record.set_answer(objection.answer);
  *record.mutable_answer_due() = ToRecord(objection.answer_due);
  if (objection.proposal) *record.mutable_proposal() = ToRecord(*objection.proposal);
  record.set_decided_by(objection.decided_by);
  record.set_dismissal_reason(objection.dismissal_reason);
  *record.mutable_appeal_until() = ToRecord(objection.appeal_until);
  record.set_close_time_ns(objection.close_time.ns);
  record.set_create_time_ns(objection.create_time.ns);
  record.set_update_time_ns(objection.update_time.ns);
  record.set_revision(objection.revision);
  return record;
}

Objection FromRecord(const store::ObjectionRecord& record) {
  Objection objection;
  objection.id = {record.id()};
  objection.state = static_cast<ObjectionState>(record.state());
  objection.notice = {record.notice()};
  objection.subject = FromRecord(record.subject());
  objection.objector = record.objector();
  objection.person = record.person();
  objection.real_name = record.real_name();
  objection.cause = static_cast<ObjectionCause>(record.cause());
  objection.statement = record.statement();
  objection.evidence.assign(record.evidence().begin(), record.evidence().end());
  objection.answer = record.answer();
  objection.answer_due = FromRecord(record.answer_due());
  if (record.has_proposal()) objection.proposal = FromRecord(record.proposal());
  objection.decided_by = record.decided_by();
  objection.dismissal_reason = record.dismissal_reason();
  objection.appeal_until = FromRecord(record.appeal_until());
  objection.close_time = {record.close_time_ns()};
  objection.create_time = {record.create_time_ns()};
  objection.update_time = {record.update_time_ns()};
  objection.revision = record.revision();
  return objection;
}

store::CertificateRecord ToRecord(const Certificate& certificate) {
  store::CertificateRecord record;
  record.set_id(certificate.id.text);
  record.set_type(static_cast<int>(certificate.type));
  record.set_state(static_cast<int>(certificate.state));
  record.set_deal(certificate.deal);
  record.set_contract(certificate.contract);
  record.set_listing(certificate.listing);
  record.set_exchange(certificate.exchange);
  record.set_seller(certificate.seller);
  record.set_seller_name(certificate.seller_name);
  record.set_buyer(certificate.buyer);
  record.set_buyer_name(certificate.buyer_name);
  record.set_title(certificate.title);
  *record.mutable_due() = ToRecord(certificate.due);
  record.set_supersedes(certificate.supersedes.text);
  if (certificate.issue_request) *record.mutable_issue_request() = ToRecord(*certificate.issue_request);
  *record.mutable_issued() = ToRecord(certificate.issued);
  record.set_approver(certificate.approver);
  record.set_issue_time_ns(certificate.issue_time.ns);
  record.set_refusal_reason(certificate.refusal_reason);
  if (certificate.revocation) *record.mutable_revocation() = ToRecord(*certificate.revocation);
  record.set_revoker(certificate.revoker);
  record.set_revocation_notice(certificate.revocation_notice.text);
  record.set_superseded_by(certificate.superseded_by.text);
  record.set_end_time_ns(certificate.end_time.ns);
  record.set_create_time_ns(certificate.create_time.ns);
  record.set_update_time_ns(certificate.update_time.ns);
  record.set_revision(certificate.revision);
  return record;
}

Certificate FromRecord(const store::CertificateRecord& record) {
  Certificate certificate;
  certificate.id = {record.id()};
  certificate.type = static_cast<CertificateType>(record.type());
  certificate.state = static_cast<CertificateState>(record.state());
  certificate.deal = record.deal();
  certificate.contract = record.contract();
  certificate.listing = record.listing();
  certificate.exchange = record.exchange();
  certificate.seller = record.seller();
  certificate.seller_name = record.seller_name();
  certificate.buyer = record.buyer();
  certificate.buyer_name = record.buyer_name();
  certificate.title = record.title();
  certificate.due = FromRecord(record.due());
  certificate.supersedes = {record.supersedes()};
  if (record.has_issue_request()) {
    certificate.issue_request =
        IssueRequest{record.issue_request().person(), record.issue_request().conclusion()};
  }
  certificate.issued = FromRecord(record.issued());
  certificate.approver = record.approver();
  certificate.issue_time = {record.issue_time_ns()};
  certificate.refusal_reason = record.refusal_reason();
  if (record.has_revocation()) certificate.revocation = FromRecord(record.revocation());
  certificate.revoker = record.revoker();
  certificate.revocation_notice = {record.revocation_notice()};
  certificate.superseded_by = {record.superseded_by()};
  certificate.end_time = {record.end_time_ns()};
  certificate.create_time = {record.create_time_ns()};
  certificate.update_time = {record.update_time_ns()};
  certificate.revision = record.revision();
  return certificate;
}

store::DossierRecord ToRecord(const Dossier& dossier) {
  store::DossierRecord record;
  record.set_deal(dossier.deal);
  if (dossier.result) *record.mutable_result() = ToRecord(*dossier.result);
  if (dossier.contract) *record.mutable_contract() = ToRecord(*dossier.contract);
  if (dossier.registration) {
    auto& to = *record.mutable_registration();
    to.set_contract(dossier.registration->contract);
    to.set_deal(dossier.registration->deal);
    to.set_registration_number(dossier.registration->registration_number);
    to.set_total_fen(dossier.registration->total.value);
    to.set_technical_fen(dossier.registration->technical.value);
  }
  if (dossier.payment) {
    auto& to = *record.mutable_payment();
    to.set_settlement(dossier.payment->settlement);
    to.set_deal(dossier.payment->deal);
    to.set_price_fen(dossier.payment->price.value);
    to.set_paid_time_ns(dossier.payment->paid_time.ns);
  }
  record.set_settled(dossier.settled);
  record.set_result_notice(dossier.result_notice.text);
  record.set_contract_notice(dossier.contract_notice.text);
  record.set_opened(dossier.opened);
  record.set_ended(dossier.ended);
  return record;
}

Dossier FromRecord(const store::DossierRecord& record) {
  Dossier dossier;
  dossier.deal = record.deal();
  if (record.has_result()) dossier.result = FromRecord(record.result());
  if (record.has_contract()) dossier.contract = FromRecord(record.contract());
  if (record.has_registration()) {
    const auto& from = record.registration();
    dossier.registration = RegistrationFacts{
        from.contract(), from.deal(), from.registration_number(), {from.total_fen()}, {from.technical_fen()}};
  }
  if (record.has_payment()) {
    const auto& from = record.payment();
    dossier.payment = PaymentFacts{from.settlement(), from.deal(), {from.price_fen()}, {from.paid_time_ns()}};
  }
  dossier.settled = record.settled();
  dossier.result_notice = {record.result_notice()};
  dossier.contract_notice = {record.contract_notice()};
  dossier.opened = record.opened();
  dossier.ended = record.ended();
  return dossier;
}

// --- Events ------------------------------------------------------------------------------------------------

void ToRecord(const NoticeEvent& event, store::NoticeEventRecord& record) {
  struct Visitor {
    store::NoticeEventRecord& out;
    void operator()(const NoticePublished& e) const { *out.mutable_published() = ToRecord(e.notice); }
    void operator()(const WindowChanged& e) const {
      auto& to = *out.mutable_window_changed();
      to.set_state(static_cast<int>(e.state));
      *to.mutable_window() = ToRecord(e.window);
      to.set_remaining_days(e.remaining_days);
      to.set_filed(e.filed);
      to.set_accepted(e.accepted);
    }
    void operator()(const CorrectionRequested& e) const {
      *out.mutable_correction_requested() = ToRecord(e.correction);
    }
    void operator()(const NoticeCorrected& e) const {
      auto& to = *out.mutable_corrected();
      to.set_successor(e.successor.text);
      to.set_person(e.person);
    }
  };
  std::visit(Visitor{record}, event.payload);
}

NoticeEvent FromRecord(const store::NoticeEventRecord& record, Time time) {
  switch (record.payload_case()) {
    case store::NoticeEventRecord::kPublished:
      return {time, NoticePublished{FromRecord(record.published())}};
    case store::NoticeEventRecord::kWindowChanged: {
      const auto& from = record.window_changed();
      return {time, WindowChanged{static_cast<NoticeState>(from.state()), FromRecord(from.window()),
                                  from.remaining_days(), from.filed(), from.accepted()}};
    }
    case store::NoticeEventRecord::kCorrectionRequested:
      return {time, CorrectionRequested{FromRecord(record.correction_requested())}};
    case store::NoticeEventRecord::kCorrected:
      return {time, NoticeCorrected{{record.corrected().successor()}, record.corrected().person()}};
    case store::NoticeEventRecord::PAYLOAD_NOT_SET:
      break;
  }
  TTX_CHECK(false, "a notice event without a payload");
}

void ToRecord(const ObjectionEvent& event, store::ObjectionEventRecord& record) {
  struct Visitor {
    store::ObjectionEventRecord& out;
    void operator()(const ObjectionFiled& e) const { *out.mutable_filed() = ToRecord(e.objection); }
    void operator()(const ObjectionMoved& e) const {
      auto& to = *out.mutable_moved();
      to.set_state(static_cast<int>(e.state));
      to.set_person(e.person);
      to.set_text(e.text);
      *to.mutable_due() = ToRecord(e.due);
    }
    void operator()(const DecisionProposed& e) const { *out.mutable_proposed() = ToRecord(e.proposal); }
  };
  std::visit(Visitor{record}, event.payload);
}

ObjectionEvent FromRecord(const store::ObjectionEventRecord& record, Time time) {
  switch (record.payload_case()) {
    case store::ObjectionEventRecord::kFiled:
      return {time, ObjectionFiled{FromRecord(record.filed())}};
    case store::ObjectionEventRecord::kMoved: {
      const auto& from = record.moved();
      return {time, ObjectionMoved{static_cast<ObjectionState>(from.state()), from.person(), from.text(),
                                   FromRecord(from.due())}};
    }
    case store::ObjectionEventRecord::kProposed:
      return {time, DecisionProposed{FromRecord(record.proposed())}};
    case store::ObjectionEventRecord::PAYLOAD_NOT_SET:
      break;
  }
  TTX_CHECK(false, "an objection event without a payload");
}

void ToRecord(const CertificateEvent& event, store::CertificateEventRecord& record) {
  struct Visitor {
    store::CertificateEventRecord& out;
    void operator()(const CertificateOpened& e) const { *out.mutable_opened() = ToRecord(e.certificate); }
    void operator()(const IssueRequested& e) const { *out.mutable_issue_requested() = ToRecord(e.request); }
    void operator()(const CertificateIssued& e) const {
      auto& to = *out.mutable_issued();
      *to.mutable_issued() = ToRecord(e.issued);
      to.set_person(e.person);
    }
    void operator()(const CertificateRefused& e) const {
      auto& to = *out.mutable_refused();
      to.set_person(e.person);
      to.set_reason(e.reason);
    }
    void operator()(const RevocationRequested& e) const {
      *out.mutable_revocation_requested() = ToRecord(e.request);
    }
    void operator()(const CertificateRevoked& e) const {
      auto& to = *out.mutable_revoked();
      to.set_person(e.person);
      to.set_notice(e.notice.text);
      to.set_successor(e.successor.text);
    }
  };
  std::visit(Visitor{record}, event.payload);
}

CertificateEvent FromRecord(const store::CertificateEventRecord& record, Time time) {
  switch (record.payload_case()) {
    case store::CertificateEventRecord::kOpened:
      return {time, CertificateOpened{FromRecord(record.opened())}};
    case store::CertificateEventRecord::kIssueRequested:
      return {time,
              IssueRequested{{record.issue_requested().person(), record.issue_requested().conclusion()}}};
    case store::CertificateEventRecord::kIssued:
      return {time, CertificateIssued{FromRecord(record.issued().issued()), record.issued().person()}};
    case store::CertificateEventRecord::kRefused:
      return {time, CertificateRefused{record.refused().person(), record.refused().reason()}};
    case store::CertificateEventRecord::kRevocationRequested:
      return {time, RevocationRequested{FromRecord(record.revocation_requested())}};
    case store::CertificateEventRecord::kRevoked:
      return {time,
              CertificateRevoked{
                  record.revoked().person(), {record.revoked().notice()}, {record.revoked().successor()}}};
    case store::CertificateEventRecord::PAYLOAD_NOT_SET:
      break;
  }
  TTX_CHECK(false, "a certificate event without a payload");
}

}  // namespace ttx::disclosure
