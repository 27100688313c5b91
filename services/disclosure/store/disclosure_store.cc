#include "services/disclosure/store/disclosure_store.h"

#include <algorithm>

#include "libs/storage/codec.h"
#include "services/disclosure/store/records.h"

namespace ttx::disclosure {
namespace {

using storage::Key;
using storage::KeyReader;

constexpr uint8_t Id8(Table table) { return static_cast<uint8_t>(table); }

template <class Record>
Record Parse(std::string_view bytes) {
  Record record;
  TTX_CHECK(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
            "a disclosure record cannot be read");
  return record;
}

template <class T>
void MustHold(const T& aggregate) {
  if (const std::optional<std::string> violation = Check(aggregate)) TTX_CHECK(false, *violation);
}

std::string TextKey(Table table, std::string_view id) { return Key(Id8(table)).Text(id).str(); }

std::string PairKey(Table table, std::string_view first, std::string_view second) {
  return Key(Id8(table)).Text(first).Text(second).str();
}

std::string NumberKey(Table table, int64_t number) {
  return Key(Id8(table)).U64(static_cast<uint64_t>(number)).str();
}

template <class Record, class Value>
std::optional<Value> LoadAs(const storage::Reader& reader, Table table, std::string_view id) {
  const std::optional<std::string> bytes = reader.Get(TextKey(table, id));
  if (!bytes) return std::nullopt;
  Value value = FromRecord(Parse<Record>(*bytes));
  MustHold(value);
  return value;
}

// What an index names must be there.
template <class T>
T Present(std::optional<T> value) {
  TTX_CHECK(value.has_value(), "an indexed resource is missing");
  return *std::move(value);
}

void Emit(storage::Txn& txn, Time time, const Subject& subject, store::EventRecord record) {
  record.set_time_ns(time.ns);
  *record.mutable_subject() = ToRecord(subject);
  txn.Emit(record.SerializeAsString());
}

// Keys of one text prefix whose last field is a text after `after`.
storage::KeyRange After(Table table, std::string_view first, std::string_view after) {
  storage::KeyRange range = storage::PrefixRange(TextKey(table, first));
  if (!after.empty()) range.begin = PairKey(table, first, after) + '\0';
  return range;
}

storage::KeyRange AllAfter(Table table, std::string_view after) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(table)).str());
  if (!after.empty()) range.begin = TextKey(table, after) + '\0';
  return range;
}

std::vector<std::string> SecondTexts(const storage::Reader& reader, Table table, std::string_view first,
                                     std::string_view after, size_t limit) {
  std::vector<std::string> texts;
  for (const storage::Entry& entry : reader.Scan(After(table, first, after), limit)) {
    KeyReader key(entry.key, Id8(table));
    key.Text();
    texts.push_back(key.Text());
  }
  return texts;
}

Subject SubjectOf(const Certificate& certificate) {
  return {certificate.exchange, "", certificate.listing, certificate.deal};
}

StoredEvent FromOutbox(const storage::OutboxEvent& stored) {
  const auto record = Parse<store::EventRecord>(stored.payload);
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
  return LoadAs<store::NoticeRecord, Notice>(reader, Table::kNotice, id.text);
}

std::optional<Objection> LoadObjection(const storage::Reader& reader, const ObjectionId& id) {
  return LoadAs<store::ObjectionRecord, Objection>(reader, Table::kObjection, id.text);
}

std::optional<Certificate> LoadCertificate(const storage::Reader& reader, const CertificateId& id) {
  return LoadAs<store::CertificateRecord, Certificate>(reader, Table::kCertificate, id.text);
}

Dossier LoadDossier(const storage::Reader& reader, const std::string& deal) {
  const std::optional<std::string> bytes = reader.Get(TextKey(Table::kDossier, deal));
  if (bytes) return FromRecord(Parse<store::DossierRecord>(*bytes));
  Dossier dossier;
  dossier.deal = deal;
  return dossier;
}

LogHead LoadLogHead(const storage::Reader& reader) {
  const std::optional<std::string> bytes = reader.Get(Key(Id8(Table::kLogHead)).str());
  if (!bytes) return {};
  const auto record = Parse<store::LogHeadRecord>(*bytes);
  return {record.size(), record.hash()};
}

