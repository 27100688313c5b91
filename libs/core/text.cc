#include "libs/core/text.h"

#include <array>
#include <cstdint>
#include <utility>

namespace ttx {
namespace {

constexpr char32_t kInvalid = 0xFFFF'FFFF;

struct Decoded {
  char32_t symbol = kInvalid;
  size_t bytes = 1;
};

// The code point at the front of `text` (not empty); kInvalid with one byte when it is not well-formed UTF-8.
Decoded Decode(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  char32_t symbol = lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<uint8_t>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    symbol = (symbol << 6) | (next & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (symbol < kLeast[bytes] || symbol > 0x10FFFF || (symbol >= 0xD800 && symbol <= 0xDFFF)) return {};
  return {symbol, bytes};
}

struct Range {
  char32_t first;
  char32_t last;
};

constexpr Range kForbidden[] = {
    {0x0000, 0x001F},    // control characters; \n and \t are judged before
    {0x007F, 0x009F},    // delete, C1 control characters
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200F},    // zero-width, direction marks
    {0x2028, 0x202E},    // line and paragraph separator, bidirectional embeddings and overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, bidirectional isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xFDD0, 0xFDEF},    // noncharacters
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0xE0000, 0xE007F},  // tags
};

bool IsForbidden(char32_t symbol, Lines lines) {
  if (symbol == '\n' || symbol == '\t') return lines == Lines::kSingle;
  if ((symbol & 0xFFFE) == 0xFFFE) return true;  // the last two of every plane are noncharacters
  for (const Range& range : kForbidden) {
    if (symbol >= range.first && symbol <= range.last) return true;
  }
  return false;
}

bool IsSpace(char32_t symbol) {
  return symbol == ' ' || (symbol >= 0x09 && symbol <= 0x0D) || symbol == 0xA0 || symbol == 0x1680 ||
         (symbol >= 0x2000 && symbol <= 0x200A) || symbol == 0x202F || symbol == 0x205F || symbol == 0x3000;
}

char32_t HalfWidth(char32_t symbol) {
  if (symbol >= 0xFF01 && symbol <= 0xFF5E) return symbol - 0xFEE0;
  return symbol == 0x3000 ? U' ' : symbol;
}

char32_t FoldSymbol(char32_t symbol) {
  symbol = HalfWidth(symbol);
  if (symbol >= 'A' && symbol <= 'Z') return symbol + ('a' - 'A');
  switch (symbol) {
    case 0x3014:  // 〔
    case 0xFE59:  // ﹙
      return '(';
    case 0x3015:  // 〕
    case 0xFE5A:  // ﹚
      return ')';
    case 0x3010:  // 【
      return '[';
    case 0x3011:  // 】
      return ']';
    default:
      return symbol;
  }
}

}  // namespace

Status CheckText(std::string_view utf8, size_t min_chars, size_t max_chars, std::string_view field,
                 Lines lines) {
  const auto refuse = [&](Reason reason) {
    return InvalidField(std::string(field), reason,
                        std::to_string(min_chars) + ".." + std::to_string(max_chars));
  };
  if (utf8.size() / 4 > max_chars) return refuse(Reason::kTOO_LONG);
  size_t chars = 0;
  bool blank = true;
  while (!utf8.empty()) {
    const Decoded next = Decode(utf8);
    if (next.symbol == kInvalid || IsForbidden(next.symbol, lines)) {
      return InvalidField(std::string(field), Reason::kBAD_TEXT);
    }
    blank = blank && IsSpace(next.symbol);
    utf8.remove_prefix(next.bytes);
    ++chars;
  }
  if (chars > max_chars) return refuse(Reason::kTOO_LONG);
  if (chars < min_chars || (min_chars > 0 && blank)) return refuse(Reason::kREQUIRED);
  return {};
}

std::string ToHalfWidth(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Decoded next = Decode(utf8);
    const char32_t half = HalfWidth(next.symbol);
    if (half < 0x80) {
      out += static_cast<char>(half);
    } else {
      out += utf8.substr(0, next.bytes);
    }
    utf8.remove_prefix(next.bytes);
  }
  return out;
}

std::string FoldName(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  bool space = false;
  while (!utf8.empty()) {
    const Decoded next = Decode(utf8);
    if (IsSpace(next.symbol)) {
      space = !out.empty();
    } else {
      if (space) out += ' ';
      space = false;
      const char32_t folded = FoldSymbol(next.symbol);
      if (folded < 0x80) {
        out += static_cast<char>(folded);
      } else {
        out += utf8.substr(0, next.bytes);
      }
    }
    utf8.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace ttx
