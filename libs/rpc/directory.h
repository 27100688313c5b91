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

/// Where each service is reached: the in-process channel when this process hosts it, otherwise a channel to its
/// configured address. Filled before anything starts, read from any thread afterwards.
class Directory {
 public:
  /// `service` is the short name ("auction"). A later call for the same name replaces the channel.
  void Set(std::string service, std::shared_ptr<grpc::Channel> channel);
  /// The channel of "auction" or of "ttx.auction.v1.AuctionService"; nullptr when the service is not known here.
  std::shared_ptr<grpc::Channel> Channel(std::string_view service) const;
  /// Drops every channel: no call starts after this (architecture.md section 7, stop order).
  void Clear();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> channels_;
};

}  // namespace ttx::rpc
