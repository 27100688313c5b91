#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ttx::sealed {

/// Bytes that are overwritten before their memory is given back: seeds, shares, private keys, unopened bids.
/// Their number is not secret. Never log or print one.
class SecretBytes {
 public:
  SecretBytes() = default;
  /// `count` zero bytes, to be filled through data().
  explicit SecretBytes(size_t count) : bytes_(count) {}
  explicit SecretBytes(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  SecretBytes(const SecretBytes&) = default;
  SecretBytes(SecretBytes&& other) noexcept = default;
  SecretBytes& operator=(SecretBytes other) noexcept;
  ~SecretBytes();

  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

  /// Takes no longer where two of the same length differ early or late.
  bool operator==(const SecretBytes& other) const;

 private:
  std::vector<unsigned char> bytes_;
};

/// The parts one after the other; no copy of them is left behind.
SecretBytes Join(std::initializer_list<std::string_view> parts);

/// Overwrites a text that held a secret and empties it.
void Wipe(std::string& text);

}  // namespace ttx::sealed
