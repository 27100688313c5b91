#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/storage/log_page.h"
#include "libs/storage/txn.h"
#include "services/disclosure/store/disclosure_store.h"

namespace ttx::disclosure {

/// What an installation decides about disclosure.
struct DisclosureConfig {
  /// The private key (PEM, ECDSA P-256) that certificates are signed with.
  std::string record_key_pem;
  /// The window of result notices (N7), in working days.
  int result_window_days = 5;
  /// The window of transaction notices (N8), in working days; at least kMinContractWindowDays.
  int contract_window_days = 5;
  /// Whether a certificate needs the registration of the contract.
  bool require_registration = false;
};

/// The public half of the record key.
struct RecordKey {
  std::string id;     // hex SHA-256
  std::string suite;  // libs/crypto/signature.h
  std::string public_pem;
};

/// The disclosure service's use cases: one method per RPC, timer and event. Commands run on the writer's
/// thread, queries on any. What another exchange or organization owns is NOT_FOUND.
class DisclosureApp {
 public:
  /// BAD_CONFIGURATION when the key or a window cannot be used. `calendar` and `ids` must outlive the
  /// object.
  static Result<DisclosureApp> Make(DisclosureConfig config, const Calendar& calendar, IdSource& ids);

  // --- Notices

  Result<Notice> RequestCorrection(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                                   const std::string& etag, std::vector<Replacement> replacements,
                                   const std::string& reason) const;
  /// Answers the new version.
  Result<Notice> ApproveCorrection(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                                   const std::string& etag) const;
  Result<Notice> GetNotice(const storage::Reader& reader, const NoticeId& id) const;

  // --- Objections

  struct ObjectionInput {
    NoticeId notice;
    std::string real_name;
    ObjectionCause cause = ObjectionCause::kNone;
    std::string statement;
    std::vector<std::string> evidence;  // 32 bytes each
  };
  /// A late one is recorded, once per objector and notice, and answered with OBJECTION_LATE.
  Result<Objection> CreateObjection(storage::Txn& txn, const Principal& caller,
                                    const ObjectionInput& input) const;
  Result<Objection> AcceptObjection(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                    const std::string& etag) const;
  Result<Objection> DismissObjection(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                     const std::string& etag, const std::string& reason) const;
  Result<Objection> ReviewObjection(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                    const std::string& etag, const std::string& answer) const;
  Result<Objection> ProposeDecision(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                    const std::string& etag, ObjectionState decision,
                                    const std::string& reasons) const;
  Result<Objection> ConfirmDecision(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                    const std::string& etag, ObjectionState decision) const;
  Result<Objection> WithdrawObjection(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                      const std::string& etag) const;
  Result<Objection> EscalateObjection(storage::Txn& txn, const Principal& caller, const ObjectionId& id,
                                      const std::string& etag) const;
  Result<Objection> GetObjection(const storage::Reader& reader, const Principal& caller,
                                 const ObjectionId& id) const;
  storage::ListPage<Objection> ListObjections(const storage::Reader& reader, const Principal& caller,
                                              std::string_view after, size_t limit) const;

  // --- Certificates

  Result<Certificate> CreateCertificate(storage::Txn& txn, const Principal& caller, const std::string& deal,
                                        CertificateType type) const;
  Result<Certificate> RequestIssue(storage::Txn& txn, const Principal& caller, const CertificateId& id,
                                   const std::string& etag, const std::string& conclusion) const;
  /// UNAVAILABLE until party's feed has told of the exchange, whose code stands in the number.
  Result<Certificate> ApproveIssue(storage::Txn& txn, const Principal& caller, const CertificateId& id,
                                   const std::string& etag) const;
  Result<Certificate> RefuseCertificate(storage::Txn& txn, const Principal& caller, const CertificateId& id,
                                        const std::string& etag, const std::string& reason) const;
  Result<Certificate> RequestRevoke(storage::Txn& txn, const Principal& caller, const CertificateId& id,
                                    const std::string& etag, RevocationCause cause,
                                    const std::string& statement) const;
  Result<Certificate> ApproveRevoke(storage::Txn& txn, const Principal& caller, const CertificateId& id,
                                    const std::string& etag) const;
  Result<Certificate> GetCertificate(const storage::Reader& reader, const Principal& caller,
                                     const CertificateId& id) const;
  storage::ListPage<Certificate> ListCertificates(const storage::Reader& reader, const Principal& caller,
                                                  const std::string& deal, std::string_view after,
                                                  size_t limit) const;
  /// Nothing for an unknown number and for a wrong second factor alike (domain.md 9.4).
  std::optional<Certificate> Verify(const storage::Reader& reader, const std::string& number,
                                    std::string_view check) const;
  const RecordKey& record_key() const { return record_key_; }

