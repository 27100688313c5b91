#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <set>
#include <string>

#include "gateway/gateway.h"
#include "google/protobuf/descriptor.h"
#include "libs/auth/permissions.h"
#include "services/server/services.h"
#include "ttx/api/v1/descriptors.h"
#include "ttx/api/v1/method.pb.h"

namespace ttx::server {
namespace {

// ListingService asks auth::Grants for them itself: which of the two halves of a review the caller may give.
const std::set<std::string> kAskedByServices = {"listing.listing.approve_business",
                                                "listing.listing.approve_compliance"};

TEST(ApiTest, EveryPermissionIsAskedFor) {
  std::set<std::string> asked = kAskedByServices;
  for (const std::string& name : PublicServices(/*sandbox=*/true)) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string& permission =
          service->method(i)->options().GetExtension(api::v1::policy).permission();
      EXPECT_TRUE(auth::KnownPermission(permission)) << service->method(i)->full_name();
      EXPECT_FALSE(kAskedByServices.contains(permission)) << permission << " is asked for by a method";
      asked.insert(permission);
    }
  }
  for (const auth::PermissionRow& row : auth::AllPermissions()) {
    EXPECT_TRUE(asked.contains(std::string(row.permission))) << "nothing asks for " << row.permission;
  }
}

TEST(ApiTest, EveryOperationHasASummaryAndEveryWriteItsRule) {
  const auto text = gateway::OpenApiDocument(PublicServices(/*sandbox=*/true), api::v1::Descriptors());
  ASSERT_TRUE(text.ok());
  rapidjson::Document json;
  ASSERT_FALSE(json.Parse(text->c_str()).HasParseError());
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  std::set<std::string> ids;
  int writes = 0;
  for (const auto& path : json["paths"].GetObject()) {
    for (const auto& item : path.value.GetObject()) {
      const auto& operation = item.value;
      const std::string id = operation["operationId"].GetString();
      EXPECT_TRUE(ids.insert(id).second) << id;
      ASSERT_TRUE(operation.HasMember("summary")) << id;
      const std::string summary = operation["summary"].GetString();
      EXPECT_FALSE(summary.empty() || summary.ends_with('.')) << id << ": " << summary;
      std::string method = id;
      method[method.find('/')] = '.';
      const auto* descriptor = pool->FindMethodByName(method);
      ASSERT_NE(descriptor, nullptr) << id;
      if (!descriptor->options().GetExtension(api::v1::policy).write()) continue;
      ++writes;
      EXPECT_NE(std::string(operation["description"].GetString()).find("`Idempotency-Key`"),
                std::string::npos)
          << id;
      bool offers_the_header = false;
      for (const auto& parameter : operation["parameters"].GetArray())
        offers_the_header |= std::string(parameter["name"].GetString()) == "Idempotency-Key";
      EXPECT_TRUE(offers_the_header) << id;
    }
  }
  EXPECT_GT(writes, 50);
}

TEST(ApiTest, PathsAreToldApartByMoreThanTheirParameters) {
  const auto text = gateway::OpenApiDocument(PublicServices(/*sandbox=*/true), api::v1::Descriptors());
  ASSERT_TRUE(text.ok());
  rapidjson::Document json;
  ASSERT_FALSE(json.Parse(text->c_str()).HasParseError());
  EXPECT_TRUE(json["paths"].HasMember("/v1/auctions/{auction}/bids/{bid}"));
  EXPECT_TRUE(json["paths"].HasMember("/v1/organizations/{organization}/signingKeys/{signing_key}"));
  std::set<std::string> shapes;
  for (const auto& path : json["paths"].GetObject()) {
    std::string shape;
    bool inside = false;
    for (const char c : std::string(path.name.GetString())) {
      if (c == '{') inside = true;
      if (!inside || c == '{') shape += c;
      if (c == '}') inside = false;
    }
    EXPECT_TRUE(shapes.insert(shape).second) << path.name.GetString();
  }
}

}  // namespace
}  // namespace ttx::server
