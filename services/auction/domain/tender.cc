#include "services/auction/domain/tender.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "services/auction/domain/draw.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/suspension.h"
#include "services/auction/domain/weighted.h"

namespace ttx::auction {
namespace {

constexpr int64_t kWhole = 1'000'000;
constexpr int32_t kMaxRiskFlags = 1000;

std::vector<OpenedBid> ValidBids(const Auction& auction) {
  std::vector<OpenedBid> valid;
  for (const OpenedBid& bid : auction.envelopes.opened) {
    if (!bid.invalid) valid.push_back(bid);
  }
  return valid;
}

// At least five members, an odd number, at least two thirds of them experts.
std::optional<Error> CheckCommittee(const std::vector<Expert>& committee) {
  const size_t members = committee.size();
  if (members < kMinCommittee || members > kMaxCommittee || members % 2 == 0) {
    return InvalidField("committee", Reason::kOUT_OF_RANGE, "an odd number of 5..51");
  }
  const auto experts = static_cast<size_t>(std::count_if(
      committee.begin(), committee.end(), [](const Expert& member) { return member.is_expert; }));
  if (experts * 3 < members * 2) return InvalidField("committee", Reason::kOUT_OF_RANGE, "experts >= 2/3");
  return std::nullopt;
}

using SheetsByMember = std::map<std::pair<std::string_view, size_t>, const std::vector<int64_t>*>;

// Every member scores every valid bid in every criterion, once.
std::optional<Error> CheckSheets(const Auction& auction, const ReportTender& command,
                                 const std::vector<OpenedBid>& valid, SheetsByMember& sheets) {
  const size_t criteria = auction.rules().scoring.criteria.size();
  if (command.sheets.size() * criteria > kMaxSheetPoints) {
    return InvalidField("sheets", Reason::kTOO_MANY, std::to_string(kMaxSheetPoints) + " points");
  }
  for (size_t i = 0; i < command.sheets.size(); ++i) {
    const ScoreSheet& sheet = command.sheets[i];
    const std::string path = "sheets[" + std::to_string(i) + "]";
    if (sheet.member >= command.committee.size())
      return InvalidField(path + ".member", Reason::kOUT_OF_RANGE);
    const bool known = std::any_of(valid.begin(), valid.end(),
                                   [&](const OpenedBid& bid) { return bid.bid.code == sheet.code; });
    if (!known) return InvalidField(path + ".bidder_code", Reason::kUNKNOWN_VALUE);
    if (sheet.points.size() != criteria) {
      return InvalidField(path + ".points", Reason::kOUT_OF_RANGE, std::to_string(criteria));
    }
    for (const int64_t points : sheet.points) {
      if (points < 0 || points > kFullScore) {
        return InvalidField(path + ".points", Reason::kOUT_OF_RANGE, "0.." + std::to_string(kFullScore));
      }
    }
    if (!sheets.emplace(std::pair(std::string_view(sheet.code), sheet.member), &sheet.points).second) {
      return InvalidField(path, Reason::kDUPLICATE);
    }
  }
  const size_t expected = criteria == 0 ? 0 : valid.size() * command.committee.size();
  if (sheets.size() != expected) return InvalidField("sheets", Reason::kREQUIRED, std::to_string(expected));
  return std::nullopt;
}

// Of valid bids, each once.
std::optional<Error> CheckRisks(const ReportTender& command, const std::vector<OpenedBid>& valid) {
  std::set<std::string_view> codes;
  for (size_t i = 0; i < command.risks.size(); ++i) {
    const RiskFlags& risk = command.risks[i];
    const std::string path = "risks[" + std::to_string(i) + "]";
    const bool known = std::any_of(valid.begin(), valid.end(),
                                   [&](const OpenedBid& bid) { return bid.bid.code == risk.code; });
    if (!known) return InvalidField(path + ".bidder_code", Reason::kUNKNOWN_VALUE);
    if (!codes.insert(risk.code).second) return InvalidField(path + ".bidder_code", Reason::kDUPLICATE);
    if (risk.count < 0 || risk.count > kMaxRiskFlags) {
      return InvalidField(path + ".count", Reason::kOUT_OF_RANGE, "0.." + std::to_string(kMaxRiskFlags));
    }
  }
  return std::nullopt;
}

// Rounded down, in 1e-4 points (domain.md 5.7); the price part as in 5.6.
int64_t TotalOf(const ScoringRules& rules, const OpenedBid& bid, Fen highest, size_t members,
                const SheetsByMember& sheets) {
  __int128 sum = static_cast<__int128>(PriceScore(bid.bid.price, highest)) * rules.price_weight.value;
  for (size_t k = 0; k < rules.criteria.size(); ++k) {
    std::vector<int64_t> points;
    for (size_t member = 0; member < members; ++member) {
      points.push_back((*sheets.at({bid.bid.code, member}))[k]);
    }
    sum += static_cast<__int128>(MeanScore(std::move(points))) * rules.criteria[k].weight.value;
  }
  return static_cast<int64_t>(sum / kWhole);
}

// Better in what is compared before a lot is drawn: score, fewer risk flags, higher price.
bool RanksBefore(const OpenedBid& a, const OpenedBid& b) {
  if (a.total != b.total) return a.total > b.total;
  if (a.risk_flags != b.risk_flags) return a.risk_flags < b.risk_flags;
  return a.bid.price > b.bid.price;
}

bool IsTied(const OpenedBid& a, const OpenedBid& b) { return !RanksBefore(a, b) && !RanksBefore(b, a); }

}  // namespace

int64_t MeanScore(std::vector<int64_t> points) {
  std::sort(points.begin(), points.end());
  const bool drop = points.size() >= kDropExtremesFrom;
  const auto begin = points.begin() + (drop ? 1 : 0);
  const auto end = points.end() - (drop ? 1 : 0);
  return std::accumulate(begin, end, int64_t{0}) / (end - begin);
}

void NameCandidate(Recorder& recorder, const std::string& code) {
  for (const OpenedBid& bid : recorder.state().envelopes.opened) {
    if (bid.bid.code != code) continue;
    recorder.Add(LeaderNamed{bid.bid});
    StartPhase(recorder, State::kPublicity, recorder.now());
    return;
  }
  TTX_CHECK(false, "a candidate that handed in nothing");
}

void NameBest(Recorder& recorder) {
  const std::vector<OpenedBid> ranking = ValidBids(recorder.state());
  std::vector<std::string> first;
  for (const OpenedBid& bid : ranking) {
    if (IsTied(bid, ranking.front())) first.push_back(bid.bid.code);
  }
  if (first.empty()) {
    CloseUnsold(recorder, recorder.now());
  } else if (first.size() > 1) {
    OpenLot(recorder, std::move(first));
  } else {
    NameCandidate(recorder, first.front());
  }
}

Decision Decide(const Auction& state, const ReportTender& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (auction.rules().mode != Mode::kTender) return recorder.Refuse(WrongMode(auction));
  if (auction.state != State::kEvaluating) return recorder.Refuse(WrongState(auction, "ReportTender"));
  if (auction.objected) return recorder.Refuse(ObjectionOpen(auction));
  if (auto error = CheckCommittee(command.committee)) return recorder.Refuse(*std::move(error));
  std::vector<OpenedBid> ranking = ValidBids(auction);
  SheetsByMember sheets;
  if (auto error = CheckSheets(auction, command, ranking, sheets)) return recorder.Refuse(*std::move(error));
  if (auto error = CheckRisks(command, ranking)) return recorder.Refuse(*std::move(error));
  const Fen highest = HighestValid(ranking);
  for (OpenedBid& bid : ranking) {
    bid.total = TotalOf(auction.rules().scoring, bid, highest, command.committee.size(), sheets);
    for (const RiskFlags& risk : command.risks) {
      if (risk.code == bid.bid.code) bid.risk_flags = risk.count;
    }
  }
  std::stable_sort(ranking.begin(), ranking.end(), RanksBefore);
  std::vector<bool> experts;
  for (const Expert& member : command.committee) experts.push_back(member.is_expert);
  recorder.Add(Evaluated{std::move(ranking), std::move(experts), command.sheets});
  NameBest(recorder);
  return recorder.Take();
}

}  // namespace ttx::auction
