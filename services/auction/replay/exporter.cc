#include "services/auction/replay/exporter.h"

#include <algorithm>
#include <utility>

#include "libs/core/encoding.h"
#include "services/auction/replay/json_archive.h"

namespace ttx::auction::replay {
namespace {

constexpr size_t kEventsPerRead = 500;

// A lot is drawn at the time of the decision that it follows, by a command of its own.
bool BeginsGroup(const StoredEvent& before, const StoredEvent& event) {
  return event.event.time != before.event.time || std::holds_alternative<LotDrawn>(event.event.payload);
}

// In place of what staff wrote freely, which may name anybody. The reasons of other acts are words of a list, which
// the session's log publishes.
constexpr std::string_view kUntoldText = "-";

bool HasFreeText(Act act) { return act == Act::kOpen || act == Act::kDeclareDefault; }

}  // namespace

// --- Reading ----------------------------------------------------------------------------------------------

GroupReader::GroupReader(Fetch fetch, uint64_t last, size_t budget)
    : fetch_(std::move(fetch)), last_(last), budget_(budget) {}

void GroupReader::ReadOn() {
  std::vector<StoredEvent> page = fetch_(buffer_.empty() ? after_ : buffer_.back().sequence, kEventsPerRead);
  ended_ = page.size() < kEventsPerRead;
  for (StoredEvent& event : page) {
    if (event.sequence > last_) {
      ended_ = true;
      return;
    }
    buffer_.push_back(std::move(event));
  }
}

std::optional<std::vector<StoredEvent>> GroupReader::After(uint64_t after) {
  if (budget_ == 0) return std::nullopt;
  if (after != after_) {
    buffer_.clear();
    ended_ = false;
    after_ = after;
  }
  std::vector<StoredEvent> group;
  while (true) {
    if (buffer_.empty() && !ended_) ReadOn();
    if (buffer_.empty() || (!group.empty() && BeginsGroup(group.back(), buffer_.front()))) break;
    group.push_back(std::move(buffer_.front()));
    buffer_.pop_front();
    after_ = group.back().sequence;
  }
  budget_ -= std::min(budget_, std::max<size_t>(group.size(), 1));
  return group;
}

// --- What the whole session tells -------------------------------------------------------------------------

void Survey::Take(const std::vector<StoredEvent>& group) {
  const Time time = group.front().event.time;
  if (time != last_time_) NoteExhausted();
  last_time_ = time;
  for (const StoredEvent& stored : group) {
    if (IsLogged(auction_, stored.event)) facts_.log_hash = stored.log_hash;
  }
  for (const StoredEvent& stored : group) TakeEvent(stored.event);
}

void Survey::TakeEvent(const Event& event) {
  auction_ = Apply(std::move(auction_), event);
  if (const auto* requested = std::get_if<ActRequested>(&event.payload)) {
    // That the opening was asked for is a state of the session of its own.
    facts_.told_acts.push_back(requested->act.act == Act::kOpen);
  } else if (std::holds_alternative<ActConfirmed>(event.payload)) {
    facts_.told_acts.back() = true;  // one waits at a time
  } else if (const auto* scheduled = std::get_if<Scheduled>(&event.payload)) {
    terms_ = scheduled->terms;
    bidders_ = scheduled->bidders;
    facts_.schedule_time = event.time;
  } else if (const auto* set = std::get_if<ProxySet>(&event.payload)) {
    NoteExhausted();
    standing_ = StandingProxy{facts_.maxima.size(), {set->code, set->maximum}};
    latest_[set->code] = facts_.maxima.size();
    facts_.maxima.emplace_back();
  } else if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) {
    const auto latest = accepted->bid.automatic ? latest_.find(accepted->bid.code) : latest_.end();
    // Nobody may learn a maximum that was not reached: what is told is the highest price at which the proxy bid,
    // which is public. A proxy that never bid is left out. Both lead to the same decisions.
    if (latest != latest_.end()) {
      std::optional<Fen>& told = facts_.maxima[latest->second];
      told = std::max(told.value_or(Fen{}), accepted->bid.price);
    }
  } else if (const auto* voided = std::get_if<BidsVoided>(&event.payload)) {
    // Nobody outbid a proxy whose owner was barred.
    if (standing_ && standing_->proxy.code == voided->code) standing_.reset();
  } else if (std::holds_alternative<LotDrawn>(event.payload)) {
    lot_drawn_ = true;
  }
}

// The maximum of a proxy that was outbid is told: the price went beyond it, and by how much it was beaten decided
// prices.
void Survey::NoteExhausted() {
  if (!standing_ || !auction_.leading || auction_.leading->code == standing_->proxy.code) return;
  facts_.maxima[standing_->number] = standing_->proxy.maximum;
  const auto latest = latest_.find(standing_->proxy.code);
  if (latest != latest_.end() && latest->second == standing_->number) latest_.erase(latest);
  standing_.reset();
}

