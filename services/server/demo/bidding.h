#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/server/demo/deal.h"

namespace ttx::demo {

/// How one bidding mode (domain.md 5.3-5.7) is shown. Every mode ends with the deal at kPrice that the other verbs
/// carry on.
struct BiddingMode {
  const char* name;          // as ttx.type.v1.BiddingRules.Mode spells it
  int64_t start_price;       // fen; also the listed price
  int64_t reserve;           // fen; 0 for none
  int bidders;               // 2 or 3
  bool while_listed;         // bids are taken from the publication on (DYNAMIC)
  bool sealed;               // envelopes: key holders, and a second officer for the opening
  int64_t bid_count;         // accepted bids in the end
  void (*add_rules)(const Deal& deal, Json& rules);  // what the mode says beside the rules all have
  void (*bid)(Market& market, Deal& deal);           // from the first phase to the close
};

/// The mode with this name, or nullptr.
const BiddingMode* FindMode(std::string_view name);
/// "MULTI, DYNAMIC, ...".
std::string ModeNames();

// The modes.
void AddMultiRules(const Deal& deal, Json& rules);
void BidMulti(Market& market, Deal& deal);
void AddDynamicRules(const Deal& deal, Json& rules);
void BidDynamic(Market& market, Deal& deal);
void AddEnglishRules(const Deal& deal, Json& rules);
void BidEnglish(Market& market, Deal& deal);
void AddDutchRules(const Deal& deal, Json& rules);
void BidDutch(Market& market, Deal& deal);
void AddSealedRules(const Deal& deal, Json& rules);
void BidSealed(Market& market, Deal& deal);
void AddWeightedRules(const Deal& deal, Json& rules);
void BidWeighted(Market& market, Deal& deal);
void AddTenderRules(const Deal& deal, Json& rules);
void BidTender(Market& market, Deal& deal);

// --- What they share ------------------------------------------------------------------------------------------------

/// The body of a bid.
Json Price(int64_t fen);
/// A bid that is accepted, twice under one key when `retry`; answers it.
Json Accepted(Market& market, Deal& deal, Member& bidder, int64_t fen, bool retry, const Words& what);
/// A request that is refused with `reason` and leaves the session as it was; `verb` follows its name, as in "/bids".
void Refused(Market& market, Deal& deal, Actor& actor, const std::string& verb, const Json& body,
             const std::string& reason, const Words& what);
/// Advances the clock to the end of the phase and waits for `state`; answers the auction.
Json AdvanceToPhase(Market& market, Deal& deal, const std::string& state, const Words& what);
/// The session as everybody sees it.
Json PublicAuction(Market& market, Deal& deal);
/// The RFC 3339 time at `pointer`; fails when there is none.
Time TimeAt(Market& market, const Json& document, const std::string& pointer);

}  // namespace ttx::demo
