#pragma once

#include "libs/rpc/handler.h"
#include "services/party/app/party_app.h"
#include "services/party/rpc/token_issuer.h"
#include "ttx/party/v1/party.grpc.pb.h"

namespace ttx::party {

/// The gRPC face of PartyApp: convert, call, convert back. What it is made from must outlive it.
class PartyService : public v1::PartyService::CallbackService {
 public:
  PartyService(const PartyApp& app, rpc::Handler& handler) : app_(app), handler_(handler), issuer_(app) {}

  grpc::ServerUnaryReactor* RegisterOrganization(grpc::CallbackServerContext* context,
                                                 const v1::RegisterOrganizationRequest* request,
                                                 v1::RegisterOrganizationResponse* response) override;
  grpc::ServerUnaryReactor* CreateOrganization(grpc::CallbackServerContext* context,
                                               const v1::CreateOrganizationRequest* request,
                                               v1::CreateOrganizationResponse* response) override;
  grpc::ServerUnaryReactor* GetOrganization(grpc::CallbackServerContext* context,
                                            const v1::GetOrganizationRequest* request,
                                            v1::Organization* response) override;
  grpc::ServerUnaryReactor* LookupOrganization(grpc::CallbackServerContext* context,
                                               const v1::LookupOrganizationRequest* request,
                                               v1::Organization* response) override;
  grpc::ServerUnaryReactor* ListOrganizations(grpc::CallbackServerContext* context,
                                              const v1::ListOrganizationsRequest* request,
                                              v1::ListOrganizationsResponse* response) override;
  grpc::ServerUnaryReactor* ResubmitOrganization(grpc::CallbackServerContext* context,
                                                 const v1::ResubmitOrganizationRequest* request,
                                                 v1::Organization* response) override;
  grpc::ServerUnaryReactor* ApproveKyc(grpc::CallbackServerContext* context,
                                       const v1::ApproveKycRequest* request,
                                       v1::Organization* response) override;
  grpc::ServerUnaryReactor* RejectKyc(grpc::CallbackServerContext* context,
                                      const v1::RejectKycRequest* request,
                                      v1::Organization* response) override;
  grpc::ServerUnaryReactor* SuspendOrganization(grpc::CallbackServerContext* context,
                                                const v1::SuspendOrganizationRequest* request,
                                                v1::Organization* response) override;
  grpc::ServerUnaryReactor* RequestReinstate(grpc::CallbackServerContext* context,
                                             const v1::RequestReinstateRequest* request,
                                             v1::Organization* response) override;
  grpc::ServerUnaryReactor* ApproveReinstate(grpc::CallbackServerContext* context,
                                             const v1::ApproveReinstateRequest* request,
                                             v1::Organization* response) override;
  grpc::ServerUnaryReactor* RequestClose(grpc::CallbackServerContext* context,
                                         const v1::RequestCloseRequest* request,
                                         v1::Organization* response) override;
  grpc::ServerUnaryReactor* ApproveClose(grpc::CallbackServerContext* context,
                                         const v1::ApproveCloseRequest* request,
                                         v1::Organization* response) override;
  grpc::ServerUnaryReactor* CreatePerson(grpc::CallbackServerContext* context,
                                         const v1::CreatePersonRequest* request,
                                         v1::Person* response) override;
  grpc::ServerUnaryReactor* GetPerson(grpc::CallbackServerContext* context,
                                      const v1::GetPersonRequest* request, v1::Person* response) override;
  grpc::ServerUnaryReactor* ListPeople(grpc::CallbackServerContext* context,
                                       const v1::ListPeopleRequest* request,
                                       v1::ListPeopleResponse* response) override;
  grpc::ServerUnaryReactor* DisablePerson(grpc::CallbackServerContext* context,
                                          const v1::DisablePersonRequest* request,
                                          v1::Person* response) override;
  grpc::ServerUnaryReactor* EnablePerson(grpc::CallbackServerContext* context,
                                         const v1::EnablePersonRequest* request,
                                         v1::Person* response) override;
  grpc::ServerUnaryReactor* CreateApiClient(grpc::CallbackServerContext* context,
                                            const v1::CreateApiClientRequest* request,
                                            v1::ApiClientEnrolment* response) override;
  grpc::ServerUnaryReactor* ApproveApiClient(grpc::CallbackServerContext* context,
                                             const v1::ApproveApiClientRequest* request,
                                             v1::ApiClient* response) override;
  grpc::ServerUnaryReactor* EnrolApiClient(grpc::CallbackServerContext* context,
                                           const v1::EnrolApiClientRequest* request,
                                           v1::ApiClientSecret* response) override;
  grpc::ServerUnaryReactor* GetApiClient(grpc::CallbackServerContext* context,
                                         const v1::GetApiClientRequest* request,
                                         v1::ApiClient* response) override;
  grpc::ServerUnaryReactor* ListApiClients(grpc::CallbackServerContext* context,
                                           const v1::ListApiClientsRequest* request,
                                           v1::ListApiClientsResponse* response) override;
  grpc::ServerUnaryReactor* RotateSecret(grpc::CallbackServerContext* context,
                                         const v1::RotateSecretRequest* request,
                                         v1::ApiClientSecret* response) override;
  grpc::ServerUnaryReactor* ResetSecret(grpc::CallbackServerContext* context,
                                        const v1::ResetSecretRequest* request,
                                        v1::ApiClientEnrolment* response) override;
  grpc::ServerUnaryReactor* DisableApiClient(grpc::CallbackServerContext* context,
                                             const v1::DisableApiClientRequest* request,
                                             v1::ApiClient* response) override;
  grpc::ServerUnaryReactor* EnableApiClient(grpc::CallbackServerContext* context,
                                            const v1::EnableApiClientRequest* request,
                                            v1::ApiClient* response) override;
  grpc::ServerUnaryReactor* SetRoles(grpc::CallbackServerContext* context, const v1::SetRolesRequest* request,
                                     v1::ApiClient* response) override;
  grpc::ServerUnaryReactor* AddSigningKey(grpc::CallbackServerContext* context,
                                          const v1::AddSigningKeyRequest* request,
                                          v1::SigningKey* response) override;
  grpc::ServerUnaryReactor* GetSigningKey(grpc::CallbackServerContext* context,
                                          const v1::GetSigningKeyRequest* request,
                                          v1::SigningKey* response) override;
  grpc::ServerUnaryReactor* ListSigningKeys(grpc::CallbackServerContext* context,
                                            const v1::ListSigningKeysRequest* request,
                                            v1::ListSigningKeysResponse* response) override;
  grpc::ServerUnaryReactor* RevokeSigningKey(grpc::CallbackServerContext* context,
                                             const v1::RevokeSigningKeyRequest* request,
                                             v1::SigningKey* response) override;
  grpc::ServerUnaryReactor* IssueToken(grpc::CallbackServerContext* context,
                                       const v1::IssueTokenRequest* request,
                                       v1::IssueTokenResponse* response) override;
  grpc::ServerUnaryReactor* ListTokenKeys(grpc::CallbackServerContext* context,
                                          const v1::ListTokenKeysRequest* request,
                                          v1::ListTokenKeysResponse* response) override;
  grpc::ServerUnaryReactor* RotateTokenKey(grpc::CallbackServerContext* context,
                                           const v1::RotateTokenKeyRequest* request,
                                           v1::TokenKey* response) override;
  grpc::ServerUnaryReactor* GetVerificationState(grpc::CallbackServerContext* context,
                                                 const v1::GetVerificationStateRequest* request,
                                                 v1::VerificationState* response) override;
  grpc::ServerUnaryReactor* AppendCreditEvent(grpc::CallbackServerContext* context,
                                              const v1::AppendCreditEventRequest* request,
                                              v1::CreditEvent* response) override;
  grpc::ServerUnaryReactor* ListCreditEvents(grpc::CallbackServerContext* context,
                                             const v1::ListCreditEventsRequest* request,
                                             v1::ListCreditEventsResponse* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;

 private:
  const PartyApp& app_;
  rpc::Handler& handler_;
  TokenIssuer issuer_;  // used on the writer's thread only
};

}  // namespace ttx::party
