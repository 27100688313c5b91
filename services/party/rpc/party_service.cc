#include "services/party/rpc/party_service.h"

#include "libs/core/uscc.h"
#include "libs/rpc/events.h"
#include "libs/rpc/page.h"
#include "libs/rpc/proto_time.h"
#include "libs/rpc/second_person.h"
#include "services/party/app/secrets.h"
#include "services/party/rpc/convert.h"

namespace ttx::party {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using rpc::Call;
using rpc::Seen;
using storage::Reader;
using storage::Txn;

// A command on one resource: its id, the etag it must have, and the request for the rest.
template <class ResourceId, class Request>
struct On {
  ResourceId id;
  Request request;
};

// Parsers of requests that name one resource.
constexpr auto kOrganizationOf = []<class Request>(const Request& from,
                                                   const Call&) -> Result<On<OrganizationId, Request>> {
  TTX_TRY(OrganizationId id, ParseOrganization(from.name(), "name"));
  return On<OrganizationId, Request>{std::move(id), from};
};
constexpr auto kPersonOf = []<class Request>(const Request& from,
                                             const Call&) -> Result<On<PersonId, Request>> {
  TTX_TRY(PersonId id, ParsePerson(from.name(), "name"));
  return On<PersonId, Request>{std::move(id), from};
};
constexpr auto kClientOf = []<class Request>(const Request& from,
                                             const Call&) -> Result<On<ApiClientId, Request>> {
  TTX_TRY(ApiClientId id, ParseApiClient(from.name(), "name"));
  return On<ApiClientId, Request>{std::move(id), from};
};

v1::Organization Shown(const Organization& organization, const Call& call) {
  return ToProto(organization, PartyApp::ViewOf(call.principal, organization.id));
}

v1::Person Shown(const Person& person, const Call& call) {
  return ToProto(person, PartyApp::ViewOf(call.principal, person.organization));
}

// The answer to a registration but for the secret or the code.
template <class Response>
Response ToResponse(const PartyApp::Registered& registered, View view) {
  Response to;
  *to.mutable_organization() = ToProto(registered.organization, view);
  *to.mutable_person() = ToProto(registered.person, view);
  *to.mutable_api_client() = ToProto(registered.client);
  return to;
}

v1::ApiClientSecret Sealed(const PartyApp::ClientWithSecret& made, std::string_view secrets_key) {
  v1::ApiClientSecret to;
  *to.mutable_api_client() = ToProto(made.client);
  to.set_client_secret(SealClientSecret(secrets_key, made.secret, to.api_client().name()));
  return to;
}

v1::ApiClientEnrolment Sealed(const PartyApp::ClientWithCode& made, std::string_view secrets_key) {
  v1::ApiClientEnrolment to;
  *to.mutable_api_client() = ToProto(made.client);
  to.set_enrolment_code(SealClientSecret(secrets_key, made.enrolment_code, to.api_client().name()));
  return to;
}

// Opens the enrolment code of a stored answer in the copy that is sent.
auto RevealCodeWith(const std::string& secrets_key) {
  return [&secrets_key](auto& response, bool) -> Status {
    TTX_TRY(std::string code,
            OpenClientSecret(secrets_key, response.enrolment_code(), response.api_client().name()));
    response.set_enrolment_code(std::move(code));
    return {};
  };
}

// Opens the secret of a stored answer in the copy that is sent.
auto RevealWith(const std::string& secrets_key) {
  return [&secrets_key](auto& response, bool) -> Status {
    TTX_TRY(std::string secret,
            OpenClientSecret(secrets_key, response.client_secret(), response.api_client().name()));
    response.set_client_secret(std::move(secret));
    return {};
  };
}

// For a request that holds no secret and needs no token: whoever repeats it need not be who made it.
auto RevealOnceWith(const std::string& secrets_key) {
  return [reveal = RevealWith(secrets_key)](auto& response, bool replayed) -> Status {
    if (!replayed) return reveal(response, replayed);
    response.clear_client_secret();
    return {};
  };
}

std::optional<OrganizationState> StateFilter(v1::Organization::State state) {
  switch (state) {
    case v1::Organization::KYC_PENDING:
      return OrganizationState::kKycPending;
    case v1::Organization::ACTIVE:
      return OrganizationState::kActive;
    case v1::Organization::REJECTED:
      return OrganizationState::kRejected;
    case v1::Organization::SUSPENDED:
      return OrganizationState::kSuspended;
    case v1::Organization::CLOSED:
      return OrganizationState::kClosed;
    default:
      return std::nullopt;
  }
}

Result<CreditEntry> FromProto(const v1::AppendCreditEventRequest& from) {
  CreditEntry entry;
  TTX_TRY(entry.organization, ParseOrganization(from.parent(), "parent"));
  if (from.type() == v1::CreditEvent::TYPE_UNSPECIFIED) return InvalidField("type", Reason::kREQUIRED);
  entry.type = static_cast<CreditType>(from.type());
  entry.subject = from.subject();
  entry.detail = from.detail();
  return entry;
}

// What both methods over the event log show a caller.
auto EventsOf(const PartyApp& app) {
  return [&app](const Reader& reader, const Call& call, uint64_t after, size_t limit) {
    return rpc::ToStreamPage(app.ListEvents(reader, after, limit), [&](const StoredEvent& event) {
      return ToProto(event, call.principal.service());
    });
  };
}

}  // namespace

