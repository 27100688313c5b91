#include "services/server/demo/printer.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "libs/core/check.h"
#include "libs/core/money.h"

namespace ttx::demo {
namespace {

constexpr std::string_view kFenSuffix = "_fen";

Words VerbWords(Verb verb) {
  switch (verb) {
    case Verb::kSetup:
      return {"准备", "setup"};
    case Verb::kList:
      return {"成果挂牌", "list"};
    case Verb::kBid:
      return {"组织竞价", "bid"};
    case Verb::kSign:
      return {"合同签订", "sign"};
    case Verb::kRegister:
      return {"合同登记", "register"};
    case Verb::kSettle:
      return {"资金结算", "settle"};
    case Verb::kDisclose:
      return {"信息公示", "disclose"};
    case Verb::kCertify:
      return {"出具凭证", "certify"};
  }
  TTX_CHECK(false, "unreachable");
}

// "price=1060000.00 CNY state=LISTED"
std::string Show(const std::vector<Figure>& figures) {
  std::string out;
  for (const Figure& figure : figures) {
    std::string key = figure.key;
    std::string value = figure.text;
    if (key.ends_with(kFenSuffix)) {
      key.resize(key.size() - kFenSuffix.size());
      value = FormatYuan({std::stoll(value)}) + " CNY";
    }
    out += (out.empty() ? "" : "  ") + key + "=" + value;
  }
  return out;
}

}  // namespace

std::string_view VerbName(Verb verb) {
  // Machines know the seven verbs of a deal; what prepares it belongs to the first.
  return VerbWords(verb == Verb::kSetup ? Verb::kList : verb).english;
}

Figure Amount(std::string key, int64_t fen) { return {std::move(key).append(kFenSuffix), std::to_string(fen)}; }

std::string Printer::Text(const Words& words) const {
  return language_ == Language::kChinese ? words.chinese : words.english;
}

void Printer::Put(Verb verb, const Words& what, const std::string& resource, bool ok,
                  const std::vector<Figure>& figures) {
  ++step_;
  if (json_) {
    nlohmann::ordered_json line = {
        {"step", step_}, {"verb", VerbName(verb)}, {"resource", resource}, {"ok", ok}, {"what", Text(what)}};
    for (const Figure& figure : figures) line[figure.key] = figure.text;
    std::puts(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    const std::string shown = Show(figures);
    std::printf("%2d %s %s: %s%s%s%s%s\n", step_, ok ? "✓" : "✗", Text(VerbWords(verb)).c_str(), Text(what).c_str(),
                resource.empty() ? "" : "  ", resource.c_str(), shown.empty() ? "" : "  ", shown.c_str());
  }
  std::fflush(stdout);
}

void Printer::Done(Verb verb, const Words& what, const std::string& resource, const std::vector<Figure>& figures) {
  Put(verb, what, resource, true, figures);
}

void Printer::Failed(Verb verb, const Words& what, const std::string& resource, const std::string& reason,
                     const std::string& detail) {
  Put(verb, what, resource, false, {{"reason", reason}, {"detail", detail}});
}

void Printer::Note(const Words& what, const std::vector<Figure>& figures) {
  if (json_) return;
  std::printf("   %s  %s\n", Text(what).c_str(), Show(figures).c_str());
}

}  // namespace ttx::demo