  // --- Events, timers and feeds

  /// What `caller` may see of the events after `after_sequence`: services see all, staff their own
  /// exchange's.
  storage::LogPage<StoredEvent> ListEvents(const storage::Reader& reader, const Principal& caller,
                                           uint64_t after_sequence, size_t limit) const;

  /// A timer came due for the notice of this name.
  void OnDue(storage::Txn& txn, const std::string& subject) const;

  /// From the feeds. Taking the same fact again changes nothing. INVALID_FIELD when it cannot be published.
  /// Gives the exchange its code (libs/storage/exchange_codes.h).
  Status OnExchangeActivated(storage::Txn& txn, const std::string& exchange, const std::string& uscc) const;
  Status OnAchievementPublished(storage::Txn& txn, const AchievementFacts& facts) const;
  Status OnListingPublished(storage::Txn& txn, const ListingFacts& facts) const;
  Status OnListingExtended(storage::Txn& txn, const std::string& listing, Time end_time,
                           const std::string& reason) const;
  Status OnPortionDefaulted(storage::Txn& txn, const PortionFacts& facts) const;
  /// It ended without being kept: `change` as in ContentOfEnd.
  Status OnListingEnded(storage::Txn& txn, const std::string& listing, const std::string& change,
                        const std::string& reason) const;
  Status OnBiddingScheduled(storage::Txn& txn, const BiddingFacts& facts) const;
  Status OnDealDetermined(storage::Txn& txn, const DealFacts& facts) const;
  Status OnContractEffective(storage::Txn& txn, const ContractFacts& facts) const;
  /// The deal was cancelled or its contract ended early: a PENDING certificate is refused, and none can be
  /// issued.
  Status OnDealEnded(storage::Txn& txn, const std::string& deal) const;
  Status OnContractRegistered(storage::Txn& txn, const RegistrationFacts& facts) const;
  Status OnSettlementPaid(storage::Txn& txn, const PaymentFacts& facts) const;
  Status OnSettlementSettled(storage::Txn& txn, const std::string& deal) const;

 private:
  DisclosureApp(DisclosureConfig config, RecordKey record_key, const Calendar& calendar, IdSource& ids)
      : config_(std::move(config)), record_key_(std::move(record_key)), calendar_(&calendar), ids_(&ids) {}

  // Publishes: fills in the id, the position, the content and the hashes.
  Result<Notice> Publish(storage::Txn& txn, PublishNotice command, const Content& content) const;
  // Stages a step of an objection and what it does to its notice and its deal.
  Result<Objection> Step(storage::Txn& txn, const Objection& before,
                         Result<ObjectionDecision> decision) const;
  // Makes the deal's first certificate once its conditions hold, and stages the dossier.
  void CertifyIfDue(storage::Txn& txn, Dossier dossier) const;
  Certificate OpenFor(storage::Txn& txn, const Dossier& dossier, const CertificateId& supersedes) const;
  Result<Issued> MakeIssued(storage::Txn& txn, const Certificate& certificate) const;

  DisclosureConfig config_;
  RecordKey record_key_;
  const Calendar* calendar_;
  IdSource* ids_;
};

}  // namespace ttx::disclosure
