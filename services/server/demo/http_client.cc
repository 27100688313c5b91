#include "services/server/demo/http_client.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>

#include "libs/core/check.h"

namespace ttx::demo {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kCallSeconds = 60;
constexpr size_t kMaxBytes = 8 << 20;

size_t Append(const char* data, size_t size, size_t count, void* text) {
  auto& out = *static_cast<std::string*>(text);
  if (out.size() + size * count > kMaxBytes) return 0;
  out.append(data, size * count);
  return size * count;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  char error[CURL_ERROR_SIZE] = "";
  ~Handle() { curl_easy_cleanup(curl); }
};

bool HttpResponse::HasHeader(std::string_view name, std::string_view value) const {
  for (size_t begin = 0; begin < headers.size();) {
    const size_t end = std::min(headers.find("\r\n", begin), headers.size());
    const std::string_view line = std::string_view(headers).substr(begin, end - begin);
    if (line.size() == name.size() + 2 + value.size() && line.ends_with(value) && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      return true;
    }
    begin = end + 2;
  }
  return false;
}

HttpClient::HttpClient(std::string base_url, const std::string& ca_file)
    : base_url_(std::move(base_url)), handle_(std::make_unique<Handle>()) {
  CURL* curl = handle_->curl;
  TTX_CHECK(curl != nullptr, "libcurl gives no handle");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kCallSeconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, Append);
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::Get(const std::string& path, const std::vector<std::string>& headers) {
  curl_easy_setopt(handle_->curl, CURLOPT_HTTPGET, 1L);
  return Perform(path, headers);
}

HttpResponse HttpClient::Post(const std::string& path, const std::string& body,
                              const std::vector<std::string>& headers) {
  curl_easy_setopt(handle_->curl, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDS, body.c_str());
  return Perform(path, headers);
}

HttpResponse HttpClient::Perform(const std::string& path, const std::vector<std::string>& headers) {
  CURL* curl = handle_->curl;
  HttpResponse response;
  // Without "Expect" a body is sent at once.
  std::unique_ptr<curl_slist, FreeList> list(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& header : headers) list.reset(curl_slist_append(list.release(), header.c_str()));
  curl_easy_setopt(curl, CURLOPT_URL, (base_url_ + path).c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response.headers);
  handle_->error[0] = '\0';
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
  } else {
    response.error = base_url_ + ": " + (handle_->error[0] != '\0' ? handle_->error : curl_easy_strerror(code));
  }
  return response;
}

std::string HttpClient::Escape(const std::string& text) {
  char* escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
  TTX_CHECK(escaped != nullptr, "libcurl cannot escape");
  std::string out(escaped);
  curl_free(escaped);
  return out;
}

}  // namespace ttx::demo
