// The fastest answer gRPC can give to PlaceBid: the same service, request and response as ttx, nothing behind
// it. Listens on a free loopback port, prints it, and runs until SIGTERM.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <cstdio>

#include "tests/bench/load.h"
#include "ttx/auction/v1/auction.grpc.pb.h"

namespace ttx::bench {
namespace {

namespace v1 = ttx::auction::v1;

class EchoService : public v1::AuctionService::CallbackService {
 public:
  // Every field a real answer has, so that it is as long as one.
  grpc::ServerUnaryReactor* PlaceBid(grpc::CallbackServerContext* context, const v1::PlaceBidRequest* request,
                                     v1::Bid* response) override {
    constexpr int64_t kNumber = 100'000;
    response->set_name(request->parent() + "/bids/100000");
    response->set_number(kNumber);
    response->set_bidder_code("B0001");
    response->set_price_fen(request->price_fen());
    response->mutable_accept_time()->set_seconds(1'800'000'000);
    response->mutable_accept_time()->set_nanos(123'456'789);
    response->mutable_phase_end_time()->set_seconds(1'800'000'300);
    response->mutable_phase_end_time()->set_nanos(123'456'789);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Main() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) Die("echo_server: cannot listen");
  std::printf("ready grpc=%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown();
  return 0;
}

}  // namespace
}  // namespace ttx::bench

int main() { return ttx::bench::Main(); }
