#include "libs/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace ttx::config {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "ttx_config_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const char* name : {"calendar", "fees", "profiles"}) fs::create_directory(folder_ / name);
    for (const char* name : {"gateway.crt", "ca.crt", "grpc.crt"}) Write(name, "certificate", 0644);
    for (const char* name : {"gateway.key", "grpc.key", "record.key"}) Write(name, "key", 0600);
    Write("secrets.key", std::string(32, 'k'), 0600);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  // What Load says about the text, with the folder of the file left out.
  std::string Refusal(const std::string& text) {
    const auto config = Load(Write("ttx.conf", text));
    if (config.ok()) return "accepted";
    EXPECT_EQ(config.error().reason, Reason::kBAD_CONFIGURATION);
    std::string detail = config.error().metadata.at("detail");
    const std::string prefix = folder_.string() + "/";
    for (size_t at = 0; (at = detail.find(prefix)) != detail.npos;) detail.erase(at, prefix.size());
    return detail;
  }

  // A production configuration that is right, for tests to damage.
  Config Good() {
    const auto config = Load(Write("ttx.conf", R"(
        mode: PRODUCTION
        data_directory: "data"
        calendar_directory: "calendar"
        fee_directory: "fees"
        profile_directory: "profiles"
        record_key_file: "record.key"
        secrets_key_file: "secrets.key"
        gateway {
          listen_address: "0.0.0.0:443"
          certificate_file: "gateway.crt"
          private_key_file: "gateway.key"
          allowed_hosts: "ttx.example"
          public_url: "https://ttx.example"
        }
      )"));
    EXPECT_TRUE(config.ok());
    return config.ok() ? *config : Config();
  }

  // The fields Validate complains about after the change.
  std::vector<std::string> Problems(const std::function<void(Config&)>& damage) {
    Config config = Good();
    damage(config);
    const Status status = Validate(config);
    std::vector<std::string> fields;
    if (status.ok()) return fields;
    EXPECT_EQ(status.error().reason, Reason::kBAD_CONFIGURATION);
    for (const FieldViolation& violation : status.error().violations) {
      fields.push_back(violation.field + " " + std::string(ReasonName(violation.reason)));
      EXPECT_THAT(status.error().metadata.at("detail"), HasSubstr(violation.field + ": " + violation.limit));
    }
    return fields;
  }

  fs::path folder_;
};

TEST_F(ConfigTest, LoadFillsDefaultsAndMakesPathsAbsolute) {
  const Config config = Good();
  EXPECT_EQ(config.data_directory(), folder_ / "data");
  EXPECT_EQ(config.gateway().private_key_file(), folder_ / "gateway.key");
  EXPECT_EQ(config.grpc().listen_address(), "127.0.0.1:9443");
  EXPECT_EQ(config.token().lifetime_seconds(), 600u);
  EXPECT_FALSE(config.grpc().reflection());
  EXPECT_EQ(config.fee_table(), "changsha-2022-09");
  EXPECT_EQ(config.settlement().deposit_grace_minutes(), 120u);
  EXPECT_EQ(config.disclosure().contract_window_days(), 5u);
  EXPECT_EQ(config.log().audit_file(), "");
}

TEST_F(ConfigTest, AbsolutePathsAndOtherFoldersAreKept) {
  const auto config = Load(Write("a.conf", "data_directory: '/srv/ttx' log { file: '../ttx.log' }"));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->data_directory(), "/srv/ttx");
  EXPECT_EQ(config->log().file(), folder_.parent_path() / "ttx.log");
}

