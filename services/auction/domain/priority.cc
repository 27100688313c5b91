#include "services/auction/domain/priority.h"

#include <algorithm>

#include "services/auction/domain/draw.h"

namespace ttx::auction {
namespace {

bool Outranks(int32_t rank, int32_t other) { return rank > 0 && (other == 0 || rank < other); }

// Holders who would come before the leader.
bool MayBeAsked(const Auction& auction, const Holder& holder) {
  return holder.code != auction.leading->code && Outranks(holder.rank, auction.leading->rank) &&
         !IsBarred(auction, holder.code);
}

void Ask(Recorder& recorder, int32_t rank, std::vector<std::string> codes, Time time) {
  StartPhase(recorder, State::kPriorityExercise, time);
  recorder.Add(PriorityAsked{rank, std::move(codes)});
}

std::optional<Error> RefuseAnswer(const Auction& auction, const AnswerPriority& command) {
  if (auction.state == State::kSuspended) return Reason::kAUCTION_SUSPENDED;
  if (auction.state == State::kClosed) return Reason::kPHASE_CLOSED;
  if (const auto reason = RefuseCaller(auction, command.bidder, "")) return *reason;
  const bool asked =
      auction.state == State::kPriorityExercise && Contains(auction.exercise.asked, command.bidder->code);
  return asked ? std::nullopt : std::optional<Error>(Reason::kNOT_ASKED);
}

int64_t ShareOf(const Auction& auction, std::string_view code) {
  for (const Holder& holder : auction.terms->holders) {
    if (holder.code == code) return std::max<int64_t>(holder.share, 1);
  }
  return 1;
}

// Splits `total` by weight so that the parts add up to it: largest remainder first, then the earlier one.
std::vector<int64_t> Split(int64_t total, const std::vector<int64_t>& weights) {
  __int128 sum = 0;
  for (const int64_t weight : weights) sum += weight;
  std::vector<int64_t> parts;
  std::vector<std::pair<__int128, size_t>> remainders;
  int64_t left = total;
  for (size_t i = 0; i < weights.size(); ++i) {
    const __int128 exact = static_cast<__int128>(total) * weights[i];
    parts.push_back(static_cast<int64_t>(exact / sum));
    remainders.emplace_back(-(exact % sum), i);
    left -= parts.back();
  }
  std::sort(remainders.begin(), remainders.end());
  for (int64_t i = 0; i < left; ++i) ++parts[remainders[static_cast<size_t>(i)].second];
  return parts;
}

}  // namespace

bool MayMatch(const Auction& auction, std::string_view code, Fen price) {
  return auction.rules().priority.mode == PriorityMode::kSamePrice && auction.leading &&
         price == auction.leading->price && Outranks(RankOf(auction, code), auction.leading->rank);
}

void AskNextRank(Recorder& recorder, Time time) {
  const Auction& auction = recorder.state();
  int32_t rank = 0;
  std::vector<std::string> codes;
  for (const Holder& holder : auction.terms->holders) {  // by rank
    if (holder.rank <= auction.exercise.rank || !MayBeAsked(auction, holder)) continue;
    if (rank != 0 && holder.rank != rank) break;
    rank = holder.rank;
    codes.push_back(holder.code);
  }
  if (codes.empty()) {
    Close(recorder, time);
  } else {
    Ask(recorder, rank, std::move(codes), time);
  }
}

void EndAsking(Recorder& recorder) { ResolveAsking(recorder, recorder.state().phase_end); }

void ResolveAsking(Recorder& recorder, Time time) {
  const Exercise& exercise = recorder.state().exercise;
  if (exercise.exercised.empty()) {
    if (exercise.displaced.empty()) {
      AskNextRank(recorder, time);
    } else {
      Close(recorder, time);  // the holder does not follow the raise
    }
    return;
  }
  if (exercise.exercised.size() > 1 && recorder.state().rules().priority.equal_rank == EqualRank::kLottery) {
    OpenLot(recorder, exercise.exercised);
    return;
  }
  TakePlace(recorder, std::string(exercise.exercised.front()), time);
}

void TakePlace(Recorder& recorder, const std::string& code, Time time) {
  const Auction& auction = recorder.state();
  recorder.Add(BidAccepted{
      {auction.bid_count + 1, code, auction.leading->price, recorder.now(), RankOf(auction, code)},
      auction.phase_end,
      auction.cycle_number});
  if (auction.rules().priority.best_bidder_may_raise) {
    StartPhase(recorder, State::kRaise, time);
  } else {
    Close(recorder, time);
  }
}

std::optional<Reason> RefuseRaise(const Auction& auction, std::string_view code, Fen price, bool confirm) {
  if (code != auction.exercise.displaced) return Reason::kNOT_ASKED;
  const Fen current = auction.leading->price;
  if (!IsMultiple(auction.rules(), current, price)) return Reason::kNOT_MULTIPLE;
  if (price <= current) return Reason::kNOT_HIGHER;
  if (!confirm && RisesTooFar(auction.rules(), current, price)) return Reason::kNEED_CONFIRM;
  return std::nullopt;
}

void AcceptRaise(Recorder& recorder, const std::string& code, Fen price) {
  const Auction& auction = recorder.state();
  const std::string holder = auction.leading->code;
  recorder.Add(BidAccepted{{auction.bid_count + 1, code, price, recorder.now(), RankOf(auction, code)},
                           auction.phase_end,
                           auction.cycle_number});
  Ask(recorder, auction.exercise.rank, {holder}, recorder.now());
}

std::vector<Portion> PortionsOf(const Auction& auction) {
  const std::vector<std::string>& codes = auction.exercise.exercised;
  if (auction.rules().priority.equal_rank != EqualRank::kProRata || codes.size() < 2) return {};
  std::vector<int64_t> weights;
  for (const std::string& code : codes) weights.push_back(ShareOf(auction, code));
  const std::vector<int64_t> shares = Split(1'000'000, weights);
  const std::vector<int64_t> prices = Split(auction.leading->price.value, weights);
  std::vector<Portion> portions;
  for (size_t i = 0; i < codes.size(); ++i) {
    portions.push_back({codes[i], {static_cast<int32_t>(shares[i])}, {prices[i]}});
  }
  return portions;
}

Decision Decide(const Auction& state, const AnswerPriority& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  if (auto error = RefuseAnswer(recorder.state(), command)) {
    return RefuseAndRecord(recorder, command.bidder, command.organization, Fen{}, *std::move(error));
  }
  recorder.Add(PriorityAnswered{command.bidder->code, command.exercise});
  const bool first_takes_it = recorder.state().rules().priority.equal_rank == EqualRank::kEarliest;
  if (recorder.state().exercise.asked.empty() || (command.exercise && first_takes_it)) ResolveAsking(recorder, now);
  return recorder.Take();
}

}  // namespace ttx::auction
