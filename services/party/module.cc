#include "services/party/module.h"

#include "libs/rpc/service_module.h"
#include "services/party/app/party_app.h"
#include "services/party/rpc/party_service.h"

namespace ttx::party {
namespace {

constexpr std::string_view kServiceName = "ttx.party.v1.PartyService";

class PartyModule : public rpc::ServiceModule {
 public:
  PartyModule(rpc::ModuleDeps deps, PartyOptions options)
      : ServiceModule(kServiceName, std::move(deps)), app_(this->deps().ids, std::move(options)) {}

  // Whatever is queued refers to the members below.
  ~PartyModule() override {
    CloseStreams();
    Drain();
  }

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<PartyService>(app_, handler());
    return {};
  }

  grpc::Service& service() override { return *service_; }

 private:
  void OnDue(storage::Txn& txn, const std::string& subject) override { app_.OnDue(txn, subject); }

  PartyApp app_;
  std::unique_ptr<PartyService> service_;
};

BootstrappedClient Credentials(const PartyApp::Registered& made) {
  return {ResourceName(made.person.id), made.client.id.text, made.client_secret};
}

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakePartyModule(rpc::ModuleDeps deps, PartyConfig config) {
  PartyOptions options{std::move(config.issuer), std::move(config.audience), config.token_lifetime,
                       config.enrolment_lifetime, deps.secrets_key};
  auto module = std::make_unique<PartyModule>(std::move(deps), std::move(options));
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

Result<Bootstrapped> Bootstrap(storage::Kv& kv, const Clock& clock, IdSource& ids,
                               const std::string& secrets_key, const BootstrapInput& input) {
  const PartyApp app(ids, PartyOptions{.secrets_key = secrets_key});
  Bootstrapped made;
  Status status;
  storage::Writer writer(kv, clock, {}, [](const Error&) {});
  storage::Command command;
  command.method = "Bootstrap";
  command.run = [&](storage::Txn& txn) -> Result<std::string> {
    TTX_TRY(const PartyApp::Installed installed,
            app.Install(txn, {input.profile, input.person_display_name, input.client_display_name, {}},
                        input.second_person_display_name));
    made = {ResourceName(installed.first.organization.id), Credentials(installed.first),
            Credentials(installed.second)};
    return std::string();
  };
  command.done = [&](storage::Answer answer) {
    if (!answer.body.ok()) status = std::move(answer.body).error();
  };
  writer.Submit(std::move(command));
  writer.Step();
  if (!status.ok()) return std::move(status).error();
  return made;
}

}  // namespace ttx::party