// --- Organizations

ServerUnaryReactor* PartyService::RegisterOrganization(CallbackServerContext* context,
                                                       const v1::RegisterOrganizationRequest* request,
                                                       v1::RegisterOrganizationResponse* response) {
  return handler_.Write(
      context, request, response, "RegisterOrganization",
      [](const v1::RegisterOrganizationRequest& from, const Call&) { return FromProto(from); },
      [this](Txn& txn, const Call& call,
             const PartyApp::RegisterInput& input) -> Result<v1::RegisterOrganizationResponse> {
        TTX_TRY(const PartyApp::Registered registered, app_.Register(txn, call.principal, input, false));
        auto to = ToResponse<v1::RegisterOrganizationResponse>(registered, View::kMember);
        to.set_client_secret(
            SealClientSecret(app_.options().secrets_key, registered.client_secret, to.api_client().name()));
        return to;
      },
      RevealOnceWith(app_.options().secrets_key));
}

ServerUnaryReactor* PartyService::CreateOrganization(CallbackServerContext* context,
                                                     const v1::CreateOrganizationRequest* request,
                                                     v1::CreateOrganizationResponse* response) {
  return handler_.Write(
      context, request, response, "CreateOrganization",
      [](const v1::CreateOrganizationRequest& from, const Call&) { return FromProto(from); },
      [this](Txn& txn, const Call& call,
             const PartyApp::RegisterInput& input) -> Result<v1::CreateOrganizationResponse> {
        TTX_TRY(const PartyApp::Registered registered, app_.Register(txn, call.principal, input, true));
        auto to = ToResponse<v1::CreateOrganizationResponse>(registered, View::kStaff);
        to.set_enrolment_code(
            SealClientSecret(app_.options().secrets_key, registered.enrolment_code, to.api_client().name()));
        return to;
      },
      RevealCodeWith(app_.options().secrets_key));
}

ServerUnaryReactor* PartyService::GetOrganization(CallbackServerContext* context,
                                                  const v1::GetOrganizationRequest* request,
                                                  v1::Organization* response) {
  return handler_.Read(context, request, response, "GetOrganization",
                       [this](const Reader& reader, const Call& call,
                              const v1::GetOrganizationRequest& from) -> Result<v1::Organization> {
                         TTX_TRY(const OrganizationId id, ParseOrganization(from.name(), "name"));
                         TTX_TRY(const Organization organization, app_.GetOrganization(reader, id));
                         return Shown(organization, call);
                       });
}

