// Fills an installation that `ttx init` has made, before its server starts: bidders through the use cases of
// the party service and auctions through those of the auction service. Writes what the load generators need
// into --out:
//   bidders           client id, secret and organization of each bidder, one a line
//   auctions.<kind>   names of the open auctions: hot, warm-up, spread, sealed
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include "libs/core/uscc.h"
#include "libs/crypto/random.h"
#include "libs/sealed/test_parties.h"
#include "libs/storage/codec.h"
#include "libs/storage/rocks_kv.h"
#include "libs/storage/shell.h"
#include "services/auction/app/auction_app.h"
#include "services/party/app/party_app.h"
#include "tests/bench/load.h"

namespace ttx::bench {
namespace {

using Run = std::function<Status(storage::Txn&)>;

constexpr size_t kBiddersOfOldAuctions = 2;
// Seconds before now at which sessions are scheduled, and at which those that are due move on.
constexpr int64_t kScheduledAgo = 30;
constexpr int64_t kAdvancedAgo = 20;
// More than a server takes, for seeding to be quick; nothing of it remains in the store.
constexpr int64_t kCacheBytes = int64_t{512} << 20;
constexpr int64_t kWriteBufferBytes = int64_t{64} << 20;

class SetClock : public Clock {
 public:
  Time Now() const override { return now_; }
  void Set(Time now) { now_ = now; }

 private:
  Time now_;
};

Time SystemNow() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

// A service's store with a writer that is driven from here.
class Store {
 public:
  Store(const std::string& data, const std::string& mode, const std::string& service, const Clock& clock) {
    const std::string folder = data + "/" + service;
    Check(storage::ClaimFolder(folder, storage::FolderOwner(service, mode)), service);
    Result<std::unique_ptr<storage::Kv>> kv = storage::OpenRocksKv({.path = folder + "/rocksdb",
                                                                    .block_cache_bytes = kCacheBytes,
                                                                    .write_buffer_bytes = kWriteBufferBytes});
    if (!kv.ok()) Die("seed: " + service + ": " + kv.error().message());
    kv_ = std::move(kv).value();
    writer_ = std::make_unique<storage::Writer>(*kv_, clock, storage::WriterOptions{},
                                                [](const Error& error) { Die("seed: " + error.message()); });
  }

  static void Check(const Status& status, const std::string& what) {
    if (!status.ok()) Die("seed: " + what + ": " + status.error().message());
  }

  void Submit(Run run) {
    storage::Command command;
    command.method = "Seed";
    command.run = [run = std::move(run)](storage::Txn& txn) -> Result<std::string> {
      Check(run(txn), "a command was refused");
      return std::string();
    };
    writer_->Submit(std::move(command));
    if (++queued_ == kBatch) Commit();
  }

  void Commit() {
    while (writer_->Step() > 0) {
    }
    queued_ = 0;
  }

  const storage::Kv& kv() const { return *kv_; }

 private:
  static constexpr size_t kBatch = 256;
  std::unique_ptr<storage::Kv> kv_;
  std::unique_ptr<storage::Writer> writer_;
  size_t queued_ = 0;
};

std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string NumberedUscc(size_t number) {
  char first[18];
  std::snprintf(first, sizeof first, "91110000%09zu", number);
  return std::string(first, 17) + UsccCheckSymbol(std::string_view(first, 17));
}

party::Profile BidderProfile(size_t number) {
  const std::string name = "Bench Bidder " + std::to_string(number);
  party::Profile profile;
  profile.uscc = NumberedUscc(number);
  profile.legal_name = name;
  profile.kind = party::Kind::kEnterprise;
  profile.domicile = "Beijing";
  profile.region_code = "110108";
  profile.licence_digest = std::string(64, 'a');
  profile.legal_representative = "Bench";
  profile.bank_account = {name, "622200001111" + std::to_string(1000 + number), "Bench Bank"};
  return profile;
}

// Admitted enterprises with one client each; returns their names.
std::vector<std::string> SeedBidders(const Options& options, SetClock& clock, IdSource& ids) {
  clock.Set(SystemNow());
  Store store(options.Must("data"), options.Get("mode", "sandbox"), "party", clock);
  const party::PartyApp app(ids, {.secrets_key = ReadBytes(options.Must("secrets-key"))});
  std::ofstream out(options.Must("out") + "/bidders");
  std::vector<std::string> organizations;
  const Principal checker{"apiClients/bench", "", "people/bench", {}};
  for (int64_t i = 0; i < options.GetInt("bidders", 16); ++i) {
    store.Submit([&, i](storage::Txn& txn) -> Status {
      TTX_TRY(const party::PartyApp::Registered made,
              app.Register(txn, {}, {BidderProfile(static_cast<size_t>(i)), "Bench", "Bench", {"BIDDER"}},
                           false));
      TTX_TRY(const party::Organization admitted, app.ApproveKyc(txn, checker, made.organization.id, ""));
      organizations.push_back("organizations/" + admitted.id.text);
      out << made.client.id.text << ' ' << made.client_secret << ' ' << organizations.back() << '\n';
      return {};
    });
  }
  store.Commit();
  if (!out.flush()) Die("seed: cannot write the bidders");
  return organizations;
}

enum class Kind { kLimited, kSealed, kScheduled, kClosed };

// Three of five holders open the envelopes.
auction::SealedRules SealedRulesOf() {
  constexpr int kThreshold = 3;
  constexpr int kHolders = 5;
  static const std::string holder_set =
      sealed::MakeTestParties(sealed::Suite::kTtxSb1, kThreshold, kHolders).holders.text();
  auction::SealedRules rules;
  rules.submissions = 16;
  rules.shares_needed = kThreshold;
  rules.shares_total = kHolders;
  rules.holder_set = holder_set;
  return rules;
}

// An auction that bids move in its limited phase, one that takes envelopes, one that begins in a month, or
// one that ended without a bid.
auction::ScheduleAuction MakeAuction(Kind kind, const std::vector<std::string>& organizations, IdSource& ids,
                                     Time now) {
  auction::ScheduleAuction auction;
  auction.id = {ids.Next(now)};
  auction.listing = "listings/" + ids.Next(now);
  auction.exchange = "organizations/" + std::string(26, '0');
  auction.title = "A method for measuring how many bids a second an auction takes";
  auction.rules.start_price = Fen{kStartPriceFen};
  auction.rules.increments = {{Fen{kStartPriceFen}, Fen{kStepFen}}};
  auction.rules.free_period = Seconds(1);
  auction.rules.cycle = Hours(24);
  auction.rules.limited_entry =
      kind == Kind::kClosed ? auction::LimitedEntry::kIfTwoBidders : auction::LimitedEntry::kAlways;
  auction.rules.max_steps_per_bid = 0;
  auction.rules.self_outbid = true;
  if (kind == Kind::kSealed) {
    auction.rules.mode = auction::Mode::kSealed;
    auction.rules.free_period = Hours(24);
    auction.rules.sealed = SealedRulesOf();
  }
  auction.start_time = kind == Kind::kScheduled ? now + Hours(24 * 30) : now;
  const bool open = kind == Kind::kLimited || kind == Kind::kSealed;
  const size_t bidders = open ? organizations.size() : kBiddersOfOldAuctions;
  for (size_t i = 0; i < bidders; ++i) {
    char code[8];
    std::snprintf(code, sizeof code, "B%04zu", i);
    auction.bidders.push_back({.code = code,
                               .organization = organizations[i],
                               .intent = auction.listing + "/intents/" + ids.Next(now)});
  }
  return auction;
}

class AuctionSeeder {
  static constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

