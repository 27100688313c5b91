#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ttx::server {

/// Exit statuses of `ttx` (sysexits): success, a step failed, wrong use, an input that is not what it should
/// be, refused to start.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitData = 65;
inline constexpr int kExitConfig = 78;

/// Options of a command line: "--name value", "--name=value" and "--flag", then the rest in order.
class Arguments {
 public:
  /// `flags` take no value, `options` take one. Anything else that starts with "--" is an error.
  Arguments(const std::vector<std::string>& words, std::vector<std::string_view> flags,
            std::vector<std::string_view> options);
  /// What is wrong, or empty.
  const std::string& error() const { return error_; }
  bool Has(std::string_view flag) const;
  std::string Get(std::string_view option, std::string_view otherwise) const;
  const std::vector<std::string>& rest() const { return rest_; }

 private:
  std::string error_;
  std::vector<std::pair<std::string, std::string>> given_;
  std::vector<std::string> rest_;
};

/// Each command takes the words after its name and returns the exit status.
int Serve(const std::vector<std::string>& words);
int Init(const std::vector<std::string>& words);
int Demo(const std::vector<std::string>& words);
int PrintOpenApi(const std::vector<std::string>& words);
int CheckConfig(const std::vector<std::string>& words);
int AuctionCommand(const std::vector<std::string>& words);
/// Sealed bids (docs/sealed_bids.md): of the bidder, of a key holder, of anybody afterwards.
int SealBid(const std::vector<std::string>& words);
int HolderTools(const std::vector<std::string>& words);
int SealedTools(const std::vector<std::string>& words);

/// Where commands look for the configuration unless told otherwise.
inline constexpr std::string_view kDefaultConfig = "var/ttx.conf";

}  // namespace ttx::server
