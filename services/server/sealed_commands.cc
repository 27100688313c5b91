#include <fcntl.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "libs/core/encoding.h"
#include "libs/crypto/random.h"
#include "libs/sealed/close_proof.h"
#include "libs/sealed/envelope.h"
#include "libs/sealed/opening.h"
#include "libs/sealed/share_report.h"
#include "services/server/clocks.h"
#include "services/server/commands.h"
#include "services/server/files.h"

namespace ttx::server {
namespace {

constexpr const char* kSealHelp =
    "Usage: ttx seal --holders FILE --origin NAME --auction NAME --bidder CODE --rules HEX\n"
    "                (--price-file FILE | --documents FILE) --out FILE --seed-out FILE [options]\n"
    "\n"
    "Seals a bid so that nobody reads it before enough key holders agree. Needs no network; run it on a "
    "machine of\n"
    "your own. Hand in the envelope; keep the seed: with it you can open your bid yourself if the holders "
    "cannot,\n"
    "and so can everybody else who gets it.\n"
    "\n"
    "  --holders FILE     the list of key holders as published with the rules\n"
    "  --origin NAME      the installation, as in the rules\n"
    "  --auction NAME     the auction (auctions/...)\n"
    "  --bidder CODE      your bidder code\n"
    "  --rules HEX        the hash of the published rules, 64 digits\n"
    "  --price-file FILE  a file that holds the price in fen; - reads it from standard input\n"
    "  --documents FILE   a document instead of a price, at most 64 MiB\n"
    "  --out FILE         where to put the envelope\n"
    "  --seed-out FILE    where to put the seed\n"
    "  --lot NAME         the lot (default 1)\n"
    "  --version N        of your envelope in this auction, one more each time (default 1)\n"
    "  --json             say what was made as one JSON object\n"
    "\n"
    "Exit status: 0 sealed, 1 refused, 64 wrong use, 65 an input that is not what it should be.\n";

constexpr const char* kHolderHelp =
    "Usage: ttx holder keygen --name NAME --key-out FILE --card-out FILE [--suite SUITE] [--json]\n"
    "       ttx holder set --threshold T --out FILE [--json] CARD...\n"
    "       ttx holder open --key FILE --holders FILE --close FILE --record-key FILE --auction NAME\n"
    "                       --out FILE [--digests FILE] [--json] ENVELOPE...\n"
    "\n"
    "The tools of a key holder. They need no network.\n"
    "\n"
    "keygen makes a holder's key, which stays with the holder, and the card the holder hands to the "
    "exchange.\n"
    "  --name NAME        1..64 of a-z, 0-9 and -\n"
    "  --suite SUITE      TTX-SB-1 (default) or TTX-SB-SM\n"
    "\n"
    "set makes the list of holders of an auction out of their cards; T of them open an envelope.\n"
    "\n"
    "open takes the holder's shares out of the envelopes of a closed auction and signs them. It refuses "
    "unless it is\n"
    "shown that the auction has closed, that the envelopes are those that were counted, and its clock "
    "agrees.\n"
    "  --close FILE       the close proof of the auction\n"
    "  --record-key FILE  the public record key of the installation, which you were given beforehand (PEM)\n"
    "  --auction NAME     the auction you have been asked to open\n"
    "  --digests FILE     the digests of all counted envelopes, one a line, when you open only some of them\n"
    "  --out FILE         your shares; of more than 400 envelopes in parts, FILE with -2, -3 and so on before its\n"
    "                     ending besides, each of which is handed in by itself, in any order\n"
    "\n"
    "Exit status: 0 done, 1 refused, 64 wrong use, 65 an input that is not what it should be.\n";

constexpr const char* kSealedHelp =
    "Usage: ttx sealed verify --holders FILE [--close FILE --record-key FILE [--digests FILE]]\n"
    "                         [--contents DIR] [--json] FILE...\n"
    "\n"
    "Opens envelopes again and says what each holds. The files are envelopes, lists of shares (from ttx "
    "holder open)\n"
    "and seeds (from ttx seal, or as published), in any order. An envelope is opened with its seed if it is "
    "there,\n"
    "otherwise with the shares, and accepted only if sealing once more gives the same bytes.\n"
    "\n"
    "  --holders FILE     the list of key holders as published with the rules\n"
    "  --close FILE       the close proof; checks that the envelopes are those that were counted and the "
    "shares were\n"
    "                     given on this proof\n"
    "  --record-key FILE  the public record key of the installation (PEM)\n"
    "  --digests FILE     the digests of all counted envelopes, one a line, when you verify only some of "
    "them\n"
    "  --contents DIR     writes what each valid envelope holds to DIR/DIGEST\n"
    "  --json             one JSON object per envelope, then one summary\n"
    "\n"
    "Exit status: 0 all envelopes are valid and no holder lied, 1 not so, 64 wrong use, 65 an input that is "
    "not what\n"
    "it should be or too few shares.\n";

constexpr std::string_view kSeedHeader = "ttx-seed-v1";
constexpr size_t kMaxTextFileBytes = 256U << 20;

using sealed::SecretBytes;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

std::string_view View(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

void Put(JsonWriter& json, std::string_view key, std::string_view value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void Put(JsonWriter& json, std::string_view key, int64_t value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.Int64(value);
}

void PutFlag(JsonWriter& json, std::string_view key, bool value) {
  json.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  json.Bool(value);
}

void PrintLine(const rapidjson::StringBuffer& buffer) {
  std::printf("%.*s\n", static_cast<int>(View(buffer).size()), View(buffer).data());
}

// Says what is wrong on standard error and gives the exit status for it.
int Refuse(const Error& error) {
  std::string text = error.message();
  for (const FieldViolation& violation : error.violations) {
    text += "; " + violation.field + ": " + std::string(ReasonName(violation.reason));
    if (!violation.limit.empty()) text += " (" + violation.limit + ")";
  }
  std::fprintf(stderr, "ttx: %s: %s\n", std::string(ReasonName(error.reason)).c_str(), text.c_str());
  const bool refused = error.reason == Reason::kNOT_PROVEN_CLOSED ||
                       error.reason == Reason::kWRONG_HOLDER_SET ||
                       error.reason == Reason::kENVELOPE_MISADDRESSED;
  return refused ? kExitFailed : kExitData;
}

int WrongUse(const std::string& problem, const char* help) {
  std::fprintf(stderr, "ttx: %s\n\n%s", problem.c_str(), help);
  return kExitUsage;
}

// The first of the options that was not given, or empty.
std::string Missing(const Arguments& arguments, std::initializer_list<const char*> options) {
  for (const char* option : options) {
    if (arguments.Get(option, "").empty()) return "--" + std::string(option) + " is missing";
  }
  return "";
}

// A file, or standard input for "-", without leaving a copy of it in memory.
Result<SecretBytes> ReadSecretFile(const std::string& path) {
  const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", std::strerror(errno)}});
  constexpr size_t kMaxBytes = 64U << 10;
  SecretBytes bytes(kMaxBytes);
  size_t count = 0;
  ssize_t got = 1;
  while (got > 0 && count < kMaxBytes) {
    got = ::read(file, bytes.data() + count, kMaxBytes - count);
    if (got > 0) count += static_cast<size_t>(got);
  }
  const int failed = errno;
  ::close(file);
  if (got < 0) return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", std::strerror(failed)}});
  if (count == kMaxBytes)
    return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", "it is too long"}});
  return SecretBytes(bytes.view().substr(0, count));
}

Result<std::string> ReadInput(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (!failed && size > kMaxTextFileBytes) {
    return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", "it is too long"}});
  }
  return ReadFile(path);
}

Status WriteSecretFile(const std::string& path, const SecretBytes& bytes) {
  std::string text(bytes.view());
  Status written = WriteNewFile(path, text);
  sealed::Wipe(text);
  return written;
}

struct Output {
  std::string path;
  SecretBytes bytes;
};

// Writes new files: all of them, or none when one exists or cannot be written.
Status WriteOutputs(const std::vector<Output>& outputs) {
  for (const Output& output : outputs) {
    std::error_code failed;
    if (!std::filesystem::exists(std::filesystem::symlink_status(output.path, failed))) continue;
    return Error(Reason::kCANNOT_OPEN_FILE, {{"path", output.path}, {"detail", std::strerror(EEXIST)}});
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    Status written = WriteSecretFile(outputs[i].path, outputs[i].bytes);
    if (written.ok()) continue;
    for (size_t earlier = 0; earlier < i; ++earlier) ::unlink(outputs[earlier].path.c_str());
    return written;
  }
  return {};
}

Result<sealed::HolderSet> ReadHolders(const Arguments& arguments) {
  TTX_TRY(const std::string text, ReadInput(arguments.Get("holders", "")));
  return sealed::HolderSet::Parse(text);
}

Result<std::string> ParseHash(std::string_view hex, std::string field) {
  std::optional<std::string> bytes = hex.size() == 64 ? FromHex(hex) : std::nullopt;
  if (!bytes) return InvalidField(std::move(field), Reason::kBAD_FORMAT, "64 hexadecimal digits");
  return std::move(*bytes);
}

// --- ttx seal

// The price of a file that holds nothing but a number, as the content of a price envelope.
Result<SecretBytes> ReadPrice(const std::string& path) {
  TTX_TRY(const SecretBytes file, ReadSecretFile(path));
  std::string_view text = file.view();
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  Fen price;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), price.value);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) {
    return InvalidField("--price-file", Reason::kBAD_FORMAT, "a whole number of fen");
  }
  TTX_RETURN_IF_ERROR(CheckAmount(price, Fen{1}, "--price-file"));
  std::string content = sealed::FormatPrice(price);
  SecretBytes bytes(content);
  sealed::Wipe(content);
  return bytes;
}

Result<sealed::Context> ReadContext(const Arguments& arguments, const sealed::HolderSet& holders) {
  sealed::Context context{.suite = holders.suite(),
                          .origin = arguments.Get("origin", ""),
                          .auction = arguments.Get("auction", ""),
                          .lot = arguments.Get("lot", "1"),
                          .bidder = arguments.Get("bidder", ""),
                          .version = 0,
                          .rules_hash = "",
                          .holder_set_id = holders.id()};
  TTX_TRY(context.rules_hash, ParseHash(arguments.Get("rules", ""), "--rules"));
  const std::string version = arguments.Get("version", "1");
  const auto [end, failed] =
      std::from_chars(version.data(), version.data() + version.size(), context.version);
  if (failed != std::errc() || end != version.data() + version.size() || context.version == 0) {
    return InvalidField("--version", Reason::kOUT_OF_RANGE, "1..4294967295");
  }
  return context;
}

Status SealToFiles(const Arguments& arguments) {
  TTX_TRY(const sealed::HolderSet holders, ReadHolders(arguments));
  TTX_TRY(const sealed::Context context, ReadContext(arguments, holders));
  const std::string documents = arguments.Get("documents", "");
  const sealed::Part part = documents.empty() ? sealed::Part::kPrice : sealed::Part::kDocuments;
  SecretBytes content;
  if (part == sealed::Part::kPrice) {
    TTX_TRY(content, ReadPrice(arguments.Get("price-file", "")));
  } else {
    TTX_TRY(std::string text, ReadInput(documents));
    content = SecretBytes(text);
    sealed::Wipe(text);
  }
  std::string random = crypto::RandomBytes(sealed::kSeedBytes);
  const SecretBytes seed(random);
  sealed::Wipe(random);
  TTX_TRY(const std::string bytes, sealed::Seal(seed.view(), context, holders, part, content.view()));
  TTX_TRY(const sealed::Envelope envelope, sealed::ParseEnvelope(bytes));
  std::string hex = Hex(seed.view());
  const SecretBytes seed_file =
      sealed::Join({kSeedHeader, "\nenvelope ", Hex(envelope.digest), "\nseed ", hex, "\n"});
  sealed::Wipe(hex);
  TTX_RETURN_IF_ERROR(WriteOutputs({{arguments.Get("seed-out", ""), seed_file},
                                    {arguments.Get("out", ""), SecretBytes(bytes)}}));
  if (!arguments.Has("json")) {
    std::printf("envelope  %s\ndigest    %s\nseed      %s (keep it, and keep it secret)\n",
                arguments.Get("out", "").c_str(), Hex(envelope.digest).c_str(),
                arguments.Get("seed-out", "").c_str());
    return {};
  }
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  Put(json, "envelope", arguments.Get("out", ""));
  Put(json, "digest", Hex(envelope.digest));
  Put(json, "bytes", static_cast<int64_t>(bytes.size()));
  Put(json, "suite", SuiteId(context.suite));
  Put(json, "seed_file", arguments.Get("seed-out", ""));
  json.EndObject();
  PrintLine(buffer);
  return {};
}

// --- ttx holder

Status MakeKey(const Arguments& arguments) {
  const std::optional<sealed::Suite> suite = sealed::ParseSuite(arguments.Get("suite", "TTX-SB-1"));
  if (!suite) return InvalidField("--suite", Reason::kUNKNOWN_VALUE, "TTX-SB-1 or TTX-SB-SM");
  std::string random = crypto::RandomBytes(sealed::kSeedBytes);
  std::string signing = crypto::GenerateKey(sealed::SignatureSuite(*suite)).private_pem;
  const Result<sealed::HolderKey> key = MakeHolderKey(*suite, arguments.Get("name", ""), random, signing);
  sealed::Wipe(random);
  sealed::Wipe(signing);
  if (!key.ok()) return key.error();
  const std::string card = sealed::FormatHolderCard({*suite, key->holder});
  TTX_RETURN_IF_ERROR(WriteOutputs({{arguments.Get("key-out", ""), sealed::FormatHolderKey(*key)},
                                    {arguments.Get("card-out", ""), SecretBytes(card)}}));
  if (!arguments.Has("json")) {
    std::printf("key   %s (it never leaves this machine)\ncard  %s\n", arguments.Get("key-out", "").c_str(),
                arguments.Get("card-out", "").c_str());
    return {};
  }
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  Put(json, "name", key->holder.name);
  Put(json, "suite", SuiteId(*suite));
  Put(json, "key_file", arguments.Get("key-out", ""));
  Put(json, "card_file", arguments.Get("card-out", ""));
  json.EndObject();
  PrintLine(buffer);
  return {};
}

Status MakeSet(const Arguments& arguments) {
  std::vector<sealed::Holder> holders;
  std::optional<sealed::Suite> suite;
  for (const std::string& path : arguments.rest()) {
    TTX_TRY(const std::string text, ReadInput(path));
    TTX_TRY(sealed::HolderCard card, sealed::ParseHolderCard(text));
    if (suite && *suite != card.suite)
      return InvalidField(path, Reason::kUNSUPPORTED_KEY, "one suite for all");
    suite = card.suite;
    holders.push_back(std::move(card.holder));
  }
  const std::string threshold = arguments.Get("threshold", "");
  int number = 0;
  const auto [end, failed] = std::from_chars(threshold.data(), threshold.data() + threshold.size(), number);
  if (failed != std::errc() || end != threshold.data() + threshold.size() || !suite) {
    return InvalidField("--threshold", Reason::kOUT_OF_RANGE, "2..number of holders");
  }
  TTX_TRY(const sealed::HolderSet set, sealed::HolderSet::Make(*suite, number, std::move(holders)));
  TTX_RETURN_IF_ERROR(WriteNewFile(arguments.Get("out", ""), set.text()));
  if (!arguments.Has("json")) {
    std::printf("holders  %s\nid       %s\n", arguments.Get("out", "").c_str(), Hex(set.id()).c_str());
    return {};
  }
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  Put(json, "holders_file", arguments.Get("out", ""));
  Put(json, "id", Hex(set.id()));
  Put(json, "suite", SuiteId(set.suite()));
  Put(json, "threshold", static_cast<int64_t>(set.threshold()));
  Put(json, "holders", static_cast<int64_t>(set.size()));
  json.EndObject();
  PrintLine(buffer);
  return {};
}

// A close proof that has been checked against the envelopes at hand.
struct Closed {
  sealed::CloseStatement statement;
  std::string proof_digest;
  std::vector<std::string> digests;  // of all counted envelopes, ascending
};

// The digests of a file, one a line; those of the envelopes when there is none.
Result<std::vector<std::string>> ReadDigests(const std::string& path,
                                             const std::vector<sealed::Envelope>& envelopes) {
  std::vector<std::string> digests;
  if (path.empty()) {
    for (const sealed::Envelope& envelope : envelopes) digests.push_back(envelope.digest);
  } else {
    TTX_TRY(const std::string text, ReadInput(path));
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      TTX_TRY(std::string digest, ParseHash(std::string_view(text).substr(at, end - at), "--digests"));
      digests.push_back(std::move(digest));
      at = end + 1;
    }
  }
  std::sort(digests.begin(), digests.end());
  return digests;
}

