#pragma once

#include "services/disclosure/domain/certificate.h"
#include "services/disclosure/domain/dossier.h"
#include "services/disclosure/domain/notice.h"
#include "services/disclosure/domain/objection.h"
#include "services/disclosure/store/record.pb.h"

namespace ttx::disclosure {

/// Values to records and back, bit for bit.
store::NoticeRecord ToRecord(const Notice& notice);
Notice FromRecord(const store::NoticeRecord& record);
store::ObjectionRecord ToRecord(const Objection& objection);
Objection FromRecord(const store::ObjectionRecord& record);
store::CertificateRecord ToRecord(const Certificate& certificate);
Certificate FromRecord(const store::CertificateRecord& record);
store::DossierRecord ToRecord(const Dossier& dossier);
Dossier FromRecord(const store::DossierRecord& record);
store::SubjectRecord ToRecord(const Subject& subject);
Subject FromRecord(const store::SubjectRecord& record);

/// The payload of an event; the context fields are the caller's.
void ToRecord(const NoticeEvent& event, store::NoticeEventRecord& record);
NoticeEvent FromRecord(const store::NoticeEventRecord& record, Time time);
void ToRecord(const ObjectionEvent& event, store::ObjectionEventRecord& record);
ObjectionEvent FromRecord(const store::ObjectionEventRecord& record, Time time);
void ToRecord(const CertificateEvent& event, store::CertificateEventRecord& record);
CertificateEvent FromRecord(const store::CertificateEventRecord& record, Time time);

}  // namespace ttx::disclosure
