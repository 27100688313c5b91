#include "libs/core/money.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace ttx {
namespace {

Fen Narrow(__int128 value) {
  TTX_CHECK(value <= INT64_MAX && value >= INT64_MIN, "money overflow");
  return {static_cast<int64_t>(value)};
}

constexpr std::array<const char*, 10> kDigits = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};
constexpr std::array<const char*, 4> kPlaces = {"", "拾", "佰", "仟"};
constexpr std::array<const char*, 4> kGroups = {"", "万", "亿", "万亿"};

// Four decimal digits without leading zeros: 1060 -> 壹仟零陆拾.
std::string CapitalGroup(int64_t group) {
  std::string out;
  bool gap = false;
  for (int place = 3; place >= 0; --place) {
    int64_t unit = 1;
    for (int i = 0; i < place; ++i) unit *= 10;
    const auto digit = static_cast<size_t>(group / unit % 10);
    if (digit == 0) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += kDigits[0];
    gap = false;
    out += std::string(kDigits[digit]) + kPlaces[static_cast<size_t>(place)];
  }
  return out;
}

std::string CapitalInteger(int64_t yuan) {
  if (yuan == 0) return kDigits[0];
  std::string out;
  bool gap = false;
  for (int index = 3; index >= 0; --index) {
    int64_t unit = 1;
    for (int i = 0; i < index; ++i) unit *= 10'000;
    const int64_t group = index == 3 ? yuan / unit : yuan / unit % 10'000;
    if (group == 0) {
      gap = !out.empty();
      continue;
    }
    if (!out.empty() && (gap || group < 1000)) out += kDigits[0];
    gap = false;
    out += CapitalGroup(group) + kGroups[static_cast<size_t>(index)];
  }
  return out;
}

}  // namespace

Fen operator+(Fen a, Fen b) { return Narrow(static_cast<__int128>(a.value) + b.value); }
Fen operator-(Fen a, Fen b) { return Narrow(static_cast<__int128>(a.value) - b.value); }

Fen MulPpm(Fen amount, Ppm share) {
  TTX_CHECK(amount.value >= 0 && share.value >= 0, "MulPpm of a negative value");
  return Narrow((static_cast<__int128>(amount.value) * share.value + 500'000) / 1'000'000);
}

Status CheckAmount(Fen amount, Fen min, std::string_view field) {
  if (amount < min || amount.value > kMaxFen) {
    return InvalidField(std::string(field), Reason::kOUT_OF_RANGE,
                        std::to_string(min.value) + ".." + std::to_string(kMaxFen));
  }
  return {};
}

std::string FormatYuan(Fen amount) {
  const bool negative = amount.value < 0;
  const uint64_t fen = negative ? 0 - static_cast<uint64_t>(amount.value) : static_cast<uint64_t>(amount.value);
  char text[32];
  std::snprintf(text, sizeof text, "%s%llu.%02llu", negative ? "-" : "", static_cast<unsigned long long>(fen / 100),
                static_cast<unsigned long long>(fen % 100));
  return text;
}

std::string FormatYuanCapital(Fen amount) {
  TTX_CHECK(amount.value >= 0 && amount.value <= kMaxFen, "amount out of range");
  const int64_t jiao = amount.value / 10 % 10;
  const int64_t fen = amount.value % 10;
  std::string out = "人民币" + CapitalInteger(amount.value / 100) + "元";
  if (jiao == 0 && fen == 0) return out + "整";
  if (jiao != 0) {
    out += std::string(kDigits[static_cast<size_t>(jiao)]) + "角";
  } else {
    out += kDigits[0];
  }
  return fen == 0 ? out + "整" : out + kDigits[static_cast<size_t>(fen)] + "分";
}

}  // namespace ttx
