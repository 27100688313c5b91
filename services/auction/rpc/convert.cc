#include "services/auction/rpc/convert.h"

#include <bit>
#include <charconv>

#include "libs/bidding/rules_proto.h"
#include "libs/core/encoding.h"
#include "libs/core/text.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/domain/dutch.h"
#include "services/auction/domain/limits.h"
#include "services/auction/rpc/convert_state.h"

namespace ttx::auction {
namespace {

constexpr size_t kMaxCodeBytes = 16;
constexpr size_t kSeedBytes = 32;

v1::PendingAct::Act ToProto(Act act) {
  switch (act) {
    case Act::kSuspend:
      return v1::PendingAct::SUSPEND;
    case Act::kContinue:
      return v1::PendingAct::CONTINUE;
    case Act::kRestartPhase:
      return v1::PendingAct::RESTART_PHASE;
    case Act::kAnnul:
      return v1::PendingAct::ANNUL;
    case Act::kOpen:
      return v1::PendingAct::OPEN;
    case Act::kDeclareDefault:
      return v1::PendingAct::DECLARE_DEFAULT;
  }
  TTX_CHECK(false, "unreachable");
}

Status CheckCurrency(const std::string& currency_code) {
  if (currency_code.empty() || currency_code == "CNY") return {};
  return InvalidField("currency_code", Reason::kUNSUPPORTED_CURRENCY, "CNY");
}

Status CheckCode(const std::string& code, std::string_view field) {
  if (code.empty()) return InvalidField(std::string(field), Reason::kREQUIRED);
  if (code.size() > kMaxCodeBytes) return InvalidField(std::string(field), Reason::kTOO_LONG, "16");
  return {};
}

Result<Act> FromProto(v1::PendingAct::Act act) {
  switch (act) {
    case v1::PendingAct::SUSPEND:
      return Act::kSuspend;
    case v1::PendingAct::CONTINUE:
      return Act::kContinue;
    case v1::PendingAct::RESTART_PHASE:
      return Act::kRestartPhase;
    case v1::PendingAct::ANNUL:
      return Act::kAnnul;
    case v1::PendingAct::OPEN:
      return Act::kOpen;
    case v1::PendingAct::DECLARE_DEFAULT:
      return Act::kDeclareDefault;
    case v1::PendingAct::ACT_UNSPECIFIED:
      return InvalidField("act", Reason::kREQUIRED);
    default:
      return InvalidField("act", Reason::kUNKNOWN_VALUE);
  }
}

Result<ForfeitCause> FromProto(v1::PendingAct::Cause cause) {
  switch (cause) {
    case v1::PendingAct::WITHDREW:
      return ForfeitCause::kWithdrew;
    case v1::PendingAct::MISCONDUCT:
      return ForfeitCause::kMisconduct;
    case v1::PendingAct::CAUSE_UNSPECIFIED:
      return InvalidField("cause", Reason::kREQUIRED);
    default:
      return InvalidField("cause", Reason::kUNKNOWN_VALUE);
  }
}

v1::PendingAct::Cause ToProto(ForfeitCause cause) {
  switch (cause) {
    case ForfeitCause::kWithdrew:
      return v1::PendingAct::WITHDREW;
    case ForfeitCause::kMisconduct:
      return v1::PendingAct::MISCONDUCT;
    case ForfeitCause::kNoSingleQuote:
    case ForfeitCause::kAllSilent:
      break;  // nobody asks for these: the engine finds them itself
  }
  TTX_CHECK(false, "a default that nobody can ask for");
}

// "auctions/{id}/{child}" -> the auction.
Result<AuctionId> ParseChildName(std::string_view name, std::string_view child) {
  if (!name.ends_with(child))
    return InvalidField("name", Reason::kBAD_FORMAT, "auctions/{id}" + std::string(child));
  return ParseAuctionName(name.substr(0, name.size() - child.size()), "name");
}

// What a client needs for a countdown.
void ClockToProto(const Auction& auction, Time server_time, v1::Auction& proto) {
  const Rules& rules = auction.rules();
  *proto.mutable_server_time() = rpc::ToProtoTime(server_time);
  if (auction.phase_end) *proto.mutable_phase_end_time() = rpc::ToProtoTime(auction.phase_end);
  if (const auto price = MinAcceptable(auction, server_time)) proto.set_min_acceptable_fen(price->value);
  const std::optional<Time> change = NextChange(auction);
  if (change && IsOpen(auction.state)) {
    for (const Duration warning : rules.warnings) {
      if (*change - warning > server_time) *proto.add_warning_times() = rpc::ToProtoTime(*change - warning);
    }
  }
  if (auction.state == State::kDutch) {
    const Time begun = auction.phase_end - DutchLength(rules);
    const int64_t steps = (server_time - begun).ns / rules.dutch.interval.ns;
    if (steps < DutchSteps(rules)) {
      *proto.mutable_next_price_time() =
          rpc::ToProtoTime(begun + Duration{rules.dutch.interval.ns * (steps + 1)});
    }
  }
  proto.set_overlong(IsOverlong(auction, server_time));
}

void EnvelopesToProto(const Auction& auction, const std::string& origin, v1::Auction& proto) {
  if (!IsSealed(auction.rules().mode)) return;
  const Envelopes& envelopes = auction.envelopes;
  proto.set_origin(origin);
  proto.set_rules_hash(Hex(RulesHash(*auction.terms)));
  proto.set_round(envelopes.round);
  for (const std::string& code : envelopes.tied) proto.add_tied_codes(code);
  proto.set_share_count(std::popcount(envelopes.holders));
  for (const OpenedBid& opened : envelopes.opened)
    *proto.add_opened_envelopes() = ToProto(auction.id(), opened);
  for (const NonPriceScore& score : envelopes.scores) {
    auto* to = proto.add_scores();
    to->set_bidder_code(score.code);
    to->set_score(score.score);
  }
}

// What is revealed with the close.
void CloseToProto(const Auction& auction, v1::Auction& proto) {
  if (auction.state != State::kClosed) return;
  if (auction.terms->reserve) {
    proto.set_reserve_fen(auction.terms->reserve->price.value);
    proto.set_reserve_salt(Hex(auction.terms->reserve->salt));
  }
  *proto.mutable_close_time() = rpc::ToProtoTime(auction.phase_end);
}

}  // namespace

Result<AuctionId> ParseAuctionName(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "auctions", field));
  return AuctionId{std::move(id)};
}

