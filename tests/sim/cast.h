#pragma once

#include <string>
#include <vector>

#include "libs/crypto/signature.h"
#include "tests/sim/installation.h"

namespace ttx::sim {

/// A key somebody signs with.
struct Key {
  crypto::Suite suite = crypto::Suite::kEcdsaP256Sha256;
  crypto::KeyPair pair;
  std::string fingerprint;
};

/// An organization and the first of its people.
struct Member {
  std::string organization;  // "organizations/{id}"
  std::string legal_name;
  std::string uscc;
  std::string account;
  Principal client;
  Key key;
};

/// An exchange with a person for each of its tasks.
struct Exchange {
  Member member;  // its clerk, who manages its people
  Principal officer;
  Principal business_reviewer;
  Principal compliance_reviewer;
  Principal secrecy_reviewer;
  Principal rights_reviewer;
  Principal settlement_clerk;
  Principal settlement_officer;

  const Principal& clerk() const { return member.client; }
};

/// Everybody who takes part.
struct Cast {
  std::vector<Exchange> exchanges;
  std::vector<Member> universities;
  std::vector<Member> enterprises;
  Member bank;
  Member registry;
};

/// Registers and admits everybody through the party service, with people, clients and signing keys.
Cast MakeCast(World& world, Installation& services);

}  // namespace ttx::sim
