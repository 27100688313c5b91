#include "services/server/export_client.h"

#include <rapidjson/document.h>

#include <chrono>
#include <ostream>
#include <thread>
#include <vector>

#include "services/server/demo/http_client.h"

namespace ttx::server {
namespace {

using demo::HttpClient;
using demo::HttpResponse;

constexpr int kMaxRefusals = 60;  // in a row
constexpr std::chrono::seconds kPatience{1};
// Pages without lines in a row, where the server looks for where to go on: of a million bids some 400.
constexpr int kMaxEmptyPages = 2000;
constexpr std::chrono::milliseconds kEmptyPause{20};
constexpr long kOk = 200;
constexpr long kTooManyRequests = 429;
constexpr long kUnavailable = 503;

std::string TextAt(const rapidjson::Document& json, const char* member) {
  if (!json.IsObject() || !json.HasMember(member) || !json[member].IsString()) return "";
  return {json[member].GetString(), json[member].GetStringLength()};
}

Error NoGateway(const std::string& url, const std::string& detail) {
  return Error(Reason::kCANNOT_OPEN_FILE, {{"path", url}, {"detail", detail}});
}

// What a problem document says.
Error ErrorOf(const std::string& url, const HttpResponse& response, const rapidjson::Document& json) {
  const ReasonInfo* info = FindReason(TextAt(json, "reason"));
  if (info == nullptr) return NoGateway(url, "HTTP status " + std::to_string(response.status));
  Error error(static_cast<Reason>(info - AllReasons().data()));
  if (!json.HasMember("metadata") || !json["metadata"].IsObject()) return error;
  for (const auto& [name, value] : json["metadata"].GetObject()) {
    if (value.IsString()) error.metadata[name.GetString()] = value.GetString();
  }
  return error;
}

// One page, asked for again while the server is busy.
HttpResponse GetPage(HttpClient& http, const std::string& path) {
  HttpResponse response;
  for (int refusals = 0; refusals < kMaxRefusals; ++refusals) {
    response = http.Get(path, {"Accept: application/json"});
    if (response.status != kTooManyRequests && response.status != kUnavailable) break;
    std::this_thread::sleep_for(kPatience);
  }
  return response;
}

}  // namespace

Status ExportFromServer(const std::string& url, const std::string& ca_file, const std::string& id,
                        std::ostream& out) {
  HttpClient http(url, ca_file);
  const std::string path = "/v1/auctions/" + HttpClient::Escape(id) + ":export?page_size=2000";
  std::string token;
  int empty_pages = 0;
  do {
    const HttpResponse response =
        GetPage(http, path + (token.empty() ? "" : "&page_token=" + HttpClient::Escape(token)));
    if (response.status == 0) return NoGateway(url, response.error);
    rapidjson::Document json;
    json.Parse<rapidjson::kParseIterativeFlag>(response.body.data(), response.body.size());
    if (json.HasParseError() || !json.IsObject()) return NoGateway(url, "no answer of a gateway");
    if (response.status != kOk) return ErrorOf(url, response, json);
    const bool has_lines = json.HasMember("lines") && json["lines"].IsArray() && !json["lines"].Empty();
    empty_pages = has_lines ? 0 : empty_pages + 1;
    if (empty_pages > kMaxEmptyPages) return Error(Reason::kUNAVAILABLE);
    if (!has_lines) std::this_thread::sleep_for(kEmptyPause);
    if (has_lines) {
      for (const auto& line : json["lines"].GetArray()) {
        if (!line.IsString()) return NoGateway(url, "no answer of a gateway");
        out << std::string_view(line.GetString(), line.GetStringLength()) << '\n';
      }
    }
    token = TextAt(json, "next_page_token");
  } while (!token.empty());
  return {};
}

}  // namespace ttx::server