Result<BidName> ParseBidName(std::string_view name) {
  const size_t split = name.find("/bids/");
  if (split == name.npos) return InvalidField("name", Reason::kBAD_FORMAT, "auctions/{id}/bids/{number}");
  TTX_TRY(AuctionId auction, ParseAuctionName(name.substr(0, split), "name"));
  const std::string_view digits = name.substr(split + 6);
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size() || number < 1) {
    return InvalidField("name", Reason::kBAD_FORMAT, "auctions/{id}/bids/{number}");
  }
  return BidName{std::move(auction), number};
}

Result<BidderName> ParseBidderName(std::string_view name) {
  const size_t split = name.find("/bidders/");
  if (split == name.npos) return InvalidField("name", Reason::kBAD_FORMAT, "auctions/{id}/bidders/{code}");
  TTX_TRY(AuctionId auction, ParseAuctionName(name.substr(0, split), "name"));
  std::string code(name.substr(split + 9));
  TTX_RETURN_IF_ERROR(CheckCode(code, "name"));
  return BidderName{std::move(auction), std::move(code)};
}

Result<AuctionId> ParseProxyName(std::string_view name) { return ParseChildName(name, "/proxy"); }

Result<AuctionId> ParseCloseProofName(std::string_view name) { return ParseChildName(name, "/closeProof"); }

Result<AuctionId> ParsePendingActName(std::string_view name) { return ParseChildName(name, "/pendingAct"); }

