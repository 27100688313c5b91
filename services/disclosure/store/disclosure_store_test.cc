#include "services/disclosure/store/disclosure_store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "libs/core/encoding.h"
#include "libs/storage/mem_kv.h"
#include "services/disclosure/domain/testing.h"
#include "services/disclosure/store/records.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::Published;

Notice Sample() {
  PublishNotice command;
  command.id = {"n1"};
  command.type = NoticeType::kN7;
  command.subject = {"organizations/x", "", "listings/l1", "deals/d1"};
  command.position = 7;
  command.content = "{}";
  command.content_hash = std::string(32, '\x01');
  command.log_hash = std::string(32, '\x02');
  command.window_days = 5;
  return Decide(command, Published(), At("2026-11-23", 10)).next;
}

// Keys and records are formats: these bytes never change (docs/formats.md).
TEST(DisclosureStore, GoldenBytes) {
  EXPECT_EQ(Hex(ToRecord(Sample()).SerializeAsString()),
            "0a026e3110071a280a0f6f7267616e697a6174696f6e732f781a0b6c697374696e67732f6c3122086465616c732f"
            "6431200130073a027b7d422001010101010101010101010101010101010101010101010101010101010101014a20"
            "020202020202020202020202020202020202020202020202020202020202020250808095d0f5c1a2f51858056002"
            "6a1208aca20110011805208080e8ca84c7fcf5189801808095d0f5c1a2f518a00101");
  storage::MemKv kv;
  const std::unordered_map<std::string, std::optional<std::string>> none;
  const storage::Overlay overlay;
  storage::Txn txn(kv, overlay, none, At("2026-11-23", 10), 1);
  SaveNotice(txn, {Sample(), {{At("2026-11-23", 10), NoticePublished{Sample()}}}});
  std::vector<std::string> keys;
  for (const auto& [key, value] : txn.staged()) keys.push_back(Hex(key));
  EXPECT_EQ(keys, (std::vector<std::string>{
                      "020000000000000001",                          // outbox
                      "0598ebf238495a00006e6f74696365732f6e3100",    // due
                      "106e3100",                                    // notice
                      "110000000000000007",                          // by position
                      "1200000000000000070000000000000007",          // by type
                      "136c697374696e67732f6c31000000000000000007",  // by listing
                  }));
}

TEST(DisclosureStore, EveryRecordComesBackBitForBit) {
  Notice notice = Sample();
  notice.correction = Correction{{{"title", "新"}}, "因", "people/a"};
  notice.corrects = {"n0"};
  notice.corrected_by = {"n2"};
  EXPECT_EQ(FromRecord(ToRecord(notice)), notice);

  Objection objection;
  objection.id = {"o1"};
  objection.state = ObjectionState::kEscalated;
  objection.notice = {"n1"};
  objection.subject = {"a", "b", "c", "d"};
  objection.evidence = {std::string(32, '\0'), std::string(32, 'e')};
  objection.answer_due = {{20'000}, true};
  objection.proposal = Proposal{ObjectionState::kUpheld, "因", "people/p"};
  objection.appeal_until = {{20'010}, false};
  objection.close_time = {5};
  EXPECT_EQ(FromRecord(ToRecord(objection)), objection);

  Certificate certificate;
  certificate.id = {"c1"};
  certificate.state = CertificateState::kSuperseded;
  certificate.due = {{20'000}, true};
  certificate.issue_request = IssueRequest{"people/a", "符合"};
  certificate.issued = {"TX", "{}", std::string(32, '\0'), std::string("\0\1", 2), "key"};
  certificate.revocation = RevocationRequest{"people/a", RevocationCause::kReplaced, "更名"};
  certificate.revocation_notice = {"n9"};
  certificate.superseded_by = {"c2"};
  EXPECT_EQ(FromRecord(ToRecord(certificate)), certificate);

  Dossier dossier;
  dossier.deal = "deals/d1";
  EXPECT_EQ(FromRecord(ToRecord(dossier)), dossier);
  dossier.result.emplace().project_no = "PJ1";
  dossier.result->ip_numbers = {"a", "b"};
  dossier.result->payment_terms = "一次付清";
  dossier.contract.emplace().effective_time = {7};
  dossier.registration.emplace().technical = {3};
  dossier.payment.emplace().paid_time = {9};
  dossier.result_notice = {"n1"};
  dossier.contract_notice = {"n2"};
  dossier.settled = dossier.opened = dossier.ended = true;
  EXPECT_EQ(FromRecord(ToRecord(dossier)), dossier);
}

TEST(DisclosureStore, EveryEventComesBackBitForBit) {
  const Time time{42};
  const Window window{{20'000}, false, 3, {99}, true};
  for (const NoticeEvent& event : {NoticeEvent{time, NoticePublished{Sample()}},
                                   NoticeEvent{time, WindowChanged{NoticeState::kSuspended, window, 3, 1, 2}},
                                   NoticeEvent{time, CorrectionRequested{{{{"k", "v"}}, "因", "people/a"}}},
                                   NoticeEvent{time, NoticeCorrected{{"n2"}, "people/b"}}}) {
    store::NoticeEventRecord record;
    ToRecord(event, record);
    EXPECT_EQ(FromRecord(record, time), event);
  }
  for (const ObjectionEvent& event :
       {ObjectionEvent{time, ObjectionFiled{}},
        ObjectionEvent{time, ObjectionMoved{ObjectionState::kRejected, "people/p", "t", {{1}, true}}},
        ObjectionEvent{time, DecisionProposed{{ObjectionState::kUpheld, "因", "people/p"}}}}) {
    store::ObjectionEventRecord record;
    ToRecord(event, record);
    EXPECT_EQ(FromRecord(record, time), event);
  }
  for (const CertificateEvent& event :
       {CertificateEvent{time, CertificateOpened{}},
        CertificateEvent{time, IssueRequested{{"people/p", "符合"}}},
        CertificateEvent{time, CertificateIssued{{"n", "c", "h", "s", "k"}, "people/p"}},
        CertificateEvent{time, CertificateRefused{"people/p", "因"}},
        CertificateEvent{time, RevocationRequested{{"people/p", RevocationCause::kFalseMaterial, "因"}}},
        CertificateEvent{time, CertificateRevoked{"people/p", {"n"}, {"c"}}}}) {
    store::CertificateEventRecord record;
    ToRecord(event, record);
    EXPECT_EQ(FromRecord(record, time), event);
  }
}

}  // namespace
}  // namespace ttx::disclosure
