#include "services/server/feed_report.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "libs/rpc/feed.h"
#include "libs/storage/codec.h"
#include "libs/storage/txn.h"

namespace ttx::server {
namespace {

using storage::ShellTable;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr size_t kSourcesMax = 100;
constexpr size_t kRefusalsMax = 100;

void WriteText(JsonWriter& json, const char* key, const std::string& value) {
  json.Key(key);
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void WriteFeed(JsonWriter& json, const std::string& service, const std::string& source,
               const storage::Reader& reader) {
  json.StartObject();
  WriteText(json, "service", service);
  WriteText(json, "source", source);
  json.Key("cursor");
  json.Uint64(rpc::FeedCursor(reader, source));
  json.Key("refusals");
  json.StartArray();
  for (const rpc::FeedRefusal& refusal : rpc::NewestRefusals(reader, source, kRefusalsMax)) {
    json.StartObject();
    json.Key("sequence");
    json.Uint64(refusal.sequence);
    WriteText(json, "reason", refusal.reason);
    if (!refusal.type.empty()) WriteText(json, "event", refusal.type);
    if (!refusal.resource.empty()) WriteText(json, "resource", refusal.resource);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

}  // namespace

std::string FeedReport(const std::map<std::string, const storage::Kv*>& stores) {
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.StartObject();
  json.Key("feeds");
  json.StartArray();
  constexpr auto kTable = static_cast<uint8_t>(ShellTable::kFeedCursor);
  for (const auto& [service, store] : stores) {
    const std::unique_ptr<storage::Reader> reader = store->Snapshot();
    for (const storage::Entry& entry :
         reader->Scan(storage::PrefixRange(storage::Key(kTable).str()), kSourcesMax)) {
      WriteFeed(json, service, storage::KeyReader(entry.key, kTable).Text(), *reader);
    }
  }
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace ttx::server