TEST_F(ConfigTest, MistakesAreNamedWithFileAndLine) {
  EXPECT_THAT(Refusal("mode: SANDBOX\ndata_dir: 'x'\n"),
              AllOf(StartsWith("ttx.conf:2:"), HasSubstr("data_dir")));
  EXPECT_THAT(Refusal("gateway {\n  max_connections: 'many'\n}\n"), StartsWith("ttx.conf:2:"));
  EXPECT_THAT(Refusal("mode: TEST\n"), AllOf(StartsWith("ttx.conf:1:"), HasSubstr("TEST")));
  EXPECT_THAT(Refusal("# TEST\nmode: TEST\n\n# more\ndata_directory: 'TEST'"), StartsWith("ttx.conf:2:"));
  EXPECT_THAT(Refusal("gateway { max_connections: -1 }"), StartsWith("ttx.conf:1:"));
  EXPECT_THAT(Refusal("grpc {\n  reflection: true\n"), StartsWith("ttx.conf:3:"));
  EXPECT_THAT(Refusal("data_directory: 'a'\ndata_directory: 'b'\n"),
              AllOf(StartsWith("ttx.conf:2:"), HasSubstr("data_directory")));
  for (const char* text : {"mode: TEST", "x: 1", "gateway { y: 2 }"}) {
    EXPECT_EQ(Refusal(text).find('\n'), std::string::npos) << "one line per problem";
  }
}

TEST_F(ConfigTest, FilesThatCannotBeReadAreRefused) {
  const auto missing = Load(folder_ / "none.conf");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("none.conf: No such file or directory"));
  const auto folder = Load(folder_);
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message(), HasSubstr("it is a folder"));
  EXPECT_EQ(Refusal(std::string(kConfigBytesMax, '#')), "accepted");
  EXPECT_THAT(Refusal(std::string(kConfigBytesMax + 1, '#')), HasSubstr("longer than 1 MiB"));
}

TEST_F(ConfigTest, AGoodConfigurationPasses) {
  EXPECT_THAT(Problems([](Config&) {}), ElementsAre());
}

TEST_F(ConfigTest, ASandboxOnLoopbackMayGoWithoutCertificate) {
  EXPECT_THAT(Problems([](Config& c) {
                c.set_mode(Config::SANDBOX);
                c.clear_gateway();
              }),
              ElementsAre());
  EXPECT_THAT(Problems([](Config& c) {
                c.set_mode(Config::SANDBOX);
                c.clear_gateway();
                c.mutable_gateway()->set_listen_address("[::]:8443");
              }),
              ElementsAre("gateway.certificate_file REQUIRED", "gateway.private_key_file REQUIRED"));
}

TEST_F(ConfigTest, ProductionNeedsCertificateHostsAndUrl) {
  EXPECT_THAT(Problems([](Config& c) { c.clear_gateway(); }),
              ElementsAre("gateway.certificate_file REQUIRED", "gateway.private_key_file REQUIRED",
                          "gateway.allowed_hosts REQUIRED", "gateway.public_url REQUIRED"));
  EXPECT_THAT(Problems([](Config& c) {
                c.clear_gateway();
                c.add_roles("auction");
              }),
              ElementsAre())
      << "the section counts only where the gateway runs";
}

TEST_F(ConfigTest, EveryProblemIsFoundInOneGo) {
  EXPECT_THAT(Problems([](Config& c) {
                c.clear_mode();
                c.clear_data_directory();
                c.set_calendar_directory("/nowhere");
                c.clear_record_key_file();
                for (const char* role : {"disclosure", "bank"}) c.add_roles(role);
                c.mutable_token()->set_lifetime_seconds(1);
              }),
              ElementsAre("mode REQUIRED", "data_directory REQUIRED", "calendar_directory NOT_FOUND",
                          "record_key_file REQUIRED", "roles[1] UNKNOWN_VALUE",
                          "token.lifetime_seconds OUT_OF_RANGE"));
}

TEST_F(ConfigTest, KeyFilesMustBeThereClosedAndOfTheRightSize) {
  EXPECT_THAT(Problems([](Config& c) { c.set_record_key_file("/nowhere/key"); }),
              ElementsAre("record_key_file NOT_FOUND"));
  const std::string open = Write("open.key", "key", 0644);
  EXPECT_THAT(Problems([&](Config& c) { c.mutable_gateway()->set_private_key_file(open); }),
              ElementsAre("gateway.private_key_file PERMISSION_DENIED"));
  const std::string longer = Write("long.key", std::string(33, 'k'), 0600);
  EXPECT_THAT(Problems([&](Config& c) { c.set_secrets_key_file(longer); }),
              ElementsAre("secrets_key_file BAD_FORMAT"));
}