 public:
  AuctionSeeder(const Options& options, SetClock& clock, IdSource& ids,
                std::vector<std::string> organizations)
      : options_(options),
        clock_(clock),
        ids_(ids),
        organizations_(std::move(organizations)),
        now_(SystemNow()),
        store_(options.Must("data"), options.Get("mode", "sandbox"), "auction", clock),
        app_(ReadBytes(options.Must("secrets-key")), ids,
             // Not stored: envelopes are addressed to what the server's configuration names.
             {.hold_after_silence = false, .origin = "seed", .record_key_pem = "seed"}) {}

  void Run() {
    clock_.Set(now_ - Seconds(kScheduledAgo));
    Open("hot", options_.GetInt("hot", 1));
    Open("warm-up", 1);
    Open("spread", options_.GetInt("spread", 1000));
    Open("sealed", options_.GetInt("sealed", 0), Kind::kSealed);
    Schedule(Kind::kScheduled, options_.GetInt("scheduled", 0));
    Schedule(Kind::kClosed, options_.GetInt("closed", 0));
    store_.Commit();
    clock_.Set(now_ - Seconds(kAdvancedAgo));
    for (const storage::Due& due : storage::ReadDue(store_.kv(), clock_.Now(), kAnyNumber)) {
      store_.Submit([this, due](storage::Txn& txn) -> Status {
        txn.ClearDue(due.time, due.subject);
        app_.OnDue(txn, due.subject);
        return {};
      });
    }
    store_.Commit();
    std::printf("%llu events\n", static_cast<unsigned long long>(storage::LastSequence(store_.kv())));
  }

  uint64_t last_sequence() const { return storage::LastSequence(store_.kv()); }

 private:
  void Open(const std::string& name, int64_t count, Kind kind = Kind::kLimited) {
    std::ofstream out(options_.Must("out") + "/auctions." + name);
    for (const std::string& id : Schedule(kind, count)) {
      out << "auctions/" << id << '\n';
    }
    if (!out.flush()) Die("seed: cannot write the auctions");
  }

  std::vector<std::string> Schedule(Kind kind, int64_t count) {
    std::vector<std::string> made;
    for (int64_t i = 0; i < count; ++i) {
      const auction::ScheduleAuction command = MakeAuction(kind, organizations_, ids_, clock_.Now());
      made.push_back(command.id.text);
      store_.Submit([this, command](storage::Txn& txn) { return app_.Schedule(txn, command); });
    }
    return made;
  }

  const Options& options_;
  SetClock& clock_;
  IdSource& ids_;
  const std::vector<std::string> organizations_;
  const Time now_;
  Store store_;
  const auction::AuctionApp app_;
};

// The other services have not seen listings of these auctions: they take up the log after what was seeded.
void SkipEvents(const Options& options, SetClock& clock, uint64_t last_sequence) {
  clock.Set(SystemNow());
  for (const char* service : {"listing", "contract", "settlement", "disclosure"}) {
    Store store(options.Must("data"), options.Get("mode", "sandbox"), service, clock);
    store.Submit([&](storage::Txn& txn) -> Status {
      std::string cursor;
      storage::AppendU64(cursor, last_sequence);
      txn.Put(storage::Key(static_cast<uint8_t>(storage::ShellTable::kFeedCursor)).Text("auction").str(),
              cursor);
      return {};
    });
    store.Commit();
  }
}

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  SetClock clock;
  crypto::OsIds ids;
  std::vector<std::string> organizations = SeedBidders(options, clock, ids);
  uint64_t last_sequence = 0;
  {
    AuctionSeeder seeder(options, clock, ids, std::move(organizations));
    seeder.Run();
    last_sequence = seeder.last_sequence();
  }
  SkipEvents(options, clock, last_sequence);
  return 0;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
