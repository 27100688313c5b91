// Sealed envelopes (domain.md 5.5-5.7, reliability.md 4.1): what is handed in, and what it takes to open
// them.

#include <algorithm>

#include "libs/sealed/rules.h"
#include "libs/storage/table.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/app/opening.h"
#include "services/auction/app/staff.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

// Envelopes judged by one command: each takes some milliseconds, and bids of other sessions wait. One with
// false shares, where all choices of shares may have to be tried, counts as many: a command tries all choices
// for one envelope at most.
constexpr size_t kJudgedPerStep = 16;
constexpr std::string_view kNotRevealed = "NOT_REVEALED";

bool IsOpened(const EnvelopeVerdict& verdict) { return !verdict.seed.empty(); }

// An envelope that is void is not waited for (domain.md 5.12).
bool IsVoidEnvelope(const Auction& auction, const EnvelopeEntry& entry) {
  return std::find(auction.barred.begin(), auction.barred.end(), entry.code) != auction.barred.end();
}

size_t CostOf(const EnvelopeVerdict& verdict) {
  return IsOpened(verdict) && verdict.liars.empty() ? 1 : kJudgedPerStep;
}

std::vector<std::string> SortedDigests(const std::vector<EnvelopeEntry>& envelopes) {
  std::vector<std::string> digests;
  for (const EnvelopeEntry& envelope : envelopes) digests.push_back(envelope.digest);
  std::sort(digests.begin(), digests.end());
  return digests;
}

// What the bidder has handed in in the round at hand; nothing for somebody else.
EnvelopeEntry EntryOf(const storage::Reader& reader, const Auction& auction,
                      const std::optional<Bidder>& bidder) {
  if (!bidder) return {};
  return LoadEnvelope(reader, auction.id(), auction.envelopes.round, bidder->code);
}

}  // namespace

Result<EnvelopeEntry> AuctionApp::SubmitEnvelope(storage::Txn& txn, const Principal& caller,
                                                 const SubmitEnvelopeInput& input) const {
  TTX_TRY(const StoredAuction before, OpenAdvanced(txn, input.auction));
  const std::optional<Bidder> bidder = Find(txn, input.auction, caller);
  EnvelopeEntry entry = EntryOf(txn, before.auction, bidder);
  auction::SubmitEnvelope command{bidder, caller.organization, "", entry.submitted, entry.standing};
  if (bidder && before.auction.state == State::kSubmitting) {
    // A forged or re-addressed envelope is refused and recorded; nothing else changes (reliability.md N96,
    // N97).
    Result<sealed::Envelope> envelope =
        ReadEnvelope(before.auction, options_, bidder->code, entry.submitted + 1, input.envelope);
    if (envelope.ok()) {
      command.digest = envelope->digest;
    } else {
      command.unfit = std::move(envelope).error();
    }
  }
  TTX_TRY(const Taken taken, Take(txn, before, command));
  const int32_t round = taken.after.auction.envelopes.round;
  entry.digest = command.digest;
  entry.time = txn.now();
  ++entry.submitted;
  entry.standing = true;
  SaveEnvelope(txn, input.auction, round, entry);
  SaveEnvelopeBytes(txn, input.auction, round, entry.code, input.envelope);
  return entry;
}

Result<EnvelopeEntry> AuctionApp::WithdrawEnvelope(storage::Txn& txn, const Principal& caller,
                                                   const AuctionId& id) const {
  TTX_TRY(const StoredAuction before, OpenAdvanced(txn, id));
  const std::optional<Bidder> bidder = Find(txn, id, caller);
  EnvelopeEntry entry = EntryOf(txn, before.auction, bidder);
  TTX_TRY(const Taken taken,
          Take(txn, before, auction::WithdrawEnvelope{bidder, caller.organization, entry.standing}));
  const int32_t round = taken.after.auction.envelopes.round;
  entry.digest.clear();
  entry.standing = false;
  SaveEnvelope(txn, id, round, entry);
  SaveEnvelopeBytes(txn, id, round, entry.code, std::nullopt);
  return entry;
}

