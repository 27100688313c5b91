#include "services/server/demo/opening.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/core/encoding.h"

namespace ttx::demo {
namespace {

std::string Describe(const Error& error) {
  return std::string(ReasonName(error.reason)) + ": " + std::string(error.message());
}

Address AddressOf(const Json& auction) {
  return {Text(auction, "/origin"), Text(auction, "/name"), Text(auction, "/round"), Text(auction, "/rules_hash"),
          Text(auction, "/rules/sealed/holder_set")};
}

SealedPrice SealFor(Market& market, Deal& deal, const Member& bidder, uint32_t version, int64_t fen) {
  const Json auction = PublicAuction(market, deal);
  if (!market.ok()) return {};
  Result<SealedPrice> price = SealPrice(AddressOf(auction), *deal.key_holders, bidder.code, version, fen);
  if (price.ok()) return std::move(price).value();
  market.Check(false, "sealing: " + Describe(price.error()));
  return {};
}

Json Content(const SealedPrice& price) { return {{"content", Base64(price.bytes)}}; }

// Nobody learns of a bid before the opening.
void ExpectSecret(Market& market, Deal& deal, const std::string& state) {
  const Json auction = PublicAuction(market, deal);
  market.Expect(auction, "/state", state);
  market.ExpectNumber(auction, "/bid_count", 0);
  market.Expect(auction, "/leading_bid/price_fen", "");
  market.Expect(auction, "/opened_envelopes/0/bid/price_fen", "");
  market.Expect(auction, "/log_hash", "");
}

// With one digit of one share changed on the way.
std::string Altered(std::string report) {
  const size_t line = report.find("\nshare ");
  if (line == report.npos) return "";
  constexpr size_t kDigestDigits = 64;
  char& digit = report[line + std::string_view("\nshare ").size() + kDigestDigits + 1];
  digit = digit == '0' ? '1' : '0';
  return report;
}

ClosedRound ShowHolders(Market& market, Deal& deal) {
  ClosedRound round{.auction = deal.auction, .proof = "", .record_key_pem = "", .envelopes = {}};
  round.record_key_pem = Text(market.Get(deal.anybody, "/v1/recordKey"), "/public_key_pem");
  round.proof = Text(market.Get(deal.clerk, Path(deal.auction) + "/closeProof"), "/proof");
  const Json list = market.Get(deal.clerk, Path(deal.auction) + "/envelopes");
  if (!market.ok()) return round;
  for (const Json& envelope : list.at("envelopes")) {
    round.envelopes.push_back(FromBase64(Text(envelope, "/content")));
  }
  market.Step(Verb::kBid, {"向密钥保管人出示截止证明与全部密封件", "the key holders see the close proof and the envelopes"},
              deal.auction, {{"envelopes", std::to_string(round.envelopes.size())}});
  return round;
}

// As anybody may: the seeds are out, and each envelope says what its bidder sealed.
void VerifyAllOpened(Market& market, Deal& deal, const std::vector<HandedIn>& handed_in) {
  const Json list = market.Get(deal.clerk, Path(deal.auction) + "/envelopes");
  if (!market.ok()) return;
  for (const HandedIn& mine : handed_in) {
    const auto& envelopes = list.at("envelopes");
    const auto found = std::find_if(envelopes.begin(), envelopes.end(), [&](const Json& envelope) {
      return Text(envelope, "/digest") == Hex(mine.price.digest);
    });
    market.Check(found != envelopes.end(), "an envelope is not among those that were opened");
    if (!market.ok()) return;
    market.Check(FromBase64(Text(*found, "/seed")) == mine.price.seed, "the published seed is another one");
    const Result<int64_t> fen = VerifyOpened(*deal.key_holders, FromBase64(Text(*found, "/content")),
                                             FromBase64(Text(*found, "/seed")));
    market.Check(fen.ok() && *fen == mine.fen, "an opened envelope holds another price");
  }
  market.Step(Verb::kBid, {"用公布的种子逐一复验开标结果", "every opening verifies with the published seeds"}, deal.auction,
              {{"envelopes", std::to_string(handed_in.size())}, {"result", "VALID"}});
}

}  // namespace

void AddEnvelopeRules(const Deal& deal, Json& rules, int submissions) {
  rules["sealed"] = {{"submissions", submissions},
                     {"shares_needed", deal.key_holders ? deal.key_holders->set.threshold() : 0},
                     {"shares_total", deal.key_holders ? deal.key_holders->set.size() : 0},
                     {"shares_period", "86400s"},
                     {"second_period", "86400s"},
                     {"reveal_period", "86400s"},
                     {"check_multiple", true},
                     {"holder_set", deal.key_holders ? deal.key_holders->set.text() : ""}};
}

HandedIn HandIn(Market& market, Deal& deal, Member& bidder, uint32_t version, int64_t fen, const Words& what) {
  HandedIn mine{&bidder, fen, SealFor(market, deal, bidder, version, fen)};
  const Json envelope =
      market.PostTwice(bidder.client, Path(deal.auction) + "/envelopes", Content(mine.price));
  market.Expect(envelope, "/bidder_code", bidder.code);
  market.Expect(envelope, "/digest", Hex(mine.price.digest));
  market.ExpectNumber(envelope, "/submission_count", version);
  market.Step(Verb::kBid, what, deal.auction,
              {{"digest", Text(envelope, "/digest")},
               {"bidder_code", bidder.code},
               {"accept_time", Text(envelope, "/accept_time")}});
  return mine;
}

void RefuseMisuse(Market& market, Deal& deal, const HandedIn& other, Member& bidder) {
  Refused(market, deal, bidder.client, "/bids", Price(kPrice), "WRONG_MODE",
          {"密封报价不收公开报价", "an open bid is refused among sealed ones"});
  Refused(market, deal, bidder.client, "/envelopes", Content(other.price), "ENVELOPE_MISADDRESSED",
          {"他人的密封件被拒绝", "another bidder's envelope is refused"});
}

void EndSubmitting(Market& market, Deal& deal, Member& late, int envelopes) {
  const SealedPrice too_late = SealFor(market, deal, late, 1, kPrice);
  AdvanceToPhase(market, deal, "CLOSED_FOR_OPENING", {"递交截止", "the deadline passes"});
  Refused(market, deal, late.client, "/envelopes", Content(too_late), "PHASE_CLOSED",
          {"逾期密封件被拒绝", "a late envelope is refused"});
  ExpectSecret(market, deal, "CLOSED_FOR_OPENING");
  market.Step(Verb::kBid, {"开标前无人知悉报价", "nobody knows a price before the opening"}, deal.auction,
              {{"envelopes", std::to_string(envelopes)}});
}

void ConfirmOpening(Market& market, Deal& deal) {
  market.Post(deal.officer, Path(deal.auction) + ":requestOpening", {{"reason", "递交截止，按公告开标"}});
  market.Step(Verb::kBid, {"一名负责人申请开标", "one officer asks for the opening"}, deal.auction);
  const Json act = market.Get(deal.second_officer, Path(deal.auction) + "/pendingAct");
  market.Expect(act, "/act", "OPEN");
  const Json confirm = {{"act", "OPEN"}, {"etag", Text(act, "/etag")}};
  Refused(market, deal, deal.officer, ":confirmAct", confirm, "SAME_PERSON",
          {"同一人不能独自开标", "the same officer cannot confirm"});
  const Json confirmed = market.Post(deal.second_officer, Path(deal.auction) + ":confirmAct", confirm);
  market.Expect(confirmed, "/state", "SHARES_COLLECTING");
  market.Step(Verb::kBid, {"另一名负责人确认开标", "another officer confirms it"}, deal.auction,
              {{"state", Text(confirmed, "/state")}, {"phase_end_time", Text(confirmed, "/phase_end_time")}});
}

void OpenByHolders(Market& market, Deal& deal, const std::vector<HandedIn>& handed_in, const std::string& state) {
  const ClosedRound round = ShowHolders(market, deal);
  for (size_t holder = 0; market.ok() && holder < static_cast<size_t>(kSharesNeeded); ++holder) {
    const Result<std::string> report = ReportShares(*deal.key_holders, holder, round, market.Now());
    if (!report.ok()) market.Check(false, "a key holder refuses: " + Describe(report.error()));
    if (!market.ok()) break;
    if (holder == 0) {
      Refused(market, deal, deal.clerk, ":handInShares", {{"report", Altered(*report)}}, "WRONG_SHARE",
              {"被改动的份额被拒绝", "a share altered on the way is refused"});
    }
    ExpectSecret(market, deal, "SHARES_COLLECTING");
    market.Post(deal.clerk, Path(deal.auction) + ":handInShares", {{"report", *report}});
    market.Step(Verb::kBid, {"密钥保管人交来份额", "a key holder's shares are handed in"}, deal.auction,
                {{"holder", deal.key_holders->set.holder(static_cast<int>(holder) + 1).name},
                 {"shares", std::to_string(holder + 1) + "/" + std::to_string(kSharesNeeded)}});
  }
  const Json opened = market.WaitFor(deal.anybody, Path(deal.auction), "/state", state);
  market.Step(Verb::kBid, {"份额到齐，全部密封件同时开启", "the shares suffice, all envelopes are opened at once"}, deal.auction,
              {{"envelopes", std::to_string(handed_in.size())}, {"state", Text(opened, "/state")}});
  VerifyAllOpened(market, deal, handed_in);
}

}  // namespace ttx::demo
