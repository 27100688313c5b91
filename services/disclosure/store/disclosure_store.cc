#include "services/disclosure/store/disclosure_store.h"

#include <algorithm>

#include "libs/storage/table.h"
#include "services/disclosure/store/records.h"

namespace ttx::disclosure {
namespace {

using storage::FindId;
using storage::In;
using storage::KeyOf;
using storage::Load;
using storage::MustHold;
using storage::Present;

// An enumerator or a count as part of a key.
template <class T>
uint64_t U64(T value) {
  return static_cast<uint64_t>(value);
}

void Emit(storage::Txn& txn, Time time, const Subject& subject, store::EventRecord record) {
  record.set_time_ns(time.ns);
  *record.mutable_subject() = ToRecord(subject);
  txn.Emit(record.SerializeAsString());
}

Subject SubjectOf(const Certificate& certificate) {
  return {certificate.exchange, "", certificate.listing, certificate.deal};
}

StoredEvent FromOutbox(const storage::OutboxEvent& stored) {
  const auto record = storage::ParseRecord<store::EventRecord>(stored.payload);
  StoredEvent event{stored.sequence, {record.time_ns()}, FromRecord(record.subject()), {}};
  if (record.has_notice()) {
    event.entry = NoticeEntry{{record.notice().id()},
                              static_cast<NoticeType>(record.notice().type()),
                              FromRecord(record.notice(), event.time)};
  } else if (record.has_objection()) {
    event.entry = ObjectionEntry{
        {record.objection().id()}, {record.objection().notice()}, FromRecord(record.objection(), event.time)};
  } else {
    TTX_CHECK(record.has_certificate(), "an event record without an aggregate");
    event.entry = CertificateEntry{{record.certificate().id()},
                                   static_cast<CertificateType>(record.certificate().type()),
                                   record.certificate().contract(),
                                   record.certificate().number(),
                                   FromRecord(record.certificate(), event.time)};
  }
  return event;
}

}  // namespace

std::optional<Notice> LoadNotice(const storage::Reader& reader, const NoticeId& id) {
  return Load<store::NoticeRecord>(reader, KeyOf(Table::kNotice, id.text), FromRecord);
}

std::optional<Objection> LoadObjection(const storage::Reader& reader, const ObjectionId& id) {
  return Load<store::ObjectionRecord>(reader, KeyOf(Table::kObjection, id.text), FromRecord);
}

std::optional<Certificate> LoadCertificate(const storage::Reader& reader, const CertificateId& id) {
  return Load<store::CertificateRecord>(reader, KeyOf(Table::kCertificate, id.text), FromRecord);
}

Dossier LoadDossier(const storage::Reader& reader, const std::string& deal) {
  const auto record = storage::FindRecord<store::DossierRecord>(reader, KeyOf(Table::kDossier, deal));
  if (record) return FromRecord(*record);
  Dossier dossier;
  dossier.deal = deal;
  return dossier;
}

LogHead LoadLogHead(const storage::Reader& reader) {
  const auto record = storage::FindRecord<store::LogHeadRecord>(reader, KeyOf(Table::kLogHead));
  return record ? LogHead{record->size(), record->hash()} : LogHead{};
}

void SaveNotice(storage::Txn& txn, const NoticeDecision& decision) {
  const Notice& notice = decision.next;
  MustHold(notice);
  if (decision.events.empty()) {
    // Nothing changed, but a provisional window is looked at again.
    if (const auto look = NextLook(notice, txn.now())) txn.SetDue(*look, NameOf(notice.id));
    return;
  }
  txn.Put(KeyOf(Table::kNotice, notice.id.text), ToRecord(notice).SerializeAsString());
  for (const NoticeEvent& event : decision.events) {
    store::EventRecord record;
    record.mutable_notice()->set_id(notice.id.text);
    record.mutable_notice()->set_type(static_cast<int>(notice.type));
    ToRecord(event, *record.mutable_notice());
    Emit(txn, event.time, notice.subject, std::move(record));
    if (!std::holds_alternative<NoticePublished>(event.payload)) continue;
    txn.Put(In(Table::kNoticeByPosition).U64(U64(notice.position)).str(), notice.id.text);
    txn.Put(In(Table::kNoticeByType).U64(U64(notice.type)).U64(U64(notice.position)).str(), notice.id.text);
    if (!notice.subject.listing.empty()) {
      txn.Put(In(Table::kNoticeByListing, notice.subject.listing).U64(U64(notice.position)).str(),
              notice.id.text);
    }
  }
  const std::string block = KeyOf(Table::kBlock, notice.subject.listing, NameOf(notice.id));
  if (notice.state == NoticeState::kSetAside) {
    txn.Put(block, "");
  } else if (notice.state == NoticeState::kCorrected) {
    txn.Delete(block);
  }
  if (const auto look = NextLook(notice, txn.now())) txn.SetDue(*look, NameOf(notice.id));
}

void SaveObjection(storage::Txn& txn, const ObjectionDecision& decision) {
  const Objection& objection = decision.next;
  MustHold(objection);
  txn.Put(KeyOf(Table::kObjection, objection.id.text), ToRecord(objection).SerializeAsString());
  for (const ObjectionEvent& event : decision.events) {
    store::EventRecord record;
    record.mutable_objection()->set_id(objection.id.text);
    record.mutable_objection()->set_notice(objection.notice.text);
    ToRecord(event, *record.mutable_objection());
    Emit(txn, event.time, objection.subject, std::move(record));
    if (!std::holds_alternative<ObjectionFiled>(event.payload)) continue;
    txn.Put(KeyOf(Table::kObjectionByParty, objection.objector, objection.id.text), "");
    txn.Put(KeyOf(Table::kObjectionByParty, objection.subject.exchange, objection.id.text), "");
  }
  const std::string open = KeyOf(Table::kObjectionOpen, objection.notice.text, objection.objector);
  const std::string block = KeyOf(Table::kBlock, objection.subject.listing, NameOf(objection.id));
  if (IsOpen(objection.state)) {
    txn.Put(open, objection.id.text);
    txn.Put(block, "");
  } else if (objection.state == ObjectionState::kLate) {
    txn.Put(KeyOf(Table::kObjectionLate, objection.notice.text, objection.objector), objection.id.text);
  } else if (objection.state != ObjectionState::kEscalated) {
    txn.Delete(open);
    txn.Delete(block);
  }
}

void SaveCertificate(storage::Txn& txn, const CertificateDecision& decision) {
  const Certificate& certificate = decision.next;
  MustHold(certificate);
  const std::string& id = certificate.id.text;
  txn.Put(KeyOf(Table::kCertificate, id), ToRecord(certificate).SerializeAsString());
  for (const CertificateEvent& event : decision.events) {
    store::EventRecord record;
    record.mutable_certificate()->set_id(id);
    record.mutable_certificate()->set_type(static_cast<int>(certificate.type));
    record.mutable_certificate()->set_contract(certificate.contract);
    record.mutable_certificate()->set_number(certificate.issued.number);
    ToRecord(event, *record.mutable_certificate());
    Emit(txn, event.time, SubjectOf(certificate), std::move(record));
    if (std::holds_alternative<CertificateOpened>(event.payload)) {
      for (const std::string& party : {certificate.exchange, certificate.seller, certificate.buyer}) {
        txn.Put(KeyOf(Table::kCertificateByParty, party, id), "");
      }
      txn.Put(KeyOf(Table::kCertificateByDeal, certificate.deal, id), "");
    } else if (std::holds_alternative<CertificateIssued>(event.payload)) {
      txn.Put(KeyOf(Table::kCertificateByNumber, certificate.issued.number), id);
    } else if (std::holds_alternative<CertificateRevoked>(event.payload)) {
      const Notice notice = Present(LoadNotice(txn, certificate.revocation_notice));
      txn.Put(In(Table::kRevocation).U64(U64(notice.position)).str(), id);
    }
  }
  const std::string of = In(Table::kCertificateOf, certificate.deal).U64(U64(certificate.type)).str();
  if (Occupies(certificate.state)) {
    txn.Put(of, id);
  } else if (txn.Get(of) == id) {  // not when a successor has taken the place
    txn.Delete(of);
  }
}

void SaveDossier(storage::Txn& txn, const Dossier& dossier) {
  txn.Put(KeyOf(Table::kDossier, dossier.deal), ToRecord(dossier).SerializeAsString());
}

void SaveLogHead(storage::Txn& txn, const LogHead& head) {
  store::LogHeadRecord record;
  record.set_size(head.size);
  record.set_hash(head.hash);
  txn.Put(KeyOf(Table::kLogHead), record.SerializeAsString());
}

int64_t NextSequence(storage::Txn& txn, const std::string& exchange_code, int year, CertificateType type) {
  const std::string key = In(Table::kSequence, exchange_code).U64(U64(year)).U64(U64(type)).str();
  const uint64_t next = storage::FindNumber(txn, key) + 1;
  txn.Put(key, storage::NumberValue(next));
  return static_cast<int64_t>(next);
}

std::vector<Notice> ListNotices(const storage::Reader& reader, std::optional<NoticeType> type,
                                const std::string& listing, int64_t after, size_t limit) {
  constexpr size_t kScanPerPage = 1000;
  const storage::Key prefix = !listing.empty() ? In(Table::kNoticeByListing, listing)
                              : type           ? In(Table::kNoticeByType).U64(U64(*type))
                                               : In(Table::kNoticeByPosition);
  storage::KeyRange range = storage::PrefixRange(prefix.str());
  range.begin = storage::Key(prefix).U64(U64(after) + 1).str();
  std::vector<Notice> notices;
  for (;;) {
    const std::vector<storage::Entry> entries = reader.Scan(range, kScanPerPage);
    for (const storage::Entry& entry : entries) {
      if (notices.size() == limit) return notices;
      Notice notice = Present(LoadNotice(reader, {entry.value}));
      if (!type || notice.type == *type) notices.push_back(std::move(notice));
    }
    if (entries.size() < kScanPerPage) return notices;
    range.begin = entries.back().key + '\0';
  }
}

std::optional<Notice> FindNotice(const storage::Reader& reader, const std::string& listing, NoticeType type) {
  constexpr size_t kScanPerPage = 100;
  storage::KeyRange range = storage::PrefixRange(KeyOf(Table::kNoticeByListing, listing));
  for (;;) {
    const auto entries = reader.Scan(range, kScanPerPage, storage::Direction::kReverse);
    for (const storage::Entry& entry : entries) {
      Notice notice = Present(LoadNotice(reader, {entry.value}));
      if (notice.type == type) return notice;
    }
    if (entries.size() < kScanPerPage) return std::nullopt;
    range.end = entries.back().key;
  }
}

std::vector<Objection> ListObjections(const storage::Reader& reader, const std::string& organization,
                                      std::string_view after, size_t limit) {
  const storage::Key prefix =
      organization.empty() ? In(Table::kObjection) : In(Table::kObjectionByParty, organization);
  return storage::LoadEach(storage::ListTexts(reader, prefix, after, limit),
                           [&](const std::string& id) { return LoadObjection(reader, {id}); });
}

std::optional<ObjectionId> FindOpenObjection(const storage::Reader& reader, const NoticeId& notice,
                                             const std::string& objector) {
  return FindId<ObjectionId>(reader, KeyOf(Table::kObjectionOpen, notice.text, objector));
}

std::optional<ObjectionId> FindLateObjection(const storage::Reader& reader, const NoticeId& notice,
                                             const std::string& objector) {
  return FindId<ObjectionId>(reader, KeyOf(Table::kObjectionLate, notice.text, objector));
}

bool IsBlocked(const storage::Reader& reader, const std::string& listing, const std::string& deal) {
  constexpr size_t kPage = 100;
  constexpr std::string_view kObjections = "objections/";
  std::string after;
  for (;;) {
    const std::vector<std::string> names = storage::ListTexts(reader, In(Table::kBlock, listing), after, kPage);
    for (const std::string& name : names) {
      const std::string id = name.substr(name.find('/') + 1);
      const std::string about = name.starts_with(kObjections) ? Present(LoadObjection(reader, {id})).subject.deal
                                                              : Present(LoadNotice(reader, {id})).subject.deal;
      if (about.empty() || about == deal) return true;
    }
    if (names.size() < kPage) return false;
    after = names.back();
  }
}

std::vector<Certificate> ListCertificates(const storage::Reader& reader, const std::string& organization,
                                          const std::string& deal, std::string_view after, size_t limit) {
  const storage::Key prefix = !deal.empty()           ? In(Table::kCertificateByDeal, deal)
                              : !organization.empty() ? In(Table::kCertificateByParty, organization)
                                                      : In(Table::kCertificate);
  return storage::LoadEach(storage::ListTexts(reader, prefix, after, limit),
                           [&](const std::string& id) { return LoadCertificate(reader, {id}); });
}

std::optional<CertificateId> FindCertificate(const storage::Reader& reader, const std::string& deal,
                                             CertificateType type) {
  return FindId<CertificateId>(reader, In(Table::kCertificateOf, deal).U64(U64(type)).str());
}

std::optional<CertificateId> FindByNumber(const storage::Reader& reader, const std::string& number) {
  return FindId<CertificateId>(reader, KeyOf(Table::kCertificateByNumber, number));
}

std::vector<RevokedCertificate> ListRevocations(const storage::Reader& reader, int64_t after, size_t limit) {
  std::vector<RevokedCertificate> revoked;
  for (const storage::Entry& entry : storage::ScanAfter(reader, In(Table::kRevocation), U64(after), limit)) {
    storage::KeyReader key(entry.key, static_cast<uint8_t>(Table::kRevocation));
    revoked.push_back({static_cast<int64_t>(key.U64()), Present(LoadCertificate(reader, {entry.value}))});
  }
  return revoked;
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  return storage::ReadEvents(reader, after_sequence, limit, FromOutbox);
}

}  // namespace ttx::disclosure
