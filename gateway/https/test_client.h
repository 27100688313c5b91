#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ttx::gateway::testing {

/// Makes a self-signed P-256 certificate and its key in PEM files.
void MakeCertificate(const std::string& certificate_file, const std::string& private_key_file);

struct HttpAnswer {
  int status = 0;                              // 0: the peer closed without a whole answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct TlsClientOptions {
  bool tls = true;
  int tls_version_max = TLS1_3_VERSION;
  std::string cipher_list = {};  // for TLS 1.2 and older
  std::string alpn = {};         // wire form
  std::string server_name = {};
  int receive_buffer_bytes = 0;
};

/// A blocking client that sends exactly the bytes it is told to. Every read gives up after ten seconds.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port, TlsClientOptions options = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// Whether the handshake succeeded and (TLS 1.3 reports late) the server has not refused it.
  bool connected() const { return connected_; }
  bool Send(const std::string& bytes);
  /// The next answer; `head_only` for answers to HEAD.
  HttpAnswer Receive(bool head_only = false);
  HttpAnswer Ask(const std::string& request) { return Send(request) ? Receive() : HttpAnswer{}; }
  /// Reads up to and including `mark`; what was read before the end when it never comes.
  std::string ReadUntil(const std::string& mark);
  /// Whether the peer closes without sending anything more.
  bool ReadsEnd();
  /// Waits until the peer has reset or closed the connection, without reading.
  bool WaitsForReset();
  SSL* ssl() { return ssl_; }

 private:
  bool Fill();

  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace ttx::gateway::testing
