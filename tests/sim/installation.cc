// Replacing the source of randomness of the whole library is what these deprecated functions are for.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/sim/installation.h"

#include <openssl/rand.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/crypto/signature.h"
#include "services/auction/rpc/convert.h"
#include "services/auction/rpc/feeds.h"
#include "services/contract/rpc/convert.h"
#include "services/contract/rpc/feeds.h"
#include "services/disclosure/rpc/convert.h"
#include "services/disclosure/rpc/feeds.h"
#include "services/listing/rpc/convert.h"
#include "services/listing/rpc/feeds.h"
#include "services/listing/store/profile.h"
#include "services/party/rpc/convert.h"
#include "services/settlement/rpc/convert.h"
#include "services/settlement/rpc/feeds.h"
#include "services/settlement/store/fee_file.h"

namespace ttx::sim {
namespace {

constexpr const char* kFeeTable = "changsha-2022-09";

std::mt19937_64& CryptoEngine() {
  static auto* const engine = new std::mt19937_64;
  return *engine;
}

int SeededBytes(unsigned char* out, int count) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(CryptoEngine()() & 0xff);
  return 1;
}

int AlwaysReady() { return 1; }

const RAND_METHOD kSeededMethod = {nullptr, SeededBytes, nullptr, nullptr, SeededBytes, AlwaysReady};

std::vector<std::string> ReadFolder(const std::string& folder, const std::string& extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    TTX_CHECK(in.good(), "cannot read " + file.string());
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  TTX_CHECK(!texts.empty(), "nothing in " + folder + ": run in the root of the repository");
  return texts;
}

std::vector<listing::RuleProfile> Profiles() {
  std::vector<listing::RuleProfile> profiles;
  for (const std::string& text : ReadFolder("deploy/profiles", ".textproto")) {
    profiles.push_back(listing::ParseRuleProfile(text).value());
  }
  return profiles;
}

std::vector<settlement::FeeTable> FeeTables() {
  std::vector<settlement::FeeTable> tables;
  for (const std::string& text : ReadFolder("deploy/fees", ".textproto")) {
    tables.push_back(settlement::ParseFeeTable(text).value());
  }
  return tables;
}

std::string SecretsKey(IdSource& ids) { return ids.RandomBytes(32); }

disclosure::DisclosureApp MakeDisclosure(const Calendar& calendar, IdSource& ids) {
  disclosure::DisclosureConfig config;
  config.record_key_pem = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).private_pem;
  return disclosure::DisclosureApp::Make(std::move(config), calendar, ids).value();
}

template <class Stored, class Convert>
std::vector<rpc::FeedEvent> Serialized(const storage::LogPage<Stored>& page, Convert convert) {
  std::vector<rpc::FeedEvent> out;
  for (const Stored& event : page.events) {
    const auto proto = convert(event);
    out.push_back({static_cast<uint64_t>(proto.sequence()), proto.SerializeAsString()});
  }
  return out;
}

template <class App>
rpc::Feed::Handler Taking(const App& app, Status (*take)(const App&, storage::Txn&, const rpc::FeedEvent&)) {
  return [&app, take](storage::Txn& txn, const rpc::FeedEvent& event) { return take(app, txn, event); };
}

// A command of the service's own, without an answer.
void Own(storage::Shell& shell, std::function<void(storage::Txn&)> run) {
  storage::Command command;
  command.method = "Own";
  command.run = [run = std::move(run)](storage::Txn& txn) -> Result<std::string> {
    run(txn);
    return std::string();
  };
  shell.writer().Submit(std::move(command));
  shell.writer().Step();
}

}  // namespace

SeededCrypto::SeededCrypto(uint64_t seed) {
  CryptoEngine().seed(seed);
  RAND_set_rand_method(&kSeededMethod);
}

SeededCrypto::~SeededCrypto() { RAND_set_rand_method(nullptr); }

Principal ServicePrincipal() { return {"services/simulation", "", "", {}}; }

Installation::Installation(World& world)
    : calendar(Calendar::Parse(ReadFolder("deploy/calendar", ".txt")).value()),
      party(world.ids, party::PartyOptions{.secrets_key = SecretsKey(world.ids)}),
      listing(calendar, world.ids, Profiles(), SecretsKey(world.ids)),
      auction(SecretsKey(world.ids), world.ids, {.hold_after_silence = false}),  // its clock leaps from event to event
      contract(world.ids, calendar),
      settlement({}, FeeTables(), kFeeTable, calendar, world.ids),
      disclosure(MakeDisclosure(calendar, world.ids)) {
  AddParty(world);
  AddListing(world);
  AddAuction(world);
  AddContract(world);
  AddSettlement(world);
  AddDisclosure(world);
}

void Installation::AddParty(World& world) {
  world.Add(
      "party",
      [this](Node&) {
        Node::Process process;
        process.on_due = [this](storage::Txn& txn, const std::string& subject) { party.OnDue(txn, subject); };
        return process;
      },
      [this](const storage::Reader& reader, uint64_t after, size_t limit) {
        return Serialized(party.ListEvents(reader, after, limit),
                          [](const party::StoredEvent& event) { return party::ToProto(event, true); });
      });
}

