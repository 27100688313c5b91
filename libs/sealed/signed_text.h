#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/core/result.h"
#include "libs/crypto/signature.h"

namespace ttx::sealed {

/// A text file whose last line is "signature SUITE BASE64URL" over everything before that line.
struct SignedText {
  std::string_view text;
  crypto::Suite suite = crypto::Suite::kEcdsaP256Sha256;
  std::string signature;  // DER
};

/// The last line for `text`, with its newline; UNSUPPORTED_KEY on `private_key`.
Result<std::string> SignatureLine(std::string_view text, crypto::Suite suite, std::string_view private_pem);

/// Takes such a file apart without checking the signature; nothing when it has another form. The parts point
/// into `file`.
std::optional<SignedText> SplitSignature(std::string_view file);

}  // namespace ttx::sealed
