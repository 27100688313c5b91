#include "services/auction/domain/suspension.h"

#include <algorithm>

#include "libs/bidding/suspension_reasons.h"
#include "services/auction/domain/default.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/sealed.h"

namespace ttx::auction {
namespace {

constexpr std::string_view kSystemFailure = "SYSTEM_FAILURE";
constexpr std::string_view kObjection = "OBJECTION";
constexpr size_t kMaxReasonBytes = 200;

// The least that is left when a phase goes on. The falling price must not rise again, but for its last
// interval.
Duration LeastLeft(const Rules& rules) {
  return rules.mode == Mode::kDutch ? rules.dutch.interval : rules.cycle;
}

// By how much a short outage moves the end: bidders get the lost time back and one cycle to see where they
// stand. The falling price goes on where it stood.
Duration ExtensionAfter(const Rules& rules, Duration outage) {
  return rules.mode == Mode::kDutch ? outage : outage + rules.cycle;
}

bool MayRestart(State phase) { return TakesRises(phase) || phase == State::kSubmitting; }

// A suspension that was to end while the server was away: bidders get their notice again.
void AnnounceAgain(Recorder& recorder, Time since) {
  const Auction& auction = recorder.state();
  const Time now = recorder.now();
  if (auction.phase_end <= since || auction.phase_end > now) return;
  recorder.Add(Suspended{auction.phase_end, std::string(kSystemFailure), auction.remaining,
                         now + auction.rules().suspension.outage_notice});
}

void SuspendAfter(Recorder& recorder, Time since, Duration outage) {
  const Auction& auction = recorder.state();
  const Time now = recorder.now();
  const Duration notice = auction.rules().suspension.outage_notice;
  const bool brief = outage < notice;
  recorder.Add(
      Suspended{since, std::string(kSystemFailure), auction.phase_end - since, brief ? now : now + notice});
}

std::optional<Error> CheckReason(Act act, const std::string& reason) {
  if (reason.empty()) return InvalidField("reason", Reason::kREQUIRED);
  if (reason.size() > kMaxReasonBytes) return InvalidField("reason", Reason::kTOO_LONG, "200");
  const bool is_free_text = act == Act::kOpen || act == Act::kDeclareDefault;
  if (!is_free_text && !bidding::IsSuspensionReason(reason)) return InvalidField("reason", Reason::kUNKNOWN_VALUE);
  return std::nullopt;
}

std::optional<Error> CheckResumption(const Auction& auction, Time resume_time, Time now) {
  const SuspensionRules& rules = auction.rules().suspension;
  if (auction.objected) return ObjectionOpen(auction);
  const Time earliest = now + rules.resume_notice;
  const Time latest = std::max(auction.suspend_time, auction.objection_end_time) + rules.longest;
  if (resume_time >= earliest && resume_time <= latest) return std::nullopt;
  return InvalidField("resume_time", Reason::kOUT_OF_RANGE, FormatTime(earliest) + ".." + FormatTime(latest));
}

// Whether the session is where the act applies; checked when it is asked for and again when it is confirmed.
std::optional<Error> CheckAct(const Auction& auction, const PendingAct& act, Time now) {
  const bool suspended = auction.state == State::kSuspended;
  switch (act.act) {
    case Act::kSuspend:
      if (auction.state != State::kScheduled && IsTimed(auction.state)) return std::nullopt;
      break;
    case Act::kContinue:
      if (suspended) return CheckResumption(auction, act.resume_time, now);
      break;
    case Act::kRestartPhase:
      if (suspended && MayRestart(auction.suspended_state)) return CheckResumption(auction, act.resume_time, now);
      break;
    case Act::kAnnul:
      if (auction.state != State::kClosed) return std::nullopt;
      break;
    case Act::kOpen:
      if (auto error = CheckOpening(auction)) return error;
      return auction.objected ? std::optional(ObjectionOpen(auction)) : std::nullopt;
    case Act::kDeclareDefault:
      return CheckDefault(auction, act.code, act.cause);
  }
  return WrongState(auction, ActName(act.act));
}

void Carry(Recorder& recorder, const PendingAct& act, const BidsLeft& left) {
  const Time now = recorder.now();
  switch (act.act) {
    case Act::kSuspend:
      recorder.Add(Suspended{now, act.reason, recorder.state().phase_end - now, Time{}});
      return;
    case Act::kContinue:
      recorder.Add(ResumptionPlanned{act.resume_time, /*restart=*/false, act.reason});
      return;
    case Act::kRestartPhase:
      recorder.Add(ResumptionPlanned{act.resume_time, /*restart=*/true, act.reason});
      return;
    case Act::kAnnul:
      CloseWithout(recorder, Outcome::kAnnulled, now, act.reason);
      return;
    case Act::kOpen:
      StartPhase(recorder, State::kSharesCollecting, now);
      return;
    case Act::kDeclareDefault:
      Bar(recorder, act.code, act.cause, left);
      return;
  }
}

// One thing waits at a time. A suspension cannot wait for a default to be settled: that is asked for anew. An
// annulment makes both that and an opening pointless.
bool GivesWay(const PendingAct& pending, Act act) {
  switch (act) {
    case Act::kSuspend:
      return pending.act == Act::kDeclareDefault;
    case Act::kAnnul:
      return pending.act == Act::kDeclareDefault || pending.act == Act::kOpen;
    case Act::kContinue:
    case Act::kRestartPhase:
    case Act::kOpen:
    case Act::kDeclareDefault:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

void SuspendForObjection(Recorder& recorder, Time time) {
  const Auction& auction = recorder.state();
  if (auction.state == State::kScheduled || !IsTimed(auction.state)) return;
  recorder.Add(Suspended{time, std::string(kObjection), auction.phase_end - time, Time{}});
}

Error ObjectionOpen(const Auction& auction) {
  return Error(Reason::kOBJECTION_OPEN, {{"resource", auction.terms->listing}});
}

void Resume(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Time now = recorder.now();
  const State phase = auction.suspended_state;
  if (auction.restart) {
    recorder.Add(Resumed{phase, now + FullLength(auction, phase), true, auction.phase_base->bid_count + 1,
                         auction.bid_count});
  } else {
    recorder.Add(Resumed{phase, now + std::max(auction.remaining, LeastLeft(auction.rules()))});
  }
  SettleBarred(recorder);
}

Decision Decide(const Auction& state, const NoteOutage& command, Time now) {
  Recorder recorder(state, now);
  const Duration outage = now - command.since;
  if (outage <= kMaxSilence) {
    AdvanceAndResume(recorder);
    return recorder.Take();
  }
  AdvanceUntil(recorder, std::min(command.since, now));
  if (recorder.state().state == State::kScheduled && recorder.state().phase_end <= now) {
    AdvanceUntil(recorder, recorder.state().phase_end);  // it begins, and has lost everything since
  }
  const Auction& auction = recorder.state();
  if (auction.state == State::kSuspended) {
    AnnounceAgain(recorder, command.since);
  } else if (auction.state != State::kScheduled && IsTimed(auction.state)) {
    // A session that should have begun during the outage has lost nothing: it is suspended from its start.
    const Time since = std::max(command.since, auction.terms->start_time);
    if (since >= now) return recorder.Take();  // it begins right now
    if (outage > kMaxOutage) {
      SuspendAfter(recorder, since, outage);
    } else {
      recorder.Add(Extended{auction.phase_end + ExtensionAfter(auction.rules(), now - since),
                            std::string(kSystemFailure)});
    }
  }
  return recorder.Take();
}

Decision Decide(const Auction& state, const NoteObjection& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (auction.state == State::kClosed || auction.objected == command.open) return recorder.Take();
  recorder.Add(ObjectionNoted{command.open});
  if (!command.open) {
    SettleBarred(recorder);
    return recorder.Take();
  }
  if (auction.state != State::kSuspended) {
    SuspendForObjection(recorder, now);
  } else if (auction.phase_end) {  // when it was to go on no longer holds
    recorder.Add(Suspended{auction.suspend_time, std::string(kObjection), auction.remaining, Time{}});
  }
  return recorder.Take();
}

Decision Decide(const Auction& state, const EndWithListing& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  if (recorder.state().state != State::kClosed) CloseWithout(recorder, Outcome::kAnnulled, now, command.reason);
  return recorder.Take();
}

Decision Decide(const Auction& state, const RequestAct& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (command.person.empty()) return recorder.Refuse(InvalidField("person", Reason::kREQUIRED));
  if (auto error = CheckReason(command.act, command.reason)) return recorder.Refuse(*std::move(error));
  if (auction.pending && !GivesWay(*auction.pending, command.act)) {
    return recorder.Refuse(
        Error(Reason::kPROPOSAL_DIFFERS, {{"proposed", std::string(ActName(auction.pending->act))}}));
  }
  const PendingAct act{command.act,         command.person, command.reason,
                       command.resume_time, command.code,   command.cause};
  if (auto error = CheckAct(auction, act, now)) return recorder.Refuse(*std::move(error));
  if (auction.pending) recorder.Add(ActWithdrawn{auction.pending->act, command.person});
  recorder.Add(ActRequested{act});
  return recorder.Take();
}

Decision Decide(const Auction& state, const ConfirmAct& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (command.person.empty()) return recorder.Refuse(InvalidField("person", Reason::kREQUIRED));
  if (!auction.pending) return recorder.Refuse(WrongState(auction, "ConfirmAct"));
  const PendingAct pending = *auction.pending;
  if (pending.act != command.act) {
    return recorder.Refuse(
        Error(Reason::kPROPOSAL_DIFFERS, {{"proposed", std::string(ActName(pending.act))}}));
  }
  if (pending.person == command.person) return recorder.Refuse(Reason::kSAME_PERSON);
  if (auto error = CheckAct(auction, pending, now)) return recorder.Refuse(*std::move(error));
  if (pending.act == Act::kDeclareDefault) {
    if (auto error = CheckLeft(auction, pending.code, command.left)) return recorder.Refuse(*std::move(error));
  }
  recorder.Add(ActConfirmed{pending.act, command.person});
  Carry(recorder, pending, command.left);
  return recorder.Take();
}

Decision Decide(const Auction& state, const WithdrawAct& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (command.person.empty()) return recorder.Refuse(InvalidField("person", Reason::kREQUIRED));
  if (!auction.pending) return recorder.Refuse(WrongState(auction, "WithdrawAct"));
  recorder.Add(ActWithdrawn{auction.pending->act, command.person});
  return recorder.Take();
}

}  // namespace ttx::auction
