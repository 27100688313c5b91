#include "libs/sealed/signed_text.h"

#include "libs/core/encoding.h"
#include "libs/sealed/text_file.h"

namespace ttx::sealed {
namespace {

constexpr std::string_view kWord = "\nsignature ";

}  // namespace

Result<std::string> SignatureLine(std::string_view text, crypto::Suite suite, std::string_view private_pem) {
  TTX_TRY(const std::string signature, crypto::Sign(suite, private_pem, text));
  return "signature " + std::string(crypto::SuiteId(suite)) + " " + Base64Url(signature) + "\n";
}

std::optional<SignedText> SplitSignature(std::string_view file) {
  const size_t at = file.rfind(kWord);
  if (at == std::string_view::npos || !file.ends_with('\n')) return std::nullopt;
  std::string_view line = file.substr(at + kWord.size());
  line.remove_suffix(1);
  const std::optional<crypto::Suite> suite = crypto::ParseSuite(TakeWord(line));
  std::optional<std::string> signature =
      line.size() <= 2 * crypto::kMaxSignatureBytes ? FromBase64Url(line) : std::nullopt;
  if (!suite || !signature) return std::nullopt;
  return SignedText{file.substr(0, at + 1), *suite, std::move(*signature)};
}

}  // namespace ttx::sealed
