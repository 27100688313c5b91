#include "libs/core/patent_number.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/core/text.h"

namespace ttx {
namespace {

constexpr size_t kNewDigits = 12;  // year(4) kind(1) serial(7)
constexpr size_t kOldDigits = 8;   // year(2) kind(1) serial(5)

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Normalise(std::string_view text) {
  std::string out = ToHalfWidth(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const size_t begin = out.find_first_not_of(" \t\r\n");
  if (begin == out.npos) return {};
  return out.substr(begin, out.find_last_not_of(" \t\r\n") - begin + 1);
}

void SkipBlank(std::string_view& text) {
  if (text.starts_with(' ')) text.remove_prefix(1);
}

// Reads year, kind, serial, optional dot and check of the form with `digits` digits: all of them and the
// check symbol, without dot and blanks. Nothing when `text` has another form.
std::optional<std::string> ReadForm(std::string_view text, size_t digits) {
  const size_t year_digits = digits == kNewDigits ? 4 : 2;
  std::string out;
  for (size_t i = 0; i < digits; ++i) {
    if (i == year_digits || i == year_digits + 1) SkipBlank(text);
    if (text.empty() || !IsDigit(text.front())) return std::nullopt;
    out += text.front();
    text.remove_prefix(1);
  }
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.size() != 1 || !(IsDigit(text.front()) || text.front() == 'X')) return std::nullopt;
  const bool known_century = digits == kOldDigits || out.starts_with("19") || out.starts_with("20");
  if (!known_century) return std::nullopt;
  return out + text.front();
}

std::optional<PatentKind> KindOf(char digit) {
  switch (digit) {
    case '1':
    case '8':  // international application entering as invention
      return PatentKind::kInvention;
    case '2':
    case '9':  // international application entering as utility model
      return PatentKind::kUtilityModel;
    case '3':
      return PatentKind::kDesign;
    default:
      return std::nullopt;
  }
}

// Weights 2..9 repeating, modulo 11, ten written as X.
char CheckSymbol(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * static_cast<int>(2 + i % 8);
  return sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11);
}

}  // namespace

Result<PatentNumber> ParsePatentNumber(std::string_view text, std::string_view field) {
  const auto refuse = [&](Reason reason) {
    return InvalidField(std::string(field), reason, "ZL201710601862.3");
  };
  if (text.size() > 256) return refuse(Reason::kBAD_FORMAT);
  const std::string normal = Normalise(text);
  if (normal.empty()) return refuse(Reason::kREQUIRED);
  std::string_view rest = normal;
  const bool granted = rest.starts_with("ZL");
  if (granted || rest.starts_with("CN")) {
    rest.remove_prefix(2);
    SkipBlank(rest);
  }
  std::optional<std::string> symbols = ReadForm(rest, kNewDigits);
  if (!symbols) symbols = ReadForm(rest, kOldDigits);
  if (!symbols) return refuse(Reason::kBAD_FORMAT);
  const std::string_view digits = std::string_view(*symbols).substr(0, symbols->size() - 1);
  const std::optional<PatentKind> kind = KindOf(digits[digits.size() == kNewDigits ? 4 : 2]);
  if (!kind) return refuse(Reason::kBAD_FORMAT);
  if (CheckSymbol(digits) != symbols->back()) return refuse(Reason::kBAD_CHECK_DIGIT);
  return PatentNumber{std::string(digits) + "." + symbols->back(), *kind, granted};
}

}  // namespace ttx