Result<AuctionApp::PlaceBidInput> FromProto(const v1::PlaceBidRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.parent(), "parent"));
  TTX_RETURN_IF_ERROR(CheckAmount({request.price_fen()}, Fen{1}, "price_fen"));
  TTX_RETURN_IF_ERROR(CheckCurrency(request.currency_code()));
  if (request.bidder_code().size() > kMaxCodeBytes)
    return InvalidField("bidder_code", Reason::kTOO_LONG, "16");
  return AuctionApp::PlaceBidInput{
      std::move(auction), {request.price_fen()}, request.bidder_code(), request.confirm()};
}

Result<AuctionApp::SetProxyInput> FromProto(const v1::SetProxyRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  TTX_RETURN_IF_ERROR(CheckAmount({request.maximum_fen()}, Fen{1}, "maximum_fen"));
  TTX_RETURN_IF_ERROR(CheckCurrency(request.currency_code()));
  return AuctionApp::SetProxyInput{std::move(auction), {request.maximum_fen()}};
}

Result<AuctionApp::AnswerPriorityInput> FromProto(const v1::AnswerPriorityRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  switch (request.answer()) {
    case v1::AnswerPriorityRequest::EXERCISE:
      return AuctionApp::AnswerPriorityInput{std::move(auction), true};
    case v1::AnswerPriorityRequest::WAIVE:
      return AuctionApp::AnswerPriorityInput{std::move(auction), false};
    case v1::AnswerPriorityRequest::ANSWER_UNSPECIFIED:
      return InvalidField("answer", Reason::kREQUIRED);
    default:
      return InvalidField("answer", Reason::kUNKNOWN_VALUE);
  }
}

Result<AuctionApp::SubmitEnvelopeInput> FromProto(const v1::SubmitEnvelopeRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.parent(), "parent"));
  if (request.content().empty()) return InvalidField("content", Reason::kREQUIRED);
  if (request.content().size() > kMaxEnvelopeBytes) {
    return InvalidField("content", Reason::kTOO_LONG, std::to_string(kMaxEnvelopeBytes));
  }
  return AuctionApp::SubmitEnvelopeInput{std::move(auction), request.content()};
}

Result<AuctionApp::RevealEnvelopeInput> FromProto(const v1::RevealEnvelopeRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.parent(), "parent"));
  if (request.seed().size() != kSeedBytes) return InvalidField("seed", Reason::kBAD_FORMAT, "32 bytes");
  return AuctionApp::RevealEnvelopeInput{std::move(auction), request.seed()};
}

Result<AuctionId> FromProto(const v1::WithdrawActRequest& request) {
  return ParseAuctionName(request.name(), "name");
}

Result<AuctionId> FromProto(const v1::WithdrawEnvelopeRequest& request) {
  return ParseAuctionName(request.parent(), "parent");
}

Result<ScoresInput> FromProto(const v1::FixScoresRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  ScoresInput input{std::move(auction), {}};
  if (request.scores().empty()) return InvalidField("scores", Reason::kREQUIRED);
  for (int i = 0; i < request.scores_size(); ++i) {
    const auto& score = request.scores(i);
    TTX_RETURN_IF_ERROR(CheckCode(score.bidder_code(), "scores[" + std::to_string(i) + "].bidder_code"));
    input.scores.push_back({score.bidder_code(), score.score()});
  }
  return input;
}

Result<AuctionApp::HandInSharesInput> FromProto(const v1::HandInSharesRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  if (request.report().empty()) return InvalidField("report", Reason::kREQUIRED);
  if (request.report().size() > kMaxReportBytes) {
    return InvalidField("report", Reason::kTOO_LONG, std::to_string(kMaxReportBytes));
  }
  return AuctionApp::HandInSharesInput{std::move(auction), request.report()};
}