// `auction` is the one the caller means; without one it is that of the proof.
Result<Closed> ReadClosed(const Arguments& arguments, std::string auction, const sealed::HolderSet& holders,
                          const std::vector<sealed::Envelope>& envelopes) {
  TTX_TRY(const std::string proof, ReadInput(arguments.Get("close", "")));
  TTX_TRY(const std::string record_key, ReadInput(arguments.Get("record-key", "")));
  Closed closed;
  TTX_TRY(closed.statement, sealed::VerifyCloseProof(proof, record_key));
  TTX_TRY(closed.digests, ReadDigests(arguments.Get("digests", ""), envelopes));
  if (auction.empty()) auction = closed.statement.auction;
  TTX_RETURN_IF_ERROR(CheckClosed(closed.statement, auction, holders, closed.digests, SystemClock().Now()));
  for (const sealed::Envelope& envelope : envelopes) {
    TTX_RETURN_IF_ERROR(CheckCounted(closed.statement, holders, closed.digests, envelope));
  }
  closed.proof_digest = sealed::CloseProofDigest(holders.suite(), proof);
  return closed;
}

// Where part `number`, from 1, of a list of shares goes: notary.shares, notary-2.shares ...
std::string PartPath(const std::string& out, size_t number) {
  if (number == 1) return out;
  const size_t name = out.rfind('/') == std::string::npos ? 0 : out.rfind('/') + 1;
  const size_t dot = out.rfind('.');
  const size_t at = dot == std::string::npos || dot <= name ? out.size() : dot;
  return out.substr(0, at) + "-" + std::to_string(number) + out.substr(at);
}

