#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx {

/// An identifier that cannot be mixed up with another kind. The text is a lower-case ULID unless the kind says else.
template <class Tag>
struct Id {
  std::string text;
  auto operator<=>(const Id&) const = default;
  bool empty() const { return text.empty(); }
};

/// Makes identifiers: 26 lower-case Crockford base-32 symbols, 48 bits of milliseconds then 80 bits of randomness,
/// so they sort by time of making.
class IdSource {
 public:
  virtual ~IdSource() = default;
  /// 10 random bytes; the production source reads them from the operating system (libs/crypto).
  virtual std::string RandomBytes(size_t count) = 0;
  std::string Next(Time now);
};

/// Whether `text` has the form IdSource makes.
bool IsUlid(std::string_view text);

/// "listings/01abc" -> "01abc" when `collection` is "listings" and the rest is a valid resource id
/// (1..64 of [a-z0-9-]); otherwise BAD_FORMAT on `field`.
Result<std::string> ParseName(std::string_view name, std::string_view collection, std::string_view field);

}  // namespace ttx
