#include "services/disclosure/rpc/disclosure_service.h"

#include "libs/rpc/events.h"
#include "libs/rpc/page.h"
#include "libs/rpc/proto_time.h"
#include "libs/rpc/second_person.h"
#include "services/disclosure/rpc/convert.h"

namespace ttx::disclosure {
namespace {

// A request that has been taken apart on the caller's thread: the resource's id and the request itself.
template <class Id, class Request>
struct Named {
  Id id;
  Request request;
};

template <class Request>
Result<Named<NoticeId, Request>> ByNotice(const Request& from) {
  TTX_TRY(NoticeId id, ParseNoticeName(from.name(), "name"));
  return Named<NoticeId, Request>{std::move(id), from};
}

template <class Request>
Result<Named<ObjectionId, Request>> ByObjection(const Request& from) {
  TTX_TRY(ObjectionId id, ParseObjectionName(from.name(), "name"));
  return Named<ObjectionId, Request>{std::move(id), from};
}

template <class Request>
Result<Named<CertificateId, Request>> ByCertificate(const Request& from) {
  TTX_TRY(CertificateId id, ParseCertificateName(from.name(), "name"));
  return Named<CertificateId, Request>{std::move(id), from};
}

// The resource that a step of the app answers, as the API shows it.
template <class Proto, class Value>
Result<Proto> Answer(Result<Value> value) {
  if (!value.ok()) return std::move(value).error();
  return ToProto(*value);
}

// What both methods over the event log show a caller.
auto EventsOf(const DisclosureApp& app) {
  return [&app](const storage::Reader& reader, const rpc::Call& call, uint64_t after, size_t limit) {
    return rpc::ToStreamPage(app.ListEvents(reader, call.principal, after, limit),
                             [](const StoredEvent& event) { return ToProto(event); });
  };
}

}  // namespace

grpc::ServerUnaryReactor* DisclosureService::GetNotice(grpc::CallbackServerContext* context,
                                                       const v1::GetNoticeRequest* request,
                                                       v1::Notice* response) {
  return handler_.Read(context, request, response, "GetNotice",
                       [this](const storage::Reader& reader, const rpc::Call&,
                              const v1::GetNoticeRequest& from) -> Result<v1::Notice> {
                         TTX_TRY(const NoticeId id, ParseNoticeName(from.name(), "name"));
                         return Answer<v1::Notice>(app_.GetNotice(reader, id));
                       });
}

grpc::ServerUnaryReactor* DisclosureService::ListNotices(grpc::CallbackServerContext* context,
                                                         const v1::ListNoticesRequest* request,
                                                         v1::ListNoticesResponse* response) {
  return handler_.Read(context, request, response, "ListNotices",
                       [](const storage::Reader& reader, const rpc::Call&,
                          const v1::ListNoticesRequest& from) -> Result<v1::ListNoticesResponse> {
                         if (!from.listing().empty()) {
                           TTX_TRY(const std::string id, ParseName(from.listing(), "listings", "listing"));
                         }
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const int64_t after, rpc::NumberAfter(page));
                         v1::ListNoticesResponse to;
                         for (const Notice& notice : disclosure::ListNotices(
                                  reader, FromProto(from.type()), from.listing(), after, page.size + 1)) {
                           *to.add_notices() = ToProto(notice);
                         }
                         rpc::FinishPage(page, to, *to.mutable_notices(), [](const v1::Notice& last) {
                           return std::to_string(last.position());
                         });
                         return to;
                       });
}

