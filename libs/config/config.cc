#include "libs/config/config.h"

#include <arpa/inet.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace ttx::config {
namespace {

namespace fs = std::filesystem;

Error BadConfiguration(std::string detail) {
  return Error(Reason::kBAD_CONFIGURATION, {{"detail", std::move(detail)}});
}

// Makes compiler-like lines of the parser's complaints.
class Complaints : public google::protobuf::io::ErrorCollector {
 public:
  // Borrows `input`, the text being parsed.
  Complaints(std::string path, std::string_view input) : path_(std::move(path)), input_(input) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) text_ += '\n';
    text_ += path_;
    if (message.starts_with("Unknown enumeration value of \"")) line = LineOfValue(line, column, message);
    if (line >= 0) text_ += ':' + std::to_string(line + 1);
    text_ += ": " + message;
  }
  void AddWarning(int line, int column, const std::string& message) override {
    AddError(line, column, message);
  }
  const std::string& text() const { return text_; }

 private:
  // The parser notices such a value only at the token behind it: the line where the value itself stands.
  int LineOfValue(int line, int column, const std::string& message) const {
    const size_t quote = message.find('"') + 1;
    const std::string value = message.substr(quote, message.find('"', quote) - quote);
    size_t end = 0;
    for (int i = 0; i < line && end != input_.npos; ++i) end = input_.find('\n', end) + 1;
    const size_t at = input_.substr(0, end + static_cast<size_t>(std::max(column, 0))).rfind(value);
    return at == input_.npos ? line : static_cast<int>(std::ranges::count(input_.substr(0, at), '\n'));
  }

  std::string path_;
  std::string_view input_;
  std::string text_;
};

Result<std::string> ReadAll(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return BadConfiguration(path + ": it is a folder");
  std::ifstream in(path, std::ios::binary);
  if (!in) return BadConfiguration(path + ": " + std::generic_category().message(errno));
  std::string text(kConfigBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return BadConfiguration(path + ": it cannot be read");
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kConfigBytesMax) return BadConfiguration(path + ": it is longer than 1 MiB");
  return text;
}

void MakeAbsolute(const fs::path& folder, std::string* path) {
  if (!path->empty()) *path = (folder / *path).lexically_normal();
}

void MakePathsAbsolute(const fs::path& folder, Config& config) {
  if (config.has_data_directory()) MakeAbsolute(folder, config.mutable_data_directory());
  if (config.has_calendar_directory()) MakeAbsolute(folder, config.mutable_calendar_directory());
  if (config.has_fee_directory()) MakeAbsolute(folder, config.mutable_fee_directory());
  if (config.has_profile_directory()) MakeAbsolute(folder, config.mutable_profile_directory());
  if (config.has_record_key_file()) MakeAbsolute(folder, config.mutable_record_key_file());
  if (config.has_secrets_key_file()) MakeAbsolute(folder, config.mutable_secrets_key_file());
  if (config.has_gateway()) {
    MakeAbsolute(folder, config.mutable_gateway()->mutable_certificate_file());
    MakeAbsolute(folder, config.mutable_gateway()->mutable_private_key_file());
  }
  if (config.has_grpc()) {
    MakeAbsolute(folder, config.mutable_grpc()->mutable_certificate_file());
    MakeAbsolute(folder, config.mutable_grpc()->mutable_private_key_file());
    MakeAbsolute(folder, config.mutable_grpc()->mutable_client_ca_file());
  }
  if (config.log().has_file()) MakeAbsolute(folder, config.mutable_log()->mutable_file());
  if (config.log().has_audit_file()) MakeAbsolute(folder, config.mutable_log()->mutable_audit_file());
}

bool ValidHost(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '-' && host.front() != '.' &&
         std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '.';
         });
}

bool IsLoopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

// Gathers the problems of one configuration.
class Validator {
 public:
  explicit Validator(const Config& config) : config_(config) {}

  Status Run() {
    General();
    Roles();
    if (HasRole(config_, "gateway")) GatewaySection();
    GrpcSection();
    Listeners();
    Peers();
    Others();
    if (violations_.empty()) return {};
    Error error = BadConfiguration(detail_);
    error.violations = std::move(violations_);
    return error;
  }

 private:
  bool production() const { return config_.mode() == Config::PRODUCTION; }

  void Problem(const std::string& field, Reason reason, const std::string& what) {
    if (!detail_.empty()) detail_ += '\n';
    detail_ += field + ": " + what;
    violations_.push_back({field, reason, what});
  }

  void Require(const std::string& field, const std::string& value, const std::string& why) {
    if (value.empty()) Problem(field, Reason::kREQUIRED, why);
  }

