#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/core/result.h"
#include "services/auction/replay/session.h"
#include "services/auction/store/auction_store.h"

namespace ttx::auction::replay {

/// Reads the log of one session in groups: what one command decided.
class GroupReader {
 public:
  /// At most `most` events of the session after a sequence, fewer only at the end of its log.
  using Fetch = std::function<std::vector<StoredEvent>(uint64_t after, size_t most)>;

  /// Up to the event `last`, and about `budget` events in all.
  GroupReader(Fetch fetch, uint64_t last, size_t budget);

  /// The first group after the event `after`; an empty one at the end; nothing once the budget is spent.
  std::optional<std::vector<StoredEvent>> After(uint64_t after);

 private:
  void ReadOn();

  const Fetch fetch_;
  const uint64_t last_;
  size_t budget_;
  uint64_t after_ = 0;  // what is buffered begins behind this event
  std::deque<StoredEvent> buffer_;
  bool ended_ = false;  // nothing comes after what is buffered
};

/// What must be known of the whole session before its first line is written.
struct ExportFacts {
  ScheduleAuction schedule;  // by codes, with no secret that the log has not revealed
  Time schedule_time;
  std::vector<std::optional<Fen>> maxima;      // what is told of each proxy; nothing: the proxy is not told at all
  // Of each act that was asked for, whether it is told: what nobody confirmed accuses without having been weighed, and
  // moved nothing.
  std::vector<bool> told_acts;
  std::string log_hash;                        // as the service kept it with the last logged event
};

/// Gathers the facts, group by group.
class Survey {
 public:
  void Take(const std::vector<StoredEvent>& group);
  /// WRONG_STATE for proxies before the close.
  Result<ExportFacts> Finish();

 private:
  void TakeEvent(const Event& event);
  void NoteExhausted();

  Auction auction_;
  ExportFacts facts_;
  Shared<Terms> terms_;
  std::vector<Bidder> bidders_;
  bool lot_drawn_ = false;
  Time last_time_;
  struct StandingProxy {
    size_t number;  // in `facts_.maxima`
    Proxy proxy;
  };
  std::optional<StandingProxy> standing_;
  std::map<std::string, size_t> latest_;  // the latest proxy of each code, unless it was outbid
};

/// An export line by line. A copy is a place to go on from; its size does not grow with the session but by 16 bytes
/// for each proxy that was set and a bit for each act that was asked for.
class Exporter {
 public:
  enum class Found { kLine, kNotYet, kEnd };

  /// `object` is the next line without its chain. kNotYet: the budget is spent, the export goes on with another
  /// reader. WRONG_STATE for what cannot be told before the close (proxy bids).
  Result<Found> Next(GroupReader& reader, std::string& object);
  /// The last line was given.
  bool done() const { return phase_ == Phase::kDone && ready_.empty(); }

 private:
  enum class Phase { kSurvey, kCommands, kDecisions, kDone };

  void Take(const std::vector<StoredEvent>& group);
  Status EndPhase();
  Status BeginSession();
  void TakeDecisions();
  std::vector<Event> Disguised(const std::vector<StoredEvent>& group);
  bool Disguise(Event& event);
  std::string PersonCode(const std::string& person);

  Phase phase_ = Phase::kSurvey;
  uint64_t position_ = 0;  // the last event that this phase took
  Survey survey_;
  std::shared_ptr<const ExportFacts> facts_;
  std::optional<Session> session_;
  size_t proxies_ = 0;  // that this phase came by
  size_t acts_ = 0;
  std::map<std::string, std::string> persons_;  // P1, P2, ... in the order in which they appear
  int64_t commands_ = 0;
  int64_t decisions_ = 0;
  std::deque<std::string> ready_;
};

}  // namespace ttx::auction::replay
