#include "gateway/https/test_client.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libs/core/check.h"

namespace ttx::gateway::testing {
namespace {

constexpr int kPatienceSeconds = 10;

}  // namespace

void MakeCertificate(const std::string& certificate_file, const std::string& private_key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("ttx.test"), -1,
                             -1, 0);
  X509_set_issuer_name(certificate, name);
  TTX_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0, "signing a certificate");
  std::FILE* file = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(private_key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TlsClient::TlsClient(uint16_t port, TlsClientOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (options.receive_buffer_bytes > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes,
               sizeof options.receive_buffer_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (!options.tls || !connected_) return;
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_, options.tls_version_max);
  if (!options.cipher_list.empty()) SSL_CTX_set_cipher_list(context_, options.cipher_list.c_str());
  ssl_ = SSL_new(context_);
  if (!options.alpn.empty()) {
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                        static_cast<unsigned int>(options.alpn.size()));
  }
  if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_, options.server_name.c_str());
  SSL_set_fd(ssl_, socket_);
  connected_ = SSL_connect(ssl_) == 1;
}

TlsClient::~TlsClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  ::close(socket_);
}

bool TlsClient::Send(const std::string& bytes) {
  if (!connected_) return false;
  const int size = static_cast<int>(bytes.size());
  return ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), size) == size
                         : ::send(socket_, bytes.data(), bytes.size(), 0) == size;
}

bool TlsClient::Fill() {
  char bytes[16 * 1024];
  const auto count = ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes)
                                     : static_cast<int>(::recv(socket_, bytes, sizeof bytes, 0));
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(count));
  return true;
}

std::string TlsClient::ReadUntil(const std::string& mark) {
  while (connected_) {
    if (const size_t at = buffer_.find(mark); at != buffer_.npos) {
      std::string out = buffer_.substr(0, at + mark.size());
      buffer_.erase(0, out.size());
      return out;
    }
    if (!Fill()) break;
  }
  return std::exchange(buffer_, "");
}

HttpAnswer TlsClient::Receive(bool head_only) {
  HttpAnswer answer;
  const std::string head = ReadUntil("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n") || head.size() < 12) return answer;
  for (size_t at = head.find("\r\n") + 2; at < head.size() - 2;) {
    const size_t end = head.find("\r\n", at);
    const size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[name] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  const size_t size = !head_only && answer.headers.contains("content-length")
                          ? std::stoul(answer.headers["content-length"])
                          : 0;
  while (buffer_.size() < size) {
    if (!Fill()) return answer;
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  answer.status = std::atoi(head.substr(9, 3).c_str());
  return answer;
}

bool TlsClient::ReadsEnd() {
  if (!buffer_.empty()) return false;
  if (Fill()) return false;
  return errno != EAGAIN && errno != EWOULDBLOCK;
}

bool TlsClient::WaitsForReset() {
  pollfd entry{socket_, 0, 0};
  return ::poll(&entry, 1, kPatienceSeconds * 1000) == 1 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace ttx::gateway::testing
