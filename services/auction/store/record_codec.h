#pragma once

#include <string>
#include <string_view>

#include "services/auction/store/auction_store.h"

namespace ttx::auction {

// Values to the bytes on disk and back (record.proto). Reading stops the process when the bytes cannot be
// read.

std::string EncodeAuction(const StoredAuction& stored);
StoredAuction DecodeAuction(std::string_view bytes);

std::string EncodeBid(const Bid& bid, Time phase_end);
Bid DecodeBid(std::string_view bytes);

std::string EncodeBidder(const Bidder& bidder);
Bidder DecodeBidder(std::string_view bytes);

std::string EncodeRefusal(const BidRefused& refusal);
BidRefused DecodeRefusal(std::string_view bytes);

/// `context` names the auction, listing and exchange; `previous_milestone` is 0 for what is none.
std::string EncodeEvent(const Auction& context, const Event& event, const std::string& log_hash,
                        uint64_t previous_milestone);
StoredEvent DecodeEvent(uint64_t sequence, std::string_view bytes);
/// The id of the auction an event is about.
std::string DecodeEventAuction(std::string_view bytes);

}  // namespace ttx::auction