ServerUnaryReactor* PartyService::LookupOrganization(CallbackServerContext* context,
                                                     const v1::LookupOrganizationRequest* request,
                                                     v1::Organization* response) {
  return handler_.Read(context, request, response, "LookupOrganization",
                       [this](const Reader& reader, const Call& call,
                              const v1::LookupOrganizationRequest& from) -> Result<v1::Organization> {
                         TTX_TRY(const std::string uscc, ParseUscc(from.uscc(), "uscc"));
                         TTX_TRY(const Organization organization, app_.Lookup(reader, uscc));
                         return Shown(organization, call);
                       });
}

ServerUnaryReactor* PartyService::ListOrganizations(CallbackServerContext* context,
                                                    const v1::ListOrganizationsRequest* request,
                                                    v1::ListOrganizationsResponse* response) {
  return handler_.Read(
      context, request, response, "ListOrganizations",
      [this](const Reader& reader, const Call& call,
             const v1::ListOrganizationsRequest& from) -> Result<v1::ListOrganizationsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListOrganizationsResponse to;
        for (const Organization& organization :
             app_.ListOrganizations(reader, StateFilter(from.state()), page.after, page.size + 1)) {
          *to.add_organizations() = Shown(organization, call);
        }
        rpc::FinishPage(page, to, *to.mutable_organizations(),
                        [](const v1::Organization& last) { return last.uid(); });
        return to;
      });
}

ServerUnaryReactor* PartyService::ResubmitOrganization(CallbackServerContext* context,
                                                       const v1::ResubmitOrganizationRequest* request,
                                                       v1::Organization* response) {
  struct Input {
    OrganizationId id;
    Profile profile;
    std::string etag;
  };
  return handler_.Write(
      context, request, response, "ResubmitOrganization",
      [](const v1::ResubmitOrganizationRequest& from, const Call&) -> Result<Input> {
        TTX_TRY(OrganizationId id, ParseOrganization(from.name(), "name"));
        TTX_TRY(Profile profile, FromProto(from.profile()));
        return Input{std::move(id), std::move(profile), from.etag()};
      },
      [this](Txn& txn, const Call& call, const Input& input) -> Result<v1::Organization> {
        TTX_TRY(const Organization after,
                app_.Resubmit(txn, call.principal, input.id, input.profile, input.etag));
        return Shown(after, call);
      });
}

ServerUnaryReactor* PartyService::ApproveKyc(CallbackServerContext* context,
                                             const v1::ApproveKycRequest* request,
                                             v1::Organization* response) {
  return handler_.Write(context, request, response, "ApproveKyc", Seen(kOrganizationOf),
                        [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
                          TTX_TRY(const Organization after,
                                  app_.ApproveKyc(txn, call.principal, on.id, on.request.etag()));
                          return Shown(after, call);
                        });
}

ServerUnaryReactor* PartyService::RejectKyc(CallbackServerContext* context,
                                            const v1::RejectKycRequest* request, v1::Organization* response) {
  return handler_.Write(
      context, request, response, "RejectKyc", Seen(kOrganizationOf),
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
        TTX_TRY(const Organization after,
                app_.RejectKyc(txn, call.principal, on.id, on.request.reason(), on.request.etag()));
        return Shown(after, call);
      });
}

ServerUnaryReactor* PartyService::SuspendOrganization(CallbackServerContext* context,
                                                      const v1::SuspendOrganizationRequest* request,
                                                      v1::Organization* response) {
  return handler_.Write(
      context, request, response, "SuspendOrganization", kOrganizationOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
        TTX_TRY(const Organization after,
                app_.Suspend(txn, call.principal, on.id, on.request.reason(), on.request.etag()));
        return Shown(after, call);
      });
}

ServerUnaryReactor* PartyService::RequestReinstate(CallbackServerContext* context,
                                                   const v1::RequestReinstateRequest* request,
                                                   v1::Organization* response) {
  return handler_.Write(context, request, response, "RequestReinstate", kOrganizationOf,
                        [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
                          TTX_TRY(const Organization after,
                                  app_.MakeRequest(txn, call.principal, on.id, RequestKind::kReinstate,
                                                   on.request.reason(), on.request.etag()));
                          return Shown(after, call);
                        });
}

