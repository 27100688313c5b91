#pragma once

#include <string>
#include <vector>

namespace ttx {

/// Who calls: made by libs/auth from a verified token, or by the server for another service of the installation.
struct Principal {
  std::string subject;       // "apiClients/{id}", "services/{name}" or "" for an anonymous caller
  std::string organization;  // "organizations/{id}" the client acts for; for exchange staff, their exchange
  std::string person;        // "people/{id}": the human behind it; what the four-eyes rules compare (domain.md 1.2)
  std::vector<std::string> roles;  // role ids of domain.md 1.1, such as "TRANSFEROR"

  bool HasRole(std::string_view role) const {
    for (const std::string& held : roles) {
      if (held == role) return true;
    }
    return false;
  }
  bool anonymous() const { return subject.empty(); }
  bool service() const { return subject.starts_with("services/"); }
};

}  // namespace ttx
