#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/time.h"
#include "services/disclosure/domain/certificate.h"
#include "services/disclosure/domain/content.h"
#include "services/disclosure/domain/notice.h"

namespace ttx::disclosure {

// What other services decided, as far as it is published or certified. Resource names and plain values; their
// events carry more.

struct AchievementFacts {
  std::string achievement;
  std::string owner;
  std::string title;
  std::string abstract_public;
};

struct ListingFacts {
  std::string listing;
  int64_t version = 1;
  std::string exchange;
  std::string owner;
  std::string owner_legal_name;
  std::string title;
  std::string kind;
  Fen listed_price;
  Fen deposit;
  Time start_time;
  Time end_time;
  std::string mode;
  std::string terms;
  std::string project_no;
  std::string content_hash;  // as the listing service published it, hex
};

struct BiddingFacts {
  std::string listing;
  std::string exchange;
  std::string title;
  std::string auction;
  Time start_time;
  Fen start_price;
  std::vector<std::string> increments;  // "from+step"
  int64_t free_period_s = 0;
  int64_t preparation_s = 0;
  int64_t cycle_s = 0;
  std::string limited_entry;
  Fen cap;  // 0: none
  std::string reserve_commitment;
  int64_t bidder_count = 0;
};

struct DealFacts {
  std::string deal;
  std::string listing;
  int64_t listing_version = 1;
  std::string exchange;
  std::string achievement;
  std::string title;
  std::string kind;
  std::string right_scope;
  std::vector<std::string> ip_numbers;
  std::string seller;
  std::string seller_legal_name;
  std::string buyer;
  std::string buyer_legal_name;
  Fen price;
  Fen listed_price;
  std::string method;
  std::string project_no;     // 项目编号
  std::string payment_terms;  // 价款支付方式
  std::string auction;
  std::string log_hash;
  int64_t bid_count = 0;
  std::string listing_start_date;
  std::string listing_end_date;
  int64_t share_ppm = 0;  // of the object, where several winners take a portion each; 0: the whole
  bool operator==(const DealFacts&) const = default;
};

struct ContractFacts {
  std::string contract;
  std::string deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string seller_legal_name;
  std::string buyer;
  std::string buyer_legal_name;
  std::string title;
  std::string kind;
  std::vector<std::string> ip_numbers;
  std::string right_scope;
  Fen price;
  Fen listed_price;
  std::string manifest_hash;  // hex
  Time effective_time;
  std::string method;
  std::string log_hash;
  std::string listing_start_date;
  std::string listing_end_date;
  int64_t share_ppm = 0;  // as of the deal
  bool operator==(const ContractFacts&) const = default;
};

/// One of several deals of a listing that was not kept.
struct PortionFacts {
  std::string listing;
  std::string deal;
  std::string reason;
  int64_t share_ppm = 0;
  int64_t unsold_share_ppm = 0;  // that stays with the transferor now
};

struct RegistrationFacts {
  std::string contract;
  std::string deal;
  std::string registration_number;
  Fen total;
  Fen technical;
  bool operator==(const RegistrationFacts&) const = default;
};

struct PaymentFacts {
  std::string settlement;
  std::string deal;
  Fen price;
  Time paid_time;
  bool operator==(const PaymentFacts&) const = default;
};

/// What is known of one deal: folded from the feeds of three services, in whatever order they arrive.
struct Dossier {
  std::string deal;
  std::optional<DealFacts> result;
  std::optional<ContractFacts> contract;
  std::optional<RegistrationFacts> registration;
  std::optional<PaymentFacts> payment;
  bool settled = false;
  bool ended = false;  // the deal was cancelled or its contract ended early: nothing is certified any more
  NoticeId result_notice;    // newest version of N7
  NoticeId contract_notice;  // newest version of N8
  bool opened = false;       // a certificate was made by the service itself; later ones are made on request

  bool operator==(const Dossier&) const = default;
};

/// The conditions of domain.md 9.1 that do not hold yet, in a fixed order: CONTRACT_EFFECTIVE,
/// CONTRACT_IN_FORCE, SETTLEMENT_PAID, CONTRACT_REGISTERED, PRICES_AGREE (deal, contract and payment name one
/// price).
std::vector<std::string> MissingConditions(const Dossier& dossier, bool require_registration);

// --- Public content: nothing but what stands here is ever published (domain.md 8.1, 8.3) -------------------

Content ContentOf(const AchievementFacts& facts);
Content ContentOf(const ListingFacts& facts);
/// EXTENDED, SUSPENDED or RESUMED: what the period is now.
Content ContentOfExtension(const std::string& listing, Time end_time, const std::string& reason);
/// TERMINATED, WITHDRAWN, EXPIRED or DEFAULTED: there is no period any more.
Content ContentOfEnd(const std::string& listing, const std::string& change, const std::string& reason);
/// A portion was not kept (PORTION_DEFAULTED), the other deals of the listing go on.
Content ContentOf(const PortionFacts& facts);
Content ContentOf(const BiddingFacts& facts);
/// The winner is named, losers are not known here.
Content ContentOf(const DealFacts& facts);
Content ContentOf(const ContractFacts& facts);
/// The end of a certificate.
Content ContentOfRevocation(const Certificate& certificate);

/// Adds what every notice says about itself.
Content NoticeContent(Content content, const PublishNotice& notice, const Calendar& calendar, Time now);

/// What a certificate certifies (domain.md 9.1 art. 6 and the technology additions). `result` is the newest
/// N7 notice, if there is one. The dossier's conditions must hold.
Content CertificateContent(const Dossier& dossier, const Certificate& certificate, const std::string& number,
                           const std::string& key_id, const std::optional<Notice>& result, Time now);

}  // namespace ttx::disclosure
