#include "libs/sealed/share_report.h"

#include <algorithm>
#include <iterator>

#include "libs/core/encoding.h"
#include "libs/sealed/close_proof.h"
#include "libs/sealed/signed_text.h"
#include "libs/sealed/text_file.h"

namespace ttx::sealed {
namespace {

constexpr std::string_view kHeader = "ttx-shares-v1";

Error Wrong(std::string_view holder, std::string detail) {
  return Error(Reason::kWRONG_SHARE, {{"holder", std::string(holder)}, {"detail", std::move(detail)}});
}

// The text before the signature. Built in one buffer of the right size, so that no copy of a share stays
// behind.
SecretBytes Format(const ShareReport& report, const HolderSet& holders) {
  constexpr size_t kLineBytes = 160;
  std::string text;
  text.reserve(1024 + report.lines.size() * kLineBytes);
  text.append(kHeader).append("\nsuite ").append(SuiteId(holders.suite()));
  text.append("\nauction ").append(report.auction);
  text.append("\nclose ").append(Hex(report.close_digest));
  text.append("\nholders ").append(Hex(holders.id()));
  text.append("\nholder ").append(std::to_string(report.holder)).append(" ");
  text.append(holders.holder(report.holder).name).append("\n");
  for (const ShareReport::Line& line : report.lines) {
    if (!line.value) {
      text.append("unreadable ").append(Hex(line.envelope_digest)).append("\n");
      continue;
    }
    std::string hex = Hex(line.value->view());
    text.append("share ").append(Hex(line.envelope_digest)).append(" ").append(hex).append("\n");
    Wipe(hex);
  }
  SecretBytes bytes(text);
  Wipe(text);
  return bytes;
}

const ShareReport::Line* LineOf(const ShareReport& report, std::string_view envelope_digest) {
  const auto it = std::lower_bound(
      report.lines.begin(), report.lines.end(), envelope_digest,
      [](const ShareReport::Line& line, std::string_view digest) { return line.envelope_digest < digest; });
  return it == report.lines.end() || it->envelope_digest != envelope_digest ? nullptr : &*it;
}

std::optional<ShareReport::Line> ReadLine(LineReader& reader) {
  ShareReport::Line line;
  std::optional<std::string_view> words = reader.After("share");
  const bool readable = words.has_value();
  if (!readable) words = reader.After("unreadable");
  if (!words) return std::nullopt;
  const std::optional<std::string> digest = Hash32FromHex(TakeWord(*words));
  if (!digest) return std::nullopt;
  line.envelope_digest = *digest;
  if (readable) {
    std::optional<std::string> value = Hash32FromHex(*words);
    if (!value) return std::nullopt;
    line.value = SecretBytes(*value);
    Wipe(*value);
  }
  return line;
}

std::optional<ShareReport> Parse(std::string_view text, const HolderSet& holders) {
  LineReader reader(text);
  ShareReport report;
  if (reader.Next() != kHeader || reader.After("suite") != SuiteId(holders.suite())) return std::nullopt;
  const std::optional<std::string_view> auction = reader.After("auction");
  if (!auction || !IsToken(*auction, kMaxAuctionBytes)) return std::nullopt;
  report.auction = std::string(*auction);
  const std::optional<std::string_view> close = reader.After("close");
  const std::optional<std::string> close_digest = close ? Hash32FromHex(*close) : std::nullopt;
  if (!close_digest || reader.After("holders") != Hex(holders.id())) return std::nullopt;
  report.close_digest = *close_digest;
  std::optional<std::string_view> holder = reader.After("holder");
  const std::optional<int64_t> index =
      holder ? ParseDecimal(TakeWord(*holder), holders.size()) : std::nullopt;
  if (!index || *index < 1 || *holder != holders.holder(static_cast<int>(*index)).name) return std::nullopt;
  report.holder = static_cast<int>(*index);
  while (!reader.rest().empty()) {
    std::optional<ShareReport::Line> line = ReadLine(reader);
    const bool ascending =
        line && (report.lines.empty() || report.lines.back().envelope_digest < line->envelope_digest);
    if (!ascending || report.lines.size() == static_cast<size_t>(kMaxEnvelopes)) return std::nullopt;
    report.lines.push_back(std::move(*line));
  }
  if (Format(report, holders).view() != text) return std::nullopt;
  return report;
}

}  // namespace

Result<SecretBytes> SignShareReport(const ShareReport& report, const HolderSet& holders,
                                    const HolderKey& key) {
  if (report.holder == 0 || holders.IndexOf(key) != report.holder) {
    return Error(Reason::kWRONG_HOLDER_SET, {{"expected", Hex(holders.id())}});
  }
  const SecretBytes text = Format(report, holders);
  if (!Parse(text.view(), holders)) return InvalidField("report", Reason::kBAD_FORMAT);
  TTX_TRY(const std::string line,
          SignatureLine(text.view(), SignatureSuite(holders.suite()), key.signing_pem.view()));
  return Join({text.view(), line});
}

Result<ShareReport> VerifyShareReport(std::string_view text, const HolderSet& holders) {
  const std::optional<SignedText> parts = SplitSignature(text);
  std::optional<ShareReport> report = parts ? Parse(parts->text, holders) : std::nullopt;
  if (!report) return Wrong("?", "the file is no list of shares of a holder of this auction");
  const Holder& holder = holders.holder(report->holder);
  if (parts->suite != SignatureSuite(holders.suite()) ||
      !crypto::Verify(parts->suite, holder.signing_pem, parts->text, parts->signature)) {
    return Wrong(holder.name, "the signature is not the holder's");
  }
  return std::move(*report);
}

std::vector<ShareReport> SplitReport(ShareReport report) {
  const size_t total = report.lines.size();
  const size_t count = std::max<size_t>(1, (total + kMaxPartLines - 1) / kMaxPartLines);
  std::vector<ShareReport> parts;
  auto line = report.lines.begin();
  for (size_t i = 0; i < count; ++i) {
    ShareReport& part = parts.emplace_back(ShareReport{report.auction, report.close_digest, report.holder, {}});
    const auto end = line + static_cast<std::ptrdiff_t>(total / count + (i < total % count ? 1 : 0));
    part.lines.assign(std::move_iterator(line), std::move_iterator(end));
    line = end;
  }
  return parts;
}

Result<bool> AddPart(ShareReport& report, const ShareReport& part) {
  const auto wrong = [&](std::string detail) { return Wrong(std::to_string(part.holder), std::move(detail)); };
  if (part.holder != report.holder || part.auction != report.auction || part.close_digest != report.close_digest) {
    return wrong("a part of another list");
  }
  size_t known = 0;
  for (const ShareReport::Line& line : part.lines) {
    const ShareReport::Line* earlier = LineOf(report, line.envelope_digest);
    if (earlier == nullptr) continue;
    if (earlier->value != line.value) {
      return wrong("an earlier part says something else of the envelope " + Hex(line.envelope_digest));
    }
    ++known;
  }
  if (known == part.lines.size()) return false;
  if (known > 0) return wrong("an earlier part names " + std::to_string(known) + " of its envelopes already");
  const auto middle = static_cast<std::ptrdiff_t>(report.lines.size());
  report.lines.insert(report.lines.end(), part.lines.begin(), part.lines.end());
  std::inplace_merge(report.lines.begin(), report.lines.begin() + middle, report.lines.end(),
                     [](const auto& a, const auto& b) { return a.envelope_digest < b.envelope_digest; });
  return true;
}

std::optional<Share> ShareOf(const ShareReport& report, std::string_view envelope_digest) {
  const ShareReport::Line* line = LineOf(report, envelope_digest);
  if (line == nullptr) return std::nullopt;
  return Share{report.holder, line->value};
}

}  // namespace ttx::sealed
