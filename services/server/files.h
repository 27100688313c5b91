#pragma once

#include <string>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/result.h"

namespace ttx::server {

/// The whole file; CANNOT_OPEN_FILE otherwise.
Result<std::string> ReadFile(const std::string& path);
/// The contents of the files with this ending in a folder, by name. CANNOT_OPEN_FILE when there is none.
Result<std::vector<std::string>> ReadFolder(const std::string& path, std::string_view ending);
/// Writes a new file with mode 0600. CANNOT_OPEN_FILE when it exists, or cannot be written: then nothing of it is left.
Status WriteNewFile(const std::string& path, const std::string& content);

/// The holiday tables of a folder (deploy/calendar). For `assumed_years` more years after the last table, Monday to
/// Friday count as working days without being provisional: for a sandbox, whose clock runs ahead of the tables.
Result<Calendar> ReadCalendar(const std::string& folder, int assumed_years);

}  // namespace ttx::server
