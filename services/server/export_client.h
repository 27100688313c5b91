#pragma once

#include <iosfwd>
#include <string>

#include "libs/core/result.h"

namespace ttx::server {

/// Writes the export of the session `id` to `out`, page by page, as the gateway at `url` ("https://...") gives it to
/// anybody. `ca_file` (PEM) is the only authority that is trusted; the system's are when it is empty. A server that
/// asks for patience gets it for a while. Errors: the server's own, or CANNOT_OPEN_FILE when there is no answer of a
/// gateway.
Status ExportFromServer(const std::string& url, const std::string& ca_file, const std::string& id, std::ostream& out);

}  // namespace ttx::server