Result<EnvelopeEntry> AuctionApp::RevealEnvelope(storage::Txn& txn, const Principal& caller,
                                                 const RevealEnvelopeInput& input) const {
  TTX_TRY(const StoredAuction before, OpenAdvanced(txn, input.auction));
  const std::optional<Bidder> bidder = Find(txn, input.auction, caller);
  EnvelopeEntry entry = EntryOf(txn, before.auction, bidder);
  const int32_t round = before.auction.envelopes.round;
  std::optional<EnvelopeVerdict> verdict;
  if (entry.standing && before.auction.state == State::kSelfRevealing) {
    const std::string bytes = LoadEnvelopeBytes(txn, input.auction, round, entry.code).value_or("");
    TTX_TRY(verdict, JudgeBySeed(before.auction, bytes, input.seed, Reports(txn, before.auction)));
  }
  const auto is_open = [&](const std::string& code) {
    const auto found = LoadVerdict(txn, vault_, input.auction, round, code);
    return found && IsOpened(*found);
  };
  TTX_TRY(const Taken taken, Take(txn, before,
                                  auction::RevealEnvelope{.bidder = bidder,
                                                          .organization = caller.organization,
                                                          .standing = entry.standing,
                                                          .revealed = entry.revealed || is_open(entry.code),
                                                          .last = IsLast(txn, before.auction, entry.code)}));
  SaveVerdict(txn, vault_, input.auction, round, entry.code, *verdict);
  entry.revealed = true;
  SaveEnvelope(txn, input.auction, round, entry);
  return entry;
}

Status AuctionApp::CheckEnvelopeRules(const Rules& rules) const {
  if (options_.origin.empty() || options_.record_key_pem.empty()) {
    return InvalidField("rules.mode", Reason::kUNKNOWN_VALUE, "an installation with a name and a record key");
  }
  TTX_TRY(const sealed::HolderSet holders, sealed::HoldersOf(rules));
  return {};
}

std::vector<EnvelopeEntry> AuctionApp::Standing(const storage::Reader& reader, const Auction& auction) const {
  std::vector<EnvelopeEntry> standing;
  for (EnvelopeEntry& entry :
       auction::ListEnvelopes(reader, auction.id(), auction.envelopes.round, "", kMaxBidders)) {
    if (entry.standing) standing.push_back(std::move(entry));
  }
  return standing;
}

bool AuctionApp::IsLast(const storage::Reader& reader, const Auction& auction,
                        const std::string& code) const {
  for (const EnvelopeEntry& entry : Standing(reader, auction)) {
    if (entry.code == code || IsVoidEnvelope(auction, entry)) continue;
    const auto verdict = LoadVerdict(reader, vault_, auction.id(), auction.envelopes.round, entry.code);
    if (!verdict || !IsOpened(*verdict)) return false;
  }
  return true;
}

Result<StoredAuction> AuctionApp::FixScores(storage::Txn& txn, const Principal& caller, const AuctionId& id,
                                            const std::vector<NonPriceScore>& scores) const {
  TTX_TRY(const StoredAuction before, OpenAdvanced(txn, id));
  TTX_RETURN_IF_ERROR(CheckStaff(before.auction, caller));
  // The session knows how many bidders it has, not their codes.
  if (before.auction.state == State::kClosedForOpening && scores.size() <= kMaxBidders) {
    for (size_t i = 0; i < scores.size(); ++i) {
      if (!FindBidderByCode(txn, vault_, id, scores[i].code)) {
        return InvalidField("scores[" + std::to_string(i) + "].bidder_code", Reason::kUNKNOWN_VALUE);
      }
    }
  }
  TTX_TRY(Taken taken, Take(txn, before, auction::FixScores{scores}));
  return std::move(taken.after);
}

Result<StoredAuction> AuctionApp::HandInShares(storage::Txn& txn, const Principal& caller,
                                               const HandInSharesInput& input) const {
  TTX_TRY(const StoredAuction before, OpenAdvanced(txn, input.auction));
  TTX_RETURN_IF_ERROR(CheckStaff(before.auction, caller));
  const int32_t round = before.auction.envelopes.round;
  auction::HandInShares command{-1};
  size_t earlier = 0;
  bool is_new = false;
  if (before.auction.state == State::kSharesCollecting || before.auction.state == State::kOpening) {
    const std::string proof = LoadCloseProof(txn, input.auction, round).value_or("");
    const std::vector<std::string> digests = SortedDigests(Standing(txn, before.auction));
    TTX_TRY(const sealed::ShareReport part, ReadShares(before.auction, proof, digests, input.report));
    command.holder = part.holder - 1;
    const std::vector<std::string> parts = LoadShares(txn, vault_, input.auction, round, command.holder);
    sealed::ShareReport whole = JoinShares(before.auction, proof, part.holder, parts);
    TTX_TRY(is_new, sealed::AddPart(whole, part));
    earlier = parts.size();
    command.complete = whole.lines.size() == digests.size();
    if (is_new && !command.complete && part.lines.size() < kMinPartEnvelopes) {
      return InvalidField("report", Reason::kOUT_OF_RANGE,
                          "at least " + std::to_string(kMinPartEnvelopes) + " envelopes, or all that are left");
    }
  }
  TTX_TRY(Taken taken, Take(txn, before, command));
  if (is_new) SaveShares(txn, vault_, input.auction, round, command.holder, earlier, input.report);
  return std::move(taken.after);
}

