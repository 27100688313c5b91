#pragma once

#include "services/settlement/domain/deposit.h"
#include "services/settlement/domain/ledger.h"
#include "services/settlement/domain/notice.h"
#include "services/settlement/domain/payout.h"
#include "services/settlement/domain/settlement.h"
#include "services/settlement/store/record.pb.h"

namespace ttx::settlement {

store::NoticeRecord ToRecord(const Notice& notice);
store::DepositRecord ToRecord(const Deposit& deposit);
store::DealFactsRecord ToRecord(const DealFacts& facts);
store::SettlementRecord ToRecord(const Settlement& settlement);
store::PayoutRecord ToRecord(const Payout& payout);
store::JournalRecord ToRecord(const Journal& journal);

Notice FromRecord(const store::NoticeRecord& record);
Deposit FromRecord(const store::DepositRecord& record);
DealFacts FromRecord(const store::DealFactsRecord& record);
Settlement FromRecord(const store::SettlementRecord& record);
Payout FromRecord(const store::PayoutRecord& record);
/// An account or template that is none stops the process: the record is damaged.
Journal FromRecord(const store::JournalRecord& record);

}  // namespace ttx::settlement
