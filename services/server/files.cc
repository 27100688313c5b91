#include "services/server/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ttx::server {
namespace {

Error CannotOpen(const std::string& path, const std::string& detail) {
  return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", detail}});
}

// False, and errno says why, when not all of it could be written.
bool WriteAll(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  if (!in) return CannotOpen(path, std::strerror(errno));
  return content.str();
}

Result<std::vector<std::string>> ReadFolder(const std::string& path, std::string_view ending) {
  std::error_code failed;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path, failed)) {
    if (entry.path().string().ends_with(ending)) names.push_back(entry.path().string());
  }
  if (failed || names.empty()) return CannotOpen(path, failed ? failed.message() : "no *" + std::string(ending));
  std::sort(names.begin(), names.end());
  std::vector<std::string> contents;
  for (const std::string& name : names) {
    TTX_TRY(std::string content, ReadFile(name));
    contents.push_back(std::move(content));
  }
  return contents;
}

Status WriteNewFile(const std::string& path, const std::string& content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return CannotOpen(path, std::strerror(errno));
  const bool written = WriteAll(file, content) && ::fsync(file) == 0;
  const int failed = errno;
  ::close(file);
  if (written) return {};
  ::unlink(path.c_str());
  return CannotOpen(path, std::strerror(failed));
}

Result<Calendar> ReadCalendar(const std::string& folder, int assumed_years) {
  TTX_TRY(std::vector<std::string> tables, ReadFolder(folder, ".txt"));
  TTX_TRY(const Calendar published, Calendar::Parse(tables));
  const int last_year = YearOf(published.horizon());
  for (int year = last_year + 1; year <= last_year + assumed_years; ++year) {
    tables.push_back("year " + std::to_string(year) + "\n");
  }
  return Calendar::Parse(tables);
}

}  // namespace ttx::server
