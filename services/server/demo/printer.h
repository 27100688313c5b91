#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ttx::demo {

enum class Language { kChinese, kEnglish };

/// The seven verbs of a deal, and what has to be there before.
enum class Verb { kSetup, kList, kBid, kSign, kRegister, kSettle, kDisclose, kCertify };

/// "list" (also what prepares the deal), "bid", "sign", "register", "settle", "disclose" or "certify".
std::string_view VerbName(Verb verb);

/// The same text in both languages.
struct Words {
  const char* chinese;
  const char* english;
};

/// A figure of a step: a text, or an amount, which JSON shows in fen ("price_fen") and people see in CNY.
struct Figure {
  std::string key;
  std::string text;
};
Figure Amount(std::string key, int64_t fen);

/// Prints the steps of the demonstration: a line each, for people or as one JSON object.
class Printer {
 public:
  Printer(Language language, bool json) : language_(language), json_(json) {}

  void Done(Verb verb, const Words& what, const std::string& resource, const std::vector<Figure>& figures);
  void Failed(Verb verb, const Words& what, const std::string& resource, const std::string& reason,
              const std::string& detail);
  /// A line without a step; nothing in JSON.
  void Note(const Words& what, const std::vector<Figure>& figures);

 private:
  std::string Text(const Words& words) const;
  void Put(Verb verb, const Words& what, const std::string& resource, bool ok, const std::vector<Figure>& figures);

  const Language language_;
  const bool json_;
  int step_ = 0;
};

}  // namespace ttx::demo