ServerUnaryReactor* PartyService::ApproveReinstate(CallbackServerContext* context,
                                                   const v1::ApproveReinstateRequest* request,
                                                   v1::Organization* response) {
  return handler_.Write(
      context, request, response, "ApproveReinstate", Seen(kOrganizationOf),
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
        TTX_TRY(const Organization after,
                app_.ApproveRequest(txn, call.principal, on.id, RequestKind::kReinstate, on.request.etag()));
        return Shown(after, call);
      });
}

ServerUnaryReactor* PartyService::RequestClose(CallbackServerContext* context,
                                               const v1::RequestCloseRequest* request,
                                               v1::Organization* response) {
  return handler_.Write(context, request, response, "RequestClose", kOrganizationOf,
                        [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
                          TTX_TRY(const Organization after,
                                  app_.MakeRequest(txn, call.principal, on.id, RequestKind::kClose,
                                                   on.request.reason(), on.request.etag()));
                          return Shown(after, call);
                        });
}

ServerUnaryReactor* PartyService::ApproveClose(CallbackServerContext* context,
                                               const v1::ApproveCloseRequest* request,
                                               v1::Organization* response) {
  return handler_.Write(
      context, request, response, "ApproveClose", Seen(kOrganizationOf),
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Organization> {
        TTX_TRY(const Organization after,
                app_.ApproveRequest(txn, call.principal, on.id, RequestKind::kClose, on.request.etag()));
        return Shown(after, call);
      });
}

// --- People

ServerUnaryReactor* PartyService::CreatePerson(CallbackServerContext* context,
                                               const v1::CreatePersonRequest* request, v1::Person* response) {
  using Input = On<OrganizationId, v1::CreatePersonRequest>;
  return handler_.Write(
      context, request, response, "CreatePerson",
      [](const v1::CreatePersonRequest& from, const Call&) -> Result<Input> {
        TTX_TRY(OrganizationId id, ParseOrganization(from.parent(), "parent"));
        return Input{std::move(id), from};
      },
      [this](Txn& txn, const Call& call, const Input& input) -> Result<v1::Person> {
        TTX_TRY(const Person made,
                app_.CreatePerson(txn, call.principal, input.id, input.request.display_name()));
        return Shown(made, call);
      });
}

ServerUnaryReactor* PartyService::GetPerson(CallbackServerContext* context,
                                            const v1::GetPersonRequest* request, v1::Person* response) {
  return handler_.Read(
      context, request, response, "GetPerson",
      [this](const Reader& reader, const Call& call, const v1::GetPersonRequest& from) -> Result<v1::Person> {
        TTX_TRY(const PersonId id, ParsePerson(from.name(), "name"));
        TTX_TRY(const Person person, app_.GetPerson(reader, call.principal, id));
        return Shown(person, call);
      });
}

ServerUnaryReactor* PartyService::ListPeople(CallbackServerContext* context,
                                             const v1::ListPeopleRequest* request,
                                             v1::ListPeopleResponse* response) {
  return handler_.Read(context, request, response, "ListPeople",
                       [this](const Reader& reader, const Call& call,
                              const v1::ListPeopleRequest& from) -> Result<v1::ListPeopleResponse> {
                         TTX_TRY(const OrganizationId id, ParseOrganization(from.parent(), "parent"));
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const std::vector<Person> people,
                                 app_.ListPeople(reader, call.principal, id, page.after, page.size + 1));
                         v1::ListPeopleResponse to;
                         for (const Person& person : people) *to.add_people() = Shown(person, call);
                         rpc::FinishPage(page, to, *to.mutable_people(),
                                         [](const v1::Person& last) { return last.uid(); });
                         return to;
                       });
}

ServerUnaryReactor* PartyService::DisablePerson(CallbackServerContext* context,
                                                const v1::DisablePersonRequest* request,
                                                v1::Person* response) {
  return handler_.Write(
      context, request, response, "DisablePerson", kPersonOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Person> {
        TTX_TRY(const Person after,
                app_.SetPersonState(txn, call.principal, on.id, AccessState::kDisabled, on.request.etag()));
        return Shown(after, call);
      });
}

