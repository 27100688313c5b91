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
