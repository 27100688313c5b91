#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/sealed/holders.h"
#include "libs/sealed/suite.h"

namespace ttx::sealed {

/// Sealed bids that nobody can open before enough key holders agree (reliability.md 4.1). Everything in an
/// envelope follows from one seed, so whoever has the seed can make the same envelope again and see that it
/// was made honestly. docs/formats.md, "Sealed envelopes", has the bytes; docs/sealed_bids.md what they
/// protect.

inline constexpr size_t kMaxOriginBytes = 255;
inline constexpr size_t kMaxAuctionBytes = 128;
inline constexpr size_t kMaxLotBytes = 64;
inline constexpr size_t kMaxBidderBytes = 64;

/// To whom and for what an envelope is sealed; stands in the clear in it and goes into every key. Texts are
/// visible ASCII.
struct Context {
  Suite suite = Suite::kTtxSb1;
  std::string origin;         // the installation, 1..255
  std::string auction;        // 1..128
  std::string lot;            // 1..64
  std::string bidder;         // the bidder's code, 1..64
  uint32_t version = 1;       // of this bidder's envelope in this auction, from 1
  std::string rules_hash;     // 32 bytes: the rules as they were published
  std::string holder_set_id;  // 32 bytes, HolderSet::id()

  bool operator==(const Context&) const = default;
};

/// What an envelope holds. Each part has a seed of its own, so that publishing that of the price opens
/// nothing else. The padded length tells them apart: 512 bytes are a price, 64 KiB, 1, 8 or 64 MiB documents.
enum class Part { kPrice, kDocuments };

inline constexpr size_t kMaxPriceBytes = 508;
inline constexpr size_t kMaxDocumentsBytes = (64U << 20) - 4;
/// No envelope is longer.
inline constexpr size_t kMaxEnvelopeBytes = (64U << 20) + 8192;

/// Makes the envelope. `seed` is 32 bytes nobody can foresee, used for this envelope only; the bidder keeps
/// it, so that it can open its own bid when the holders cannot. INVALID_FIELD on a field of `context` or on
/// `content` (TOO_LONG), WRONG_HOLDER_SET when `context` names other holders.
Result<std::string> Seal(std::string_view seed, const Context& context, const HolderSet& holders, Part part,
                         std::string_view content);

/// What one holder is given: its share, sealed to its key.
struct Box {
  std::string ephemeral_key;
  std::string sealed_share;

  bool operator==(const Box&) const = default;
};

/// An envelope that is well-formed; nothing more is known of what is inside.
struct Envelope {
  Context context;
  Part part = Part::kPrice;
  std::string commitment;  // 32 bytes, to the seed
  std::vector<Box> boxes;  // of the holders 1..n
  std::string body;        // the padded bid, encrypted
  std::string bytes;       // all of it
  std::string digest;      // the suite's digest of `bytes`, 32 bytes: names the envelope
};

/// Reads an envelope strictly: exact lengths, canonical context, every key a possible one (reliability.md
/// N97). ENVELOPE_MALFORMED otherwise.
Result<Envelope> ParseEnvelope(std::string_view bytes);

/// ENVELOPE_MISADDRESSED with the first `field` in which the envelope differs from what is expected (N96);
/// WRONG_HOLDER_SET when it is the holders, or their number.
Status CheckAddressed(const Envelope& envelope, const Context& expected, const HolderSet& holders);

/// The content of a price envelope, and its inverse. CheckAmount's limits; MALFORMED_BODY when it is no such
/// text.
std::string FormatPrice(Fen price);
Result<Fen> ParsePrice(std::string_view content);

namespace internal {

/// What follows from a seed without the bid: shared by sealing and by judging.
struct Derived {
  std::string context;  // encoded
  std::string commitment;
  std::vector<SecretBytes> shares;  // of the holders 1..n
};
std::string Commitment(Suite suite, std::string_view context, std::string_view seed);
Derived Derive(std::string_view seed, std::string_view context, const HolderSet& holders);
Box MakeBox(std::string_view seed, const Derived& derived, const HolderSet& holders, int index);
/// The share in a box; nothing when the box is not what an honest bidder makes.
std::optional<SecretBytes> ReadBox(const Envelope& envelope, const SecretBytes& box_private,
                                   std::string_view box_key, int index);
std::string EncodeContext(const Context& context);
/// The padded bid in the body; nothing when the seed is not the body's.
std::optional<SecretBytes> ReadBody(const Envelope& envelope, std::string_view seed);
/// The content of a padded bid; nothing when its length cannot be. The padding is not looked at.
std::optional<std::string_view> Unpad(std::string_view padded);

}  // namespace internal
}  // namespace ttx::sealed