  void Range(const std::string& field, uint32_t value, uint32_t least, uint32_t most) {
    if (value >= least && value <= most) return;
    Problem(field, Reason::kOUT_OF_RANGE,
            std::to_string(value) + " is not in " + std::to_string(least) + ".." + std::to_string(most));
  }

  void File(const std::string& field, const std::string& path) {
    if (path.empty()) return;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return Problem(field, Reason::kNOT_FOUND, path + " is not a file");
    if (!std::ifstream(path)) Problem(field, Reason::kNOT_FOUND, path + " cannot be read");
  }

  // A file that must not be open to other users of the machine. `bytes` is its exact length, 0 for any.
  void SecretFile(const std::string& field, const std::string& path, uintmax_t bytes = 0) {
    File(field, path);
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return;
    if ((fs::status(path, error).permissions() & fs::perms::others_all) != fs::perms::none) {
      Problem(field, Reason::kPERMISSION_DENIED, path + " is open to everybody; use mode 0600");
    }
    const uintmax_t size = fs::file_size(path, error);
    if (bytes != 0 && size != bytes) {
      Problem(field, Reason::kBAD_FORMAT,
              path + " has " + std::to_string(size) + " bytes instead of " + std::to_string(bytes));
    }
  }

  void Folder(const std::string& field, const std::string& path) {
    std::error_code error;
    if (!path.empty() && !fs::is_directory(path, error))
      Problem(field, Reason::kNOT_FOUND, path + " is not a folder");
  }

  // The address, or a loopback one when it is a problem of its own, so that it causes no second complaint.
  Address Parse(const std::string& field, const std::string& text) {
    if (auto address = ParseAddress(text, field); address.ok()) return *address;
    Problem(field, Reason::kBAD_FORMAT,
            "\"" + text + "\" is not host:port, [ipv6]:port or unix:/absolute/path");
    return {.loopback = true};
  }

  Address ParseTcp(const std::string& field, const std::string& text) {
    Address address = Parse(field, text);
    if (!address.unix_path.empty()) Problem(field, Reason::kBAD_FORMAT, "it must be host:port");
    return address;
  }

  void General() {
    if (!config_.has_mode()) Problem("mode", Reason::kREQUIRED, "say PRODUCTION or SANDBOX");
    Require("data_directory", config_.data_directory(), "say where data is kept");
    Require("calendar_directory", config_.calendar_directory(), "legal periods need the published holidays");
    Folder("calendar_directory", config_.calendar_directory());
    if (HasRole(config_, "settlement")) Require("fee_directory", config_.fee_directory(), "deals are charged");
    Folder("fee_directory", config_.fee_directory());
    if (HasRole(config_, "listing")) Require("profile_directory", config_.profile_directory(), "listings have rules");
    Folder("profile_directory", config_.profile_directory());
    if (NeedsRecordKey(config_)) {
      Require("record_key_file", config_.record_key_file(), "records are signed");
      SecretFile("record_key_file", config_.record_key_file());
    }
    if (NeedsSecretsKey(config_)) {
      Require("secrets_key_file", config_.secrets_key_file(), "secrets are sealed before they are stored");
      SecretFile("secrets_key_file", config_.secrets_key_file(), 32);
    }
  }

  void Roles() {
    for (int i = 0; i < config_.roles_size(); ++i) {
      const std::string& role = config_.roles(i);
      const std::string field = "roles[" + std::to_string(i) + "]";
      if (std::ranges::find(kRoles, role) == std::end(kRoles)) {
        Problem(field, Reason::kUNKNOWN_VALUE, "there is no role \"" + role + "\"");
      }
      if (std::find(config_.roles().begin(), config_.roles().begin() + i, role) !=
          config_.roles().begin() + i) {
        Problem(field, Reason::kDUPLICATE, "\"" + role + "\" is listed twice");
      }
    }
  }

