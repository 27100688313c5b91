#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/crypto/signature.h"
#include "services/server/demo/key_holders.h"
#include "services/server/demo/market.h"

namespace ttx::demo {

// The worked deal of domain.md 5.3 and 7.3, in fen.
inline constexpr int64_t kStartPrice = 100'000'000;
inline constexpr int64_t kDutchStartPrice = 120'000'000;  // falls to kPrice
inline constexpr int64_t kIncrement = 1'000'000;
inline constexpr int64_t kReserve = 105'000'000;
inline constexpr int64_t kPrice = 106'000'000;
inline constexpr int64_t kDeposit = 10'000'000;
inline constexpr int64_t kBuyerFee = 3'392'000;
inline constexpr int64_t kSellerFee = 254'400;
inline constexpr int64_t kPayout = kPrice - kSellerFee;

/// A key an actor signs with.
struct SigningKey {
  crypto::Suite suite = crypto::Suite::kEcdsaP256Sha256;
  std::string private_pem;
  std::string id;  // the fingerprint
};

/// A university or an enterprise with its client and its key.
struct Member {
  std::string legal_name;
  std::string uscc;
  std::string account;
  Actor client;
  SigningKey key;
  std::string intent;  // "listings/{id}/intents/{id}", of a bidder
  std::string code;    // 竞买代码, of a bidder
};

struct BiddingMode;  // bidding.h

/// Everybody who takes part, and what came of it so far.
struct Deal {
  const BiddingMode* mode = nullptr;
  Actor administrator;  // also the one who moves the clock
  Actor second_administrator;
  Actor kyc_officer;
  Actor clerk;  // of the exchange, and so on
  Actor officer;
  Actor second_officer;  // where envelopes are opened
  Actor business_reviewer;
  Actor compliance_reviewer;
  Actor secrecy_reviewer;
  Actor rights_reviewer;
  Actor settlement_clerk;
  Actor settlement_officer;
  Actor bank;
  Actor registry;
  Actor anybody;  // without credentials
  SigningKey officer_key;
  Member seller;
  Member winner;
  Member loser;
  std::vector<Member> further;  // who loses too, in modes that need more than two bidders
  std::optional<KeyHolders> key_holders;

  std::string achievement;
  std::string listing;
  std::string auction;
  std::string deal;
  std::string contract;
  std::string registration;
  std::string settlement;
  std::string certificate;
};

// Each carries the deal one verb further; all do nothing once the market has failed.
void SetUp(Market& market, Deal& deal);
void List(Market& market, Deal& deal);
void Qualify(Market& market, Deal& deal);
void Bid(Market& market, Deal& deal);
void Sign(Market& market, Deal& deal);
void Register(Market& market, Deal& deal);
void Pay(Market& market, Deal& deal);
void Disclose(Market& market, Deal& deal);
void Certify(Market& market, Deal& deal);
void Release(Market& market, Deal& deal);
void VerifyAll(Market& market, Deal& deal);

/// "/v1/" and the name of a resource.
inline std::string Path(const std::string& name) { return "/v1/" + name; }

/// Standard base64 with padding, as JSON carries bytes.
std::string Base64(const std::string& bytes);
/// Its inverse; empty when `text` is none.
std::string FromBase64(std::string text);

/// Advances the clock to the RFC 3339 time `document` has at `pointer`. Fails when `provisional_pointer` says that the
/// holiday table which decides that time is not out yet.
void AdvanceToField(Market& market, Deal& deal, const Json& document, const std::string& pointer,
                    const std::string& provisional_pointer);

/// The bank reports that money of `payer` arrived now with `reference`; answers the notice.
Json ReportReceipt(Market& market, Deal& deal, const std::string& account, const Member& payer, int64_t fen,
                   const std::string& reference);

/// The bank takes a payout up and reports that it was executed; answers the payout.
Json ExecutePayout(Market& market, Deal& deal, const std::string& payout);

}  // namespace ttx::demo
