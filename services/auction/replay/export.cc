#include <cstdint>
#include <utility>

#include "services/auction/replay/exporter.h"
#include "services/auction/replay/session.h"
#include "services/auction/store/auction_store.h"

namespace ttx::auction::replay {
namespace {

Status WriteAll(GroupReader::Fetch fetch, SessionWriter& writer) {
  GroupReader reader(std::move(fetch), UINT64_MAX, SIZE_MAX);
  Exporter exporter;
  std::string object;
  while (true) {
    TTX_TRY(const Exporter::Found found, exporter.Next(reader, object));
    if (found != Exporter::Found::kLine) return {};
    writer.Write(object);
  }
}

}  // namespace

Status ExportEvents(const std::vector<Event>& events, const std::string& log_hash, SessionWriter& writer) {
  return WriteAll(
      [&](uint64_t after, size_t most) {
        std::vector<StoredEvent> page;
        for (size_t i = after; i < events.size() && page.size() < most; ++i) {
          StoredEvent stored;
          stored.sequence = i + 1;
          stored.log_hash = log_hash;
          stored.event = events[i];
          page.push_back(std::move(stored));
        }
        return page;
      },
      writer);
}

Status ExportSession(const storage::Reader& reader, std::string_view secrets_key, const AuctionId& id,
                     SessionWriter& writer) {
  const Vault vault(secrets_key);
  if (!LoadAuction(reader, vault, id)) return Error(Reason::kNOT_FOUND, {{"resource", "auctions/" + id.text}});
  return WriteAll(
      [&](uint64_t after, size_t most) { return ListSessionEvents(reader, vault, id, after, most); }, writer);
}

}  // namespace ttx::auction::replay
