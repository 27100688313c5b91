#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "services/auction/replay/json_archive.h"
#include "services/auction/replay/session.h"
#include "services/auction/store/auction_store.h"

namespace ttx::auction::replay {
namespace {

constexpr size_t kEventsPerRead = 1000;

Error CannotBeTold(const AuctionId& id, State state, const char* what) {
  return Error(
      Reason::kWRONG_STATE,
      {{"resource", "auctions/" + id.text}, {"state", std::string(StateName(state))}, {"command", what}});
}

// Persons by the order in which they appear.
class Pseudonyms {
 public:
  std::string Of(const std::string& person) {
    const auto [it, added] = names_.emplace(person, "");
    if (added) it->second = "P" + std::to_string(names_.size());
    return it->second;
  }

 private:
  std::map<std::string, std::string> names_;
};

// Takes out who is meant: what is left are codes.
void HideIdentities(std::vector<Event>& events) {
  Pseudonyms persons;
  for (Event& event : events) {
    if (auto* refused = std::get_if<BidRefused>(&event.payload)) {
      refused->organization.clear();
    } else if (auto* added = std::get_if<BidderAdded>(&event.payload)) {
      added->bidder.organization = BidderOf(added->bidder.code).organization;
      added->bidder.intent.clear();
    } else if (auto* requested = std::get_if<ActRequested>(&event.payload)) {
      requested->act.person = persons.Of(requested->act.person);
    } else if (auto* confirmed = std::get_if<ActConfirmed>(&event.payload)) {
      confirmed->person = persons.Of(confirmed->person);
    } else if (auto* withdrawn = std::get_if<ActWithdrawn>(&event.payload)) {
      withdrawn->person = persons.Of(withdrawn->person);
    }
  }
}

// The maxima of proxies that were outbid: the price went beyond them, and by how much they were beaten
// decided prices.
std::set<const Event*> ExhaustedProxies(const std::vector<Event>& events) {
  std::set<const Event*> exhausted;
  const Event* standing = nullptr;
  Auction auction;
  for (size_t i = 0; i < events.size(); ++i) {
    auction = Apply(std::move(auction), events[i]);
    // Nobody outbid a proxy whose owner was barred.
    const auto* voided = std::get_if<BidsVoided>(&events[i].payload);
    if (voided != nullptr && standing != nullptr && voided->code == std::get<ProxySet>(standing->payload).code) {
      standing = nullptr;
    }
    const bool decided = i + 1 == events.size() || events[i + 1].time != events[i].time;
    const bool set = std::holds_alternative<ProxySet>(events[i].payload);
    if ((decided || set) && standing != nullptr && auction.leading &&
        auction.leading->code != std::get<ProxySet>(standing->payload).code) {
      exhausted.insert(std::exchange(standing, nullptr));
    }
    if (set) standing = &events[i];
  }
  return exhausted;
}

// Nobody may learn a maximum that was not reached: what is told is the highest price at which the proxy bid,
// which is public. A proxy that never bid is left out. Both lead to the same decisions.
void HideMaxima(std::vector<Event>& events) {
  const std::set<const Event*> exhausted = ExhaustedProxies(events);
  std::map<std::string, Fen> reached;  // by code, in the rest of the session
  std::vector<Event> kept;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    const auto* accepted = std::get_if<BidAccepted>(&event->payload);
    auto* set = std::get_if<ProxySet>(&event->payload);
    if (accepted != nullptr && accepted->bid.automatic) {
      Fen& highest = reached[accepted->bid.code];
      highest = std::max(highest, accepted->bid.price);
    } else if (set != nullptr) {
      const auto it = reached.find(set->code);
      const bool told = exhausted.contains(&*event);
      if (it == reached.end() && !told) continue;
      if (!told) set->maximum = it->second;
      reached.erase(set->code);
    }
    kept.push_back(std::move(*event));
  }
  events.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

template <class Payload>
bool Holds(const std::vector<Event>& events) {
  return std::any_of(events.begin(), events.end(),
                     [](const Event& event) { return std::holds_alternative<Payload>(event.payload); });
}

// What was announced, by codes, and with no secret that the log has not revealed.
ScheduleAuction Announcement(const std::vector<Event>& events) {
  const auto& scheduled = std::get<Scheduled>(events.front().payload);
  ScheduleAuction schedule;
  static_cast<Terms&>(schedule) = *scheduled.terms;
  schedule.holders.clear();
  schedule.barred_organizations.clear();
  if (schedule.reserve && !Holds<Closed>(events)) {
    schedule.reserve->price = schedule.rules.start_price;
    schedule.reserve->salt.clear();
  }
  if (schedule.draw_seed && !Holds<LotDrawn>(events)) schedule.draw_seed->seed.clear();
  for (const Bidder& bidder : scheduled.bidders) {
    Bidder coded = BidderOf(bidder.code);
    coded.rank = bidder.rank;
    coded.share = bidder.share;
    schedule.bidders.push_back(std::move(coded));
  }
  return schedule;
}

}  // namespace

Status ExportEvents(std::vector<Event> events, const std::string& log_hash, SessionWriter& writer) {
  HideIdentities(events);
  const bool has_proxies = Holds<ProxySet>(events);
  HideMaxima(events);
  const ScheduleAuction schedule = Announcement(events);
  const State state = Holds<Closed>(events) ? State::kClosed : State::kScheduled;
  if (Holds<Evaluated>(events)) return CannotBeTold(schedule.id, state, "export of a TENDER's score sheets");
  if (has_proxies && state != State::kClosed) {
    return CannotBeTold(schedule.id, state, "export of proxy bids before the close");
  }
  const Time schedule_time = events.front().time;
  TTX_TRY(Session session, Session::Start(schedule, schedule_time));
  writer.Write(HeaderLine(schedule, schedule_time));
  size_t from = 0;
  while (from < events.size() && events[from].time == schedule_time) ++from;
  for (int64_t number = 1; from < events.size(); ++number) {
    size_t to = from;
    while (to < events.size() && events[to].time == events[from].time) ++to;
    const std::vector<Event> group(events.begin() + from, events.begin() + to);
    writer.Write(ToJson({group.front().time, CommandOf(session.auction(), session.bids(), group)}, number));
    session.Take(group);
    from = to;
  }
  int64_t number = 0;
  for (const DecisionLine& line : session.lines()) writer.Write(DecisionObject(line, ++number));
  SessionResult result = session.result();
  result.log_hash = Hex(log_hash);
  writer.Write(ResultLine(result));
  return {};
}

Status ExportSession(const storage::Reader& reader, std::string_view secrets_key, const AuctionId& id,
                     SessionWriter& writer) {
  const Vault vault(secrets_key);
  const std::optional<StoredAuction> stored = LoadAuction(reader, vault, id);
  if (!stored) return Error(Reason::kNOT_FOUND, {{"resource", "auctions/" + id.text}});
  const std::vector<StoredEvent> first = ListEvents(reader, vault, id, 0, 1);
  TTX_CHECK(!first.empty(), "a session without a log");
  std::vector<Event> events;
  // The index of a session holds what is public; the log of the service has everything in its order.
  for (uint64_t after = first.front().sequence - 1;;) {
    std::vector<StoredEvent> page = ListEvents(reader, vault, {}, after, kEventsPerRead);
    if (page.empty()) break;
    after = page.back().sequence;
    for (StoredEvent& entry : page) {
      if (entry.auction == id) events.push_back(std::move(entry.event));
    }
  }
  return ExportEvents(std::move(events), stored->log_hash, writer);
}

}  // namespace ttx::auction::replay
