#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ttx::demo {

/// What a server answered. `status` is 0 when there was no answer; `error` then says why in one line.
struct HttpResponse {
  long status = 0;
  std::string body;
  std::string headers;  // all of them, as they came
  std::string error;

  /// Whether a header has this value, the name in any case.
  bool HasHeader(std::string_view name, std::string_view value) const;
};

/// One HTTPS connection to one server, reused from call to call. Not for several threads at a time.
class HttpClient {
 public:
  /// `base_url` such as "https://localhost:8443"; `ca_file` (PEM) is the only authority that is trusted;
  /// the system's are when it is empty.
  HttpClient(std::string base_url, const std::string& ca_file);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Every call ends within a minute and reads at most 8 MiB.
  HttpResponse Get(const std::string& path, const std::vector<std::string>& headers);
  HttpResponse Post(const std::string& path, const std::string& body, const std::vector<std::string>& headers);

  /// `text` as the value of a query parameter.
  static std::string Escape(const std::string& text);

 private:
  struct Handle;
  HttpResponse Perform(const std::string& path, const std::vector<std::string>& headers);

  const std::string base_url_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace ttx::demo
