#include "libs/sealed/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>

#include "libs/crypto/digest.h"

namespace ttx::sealed {

SecretBytes& SecretBytes::operator=(SecretBytes other) noexcept {
  bytes_.swap(other.bytes_);
  return *this;
}

SecretBytes::~SecretBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

bool SecretBytes::operator==(const SecretBytes& other) const {
  return crypto::ConstantTimeEqual(view(), other.view());
}

SecretBytes Join(std::initializer_list<std::string_view> parts) {
  size_t count = 0;
  for (const std::string_view part : parts) count += part.size();
  SecretBytes joined(count);
  unsigned char* at = joined.data();
  for (const std::string_view part : parts) at = std::copy(part.begin(), part.end(), at);
  return joined;
}

void Wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace ttx::sealed
