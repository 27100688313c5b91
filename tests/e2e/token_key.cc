// Prints the newest token key of an installation that is not running: its kid on the first line, then the private key
// in PEM. With it a test signs tokens whose signature is right and whose claims are not.
//   ttx_e2e_token_key --data DIR --secrets-key FILE
#include <cstdio>
#include <fstream>
#include <iterator>

#include "libs/storage/rocks_kv.h"
#include "services/party/app/secrets.h"
#include "services/party/store/party_store.h"
#include "tests/bench/load.h"

namespace ttx::e2e {
namespace {

std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int Main(int argc, char** argv) {
  const bench::Options options(argc, argv);
  const auto kv = storage::OpenRocksKv({.path = options.Must("data") + "/party/rocksdb"});
  if (!kv.ok()) bench::Die("token_key: " + kv.error().message());
  const std::vector<party::TokenKey> keys = party::LoadTokenKeys(**kv);
  if (keys.empty()) bench::Die("token_key: there is none");
  const party::TokenKey& newest = keys.back();
  const Result<std::string> pem =
      party::OpenTokenKey(ReadBytes(options.Must("secrets-key")), newest.sealed_private_key, newest.kid);
  if (!pem.ok()) bench::Die("token_key: " + pem.error().message());
  std::printf("%s\n%s", newest.kid.c_str(), pem->c_str());
  return 0;
}

}  // namespace
}  // namespace ttx::e2e

int main(int argc, char** argv) { return ttx::e2e::Main(argc, argv); }
