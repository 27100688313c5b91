#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace grpc {
class Channel;
}  // namespace grpc

namespace ttx::rpc {

/// "ttx.auction.v1.AuctionService" -> "auction"; a short name stays as it is.
std::string_view ShortServiceName(std::string_view service);

/// Where each service is reached: the in-process channel when this process hosts it, otherwise a channel to its
/// configured address. Filled before anything starts, read from any thread afterwards.
class Directory {
 public:
  /// `service` is the short name ("auction"). A later call for the same name replaces the channel. `in_process` says
  /// that this process hosts the service.
  void Set(std::string service, std::shared_ptr<grpc::Channel> channel, bool in_process = true);
  /// Whether the service is hosted by this process: only then may a caller prove itself with the process's secret.
  bool InProcess(std::string_view service) const;
  /// The channel of "auction" or of "ttx.auction.v1.AuctionService"; nullptr when the service is not known here.
  std::shared_ptr<grpc::Channel> Channel(std::string_view service) const;
  /// Drops every channel: no call starts after this (architecture.md section 7, stop order).
  void Clear();

 private:
  mutable std::mutex mutex_;
  struct Entry {
    std::shared_ptr<grpc::Channel> channel;
    bool in_process;
  };
  std::map<std::string, Entry, std::less<>> channels_;
};

}  // namespace ttx::rpc