  void GatewaySection() {
    const Gateway& gateway = config_.gateway();
    const Address listen = ParseTcp("gateway.listen_address", gateway.listen_address());
    if (production() || !listen.loopback || !gateway.certificate_file().empty() ||
        !gateway.private_key_file().empty()) {
      Require("gateway.certificate_file", gateway.certificate_file(),
              "only a sandbox on a loopback address may go without");
      Require("gateway.private_key_file", gateway.private_key_file(), "the certificate needs its key");
    }
    File("gateway.certificate_file", gateway.certificate_file());
    SecretFile("gateway.private_key_file", gateway.private_key_file());
    if (!gateway.admin_address().empty() &&
        !ParseTcp("gateway.admin_address", gateway.admin_address()).loopback) {
      Problem("gateway.admin_address", Reason::kOUT_OF_RANGE,
              "it is in the clear, so it must be a loopback address");
    }
    if (production() && gateway.allowed_hosts().empty()) {
      Problem("gateway.allowed_hosts", Reason::kREQUIRED, "say which Host values are answered");
    }
    for (int i = 0; i < gateway.allowed_hosts_size(); ++i) {
      const std::string& host = gateway.allowed_hosts(i);
      if (ValidHost(host) || ParseAddress(host, "").ok()) continue;
      Problem("gateway.allowed_hosts[" + std::to_string(i) + "]", Reason::kBAD_FORMAT,
              "\"" + host + "\" is not a host or host:port");
    }
    Range("gateway.max_connections", gateway.max_connections(), 1, 100'000);
    Range("gateway.max_connections_per_peer", gateway.max_connections_per_peer(), 1,
          std::max(1u, gateway.max_connections()));
    Range("gateway.requests_per_second_per_principal", gateway.requests_per_second_per_principal(), 1,
          1'000'000);
    if (production())
      Require("gateway.public_url", gateway.public_url(), "say how clients reach the gateway");
    if (!gateway.public_url().empty() && !gateway.public_url().starts_with("https://") &&
        (production() || !gateway.public_url().starts_with("http://"))) {
      Problem("gateway.public_url", Reason::kBAD_FORMAT, "it must start with https://");
    }
  }

  // Two listeners on one address would fail only once stores are open.
  void Listeners() {
    const std::vector<std::pair<std::string, std::string>> listeners = {
        {"gateway.listen_address", HasRole(config_, "gateway") ? config_.gateway().listen_address() : ""},
        {"gateway.admin_address", config_.gateway().admin_address()},
        {"grpc.listen_address", config_.grpc().listen_address()}};
    for (size_t i = 0; i < listeners.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const auto& [field, address] = listeners[i];
        if (address.empty() || address.ends_with(":0") || address != listeners[j].second) continue;
        Problem(field, Reason::kDUPLICATE, "the same as " + listeners[j].first);
      }
    }
  }

  void GrpcSection() {
    const Grpc& grpc = config_.grpc();
    const Address listen = Parse("grpc.listen_address", grpc.listen_address());
    const bool any = !grpc.certificate_file().empty() || !grpc.private_key_file().empty();
    if (!listen.loopback) {
      Require("grpc.client_ca_file", grpc.client_ca_file(),
              "grpc.listen_address is not a loopback address, so callers must show certificates");
    }
    if (!listen.loopback || any) {
      Require("grpc.certificate_file", grpc.certificate_file(), "TLS needs a certificate");
      Require("grpc.private_key_file", grpc.private_key_file(), "the certificate needs its key");
    }
    File("grpc.certificate_file", grpc.certificate_file());
    SecretFile("grpc.private_key_file", grpc.private_key_file());
    File("grpc.client_ca_file", grpc.client_ca_file());
  }

  void Peers() {
    std::vector<std::string> seen;
    for (int i = 0; i < config_.peers_size(); ++i) {
      const Peer& peer = config_.peers(i);
      const std::string field = "peers[" + std::to_string(i) + "]";
      const bool known =
          peer.service() != "gateway" && std::ranges::find(kRoles, peer.service()) != std::end(kRoles);
      if (!known) {
        Problem(field + ".service", Reason::kUNKNOWN_VALUE, "there is no service \"" + peer.service() + "\"");
      } else if (HasRole(config_, peer.service())) {
        Problem(field + ".service", Reason::kDUPLICATE, "\"" + peer.service() + "\" runs in this process");
      } else if (std::ranges::find(seen, peer.service()) != seen.end()) {
        Problem(field + ".service", Reason::kDUPLICATE, "\"" + peer.service() + "\" is listed twice");
      }
      seen.push_back(peer.service());
      const Address address = Parse(field + ".address", peer.address());
      if (address.loopback) continue;
      Require("grpc.certificate_file", config_.grpc().certificate_file(), field + " is on another machine");
      Require("grpc.client_ca_file", config_.grpc().client_ca_file(), field + " is on another machine");
    }
  }