// Writes what the holder says, in as many parts as it takes; the files' names.
Result<std::vector<std::string>> WriteShares(const std::string& out, sealed::ShareReport report,
                                             const sealed::HolderSet& holders, const sealed::HolderKey& key) {
  std::vector<Output> outputs;
  std::vector<std::string> files;
  for (const sealed::ShareReport& part : sealed::SplitReport(std::move(report))) {
    TTX_TRY(SecretBytes text, SignShareReport(part, holders, key));
    files.push_back(PartPath(out, files.size() + 1));
    outputs.push_back({files.back(), std::move(text)});
  }
  TTX_RETURN_IF_ERROR(WriteOutputs(outputs));
  return files;
}

Status OpenShares(const Arguments& arguments) {
  TTX_TRY(const sealed::HolderSet holders, ReadHolders(arguments));
  std::vector<sealed::Envelope> envelopes;
  for (const std::string& path : arguments.rest()) {
    TTX_TRY(const std::string bytes, ReadInput(path));
    TTX_TRY(sealed::Envelope envelope, sealed::ParseEnvelope(bytes));
    envelopes.push_back(std::move(envelope));
  }
  TTX_TRY(const Closed closed, ReadClosed(arguments, arguments.Get("auction", ""), holders, envelopes));
  TTX_TRY(const SecretBytes key_file, ReadSecretFile(arguments.Get("key", "")));
  TTX_TRY(const sealed::HolderKey key, sealed::ParseHolderKey(key_file.view()));
  std::sort(envelopes.begin(), envelopes.end(),
            [](const sealed::Envelope& a, const sealed::Envelope& b) { return a.digest < b.digest; });
  sealed::ShareReport report{closed.statement.auction, closed.proof_digest, holders.IndexOf(key), {}};
  int64_t unreadable = 0;
  for (const sealed::Envelope& envelope : envelopes) {
    TTX_TRY(sealed::Share share, OpenShare(key, holders, envelope));
    if (!share.value) ++unreadable;
    report.lines.push_back({envelope.digest, std::move(share.value)});
  }
  TTX_TRY(const std::vector<std::string> files,
          WriteShares(arguments.Get("out", ""), std::move(report), holders, key));
  if (!arguments.Has("json")) {
    std::string names;
    for (const std::string& file : files) names += (names.empty() ? "" : ", ") + file;
    std::printf("shares  %s: %zu envelopes, %lld of them cannot be read by this holder\n", names.c_str(),
                envelopes.size(), static_cast<long long>(unreadable));
    return {};
  }
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  Put(json, "shares_file", arguments.Get("out", ""));
  Put(json, "holder", key.holder.name);
  Put(json, "envelopes", static_cast<int64_t>(envelopes.size()));
  Put(json, "unreadable", unreadable);
  json.Key("parts");
  json.StartArray();
  for (const std::string& file : files) json.String(file.data(), static_cast<rapidjson::SizeType>(file.size()));
  json.EndArray();
  json.EndObject();
  PrintLine(buffer);
  return {};
}

