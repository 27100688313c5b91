#include "gateway/https/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "libs/core/check.h"

namespace ttx::gateway {
namespace {

// The first thing OpenSSL complained about since the queue was last empty; empties it.
std::string TakeComplaint() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(first)) return std::strerror(ERR_GET_REASON(first));
  const char* reason = ERR_reason_error_string(first);
  return reason == nullptr ? "it cannot be read" : reason;
}

Error Unusable(const std::string& file, const std::string& detail) {
  return Error(Reason::kTLS_FILE_INVALID, {{"file", file}, {"detail", detail}});
}

int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11 - 1, offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// --- A BIO over a socket that never raises SIGPIPE ---------------------------------------------------------------

int FdOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

bool MayRetry() { return errno == EAGAIN || errno == EINTR; }

int SocketWrite(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(FdOf(bio), from, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && MayRetry()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int SocketRead(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t received = ::recv(FdOf(bio), to, static_cast<size_t>(size), 0);
  if (received < 0 && MayRetry()) BIO_set_retry_read(bio);
  if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(received);
}

long SocketControl(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

int SocketCreate(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

const BIO_METHOD* SocketMethod() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ttx socket");
    TTX_CHECK(method != nullptr, "OpenSSL gives no memory");
    BIO_meth_set_write(method, SocketWrite);
    BIO_meth_set_read(method, SocketRead);
    BIO_meth_set_ctrl(method, SocketControl);
    BIO_meth_set_create(method, SocketCreate);
    return method;
  }();
  return kMethod;
}

}  // namespace

Result<TlsContext> MakeTlsContext(const std::string& certificate_file, const std::string& private_key_file) {
  const TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  TTX_CHECK(context != nullptr, "OpenSSL gives no context");
  SSL_CTX* const native = context.get();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL");
  SSL_CTX_set_options(native,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(native, 1);
  // Tickets hold what a resumed session needs; the server remembers nothing.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 1);
  SSL_CTX_set_alpn_select_cb(native, SelectProtocol, nullptr);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1) {
    return Unusable(certificate_file, TakeComplaint());
  }
  if (SSL_CTX_use_PrivateKey_file(native, private_key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable(private_key_file, TakeComplaint());
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    return Unusable(private_key_file, "it does not fit the certificate");
  }
  return context;
}

Status CheckAuthorityFile(const std::string& file) {
  const TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  TTX_CHECK(context != nullptr, "OpenSSL gives no context");
  ERR_clear_error();
  if (SSL_CTX_load_verify_locations(context.get(), file.c_str(), nullptr) == 1) return {};
  return Unusable(file, TakeComplaint());
}

Connection::Connection(int fd, const TlsContext& tls) : fd_(fd) {
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls.get());
  BIO* const bio = BIO_new(SocketMethod());
  TTX_CHECK(ssl_ != nullptr && bio != nullptr, "OpenSSL gives no memory");
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

Connection::~Connection() { SSL_free(ssl_); }

std::string_view Connection::server_name() const {
  const char* name = ssl_ == nullptr ? nullptr : SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

Attempt Connection::Judge(int result) {
  if (result > 0) return {Progress::kDone, static_cast<size_t>(result)};
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return {Progress::kWaitRead};
    case SSL_ERROR_WANT_WRITE:
      return {Progress::kWaitWrite};
    default:
      ERR_clear_error();
      return {Progress::kEnded};
  }
}

Attempt Connection::Handshake() {
  return ssl_ == nullptr ? Attempt{Progress::kDone, 1} : Judge(SSL_do_handshake(ssl_));
}

Attempt Connection::Read(void* to, size_t size) {
  if (ssl_ != nullptr) return Judge(SSL_read(ssl_, to, static_cast<int>(size)));
  const ssize_t count = ::recv(fd_, to, size, MSG_DONTWAIT);
  if (count > 0) return {Progress::kDone, static_cast<size_t>(count)};
  return {count < 0 && MayRetry() ? Progress::kWaitRead : Progress::kEnded};
}

Attempt Connection::Write(const void* from, size_t size) {
  if (ssl_ != nullptr) return Judge(SSL_write(ssl_, from, static_cast<int>(size)));
  const ssize_t count = ::send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count > 0) return {Progress::kDone, static_cast<size_t>(count)};
  return {count < 0 && MayRetry() ? Progress::kWaitWrite : Progress::kEnded};
}

Attempt Connection::Shutdown() {
  if (ssl_ == nullptr) return {Progress::kDone, 1};
  int result = SSL_shutdown(ssl_);
  if (result == 0) result = SSL_shutdown(ssl_);  // said; now for the peer's answer
  return Judge(result);
}

}  // namespace ttx::gateway
