#pragma once

#include "libs/rpc/handler.h"
#include "services/disclosure/app/disclosure_app.h"
#include "ttx/disclosure/v1/disclosure.grpc.pb.h"

namespace ttx::disclosure {

/// The gRPC face of DisclosureApp: convert, call, convert back. `app` and `handler` must outlive it.
class DisclosureService : public v1::DisclosureService::CallbackService {
 public:
  DisclosureService(const DisclosureApp& app, rpc::Handler& handler) : app_(app), handler_(handler) {}

  grpc::ServerUnaryReactor* GetNotice(grpc::CallbackServerContext* context,
                                      const v1::GetNoticeRequest* request, v1::Notice* response) override;
  grpc::ServerUnaryReactor* ListNotices(grpc::CallbackServerContext* context,
                                        const v1::ListNoticesRequest* request,
                                        v1::ListNoticesResponse* response) override;
  grpc::ServerUnaryReactor* RequestCorrection(grpc::CallbackServerContext* context,
                                              const v1::RequestCorrectionRequest* request,
                                              v1::Notice* response) override;
  grpc::ServerUnaryReactor* ApproveCorrection(grpc::CallbackServerContext* context,
                                              const v1::ApproveCorrectionRequest* request,
                                              v1::Notice* response) override;
  grpc::ServerUnaryReactor* CreateObjection(grpc::CallbackServerContext* context,
                                            const v1::CreateObjectionRequest* request,
                                            v1::Objection* response) override;
  grpc::ServerUnaryReactor* GetObjection(grpc::CallbackServerContext* context,
                                         const v1::GetObjectionRequest* request,
                                         v1::Objection* response) override;
  grpc::ServerUnaryReactor* ListObjections(grpc::CallbackServerContext* context,
                                           const v1::ListObjectionsRequest* request,
                                           v1::ListObjectionsResponse* response) override;
  grpc::ServerUnaryReactor* AcceptObjection(grpc::CallbackServerContext* context,
                                            const v1::AcceptObjectionRequest* request,
                                            v1::Objection* response) override;
  grpc::ServerUnaryReactor* DismissObjection(grpc::CallbackServerContext* context,
                                             const v1::DismissObjectionRequest* request,
                                             v1::Objection* response) override;
  grpc::ServerUnaryReactor* ReviewObjection(grpc::CallbackServerContext* context,
                                            const v1::ReviewObjectionRequest* request,
                                            v1::Objection* response) override;
  grpc::ServerUnaryReactor* ProposeDecision(grpc::CallbackServerContext* context,
                                            const v1::ProposeDecisionRequest* request,
                                            v1::Objection* response) override;
  grpc::ServerUnaryReactor* ConfirmDecision(grpc::CallbackServerContext* context,
                                            const v1::ConfirmDecisionRequest* request,
                                            v1::Objection* response) override;
  grpc::ServerUnaryReactor* WithdrawObjection(grpc::CallbackServerContext* context,
                                              const v1::WithdrawObjectionRequest* request,
                                              v1::Objection* response) override;
  grpc::ServerUnaryReactor* EscalateObjection(grpc::CallbackServerContext* context,
                                              const v1::EscalateObjectionRequest* request,
                                              v1::Objection* response) override;
  grpc::ServerUnaryReactor* CreateCertificate(grpc::CallbackServerContext* context,
                                              const v1::CreateCertificateRequest* request,
                                              v1::Certificate* response) override;
  grpc::ServerUnaryReactor* GetCertificate(grpc::CallbackServerContext* context,
                                           const v1::GetCertificateRequest* request,
                                           v1::Certificate* response) override;
  grpc::ServerUnaryReactor* ListCertificates(grpc::CallbackServerContext* context,
                                             const v1::ListCertificatesRequest* request,
                                             v1::ListCertificatesResponse* response) override;
  grpc::ServerUnaryReactor* RequestIssue(grpc::CallbackServerContext* context,
                                         const v1::RequestIssueRequest* request,
                                         v1::Certificate* response) override;
  grpc::ServerUnaryReactor* ApproveIssue(grpc::CallbackServerContext* context,
                                         const v1::ApproveIssueRequest* request,
                                         v1::Certificate* response) override;
  grpc::ServerUnaryReactor* RefuseCertificate(grpc::CallbackServerContext* context,
                                              const v1::RefuseCertificateRequest* request,
                                              v1::Certificate* response) override;
  grpc::ServerUnaryReactor* RequestRevoke(grpc::CallbackServerContext* context,
                                          const v1::RequestRevokeRequest* request,
                                          v1::Certificate* response) override;
  grpc::ServerUnaryReactor* ApproveRevoke(grpc::CallbackServerContext* context,
                                          const v1::ApproveRevokeRequest* request,
                                          v1::Certificate* response) override;
  grpc::ServerUnaryReactor* VerifyCertificate(grpc::CallbackServerContext* context,
                                              const v1::VerifyCertificateRequest* request,
                                              v1::VerifyCertificateResponse* response) override;
  grpc::ServerUnaryReactor* GetRecordKey(grpc::CallbackServerContext* context,
                                         const v1::GetRecordKeyRequest* request,
                                         v1::RecordKey* response) override;
  grpc::ServerUnaryReactor* ListRevocations(grpc::CallbackServerContext* context,
                                            const v1::ListRevocationsRequest* request,
                                            v1::ListRevocationsResponse* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;

 private:
  const DisclosureApp& app_;
  rpc::Handler& handler_;
};

}  // namespace ttx::disclosure