void SaveNotice(storage::Txn& txn, const NoticeDecision& decision) {
  const Notice& notice = decision.next;
  MustHold(notice);
  if (decision.events.empty()) {
    // Nothing changed, but a provisional window is looked at again.
    if (const auto look = NextLook(notice, txn.now())) txn.SetDue(*look, NameOf(notice.id));
    return;
  }
  txn.Put(TextKey(Table::kNotice, notice.id.text), ToRecord(notice).SerializeAsString());
  const auto position = static_cast<uint64_t>(notice.position);
  for (const NoticeEvent& event : decision.events) {
    store::EventRecord record;
    record.mutable_notice()->set_id(notice.id.text);
    record.mutable_notice()->set_type(static_cast<int>(notice.type));
    ToRecord(event, *record.mutable_notice());
    Emit(txn, event.time, notice.subject, std::move(record));
    if (!std::holds_alternative<NoticePublished>(event.payload)) continue;
    txn.Put(NumberKey(Table::kNoticeByPosition, notice.position), notice.id.text);
    txn.Put(Key(Id8(Table::kNoticeByType)).U64(static_cast<uint64_t>(notice.type)).U64(position).str(),
            notice.id.text);
    if (!notice.subject.listing.empty()) {
      txn.Put(Key(Id8(Table::kNoticeByListing)).Text(notice.subject.listing).U64(position).str(),
              notice.id.text);
    }
  }
  const std::string block = PairKey(Table::kBlock, notice.subject.listing, NameOf(notice.id));
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
  txn.Put(TextKey(Table::kObjection, objection.id.text), ToRecord(objection).SerializeAsString());
  for (const ObjectionEvent& event : decision.events) {
    store::EventRecord record;
    record.mutable_objection()->set_id(objection.id.text);
    record.mutable_objection()->set_notice(objection.notice.text);
    ToRecord(event, *record.mutable_objection());
    Emit(txn, event.time, objection.subject, std::move(record));
    if (!std::holds_alternative<ObjectionFiled>(event.payload)) continue;
    txn.Put(PairKey(Table::kObjectionByParty, objection.objector, objection.id.text), "");
    txn.Put(PairKey(Table::kObjectionByParty, objection.subject.exchange, objection.id.text), "");
  }
  const std::string open = PairKey(Table::kObjectionOpen, objection.notice.text, objection.objector);
  const std::string block = PairKey(Table::kBlock, objection.subject.listing, NameOf(objection.id));
  if (IsOpen(objection.state)) {
    txn.Put(open, objection.id.text);
    txn.Put(block, "");
  } else if (objection.state == ObjectionState::kLate) {
    txn.Put(PairKey(Table::kObjectionLate, objection.notice.text, objection.objector), objection.id.text);
  } else if (objection.state != ObjectionState::kEscalated) {
    txn.Delete(open);
    txn.Delete(block);
  }
}

void SaveCertificate(storage::Txn& txn, const CertificateDecision& decision) {
  const Certificate& certificate = decision.next;
  MustHold(certificate);
  const std::string& id = certificate.id.text;
  txn.Put(TextKey(Table::kCertificate, id), ToRecord(certificate).SerializeAsString());
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
        txn.Put(PairKey(Table::kCertificateByParty, party, id), "");
      }
      txn.Put(PairKey(Table::kCertificateByDeal, certificate.deal, id), "");
    } else if (std::holds_alternative<CertificateIssued>(event.payload)) {
      txn.Put(TextKey(Table::kCertificateByNumber, certificate.issued.number), id);
    } else if (std::holds_alternative<CertificateRevoked>(event.payload)) {
      const Notice notice = Present(LoadNotice(txn, certificate.revocation_notice));
      txn.Put(NumberKey(Table::kRevocation, notice.position), id);
    }
  }
  const std::string of = Key(Id8(Table::kCertificateOf))
                             .Text(certificate.deal)
                             .U64(static_cast<uint64_t>(certificate.type))
                             .str();
  if (Occupies(certificate.state)) {
    txn.Put(of, id);
  } else if (txn.Get(of) == id) {  // not when a successor has taken the place
    txn.Delete(of);
  }
}

void SaveDossier(storage::Txn& txn, const Dossier& dossier) {
  txn.Put(TextKey(Table::kDossier, dossier.deal), ToRecord(dossier).SerializeAsString());
}

void SaveLogHead(storage::Txn& txn, const LogHead& head) {
  store::LogHeadRecord record;
  record.set_size(head.size);
  record.set_hash(head.hash);
  txn.Put(Key(Id8(Table::kLogHead)).str(), record.SerializeAsString());
}

int64_t NextSequence(storage::Txn& txn, const std::string& exchange_code, int year, CertificateType type) {
  const std::string key = Key(Id8(Table::kSequence))
                              .Text(exchange_code)
                              .U64(static_cast<uint64_t>(year))
                              .U64(static_cast<uint64_t>(type))
                              .str();
  uint64_t last = 0;
  if (const std::optional<std::string> bytes = txn.Get(key)) {
    std::string_view rest = *bytes;
    const std::optional<uint64_t> stored = storage::TakeU64(rest);
    TTX_CHECK(stored.has_value() && rest.empty(), "a sequence cannot be read");
    last = *stored;
  }
  std::string value;
  storage::AppendU64(value, last + 1);
  txn.Put(key, std::move(value));
  return static_cast<int64_t>(last + 1);
}

