#include "services/server/sandbox_service.h"

#include "libs/rpc/proto_time.h"
#include "libs/rpc/service_module.h"
#include "ttx/sandbox/v1/sandbox.grpc.pb.h"

namespace ttx::server {
namespace {

constexpr std::string_view kServiceName = "ttx.sandbox.v1.SandboxService";
constexpr Duration kMaxAdvance = Hours(24 * 366);

namespace v1 = sandbox::v1;

class SandboxService : public v1::SandboxService::CallbackService {
 public:
  SandboxService(rpc::Handler& handler, SandboxClock& clock) : handler_(handler), clock_(clock) {}

  grpc::ServerUnaryReactor* GetClock(grpc::CallbackServerContext* context, const v1::GetClockRequest* request,
                                     v1::ClockState* response) override {
    return handler_.Read(context, request, response, "GetClock",
                         [this](const storage::Reader&, const rpc::Call&, const v1::GetClockRequest&) {
                           return Result<v1::ClockState>(State());
                         });
  }

  grpc::ServerUnaryReactor* AdvanceClock(grpc::CallbackServerContext* context,
                                         const v1::AdvanceClockRequest* request,
                                         v1::ClockState* response) override {
    return handler_.Write(
        context, request, response, "AdvanceClock",
        [](const v1::AdvanceClockRequest& from, const rpc::Call&) -> Result<Duration> {
          TTX_TRY(const Duration by, rpc::FromProtoDuration(from.duration(), "duration"));
          if (by <= Duration{} || by > kMaxAdvance)
            return InvalidField("duration", Reason::kOUT_OF_RANGE, "0s..366d");
          return by;
        },
        [this](storage::Txn&, const rpc::Call&, Duration by) -> Result<v1::ClockState> {
          clock_.Advance(by);
          return State();
        });
  }

 private:
  v1::ClockState State() const {
    v1::ClockState state;
    *state.mutable_now() = rpc::ToProtoTime(clock_.Now());
    *state.mutable_advance() = rpc::ToProtoDuration(clock_.advance());
    return state;
  }

  rpc::Handler& handler_;
  SandboxClock& clock_;
};

class SandboxModule : public rpc::ServiceModule {
 public:
  SandboxModule(rpc::ModuleDeps deps, SandboxClock& clock)
      : ServiceModule(kServiceName, std::move(deps)), clock_(clock) {}

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<SandboxService>(handler(), clock_);
    return {};
  }
  grpc::Service& service() override { return *service_; }

 private:
  void OnDue(storage::Txn&, const std::string&) override {}

  SandboxClock& clock_;
  std::unique_ptr<SandboxService> service_;
};

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeSandboxModule(rpc::ModuleDeps deps, SandboxClock& clock) {
  auto module = std::make_unique<SandboxModule>(std::move(deps), clock);
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

}  // namespace ttx::server
