#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::listing {

using AchievementId = Id<struct AchievementTag>;
using ListingId = Id<struct ListingTag>;
using IntentId = Id<struct IntentTag>;

/// A file kept elsewhere, named by its digest.
struct Attachment {
  std::string name;
  std::string sha256;  // hex
  int64_t size = 0;    // bytes
  bool operator==(const Attachment&) const = default;
};

/// Kinds of transactions that can be listed (domain.md 3.1). The numbers are those of the API and of records.
enum class Kind : int32_t {
  kUnspecified = 0,
  kTransferPatent = 1,
  kTransferApplication = 2,
  kTransferKnowhow = 3,
  kTransferOtherIp = 4,
  kLicenseExclusive = 5,
  kLicenseSole = 6,
  kLicenseOrdinary = 7,
  kEquityContribution = 8,
};

/// Whether title moves: a transfer, or a contribution to equity, which is treated as one.
bool MovesTitle(Kind kind);

/// What is sold. Empty lists and dates mean "everywhere", "every field", "from the contract on", "as long as
/// it lasts".
struct RightScope {
  Kind kind = Kind::kUnspecified;
  std::vector<std::string> territories;  // GB/T 2260 codes
  std::vector<std::string> fields;
  std::string term_start_date;  // "YYYY-MM-DD"
  std::string term_end_date;
  bool operator==(const RightScope&) const = default;
};

/// Whether two listings of one achievement may not stand side by side: a transfer conflicts with everything,
/// an exclusive or sole licence with every other licence whose territory, field and period overlap
/// (domain.md 3.1).
bool Conflicts(const RightScope& a, const RightScope& b);

/// INVALID_FIELD for the first field that is wrong; field paths start with `path` + ".".
Status CheckRightScope(const RightScope& scope, std::string_view path);
/// What is wrong with name, digest or size; field paths start with `path` + ".".
Status CheckAttachment(const Attachment& attachment, const std::string& path);
/// TOO_MANY, or what is wrong with one of them.
Status CheckAttachments(const std::vector<Attachment>& attachments, std::string_view path);
/// Like ParseDate, and nothing when `text` is empty.
Status CheckOptionalDate(std::string_view text, std::string_view field);
/// A list of short texts without duplicates.
Status CheckTags(const std::vector<std::string>& tags, size_t max_count, size_t max_chars,
                 std::string_view path);

/// "a[3]": the field path of an element.
std::string At(std::string_view path, size_t index);

}  // namespace ttx::listing