Result<ReportInput> FromProto(const v1::ReportTenderRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  ReportInput input{std::move(auction), {}};
  for (int i = 0; i < request.committee_size(); ++i) {
    const auto& member = request.committee(i);
    TTX_RETURN_IF_ERROR(
        CheckText(member.name(), 1, kMaxTitleChars, "committee[" + std::to_string(i) + "].name"));
    input.report.committee.push_back({member.name(), member.is_expert()});
  }
  for (int i = 0; i < request.sheets_size(); ++i) {
    const auto& sheet = request.sheets(i);
    if (sheet.member() < 0) {
      return InvalidField("sheets[" + std::to_string(i) + "].member", Reason::kOUT_OF_RANGE, ">= 0");
    }
    input.report.sheets.push_back({static_cast<size_t>(sheet.member()),
                                   sheet.bidder_code(),
                                   {sheet.points().begin(), sheet.points().end()}});
  }
  for (const auto& risk : request.risks()) input.report.risks.push_back({risk.bidder_code(), risk.count()});
  return input;
}

Result<AuctionApp::RequestActInput> FromProto(const v1::RequestActRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  TTX_TRY(const Act act, FromProto(request.act()));
  if (act == Act::kOpen) return InvalidField("act", Reason::kUNKNOWN_VALUE, "RequestOpening");
  Time resume_time;
  if (request.has_resume_time()) {
    TTX_TRY(resume_time, rpc::FromProtoTime(request.resume_time(), "resume_time"));
  }
  AuctionApp::RequestActInput input{std::move(auction), act, request.reason(), resume_time};
  if (act == Act::kDeclareDefault) {
    TTX_RETURN_IF_ERROR(CheckCode(request.bidder_code(), "bidder_code"));
    TTX_TRY(input.cause, FromProto(request.cause()));
    input.code = request.bidder_code();
  } else if (!request.bidder_code().empty()) {
    return InvalidField("bidder_code", Reason::kUNKNOWN_VALUE, "none");
  } else if (request.cause() != v1::PendingAct::CAUSE_UNSPECIFIED) {
    return InvalidField("cause", Reason::kUNKNOWN_VALUE, "none");
  }
  return input;
}

Result<AuctionApp::RequestActInput> FromProto(const v1::RequestOpeningRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  return AuctionApp::RequestActInput{std::move(auction), Act::kOpen, request.reason(), {}};
}

Result<AuctionApp::ConfirmActInput> FromProto(const v1::ConfirmActRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.name(), "name"));
  TTX_TRY(const Act act, FromProto(request.act()));
  return AuctionApp::ConfirmActInput{std::move(auction), act, request.etag()};
}

v1::Auction ToProto(const StoredAuction& stored, Time server_time, const std::string& origin) {
  const Auction& auction = stored.auction;
  const Terms& terms = *auction.terms;
  v1::Auction proto;
  proto.set_name("auctions/" + auction.id().text);
  proto.set_uid(auction.id().text);
  proto.set_listing(terms.listing);
  proto.set_exchange(terms.exchange);
  proto.set_title(terms.title);
  proto.set_state(ToProto(auction.state));
  *proto.mutable_rules() = bidding::ToProto(auction.rules());
  *proto.mutable_start_time() = rpc::ToProtoTime(terms.start_time);
  proto.set_cycle_number(auction.cycle_number);
  proto.set_bidder_count(auction.bidder_count);
  proto.set_bid_count(auction.bid_count);
  if (auction.leading)
    *proto.mutable_leading_bid() = ToProto(auction.id(), *auction.leading, auction.phase_end);
  ClockToProto(auction, server_time, proto);
  proto.set_currency_code("CNY");
  if (terms.reserve) proto.set_reserve_commitment(Hex(terms.reserve->commitment));
  if (terms.draw_seed) proto.set_draw_commitment(Hex(terms.draw_seed->commitment));
  CloseToProto(auction, proto);
  if (auction.state == State::kSuspended) proto.set_suspended_state(ToProto(auction.suspended_state));
  EnvelopesToProto(auction, origin, proto);
  for (const std::string& code : auction.exercise.asked) proto.add_asked_codes(code);
  for (const std::string& code : auction.barred) proto.add_barred_codes(code);
  if (auction.void_from <= auction.void_to) {
    proto.set_void_from_number(auction.void_from);
    proto.set_void_to_number(auction.void_to);
  }
  proto.set_outcome(ToProto(auction.outcome));
  if (!KeepsEnvelopesSecret(auction)) proto.set_log_hash(Hex(stored.log_hash));
  *proto.mutable_create_time() = rpc::ToProtoTime(auction.create_time);
  *proto.mutable_update_time() = rpc::ToProtoTime(stored.revision_time);
  proto.set_etag(std::to_string(stored.revision));
  return proto;
}