ServerUnaryReactor* PartyService::EnablePerson(CallbackServerContext* context,
                                               const v1::EnablePersonRequest* request, v1::Person* response) {
  return handler_.Write(
      context, request, response, "EnablePerson", kPersonOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::Person> {
        TTX_TRY(const Person after,
                app_.SetPersonState(txn, call.principal, on.id, AccessState::kActive, on.request.etag()));
        return Shown(after, call);
      });
}

// --- API clients

ServerUnaryReactor* PartyService::CreateApiClient(CallbackServerContext* context,
                                                  const v1::CreateApiClientRequest* request,
                                                  v1::ApiClientEnrolment* response) {
  return handler_.Write(
      context, request, response, "CreateApiClient",
      [](const v1::CreateApiClientRequest& from, const Call&) -> Result<PartyApp::CreateClientInput> {
        TTX_TRY(PersonId person, ParsePerson(from.person(), "person"));
        return PartyApp::CreateClientInput{std::move(person), from.display_name(), RolesOf(from.roles()),
                                           from.manager()};
      },
      [this](Txn& txn, const Call& call,
             const PartyApp::CreateClientInput& input) -> Result<v1::ApiClientEnrolment> {
        TTX_TRY(const PartyApp::ClientWithCode made, app_.CreateApiClient(txn, call.principal, input));
        return Sealed(made, app_.options().secrets_key);
      },
      RevealCodeWith(app_.options().secrets_key));
}

ServerUnaryReactor* PartyService::ApproveApiClient(CallbackServerContext* context,
                                                   const v1::ApproveApiClientRequest* request,
                                                   v1::ApiClient* response) {
  return handler_.Write(context, request, response, "ApproveApiClient", Seen(kClientOf),
                        [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::ApiClient> {
                          TTX_TRY(const ApiClient after,
                                  app_.ApproveApiClient(txn, call.principal, on.id, on.request.etag()));
                          return ToProto(after);
                        });
}

ServerUnaryReactor* PartyService::EnrolApiClient(CallbackServerContext* context,
                                                 const v1::EnrolApiClientRequest* request,
                                                 v1::ApiClientSecret* response) {
  using Input = On<ApiClientId, v1::EnrolApiClientRequest>;
  return handler_.Write(
      context, request, response, "EnrolApiClient",
      [](const v1::EnrolApiClientRequest& from, const Call&) -> Result<Input> {
        TTX_TRY(ApiClientId id, ParseApiClient(from.name(), "name"));
        if (from.enrolment_code().empty()) return InvalidField("enrolment_code", Reason::kREQUIRED);
        return Input{std::move(id), from};
      },
      [this](Txn& txn, const Call&, const Input& input) -> Result<v1::ApiClientSecret> {
        TTX_TRY(const PartyApp::ClientWithSecret enrolled,
                app_.EnrolApiClient(txn, input.id, input.request.enrolment_code()));
        return Sealed(enrolled, app_.options().secrets_key);
      },
      RevealWith(app_.options().secrets_key));
}

ServerUnaryReactor* PartyService::GetApiClient(CallbackServerContext* context,
                                               const v1::GetApiClientRequest* request,
                                               v1::ApiClient* response) {
  return handler_.Read(context, request, response, "GetApiClient",
                       [this](const Reader& reader, const Call& call,
                              const v1::GetApiClientRequest& from) -> Result<v1::ApiClient> {
                         TTX_TRY(const ApiClientId id, ParseApiClient(from.name(), "name"));
                         TTX_TRY(const ApiClient client, app_.GetApiClient(reader, call.principal, id));
                         return ToProto(client);
                       });
}

ServerUnaryReactor* PartyService::ListApiClients(CallbackServerContext* context,
                                                 const v1::ListApiClientsRequest* request,
                                                 v1::ListApiClientsResponse* response) {
  return handler_.Read(context, request, response, "ListApiClients",
                       [this](const Reader& reader, const Call& call,
                              const v1::ListApiClientsRequest& from) -> Result<v1::ListApiClientsResponse> {
                         TTX_TRY(const OrganizationId id, ParseOrganization(from.parent(), "parent"));
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const std::vector<ApiClient> clients,
                                 app_.ListApiClients(reader, call.principal, id, page.after, page.size + 1));
                         v1::ListApiClientsResponse to;
                         for (const ApiClient& client : clients) *to.add_api_clients() = ToProto(client);
                         rpc::FinishPage(page, to, *to.mutable_api_clients(),
                                         [](const v1::ApiClient& last) { return last.uid(); });
                         return to;
                       });
}

