#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/core/time.h"

namespace ttx::party {

inline constexpr size_t kMaxLegalNameChars = 200;
inline constexpr size_t kMaxPersonNameChars = 50;
inline constexpr size_t kMaxClientNameChars = 100;
inline constexpr size_t kMaxBankNameChars = 100;
inline constexpr size_t kMaxReasonChars = 200;
inline constexpr size_t kMaxCreditDetailChars = 500;
inline constexpr size_t kMinAccountDigits = 8;
inline constexpr size_t kMaxAccountDigits = 32;

/// Per organization; suspending one touches all its clients in one command.
inline constexpr size_t kMaxPeople = 500;
inline constexpr size_t kMaxClients = 500;
inline constexpr size_t kMaxSigningKeys = 100;

/// Wrong secrets a client id may be tried with within the window; then it is refused until the window has
/// passed.
inline constexpr int32_t kMaxTokenFailures = 10;
inline constexpr Duration kTokenFailureWindow = Minutes(5);

/// The longest a token is accepted after it was signed: an hour and the verifiers' leeway
/// (libs/auth/token.h), whatever lifetime is configured now. Keys and revocations are kept for this long.
inline constexpr Duration kTokenHorizon = Hours(1) + Seconds(60);
/// A new token key is published this long before it signs, so that every verifier has it by then.
inline constexpr Duration kTokenKeyActivation = Seconds(60);
inline constexpr size_t kMaxTokenKeys = 16;

}  // namespace ttx::party