grpc::ServerUnaryReactor* DisclosureService::RequestCorrection(grpc::CallbackServerContext* context,
                                                               const v1::RequestCorrectionRequest* request,
                                                               v1::Notice* response) {
  return handler_.Write(
      context, request, response, "RequestCorrection",
      [](const v1::RequestCorrectionRequest& from, const rpc::Call&) { return ByNotice(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<NoticeId, v1::RequestCorrectionRequest>& input) -> Result<v1::Notice> {
        std::vector<Replacement> replacements;
        for (const auto& from : input.request.replacements())
          replacements.push_back({from.key(), from.value()});
        return Answer<v1::Notice>(app_.RequestCorrection(txn, call.principal, input.id, input.request.etag(),
                                                         std::move(replacements), input.request.reason()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::ApproveCorrection(grpc::CallbackServerContext* context,
                                                               const v1::ApproveCorrectionRequest* request,
                                                               v1::Notice* response) {
  return handler_.Write(
      context, request, response, "ApproveCorrection",
      rpc::Seen([](const v1::ApproveCorrectionRequest& from, const rpc::Call&) { return ByNotice(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<NoticeId, v1::ApproveCorrectionRequest>& input) -> Result<v1::Notice> {
        return Answer<v1::Notice>(
            app_.ApproveCorrection(txn, call.principal, input.id, input.request.etag()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::CreateObjection(grpc::CallbackServerContext* context,
                                                             const v1::CreateObjectionRequest* request,
                                                             v1::Objection* response) {
  return handler_.Write(
      context, request, response, "CreateObjection",
      [](const v1::CreateObjectionRequest& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const DisclosureApp::ObjectionInput& input) -> Result<v1::Objection> {
        return Answer<v1::Objection>(app_.CreateObjection(txn, call.principal, input));
      });
}

grpc::ServerUnaryReactor* DisclosureService::GetObjection(grpc::CallbackServerContext* context,
                                                          const v1::GetObjectionRequest* request,
                                                          v1::Objection* response) {
  return handler_.Read(context, request, response, "GetObjection",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetObjectionRequest& from) -> Result<v1::Objection> {
                         TTX_TRY(const ObjectionId id, ParseObjectionName(from.name(), "name"));
                         return Answer<v1::Objection>(app_.GetObjection(reader, call.principal, id));
                       });
}

grpc::ServerUnaryReactor* DisclosureService::ListObjections(grpc::CallbackServerContext* context,
                                                            const v1::ListObjectionsRequest* request,
                                                            v1::ListObjectionsResponse* response) {
  return handler_.Read(context, request, response, "ListObjections",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::ListObjectionsRequest& from) -> Result<v1::ListObjectionsResponse> {
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         v1::ListObjectionsResponse to;
                         const auto look =
                             app_.ListObjections(reader, call.principal, page.after, page.size + 1);
                         for (const Objection& objection : look.items) {
                           *to.add_objections() = ToProto(objection);
                         }
                         rpc::FinishPage(look, to);
                         rpc::FinishPage(page, to, *to.mutable_objections(),
                                         [](const v1::Objection& last) { return last.uid(); });
                         return to;
                       });
}

grpc::ServerUnaryReactor* DisclosureService::AcceptObjection(grpc::CallbackServerContext* context,
                                                             const v1::AcceptObjectionRequest* request,
                                                             v1::Objection* response) {
  return handler_.Write(
      context, request, response, "AcceptObjection",
      rpc::Seen([](const v1::AcceptObjectionRequest& from, const rpc::Call&) { return ByObjection(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::AcceptObjectionRequest>& input) -> Result<v1::Objection> {
        return Answer<v1::Objection>(
            app_.AcceptObjection(txn, call.principal, input.id, input.request.etag()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::DismissObjection(grpc::CallbackServerContext* context,
                                                              const v1::DismissObjectionRequest* request,
                                                              v1::Objection* response) {
  return handler_.Write(
      context, request, response, "DismissObjection",
      rpc::Seen([](const v1::DismissObjectionRequest& from, const rpc::Call&) { return ByObjection(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::DismissObjectionRequest>& input) -> Result<v1::Objection> {
        return Answer<v1::Objection>(app_.DismissObjection(txn, call.principal, input.id,
                                                           input.request.etag(), input.request.reason()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::ReviewObjection(grpc::CallbackServerContext* context,
                                                             const v1::ReviewObjectionRequest* request,
                                                             v1::Objection* response) {
  return handler_.Write(
      context, request, response, "ReviewObjection",
      [](const v1::ReviewObjectionRequest& from, const rpc::Call&) { return ByObjection(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::ReviewObjectionRequest>& input) -> Result<v1::Objection> {
        return Answer<v1::Objection>(app_.ReviewObjection(txn, call.principal, input.id, input.request.etag(),
                                                          input.request.answer()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::ProposeDecision(grpc::CallbackServerContext* context,
                                                             const v1::ProposeDecisionRequest* request,
                                                             v1::Objection* response) {
  return handler_.Write(
      context, request, response, "ProposeDecision",
      [](const v1::ProposeDecisionRequest& from, const rpc::Call&) { return ByObjection(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::ProposeDecisionRequest>& input) -> Result<v1::Objection> {
        TTX_TRY(const ObjectionState decision, DecisionFromProto(input.request.decision()));
        return Answer<v1::Objection>(app_.ProposeDecision(txn, call.principal, input.id, input.request.etag(),
                                                          decision, input.request.reasons()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::ConfirmDecision(grpc::CallbackServerContext* context,
                                                             const v1::ConfirmDecisionRequest* request,
                                                             v1::Objection* response) {
  return handler_.Write(
      context, request, response, "ConfirmDecision",
      rpc::Seen([](const v1::ConfirmDecisionRequest& from, const rpc::Call&) { return ByObjection(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::ConfirmDecisionRequest>& input) -> Result<v1::Objection> {
        TTX_TRY(const ObjectionState decision, DecisionFromProto(input.request.decision()));
        return Answer<v1::Objection>(
            app_.ConfirmDecision(txn, call.principal, input.id, input.request.etag(), decision));
      });
}

grpc::ServerUnaryReactor* DisclosureService::WithdrawObjection(grpc::CallbackServerContext* context,
                                                               const v1::WithdrawObjectionRequest* request,
                                                               v1::Objection* response) {
  return handler_.Write(
      context, request, response, "WithdrawObjection",
      [](const v1::WithdrawObjectionRequest& from, const rpc::Call&) { return ByObjection(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::WithdrawObjectionRequest>& input) -> Result<v1::Objection> {
        return Answer<v1::Objection>(
            app_.WithdrawObjection(txn, call.principal, input.id, input.request.etag()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::EscalateObjection(grpc::CallbackServerContext* context,
                                                               const v1::EscalateObjectionRequest* request,
                                                               v1::Objection* response) {
  return handler_.Write(
      context, request, response, "EscalateObjection",
      [](const v1::EscalateObjectionRequest& from, const rpc::Call&) { return ByObjection(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<ObjectionId, v1::EscalateObjectionRequest>& input) -> Result<v1::Objection> {
        return Answer<v1::Objection>(
            app_.EscalateObjection(txn, call.principal, input.id, input.request.etag()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::CreateCertificate(grpc::CallbackServerContext* context,
                                                               const v1::CreateCertificateRequest* request,
                                                               v1::Certificate* response) {
  return handler_.Write(
      context, request, response, "CreateCertificate",
      [](const v1::CreateCertificateRequest& from, const rpc::Call&) -> Result<v1::CreateCertificateRequest> {
        TTX_TRY(const std::string id, ParseName(from.deal(), "deals", "deal"));
        return from;
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const v1::CreateCertificateRequest& input) -> Result<v1::Certificate> {
        return Answer<v1::Certificate>(app_.CreateCertificate(txn, call.principal, input.deal(),
                                                              static_cast<CertificateType>(input.type())));
      });
}

grpc::ServerUnaryReactor* DisclosureService::GetCertificate(grpc::CallbackServerContext* context,
                                                            const v1::GetCertificateRequest* request,
                                                            v1::Certificate* response) {
  return handler_.Read(context, request, response, "GetCertificate",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetCertificateRequest& from) -> Result<v1::Certificate> {
                         TTX_TRY(const CertificateId id, ParseCertificateName(from.name(), "name"));
                         return Answer<v1::Certificate>(app_.GetCertificate(reader, call.principal, id));
                       });
}

grpc::ServerUnaryReactor* DisclosureService::ListCertificates(grpc::CallbackServerContext* context,
                                                              const v1::ListCertificatesRequest* request,
                                                              v1::ListCertificatesResponse* response) {
  return handler_.Read(
      context, request, response, "ListCertificates",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListCertificatesRequest& from) -> Result<v1::ListCertificatesResponse> {
        if (!from.deal().empty()) {
          TTX_TRY(const std::string id, ParseName(from.deal(), "deals", "deal"));
        }
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListCertificatesResponse to;
        const auto look = app_.ListCertificates(reader, call.principal, from.deal(), page.after, page.size + 1);
        for (const Certificate& certificate : look.items) *to.add_certificates() = ToProto(certificate);
        rpc::FinishPage(look, to);
        rpc::FinishPage(page, to, *to.mutable_certificates(),
                        [](const v1::Certificate& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* DisclosureService::RequestIssue(grpc::CallbackServerContext* context,
                                                          const v1::RequestIssueRequest* request,
                                                          v1::Certificate* response) {
  return handler_.Write(
      context, request, response, "RequestIssue",
      [](const v1::RequestIssueRequest& from, const rpc::Call&) { return ByCertificate(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<CertificateId, v1::RequestIssueRequest>& input) -> Result<v1::Certificate> {
        return Answer<v1::Certificate>(app_.RequestIssue(txn, call.principal, input.id, input.request.etag(),
                                                         input.request.conclusion()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::ApproveIssue(grpc::CallbackServerContext* context,
                                                          const v1::ApproveIssueRequest* request,
                                                          v1::Certificate* response) {
  return handler_.Write(
      context, request, response, "ApproveIssue",
      rpc::Seen([](const v1::ApproveIssueRequest& from, const rpc::Call&) { return ByCertificate(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<CertificateId, v1::ApproveIssueRequest>& input) -> Result<v1::Certificate> {
        return Answer<v1::Certificate>(
            app_.ApproveIssue(txn, call.principal, input.id, input.request.etag()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::RefuseCertificate(grpc::CallbackServerContext* context,
                                                               const v1::RefuseCertificateRequest* request,
                                                               v1::Certificate* response) {
  return handler_.Write(
      context, request, response, "RefuseCertificate",
      rpc::Seen(
          [](const v1::RefuseCertificateRequest& from, const rpc::Call&) { return ByCertificate(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<CertificateId, v1::RefuseCertificateRequest>& input) -> Result<v1::Certificate> {
        return Answer<v1::Certificate>(app_.RefuseCertificate(txn, call.principal, input.id,
                                                              input.request.etag(), input.request.reason()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::RequestRevoke(grpc::CallbackServerContext* context,
                                                           const v1::RequestRevokeRequest* request,
                                                           v1::Certificate* response) {
  return handler_.Write(
      context, request, response, "RequestRevoke",
      [](const v1::RequestRevokeRequest& from, const rpc::Call&) { return ByCertificate(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<CertificateId, v1::RequestRevokeRequest>& input) -> Result<v1::Certificate> {
        return Answer<v1::Certificate>(app_.RequestRevoke(txn, call.principal, input.id, input.request.etag(),
                                                          static_cast<RevocationCause>(input.request.cause()),
                                                          input.request.statement()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::ApproveRevoke(grpc::CallbackServerContext* context,
                                                           const v1::ApproveRevokeRequest* request,
                                                           v1::Certificate* response) {
  return handler_.Write(
      context, request, response, "ApproveRevoke",
      rpc::Seen([](const v1::ApproveRevokeRequest& from, const rpc::Call&) { return ByCertificate(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const Named<CertificateId, v1::ApproveRevokeRequest>& input) -> Result<v1::Certificate> {
        return Answer<v1::Certificate>(
            app_.ApproveRevoke(txn, call.principal, input.id, input.request.etag()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::VerifyCertificate(grpc::CallbackServerContext* context,
                                                               const v1::VerifyCertificateRequest* request,
                                                               v1::VerifyCertificateResponse* response) {
  return handler_.Read(
      context, request, response, "VerifyCertificate",
      [this](const storage::Reader& reader, const rpc::Call&,
             const v1::VerifyCertificateRequest& from) -> Result<v1::VerifyCertificateResponse> {
        if (from.number().empty()) return InvalidField("number", Reason::kREQUIRED);
        if (from.check().empty()) return InvalidField("check", Reason::kREQUIRED);
        return ToVerification(app_.Verify(reader, from.number(), from.check()));
      });
}

grpc::ServerUnaryReactor* DisclosureService::GetRecordKey(grpc::CallbackServerContext* context,
                                                          const v1::GetRecordKeyRequest* request,
                                                          v1::RecordKey* response) {
  return handler_.Read(context, request, response, "GetRecordKey",
                       [this](const storage::Reader&, const rpc::Call&,
                              const v1::GetRecordKeyRequest&) -> Result<v1::RecordKey> {
                         v1::RecordKey key;
                         key.set_key_id(app_.record_key().id);
                         key.set_suite(app_.record_key().suite);
                         key.set_public_key_pem(app_.record_key().public_pem);
                         return key;
                       });
}

grpc::ServerUnaryReactor* DisclosureService::ListRevocations(grpc::CallbackServerContext* context,
                                                             const v1::ListRevocationsRequest* request,
                                                             v1::ListRevocationsResponse* response) {
  return handler_.Read(context, request, response, "ListRevocations",
                       [](const storage::Reader& reader, const rpc::Call&,
                          const v1::ListRevocationsRequest& from) -> Result<v1::ListRevocationsResponse> {
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const int64_t after, rpc::NumberAfter(page));
                         const std::vector<RevokedCertificate> revoked =
                             disclosure::ListRevocations(reader, after, page.size + 1);
                         v1::ListRevocationsResponse to;
                         for (const RevokedCertificate& one : revoked) *to.add_revocations() = ToProto(one);
                         rpc::FinishPage(page, to, *to.mutable_revocations(), [&](const v1::Revocation&) {
                           return std::to_string(revoked[page.size - 1].position);
                         });
                         return to;
                       });
}

grpc::ServerUnaryReactor* DisclosureService::ListEvents(grpc::CallbackServerContext* context,
                                                        const v1::ListEventsRequest* request,
                                                        v1::ListEventsResponse* response) {
  return rpc::ListEvents(handler_, context, request, response, EventsOf(app_));
}

grpc::ServerWriteReactor<v1::Event>* DisclosureService::StreamEvents(grpc::CallbackServerContext* context,
                                                                     const v1::StreamEventsRequest* request) {
  return rpc::StreamEvents<v1::Event>(handler_, context, request, EventsOf(app_));
}

}  // namespace ttx::disclosure
