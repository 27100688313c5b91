#include "libs/core/uscc.h"

#include <algorithm>

#include "libs/core/text.h"

namespace ttx {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr size_t kLength = 18;
constexpr size_t kRegionBegin = 2;  // six digits of GB/T 2260 stand after the two kind symbols
constexpr size_t kRegionEnd = 8;
constexpr size_t kCodeSymbols = 4;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string NormalizeUscc(std::string_view text) {
  std::string out = ToHalfWidth(text);
  const size_t begin = out.find_first_not_of(" \t\r\n");
  if (begin == out.npos) return {};
  out = out.substr(begin, out.find_last_not_of(" \t\r\n") - begin + 1);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool InUsccAlphabet(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return kAlphabet.find(c) != kAlphabet.npos; });
}

char UsccCheckSymbol(std::string_view seventeen) {
  TTX_CHECK(seventeen.size() == kLength - 1 && InUsccAlphabet(seventeen),
            "the check symbol covers 17 known symbols");
  size_t sum = 0;
  size_t weight = 1;  // 3^(i-1) mod 31
  for (const char c : seventeen) {
    sum += kAlphabet.find(c) * weight;
    weight = weight * 3 % 31;
  }
  return kAlphabet[(31 - sum % 31) % 31];
}

Result<std::string> ParseUscc(std::string_view text, std::string_view field) {
  const auto refuse = [&](Reason reason) {
    return InvalidField(std::string(field), reason, "18 symbols, GB 32100");
  };
  if (text.size() > 256) return refuse(Reason::kBAD_FORMAT);
  std::string code = NormalizeUscc(text);
  if (code.empty()) return refuse(Reason::kREQUIRED);
  if (code.size() != kLength || !InUsccAlphabet(code) ||
      !std::all_of(code.begin() + kRegionBegin, code.begin() + kRegionEnd, IsDigit)) {
    return refuse(Reason::kBAD_FORMAT);
  }
  if (UsccCheckSymbol(std::string_view(code).substr(0, kLength - 1)) != code.back()) {
    return refuse(Reason::kBAD_CHECK_DIGIT);
  }
  return code;
}

Result<std::string> ExchangeCode(std::string_view uscc) {
  TTX_TRY(const std::string code, ParseUscc(uscc, "uscc"));
  return code.substr(kLength - 1 - kCodeSymbols, kCodeSymbols);
}

std::string NextExchangeCode(std::string_view code) {
  TTX_CHECK(code.size() == kCodeSymbols && InUsccAlphabet(code), "an exchange code has four known symbols");
  std::string next(code);
  for (size_t i = next.size(); i-- > 0;) {
    const size_t digit = (kAlphabet.find(next[i]) + 1) % kAlphabet.size();
    next[i] = kAlphabet[digit];
    if (digit != 0) break;
  }
  return next;
}

}  // namespace ttx