// --- ttx sealed verify

struct Evidence {
  std::vector<sealed::Envelope> envelopes;
  std::vector<sealed::ShareReport> reports;
  std::vector<std::pair<std::string, std::string>> seeds;  // digest of the envelope, seed
};

Result<std::pair<std::string, std::string>> ParseSeedFile(std::string_view text) {
  const Error bad(Reason::kBAD_SEALED_FILE, {{"file", "seed"}, {"detail", "it names no envelope and seed"}});
  constexpr size_t kDigestAt = kSeedHeader.size() + std::string_view("\nenvelope ").size();
  constexpr size_t kSeedAt = kDigestAt + 64 + std::string_view("\nseed ").size();
  if (text.size() != kSeedAt + 65) return bad;
  const std::optional<std::string> digest = FromHex(text.substr(kDigestAt, 64));
  const std::optional<std::string> seed = FromHex(text.substr(kSeedAt, 64));
  if (!digest || !seed ||
      text != std::string(kSeedHeader) + "\nenvelope " + Hex(*digest) + "\nseed " + Hex(*seed) + "\n") {
    return bad;
  }
  return std::pair(*digest, *seed);
}

// Each holder's list once, or its parts.
Status AddShares(std::vector<sealed::ShareReport>& reports, const std::string& path, sealed::ShareReport report) {
  for (sealed::ShareReport& other : reports) {
    if (other.holder != report.holder) continue;
    TTX_TRY(const bool is_new, sealed::AddPart(other, report));
    return is_new ? Status() : InvalidField(path, Reason::kDUPLICATE, "one list of each holder, or its parts");
  }
  reports.push_back(std::move(report));
  return {};
}