std::vector<Notice> ListNotices(const storage::Reader& reader, std::optional<NoticeType> type,
                                const std::string& listing, int64_t after, size_t limit) {
  constexpr size_t kScanPerPage = 1000;
  const Table table = !listing.empty() ? Table::kNoticeByListing
                      : type           ? Table::kNoticeByType
                                       : Table::kNoticeByPosition;
  Key prefix(Id8(table));
  if (!listing.empty()) {
    prefix.Text(listing);
  } else if (type) {
    prefix.U64(static_cast<uint64_t>(*type));
  }
  storage::KeyRange range = storage::PrefixRange(prefix.str());
  prefix.U64(static_cast<uint64_t>(after) + 1);
  range.begin = prefix.str();
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
  storage::KeyRange range = storage::PrefixRange(TextKey(Table::kNoticeByListing, listing));
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
  std::vector<Objection> objections;
  if (organization.empty()) {
    for (const storage::Entry& entry : reader.Scan(AllAfter(Table::kObjection, after), limit)) {
      objections.push_back(FromRecord(Parse<store::ObjectionRecord>(entry.value)));
      MustHold(objections.back());
    }
    return objections;
  }
  for (const std::string& id : SecondTexts(reader, Table::kObjectionByParty, organization, after, limit)) {
    objections.push_back(Present(LoadObjection(reader, {id})));
  }
  return objections;
}

std::optional<ObjectionId> FindOpenObjection(const storage::Reader& reader, const NoticeId& notice,
                                             const std::string& objector) {
  const auto id = reader.Get(PairKey(Table::kObjectionOpen, notice.text, objector));
  return id ? std::optional(ObjectionId{*id}) : std::nullopt;
}

std::optional<ObjectionId> FindLateObjection(const storage::Reader& reader, const NoticeId& notice,
                                             const std::string& objector) {
  const auto id = reader.Get(PairKey(Table::kObjectionLate, notice.text, objector));
  return id ? std::optional(ObjectionId{*id}) : std::nullopt;
}

bool IsBlocked(const storage::Reader& reader, const std::string& listing) {
  return !SecondTexts(reader, Table::kBlock, listing, "", 1).empty();
}

std::vector<Certificate> ListCertificates(const storage::Reader& reader, const std::string& organization,
                                          const std::string& deal, std::string_view after, size_t limit) {
  std::vector<Certificate> certificates;
  if (organization.empty() && deal.empty()) {
    for (const storage::Entry& entry : reader.Scan(AllAfter(Table::kCertificate, after), limit)) {
      certificates.push_back(FromRecord(Parse<store::CertificateRecord>(entry.value)));
      MustHold(certificates.back());
    }
    return certificates;
  }
  const Table table = deal.empty() ? Table::kCertificateByParty : Table::kCertificateByDeal;
  for (const std::string& id : SecondTexts(reader, table, deal.empty() ? organization : deal, after, limit)) {
    certificates.push_back(Present(LoadCertificate(reader, {id})));
  }
  return certificates;
}

std::optional<CertificateId> FindCertificate(const storage::Reader& reader, const std::string& deal,
                                             CertificateType type) {
  const auto id =
      reader.Get(Key(Id8(Table::kCertificateOf)).Text(deal).U64(static_cast<uint64_t>(type)).str());
  return id ? std::optional(CertificateId{*id}) : std::nullopt;
}

std::optional<CertificateId> FindByNumber(const storage::Reader& reader, const std::string& number) {
  const auto id = reader.Get(TextKey(Table::kCertificateByNumber, number));
  return id ? std::optional(CertificateId{*id}) : std::nullopt;
}

std::vector<RevokedCertificate> ListRevocations(const storage::Reader& reader, int64_t after, size_t limit) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kRevocation)).str());
  range.begin = NumberKey(Table::kRevocation, after + 1);
  std::vector<RevokedCertificate> revoked;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    const auto position = static_cast<int64_t>(KeyReader(entry.key, Id8(Table::kRevocation)).U64());
    revoked.push_back({position, Present(LoadCertificate(reader, {entry.value}))});
  }
  return revoked;
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  std::vector<StoredEvent> events;
  for (const storage::OutboxEvent& stored : storage::ReadOutbox(reader, after_sequence, limit)) {
    events.push_back(FromOutbox(stored));
  }
  return events;
}

}  // namespace ttx::disclosure