void AuctionApp::FollowOpening(storage::Txn& txn, const std::optional<StoredAuction>& before,
                               const StoredAuction& after) const {
  const State state = after.auction.state;
  if (!before || before->auction.state == state) return;
  const AuctionId& id = after.auction.id();
  const int32_t round = after.auction.envelopes.round;
  if (state == State::kSharesCollecting && !LoadCloseProof(txn, id, round)) {
    SaveCloseProof(txn, id, round, MakeCloseProof(*before, options_, Standing(txn, after.auction)));
  }
  if (state == State::kOpening) txn.SetDue(txn.now(), std::string(kOpenSubject) + id.text);
}

std::vector<sealed::ShareReport> AuctionApp::Reports(const storage::Reader& reader,
                                                     const Auction& auction) const {
  const int32_t round = auction.envelopes.round;
  const std::string proof = LoadCloseProof(reader, auction.id(), round).value_or("");
  std::vector<sealed::ShareReport> reports;
  for (int32_t holder = 0; holder < auction.rules().sealed.shares_total; ++holder) {
    if ((auction.envelopes.holders >> holder & 1U) == 0) continue;  // it has told of some envelopes at most
    const std::vector<std::string> parts = LoadShares(reader, vault_, auction.id(), round, holder);
    reports.push_back(JoinShares(auction, proof, holder + 1, parts));
  }
  return reports;
}

EnvelopeVerdict AuctionApp::JudgeAnew(const storage::Reader& reader, const Auction& auction,
                                      const std::string& code, const std::optional<EnvelopeVerdict>& earlier,
                                      const std::vector<sealed::ShareReport>& reports) const {
  const std::string bytes =
      LoadEnvelopeBytes(reader, auction.id(), auction.envelopes.round, code).value_or("");
  // What is open stays as it is; who has come since may have lied about it.
  if (earlier && IsOpened(*earlier)) return JudgeBySeed(auction, bytes, earlier->seed, reports).value();
  // Who has not revealed its own envelope has no price.
  if (static_cast<int32_t>(reports.size()) < auction.rules().sealed.shares_needed) {
    return {std::nullopt, std::string(kNotRevealed), "", {}, auction.envelopes.holders};
  }
  return Judge(auction, bytes, reports);
}

void AuctionApp::OpenSome(storage::Txn& txn, const AuctionId& id) const {
  const std::optional<StoredAuction> before = Load(txn, id);
  TTX_CHECK(before.has_value(), "an opening of an auction that does not exist");
  const Auction& auction = before->auction;
  if (auction.state != State::kOpening || auction.objected) return;
  const int32_t round = auction.envelopes.round;
  const std::vector<sealed::ShareReport> reports = Reports(txn, auction);
  OpenEnvelopes command;
  bool all_open = true;
  size_t cost = 0;
  for (const EnvelopeEntry& entry : Standing(txn, auction)) {
    if (IsVoidEnvelope(auction, entry)) {
      EnvelopeContent content{
          .bidder = {}, .time = entry.time, .price = std::nullopt, .unreadable = Reason::kNOT_QUALIFIED};
      content.bidder.code = entry.code;
      command.envelopes.push_back(std::move(content));
      continue;
    }
    std::optional<EnvelopeVerdict> verdict = LoadVerdict(txn, vault_, id, round, entry.code);
    // A holder that came since may open it, and may have lied.
    if (!verdict || verdict->holders != auction.envelopes.holders) {
      if (cost >= kJudgedPerStep) {
        txn.SetDue(txn.now(), std::string(kOpenSubject) + id.text);
        return;
      }
      verdict = JudgeAnew(txn, auction, entry.code, verdict, reports);
      cost += CostOf(*verdict);
      SaveVerdict(txn, vault_, id, round, entry.code, *verdict);
    }
    all_open = all_open && IsOpened(*verdict);
    EnvelopeContent content{.bidder = {}, .time = entry.time, .price = verdict->price};
    content.bidder.code = entry.code;
    command.envelopes.push_back(std::move(content));
  }
  for (EnvelopeContent& content : command.envelopes) {
    content.bidder = storage::Present(FindBidderByCode(txn, vault_, id, content.bidder.code));
  }
  const bool ask_again = !all_open && MayAskAgain(auction, txn.now());
  const Decision decision =
      ask_again ? Decide(auction, AskAgain{}, txn.now()) : Decide(auction, command, txn.now());
  TTX_CHECK(!decision.refusal, "an opening was refused");
  Save(txn, before, decision);
}

Result<StoredAuction> AuctionApp::ReportTender(storage::Txn& txn, const Principal& caller,
                                               const AuctionId& id,
                                               const auction::ReportTender& report) const {
  TTX_TRY(const StoredAuction before, OpenForStaff(txn, caller, id));
  TTX_TRY(Taken taken, Take(txn, before, report));
  return std::move(taken.after);
}

}  // namespace ttx::auction
