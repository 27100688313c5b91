#include <cstdio>

#include "gateway/gateway.h"
#include "services/server/commands.h"
#include "services/server/services.h"
#include "ttx/api/v1/descriptors.h"

namespace ttx::server {
namespace {

constexpr const char* kOpenApiHelp =
    "Usage: ttx openapi [--sandbox]\n"
    "\n"
    "Prints the OpenAPI 3.1 document of the HTTPS API, as a running gateway serves it at /openapi.json,\n"
    "without the gateway's address.\n"
    "\n"
    "  --sandbox  with the sandbox's clock\n";

}  // namespace

std::string FullName(std::string_view service) {
  std::string title(service);
  title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return "ttx." + std::string(service) + ".v1." + title + "Service";
}

std::vector<std::string> PublicServices(bool sandbox) {
  std::vector<std::string> names;
  for (const char* service : kServices) names.push_back(FullName(service));
  if (sandbox) names.push_back(FullName("sandbox"));
  return names;
}

int PrintOpenApi(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"sandbox"}, {});
  if (arguments.Has("help")) {
    std::fputs(kOpenApiHelp, stdout);
    return kExitOk;
  }
  if (!arguments.error().empty() || !arguments.rest().empty()) {
    std::fprintf(stderr, "ttx: %s\n\n%s", arguments.error().c_str(), kOpenApiHelp);
    return kExitUsage;
  }
  const Result<std::string> document =
      gateway::OpenApiDocument(PublicServices(arguments.Has("sandbox")), api::v1::Descriptors());
  if (!document.ok()) {
    std::fprintf(stderr, "ttx: %s\n", document.error().message().c_str());
    return kExitConfig;
  }
  std::printf("%s\n", document->c_str());
  return kExitOk;
}

}  // namespace ttx::server
