#include "services/auction/replay/rules_file.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <fstream>
#include <set>
#include <sstream>

#include "services/auction/replay/fields.h"
#include "ttx/type/v1/bidding_rules.pb.h"

namespace ttx::auction::replay {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Errors : public google::protobuf::io::ErrorCollector {
 public:
  explicit Errors(std::string file) : file_(std::move(file)) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) text_ += "\n";
    text_ += file_ + ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": " + message;
  }
  const std::string& text() const { return text_; }

 private:
  const std::string file_;
  std::string text_;
};

// Reads a message by the names of its fields. A field that the message does not set leaves the value as it
// is.
class MessageReader {
 public:
  MessageReader(const Message& message, std::vector<std::string>& problems)
      : message_(message), reflection_(*message.GetReflection()), problems_(problems) {}

  template <class Number>
  void Integer(std::string_view name, Number& value) {
    if (const auto* field = Set(name)) value = static_cast<Number>(Get(field));
  }
  // 0 says something: a scalar without presence always counts.
  template <class Number>
  void IntegerWithZero(std::string_view name, Number& value) {
    if (const auto* field = Known(name)) value = static_cast<Number>(Get(field));
  }
  void Flag(std::string_view name, bool& value) {
    if (const auto* field = Set(name)) value = reflection_.GetBool(message_, field);
  }
  void OptionalFlag(std::string_view name, bool& value) { Flag(name, value); }
  void Amount(std::string_view name, Fen& value) { Integer(name, value.value); }
  void Share(std::string_view name, Ppm& value) { Integer(name, value.value); }
  void OptionalAmount(std::string_view name, std::optional<Fen>& value) {
    if (const auto* field = Set(name)) value = Fen{Get(field)};
  }
  void OptionalText(std::string_view name, std::string& value) { Text(name, value); }
  void Text(std::string_view name, std::string& value) {
    if (const auto* field = Set(name)) value = reflection_.GetString(message_, field);
  }
  void Length(std::string_view name, Duration& value) {
    if (const auto* field = Set(name)) value = DurationOf(name, reflection_.GetMessage(message_, field));
  }
  void Lengths(std::string_view name, std::vector<Duration>& values) {
    const auto* field = Known(name);
    if (field == nullptr || reflection_.FieldSize(message_, field) == 0) return;
    values.clear();
    for (int i = 0; i < reflection_.FieldSize(message_, field); ++i) {
      values.push_back(DurationOf(name, reflection_.GetRepeatedMessage(message_, field, i)));
    }
  }
  template <class E, size_t N>
  void Choice(std::string_view name, E& value, const Choices<E, N>& choices) {
    const auto* field = Set(name);
    if (field == nullptr) return;
    const std::string& given = reflection_.GetEnum(message_, field)->name();
    for (const auto& [text, choice] : choices) {
      if (text == given) value = choice;
    }
    bool found = false;
    for (const auto& choice : choices) found = found || choice.first == given;
    if (!found) problems_.push_back(std::string(name) + ": " + given + " cannot be replayed");
  }
  template <class T, class Visit>
  void Nested(std::string_view name, T& value, Visit visit) {
    const auto* field = Set(name);
    if (field == nullptr) return;
    MessageReader reader(reflection_.GetMessage(message_, field), problems_);
    visit(reader, value);
    reader.CheckAllRead();
  }
  template <class T, class Visit>
  void List(std::string_view name, std::vector<T>& values, Visit visit) {
    const auto* field = Known(name);
    if (field == nullptr) return;
    for (int i = 0; i < reflection_.FieldSize(message_, field); ++i) {
      MessageReader reader(reflection_.GetRepeatedMessage(message_, field, i), problems_);
      visit(reader, values.emplace_back());
      reader.CheckAllRead();
    }
  }

  // A rule that is set but nobody asked for would be ignored in silence.
  void CheckAllRead() {
    std::vector<const FieldDescriptor*> set;
    reflection_.ListFields(message_, &set);
    for (const auto* field : set) {
      if (!known_.contains(field)) problems_.push_back(field->name() + ": cannot be replayed");
    }
  }

 private:
  const FieldDescriptor* Known(std::string_view name) {
    const auto* field = message_.GetDescriptor()->FindFieldByName(std::string(name));
    if (field != nullptr) known_.insert(field);
    return field;
  }
  const FieldDescriptor* Set(std::string_view name) {
    const auto* field = Known(name);
    return field != nullptr && reflection_.HasField(message_, field) ? field : nullptr;
  }
  int64_t Get(const FieldDescriptor* field) const {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ? reflection_.GetInt64(message_, field)
                                                               : reflection_.GetInt32(message_, field);
  }
  Duration DurationOf(std::string_view name, const Message& message) {
    constexpr int64_t kMaxSeconds = 9'000'000'000;  // as nanoseconds in 63 bits
    google::protobuf::Duration duration;
    duration.CopyFrom(message);
    const bool whole = duration.seconds() >= 0 && duration.seconds() < kMaxSeconds && duration.nanos() >= 0 &&
                       duration.nanos() < 1'000'000'000;
    if (!whole) problems_.push_back(std::string(name) + ": not a length of time");
    return whole ? Seconds(duration.seconds()) + Nanoseconds(duration.nanos()) : Duration{};
  }

  const Message& message_;
  const google::protobuf::Reflection& reflection_;
  std::vector<std::string>& problems_;
  std::set<const FieldDescriptor*> known_;
};

Error Bad(const std::string& detail) { return Error(Reason::kBAD_CONFIGURATION, {{"detail", detail}}); }

}  // namespace

Result<Rules> ParseRules(const std::string& text, const std::string& name) {
  type::v1::BiddingRules message;
  Errors errors(name);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (!parser.ParseFromString(text, &message)) return Bad(errors.text());
  Rules rules;
  std::vector<std::string> problems;
  MessageReader reader(message, problems);
  VisitRules(reader, rules);
  reader.CheckAllRead();
  if (problems.empty()) return rules;
  std::string detail;
  for (const std::string& problem : problems) detail += (detail.empty() ? "" : "\n") + name + ": " + problem;
  return Bad(detail);
}

Result<Rules> ReadRulesFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", "cannot be read"}});
  return ParseRules(text.str(), path);
}

}  // namespace ttx::auction::replay
