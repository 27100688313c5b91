#pragma once

#include <string>
#include <variant>
#include <vector>

#include "services/auction/domain/auction.h"

namespace ttx::auction::replay {

/// What was asked of a session, as a session file holds it: bidders by code only, persons as P1, P2, ..., members of a
/// committee as E1, E2, ...
using Command =
    std::variant<Advance, AddBidder, PlaceBid, SetProxy, NoteOutage, MoveFreeEnd, RequestAct, ConfirmAct,
                 WithdrawAct, AnswerPriority, DrawLot, SubmitEnvelope, WithdrawEnvelope, FixScores,
                 HandInShares, RevealEnvelope, OpenEnvelopes, AskAgain, NoteObjection, EndWithListing, ReportTender>;

struct TimedCommand {
  Time time;  // of its admission
  Command command;
};

/// The members of a command in JSON, without braces around them: "kind":"PlaceBid",...
std::string ToJson(const TimedCommand& timed, int64_t number);
/// The inverse; nothing when `json` is no object or of an unknown kind. Strict only together with ToJson: a
/// text that ToJson does not give back is not one of ours.
std::optional<TimedCommand> ParseCommand(const std::string& json);

/// The code of the bidder that gave it; empty when no bidder of the session did.
std::string BidderOf(const Command& command);

/// Of the bids of a session those that may lead, or be the rival, when the bids of others are void: of rising bids the
/// latest of each bidder, now and when the phase began; of envelopes all. Grows with the bidders, not with the bids.
class SessionBids {
 public:
  void Add(const std::vector<Event>& events);
  /// By number, the last one first.
  std::vector<Bid> FromLast() const;

 private:
  std::map<std::string, Bid> latest_;  // by code
  std::map<std::string, Bid> base_;
  std::vector<Bid> opened_;
};

/// What the engine decides on any of them; `bids` are those of the session so far. What a default leaves
/// of them is found as the service finds it, and no part of the command.
Decision Decide(const Auction& state, const SessionBids& bids, const TimedCommand& timed);

/// Whether the event belongs to the log that is hashed (docs/formats.md), given the state before its command.
bool IsLogged(const Auction& before, const Event& event);
/// One line for any event: the canonical line of docs/formats.md, and for private events (a refusal, a proxy,
/// an act of persons) one in the same form. Names no organization.
std::string EventText(const Auction& auction, const Event& event);

/// The command that led to `events`, all decided at one time in the session `before` with its `bids`: the log keeps
/// decisions, not commands. Of several that lead to the same decisions any one is good; when none does, the
/// likeliest is returned and replaying it shows the difference.
Command CommandOf(const Auction& before, const SessionBids& bids, const std::vector<Event>& events);

}  // namespace ttx::auction::replay
