#include "gateway/comments.h"

#include <algorithm>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace ttx::gateway {
namespace {

namespace pb = google::protobuf;

// The full name of the element a path of SourceCodeInfo leads to: pairs of a field of the descriptor and an
// index in it ({4, 0, 2, 1}: the second field of the first message). Empty for anything that has no name,
// such as an option.
std::string NameAt(const pb::FileDescriptorProto& file, const pb::RepeatedField<int32_t>& path) {
  std::string name = file.package();
  const pb::Message* at = &file;
  if (path.empty() || path.size() % 2 != 0) return "";
  for (int i = 0; i < path.size(); i += 2) {
    const pb::FieldDescriptor* field = at->GetDescriptor()->FindFieldByNumber(path[i]);
    if (field == nullptr || !field->is_repeated() || field->message_type() == nullptr || path[i + 1] < 0 ||
        path[i + 1] >= at->GetReflection()->FieldSize(*at, field)) {
      return "";
    }
    at = &at->GetReflection()->GetRepeatedMessage(*at, field, path[i + 1]);
    const pb::FieldDescriptor* own_name = at->GetDescriptor()->FindFieldByName("name");
    if (own_name == nullptr || own_name->is_repeated() ||
        own_name->type() != pb::FieldDescriptor::TYPE_STRING)
      return "";
    name += '.' + at->GetReflection()->GetString(*at, own_name);
  }
  return name;
}

// Lines become paragraphs; the reasons of a method are one of their own.
std::string Joined(std::string_view comment) {
  std::string out;
  bool paragraph_ended = false;
  while (!comment.empty()) {
    std::string_view line = comment.substr(0, comment.find('\n'));
    comment.remove_prefix(std::min(line.size() + 1, comment.size()));
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    line = line.substr(0, line.find_last_not_of(" \r") + 1);
    if (line.empty()) {
      paragraph_ended = true;
      continue;
    }
    if (!out.empty()) out += paragraph_ended || line.starts_with("Reasons") ? "\n\n" : " ";
    paragraph_ended = false;
    out += line;
  }
  return out;
}

}  // namespace

Comments::Comments(std::string_view descriptors) {
  pb::FileDescriptorSet set;
  if (!set.ParseFromArray(descriptors.data(), static_cast<int>(descriptors.size()))) return;
  for (const pb::FileDescriptorProto& file : set.file()) {
    for (const pb::SourceCodeInfo::Location& location : file.source_code_info().location()) {
      std::string text = Joined(location.leading_comments());
      if (text.empty()) text = Joined(location.trailing_comments());
      if (text.empty()) continue;
      std::string name = NameAt(file, location.path());
      if (!name.empty()) texts_.emplace(std::move(name), std::move(text));
    }
  }
}

std::string_view Comments::Of(const std::string& full_name) const {
  const auto it = texts_.find(full_name);
  return it == texts_.end() ? std::string_view() : it->second;
}

std::string_view FirstSentence(std::string_view comment) {
  comment = comment.substr(0, comment.find('\n'));
  const auto continues = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  for (size_t at = comment.find('.'); at != comment.npos; at = comment.find('.', at + 1)) {
    if (at + 1 == comment.size()) return comment.substr(0, at);
    // "art. 36" and "e.g. one" go on.
    if (comment[at + 1] == ' ' && at + 2 < comment.size() && !continues(comment[at + 2]))
      return comment.substr(0, at);
  }
  return comment;
}

}  // namespace ttx::gateway
