#include "services/disclosure/domain/masks.h"

#include <algorithm>
#include <array>
#include <vector>

#include "libs/core/text.h"

namespace ttx::disclosure {
namespace {

// The characters of a UTF-8 text; a byte that begins none stands alone.
std::vector<std::string_view> Characters(std::string_view text) {
  std::vector<std::string_view> characters;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text.front());
    size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    bytes = std::min(bytes, text.size());
    characters.push_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return characters;
}

std::string Join(const std::vector<std::string_view>& characters, size_t begin, size_t end) {
  std::string out;
  for (size_t i = begin; i < end; ++i) out += characters[i];
  return out;
}

// Keeps `head` and `tail` characters and replaces the others by one star each; all of them when too few would
// be hidden.
std::string Keep(std::string_view text, size_t head, size_t tail) {
  const std::vector<std::string_view> characters = Characters(text);
  const size_t size = characters.size();
  if (size < head + tail + 3) return std::string(size, '*');
  return Join(characters, 0, head) + std::string(size - head - tail, '*') +
         Join(characters, size - tail, size);
}

// Endings and words only organisations carry in their names.
constexpr std::array<std::string_view, 30> kOrganizationWords = {
    "公司", "集团", "大学", "学院",   "学校", "研究所", "研究院",   "科学院",       "实验室", "中心",
    "医院", "协会", "学会", "基金会", "银行", "交易所", "合作社",   "委员会",       "政府",   "厂",
    "局",   "社",   "院",   "所",     "馆",   "台",     "合伙企业", "（有限合伙）", "事务所", "联盟"};
constexpr std::array<std::string_view, 12> kLatinWords = {"ltd",        "inc",     "corp",       "gmbh",
                                                          "llc",        "company", "university", "institute",
                                                          "laboratory", "group",   "limited",    "exchange"};
// A household business (个体户) trades under these; its name may be its owner's.
constexpr std::array<std::string_view, 4> kHouseholdWords = {"个体", "经营部", "商行", "店"};

bool HoldsWord(std::string_view folded, std::string_view word) {
  const auto letter = [&](size_t i) { return i < folded.size() && folded[i] >= 'a' && folded[i] <= 'z'; };
  for (size_t at = folded.find(word); at != folded.npos; at = folded.find(word, at + 1)) {
    if ((at == 0 || !letter(at - 1)) && !letter(at + word.size())) return true;
  }
  return false;
}

}  // namespace

std::string MaskPersonName(std::string_view name) {
  const std::vector<std::string_view> characters = Characters(name);
  const size_t size = characters.size();
  if (size <= 1) return std::string(size, '*');
  if (size == 2) return std::string(characters[0]) + "*";
  return std::string(characters[0]) + std::string(size - 2, '*') + std::string(characters[size - 1]);
}

std::string MaskIdNumber(std::string_view number) { return Keep(number, 3, 4); }

std::string MaskMobile(std::string_view number) { return Keep(number, 3, 4); }

std::string MaskEmail(std::string_view address) {
  const size_t at = address.rfind('@');
  if (at == address.npos || at == 0 || at + 1 == address.size()) return "***";
  return std::string(Characters(address)[0]) + "***" + std::string(address.substr(at));
}

std::string MaskBankAccount(std::string_view number) {
  constexpr size_t kShown = 4;
  const std::vector<std::string_view> characters = Characters(number);
  if (characters.size() < 2 * kShown) return "****";
  return "****" + Join(characters, characters.size() - kShown, characters.size());
}

std::string MaskAddress(std::string_view address) {
  constexpr std::array<std::string_view, 3> kCounty = {"区", "县", "旗"};
  constexpr std::string_view kCity = "市";
  constexpr std::string_view kAutonomous = "自治区";  // a province, not a county
  const std::vector<std::string_view> characters = Characters(address);
  size_t cities = 0;
  size_t last_city = 0;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (characters[i] == kCity) {
      last_city = i + 1;
      if (++cities == 2) return Join(characters, 0, last_city);  // a city of county rank below a prefecture
    }
    if (std::find(kCounty.begin(), kCounty.end(), characters[i]) != kCounty.end()) {
      const std::string head = Join(characters, 0, i + 1);
      if (!head.ends_with(kAutonomous)) return head;
    }
  }
  return last_city > 0 ? Join(characters, 0, last_city) : std::string("***");
}

bool IsOrganizationName(std::string_view name) {
  const std::string folded = FoldName(name);
  const auto holds = [&](std::string_view word) { return folded.find(word) != folded.npos; };
  if (std::any_of(kHouseholdWords.begin(), kHouseholdWords.end(), holds) && !holds("公司")) return false;
  const size_t length = Characters(folded).size();
  const bool chinese =
      std::any_of(kOrganizationWords.begin(), kOrganizationWords.end(), [&](std::string_view word) {
        const std::string ending = FoldName(word);
        // A single character proves nothing inside a short name: 赵院 may be a person.
        return Characters(ending).size() > 1 ? holds(ending) : length > 4 && folded.ends_with(ending);
      });
  return chinese || std::any_of(kLatinWords.begin(), kLatinWords.end(),
                                [&](std::string_view word) { return HoldsWord(folded, word); });
}

std::string PublicName(std::string_view name) {
  return IsOrganizationName(name) ? std::string(name) : MaskPersonName(name);
}

}  // namespace ttx::disclosure
