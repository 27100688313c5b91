#pragma once

// Sessions of every mode that walk at random, for tests only.

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "services/auction/domain/test_session.h"

namespace ttx::auction::testing {

/// Draws commands that are often accepted in the state at hand.
class RandomSession {
 public:
  RandomSession(uint64_t seed, Mode mode) : random_(seed), mode_(mode) {}

  ScheduleAuction Schedule() {
    ScheduleAuction command = SessionOf(mode_, Yuan(1'000), Yuan(10));
    command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'R')};
    Rules& rules = command.rules;
    rules.free_period = Minutes(10);
    rules.cycle = Minutes(2);
    rules.suspension.resume_notice = Minutes(1);
    if (IsAscending(mode_)) DrawAscendingRules(rules);
    if (mode_ == Mode::kDutch) rules.dutch = {Yuan(10), {}, Seconds(30), Yuan(800)};
    if (IsSealed(mode_)) DrawSealedRules(rules);
    if (mode_ != Mode::kDutch && Chance(3)) {
      command.reserve = Reserve{Yuan(1'020), "16-byte-salt-abc", std::string(32, 'c')};
      if (rules.cap) command.reserve->price = Yuan(1'010);
    }
    if (Chance(4)) command.barred_organizations = {"organizations/barred"};
    rules.next_best_allowed = Chance(2);
    command.bidders.clear();
    for (int i = 1; i <= 5; ++i) {
      bidders_.push_back(BidderOf("B0" + std::to_string(i), i > 3 ? 1 : 0, i));
    }
    command.bidders = bidders_;
    return command;
  }

  /// `decide(command)` returns the decision it has taken.
  template <class Take>
  void Step(const Auction& state, Time now, Take take) {
    const auto decide = [&](const auto& command) {
      Decision taken = take(command);
      AddBids(taken.events, bids_);
      return taken;
    };
    switch (Below(IsSealed(mode_) ? 26 : 16)) {
      case 0:
        decide(NoteOutage{now - Milliseconds(static_cast<int64_t>(Below(4000)))});
        return;
      case 1:
        decide(RequestAct{static_cast<Act>(Below(4)), Person(), "OBJECTION", now + Minutes(2)});
        return;
      case 2:
        decide(ConfirmAct{state.pending ? state.pending->act : Act::kSuspend, Person(),
                          LeftAt(state, bids_, now)});
        return;
      case 3:
        decide(WithdrawAct{Person()});
        return;
      case 4:
        if (Chance(3)) {
          decide(RequestAct{Act::kDeclareDefault, Person(), "words", {}, Some().code, ForfeitCause::kMisconduct});
        }
        return;
      case 5:
        decide(SetProxy{Some(), "organizations/x", Yuan(1'000 + 10 * static_cast<int64_t>(Below(60)))});
        return;
      case 6:
        bidders_.push_back(BidderOf("C" + std::to_string(bidders_.size()), Chance(2) ? 1 : 0, 1));
        if (decide(AddBidder{bidders_.back(), Chance(2) ? now : At(9, 1)}).refusal) bidders_.pop_back();
        return;
      case 7:
        decide(MoveFreeEnd{now + Minutes(20)});
        return;
      case 8:
        decide(Advance{});
        return;
      case 9:
        decide(NoteObjection{!state.objected && Chance(3)});
        return;
      case 10:
        if (Chance(20)) decide(EndWithListing{"OBJECTION"});
        return;
      default:
        IsSealed(mode_) ? StepSealed(state, decide) : StepPrice(state, now, decide);
    }
  }

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(uint64_t one_in) { return Below(one_in) == 0; }

 private:
  void DrawAscendingRules(Rules& rules) {
    rules.limited_entry = static_cast<LimitedEntry>(Below(3));
    if (Chance(2)) rules.preparation = Minutes(1);
    switch (Below(4)) {
      case 0:
        rules.proxy_bids = true;
        return;
      case 1:
        rules.cap = Yuan(1'100);
        rules.cap_policy = static_cast<CapPolicy>(Below(2));
        return;
      case 2:
        rules.priority.mode = PriorityMode::kSamePrice;
        return;
      default:
        rules.priority.mode = PriorityMode::kAskAtEnd;
        rules.priority.equal_rank = static_cast<EqualRank>(Below(3));
        rules.priority.best_bidder_may_raise = rules.priority.equal_rank != EqualRank::kProRata && Chance(2);
    }
  }

  void DrawSealedRules(Rules& rules) {
    rules.sealed.submissions = 3;
    rules.sealed.may_withdraw = true;
    rules.sealed.shares_needed = 2;
    if (mode_ == Mode::kSealed && Chance(2)) rules.tie_rule = TieRule::kRequote;
    if (mode_ == Mode::kTender) rules.min_bidders = 3;
    rules.scoring.price_weight = {600'000};
    if (mode_ == Mode::kTender) rules.scoring.criteria = {{"technology", {400'000}}};
  }

  std::string Person() { return "people/p" + std::to_string(Below(2)); }
  const Bidder& Some() { return bidders_[Below(bidders_.size())]; }

  template <class Decide>
  void StepPrice(const Auction& state, Time now, Decide decide) {
    const Bidder bidder = Some();
    if (state.state == State::kDrawing) {
      decide(DrawLot{std::string(32, static_cast<char>(Below(256)))});
    } else if (state.state == State::kPriorityExercise) {
      const std::vector<std::string>& asked = state.exercise.asked;
      decide(AnswerPriority{BidderOf(asked[Below(asked.size())]), "organizations/x", Chance(2)});
    } else {
      const Fen price =
          MinAcceptable(state, now).value_or(Yuan(1'000)) + Yuan(10 * static_cast<int64_t>(Below(3)));
      decide(PlaceBid{bidder, bidder.organization, "",
                      Chance(5) && state.leading ? state.leading->price : price, Chance(2)});
    }
  }

  template <class Decide>
  void StepSealed(const Auction& state, Decide decide) {
    const State at = state.state;
    const Bidder bidder = Some();
    if (state.envelopes.round != round_) {
      round_ = state.envelopes.round;
      entries_.clear();
    }
    Entry& entry = entries_[bidder.code];
    if (at == State::kSubmitting && Chance(6)) {
      if (!decide(WithdrawEnvelope{bidder, bidder.organization, entry.standing}).refusal)
        entry.standing = false;
    } else if (at == State::kSubmitting || Chance(8)) {
      const std::string digest(32, static_cast<char>(Below(256)));
      if (!decide(SubmitEnvelope{bidder, bidder.organization, digest, entry.submitted, entry.standing})
               .refusal) {
        ++entry.submitted;
        entry.standing = true;
      }
    } else if (at == State::kClosedForOpening) {
      Chance(2) ? decide(FixScores{Scores()}) : decide(RequestAct{Act::kOpen, Person(), "time has come", {}});
    } else if (at == State::kSharesCollecting) {
      decide(HandInShares{static_cast<int32_t>(Below(6))});
    } else if (at == State::kSelfRevealing) {
      if (!decide(RevealEnvelope{bidder, bidder.organization, entry.standing, entry.revealed}).refusal) {
        entry.revealed = true;
      }
    } else if (at == State::kOpening && Chance(3)) {
      decide(AskAgain{});
    } else if (at == State::kOpening) {
      decide(Contents());
    } else if (at == State::kEvaluating) {
      decide(Report(state));
    } else if (at == State::kDrawing) {
      decide(DrawLot{std::string(32, static_cast<char>(Below(256)))});
    }
  }

  std::vector<NonPriceScore> Scores() {
    std::vector<NonPriceScore> scores;
    for (const Bidder& bidder : bidders_)
      scores.push_back({bidder.code, static_cast<int64_t>(Below(1'000'000))});
    return scores;
  }

  OpenEnvelopes Contents() {
    OpenEnvelopes command;
    for (const auto& [code, entry] : entries_) {
      if (!entry.standing) continue;
      EnvelopeContent content{.bidder = BidderOf(code), .time = At(9, 1), .price = std::nullopt};
      if (!Chance(5)) content.price = Yuan(1'000 + 10 * static_cast<int64_t>(Below(3)));
      command.envelopes.push_back(content);
    }
    return command;
  }

  ReportTender Report(const Auction& state) {
    ReportTender command;
    for (int i = 0; i < 5; ++i) command.committee.push_back({"expert " + std::to_string(i), true});
    for (const OpenedBid& bid : state.envelopes.opened) {
      if (bid.invalid) continue;
      for (size_t member = 0; member < 5; ++member)
        command.sheets.push_back({member, bid.bid.code, {500'000}});
    }
    return command;
  }

  struct Entry {
    int32_t submitted = 0;
    bool standing = false;
    bool revealed = false;
  };

  std::mt19937_64 random_;
  const Mode mode_;
  std::vector<Bidder> bidders_;
  std::vector<Bid> bids_;
  int32_t round_ = 1;
  std::map<std::string, Entry> entries_;
};

}  // namespace ttx::auction::testing
