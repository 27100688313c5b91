#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/storage/txn.h"
#include "services/disclosure/domain/certificate.h"
#include "services/disclosure/domain/dossier.h"
#include "services/disclosure/domain/notice.h"
#include "services/disclosure/domain/objection.h"

namespace ttx::disclosure {

/// Tables of the disclosure key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kNotice = 0x10,            // text id -> NoticeRecord
  kNoticeByPosition = 0x11,  // u64 position -> id
  kNoticeByType = 0x12,      // u64 type, u64 position -> id
  kNoticeByListing = 0x13,   // text listing, u64 position -> id
  kLogHead = 0x14,           // -> LogHeadRecord
  kObjection = 0x15,         // text id -> ObjectionRecord
  kObjectionByParty = 0x16,  // text organization (objector or exchange), text id -> nothing
  kObjectionOpen = 0x17,     // text notice, text objector -> id, while it is open
  kBlock = 0x18,             // text listing, text name of an open objection or a notice set aside -> nothing
  kCertificate = 0x19,       // text id -> CertificateRecord
  kCertificateByParty = 0x1a,   // text organization (exchange, seller or buyer), text id -> nothing
  kCertificateByDeal = 0x1b,    // text deal, text id -> nothing
  kCertificateOf = 0x1c,        // text deal, u64 type -> id, while PENDING or VALID
  kCertificateByNumber = 0x1d,  // text number -> id
  kSequence = 0x1e,             // text exchange code, u64 year, u64 type -> u64 last number given
  kRevocation = 0x1f,           // u64 position of the notice -> certificate id
  kDossier = 0x20,              // text deal -> DossierRecord
  kObjectionLate = 0x21,        // text notice, text objector -> id of the one that was recorded as LATE
  kExchangeCode = 0x22,         // text exchange -> its code (libs/storage/exchange_codes.h)
  kExchangeByCode = 0x23,       // text code -> exchange
};

/// The end of the chain over all notices.
struct LogHead {
  int64_t size = 0;
  std::string hash = std::string(32, '\0');
};

struct NoticeEntry {
  NoticeId id;
  NoticeType type;
  NoticeEvent event;
};
struct ObjectionEntry {
  ObjectionId id;
  NoticeId notice;
  ObjectionEvent event;
};
struct CertificateEntry {
  CertificateId id;
  CertificateType type;
  std::string contract;
  std::string number;
  CertificateEvent event;
};
/// One entry of the event log with what readers need besides.
struct StoredEvent {
  uint64_t sequence = 0;
  Time time;
  Subject subject;
  std::variant<NoticeEntry, ObjectionEntry, CertificateEntry> entry;
};

/// Checked after reading: damage stops the process.
std::optional<Notice> LoadNotice(const storage::Reader& reader, const NoticeId& id);
std::optional<Objection> LoadObjection(const storage::Reader& reader, const ObjectionId& id);
std::optional<Certificate> LoadCertificate(const storage::Reader& reader, const CertificateId& id);
/// An empty one when nothing is known of the deal.
Dossier LoadDossier(const storage::Reader& reader, const std::string& deal);
LogHead LoadLogHead(const storage::Reader& reader);

/// Each stages everything a decision writes: the state, its indices, its timer, its events. Checked before.
void SaveNotice(storage::Txn& txn, const NoticeDecision& decision);
void SaveObjection(storage::Txn& txn, const ObjectionDecision& decision);
void SaveCertificate(storage::Txn& txn, const CertificateDecision& decision);
void SaveDossier(storage::Txn& txn, const Dossier& dossier);
void SaveLogHead(storage::Txn& txn, const LogHead& head);

/// The next number of a sequence: 1, 2, 3 ... without gaps, because it is given in the transaction of its
/// use.
int64_t NextSequence(storage::Txn& txn, const std::string& exchange_code, int year, CertificateType type);

/// At most `limit` notices with positions after `after`, of one type, of one listing, of both, or all.
std::vector<Notice> ListNotices(const storage::Reader& reader, std::optional<NoticeType> type,
                                const std::string& listing, int64_t after, size_t limit);
/// The notice of this type that was published last for the listing; nothing when there is none.
std::optional<Notice> FindNotice(const storage::Reader& reader, const std::string& listing, NoticeType type);

/// At most `limit` objections with ids after `after` that an organization filed or decides; all when it is
/// empty.
std::vector<Objection> ListObjections(const storage::Reader& reader, const std::string& organization,
                                      std::string_view after, size_t limit);
std::optional<ObjectionId> FindOpenObjection(const storage::Reader& reader, const NoticeId& notice,
                                             const std::string& objector);
std::optional<ObjectionId> FindLateObjection(const storage::Reader& reader, const NoticeId& notice,
                                             const std::string& objector);
/// Whether an objection to a notice of the listing or of the deal is open, or one was upheld and the notice is not
/// corrected. What concerns another deal of the same listing blocks nothing.
bool IsBlocked(const storage::Reader& reader, const std::string& listing, const std::string& deal);

/// At most `limit` certificates with ids after `after` of one deal, or of an organization (exchange, seller
/// or buyer); all when both are empty.
std::vector<Certificate> ListCertificates(const storage::Reader& reader, const std::string& organization,
                                          const std::string& deal, std::string_view after, size_t limit);
/// The PENDING or VALID certificate of a deal and type.
std::optional<CertificateId> FindCertificate(const storage::Reader& reader, const std::string& deal,
                                             CertificateType type);
std::optional<CertificateId> FindByNumber(const storage::Reader& reader, const std::string& number);

struct RevokedCertificate {
  int64_t position = 0;  // of its notice
  Certificate certificate;
};
/// At most `limit` ended certificates whose notices have positions after `after`.
std::vector<RevokedCertificate> ListRevocations(const storage::Reader& reader, int64_t after, size_t limit);

/// At most `limit` events after `after_sequence`.
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit);

}  // namespace ttx::disclosure
