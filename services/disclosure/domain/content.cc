#include "services/disclosure/domain/content.h"

#include <charconv>

#include "libs/core/canonical_json.h"
#include "libs/core/check.h"
#include "services/disclosure/domain/limits.h"

namespace ttx::disclosure {
namespace {

constexpr int64_t kMaxInteger = int64_t{1} << 53;

std::string CanonicalValue(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    TTX_CHECK(*number >= -kMaxInteger && *number <= kMaxInteger,
              "a number of published content is too large");
    return std::to_string(*number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) return JsonText(*text);
  std::vector<std::string> items;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) items.push_back(JsonText(item));
  return JsonArray(items);
}

// Takes apart what Canonical writes. Lenient where ParseContent's comparison catches the difference.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<Content> Object() {
    Content content;
    if (!Take('{')) return std::nullopt;
    if (Take('}')) return rest_.empty() ? std::optional(content) : std::nullopt;
    do {
      std::optional<std::string> key = Text();
      if (!key || !Take(':') || content.size() == kMaxContentFields) return std::nullopt;
      std::optional<Value> value = AnyValue();
      if (!value || !content.emplace(*std::move(key), *std::move(value)).second) return std::nullopt;
    } while (Take(','));
    if (!Take('}') || !rest_.empty()) return std::nullopt;
    return content;
  }

 private:
  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<Value> AnyValue() {
    if (rest_.empty()) return std::nullopt;
    if (rest_.front() == '"') {
      std::optional<std::string> text = Text();
      if (!text) return std::nullopt;
      return Value(*std::move(text));
    }
    if (rest_.front() == '[') return List();
    int64_t number = 0;
    const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (failed != std::errc() || number < -kMaxInteger || number > kMaxInteger) return std::nullopt;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return Value(number);
  }

  std::optional<Value> List() {
    std::vector<std::string> items;
    if (!Take('[')) return std::nullopt;
    if (Take(']')) return Value(items);
    do {
      std::optional<std::string> item = Text();
      if (!item || items.size() == kMaxContentListItems) return std::nullopt;
      items.push_back(*std::move(item));
    } while (Take(','));
    if (!Take(']')) return std::nullopt;
    return Value(std::move(items));
  }

  std::optional<std::string> Text() {
    if (!Take('"')) return std::nullopt;
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      if (!Take('\\')) {
        text += rest_.front();
        rest_.remove_prefix(1);
        continue;
      }
      if (!Escape(text)) return std::nullopt;
    }
    if (!Take('"')) return std::nullopt;
    return text;
  }

  // The escape after a backslash.
  bool Escape(std::string& text) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kNames = "\"\\bfnrt";
    constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
    if (const size_t index = kNames.find(c); index != kNames.npos) {
      text += kMeanings[index];
      return true;
    }
    unsigned code = 0;
    if (c != 'u' || rest_.size() < 4 || !rest_.starts_with("00")) return false;
    const auto [end, failed] = std::from_chars(rest_.data() + 2, rest_.data() + 4, code, 16);
    if (failed != std::errc() || end != rest_.data() + 4) return false;
    rest_.remove_prefix(4);
    text += static_cast<char>(code);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string Canonical(const Content& content) {
  std::map<std::string, std::string> members;
  for (const auto& [key, value] : content) members.emplace(key, CanonicalValue(value));
  return JsonObject(members);
}

std::optional<Content> ParseContent(std::string_view text) {
  if (text.size() > kMaxContentBytes) return std::nullopt;
  std::optional<Content> content = Parser(text).Object();
  if (!content || Canonical(*content) != text) return std::nullopt;
  return content;
}

std::string TextOf(const Content& content, std::string_view key) {
  const auto it = content.find(key);
  if (it == content.end()) return {};
  const auto* text = std::get_if<std::string>(&it->second);
  return text == nullptr ? std::string() : *text;
}

}  // namespace ttx::disclosure
