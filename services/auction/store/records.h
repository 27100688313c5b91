#pragma once

// The store's values as protobuf records and back. Private to the folder: includes generated code.

#include "services/auction/domain/auction.h"
#include "services/auction/store/auction_store.h"
#include "services/auction/store/record.pb.h"
#include "services/auction/store/vault.h"

namespace ttx::auction {

/// Secrets of one auction go through the vault on their way.
struct Secrets {
  const Vault& vault;
  const AuctionId& auction;

  std::string Seal(std::string_view field, std::string_view secret) const {
    return vault.Seal(auction, field, secret);
  }
  std::string Open(std::string_view field, std::string_view sealed) const {
    return vault.Open(auction, field, sealed);
  }
};

store::RulesRecord ToRecord(const Rules& rules);
Rules FromRecord(const store::RulesRecord& record);

store::TermsRecord ToRecord(const Terms& terms, const Secrets& secrets);
Terms FromRecord(const store::TermsRecord& record, const Secrets& secrets);

/// The reserve price in the clear, for the close.
void ToOpenRecord(const Reserve& reserve, store::ReserveRecord& record);
Reserve FromOpenRecord(const store::ReserveRecord& record);

void ToRecord(const Bid& bid, Time phase_end, store::BidRecord& record);
Bid FromRecord(const store::BidRecord& record);

store::BidderRecord ToRecord(const Bidder& bidder, const Secrets& secrets);
Bidder FromRecord(const store::BidderRecord& record, const Secrets& secrets);

void ToRecord(const Proxy& proxy, const Secrets& secrets, store::ProxyRecord& record);
Proxy FromRecord(const store::ProxyRecord& record, const Secrets& secrets);

void ToRecord(const PendingAct& act, store::PendingActRecord& record);
PendingAct FromRecord(const store::PendingActRecord& record);

void ToRecord(const NonPriceScore& score, store::NonPriceScoreRecord& record);
NonPriceScore FromRecord(const store::NonPriceScoreRecord& record);

void ToRecord(const OpenedBid& bid, store::OpenedBidRecord& record);
OpenedBid FromRecord(const store::OpenedBidRecord& record);

store::AuctionRecord ToRecord(const StoredAuction& stored, const Secrets& secrets);
/// `secrets.auction` is the record's; its terms are read apart.
StoredAuction FromRecord(const store::AuctionRecord& record, Shared<Terms> terms, const Secrets& secrets);

/// A reason by the name it is stored under. An unknown one stops the process.
Reason ParseReason(const std::string& name);

template <class Texts>
std::vector<std::string> TextsOf(const Texts& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace ttx::auction