ServerUnaryReactor* PartyService::RotateSecret(CallbackServerContext* context,
                                               const v1::RotateSecretRequest* request,
                                               v1::ApiClientSecret* response) {
  return handler_.Write(
      context, request, response, "RotateSecret", kClientOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::ApiClientSecret> {
        TTX_TRY(const PartyApp::ClientWithSecret after,
                app_.RotateSecret(txn, call.principal, on.id, on.request.etag()));
        return Sealed(after, app_.options().secrets_key);
      },
      RevealWith(app_.options().secrets_key));
}

ServerUnaryReactor* PartyService::ResetSecret(CallbackServerContext* context,
                                              const v1::ResetSecretRequest* request,
                                              v1::ApiClientEnrolment* response) {
  return handler_.Write(
      context, request, response, "ResetSecret", kClientOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::ApiClientEnrolment> {
        TTX_TRY(const PartyApp::ClientWithCode after,
                app_.ResetSecret(txn, call.principal, on.id, on.request.etag()));
        return Sealed(after, app_.options().secrets_key);
      },
      RevealCodeWith(app_.options().secrets_key));
}

ServerUnaryReactor* PartyService::DisableApiClient(CallbackServerContext* context,
                                                   const v1::DisableApiClientRequest* request,
                                                   v1::ApiClient* response) {
  return handler_.Write(context, request, response, "DisableApiClient", kClientOf,
                        [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::ApiClient> {
                          TTX_TRY(const ApiClient after,
                                  app_.SetApiClientState(txn, call.principal, on.id, AccessState::kDisabled,
                                                         on.request.etag()));
                          return ToProto(after);
                        });
}

ServerUnaryReactor* PartyService::EnableApiClient(CallbackServerContext* context,
                                                  const v1::EnableApiClientRequest* request,
                                                  v1::ApiClient* response) {
  return handler_.Write(
      context, request, response, "EnableApiClient", kClientOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::ApiClient> {
        TTX_TRY(const ApiClient after,
                app_.SetApiClientState(txn, call.principal, on.id, AccessState::kActive, on.request.etag()));
        return ToProto(after);
      });
}

ServerUnaryReactor* PartyService::SetRoles(CallbackServerContext* context, const v1::SetRolesRequest* request,
                                           v1::ApiClient* response) {
  return handler_.Write(
      context, request, response, "SetRoles", kClientOf,
      [this](Txn& txn, const Call& call, const auto& on) -> Result<v1::ApiClient> {
        TTX_TRY(const ApiClient after,
                app_.SetRoles(txn, call.principal, on.id, RolesOf(on.request.roles()), on.request.etag()));
        return ToProto(after);
      });
}

// --- Signing keys

ServerUnaryReactor* PartyService::AddSigningKey(CallbackServerContext* context,
                                                const v1::AddSigningKeyRequest* request,
                                                v1::SigningKey* response) {
  return handler_.Write(
      context, request, response, "AddSigningKey",
      [](const v1::AddSigningKeyRequest& from, const Call&) -> Result<PartyApp::ProvenKey> {
        TTX_TRY(OrganizationId id, ParseOrganization(from.parent(), "parent"));
        return PartyApp::ProveKey({std::move(id), from.suite(), from.public_key_pem(), from.proof()});
      },
      [this](Txn& txn, const Call& call, const PartyApp::ProvenKey& key) -> Result<v1::SigningKey> {
        TTX_TRY(const SigningKey added, app_.AddSigningKey(txn, call.principal, key));
        return ToProto(added);
      });
}

ServerUnaryReactor* PartyService::GetSigningKey(CallbackServerContext* context,
                                                const v1::GetSigningKeyRequest* request,
                                                v1::SigningKey* response) {
  return handler_.Read(context, request, response, "GetSigningKey",
                       [this](const Reader& reader, const Call&,
                              const v1::GetSigningKeyRequest& from) -> Result<v1::SigningKey> {
                         TTX_TRY(const SigningKeyName name, ParseSigningKey(from.name()));
                         TTX_TRY(const SigningKey key,
                                 app_.GetSigningKey(reader, name.organization, name.fingerprint));
                         return ToProto(key);
                       });
}

ServerUnaryReactor* PartyService::ListSigningKeys(CallbackServerContext* context,
                                                  const v1::ListSigningKeysRequest* request,
                                                  v1::ListSigningKeysResponse* response) {
  return handler_.Read(context, request, response, "ListSigningKeys",
                       [this](const Reader& reader, const Call&,
                              const v1::ListSigningKeysRequest& from) -> Result<v1::ListSigningKeysResponse> {
                         TTX_TRY(const OrganizationId id, ParseOrganization(from.parent(), "parent"));
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const std::vector<SigningKey> keys,
                                 app_.ListSigningKeys(reader, id, page.after, page.size + 1));
                         v1::ListSigningKeysResponse to;
                         for (const SigningKey& key : keys) *to.add_signing_keys() = ToProto(key);
                         rpc::FinishPage(page, to, *to.mutable_signing_keys(),
                                         [](const v1::SigningKey& last) { return last.uid(); });
                         return to;
                       });
}

