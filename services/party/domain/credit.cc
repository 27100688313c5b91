#include "services/party/domain/credit.h"

#include "libs/core/text.h"
#include "services/party/domain/limits.h"

namespace ttx::party {

Status CheckCredit(const CreditEntry& entry) {
  TTX_RETURN_IF_ERROR(CheckText(entry.subject, 1, kMaxReasonChars, "subject"));
  return CheckText(entry.detail, 1, kMaxCreditDetailChars, "detail", Lines::kMultiple);
}

}  // namespace ttx::party