TEST_F(ConfigTest, ARoleNeedsOnlyTheFilesItUses) {
  const auto missing = [this](std::initializer_list<const char*> roles) {
    return Problems([&](Config& c) {
      for (const char* role : roles) c.add_roles(role);
      c.clear_record_key_file();
      c.clear_secrets_key_file();
      c.clear_fee_directory();
      c.clear_profile_directory();
    });
  };
  EXPECT_THAT(missing({"gateway", "contract"}), ElementsAre());
  EXPECT_THAT(missing({"auction"}), ElementsAre("record_key_file REQUIRED", "secrets_key_file REQUIRED"));
  EXPECT_THAT(missing({"party"}), ElementsAre("secrets_key_file REQUIRED"));
  EXPECT_THAT(missing({"listing"}), ElementsAre("profile_directory REQUIRED", "secrets_key_file REQUIRED"));
  EXPECT_THAT(missing({"settlement"}), ElementsAre("fee_directory REQUIRED"));
  EXPECT_THAT(missing({"disclosure"}), ElementsAre("record_key_file REQUIRED"));
  EXPECT_THAT(missing({}), ElementsAre("fee_directory REQUIRED", "profile_directory REQUIRED",
                                       "record_key_file REQUIRED", "secrets_key_file REQUIRED"));
  // A file that is named but not used may be out of this user's reach.
  EXPECT_THAT(Problems([](Config& c) {
                c.add_roles("gateway");
                c.set_record_key_file("/nowhere/key");
                c.set_secrets_key_file("/nowhere/key");
              }),
              ElementsAre());
}

TEST_F(ConfigTest, LogFilesNeedAFolder) {
  EXPECT_THAT(Problems([this](Config& c) {
                c.mutable_log()->set_file("/nowhere/ttx.log");
                c.mutable_log()->set_audit_file(folder_);
              }),
              ElementsAre("log.file NOT_FOUND", "log.audit_file BAD_FORMAT"));
}

TEST_F(ConfigTest, AnExchangeHasOneEscrowBank) {
  const auto add = [](Config& c, const char* exchange, const char* bank) {
    EscrowBank* entry = c.mutable_settlement()->add_escrow_banks();
    entry->set_exchange(exchange);
    entry->set_bank(bank);
  };
  EXPECT_THAT(Problems([&](Config& c) {
                add(c, "organizations/a", "organizations/x");
                add(c, "organizations/b", "organizations/x");
              }),
              ElementsAre());
  EXPECT_THAT(Problems([&](Config& c) {
                add(c, "organizations/a", "");
                add(c, "b", "organizations/x");
                add(c, "organizations/a", "organizations/x");
              }),
              ElementsAre("settlement.escrow_banks[0].bank BAD_FORMAT",
                          "settlement.escrow_banks[1].exchange BAD_FORMAT",
                          "settlement.escrow_banks[2].exchange DUPLICATE"));
}

TEST_F(ConfigTest, PeriodsAreChecked) {
  const auto damage = [](Config& c) {
    c.mutable_settlement()->set_refund_workdays(0);
    c.mutable_settlement()->set_overdue_workdays(61);
    c.mutable_disclosure()->set_contract_window_days(4);
  };
  EXPECT_THAT(Problems(damage),
              ElementsAre("settlement.refund_workdays OUT_OF_RANGE", "settlement.overdue_workdays OUT_OF_RANGE",
                          "disclosure.contract_window_days OUT_OF_RANGE"));
  EXPECT_THAT(Problems([&](Config& c) {
                c.add_roles("gateway");
                damage(c);
              }),
              ElementsAre());
}