ServerUnaryReactor* PartyService::RevokeSigningKey(CallbackServerContext* context,
                                                   const v1::RevokeSigningKeyRequest* request,
                                                   v1::SigningKey* response) {
  struct Input {
    SigningKeyName name;
    std::string etag;
  };
  return handler_.Write(
      context, request, response, "RevokeSigningKey",
      [](const v1::RevokeSigningKeyRequest& from, const Call&) -> Result<Input> {
        TTX_TRY(SigningKeyName name, ParseSigningKey(from.name()));
        return Input{std::move(name), from.etag()};
      },
      [this](Txn& txn, const Call& call, const Input& input) -> Result<v1::SigningKey> {
        TTX_TRY(const SigningKey after, app_.RevokeSigningKey(txn, call.principal, input.name.organization,
                                                              input.name.fingerprint, input.etag));
        return ToProto(after);
      });
}

// --- Tokens

// A command without a request id, so nothing of it is stored for replay: it changes the store only when it
// fails.
ServerUnaryReactor* PartyService::IssueToken(CallbackServerContext* context,
                                             const v1::IssueTokenRequest* request,
                                             v1::IssueTokenResponse* response) {
  return handler_.Write(
      context, request, response, "IssueToken",
      [](const v1::IssueTokenRequest& from, const Call&) -> Result<v1::IssueTokenRequest> {
        if (from.grant_type() != "client_credentials") {
          return InvalidField("grant_type",
                              from.grant_type().empty() ? Reason::kREQUIRED : Reason::kUNKNOWN_VALUE,
                              "client_credentials");
        }
        if (from.client_id().empty()) return InvalidField("client_id", Reason::kREQUIRED);
        if (from.client_secret().empty()) return InvalidField("client_secret", Reason::kREQUIRED);
        return from;
      },
      [this](Txn& txn, const Call&, const v1::IssueTokenRequest& from) -> Result<v1::IssueTokenResponse> {
        TTX_TRY(const PartyApp::TokenGrant grant,
                app_.IssueToken(txn, from.client_id(), from.client_secret()));
        v1::IssueTokenResponse to;
        TTX_TRY(*to.mutable_access_token(), issuer_.Sign(txn, grant));
        to.set_token_type("Bearer");
        to.set_expires_in(static_cast<int32_t>((grant.expires_at - grant.issued_at).ns / Seconds(1).ns));
        return to;
      });
}

