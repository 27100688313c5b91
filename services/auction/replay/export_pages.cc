#include "services/auction/replay/export_pages.h"

#include <algorithm>
#include <cstdint>

namespace ttx::auction::replay {
namespace {

constexpr std::string_view kUse = "export";
constexpr size_t kNumberBytes = 8;
constexpr size_t kMaxTokenBytes = 512;

// Big-endian, so that all tokens have one length.
std::string Bytes(uint64_t number) {
  std::string bytes(kNumberBytes, '\0');
  for (size_t i = kNumberBytes; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

uint64_t NumberAt(std::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (const char byte : bytes.substr(at, kNumberBytes)) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

std::string ExportPages::Print(const Name& name) const {
  return vault_.SealToken({name.session}, kUse, Bytes(name.last) + Bytes(static_cast<uint64_t>(name.lines)));
}

Result<ExportPages::Name> ExportPages::Parse(const storage::Reader& reader, const AuctionId& id,
                                             std::string_view from) const {
  if (from.empty()) return Name{id.text, LastSessionEvent(reader, id), 0};
  std::optional<std::string> content;
  if (from.size() <= kMaxTokenBytes) content = vault_.OpenToken(id, kUse, from);
  if (!content || content->size() != 2 * kNumberBytes) return InvalidField("page_token", Reason::kBAD_FORMAT);
  return Name{id.text, NumberAt(*content, 0), static_cast<int64_t>(NumberAt(*content, kNumberBytes))};
}

Result<ExportPage> ExportPages::Read(const storage::Reader& reader, const AuctionId& id, std::string_view from,
                                     size_t max_lines) const {
  TTX_TRY(Name name, Parse(reader, id, from));
  Place place = places_.Last({name.session, name.last, 0}, name).value_or(Place{});
  GroupReader groups(
      [&](uint64_t after, size_t most) { return ListSessionEvents(reader, vault_, id, after, most); }, name.last,
      kMaxEvents);
  ExportPage page;
  size_t bytes = 0;
  std::string object;
  while (page.lines.size() < std::min(max_lines, kMaxLines) && bytes < kMaxBytes) {
    TTX_TRY(const Exporter::Found found, place.exporter.Next(groups, object));
    if (found == Exporter::Found::kEnd && place.lines < name.lines) {
      return InvalidField("page_token", Reason::kBAD_FORMAT);
    }
    if (found != Exporter::Found::kLine) break;
    std::string line = place.chain.Link(object);
    ++place.lines;
    if (place.lines <= name.lines) continue;
    bytes += line.size();
    page.lines.push_back(std::move(line));
  }
  if (place.exporter.done()) return page;
  places_.Put({name.session, name.last, place.lines}, place);
  name.lines = std::max(name.lines, place.lines);
  page.next = Print(name);
  return page;
}

}  // namespace ttx::auction::replay