  void Others() {
    const Token& token = config_.token();
    Require("token.issuer", token.issuer(), "tokens name who made them");
    Require("token.audience", token.audience(), "tokens name whom they are for");
    Range("token.lifetime_seconds", token.lifetime_seconds(), 60, 3600);
    Range("token.enrolment_hours", token.enrolment_hours(), 1, 720);
    Range("storage.block_cache_mb", config_.storage().block_cache_mb(), 1, 65'536);
    Range("storage.write_buffer_mb", config_.storage().write_buffer_mb(), 1, 1'024);
    LogFile("log.file", config_.log().file());
    LogFile("log.audit_file", config_.log().audit_file());
    if (HasRole(config_, "settlement")) SettlementSection();
    if (HasRole(config_, "disclosure")) DisclosureSection();
  }

  // It need not be there, but a file can be made only in a folder.
  void LogFile(const std::string& field, const std::string& path) {
    std::error_code error;
    if (path.empty()) return;
    if (fs::is_directory(path, error)) Problem(field, Reason::kBAD_FORMAT, path + " is a folder");
    Folder(field, fs::path(path).parent_path());
  }

  static constexpr const char* kOrganizationForm = "it must be organizations/{id}";
  static bool IsOrganization(std::string_view name) { return name.starts_with("organizations/"); }

  // An entry for an exchange that none in `seen` is for.
  void ExchangeOnce(const std::string& field, const std::string& exchange, std::vector<std::string>& seen) {
    if (!IsOrganization(exchange)) {
      Problem(field + ".exchange", Reason::kBAD_FORMAT, kOrganizationForm);
    } else if (std::ranges::find(seen, exchange) != seen.end()) {
      Problem(field + ".exchange", Reason::kDUPLICATE, exchange + " is given twice");
    }
    seen.push_back(exchange);
  }

  void SettlementSection() {
    constexpr uint32_t kMinutesMax = 7 * 24 * 60;
    constexpr uint32_t kWorkdaysMax = 60;
    const Settlement& settlement = config_.settlement();
    Range("settlement.deposit_grace_minutes", settlement.deposit_grace_minutes(), 0, kMinutesMax);
    Range("settlement.refund_workdays", settlement.refund_workdays(), 1, kWorkdaysMax);
    Range("settlement.release_workdays", settlement.release_workdays(), 1, kWorkdaysMax);
    Range("settlement.payment_workdays", settlement.payment_workdays(), 1, kWorkdaysMax);
    Range("settlement.overdue_workdays", settlement.overdue_workdays(), 0, kWorkdaysMax);
    std::vector<std::string> seen;
    for (int i = 0; i < settlement.escrow_banks_size(); ++i) {
      const EscrowBank& entry = settlement.escrow_banks(i);
      const std::string field = "settlement.escrow_banks[" + std::to_string(i) + "]";
      ExchangeOnce(field, entry.exchange(), seen);
      if (!IsOrganization(entry.bank())) Problem(field + ".bank", Reason::kBAD_FORMAT, kOrganizationForm);
    }
  }

  void DisclosureSection() {
    constexpr uint32_t kDaysMax = 3660;
    const Disclosure& disclosure = config_.disclosure();
    Range("disclosure.result_window_days", disclosure.result_window_days(), 1, kDaysMax);
    Range("disclosure.contract_window_days", disclosure.contract_window_days(), 5, kDaysMax);
  }

  const Config& config_;
  std::string detail_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

Result<Config> Load(const std::string& path) {
  TTX_TRY(const std::string text, ReadAll(path));
  Complaints complaints(path, text);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&complaints);
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Config config;
  if (!parser.Parse(&stream, &config)) return BadConfiguration(complaints.text());
  MakePathsAbsolute(fs::absolute(path).parent_path(), config);
  return config;
}

Status Validate(const Config& config) { return Validator(config).Run(); }

bool HasRole(const Config& config, std::string_view role) {
  return config.roles().empty() || std::ranges::find(config.roles(), role) != config.roles().end();
}

bool NeedsRecordKey(const Config& config) { return HasRole(config, "auction") || HasRole(config, "disclosure"); }

bool NeedsSecretsKey(const Config& config) {
  return std::ranges::any_of(kRoles, [&](const auto& role) { return KeepsSecrets(role) && HasRole(config, role); });
}

bool KeepsSecrets(std::string_view role) { return role == "party" || role == "listing" || role == "auction"; }

Result<Address> ParseAddress(std::string_view text, std::string_view field) {
  const Error bad =
      InvalidField(std::string(field), Reason::kBAD_FORMAT, "host:port, [ipv6]:port or unix:/path");
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    constexpr size_t kPathBytesMax = 107;  // sockaddr_un
    const std::string_view path = text.substr(kUnix.size());
    if (!path.starts_with('/') || path.size() > kPathBytesMax || path.find('\0') != path.npos) return bad;
    return Address{.unix_path = std::string(path), .loopback = true};
  }
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return bad;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  Address address;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    in6_addr v6{};
    if (inet_pton(AF_INET6, std::string(host).c_str(), &v6) != 1) return bad;
  } else if (!ValidHost(host)) {
    return bad;
  }
  address.host = host;
  address.loopback = IsLoopback(address.host);
  return address;
}

}  // namespace ttx::config