Result<ExportFacts> Survey::Finish() {
  NoteExhausted();
  const bool closed = auction_.state == State::kClosed;
  if (!facts_.maxima.empty() && !closed) {
    return Error(Reason::kWRONG_STATE, {{"resource", "auctions/" + auction_.id().text},
                                        {"state", std::string(StateName(auction_.state))},
                                        {"command", "export of proxy bids before the close"}});
  }
  ScheduleAuction& schedule = facts_.schedule;
  static_cast<Terms&>(schedule) = *terms_;
  schedule.holders.clear();
  schedule.barred_organizations.clear();
  if (schedule.reserve && !closed) {
    schedule.reserve->price = schedule.rules.start_price;
    schedule.reserve->salt.clear();
  }
  if (schedule.draw_seed && !lot_drawn_) schedule.draw_seed->seed.clear();
  for (const Bidder& bidder : bidders_) {
    Bidder coded = BidderOf(bidder.code);
    coded.rank = bidder.rank;
    coded.share = bidder.share;
    schedule.bidders.push_back(std::move(coded));
  }
  return std::move(facts_);
}

// --- Writing ----------------------------------------------------------------------------------------------

Result<Exporter::Found> Exporter::Next(GroupReader& reader, std::string& object) {
  while (ready_.empty()) {
    if (phase_ == Phase::kDone) return Found::kEnd;
    const std::optional<std::vector<StoredEvent>> group = reader.After(position_);
    if (!group) return Found::kNotYet;
    if (group->empty()) {
      TTX_RETURN_IF_ERROR(EndPhase());
    } else {
      Take(*group);
      position_ = group->back().sequence;
    }
  }
  object = std::move(ready_.front());
  ready_.pop_front();
  return Found::kLine;
}

void Exporter::Take(const std::vector<StoredEvent>& group) {
  if (phase_ == Phase::kSurvey) {
    survey_.Take(group);
    return;
  }
  if (group.front().event.time == facts_->schedule_time) return;
  const std::vector<Event> events = Disguised(group);
  if (events.empty()) return;
  if (phase_ == Phase::kCommands) {
    ready_.push_back(ToJson({events.front().time, CommandOf(session_->auction(), session_->bids(), events)},
                            ++commands_));
  }
  session_->Take(events);
  TakeDecisions();
}

void Exporter::TakeDecisions() {
  for (const DecisionLine& line : session_->TakeLines()) {
    if (phase_ == Phase::kDecisions) ready_.push_back(DecisionObject(line, ++decisions_));
  }
}

std::vector<Event> Exporter::Disguised(const std::vector<StoredEvent>& group) {
  std::vector<Event> events;
  for (const StoredEvent& stored : group) {
    Event event = stored.event;
    if (Disguise(event)) events.push_back(std::move(event));
  }
  return events;
}

// Takes out who is meant, so that what is left are codes; false for what is not told at all.
bool Exporter::Disguise(Event& event) {
  if (auto* refused = std::get_if<BidRefused>(&event.payload)) {
    refused->organization.clear();
  } else if (auto* added = std::get_if<BidderAdded>(&event.payload)) {
    added->bidder.organization = BidderOf(added->bidder.code).organization;
    added->bidder.intent.clear();
  } else if (auto* set = std::get_if<ProxySet>(&event.payload)) {
    const std::optional<Fen>& told = facts_->maxima[proxies_++];
    if (told) set->maximum = *told;
    return told.has_value();
  } else if (auto* requested = std::get_if<ActRequested>(&event.payload)) {
    if (!facts_->told_acts[acts_++]) return false;
    requested->act.person = PersonCode(requested->act.person);
    if (HasFreeText(requested->act.act)) requested->act.reason = kUntoldText;
  } else if (auto* confirmed = std::get_if<ActConfirmed>(&event.payload)) {
    confirmed->person = PersonCode(confirmed->person);
  } else if (auto* withdrawn = std::get_if<ActWithdrawn>(&event.payload)) {
    if (!facts_->told_acts[acts_ - 1]) return false;
    withdrawn->person = PersonCode(withdrawn->person);
  }
  return true;
}

std::string Exporter::PersonCode(const std::string& person) {
  return persons_.emplace(person, "P" + std::to_string(persons_.size() + 1)).first->second;
}

Status Exporter::BeginSession() {
  TTX_TRY(session_, Session::Start(facts_->schedule, facts_->schedule_time));
  position_ = 0;
  proxies_ = 0;
  acts_ = 0;
  TakeDecisions();
  return {};
}

Status Exporter::EndPhase() {
  switch (phase_) {
    case Phase::kSurvey: {
      TTX_TRY(ExportFacts facts, survey_.Finish());
      survey_ = {};
      facts_ = std::make_shared<const ExportFacts>(std::move(facts));
      ready_.push_back(HeaderLine(facts_->schedule, facts_->schedule_time));
      phase_ = Phase::kCommands;
      return BeginSession();
    }
    case Phase::kCommands:
      phase_ = Phase::kDecisions;
      return BeginSession();
    case Phase::kDecisions: {
      SessionResult result = session_->result();
      result.log_hash = Hex(facts_->log_hash);
      ready_.push_back(ResultLine(result));
      phase_ = Phase::kDone;
      session_.reset();
      return {};
    }
    case Phase::kDone:
      return {};
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace ttx::auction::replay