ServerUnaryReactor* PartyService::ListTokenKeys(CallbackServerContext* context,
                                                const v1::ListTokenKeysRequest* request,
                                                v1::ListTokenKeysResponse* response) {
  return handler_.Read(context, request, response, "ListTokenKeys",
                       [this](const Reader& reader, const Call&,
                              const v1::ListTokenKeysRequest&) -> Result<v1::ListTokenKeysResponse> {
                         v1::ListTokenKeysResponse to;
                         for (const TokenKey& key : app_.GetVerification(reader).keys) {
                           *to.add_token_keys() = ToProto(key);
                         }
                         return to;
                       });
}

ServerUnaryReactor* PartyService::RotateTokenKey(CallbackServerContext* context,
                                                 const v1::RotateTokenKeyRequest* request,
                                                 v1::TokenKey* response) {
  return handler_.Write(
      context, request, response, "RotateTokenKey",
      [](const v1::RotateTokenKeyRequest& from, const Call&) -> Result<v1::RotateTokenKeyRequest> {
        return from;
      },
      [this](Txn& txn, const Call&, const v1::RotateTokenKeyRequest&) -> Result<v1::TokenKey> {
        TTX_TRY(const TokenKey made, app_.RotateTokenKey(txn));
        return ToProto(made);
      });
}

ServerUnaryReactor* PartyService::GetVerificationState(CallbackServerContext* context,
                                                       const v1::GetVerificationStateRequest* request,
                                                       v1::VerificationState* response) {
  return handler_.Poll(
      context, request, response, "GetVerificationState", rpc::WaitOf(*request),
      [this](const Reader& reader, const Call&, const v1::GetVerificationStateRequest&)
          -> Result<v1::VerificationState> { return ToProto(app_.GetVerification(reader)); },
      [after = request->after_version()](const v1::VerificationState& state) {
        return state.version() <= after;
      });
}

// --- Credit record and events

ServerUnaryReactor* PartyService::AppendCreditEvent(CallbackServerContext* context,
                                                    const v1::AppendCreditEventRequest* request,
                                                    v1::CreditEvent* response) {
  return handler_.Write(
      context, request, response, "AppendCreditEvent",
      [](const v1::AppendCreditEventRequest& from, const Call&) { return FromProto(from); },
      [this](Txn& txn, const Call& call, const CreditEntry& entry) -> Result<v1::CreditEvent> {
        TTX_TRY(const CreditEntry appended, app_.AppendCredit(txn, call.principal, entry));
        return ToProto(appended);
      });
}

ServerUnaryReactor* PartyService::ListCreditEvents(CallbackServerContext* context,
                                                   const v1::ListCreditEventsRequest* request,
                                                   v1::ListCreditEventsResponse* response) {
  return handler_.Read(
      context, request, response, "ListCreditEvents",
      [this](const Reader& reader, const Call&,
             const v1::ListCreditEventsRequest& from) -> Result<v1::ListCreditEventsResponse> {
        TTX_TRY(const OrganizationId id, ParseOrganization(from.parent(), "parent"));
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        TTX_TRY(const int64_t after, rpc::NumberAfter(page));
        TTX_TRY(const std::vector<CreditEntry> entries, app_.ListCredit(reader, id, after, page.size + 1));
        v1::ListCreditEventsResponse to;
        for (const CreditEntry& entry : entries) *to.add_credit_events() = ToProto(entry);
        rpc::FinishPage(page, to, *to.mutable_credit_events(),
                        [](const v1::CreditEvent& last) { return std::to_string(last.number()); });
        return to;
      });
}

ServerUnaryReactor* PartyService::ListEvents(CallbackServerContext* context,
                                             const v1::ListEventsRequest* request,
                                             v1::ListEventsResponse* response) {
  return rpc::ListEvents(handler_, context, request, response, EventsOf(app_));
}

grpc::ServerWriteReactor<v1::Event>* PartyService::StreamEvents(CallbackServerContext* context,
                                                                const v1::StreamEventsRequest* request) {
  return rpc::StreamEvents<v1::Event>(handler_, context, request, EventsOf(app_));
}

}  // namespace ttx::party
