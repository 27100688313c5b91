#include "tests/sim/auditor.h"

#include <algorithm>

#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/rpc/feed.h"
#include "libs/storage/codec.h"
#include "services/settlement/store/record.pb.h"
#include "tests/sim/referee.h"

namespace ttx::sim {
namespace {

using storage::KeyReader;
using storage::ShellTable;

constexpr size_t kAll = 1'000'000;
// Answers are kept a little longer than they are asked for here.
constexpr Duration kAnswersKept = Hours(24 * 7 - 1);

template <class Table>
std::vector<storage::Entry> ScanTable(const storage::Reader& reader, Table table) {
  return reader.Scan(storage::PrefixRange(std::string(1, static_cast<char>(table))), kAll);
}

// The entries of a table whose keys begin with `owner`.
template <class Table>
std::vector<storage::Entry> EntriesOf(const storage::Reader& reader, Table table, const std::string& owner) {
  return reader.Scan(storage::PrefixRange(storage::Key(static_cast<uint8_t>(table)).Text(owner).str()), kAll);
}

std::string Text(int64_t number) { return std::to_string(number); }
std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::map<std::string, AuctionLog> AuctionLogs(const Installation& services, const storage::Reader& reader) {
  std::map<std::string, AuctionLog> logs;
  for (const auction::StoredEvent& stored : auction::ListEvents(reader, services.auction.vault(), 0, kAll)) {
    logs[stored.auction.text].push_back(stored.event);
  }
  return logs;
}

// The listing service's whole log, which only the service can read.
std::vector<listing::StoredEvent> ListingEvents(const Installation& services, const storage::Reader& reader) {
  std::vector<listing::StoredEvent> events;
  storage::LogPage<listing::StoredEvent> page;
  do {
    page = services.listing.ListEvents(reader, ServicePrincipal(), page.last_sequence, kAll);
    events.insert(events.end(), page.events.begin(), page.events.end());
  } while (page.more);
  return events;
}

// What the listing service announced, by type.
std::map<listing::AnnouncementType, std::vector<listing::Announcement>> Announcements(
    const Installation& services, const storage::Reader& reader) {
  std::map<listing::AnnouncementType, std::vector<listing::Announcement>> found;
  for (const listing::StoredEvent& event : ListingEvents(services, reader)) {
    if (const auto* told = std::get_if<listing::Announcement>(&event.payload))
      found[told->type].push_back(*told);
  }
  return found;
}

}  // namespace

void Auditor::RememberBid(const std::string& auction_id, int64_t number, const std::string& code,
                          int64_t fen) {
  heard_[auction_id].push_back({number, code, fen});
}

void Auditor::Audit() {
  AuditAnswers();
  AuditFacts();
  AuditOutboxes();
  AuditAuctions();
  std::set<std::string> exchanges;
  for (const auto& entry : ScanTable(Disk("settlement"), settlement::Table::kBalance)) {
    exchanges.insert(KeyReader(entry.key, static_cast<uint8_t>(settlement::Table::kBalance)).Text());
  }
  for (const auto& entry : ScanTable(Disk("settlement"), settlement::Table::kJournal)) {
    exchanges.insert(KeyReader(entry.key, static_cast<uint8_t>(settlement::Table::kJournal)).Text());
  }
  for (const std::string& exchange : exchanges) AuditLedger(exchange);
  AuditDeposits();
  AuditSettlements();
  AuditContracts();
  AuditDeals();
  FoldParty();
  FoldListings();
  FoldAuctions();
  FoldContracts();
  FoldSettlements();
  FoldDisclosure();
}

// --- System --------------------------------------------------------------------------------------

// Every answer a client got is on disk, word for word.
void Auditor::AuditAnswers() {
  for (const Acknowledged& request : world_.acknowledged) {
    if (!request.stored || request.time + kAnswersKept < world_.clock.Now()) continue;
    const auto key = storage::Key(static_cast<uint8_t>(ShellTable::kAnswer))
                         .Text(request.caller.subject)
                         .Text(request.method)
                         .Text(request.request_id)
                         .str();
    const auto stored = request.node->disk().Get(key);
    Expect(stored.has_value(), "A18 the answer to ", request.fingerprint, " is lost");
    if (!stored) continue;
    std::string_view in = *stored;
    const auto fingerprint = storage::TakeBytes(in);
    const auto accepted = storage::TakeU64(in);
    const auto said = storage::TakeBytes(in);
    const bool same = fingerprint && accepted && said && *fingerprint == request.fingerprint &&
                      (*accepted == 1 ? "ok " : "") + std::string(*said) == request.said;
    Expect(same, "A18 the answer to ", request.fingerprint, " is another one now");
  }
}

void Auditor::AuditFacts() {
  for (const RememberedFact& fact : facts_) {
    const auto violation = fact.check();
    Expect(!violation, "S1 ", fact.what, ": ", violation.value_or(""));
  }
}

void Auditor::AuditOutboxes() {
  std::map<std::string, uint64_t> lengths;
  for (const auto& [name, node] : world_.nodes()) {
    auto& [seen, digest] = outboxes_[name];
    uint64_t sequence = 0;
    int64_t last_time = 0;
    std::string prefix;
    std::string chain;
    for (const storage::Entry& entry : ScanTable(node->disk(), ShellTable::kOutbox)) {
      const uint64_t next = KeyReader(entry.key, static_cast<uint8_t>(ShellTable::kOutbox)).U64();
      Expect(next == sequence + 1, "S3 the events of ", name, " have a gap before ",
             Text(static_cast<int64_t>(next)));
      sequence = next;
      std::string_view in = entry.value;
      const auto time = static_cast<int64_t>(storage::TakeU64(in).value_or(0));
      Expect(time >= last_time, "S13 the times of the events of ", name, " go back");
      last_time = time;
      chain = crypto::Sha256(chain + entry.value);
      if (sequence == seen) prefix = chain;
    }
    Expect(sequence >= seen && prefix == digest, "S3 events of ", name,
           " that had been published have changed");
    seen = sequence;
    digest = chain;
    lengths[name] = sequence;
    Expect(ScanTable(node->disk(), ShellTable::kFeedRefusal).empty(), "S4 ", name, " refused an event");
  }
  for (const auto& [name, node] : world_.nodes()) {
    for (const auto& [source, length] : lengths) {
      const uint64_t cursor = rpc::FeedCursor(node->disk(), source);
      uint64_t& before = cursors_[name + " <- " + source];
      Expect(cursor <= length, "S3 ", name, " has taken more events of ", source, " than there are");
      Expect(cursor >= before, "S4 ", name, " has gone back in the events of ", source);
      before = cursor;
    }
  }
}

// --- Auctions ------------------------------------------------------------------------------------

void Auditor::AuditAuctions() {
  const storage::Kv& disk = Disk("auction");
  const auto logs = AuctionLogs(services_, disk);
  for (const auto& [id, log] : logs) {
    Referee referee([&, &auction = id](const std::string& violation) {
      Expect(false, violation, " in auctions/", auction);
    });
    referee.Run(log);
    checks_ += log.size();
    const auto offered = listing::LoadListing(Disk("listing"), IdOf(referee.scheduled().terms->listing));
    for (const auto& bidder : referee.scheduled().bidders) {
      Expect(offered && bidder.organization != offered->owner && bidder.organization != offered->exchange,
             "A11 the seller is a bidder in auctions/", id);
      const auto deposit = settlement::FindDeposit(Disk("settlement"), bidder.intent);
      Expect(deposit && deposit->amount >= deposit->required, "A10 a bidder without a deposit in auctions/",
             id);
    }
    const auto stored = auction::LoadAuction(disk, services_.auction.vault(), {id});
    const std::optional<auction::Bid> leading = stored ? stored->auction.leading : std::nullopt;
    Expect(stored && leading.has_value() == referee.leader().has_value() &&
               (!leading || (leading->number == referee.leader()->number && leading->code == referee.leader()->code &&
                             leading->price == referee.leader()->price)),
           "A4 the leader of auctions/", id, " is not its best bid");
    // The table of bids says the same as the log.
    const std::vector<auction::Bid> bids = auction::ListBids(disk, {id}, 0, kAll);
    Expect(bids.size() == referee.bids().size(), "A1 the bids of auctions/", id,
           " are others than in its log");
    for (const auction::Bid& bid : bids) {
      const auto it = referee.bids().find(bid.number);
      Expect(it != referee.bids().end() && it->second.code == bid.code && it->second.fen == bid.price.value,
             "A1 bid ", Text(bid.number), " of auctions/", id, " is another than in its log");
    }
    // What bidders were told, in the order in which they heard it.
    const auto heard = heard_.find(id);
    if (heard == heard_.end()) continue;
    int64_t last = 0;
    for (const Heard& bid : heard->second) {
      Expect(bid.number > last, "A2 a later bid of auctions/", id, " has an earlier number");
      last = bid.number;
      const auto it = referee.bids().find(bid.number);
      Expect(it != referee.bids().end() && it->second.code == bid.code && it->second.fen == bid.fen,
             "S1 the acknowledged bid ", Text(bid.number), " of auctions/", id, " is not in its log");
    }
  }
  for (const auto& [id, heard] : heard_) Expect(logs.contains(id), "S1 auctions/", id, " is gone");
}

// --- Money ---------------------------------------------------------------------------------------

// Every balance of an exchange, from its journals alone.
Auditor::Accounts Auditor::SumJournals(const std::string& exchange) {
  Accounts computed;
  std::set<std::string> ids;
  int64_t number = 0;
  for (const storage::Entry& entry : EntriesOf(Disk("settlement"), settlement::Table::kJournal, exchange)) {
    settlement::store::JournalRecord journal;
    TTX_CHECK(journal.ParseFromString(entry.value), "a journal that cannot be read");
    Expect(journal.number() == ++number, "E12 the journals of ", exchange, " are not numbered without gaps");
    Expect(ids.insert(journal.id()).second, "E6 journal ", journal.id(), " of ", exchange,
           " was posted twice");
    Sums sum;
    for (const auto& line : journal.lines()) {
      Expect((line.debit_fen() > 0) != (line.credit_fen() > 0) && line.debit_fen() >= 0 &&
                 line.credit_fen() >= 0,
             "E1 a line of journal ", journal.id(), " is no debit and no credit");
      sum.debits += line.debit_fen();
      sum.credits += line.credit_fen();
      // Once for what the amount is kept for, once for the account as a whole.
      for (const std::string& dimension : {line.dimension(), std::string()}) {
        Sums& sums = computed[{line.account(), dimension}];
        sums.debits += line.debit_fen();
        sums.credits += line.credit_fen();
      }
    }
    Expect(sum.debits == sum.credits, "E1 journal ", journal.id(), " of ", exchange, " does not balance");
  }
  return computed;
}

void Auditor::CompareBalances(const std::string& exchange, const Accounts& computed) {
  Accounts stored;
  for (const storage::Entry& entry : EntriesOf(Disk("settlement"), settlement::Table::kBalance, exchange)) {
    KeyReader key(entry.key, static_cast<uint8_t>(settlement::Table::kBalance));
    key.Text();
    const auto account = static_cast<int64_t>(key.U64());
    settlement::store::BalanceRecord balance;
    TTX_CHECK(balance.ParseFromString(entry.value), "a balance that cannot be read");
    const Sums sums{balance.debit_fen(), balance.credit_fen()};
    if (sums != Sums{}) stored[{account, key.Text()}] = sums;
  }
  for (const Accounts* side : {&computed, static_cast<const Accounts*>(&stored)}) {
    for (const auto& [key, sums] : *side) {
      const auto a = computed.find(key);
      const auto b = stored.find(key);
      Expect(a != computed.end() && b != stored.end() && a->second == b->second, "E2 the balance of account ",
             Text(key.first), " ", key.second, " of ", exchange, " is not the sum of its postings");
    }
  }
}

void Auditor::AuditLedger(const std::string& exchange) {
  const storage::Kv& disk = Disk("settlement");
  const Accounts accounts = SumJournals(exchange);
  CompareBalances(exchange, accounts);
  int64_t escrow = 0;
  int64_t own = 0;
  int64_t liabilities = 0;
  for (const auto& [key, sums] : accounts) {
    const bool liability = key.first >= 2000 && key.first < 3000;
    Expect(!liability || sums.credits >= sums.debits, "E3 client account ", Text(key.first), " ", key.second,
           " of ", exchange, " is below zero");
    if (!key.second.empty()) continue;
    if (key.first == 1001 || key.first == 1002) escrow += sums.debits - sums.credits;
    if (key.first == 1003) own += sums.debits - sums.credits;
    if (liability) liabilities += sums.credits - sums.debits;
  }
  Expect(escrow == liabilities, "E2 the escrow money of ", exchange, " is not what clients are owed");
  // What the bank reported, less what it paid out, is what is there: each receipt counts once.
  int64_t received = 0;
  const settlement::ListOf notices{settlement::Kind::kNotice, exchange, std::nullopt};
  for (const std::string& id : settlement::ListIds(disk, notices, "", kAll)) {
    const auto notice = settlement::LoadNotice(disk, {id});
    if (notice && notice->receipt.exchange == exchange) received += notice->receipt.amount.value;
  }
  int64_t paid = 0;
  const settlement::ListOf payouts{settlement::Kind::kPayout, exchange, std::nullopt};
  for (const std::string& id : settlement::ListIds(disk, payouts, "", kAll)) {
    const auto payout = settlement::LoadPayout(disk, {id});
    const bool succeeded = payout && payout->state == settlement::PayoutState::kSucceeded;
    if (succeeded && payout->exchange == exchange) paid += payout->amount.value;
  }
  Expect(escrow + own == received - paid, "E6 the money of ", exchange,
         " is not what came in less what went out");
}

// What was held for an intent became price or went back to its payer, once, and never was more than came in.
// The journals, the payouts and the log of the deposits must tell the same.
void Auditor::AuditDeposits() {
  const storage::Kv& disk = Disk("settlement");
  struct Hold {
    int64_t taken = 0;
    int64_t captured = 0;
    int64_t released = 0;
    int64_t paid_back = 0;
  };
  std::map<std::string, Hold> holds;  // by intent
  for (const storage::Entry& entry : ScanTable(disk, settlement::Table::kJournal)) {
    settlement::store::JournalRecord journal;
    TTX_CHECK(journal.ParseFromString(entry.value), "a journal that cannot be read");
    std::string giver;
    Sums given;  // to the price and back
    for (const auto& line : journal.lines()) {
      if (line.account() == 2101) holds[line.dimension()].taken += line.credit_fen();
      if (line.account() == 2101 && line.debit_fen() > 0) giver = line.dimension();
      if (line.account() == 2201) given.debits += line.credit_fen();
      if (line.account() == 2102) given.credits += line.credit_fen();
    }
    if (giver.empty()) continue;
    holds[giver].captured += given.debits;
    holds[giver].released += given.credits;
  }
  for (const storage::Entry& entry : ScanTable(disk, settlement::Table::kPayout)) {
    settlement::store::PayoutRecord payout;
    TTX_CHECK(payout.ParseFromString(entry.value), "a payout that cannot be read");
    const bool succeeded = payout.state() == static_cast<int>(settlement::PayoutState::kSucceeded);
    if (!succeeded || !payout.subject().starts_with("deposits/")) continue;
    holds[payout.owed_to()].paid_back += payout.amount_fen();
  }
  std::map<std::string, int> decided;  // what becomes of the money
  std::map<std::string, int> refunded;
  for (const settlement::StoredEvent& stored : settlement::ListEvents(disk, 0, kAll)) {
    using Change = settlement::DepositChange;
    const auto* step = std::get_if<settlement::DepositEvent>(&stored.event);
    if (step == nullptr) continue;
    const Change change = step->change;
    decided[step->after.id.text] += change == Change::kMissed || change == Change::kReleased ||
                                    change == Change::kRefundDue || change == Change::kConverted;
    refunded[step->after.id.text] += change == Change::kRefunded;
  }
  for (const storage::Entry& entry : ScanTable(disk, settlement::Table::kDeposit)) {
    settlement::store::DepositRecord deposit;
    TTX_CHECK(deposit.ParseFromString(entry.value), "a deposit that cannot be read");
    const Hold& hold = holds[deposit.intent()];
    const auto state = static_cast<settlement::DepositState>(deposit.state());
    const bool waiting =
        state == settlement::DepositState::kExpected || state == settlement::DepositState::kEffective;
    const bool paying = !deposit.payout().empty() && refunded[deposit.id()] == 0;
    Expect(hold.taken == deposit.amount_fen() && hold.captured == deposit.converted_fen(), "E4 deposits/",
           deposit.id(), " and the journals name different amounts");
    Expect(hold.captured + hold.released <= hold.taken && hold.paid_back <= hold.released, "E4 deposits/",
           deposit.id(), " gave out more than it held");
    Expect(decided[deposit.id()] == (waiting ? 0 : 1) && refunded[deposit.id()] <= 1, "E4 deposits/",
           deposit.id(), " did not end once");
    Expect(waiting || paying || hold.captured + hold.paid_back == hold.taken, "E4 deposits/", deposit.id(),
           " is over and some of it is left");
  }
}

void Auditor::AuditSettlements() {
  const storage::Kv& disk = Disk("settlement");
  std::set<std::string> references;
  for (const auto& entry : ScanTable(disk, settlement::Table::kNotice)) {
    settlement::store::NoticeRecord notice;
    TTX_CHECK(notice.ParseFromString(entry.value), "a notice that cannot be read");
    Expect(references.insert(notice.receipt().bank() + "|" + notice.receipt().bank_reference()).second,
           "E6 bank reference ", notice.receipt().bank_reference(), " was credited twice");
  }
  std::map<std::string, int> paid_out;
  for (const auto& entry : ScanTable(disk, settlement::Table::kPayout)) {
    settlement::store::PayoutRecord payout;
    TTX_CHECK(payout.ParseFromString(entry.value), "a payout that cannot be read");
    Expect(++paid_out[payout.subject()] == 1, "E7 two payouts for ", payout.subject());
  }
  std::set<std::string> deals;
  for (const auto& entry : ScanTable(disk, settlement::Table::kSettlement)) {
    const auto money = settlement::LoadSettlement(
        disk, {KeyReader(entry.key, static_cast<uint8_t>(settlement::Table::kSettlement)).Text()});
    Expect(deals.insert(money->deal).second, "S4 two settlements for ", money->deal);
    const bool leaving = money->state == settlement::SettlementState::kReleasing ||
                         money->state == settlement::SettlementState::kSettled;
    if (!leaving) continue;
    Expect(money->price_paid == money->price && money->buyer_fee_paid == money->buyer_fee, "E9 ", money->deal,
           " was released unpaid");
    const auto deal_contract = contract::LoadContract(Disk("contract"), {IdOf(money->contract)});
    const auto registration =
        contract::FindRegistrationOfHash(Disk("contract"), deal_contract->hashes.sha256);
    Expect(registration && contract::LoadRegistration(Disk("contract"), *registration)->state ==
                               contract::RegistrationState::kRegistered,
           "E9 ", money->deal, " was released though its contract is not registered");
    const auto notice =
        disclosure::FindNotice(Disk("disclosure"), money->listing, disclosure::NoticeType::kN8);
    Expect(notice && notice->state == disclosure::NoticeState::kEnded, "E9 ", money->deal,
           " was released within its publicity");
    const auto certificate =
        disclosure::FindCertificate(Disk("disclosure"), money->deal, disclosure::CertificateType::kTxn);
    Expect(certificate && disclosure::LoadCertificate(Disk("disclosure"), *certificate)->state ==
                              disclosure::CertificateState::kValid,
           "E9 ", money->deal, " was released without a certificate");
  }
}

// --- Contracts -----------------------------------------------------------------------------------

void Auditor::AuditContracts() {
  const storage::Kv& disk = Disk("contract");
  std::set<std::string> numbers;
  for (const auto& entry : ScanTable(disk, contract::Table::kContract)) {
    const auto stored = contract::LoadContract(
        disk, {KeyReader(entry.key, static_cast<uint8_t>(contract::Table::kContract)).Text()});
    const auto deal = contract::LoadDeal(disk, stored->deal);
    const std::string name = "contracts/" + stored->id.text;
    const std::string canonical = contract::CanonicalText(stored->id, *deal, stored->manifest);
    Expect(stored->hashes.sha256 == crypto::Hex(crypto::Sha256(canonical)) &&
               stored->hashes.sm3 == crypto::Hex(crypto::Sm3(canonical)),
           "C3 the hashes of ", name, " are not those of its text");
    if (!stored->frozen_text.empty()) {
      Expect(stored->frozen_text == canonical, "C3 the manifest of ", name, " is not the frozen text");
      Expect(contract::DealDifferences(stored->manifest, deal->facts).empty(), "C4 ", name,
             " departs from its deal");
    }
    if (!stored->signatures.empty()) {
      const auto [it, first] =
          signed_texts_.try_emplace(stored->id.text, SignedText{stored->frozen_text, canonical});
      Expect(first || (it->second.frozen == stored->frozen_text && it->second.canonical == canonical), "C3 ",
             name, " changed after its first signature");
    }
    std::set<std::string> signers;
    for (const contract::Signature& signature : stored->signatures) {
      signers.insert(signature.organization);
      const auto key = party::LoadSigningKey(Disk("party"), signature.key_id);
      const auto suite = crypto::ParseSuite(signature.suite);
      Expect(key && ResourceName(key->organization) == signature.organization, "C6 ", name,
             " is signed with somebody else's key");
      Expect(
          key && suite && crypto::Verify(*suite, key->public_key_pem, stored->frozen_text, signature.value),
          "C1 a signature of ", name, " does not verify");
    }
    const auto id = contract::FindRegistrationOfHash(disk, stored->hashes.sha256);
    const auto registration = id ? contract::LoadRegistration(disk, *id) : std::nullopt;
    if (!registration || registration->state != contract::RegistrationState::kRegistered) continue;
    Expect(signers.contains(stored->seller) && signers.contains(stored->buyer), "C2 ", name,
           " is registered but not signed by both");
    Expect(numbers.insert(registration->number).second, "C5 registration number ", registration->number,
           " was given twice");
    Expect(registration->amounts.total == stored->manifest.price, "C4 ", name,
           " is registered with another price");
  }
}

// The price and the buyer of a deal are those that the auction or the quote determined, in every service.
void Auditor::AuditDeals() {
  const auto logs = AuctionLogs(services_, Disk("auction"));
  for (const auto& entry : ScanTable(Disk("contract"), contract::Table::kDeal)) {
    const auto deal = contract::LoadDeal(
        Disk("contract"), {KeyReader(entry.key, static_cast<uint8_t>(contract::Table::kDeal)).Text()});
    const contract::DealFacts& facts = deal->facts;
    const std::string name = "deals/" + deal->id.text;
    const auto offered = listing::LoadListing(Disk("listing"), IdOf(facts.listing));
    const listing::Deal* determined = offered ? listing::FindDeal(*offered, name) : nullptr;
    Expect(determined != nullptr && determined->price == facts.price && determined->buyer == facts.buyer &&
               determined->share_ppm == facts.share.ppm && offered->owner == facts.seller,
           "C4 ", name, " is not what its listing determined");
    // domain.md 9.3: one exchange, one code in every number.
    const std::string code = deal->number.substr(2, 4);
    Expect(offered && offered->project_no.substr(2, 4) == code, "C4 ", name,
           " has another code of its exchange than its project");
    if (facts.method == "AUCTION") {
      const auto log = logs.find(IdOf(facts.auction));
      Expect(log != logs.end(), "C4 ", name, " comes from no auction");
      if (log == logs.end()) continue;
      Referee referee([](const std::string&) {});
      referee.Run(log->second);
      const auto& closed = referee.closed();
      bool same = closed && closed->winner && closed->winner->price == facts.price &&
                  closed->winner->code == facts.bidder_code;
      for (const auto& bidder : referee.scheduled().bidders) {
        if (bidder.code == facts.bidder_code) same = same && bidder.organization == facts.buyer;
      }
      Expect(same, "C4 ", name, " is not what its auction determined");
    }
    const auto money = settlement::FindSettlement(Disk("settlement"), name);
    if (money)
      Expect(money->price == facts.price && money->buyer == facts.buyer && money->seller == facts.seller,
             "C4 the settlement of ", name, " is for another deal");
    for (const auto& certificate : disclosure::ListCertificates(Disk("disclosure"), "", name, "", kAll)) {
      if (certificate.state != disclosure::CertificateState::kValid) continue;
      Expect(certificate.issued.number.substr(2, 4) == code, "C4 ", name,
             " has another code of its exchange than its certificate");
      Expect(money && money->price_paid == money->price, "C8 ", name, " has a certificate but is not paid");
      const auto signed_contract = contract::FindContractOfDeal(Disk("contract"), deal->id);
      Expect(signed_contract &&
                 contract::IsConcluded(*contract::LoadContract(Disk("contract"), *signed_contract)),
             "C8 ", name, " has a certificate but no contract");
      Expect(
          services_.disclosure.Verify(Disk("disclosure"), certificate.issued.number, facts.buyer_legal_name)
                  .has_value() &&
              crypto::Verify(crypto::Suite::kEcdsaP256Sha256, services_.disclosure.record_key().public_pem,
                             certificate.issued.content, certificate.issued.signature),
          "C8 the certificate of ", name, " does not verify");
    }
  }
}

// --- S5: the log alone gives what is stored ------------------------------------------------------

void Auditor::FoldAuctions() {
  std::map<std::string, auction::Auction> folded;
  for (const auto& event : auction::ListEvents(Disk("auction"), services_.auction.vault(), 0, kAll)) {
    auto& state = folded[event.auction.text];
    state = auction::Apply(std::move(state), event.event);
  }
  const auto stored = ScanTable(Disk("auction"), auction::Table::kAuction);
  Expect(stored.size() == folded.size(),
         "S5 there are auctions without events, or events without an auction");
  for (const auto& [id, state] : folded) {
    const auto found = auction::LoadAuction(Disk("auction"), services_.auction.vault(), {id});
    Expect(found && found->auction == state, "S5 auctions/", id, " is not what its events say");
  }
}

void Auditor::FoldListings() {
  const storage::Kv& disk = Disk("listing");
  std::map<std::string, listing::Listing> listings;
  std::map<std::string, listing::Intent> intents;
  std::map<std::string, listing::Achievement> achievements;
  for (const auto& event : ListingEvents(services_, disk)) {
    if (const auto* step = std::get_if<listing::ListingEvent>(&event.payload)) {
      auto& state = listings[event.resource];
      state = listing::Apply(std::move(state), *step);
    } else if (const auto* move = std::get_if<listing::IntentEvent>(&event.payload)) {
      auto& state = intents[event.resource];
      state = listing::Apply(std::move(state), *move);
    } else if (const auto* change = std::get_if<listing::AchievementEvent>(&event.payload)) {
      auto& state = achievements[event.resource];
      state = listing::Apply(std::move(state), *change);
    }
  }
  Expect(ScanTable(disk, listing::Table::kListing).size() == listings.size(),
         "S5 other listings than their events say");
  Expect(ScanTable(disk, listing::Table::kIntent).size() == intents.size(),
         "S5 other intents than their events say");
  Expect(ScanTable(disk, listing::Table::kAchievement).size() == achievements.size(),
         "S5 other achievements than their events say");
  for (const auto& [name, state] : listings) {
    const auto found = listing::LoadListing(disk, state.id.text);
    Expect(found && *found == state, "S5 ", name, " is not what its events say");
  }
  for (const auto& [name, state] : intents) {
    const auto found = listing::LoadIntent(disk, IdOf(state.listing), state.id.text);
    Expect(found && *found == state, "S5 ", name, " is not what its events say");
  }
  for (const auto& [name, state] : achievements) {
    const Principal owner{"apiClients/auditor", state.owner, "", {}};
    const auto found = services_.listing.GetAchievement(disk, owner, state.id.text);
    Expect(found.ok() && found->value == state, "S5 ", name, " is not what its events say");
  }
}

void Auditor::FoldContracts() {
  const storage::Kv& disk = Disk("contract");
  std::map<std::string, contract::Deal> deals;
  std::map<std::string, contract::Contract> contracts;
  std::map<std::string, contract::Registration> registrations;
  for (const contract::StoredEvent& stored : contract::ListEvents(disk, 0, kAll)) {
    if (const auto* step = std::get_if<contract::DealEvent>(&stored.event)) {
      auto& state = deals[stored.deal.text];
      state = contract::Apply(std::move(state), *step);
    } else if (const auto* move = std::get_if<contract::ContractEvent>(&stored.event)) {
      auto& state = contracts[stored.contract.text];
      state = contract::Apply(std::move(state), *move);
    } else if (const auto* change = std::get_if<contract::RegistrationEvent>(&stored.event)) {
      auto& state = registrations[stored.registration.text];
      state = contract::Apply(std::move(state), *change);
    }
  }
  Expect(ScanTable(disk, contract::Table::kDeal).size() == deals.size(),
         "S5 other deals than their events say");
  Expect(ScanTable(disk, contract::Table::kContract).size() == contracts.size(),
         "S5 other contracts than their events say");
  Expect(ScanTable(disk, contract::Table::kRegistration).size() == registrations.size(),
         "S5 other registrations than their events say");
  for (const auto& [id, state] : deals) {
    const auto found = contract::LoadDeal(disk, {id});
    Expect(found && *found == state, "S5 deals/", id, " is not what its events say");
  }
  for (const auto& [id, state] : contracts) {
    const auto found = contract::LoadContract(disk, {id});
    Expect(found && *found == state, "S5 contracts/", id, " is not what its events say");
  }
  for (const auto& [id, state] : registrations) {
    const auto found = contract::LoadRegistration(disk, {id});
    Expect(found && *found == state, "S5 registrations/", id, " is not what its events say");
  }
}

void Auditor::FoldSettlements() {
  const storage::Kv& disk = Disk("settlement");
  std::map<std::string, settlement::Deposit> deposits;
  std::map<std::string, settlement::Notice> notices;
  std::map<std::string, settlement::Settlement> settlements;
  std::map<std::string, settlement::Payout> payouts;
  const auto fold = [&](auto& states, const auto& event) {
    auto& state = states[event.after.id.text];
    Expect(event.after.version == state.version + 1, "S5 an event of ", NameOf(event.after.id),
           " is missing");
    state = event.after;
  };
  for (const settlement::StoredEvent& stored : settlement::ListEvents(disk, 0, kAll)) {
    std::visit(
        [&](const auto& event) {
          using Event = std::decay_t<decltype(event)>;
          if constexpr (std::is_same_v<Event, settlement::DepositEvent>) fold(deposits, event);
          if constexpr (std::is_same_v<Event, settlement::NoticeEvent>) fold(notices, event);
          if constexpr (std::is_same_v<Event, settlement::SettlementEvent>) fold(settlements, event);
          if constexpr (std::is_same_v<Event, settlement::PayoutEvent>) fold(payouts, event);
        },
        stored.event);
  }
  const auto compare = [&](const auto& states, settlement::Table table, auto load) {
    Expect(ScanTable(disk, table).size() == states.size(),
           "S5 other resources of settlement than their events say");
    for (const auto& [id, state] : states) {
      const auto found = load(disk, decltype(state.id){id});
      Expect(found && *found == state, "S5 ", NameOf(state.id), " is not what its events say");
    }
  };
  compare(deposits, settlement::Table::kDeposit, settlement::LoadDeposit);
  compare(notices, settlement::Table::kNotice, settlement::LoadNotice);
  compare(settlements, settlement::Table::kSettlement, settlement::LoadSettlement);
  compare(payouts, settlement::Table::kPayout, settlement::LoadPayout);
}

void Auditor::FoldDisclosure() {
  const storage::Kv& disk = Disk("disclosure");
  std::map<std::string, disclosure::Notice> notices;
  std::map<std::string, disclosure::Objection> objections;
  std::map<std::string, disclosure::Certificate> certificates;
  for (const disclosure::StoredEvent& stored : disclosure::ListEvents(disk, 0, kAll)) {
    const auto fold = [](auto& state, const auto& event) {
      state = disclosure::Apply(std::move(state), event);
    };
    if (const auto* notice = std::get_if<disclosure::NoticeEntry>(&stored.entry))
      fold(notices[notice->id.text], notice->event);
    if (const auto* objection = std::get_if<disclosure::ObjectionEntry>(&stored.entry))
      fold(objections[objection->id.text], objection->event);
    if (const auto* certificate = std::get_if<disclosure::CertificateEntry>(&stored.entry))
      fold(certificates[certificate->id.text], certificate->event);
  }
  const auto compare = [&](const auto& states, disclosure::Table table, auto load) {
    Expect(ScanTable(disk, table).size() == states.size(),
           "S5 other resources of disclosure than their events say");
    for (const auto& [id, state] : states) {
      const auto found = load(disk, decltype(state.id){id});
      Expect(found && *found == state, "S5 ", disclosure::NameOf(state.id), " is not what its events say");
    }
  };
  compare(notices, disclosure::Table::kNotice, disclosure::LoadNotice);
  compare(objections, disclosure::Table::kObjection, disclosure::LoadObjection);
  compare(certificates, disclosure::Table::kCertificate, disclosure::LoadCertificate);
}

void Auditor::FoldParty() {
  const storage::Kv& disk = Disk("party");
  std::map<std::string, party::Organization> organizations;
  std::map<std::string, party::SigningKey> keys;
  for (const party::StoredEvent& stored : party::ListEvents(disk, 0, kAll)) {
    std::visit(
        [&](const auto& event) {
          using Event = std::decay_t<decltype(event)>;
          if constexpr (std::is_constructible_v<party::OrganizationEvent, Event>) {
            auto& state = organizations[stored.organization.text];
            state = party::Apply(std::move(state), party::OrganizationEvent(event), stored.time);
          } else if constexpr (std::is_constructible_v<party::SigningKeyEvent, Event>) {
            auto& state = keys[stored.id];
            state = party::Apply(std::move(state), party::SigningKeyEvent(event), stored.time);
          }
        },
        stored.payload);
  }
  Expect(ScanTable(disk, party::Table::kOrganization).size() == organizations.size(),
         "S5 other organizations than their events say");
  for (const auto& [id, state] : organizations) {
    const auto found = party::LoadOrganization(disk, {id});
    Expect(found && *found == state, "S5 organizations/", id, " is not what its events say");
  }
  for (const auto& [id, state] : keys) {
    const auto found = party::LoadSigningKey(disk, state.fingerprint);
    Expect(found && *found == state, "S5 signing key ", id, " is not what its events say");
  }
}

// --- At rest -------------------------------------------------------------------------------------

// Each event of one service has had its effect in the others, and has had it once (S4).
void Auditor::AuditAtRest() {
  for (const auto& [name, node] : world_.nodes()) {
    for (const storage::Entry& entry : ScanTable(node->disk(), ShellTable::kFeedCursor)) {
      const std::string source = KeyReader(entry.key, static_cast<uint8_t>(ShellTable::kFeedCursor)).Text();
      const uint64_t cursor = rpc::FeedCursor(node->disk(), source);
      Expect(world_.nodes().at(source)->EventsAfter(cursor, 1).empty(), "S4 ", name,
             " has not taken all events of ", source);
    }
  }
  AuditEffects();
}

void Auditor::AuditEffects() {
  using Type = listing::AnnouncementType;
  auto told = Announcements(services_, Disk("listing"));
  const auto notices = [&](disclosure::NoticeType type) {
    return disclosure::ListNotices(Disk("disclosure"), type, "", 0, kAll).size();
  };
  Expect(notices(disclosure::NoticeType::kN1) == told[Type::kAchievementPublished].size(),
         "S4 other N1 notices than achievements published");
  Expect(notices(disclosure::NoticeType::kN3) == told[Type::kListingPublished].size(),
         "S4 other N3 notices than listings published");
  Expect(notices(disclosure::NoticeType::kN4) == told[Type::kListingExtended].size() +
                                                    told[Type::kListingExpired].size() +
                                                    told[Type::kListingDefaulted].size() +
                                                    told[Type::kPortionDefaulted].size(),
         "S4 other N4 notices than listings extended, expired and defaulted");
  Expect(notices(disclosure::NoticeType::kN5) == told[Type::kBiddingScheduled].size(),
         "S4 other N5 notices than auctions announced");
  Expect(notices(disclosure::NoticeType::kN7) == told[Type::kDealDetermined].size(),
         "S4 other N7 notices than deals");
  Expect(ScanTable(Disk("auction"), auction::Table::kAuction).size() == told[Type::kBiddingScheduled].size(),
         "S4 other auctions than were scheduled");
  Expect(ScanTable(Disk("contract"), contract::Table::kDeal).size() == told[Type::kDealDetermined].size(),
         "S4 other deals than were determined");
  Expect(ScanTable(Disk("settlement"), settlement::Table::kDeposit).size() ==
             told[Type::kIntentConfirmed].size(),
         "S4 other deposits than intents confirmed");
  size_t effective = 0;
  for (const contract::StoredEvent& stored : contract::ListEvents(Disk("contract"), 0, kAll)) {
    const auto* step = std::get_if<contract::ContractEvent>(&stored.event);
    if (step != nullptr && std::holds_alternative<contract::ContractEffective>(step->payload)) ++effective;
  }
  Expect(ScanTable(Disk("settlement"), settlement::Table::kSettlement).size() == effective,
         "S4 other settlements than contracts in effect");
  Expect(notices(disclosure::NoticeType::kN8) == effective, "S4 other N8 notices than contracts in effect");
  for (const listing::Announcement& deal : told[Type::kDealDetermined]) {
    const std::string& id = deal.deal.empty() ? deal.listing->deals.front().id : deal.deal;
    Expect(contract::LoadDeal(Disk("contract"), {IdOf(id)}).has_value(), "S4 ", id,
           " never reached the contract service");
  }
  for (const listing::Announcement& intent : told[Type::kIntentLost]) {
    const auto deposit = settlement::FindDeposit(Disk("settlement"), intent.intent->name());
    Expect(!deposit || deposit->state != settlement::DepositState::kEffective,
           "E10 the deposit of a lost intent is kept: ", intent.intent->name());
  }
}

}  // namespace ttx::sim
