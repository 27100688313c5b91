#include "libs/sealed/close_proof.h"

#include <algorithm>
#include <optional>

#include "libs/core/encoding.h"
#include "libs/sealed/signed_text.h"
#include "libs/sealed/text_file.h"

namespace ttx::sealed {
namespace {

constexpr std::string_view kHeader = "ttx-close-v1";
constexpr std::string_view kLeafPrefix{"\0", 1};
constexpr std::string_view kNodePrefix{"\1", 1};

Error NotProven(std::string detail) {
  return Error(Reason::kNOT_PROVEN_CLOSED, {{"detail", std::move(detail)}});
}

std::string TreeRoot(Suite suite, const std::string* begin, size_t count) {
  if (count == 0) return Hash(suite, {});
  if (count == 1) return Hash(suite, {kLeafPrefix, *begin});
  size_t left = 1;
  while (left * 2 < count) left *= 2;
  return Hash(suite,
              {kNodePrefix, TreeRoot(suite, begin, left), TreeRoot(suite, begin + left, count - left)});
}

std::string Format(const CloseStatement& statement) {
  std::string text(kHeader);
  const auto line = [&](std::string_view word, std::string_view value) {
    text.append("\n").append(word).append(" ").append(value);
  };
  line("suite", SuiteId(statement.suite));
  line("origin", statement.origin);
  line("auction", statement.auction);
  line("lot", statement.lot);
  line("rules", Hex(statement.rules_hash));
  line("holders", Hex(statement.holder_set_id));
  line("closed", FormatTime(statement.close_time));
  line("log", Hex(statement.log_hash));
  line("envelopes", std::to_string(statement.envelope_count));
  line("root", Hex(statement.envelopes_root));
  return text + "\n";
}

bool ReadHash(LineReader& reader, std::string_view word, std::string& hash) {
  const std::optional<std::string_view> hex = reader.After(word);
  std::optional<std::string> bytes = hex ? Hash32FromHex(*hex) : std::nullopt;
  if (bytes) hash = std::move(*bytes);
  return bytes.has_value();
}

bool ReadToken(LineReader& reader, std::string_view word, size_t max, std::string& token) {
  const std::optional<std::string_view> text = reader.After(word);
  if (!text || !IsToken(*text, max)) return false;
  token = std::string(*text);
  return true;
}

std::optional<CloseStatement> Parse(std::string_view text) {
  LineReader reader(text);
  CloseStatement statement;
  if (reader.Next() != kHeader) return std::nullopt;
  const std::optional<std::string_view> suite_id = reader.After("suite");
  const std::optional<Suite> suite = suite_id ? ParseSuite(*suite_id) : std::nullopt;
  if (!suite) return std::nullopt;
  statement.suite = *suite;
  const bool named = ReadToken(reader, "origin", kMaxOriginBytes, statement.origin) &&
                     ReadToken(reader, "auction", kMaxAuctionBytes, statement.auction) &&
                     ReadToken(reader, "lot", kMaxLotBytes, statement.lot) &&
                     ReadHash(reader, "rules", statement.rules_hash) &&
                     ReadHash(reader, "holders", statement.holder_set_id);
  const std::optional<std::string_view> closed = named ? reader.After("closed") : std::nullopt;
  if (!closed) return std::nullopt;
  const Result<Time> time = ParseTime(*closed, "closed");
  if (!time.ok() || !ReadHash(reader, "log", statement.log_hash)) return std::nullopt;
  statement.close_time = *time;
  const std::optional<std::string_view> count_text = reader.After("envelopes");
  const std::optional<int64_t> count = count_text ? ParseDecimal(*count_text, kMaxEnvelopes) : std::nullopt;
  if (!count || !ReadHash(reader, "root", statement.envelopes_root)) return std::nullopt;
  statement.envelope_count = *count;
  if (Format(statement) != text) return std::nullopt;
  return statement;
}

}  // namespace

std::string EnvelopesRoot(Suite suite, std::vector<std::string> digests) {
  std::sort(digests.begin(), digests.end());
  return TreeRoot(suite, digests.data(), digests.size());
}

Result<std::string> SignCloseStatement(const CloseStatement& statement, crypto::Suite signature_suite,
                                       std::string_view record_private_pem) {
  const std::string text = Format(statement);
  if (Parse(text) != statement) return InvalidField("statement", Reason::kBAD_FORMAT);
  TTX_TRY(const std::string line, SignatureLine(text, signature_suite, record_private_pem));
  return text + line;
}

Result<CloseStatement> VerifyCloseProof(std::string_view proof, std::string_view record_public_pem) {
  if (!proof.starts_with(std::string(kHeader) + "\n")) {
    return NotProven("the file is no close proof of a kind this program knows");
  }
  const std::optional<SignedText> parts = SplitSignature(proof);
  if (!parts || !crypto::Verify(parts->suite, record_public_pem, parts->text, parts->signature)) {
    return NotProven("the signature is not that of the installation's record key");
  }
  std::optional<CloseStatement> statement = Parse(parts->text);
  if (!statement) return NotProven("the statement cannot be read");
  return std::move(*statement);
}

Status CheckClosed(const CloseStatement& statement, std::string_view auction, const HolderSet& holders,
                   const std::vector<std::string>& digests, Time now) {
  if (statement.auction != auction) return NotProven("it is the proof of " + statement.auction);
  if (statement.suite != holders.suite() || statement.holder_set_id != holders.id()) {
    return NotProven("it names other key holders");
  }
  if (now < statement.close_time) {
    return NotProven("by this machine's clock the auction closes at " + FormatTime(statement.close_time));
  }
  const bool all = digests.size() == static_cast<size_t>(statement.envelope_count) &&
                   EnvelopesRoot(statement.suite, digests) == statement.envelopes_root;
  if (!all) return NotProven("the envelopes are not exactly those that were counted at the close");
  return {};
}

Status CheckCounted(const CloseStatement& statement, const HolderSet& holders,
                    const std::vector<std::string>& sorted_digests, const Envelope& envelope) {
  const Context expected{.suite = statement.suite,
                         .origin = statement.origin,
                         .auction = statement.auction,
                         .lot = statement.lot,
                         .bidder = envelope.context.bidder,
                         .version = envelope.context.version,
                         .rules_hash = statement.rules_hash,
                         .holder_set_id = statement.holder_set_id};
  TTX_RETURN_IF_ERROR(CheckAddressed(envelope, expected, holders));
  if (!std::binary_search(sorted_digests.begin(), sorted_digests.end(), envelope.digest)) {
    return NotProven("the envelope " + Hex(envelope.digest) + " was not counted at the close");
  }
  return {};
}

std::string CloseProofDigest(Suite suite, std::string_view proof) { return Hash(suite, {proof}); }

}  // namespace ttx::sealed
