#include "services/contract/rpc/contract_service.h"

#include "libs/rpc/events.h"
#include "libs/rpc/page.h"
#include "libs/rpc/second_person.h"
#include "services/contract/rpc/convert.h"

namespace ttx::contract {
namespace {

// What a command is about, and what it carries.
template <class ResourceId, class Input>
struct Target {
  ResourceId id;
  Input input;
};

// Requests that carry nothing to convert travel whole.
template <class Request>
Result<Target<ContractId, Request>> ForContract(const Request& from, const rpc::Call&) {
  TTX_TRY(ContractId id, ParseContractName(from.name(), "name"));
  return Target<ContractId, Request>{std::move(id), from};
}
template <class Request>
Result<Target<RegistrationId, Request>> ForRegistration(const Request& from, const rpc::Call&) {
  TTX_TRY(RegistrationId id, ParseRegistrationName(from.name(), "name"));
  return Target<RegistrationId, Request>{std::move(id), from};
}

template <class View>
auto Converted(Result<View> view) -> Result<decltype(ToProto(*view))> {
  if (!view.ok()) return std::move(view).error();
  return ToProto(*view);
}

// What both methods over the event log show a caller.
auto EventsOf(const ContractApp& app) {
  return [&app](const storage::Reader& reader, const rpc::Call& call, uint64_t after, size_t limit) {
    return storage::MapPage(
        app.ListEvents(reader, call.principal, after, limit),
        [](const EventView& event) { return std::pair(event.stored.sequence, ToProto(event)); });
  };
}

}  // namespace

grpc::ServerUnaryReactor* ContractService::GetDeal(grpc::CallbackServerContext* context,
                                                   const v1::GetDealRequest* request, v1::Deal* response) {
  return handler_.Read(context, request, response, "GetDeal",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetDealRequest& from) -> Result<v1::Deal> {
                         TTX_TRY(const auto id, ParseDealName(from.name(), "name"));
                         return Converted(app_.GetDeal(reader, call.principal, id));
                       });
}

