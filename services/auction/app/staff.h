#pragma once

// Who may do what with an auction besides bidding. Private to the folder.

#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "services/auction/domain/auction.h"

namespace ttx::auction {

/// Before the id of an auction: its envelopes are to be opened.
inline constexpr std::string_view kOpenSubject = "open/";

inline Error NoAuction(const AuctionId& id) {
  return Error(Reason::kNOT_FOUND, {{"resource", "auctions/" + id.text}});
}

/// Staff of the exchange that runs the auction, or the platform's operator.
inline bool IsStaff(const Auction& auction, const Principal& caller) {
  return (!caller.organization.empty() && caller.organization == auction.terms->exchange) ||
         caller.HasRole("OPERATOR");
}

inline Status CheckStaff(const Auction& auction, const Principal& caller) {
  if (IsStaff(auction, caller)) return {};
  return Error(Reason::kPERMISSION_DENIED);
}

}  // namespace ttx::auction