Result<Evidence> ReadEvidence(const Arguments& arguments, const sealed::HolderSet& holders) {
  Evidence evidence;
  for (const std::string& path : arguments.rest()) {
    TTX_TRY(const std::string bytes, ReadInput(path));
    if (bytes.starts_with("ttx-shares-")) {
      TTX_TRY(sealed::ShareReport report, sealed::VerifyShareReport(bytes, holders));
      TTX_RETURN_IF_ERROR(AddShares(evidence.reports, path, std::move(report)));
    } else if (bytes.starts_with("ttx-seed-")) {
      TTX_TRY(auto seed, ParseSeedFile(bytes));
      evidence.seeds.push_back(std::move(seed));
    } else {
      TTX_TRY(sealed::Envelope envelope, sealed::ParseEnvelope(bytes));
      evidence.envelopes.push_back(std::move(envelope));
    }
  }
  return evidence;
}

Result<sealed::Verdict> JudgeEnvelope(const sealed::Envelope& envelope, const sealed::HolderSet& holders,
                                      const Evidence& evidence) {
  std::vector<sealed::Share> shares;
  for (const sealed::ShareReport& report : evidence.reports) {
    std::optional<sealed::Share> share = ShareOf(report, envelope.digest);
    if (share) shares.push_back(std::move(*share));
  }
  for (const auto& [digest, seed] : evidence.seeds) {
    if (digest == envelope.digest) return Reveal(envelope, holders, seed, shares);
  }
  return Combine(envelope, holders, shares);
}

