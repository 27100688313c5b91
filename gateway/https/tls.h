#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "libs/core/result.h"

struct ssl_st;      // OpenSSL's SSL
struct ssl_ctx_st;  // and SSL_CTX

namespace ttx::gateway {

/// A certificate with its key and the rules of architecture.md section 9 for who may speak to it.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// Reads both PEM files; TLS_FILE_INVALID when one is not usable or they do not fit each other.
Result<TlsContext> MakeTlsContext(const std::string& certificate_file, const std::string& private_key_file);
/// TLS_FILE_INVALID unless the PEM file holds a certificate to check others by.
Status CheckAuthorityFile(const std::string& file);

/// What an attempt to move bytes came to.
enum class Progress {
  kDone,
  kWaitRead,   // try again when the socket can be read
  kWaitWrite,  // try again when it can be written
  kEnded,      // the peer has closed its side, or something failed: it will never be done
};
struct Attempt {
  Progress progress = Progress::kEnded;
  size_t count = 0;  // bytes moved when done, at least 1
};

/// Moves bytes through a non-blocking TCP socket, with TLS or without. Every call returns at once. An idle connection
/// holds no buffer: OpenSSL works on the socket itself and gives its buffers back when they are empty.
class Connection {
 public:
  /// Borrows `fd`. Without `tls` bytes travel in the clear.
  Connection(int fd, const TlsContext& tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool encrypted() const { return ssl_ != nullptr; }
  /// The name the client asked TLS for; empty when it gave none.
  std::string_view server_name() const;

  Attempt Handshake();
  Attempt Read(void* to, size_t size);
  /// May take less than it is given; after kWaitRead or kWaitWrite it is given the same bytes again.
  Attempt Write(const void* from, size_t size);
  /// Tells the peer that nothing more comes and waits for it to say the same.
  Attempt Shutdown();

 private:
  Attempt Judge(int result);

  const int fd_;
  ssl_st* ssl_ = nullptr;
};

}  // namespace ttx::gateway
