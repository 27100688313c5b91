#pragma once

#include <string>
#include <string_view>

namespace ttx::rpc {

/// How one service proves itself to another: its name and either the secret that the services of one process share
/// or the certificate of its mutual-TLS connection, whose DNS name is CertifiedName(name).
struct ServiceIdentity {
  std::string name;
  std::string secret;
};

inline constexpr std::string_view kServiceHeader = "x-ttx-service";
inline constexpr std::string_view kSecretHeader = "x-ttx-secret";

inline std::string CertifiedName(std::string_view service) { return std::string(service) + ".ttx.internal"; }

}  // namespace ttx::rpc