TEST_F(ConfigTest, GrpcPastLoopbackNeedsClientCertificates) {
  for (const char* address : {"0.0.0.0:9443", "10.0.0.1:9443", "[::]:9443", "ttx.internal:9443"}) {
    EXPECT_THAT(Problems([&](Config& c) { c.mutable_grpc()->set_listen_address(address); }),
                ElementsAre("grpc.client_ca_file REQUIRED", "grpc.certificate_file REQUIRED",
                            "grpc.private_key_file REQUIRED"))
        << address;
  }
  for (const char* address :
       {"127.0.0.1:9443", "127.9.9.9:0", "[::1]:9443", "localhost:9443", "unix:/run/ttx.sock"}) {
    EXPECT_THAT(Problems([&](Config& c) { c.mutable_grpc()->set_listen_address(address); }), ElementsAre())
        << address;
  }
  EXPECT_THAT(Problems([&](Config& c) {
                c.mutable_grpc()->set_listen_address("10.0.0.1:9443");
                c.mutable_grpc()->set_certificate_file(folder_ / "grpc.crt");
                c.mutable_grpc()->set_private_key_file(folder_ / "grpc.key");
                c.mutable_grpc()->set_client_ca_file(folder_ / "ca.crt");
              }),
              ElementsAre());
}

TEST_F(ConfigTest, AddressesRolesAndPeersAreChecked) {
  EXPECT_THAT(Problems([](Config& c) {
                c.mutable_gateway()->set_listen_address("443");
                c.mutable_gateway()->set_admin_address("0.0.0.0:9090");
                c.mutable_gateway()->add_allowed_hosts("a b");
                c.mutable_gateway()->set_max_connections(0);
                c.mutable_gateway()->set_public_url("http://ttx.example");
                c.mutable_grpc()->set_listen_address("unix:relative");
              }),
              ElementsAre("gateway.listen_address BAD_FORMAT", "gateway.admin_address OUT_OF_RANGE",
                          "gateway.allowed_hosts[1] BAD_FORMAT", "gateway.max_connections OUT_OF_RANGE",
                          "gateway.max_connections_per_peer OUT_OF_RANGE", "gateway.public_url BAD_FORMAT",
                          "grpc.listen_address BAD_FORMAT"));
  EXPECT_THAT(Problems([](Config& c) {
                for (const char* role : {"auction", "auction"}) c.add_roles(role);
                for (const char* service : {"auction", "gateway", "party", "party"}) {
                  Peer* peer = c.add_peers();
                  peer->set_service(service);
                  peer->set_address("127.0.0.1:9444");
                }
                c.mutable_peers(3)->set_address("10.0.0.2:9443");
              }),
              ElementsAre("roles[1] DUPLICATE", "peers[0].service DUPLICATE",
                          "peers[1].service UNKNOWN_VALUE", "peers[3].service DUPLICATE",
                          "grpc.certificate_file REQUIRED", "grpc.client_ca_file REQUIRED"));
}

TEST(AddressTest, AcceptsTcpAndUnix) {
  const auto unix_address = ParseAddress("unix:/run/ttx.sock", "f");
  ASSERT_TRUE(unix_address.ok());
  EXPECT_EQ(*unix_address, (Address{.unix_path = "/run/ttx.sock", .loopback = true}));
  const auto name = ParseAddress("ttx.example:443", "f");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, (Address{.host = "ttx.example", .port = 443}));
  const auto v6 = ParseAddress("[::1]:65535", "f");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(*v6, (Address{.host = "::1", .port = 65535, .loopback = true}));
}

TEST(AddressTest, RefusesEverythingElse) {
  for (const char* text :
       {"", ":", ":80", "host", "host:", "host:65536", "host:-1", "host:+1", "host:80x", "::1:80", "[::1]",
        "[::1:80", "[localhost]:80", "a b:80", "http://a:80", "unix:", "unix:run"}) {
    const auto address = ParseAddress(text, "grpc.listen_address");
    ASSERT_FALSE(address.ok()) << text;
    ASSERT_EQ(address.error().violations.size(), 1u);
    EXPECT_EQ(address.error().violations[0].field, "grpc.listen_address");
    EXPECT_EQ(address.error().violations[0].reason, Reason::kBAD_FORMAT);
  }
  EXPECT_FALSE(ParseAddress("unix:/" + std::string(107, 'x'), "f").ok());
}

RC_GTEST_PROP(AddressTest, WhatIsAcceptedHasExactlyOneForm, (const std::string& host, uint16_t port)) {
  const auto address = ParseAddress(host + ":" + std::to_string(port), "f");
  if (!address.ok()) return;
  RC_ASSERT(address->port == port);
  RC_ASSERT(address->host.empty() != address->unix_path.empty());
}

}  // namespace
}  // namespace ttx::config
