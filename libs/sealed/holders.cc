#include "libs/sealed/holders.h"

#include <algorithm>
#include <optional>

#include "libs/core/check.h"
#include "libs/core/encoding.h"
#include "libs/sealed/text_file.h"

namespace ttx::sealed {
namespace {

constexpr std::string_view kKeyHeader = "ttx-holder-key-v1";
constexpr std::string_view kCardHeader = "ttx-holder-v1";
constexpr std::string_view kSetHeader = "ttx-holders-v1";
constexpr std::string_view kSetIdLabel = "ttx/sb/holders/v1";
constexpr std::string_view kKeyLabel = "ttx/sb/holder-key/v1";
constexpr std::string_view kPemBegin = "-----BEGIN PUBLIC KEY-----\n";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----\n";
constexpr size_t kPemLine = 64;

bool IsHolderName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxHolderNameBytes &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// The DER bytes of a PEM text that crypto::ParsePublicKey has made, in base64url.
std::string DerText(const std::string& pem) {
  std::string text;
  for (const char c : pem.substr(kPemBegin.size(), pem.size() - kPemBegin.size() - kPemEnd.size())) {
    if (c != '\n' && c != '=') text += c == '+' ? '-' : c == '/' ? '_' : c;
  }
  return text;
}

std::string PemOf(std::string_view der_text) {
  std::string base64(der_text);
  for (char& c : base64) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (base64.size() % 4 != 0) base64 += '=';
  std::string pem(kPemBegin);
  for (size_t at = 0; at < base64.size(); at += kPemLine) pem += base64.substr(at, kPemLine) + "\n";
  return pem + std::string(kPemEnd);
}

std::string HolderLine(const Holder& holder) {
  return "holder " + holder.name + " " + Hex(holder.box_key) + " " + DerText(holder.signing_pem) + "\n";
}

// What is wrong with a holder, or nothing.
std::optional<std::string> Problem(Suite suite, const Holder& holder) {
  if (!IsHolderName(holder.name)) return "a holder's name has 1..64 of a-z, 0-9 and -";
  if (!IsPublicKey(suite, holder.box_key)) return "the box key of " + holder.name + " is no key of the suite";
  const Result<std::string> pem = crypto::ParsePublicKey(holder.signing_pem, SignatureSuite(suite), "key");
  if (!pem.ok() || *pem != holder.signing_pem)
    return "the signing key of " + holder.name + " is no key of the suite";
  return std::nullopt;
}

Result<Holder> ParseHolder(std::string_view line, std::string_view file) {
  Holder holder;
  holder.name = std::string(TakeWord(line));
  const std::optional<std::string> box_key = FromHex(TakeWord(line));
  if (!box_key || line.size() > crypto::kMaxKeyPemBytes / 2 || !FromBase64Url(line)) {
    return BadFile(file, "a holder is a name, a key in hexadecimal and a key in base64url");
  }
  holder.box_key = *box_key;
  holder.signing_pem = PemOf(line);
  return holder;
}

Result<Suite> ReadHeader(LineReader& reader, std::string_view header, std::string_view file) {
  if (reader.Next() != header) return BadFile(file, "its first line is not " + std::string(header));
  const std::optional<std::string_view> id = reader.After("suite");
  const std::optional<Suite> suite = id ? ParseSuite(*id) : std::nullopt;
  if (!suite) return BadFile(file, "it names no known suite");
  return *suite;
}

// UNSUPPORTED_KEY on `private_key` when the signing key is none of the suite's.
Result<HolderKey> Complete(Suite suite, std::string_view name, SecretBytes box_private,
                           std::string_view signing_private_pem) {
  HolderKey key;
  TTX_TRY(key.holder.signing_pem, crypto::PublicKeyOf(signing_private_pem, SignatureSuite(suite)));
  key.suite = suite;
  key.holder.name = std::string(name);
  key.holder.box_key = PublicKeyOf(suite, box_private);
  key.box_private = std::move(box_private);
  key.signing_pem = SecretBytes(signing_private_pem);
  return key;
}

}  // namespace

Result<HolderKey> MakeHolderKey(Suite suite, std::string_view name, std::string_view seed,
                                std::string_view signing_private_pem) {
  TTX_CHECK(seed.size() == kSeedBytes, "a seed has 32 bytes");
  if (!IsHolderName(name)) return InvalidField("name", Reason::kBAD_FORMAT, "1..64 of a-z, 0-9 and -");
  return Complete(suite, name, DerivePrivateKey(suite, seed, {kKeyLabel, SuiteId(suite)}),
                  signing_private_pem);
}

SecretBytes FormatHolderKey(const HolderKey& key) {
  std::string hex = Hex(key.box_private.view());
  SecretBytes text = Join({kKeyHeader, "\nsuite ", SuiteId(key.suite), "\nname ", key.holder.name, "\nbox ",
                           hex, "\n", key.signing_pem.view()});
  Wipe(hex);
  return text;
}

Result<HolderKey> ParseHolderKey(std::string_view text) {
  constexpr std::string_view kFile = "key of a holder";
  LineReader reader(text);
  TTX_TRY(const Suite suite, ReadHeader(reader, kKeyHeader, kFile));
  const std::optional<std::string_view> name = reader.After("name");
  if (!name || !IsHolderName(*name)) return BadFile(kFile, "it holds no name");
  const std::optional<std::string_view> hex = reader.After("box");
  std::optional<std::string> box = hex ? Hash32FromHex(*hex) : std::nullopt;
  const bool usable = box && IsPrivateKey(suite, *box);
  SecretBytes box_private(usable ? std::string_view(*box) : std::string_view());
  if (box) Wipe(*box);
  if (!usable) return BadFile(kFile, "it holds no box key of the suite");
  Result<HolderKey> key = Complete(suite, *name, std::move(box_private), reader.rest());
  if (!key.ok()) return BadFile(kFile, "it holds no signing key of the suite");
  return key;
}

std::string FormatHolderCard(const HolderCard& card) {
  return std::string(kCardHeader) + "\nsuite " + std::string(SuiteId(card.suite)) + "\n" +
         HolderLine(card.holder);
}

Result<HolderCard> ParseHolderCard(std::string_view text) {
  constexpr std::string_view kFile = "card of a holder";
  LineReader reader(text);
  HolderCard card;
  TTX_TRY(card.suite, ReadHeader(reader, kCardHeader, kFile));
  const std::optional<std::string_view> line = reader.After("holder");
  if (!line) return BadFile(kFile, "it names no holder");
  TTX_TRY(card.holder, ParseHolder(*line, kFile));
  if (const std::optional<std::string> problem = Problem(card.suite, card.holder))
    return BadFile(kFile, *problem);
  if (FormatHolderCard(card) != text) return BadFile(kFile, "it is not in canonical form");
  return card;
}

Result<HolderSet> HolderSet::Make(Suite suite, int threshold, std::vector<Holder> holders) {
  constexpr std::string_view kFile = "list of holders";
  const int count = static_cast<int>(std::min<size_t>(holders.size(), kMaxHolders + 1));
  if (threshold < kMinThreshold || threshold > count || count > kMaxHolders) {
    return BadFile(kFile, "2 <= threshold <= holders <= 15 does not hold");
  }
  HolderSet set;
  set.text_ = std::string(kSetHeader) + "\nsuite " + std::string(SuiteId(suite)) + "\nthreshold " +
              std::to_string(threshold) + "\n";
  for (size_t i = 0; i < holders.size(); ++i) {
    if (const std::optional<std::string> problem = Problem(suite, holders[i]))
      return BadFile(kFile, *problem);
    for (size_t j = 0; j < i; ++j) {
      if (holders[i].name == holders[j].name || holders[i].box_key == holders[j].box_key ||
          holders[i].signing_pem == holders[j].signing_pem) {
        return BadFile(kFile, "a name or a key stands in it twice");
      }
    }
    set.text_ += HolderLine(holders[i]);
  }
  set.suite_ = suite;
  set.threshold_ = threshold;
  set.holders_ = std::move(holders);
  set.id_ = Hash(suite, {kSetIdLabel, set.text_});
  return set;
}

Result<HolderSet> HolderSet::Parse(std::string_view text) {
  constexpr std::string_view kFile = "list of holders";
  LineReader reader(text);
  TTX_TRY(const Suite suite, ReadHeader(reader, kSetHeader, kFile));
  const std::optional<std::string_view> threshold = reader.After("threshold");
  const std::optional<int64_t> number = threshold ? ParseDecimal(*threshold, kMaxHolders) : std::nullopt;
  if (!number) return BadFile(kFile, "it names no threshold");
  std::vector<Holder> holders;
  while (const std::optional<std::string_view> line = reader.After("holder")) {
    if (holders.size() == kMaxHolders) return BadFile(kFile, "it names more than 15 holders");
    TTX_TRY(Holder holder, ParseHolder(*line, kFile));
    holders.push_back(std::move(holder));
  }
  TTX_TRY(HolderSet set, Make(suite, static_cast<int>(*number), std::move(holders)));
  if (set.text() != text) return BadFile(kFile, "it is not in canonical form");
  return set;
}

int HolderSet::IndexOf(const HolderKey& key) const {
  if (key.suite != suite_) return 0;
  const auto it = std::find(holders_.begin(), holders_.end(), key.holder);
  return it == holders_.end() ? 0 : static_cast<int>(it - holders_.begin()) + 1;
}

}  // namespace ttx::sealed
