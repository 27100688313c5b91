#include "libs/rpc/directory.h"

#include <grpcpp/channel.h>

namespace ttx::rpc {

std::string_view ShortServiceName(std::string_view service) {
  const size_t first = service.find('.');
  if (first == service.npos) return service;
  const size_t second = service.find('.', first + 1);
  return service.substr(first + 1, second == service.npos ? service.npos : second - first - 1);
}
void Directory::Set(std::string service, std::shared_ptr<grpc::Channel> channel, bool in_process) {
  const std::lock_guard lock(mutex_);
  channels_.insert_or_assign(std::move(service), Entry{std::move(channel), in_process});
}

bool Directory::InProcess(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const auto it = channels_.find(ShortServiceName(service));
  return it != channels_.end() && it->second.in_process;
}

std::shared_ptr<grpc::Channel> Directory::Channel(std::string_view service) const {
  const std::lock_guard lock(mutex_);
  const auto it = channels_.find(ShortServiceName(service));
  return it == channels_.end() ? nullptr : it->second.channel;
}

void Directory::Clear() {
  std::map<std::string, Entry, std::less<>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(channels_);
}

}  // namespace ttx::rpc
