#pragma once

#include "libs/rpc/handler.h"
#include "services/contract/app/contract_app.h"
#include "ttx/contract/v1/contract.grpc.pb.h"

namespace ttx::contract {

/// The gRPC face of ContractApp: convert, call, convert back. `app` and `handler` must outlive it.
class ContractService : public v1::ContractService::CallbackService {
 public:
  ContractService(const ContractApp& app, rpc::Handler& handler) : app_(app), handler_(handler) {}

  grpc::ServerUnaryReactor* GetDeal(grpc::CallbackServerContext* context, const v1::GetDealRequest* request,
                                    v1::Deal* response) override;
  grpc::ServerUnaryReactor* ListDeals(grpc::CallbackServerContext* context,
                                      const v1::ListDealsRequest* request,
                                      v1::ListDealsResponse* response) override;
  grpc::ServerUnaryReactor* SignConfirmation(grpc::CallbackServerContext* context,
                                             const v1::SignConfirmationRequest* request,
                                             v1::Deal* response) override;
  grpc::ServerUnaryReactor* CreateContract(grpc::CallbackServerContext* context,
                                           const v1::CreateContractRequest* request,
                                           v1::Contract* response) override;
  grpc::ServerUnaryReactor* GetContract(grpc::CallbackServerContext* context,
                                        const v1::GetContractRequest* request,
                                        v1::Contract* response) override;
  grpc::ServerUnaryReactor* ListContracts(grpc::CallbackServerContext* context,
                                          const v1::ListContractsRequest* request,
                                          v1::ListContractsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateContract(grpc::CallbackServerContext* context,
                                           const v1::UpdateContractRequest* request,
                                           v1::Contract* response) override;
  grpc::ServerUnaryReactor* AcceptText(grpc::CallbackServerContext* context,
                                       const v1::AcceptTextRequest* request, v1::Contract* response) override;
  grpc::ServerUnaryReactor* FreezeContract(grpc::CallbackServerContext* context,
                                           const v1::FreezeContractRequest* request,
                                           v1::Contract* response) override;
  grpc::ServerUnaryReactor* SignContract(grpc::CallbackServerContext* context,
                                         const v1::SignContractRequest* request,
                                         v1::Contract* response) override;
  grpc::ServerUnaryReactor* MeetCondition(grpc::CallbackServerContext* context,
                                          const v1::MeetConditionRequest* request,
                                          v1::Contract* response) override;
  grpc::ServerUnaryReactor* CompleteContract(grpc::CallbackServerContext* context,
                                             const v1::CompleteContractRequest* request,
                                             v1::Contract* response) override;
  grpc::ServerUnaryReactor* TerminateContract(grpc::CallbackServerContext* context,
                                              const v1::TerminateContractRequest* request,
                                              v1::Contract* response) override;
  grpc::ServerUnaryReactor* ConfirmContract(grpc::CallbackServerContext* context,
                                            const v1::ConfirmContractRequest* request,
                                            v1::Contract* response) override;
  grpc::ServerUnaryReactor* CreateRegistration(grpc::CallbackServerContext* context,
                                               const v1::CreateRegistrationRequest* request,
                                               v1::Registration* response) override;
  grpc::ServerUnaryReactor* GetRegistration(grpc::CallbackServerContext* context,
                                            const v1::GetRegistrationRequest* request,
                                            v1::Registration* response) override;
  grpc::ServerUnaryReactor* ListRegistrations(grpc::CallbackServerContext* context,
                                              const v1::ListRegistrationsRequest* request,
                                              v1::ListRegistrationsResponse* response) override;
  grpc::ServerUnaryReactor* AcceptRegistration(grpc::CallbackServerContext* context,
                                               const v1::AcceptRegistrationRequest* request,
                                               v1::Registration* response) override;
  grpc::ServerUnaryReactor* RequestSupplement(grpc::CallbackServerContext* context,
                                              const v1::RequestSupplementRequest* request,
                                              v1::Registration* response) override;
  grpc::ServerUnaryReactor* SupplementRegistration(grpc::CallbackServerContext* context,
                                                   const v1::SupplementRegistrationRequest* request,
                                                   v1::Registration* response) override;
  grpc::ServerUnaryReactor* RegisterContract(grpc::CallbackServerContext* context,
                                             const v1::RegisterContractRequest* request,
                                             v1::Registration* response) override;
  grpc::ServerUnaryReactor* RefuseRegistration(grpc::CallbackServerContext* context,
                                               const v1::RefuseRegistrationRequest* request,
                                               v1::Registration* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;

 private:
  const ContractApp& app_;
  rpc::Handler& handler_;
};

}  // namespace ttx::contract
