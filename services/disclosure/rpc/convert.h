#pragma once

#include "libs/core/result.h"
#include "services/disclosure/app/disclosure_app.h"
#include "ttx/disclosure/v1/disclosure.pb.h"

namespace ttx::disclosure {

/// Names to ids; BAD_FORMAT on `field`.
Result<NoticeId> ParseNoticeName(std::string_view name, std::string_view field);
Result<ObjectionId> ParseObjectionName(std::string_view name, std::string_view field);
Result<CertificateId> ParseCertificateName(std::string_view name, std::string_view field);

/// Requests to commands: shape errors name the field.
Result<DisclosureApp::ObjectionInput> FromProto(const v1::CreateObjectionRequest& request);
/// UNKNOWN_VALUE on `decision` unless UPHELD or REJECTED.
Result<ObjectionState> DecisionFromProto(v1::Objection::State state);
std::optional<NoticeType> FromProto(v1::Notice::Type type);

v1::Notice ToProto(const Notice& notice);
v1::Objection ToProto(const Objection& objection);
v1::Certificate ToProto(const Certificate& certificate);
v1::Revocation ToProto(const RevokedCertificate& revoked);
/// What the public may know of a certificate; NOT_FOUND and nothing else without one.
v1::VerifyCertificateResponse ToVerification(const std::optional<Certificate>& certificate);
v1::Event ToProto(const StoredEvent& stored);

}  // namespace ttx::disclosure
