#include "libs/rpc/directory.h"

#include <grpcpp/channel.h>

namespace ttx::rpc {
namespace {

// "ttx.auction.v1.AuctionService" -> "auction".
std::string_view ShortName(std::string_view service) {
  const size_t first = service.find('.');
  if (first == service.npos) return service;
  const size_t second = service.find('.', first + 1);
  return service.substr(first + 1, second == service.npos ? service.npos : second - first - 1);
}

}  // namespace

void Directory::Set(std::string service, std::shared_ptr<grpc::Channel> channel) {
  const std::lock_guard lock(mutex_);
  channels_[std::move(service)] = std::move(channel);
}

std::shared_ptr<grpc::Channel> Directory::Channel(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const auto it = channels_.find(ShortName(service));
  return it == channels_.end() ? nullptr : it->second;
}

void Directory::Clear() {
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(channels_);
}

}  // namespace ttx::rpc