v1::Bid ToProto(const AuctionId& auction, const Bid& bid, Time phase_end) {
  v1::Bid proto;
  proto.set_name("auctions/" + auction.text + "/bids/" + std::to_string(bid.number));
  proto.set_number(bid.number);
  proto.set_bidder_code(bid.code);
  proto.set_price_fen(bid.price.value);
  *proto.mutable_accept_time() = rpc::ToProtoTime(bid.time);
  if (phase_end) *proto.mutable_phase_end_time() = rpc::ToProtoTime(phase_end);
  proto.set_priority_rank(bid.rank);
  proto.set_automatic(bid.automatic);
  return proto;
}

v1::RefusedBid ToProto(const RefusedBid& refused) {
  v1::RefusedBid proto;
  proto.set_bidder_code(refused.refusal.code);
  proto.set_price_fen(refused.refusal.price.value);
  *proto.mutable_refuse_time() = rpc::ToProtoTime(refused.time);
  proto.set_reason(std::string(ReasonName(refused.refusal.reason)));
  return proto;
}

v1::ProxyStanding ToProto(const AuctionApp::ProxyStanding& standing) {
  v1::ProxyStanding proto;
  proto.set_bidder_code(standing.code);
  proto.set_leads(standing.leads);
  proto.set_stands(standing.stands);
  return proto;
}

v1::Proxy ToProto(const AuctionId& auction, const Proxy& proxy) {
  v1::Proxy proto;
  proto.set_name("auctions/" + auction.text + "/proxy");
  proto.set_bidder_code(proxy.code);
  proto.set_maximum_fen(proxy.maximum.value);
  return proto;
}

v1::Bidder ToProto(const AuctionId& auction, const Bidder& bidder) {
  v1::Bidder proto;
  proto.set_name("auctions/" + auction.text + "/bidders/" + bidder.code);
  proto.set_code(bidder.code);
  proto.set_organization(bidder.organization);
  proto.set_intent(bidder.intent);
  proto.set_priority_rank(bidder.rank);
  return proto;
}

v1::Envelope ToProto(const EnvelopeEntry& entry) {
  v1::Envelope proto;
  proto.set_bidder_code(entry.code);
  proto.set_digest(Hex(entry.digest));
  if (entry.time) *proto.mutable_accept_time() = rpc::ToProtoTime(entry.time);
  proto.set_submission_count(entry.submitted);
  proto.set_revealed(entry.revealed);
  return proto;
}

v1::Envelope ToProto(const AuctionApp::Envelope& envelope) {
  v1::Envelope proto = ToProto(envelope.entry);
  proto.set_content(envelope.bytes);
  proto.set_seed(envelope.verdict.seed);
  proto.set_flaw(envelope.verdict.flaw);
  for (const int32_t liar : envelope.verdict.liars) proto.add_liars(liar);
  return proto;
}

v1::PendingAct ToProto(const AuctionId& auction, const PendingAct& act) {
  v1::PendingAct proto;
  proto.set_name("auctions/" + auction.text + "/pendingAct");
  proto.set_act(ToProto(act.act));
  proto.set_person(act.person);
  proto.set_reason(act.reason);
  if (act.resume_time) *proto.mutable_resume_time() = rpc::ToProtoTime(act.resume_time);
  proto.set_etag(ActEtag(act));
  if (act.act == Act::kDeclareDefault) {
    proto.set_bidder_code(act.code);
    proto.set_cause(ToProto(act.cause));
  }
  return proto;
}

}  // namespace ttx::auction