// Says what became of one envelope; as text the fields follow each other on a line.
void PrintVerdict(const sealed::Envelope& envelope, const sealed::HolderSet& holders,
                  const sealed::Verdict& verdict, bool as_json) {
  const bool valid = verdict.outcome == sealed::Outcome::kValid;
  const bool is_price = envelope.part == sealed::Part::kPrice;
  const Result<Fen> price = sealed::ParsePrice(verdict.content);
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  Put(json, "digest", Hex(envelope.digest));
  Put(json, "bidder", envelope.context.bidder);
  Put(json, "version", static_cast<int64_t>(envelope.context.version));
  Put(json, "part", is_price ? "PRICE" : "DOCUMENTS");
  Put(json, "outcome", valid ? "VALID" : "BIDDER_INVALID");
  if (!valid) Put(json, "flaw", FlawName(verdict.flaw));
  if (!valid) PutFlag(json, "provisional", verdict.provisional());
  if (valid && is_price && price.ok()) Put(json, "price_fen", std::to_string(price->value));
  if (valid) Put(json, "content_bytes", static_cast<int64_t>(verdict.content.size()));
  if (!verdict.seed.empty()) Put(json, "seed", Hex(verdict.seed));
  json.Key("liars");
  json.StartArray();
  std::string liars;
  for (const int liar : verdict.liars) {
    const std::string& name = holders.holder(liar).name;
    json.String(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    liars += " " + name;
  }
  json.EndArray();
  json.EndObject();
  if (as_json) return PrintLine(buffer);
  std::string line = Hex(envelope.digest) + "  bidder " + envelope.context.bidder + "  ";
  line += valid ? "VALID" : "BIDDER_INVALID " + std::string(FlawName(verdict.flaw));
  if (valid && is_price)
    line += price.ok() ? "  " + FormatYuan(*price) + " CNY" : "  no price that can be read";
  if (!valid && verdict.provisional()) line += " (the bidder's seed may still open it)";
  if (!liars.empty()) line += "  wrong shares from:" + liars;
  std::printf("%s\n", line.c_str());
}

// Whether everything is valid and every holder honest.
Result<bool> VerifyAll(const Arguments& arguments) {
  TTX_TRY(const sealed::HolderSet holders, ReadHolders(arguments));
  TTX_TRY(const Evidence evidence, ReadEvidence(arguments, holders));
  const bool with_close = !arguments.Get("close", "").empty();
  if (with_close) {
    TTX_TRY(const Closed closed, ReadClosed(arguments, "", holders, evidence.envelopes));
    for (const sealed::ShareReport& report : evidence.reports) {
      if (report.close_digest == closed.proof_digest && report.auction == closed.statement.auction) continue;
      return Error(Reason::kWRONG_SHARE, {{"holder", holders.holder(report.holder).name},
                                          {"detail", "it was given on another close proof"}});
    }
  }
  int64_t valid = 0;
  int64_t lies = 0;
  for (const sealed::Envelope& envelope : evidence.envelopes) {
    TTX_TRY(const sealed::Verdict verdict, JudgeEnvelope(envelope, holders, evidence));
    PrintVerdict(envelope, holders, verdict, arguments.Has("json"));
    lies += static_cast<int64_t>(verdict.liars.size());
    if (verdict.outcome != sealed::Outcome::kValid) continue;
    ++valid;
    const std::string folder = arguments.Get("contents", "");
    if (!folder.empty()) {
      TTX_RETURN_IF_ERROR(WriteNewFile(folder + "/" + Hex(envelope.digest), verdict.content));
    }
  }
  const auto envelopes = static_cast<int64_t>(evidence.envelopes.size());
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  Put(json, "envelopes", envelopes);
  Put(json, "valid", valid);
  Put(json, "bidder_invalid", envelopes - valid);
  Put(json, "wrong_shares", lies);
  PutFlag(json, "close_checked", with_close);
  json.EndObject();
  if (arguments.Has("json")) {
    PrintLine(buffer);
  } else {
    std::printf("%lld envelopes, %lld valid, %lld wrong shares%s\n", static_cast<long long>(envelopes),
                static_cast<long long>(valid), static_cast<long long>(lies),
                with_close ? "" : "; the close was not checked (--close)");
  }
  return valid == envelopes && lies == 0;
}

int ExitOf(const Status& status) { return status.ok() ? kExitOk : Refuse(status.error()); }

bool WantsHelp(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

int SealBid(const std::vector<std::string>& words) {
  if (WantsHelp(words)) {
    std::fputs(kSealHelp, stdout);
    return kExitOk;
  }
  const Arguments arguments(words, {"json"},
                            {"holders", "origin", "auction", "lot", "bidder", "version", "rules",
                             "price-file", "documents", "out", "seed-out"});
  std::string problem = arguments.error();
  if (problem.empty()) {
    problem = Missing(arguments, {"holders", "origin", "auction", "bidder", "rules", "out", "seed-out"});
  }
  const bool price = !arguments.Get("price-file", "").empty();
  if (problem.empty() && price == !arguments.Get("documents", "").empty()) {
    problem = "say --price-file or --documents";
  }
  if (problem.empty() && !arguments.rest().empty()) problem = "unexpected \"" + arguments.rest()[0] + "\"";
  return problem.empty() ? ExitOf(SealToFiles(arguments)) : WrongUse(problem, kSealHelp);
}

int HolderTools(const std::vector<std::string>& words) {
  if (WantsHelp(words)) {
    std::fputs(kHolderHelp, stdout);
    return kExitOk;
  }
  const std::string tool = words.empty() ? "" : words[0];
  if (tool != "keygen" && tool != "set" && tool != "open")
    return WrongUse("say keygen, set or open", kHolderHelp);
  const Arguments arguments(
      {words.begin() + 1, words.end()}, {"json"},
      tool == "keygen" ? std::vector<std::string_view>{"name", "suite", "key-out", "card-out"}
      : tool == "set"  ? std::vector<std::string_view>{"threshold", "out"}
                       : std::vector<std::string_view>{"key", "holders", "close", "record-key", "auction",
                                                       "out", "digests"});
  std::string problem = arguments.error();
  if (problem.empty()) {
    problem = tool == "keygen" ? Missing(arguments, {"name", "key-out", "card-out"})
              : tool == "set"
                  ? Missing(arguments, {"threshold", "out"})
                  : Missing(arguments, {"key", "holders", "close", "record-key", "auction", "out"});
  }
  if (problem.empty() && (tool == "keygen") != arguments.rest().empty()) {
    problem = tool == "keygen" ? "unexpected \"" + arguments.rest()[0] + "\"" : "no files are named";
  }
  if (!problem.empty()) return WrongUse(problem, kHolderHelp);
  if (tool == "keygen") return ExitOf(MakeKey(arguments));
  return ExitOf(tool == "set" ? MakeSet(arguments) : OpenShares(arguments));
}

int SealedTools(const std::vector<std::string>& words) {
  if (WantsHelp(words)) {
    std::fputs(kSealedHelp, stdout);
    return kExitOk;
  }
  if (words.empty() || words[0] != "verify") return WrongUse("say verify", kSealedHelp);
  const Arguments arguments({words.begin() + 1, words.end()}, {"json"},
                            {"holders", "close", "record-key", "digests", "contents"});
  std::string problem = arguments.error();
  if (problem.empty()) problem = Missing(arguments, {"holders"});
  if (problem.empty() && arguments.Get("close", "").empty() != arguments.Get("record-key", "").empty()) {
    problem = "--close and --record-key go together";
  }
  if (problem.empty() && arguments.rest().empty()) problem = "no files are named";
  if (!problem.empty()) return WrongUse(problem, kSealedHelp);
  const Result<bool> verified = VerifyAll(arguments);
  if (!verified.ok()) return Refuse(verified.error());
  return *verified ? kExitOk : kExitFailed;
}

}  // namespace ttx::server