grpc::ServerUnaryReactor* ContractService::ListDeals(grpc::CallbackServerContext* context,
                                                     const v1::ListDealsRequest* request,
                                                     v1::ListDealsResponse* response) {
  return handler_.Read(
      context, request, response, "ListDeals",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListDealsRequest& from) -> Result<v1::ListDealsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListDealsResponse to;
        const auto look = app_.ListDeals(reader, call.principal, page.after, page.size + 1);
        for (const auto& view : look.items) *to.add_deals() = ToProto(view);
        rpc::FinishPage(look, to);
        rpc::FinishPage(page, to, *to.mutable_deals(), [](const auto& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* ContractService::SignConfirmation(grpc::CallbackServerContext* context,
                                                            const v1::SignConfirmationRequest* request,
                                                            v1::Deal* response) {
  using Input = Target<DealId, SignatureInput>;
  return handler_.Write(
      context, request, response, "SignConfirmation",
      [](const v1::SignConfirmationRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(DealId id, ParseDealName(from.name(), "name"));
        TTX_TRY(SignatureInput input, FromProto(from.signature()));
        return Input{std::move(id), std::move(input)};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Deal> {
        return Converted(app_.SignConfirmation(txn, call.principal, target.id, target.input));
      });
}

grpc::ServerUnaryReactor* ContractService::CreateContract(grpc::CallbackServerContext* context,
                                                          const v1::CreateContractRequest* request,
                                                          v1::Contract* response) {
  using Input = Target<DealId, Manifest>;
  return handler_.Write(
      context, request, response, "CreateContract",
      [](const v1::CreateContractRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(DealId id, ParseDealName(from.deal(), "deal"));
        return Input{std::move(id), FromProto(from.manifest())};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Contract> {
        return Converted(app_.Create(txn, call.principal, target.id, target.input));
      });
}

grpc::ServerUnaryReactor* ContractService::GetContract(grpc::CallbackServerContext* context,
                                                       const v1::GetContractRequest* request,
                                                       v1::Contract* response) {
  return handler_.Read(context, request, response, "GetContract",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetContractRequest& from) -> Result<v1::Contract> {
                         TTX_TRY(const auto id, ParseContractName(from.name(), "name"));
                         return Converted(app_.GetContract(reader, call.principal, id));
                       });
}

grpc::ServerUnaryReactor* ContractService::ListContracts(grpc::CallbackServerContext* context,
                                                         const v1::ListContractsRequest* request,
                                                         v1::ListContractsResponse* response) {
  return handler_.Read(
      context, request, response, "ListContracts",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListContractsRequest& from) -> Result<v1::ListContractsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListContractsResponse to;
        const auto look = app_.ListContracts(reader, call.principal, page.after, page.size + 1);
        for (const auto& view : look.items) *to.add_contracts() = ToProto(view);
        rpc::FinishPage(look, to);
        rpc::FinishPage(page, to, *to.mutable_contracts(), [](const auto& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* ContractService::UpdateContract(grpc::CallbackServerContext* context,
                                                          const v1::UpdateContractRequest* request,
                                                          v1::Contract* response) {
  using Input = Target<ContractId, std::pair<Manifest, std::string>>;
  return handler_.Write(
      context, request, response, "UpdateContract",
      [](const v1::UpdateContractRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(ContractId id, ParseContractName(from.name(), "name"));
        return Input{std::move(id), {FromProto(from.manifest()), from.etag()}};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Contract> {
        return Converted(
            app_.Update(txn, call.principal, target.id, target.input.first, target.input.second));
      });
}

grpc::ServerUnaryReactor* ContractService::AcceptText(grpc::CallbackServerContext* context,
                                                      const v1::AcceptTextRequest* request,
                                                      v1::Contract* response) {
  using Input = Target<ContractId, std::string>;
  return handler_.Write(
      context, request, response, "AcceptText",
      [](const v1::AcceptTextRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(ContractId id, ParseContractName(from.name(), "name"));
        TTX_TRY(std::string hash, ParseHash(from.text_hash(), "text_hash"));
        return Input{std::move(id), std::move(hash)};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Contract> {
        return Converted(app_.AcceptText(txn, call.principal, target.id, target.input));
      });
}

grpc::ServerUnaryReactor* ContractService::FreezeContract(grpc::CallbackServerContext* context,
                                                          const v1::FreezeContractRequest* request,
                                                          v1::Contract* response) {
  return handler_.Write(
      context, request, response, "FreezeContract", ForContract<v1::FreezeContractRequest>,
      [this](storage::Txn& txn, const rpc::Call& call,
             const Target<ContractId, v1::FreezeContractRequest>& target) -> Result<v1::Contract> {
        const v1::FreezeContractRequest& from = target.input;
        return Converted(app_.Freeze(txn, call.principal, target.id, from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::SignContract(grpc::CallbackServerContext* context,
                                                        const v1::SignContractRequest* request,
                                                        v1::Contract* response) {
  using Input = Target<ContractId, SignatureInput>;
  return handler_.Write(
      context, request, response, "SignContract",
      [](const v1::SignContractRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(ContractId id, ParseContractName(from.name(), "name"));
        TTX_TRY(SignatureInput input, FromProto(from.signature()));
        return Input{std::move(id), std::move(input)};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Contract> {
        return Converted(app_.Sign(txn, call.principal, target.id, target.input));
      });
}

grpc::ServerUnaryReactor* ContractService::MeetCondition(grpc::CallbackServerContext* context,
                                                         const v1::MeetConditionRequest* request,
                                                         v1::Contract* response) {
  return handler_.Write(
      context, request, response, "MeetCondition", ForContract<v1::MeetConditionRequest>,
      [this](storage::Txn& txn, const rpc::Call& call,
             const Target<ContractId, v1::MeetConditionRequest>& target) -> Result<v1::Contract> {
        const v1::MeetConditionRequest& from = target.input;
        return Converted(app_.MeetCondition(txn, call.principal, target.id, from.evidence(), from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::CompleteContract(grpc::CallbackServerContext* context,
                                                            const v1::CompleteContractRequest* request,
                                                            v1::Contract* response) {
  return handler_.Write(
      context, request, response, "CompleteContract", ForContract<v1::CompleteContractRequest>,
      [this](storage::Txn& txn, const rpc::Call& call,
             const Target<ContractId, v1::CompleteContractRequest>& target) -> Result<v1::Contract> {
        const v1::CompleteContractRequest& from = target.input;
        return Converted(app_.Complete(txn, call.principal, target.id, from.note(), from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::TerminateContract(grpc::CallbackServerContext* context,
                                                             const v1::TerminateContractRequest* request,
                                                             v1::Contract* response) {
  return handler_.Write(
      context, request, response, "TerminateContract", ForContract<v1::TerminateContractRequest>,
      [this](storage::Txn& txn, const rpc::Call& call,
             const Target<ContractId, v1::TerminateContractRequest>& target) -> Result<v1::Contract> {
        const v1::TerminateContractRequest& from = target.input;
        return Converted(app_.Terminate(txn, call.principal, target.id,
                                        v1::Contract::EndReason_Name(from.reason()), from.note(),
                                        from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::ConfirmContract(grpc::CallbackServerContext* context,
                                                           const v1::ConfirmContractRequest* request,
                                                           v1::Contract* response) {
  return handler_.Write(
      context, request, response, "ConfirmContract", rpc::Seen(ForContract<v1::ConfirmContractRequest>),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Target<ContractId, v1::ConfirmContractRequest>& target) -> Result<v1::Contract> {
        return Converted(app_.Confirm(txn, call.principal, target.id, target.input.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::CreateRegistration(grpc::CallbackServerContext* context,
                                                              const v1::CreateRegistrationRequest* request,
                                                              v1::Registration* response) {
  using Input = Target<ContractId, std::vector<LineItem>>;
  return handler_.Write(
      context, request, response, "CreateRegistration",
      [](const v1::CreateRegistrationRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(ContractId id, ParseContractName(from.contract(), "contract"));
        return Input{std::move(id), FromProto(from.items())};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Registration> {
        return Converted(app_.Apply(txn, call.principal, target.id, target.input));
      });
}

grpc::ServerUnaryReactor* ContractService::GetRegistration(grpc::CallbackServerContext* context,
                                                           const v1::GetRegistrationRequest* request,
                                                           v1::Registration* response) {
  return handler_.Read(context, request, response, "GetRegistration",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetRegistrationRequest& from) -> Result<v1::Registration> {
                         TTX_TRY(const auto id, ParseRegistrationName(from.name(), "name"));
                         return Converted(app_.GetRegistration(reader, call.principal, id));
                       });
}

grpc::ServerUnaryReactor* ContractService::ListRegistrations(grpc::CallbackServerContext* context,
                                                             const v1::ListRegistrationsRequest* request,
                                                             v1::ListRegistrationsResponse* response) {
  return handler_.Read(
      context, request, response, "ListRegistrations",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListRegistrationsRequest& from) -> Result<v1::ListRegistrationsResponse> {
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListRegistrationsResponse to;
        const auto look = app_.ListRegistrations(reader, call.principal, page.after, page.size + 1);
        for (const auto& view : look.items) *to.add_registrations() = ToProto(view);
        rpc::FinishPage(look, to);
        rpc::FinishPage(page, to, *to.mutable_registrations(), [](const auto& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* ContractService::AcceptRegistration(grpc::CallbackServerContext* context,
                                                              const v1::AcceptRegistrationRequest* request,
                                                              v1::Registration* response) {
  return handler_.Write(
      context, request, response, "AcceptRegistration",
      rpc::Seen(ForRegistration<v1::AcceptRegistrationRequest>),
      [this](
          storage::Txn& txn, const rpc::Call& call,
          const Target<RegistrationId, v1::AcceptRegistrationRequest>& target) -> Result<v1::Registration> {
        const v1::AcceptRegistrationRequest& from = target.input;
        return Converted(app_.AcceptCase(txn, call.principal, target.id, from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::RequestSupplement(grpc::CallbackServerContext* context,
                                                             const v1::RequestSupplementRequest* request,
                                                             v1::Registration* response) {
  return handler_.Write(
      context, request, response, "RequestSupplement", ForRegistration<v1::RequestSupplementRequest>,
      [this](storage::Txn& txn, const rpc::Call& call,
             const Target<RegistrationId, v1::RequestSupplementRequest>& target) -> Result<v1::Registration> {
        const v1::RequestSupplementRequest& from = target.input;
        return Converted(app_.RequestSupplement(txn, call.principal, target.id, from.request(), from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::SupplementRegistration(
    grpc::CallbackServerContext* context, const v1::SupplementRegistrationRequest* request,
    v1::Registration* response) {
  return handler_.Write(context, request, response, "SupplementRegistration",
                        ForRegistration<v1::SupplementRegistrationRequest>,
                        [this](storage::Txn& txn, const rpc::Call& call,
                               const Target<RegistrationId, v1::SupplementRegistrationRequest>& target)
                            -> Result<v1::Registration> {
                          const v1::SupplementRegistrationRequest& from = target.input;
                          return Converted(app_.Supplement(txn, call.principal, target.id, from.note(),
                                                           FromProto(from.items()), from.etag()));
                        });
}

grpc::ServerUnaryReactor* ContractService::RegisterContract(grpc::CallbackServerContext* context,
                                                            const v1::RegisterContractRequest* request,
                                                            v1::Registration* response) {
  using Input = Target<RegistrationId, std::pair<ContractApp::RegisterInput, std::string>>;
  return handler_.Write(
      context, request, response, "RegisterContract",
      rpc::Seen([](const v1::RegisterContractRequest& from, const rpc::Call&) -> Result<Input> {
        TTX_TRY(RegistrationId id, ParseRegistrationName(from.name(), "name"));
        return Input{std::move(id),
                     {{from.number(), FromProto(from.amounts()), from.panel_record_sha256()}, from.etag()}};
      }),
      [this](storage::Txn& txn, const rpc::Call& call, const Input& target) -> Result<v1::Registration> {
        return Converted(
            app_.Register(txn, call.principal, target.id, target.input.first, target.input.second));
      });
}

grpc::ServerUnaryReactor* ContractService::RefuseRegistration(grpc::CallbackServerContext* context,
                                                              const v1::RefuseRegistrationRequest* request,
                                                              v1::Registration* response) {
  return handler_.Write(
      context, request, response, "RefuseRegistration",
      rpc::Seen(ForRegistration<v1::RefuseRegistrationRequest>),
      [this](
          storage::Txn& txn, const rpc::Call& call,
          const Target<RegistrationId, v1::RefuseRegistrationRequest>& target) -> Result<v1::Registration> {
        const v1::RefuseRegistrationRequest& from = target.input;
        return Converted(
            app_.Refuse(txn, call.principal, target.id, FromProto(from.code()), from.note(), from.etag()));
      });
}

grpc::ServerUnaryReactor* ContractService::ListEvents(grpc::CallbackServerContext* context,
                                                      const v1::ListEventsRequest* request,
                                                      v1::ListEventsResponse* response) {
  return rpc::ListEvents(handler_, context, request, response, EventsOf(app_));
}

grpc::ServerWriteReactor<v1::Event>* ContractService::StreamEvents(grpc::CallbackServerContext* context,
                                                                   const v1::StreamEventsRequest* request) {
  return rpc::StreamEvents<v1::Event>(handler_, context, request, EventsOf(app_));
}

}  // namespace ttx::contract
