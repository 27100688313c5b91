#include "libs/sealed/envelope.h"

#include <algorithm>
#include <array>
#include <optional>

#include "libs/core/check.h"
#include "libs/core/encoding.h"
#include "libs/sealed/shamir.h"
#include "libs/sealed/text_file.h"

namespace ttx::sealed {
namespace {

constexpr std::string_view kMagic{"TTX-SB\x01", 7};
constexpr std::string_view kCommitmentLabel = "ttx/sb/com/v1";
constexpr std::string_view kPriceHeader = "ttx-price-v1\nfen ";
constexpr size_t kLengthBytes = 4;
constexpr size_t kPriceBucket = 512;
constexpr std::array<size_t, 4> kDocumentBuckets = {64U << 10, 1U << 20, 8U << 20, 64U << 20};
constexpr size_t kMaxContextBytes = 1024;

// Big-endian.
std::string Number(uint64_t value, size_t count) {
  std::string out(count, '\0');
  for (size_t i = 0; i < count; ++i) out[count - 1 - i] = static_cast<char>(value >> (8 * i));
  return out;
}

uint64_t NumberOf(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string_view IndexByte(int index) {
  static const std::string bytes = [] {
    std::string all;
    for (int i = 0; i <= kMaxHolders; ++i) all += static_cast<char>(i);
    return all;
  }();
  return std::string_view(bytes).substr(static_cast<size_t>(index), 1);
}

// Takes exactly `count` bytes off the front, or nothing.
std::optional<std::string_view> Take(std::string_view& bytes, size_t count) {
  if (bytes.size() < count) return std::nullopt;
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

std::string Field(uint8_t tag, std::string_view value) {
  return Number(tag, 1) + Number(value.size(), 2) + std::string(value);
}

// The value of the field that has to come next.
std::optional<std::string_view> TakeField(std::string_view& bytes, uint8_t tag) {
  const std::optional<std::string_view> head = Take(bytes, 3);
  if (!head || NumberOf(head->substr(0, 1)) != tag) return std::nullopt;
  return Take(bytes, NumberOf(head->substr(1)));
}

Status CheckContext(const Context& context) {
  const auto check = [](std::string_view text, size_t max, const char* field) -> Status {
    if (IsToken(text, max)) return {};
    return InvalidField(field, Reason::kBAD_FORMAT,
                        "1.." + std::to_string(max) + " visible ASCII characters");
  };
  TTX_RETURN_IF_ERROR(check(context.origin, kMaxOriginBytes, "origin"));
  TTX_RETURN_IF_ERROR(check(context.auction, kMaxAuctionBytes, "auction"));
  TTX_RETURN_IF_ERROR(check(context.lot, kMaxLotBytes, "lot"));
  TTX_RETURN_IF_ERROR(check(context.bidder, kMaxBidderBytes, "bidder"));
  if (context.version < 1) return InvalidField("version", Reason::kOUT_OF_RANGE, "> 0");
  if (context.rules_hash.size() != kHashBytes)
    return InvalidField("rules_hash", Reason::kBAD_FORMAT, "32 bytes");
  if (context.holder_set_id.size() != kHashBytes) {
    return InvalidField("holder_set_id", Reason::kBAD_FORMAT, "32 bytes");
  }
  return {};
}

std::optional<Context> DecodeContext(std::string_view bytes) {
  std::string_view rest = bytes;
  std::array<std::string_view, 8> values;
  for (uint8_t tag = 1; tag <= values.size(); ++tag) {
    const std::optional<std::string_view> value = TakeField(rest, tag);
    if (!value) return std::nullopt;
    values[tag - 1U] = *value;
  }
  const std::optional<Suite> suite = ParseSuite(values[0]);
  if (!rest.empty() || !suite || values[5].size() != 4) return std::nullopt;
  Context context{.suite = *suite,
                  .origin = std::string(values[1]),
                  .auction = std::string(values[2]),
                  .lot = std::string(values[3]),
                  .bidder = std::string(values[4]),
                  .version = static_cast<uint32_t>(NumberOf(values[5])),
                  .rules_hash = std::string(values[6]),
                  .holder_set_id = std::string(values[7])};
  if (!CheckContext(context).ok()) return std::nullopt;
  return context;
}

// The length to which `length` bytes are padded, or 0 when they are too many for the part.
size_t BucketOf(Part part, size_t length) {
  if (part == Part::kPrice) return length <= kMaxPriceBytes ? kPriceBucket : 0;
  for (const size_t bucket : kDocumentBuckets) {
    if (length <= bucket - kLengthBytes) return bucket;
  }
  return 0;
}

std::optional<Part> PartOf(size_t bucket) {
  if (bucket == kPriceBucket) return Part::kPrice;
  const bool documents =
      std::find(kDocumentBuckets.begin(), kDocumentBuckets.end(), bucket) != kDocumentBuckets.end();
  return documents ? std::optional(Part::kDocuments) : std::nullopt;
}

Error Malformed(std::string detail) {
  return Error(Reason::kENVELOPE_MALFORMED, {{"detail", std::move(detail)}});
}

// Reads the boxes; an error when one could not have been made by an honest bidder.
Result<std::vector<Box>> TakeBoxes(std::string_view& rest, Suite suite) {
  const std::optional<std::string_view> count = Take(rest, 1);
  const uint64_t holders = count ? NumberOf(*count) : 0;
  if (holders < static_cast<uint64_t>(kMinThreshold) || holders > kMaxHolders) {
    return Malformed("it does not have 2..15 boxes");
  }
  std::vector<Box> boxes;
  for (uint64_t i = 0; i < holders; ++i) {
    const std::optional<std::string_view> key = Take(rest, PublicKeyBytes(suite));
    const std::optional<std::string_view> sealed = Take(rest, BoxBytes(suite));
    if (!key || !sealed) return Malformed("it ends within its boxes");
    if (!IsPublicKey(suite, *key)) return Malformed("the key of a box is none of the suite");
    boxes.push_back({std::string(*key), std::string(*sealed)});
  }
  return boxes;
}

}  // namespace

namespace internal {

std::string EncodeContext(const Context& context) {
  return Field(1, SuiteId(context.suite)) + Field(2, context.origin) + Field(3, context.auction) +
         Field(4, context.lot) + Field(5, context.bidder) + Field(6, Number(context.version, 4)) +
         Field(7, context.rules_hash) + Field(8, context.holder_set_id);
}

std::string Commitment(Suite suite, std::string_view context, std::string_view seed) {
  return Hash(suite, {kCommitmentLabel, context, seed});
}

Derived Derive(std::string_view seed, std::string_view context, const HolderSet& holders) {
  Derived derived;
  derived.context = std::string(context);
  derived.commitment = Commitment(holders.suite(), context, seed);
  std::vector<SecretBytes> coefficients;
  for (int degree = 1; degree < holders.threshold(); ++degree) {
    coefficients.push_back(
        DeriveKey(holders.suite(), seed, {"coef", context, IndexByte(degree)}, kSeedBytes));
  }
  const SecretBytes secret(seed);
  for (int index = 1; index <= holders.size(); ++index) {
    derived.shares.push_back(ShareAt(secret, coefficients, index));
  }
  return derived;
}

Box MakeBox(std::string_view seed, const Derived& derived, const HolderSet& holders, int index) {
  const Suite suite = holders.suite();
  const std::string& box_key = holders.holder(index).box_key;
  const SecretBytes ephemeral = DerivePrivateKey(suite, seed, {"eph", derived.context, IndexByte(index)});
  Box box;
  box.ephemeral_key = PublicKeyOf(suite, ephemeral);
  const SecretBytes shared = Agree(suite, ephemeral, box_key);
  const std::string associated = derived.context + derived.commitment + std::string(IndexByte(index));
  box.sealed_share = SealBox(suite, shared.view(), {"box", derived.context, box.ephemeral_key, box_key},
                             associated, derived.shares[static_cast<size_t>(index - 1)]);
  return box;
}

std::optional<SecretBytes> ReadBox(const Envelope& envelope, const SecretBytes& box_private,
                                   std::string_view box_key, int index) {
  const Box& box = envelope.boxes[static_cast<size_t>(index - 1)];
  const std::string context = EncodeContext(envelope.context);
  const SecretBytes shared = Agree(envelope.context.suite, box_private, box.ephemeral_key);
  const std::string associated = context + envelope.commitment + std::string(IndexByte(index));
  return OpenBox(envelope.context.suite, shared.view(), {"box", context, box.ephemeral_key, box_key},
                 associated, box.sealed_share);
}

std::optional<SecretBytes> ReadBody(const Envelope& envelope, std::string_view seed) {
  const std::string context = EncodeContext(envelope.context);
  return OpenBody(envelope.context.suite, seed, {"bid", context}, context + envelope.commitment,
                  envelope.body);
}

std::optional<std::string_view> Unpad(std::string_view padded) {
  const std::optional<std::string_view> length = Take(padded, kLengthBytes);
  return length ? Take(padded, NumberOf(*length)) : std::nullopt;
}

}  // namespace internal

Result<std::string> Seal(std::string_view seed, const Context& context, const HolderSet& holders, Part part,
                         std::string_view content) {
  TTX_CHECK(seed.size() == kSeedBytes, "a seed has 32 bytes");
  TTX_RETURN_IF_ERROR(CheckContext(context));
  if (context.suite != holders.suite() || context.holder_set_id != holders.id()) {
    return Error(Reason::kWRONG_HOLDER_SET, {{"expected", Hex(holders.id())}});
  }
  const size_t bucket = BucketOf(part, content.size());
  if (bucket == 0) {
    const size_t max = part == Part::kPrice ? kMaxPriceBytes : kMaxDocumentsBytes;
    return InvalidField("content", Reason::kTOO_LONG, "0.." + std::to_string(max) + " bytes");
  }
  const internal::Derived derived = internal::Derive(seed, internal::EncodeContext(context), holders);
  std::string bytes(kMagic);
  bytes += Number(derived.context.size(), 2) + derived.context + derived.commitment;
  bytes += Number(static_cast<uint64_t>(holders.size()), 1);
  for (int index = 1; index <= holders.size(); ++index) {
    const Box box = internal::MakeBox(seed, derived, holders, index);
    bytes += box.ephemeral_key + box.sealed_share;
  }
  SecretBytes padded(bucket);
  const std::string length = Number(content.size(), kLengthBytes);
  std::copy(content.begin(), content.end(), std::copy(length.begin(), length.end(), padded.data()));
  const std::string body = SealBody(context.suite, seed, {"bid", derived.context},
                                    derived.context + derived.commitment, padded.view());
  return bytes + Number(body.size(), kLengthBytes) + body;
}

Result<Envelope> ParseEnvelope(std::string_view bytes) {
  if (bytes.size() > kMaxEnvelopeBytes) return Malformed("it is longer than any envelope");
  std::string_view rest = bytes;
  if (Take(rest, kMagic.size()) != kMagic) return Malformed("it does not begin with TTX-SB and version 1");
  const std::optional<std::string_view> context_length = Take(rest, 2);
  const uint64_t context_bytes = context_length ? NumberOf(*context_length) : 0;
  const std::optional<std::string_view> encoded =
      context_bytes <= kMaxContextBytes ? Take(rest, context_bytes) : std::nullopt;
  std::optional<Context> context = encoded ? DecodeContext(*encoded) : std::nullopt;
  if (!context) return Malformed("its context cannot be read");
  Envelope envelope;
  envelope.context = std::move(*context);
  const std::optional<std::string_view> commitment = Take(rest, kHashBytes);
  if (!commitment) return Malformed("it ends before its boxes");
  envelope.commitment = std::string(*commitment);
  TTX_TRY(envelope.boxes, TakeBoxes(rest, envelope.context.suite));
  const std::optional<std::string_view> body_length = Take(rest, kLengthBytes);
  if (!body_length || NumberOf(*body_length) != rest.size()) return Malformed("its body has another length");
  const size_t overhead = BodyOverheadBytes(envelope.context.suite);
  const std::optional<Part> part = rest.size() > overhead ? PartOf(rest.size() - overhead) : std::nullopt;
  if (!part) return Malformed("its body has a length nothing is padded to");
  envelope.part = *part;
  envelope.body = std::string(rest);
  envelope.bytes = std::string(bytes);
  envelope.digest = Hash(envelope.context.suite, {bytes});
  return envelope;
}

Status CheckAddressed(const Envelope& envelope, const Context& expected, const HolderSet& holders) {
  const Context& found = envelope.context;
  const auto other = [](const char* field) {
    return Error(Reason::kENVELOPE_MISADDRESSED, {{"field", field}});
  };
  if (found.suite != expected.suite) return other("suite");
  if (found.origin != expected.origin) return other("origin");
  if (found.auction != expected.auction) return other("auction");
  if (found.lot != expected.lot) return other("lot");
  if (found.bidder != expected.bidder) return other("bidder");
  if (found.version != expected.version) return other("version");
  if (found.rules_hash != expected.rules_hash) return other("rules_hash");
  if (found.holder_set_id != expected.holder_set_id || found.holder_set_id != holders.id() ||
      envelope.boxes.size() != holders.holders().size()) {
    return Error(Reason::kWRONG_HOLDER_SET, {{"expected", Hex(holders.id())}});
  }
  return {};
}

std::string FormatPrice(Fen price) { return std::string(kPriceHeader) + std::to_string(price.value) + "\n"; }

Result<Fen> ParsePrice(std::string_view content) {
  const Error malformed(Reason::kMALFORMED_BODY,
                        {{"detail", "a sealed price is \"ttx-price-v1\" and \"fen N\""}});
  if (!content.starts_with(kPriceHeader) || !content.ends_with('\n')) return malformed;
  const std::optional<int64_t> value =
      ParseDecimal(content.substr(kPriceHeader.size(), content.size() - kPriceHeader.size() - 1), kMaxFen);
  if (!value || *value < 1) return malformed;
  return Fen{*value};
}

}  // namespace ttx::sealed
