#include "services/listing/domain/common.h"

#include <algorithm>
#include <set>

#include "libs/core/encoding.h"
#include "libs/core/text.h"
#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

constexpr int64_t kMaxAttachmentBytes = 10LL << 30;

bool Share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() || b.empty()) return true;
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& text) { return std::find(b.begin(), b.end(), text) != b.end(); });
}

// ISO dates compare as texts.
bool PeriodsOverlap(const RightScope& a, const RightScope& b) {
  const auto before = [](const RightScope& first, const RightScope& second) {
    return !first.term_end_date.empty() && !second.term_start_date.empty() &&
           first.term_end_date < second.term_start_date;
  };
  return !before(a, b) && !before(b, a);
}

bool IsRegion(std::string_view code) {
  return code.size() == 6 &&
         std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool MovesTitle(Kind kind) {
  switch (kind) {
    case Kind::kTransferPatent:
    case Kind::kTransferApplication:
    case Kind::kTransferKnowhow:
    case Kind::kTransferOtherIp:
    case Kind::kEquityContribution:
      return true;
    case Kind::kUnspecified:
    case Kind::kLicenseExclusive:
    case Kind::kLicenseSole:
    case Kind::kLicenseOrdinary:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

bool Conflicts(const RightScope& a, const RightScope& b) {
  if (MovesTitle(a.kind) || MovesTitle(b.kind)) return true;
  if (a.kind == Kind::kLicenseOrdinary && b.kind == Kind::kLicenseOrdinary) return false;
  return Share(a.territories, b.territories) && Share(a.fields, b.fields) && PeriodsOverlap(a, b);
}

std::string At(std::string_view path, size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

Status CheckOptionalDate(std::string_view text, std::string_view field) {
  if (text.empty()) return {};
  TTX_TRY([[maybe_unused]] const Date date, ParseDate(text, field));
  return {};
}

Status CheckTags(const std::vector<std::string>& tags, size_t max_count, size_t max_chars,
                 std::string_view path) {
  if (tags.size() > max_count) {
    return InvalidField(std::string(path), Reason::kTOO_MANY, "0.." + std::to_string(max_count));
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < tags.size(); ++i) {
    TTX_RETURN_IF_ERROR(CheckText(tags[i], 1, max_chars, At(path, i)));
    if (!seen.insert(tags[i]).second) return InvalidField(At(path, i), Reason::kDUPLICATE);
  }
  return {};
}

Status CheckAttachment(const Attachment& attachment, const std::string& path) {
  TTX_RETURN_IF_ERROR(CheckText(attachment.name, 1, kMaxNameChars, path + ".name"));
  // The bytes are kept by their digest alone; whoever saves them under this name must not be led elsewhere.
  if (attachment.name.find_first_of("/\\") != std::string::npos || attachment.name == "." ||
      attachment.name == "..") {
    return InvalidField(path + ".name", Reason::kBAD_FORMAT, "a file name without a path");
  }
  const auto digest = FromHex(attachment.sha256);
  if (!digest || digest->size() != 32) {
    return InvalidField(path + ".sha256", Reason::kBAD_FORMAT, "64 hexadecimal digits");
  }
  if (attachment.size < 1 || attachment.size > kMaxAttachmentBytes) {
    return InvalidField(path + ".size", Reason::kOUT_OF_RANGE, "1.." + std::to_string(kMaxAttachmentBytes));
  }
  return {};
}

Status CheckAttachments(const std::vector<Attachment>& attachments, std::string_view path) {
  if (attachments.size() > kMaxAttachments) {
    return InvalidField(std::string(path), Reason::kTOO_MANY, "0.." + std::to_string(kMaxAttachments));
  }
  for (size_t i = 0; i < attachments.size(); ++i) TTX_RETURN_IF_ERROR(CheckAttachment(attachments[i], At(path, i)));
  return {};
}

Status CheckRightScope(const RightScope& scope, std::string_view path) {
  const std::string prefix = std::string(path) + ".";
  if (scope.kind == Kind::kUnspecified) return InvalidField(prefix + "kind", Reason::kREQUIRED);
  TTX_RETURN_IF_ERROR(CheckTags(scope.territories, kMaxTags, 6, prefix + "territories"));
  for (size_t i = 0; i < scope.territories.size(); ++i) {
    if (!IsRegion(scope.territories[i])) {
      return InvalidField(At(prefix + "territories", i), Reason::kBAD_FORMAT, "6 digits of GB/T 2260");
    }
  }
  TTX_RETURN_IF_ERROR(CheckTags(scope.fields, kMaxTags, 100, prefix + "fields"));
  TTX_RETURN_IF_ERROR(CheckOptionalDate(scope.term_start_date, prefix + "term_start_date"));
  TTX_RETURN_IF_ERROR(CheckOptionalDate(scope.term_end_date, prefix + "term_end_date"));
  if (!scope.term_start_date.empty() && !scope.term_end_date.empty() &&
      scope.term_end_date < scope.term_start_date) {
    return InvalidField(prefix + "term_end_date", Reason::kOUT_OF_RANGE, ">= term_start_date");
  }
  return {};
}

}  // namespace ttx::listing
