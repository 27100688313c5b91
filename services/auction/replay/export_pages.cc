#include "services/auction/replay/export_pages.h"

#include <algorithm>
#include <charconv>

namespace ttx::auction::replay {
namespace {

// Takes a number and what follows it off `text`; false when there is no such.
template <class Number>
bool TakeNumber(std::string_view& text, std::string_view end, Number& number) {
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(stop - text.data()));
  if (!text.starts_with(end)) return false;
  text.remove_prefix(end.size());
  return true;
}

}  // namespace

std::string ExportPages::Print(const Name& name) {
  return std::to_string(name.last) + "." + std::to_string(name.lines);
}

Result<ExportPages::Name> ExportPages::Parse(const storage::Reader& reader, const AuctionId& id,
                                             std::string_view from) {
  Name name{id.text, 0, 0};
  if (from.empty()) {
    name.last = LastSessionEvent(reader, id);
    return name;
  }
  std::string_view rest = from;
  const bool read = TakeNumber(rest, ".", name.last) && TakeNumber(rest, "", name.lines) && rest.empty();
  if (!read || name.lines < 0 || Print(name) != from || !IsSessionEvent(reader, id, name.last)) {
    return InvalidField("page_token", Reason::kBAD_FORMAT);
  }
  return name;
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
