#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/config/config.pb.h"
#include "libs/core/result.h"

namespace ttx::config {

/// A configuration file is at most this long.
inline constexpr size_t kConfigBytesMax = 1 << 20;

/// Every role in the order in which they start; the first six are services, the last is the gateway.
inline constexpr std::string_view kRoles[] = {"party",      "listing",    "auction", "contract",
                                              "settlement", "disclosure", "gateway"};

/// Reads a file in protobuf text format and makes its paths absolute. A file that cannot be read, an unknown
/// key, a value of the wrong type or a key given twice is BAD_CONFIGURATION; metadata "detail" holds one line
/// per problem, each "file:line: what is wrong". Values are not judged: see Validate.
Result<Config> Load(const std::string& path);

/// Every problem a loaded configuration has, in one BAD_CONFIGURATION: one violation per problem, `field`
/// being the path of the key ("peers[1].address"), and "detail" holding all of them, a line each. Looks at
/// the file system (that key files are there, readable and not open to everybody), opens no socket and
/// changes nothing.
Status Validate(const Config& config);

/// Whether this process runs the role: it is listed, or none is.
bool HasRole(const Config& config, std::string_view role);

/// Whether a role of this process signs records, or seals secrets: only then need the key's file be here.
bool NeedsRecordKey(const Config& config);
bool NeedsSecretsKey(const Config& config);
/// Whether a role seals secrets, wherever it runs.
bool KeepsSecrets(std::string_view role);

/// A place to listen at or connect to.
struct Address {
  std::string host{};  // a name or an address without brackets; empty for a unix socket
  uint16_t port = 0;
  std::string unix_path{};  // absolute; empty for TCP
  bool loopback = false;    // reachable from this machine only: unix, 127.0.0.0/8, ::1, "localhost"

  bool operator==(const Address&) const = default;
};

/// Accepts "host:port", "[ipv6]:port" and "unix:/absolute/path"; otherwise BAD_FORMAT on `field`.
Result<Address> ParseAddress(std::string_view text, std::string_view field);

}  // namespace ttx::config