void Installation::AddListing(World& world) {
  world.Add(
      "listing",
      [this](Node&) {
        Node::Process process;
        process.on_due = [this](storage::Txn& txn, const std::string& subject) {
          listing.OnDue(txn, subject);
        };
        process.feeds = {{"party", Taking(listing, listing::OnPartyEvent)},
                         {"auction", Taking(listing, listing::OnAuctionEvent)},
                         {"settlement", Taking(listing, listing::OnSettlementEvent)},
                         {"contract", Taking(listing, listing::OnContractEvent)},
                         {"disclosure", Taking(listing, listing::OnDisclosureEvent)}};
        process.recover = [this](storage::Shell& shell, Time) {
          Own(shell, [this](storage::Txn& txn) { listing.Recompute(txn); });
        };
        return process;
      },
      [this](const storage::Reader& reader, uint64_t after, size_t limit) {
        return Serialized(
            listing.ListEvents(reader, ServicePrincipal(), after, limit),
            [this](const listing::StoredEvent& event) {
              std::optional<listing::ListingApp::Reserve> reserve;
              const auto* told = std::get_if<listing::Announcement>(&event.payload);
              if (told != nullptr && told->type == listing::AnnouncementType::kBiddingScheduled) {
                reserve = listing.OpenReserve(*told->listing);
              }
              return listing::ToProto(event, true, reserve);
            });
      });
}

void Installation::AddAuction(World& world) {
  world.Add(
      "auction",
      [this](Node& node) {
        Node::Process process;
        process.on_due = [this](storage::Txn& txn, const std::string& subject) {
          auction.OnDue(txn, subject);
        };
        process.feeds = {{"listing", Taking(auction, auction::OnListingEvent)}};
        process.recover = [this, &node](storage::Shell& shell, Time since) {
          std::optional<std::string> cursor = "";
          while (cursor && !node.crashed()) {
            Own(shell, [&](storage::Txn& txn) { cursor = auction.Recover(txn, since, *cursor); });
          }
          Own(shell, [this](storage::Txn& txn) { auction.Heartbeat(txn); });
        };
        return process;
      },
      [this](const storage::Reader& reader, uint64_t after, size_t limit) {
        const auto milestones = auction.ListEvents(reader, ServicePrincipal(), after, limit, /*milestones_only=*/true);
        auto events = Serialized(milestones, [](const auction::StoredEvent& event) { return auction::ToProto(event); });
        for (size_t i = 0; i < events.size(); ++i) events[i].previous = milestones.events[i].previous_milestone;
        return events;
      });
}

void Installation::AddContract(World& world) {
  world.Add(
      "contract",
      [this](Node&) {
        Node::Process process;
        process.on_due = [this](storage::Txn& txn, const std::string& subject) {
          contract.OnDue(txn, subject);
        };
        process.feeds = {{"listing", Taking(contract, contract::OnListingEvent)},
                         {"party", Taking(contract, contract::OnPartyEvent)},
                         {"disclosure", Taking(contract, contract::OnDisclosureEvent)}};
        return process;
      },
      [this](const storage::Reader& reader, uint64_t after, size_t limit) {
        return Serialized(contract.ListEvents(reader, ServicePrincipal(), after, limit),
                          [](const contract::EventView& event) { return contract::ToProto(event); });
      });
}

void Installation::AddSettlement(World& world) {
  world.Add(
      "settlement",
      [this](Node&) {
        Node::Process process;
        process.on_due = [this](storage::Txn& txn, const std::string& subject) {
          settlement.OnDue(txn, subject);
        };
        process.feeds = {{"listing", Taking(settlement, settlement::OnListingEvent)},
                         {"contract", Taking(settlement, settlement::OnContractEvent)},
                         {"disclosure", Taking(settlement, settlement::OnDisclosureEvent)},
                         {"party", Taking(settlement, settlement::OnPartyEvent)}};
        return process;
      },
      [this](const storage::Reader& reader, uint64_t after, size_t limit) {
        return Serialized(settlement.ListEvents(reader, ServicePrincipal(), after, limit),
                          [](const settlement::StoredEvent& event) { return settlement::ToProto(event); });
      });
}

void Installation::AddDisclosure(World& world) {
  world.Add(
      "disclosure",
      [this](Node&) {
        Node::Process process;
        process.on_due = [this](storage::Txn& txn, const std::string& subject) {
          disclosure.OnDue(txn, subject);
        };
        process.feeds = {{"listing", Taking(disclosure, disclosure::OnListingEvent)},
                         {"contract", Taking(disclosure, disclosure::OnContractEvent)},
                         {"party", Taking(disclosure, disclosure::OnPartyEvent)},
                         {"settlement", Taking(disclosure, disclosure::OnSettlementEvent)}};
        return process;
      },
      [this](const storage::Reader& reader, uint64_t after, size_t limit) {
        return Serialized(disclosure.ListEvents(reader, ServicePrincipal(), after, limit),
                          [](const disclosure::StoredEvent& event) { return disclosure::ToProto(event); });
      });
}

}  // namespace ttx::sim
