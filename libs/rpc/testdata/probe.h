#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/rpc/events.h"
#include "libs/rpc/handler.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/testdata/probe.grpc.pb.h"
#include "libs/storage/codec.h"
#include "libs/storage/mem_kv.h"

namespace grpc {
class Server;
}  // namespace grpc

namespace ttx::rpc::testdata {

namespace v1 = ttx::probe::v1;

inline constexpr std::string_view kProbeService = "ttx.probe.v1.ProbeService";
inline constexpr std::string_view kServiceSecret = "the secret of this process";

/// Waits, without a fixed time, until `condition` holds; false when it does not within half a minute.
template <class Condition>
bool Eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// A Kv of another owner, so that a store can outlive the shell that uses it.
class BorrowedKv : public storage::Kv {
 public:
  explicit BorrowedKv(storage::Kv& kv) : kv_(kv) {}
  std::optional<std::string> Get(std::string_view key) const override { return kv_.Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return kv_.MultiGet(keys);
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    return kv_.Scan(range, limit, direction);
  }
  std::unique_ptr<storage::Reader> Snapshot() const override { return kv_.Snapshot(); }
  Status Write(const storage::WriteBatch& batch) override { return kv_.Write(batch); }

 private:
  storage::Kv& kv_;
};

inline std::string CounterKey(std::string_view counter) { return storage::Key(0x10).Text(counter).str(); }

inline int64_t CounterIn(const storage::Reader& reader, std::string_view counter) {
  const auto value = reader.Get(CounterKey(counter));
  return value ? std::stoll(*value) : 0;
}

/// The probe's methods, as a service writes them. The counter "missing" does not exist, adding 666 is a fault of the
/// server, and a stream ends after the event "last".
class ProbeService final : public v1::ProbeService::CallbackService {
 public:
  explicit ProbeService(Handler& handler) : handler_(handler) {}

  grpc::ServerUnaryReactor* Add(grpc::CallbackServerContext* context, const v1::AddRequest* request,
                                v1::Counter* response) override {
    last_add.store(context);
    return handler_.Write(
        context, request, response, "Add",
        [](const v1::AddRequest& from, const Call&) -> Result<v1::AddRequest> {
          if (from.amount() <= 0) return InvalidField("amount", Reason::kOUT_OF_RANGE, "> 0");
          return from;
        },
        [](storage::Txn& txn, const Call&, const v1::AddRequest& input) -> Result<v1::Counter> {
          if (input.counter() == "missing") return Error(Reason::kNOT_FOUND, {{"resource", "counters/missing"}});
          const int64_t value = CounterIn(txn, input.counter()) + input.amount();
          txn.Put(CounterKey(input.counter()), std::to_string(value));
          txn.Emit(input.counter());
          if (input.amount() == 666) return Error(Reason::kINTERNAL, {{"detail", "/etc/shadow"}});
          return MakeCounter(input.counter(), value);
        });
  }

  grpc::ServerUnaryReactor* Count(grpc::CallbackServerContext* context, const v1::GetCounterRequest* request,
                                  v1::Counter* response) override {
    return handler_.Write(
        context, request, response, "Count",
        [](const v1::GetCounterRequest& from, const Call&) -> Result<std::string> { return from.counter(); },
        [](storage::Txn& txn, const Call&, const std::string& counter) -> Result<v1::Counter> {
          const int64_t value = CounterIn(txn, counter) + 1;
          txn.Put(CounterKey(counter), std::to_string(value));
          return MakeCounter(counter, value);
        });
  }

  grpc::ServerUnaryReactor* GetCounter(grpc::CallbackServerContext* context, const v1::GetCounterRequest* request,
                                       v1::Counter* response) override {
    return Get(context, request, response, "GetCounter");
  }
  grpc::ServerUnaryReactor* GetPublicCounter(grpc::CallbackServerContext* context,
                                             const v1::GetCounterRequest* request, v1::Counter* response) override {
    return Get(context, request, response, "GetPublicCounter");
  }
  grpc::ServerUnaryReactor* GetInternalCounter(grpc::CallbackServerContext* context,
                                               const v1::GetCounterRequest* request, v1::Counter* response) override {
    return Get(context, request, response, "GetInternalCounter");
  }

  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context, const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override {
    auto* const reactor = rpc::ListEvents(
        handler_, context, request, response,
        [this](const storage::Reader& reader, const Call& call, uint64_t after, size_t limit) {
          return LookAtLog(reader, call, after, limit);
        });
    last_poll.store(context);
    return reactor;
  }

  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override {
    const auto topic = context->client_metadata().find("x-topic");
    return EventStream<v1::StreamEventsRequest, v1::Event>::Start(
        handler_, context, *request, "StreamEvents", static_cast<uint64_t>(request->after_sequence()),
        [this, held = alive](const storage::Reader& reader, const Call& call, uint64_t after, size_t limit) {
          return LookAtLog(reader, call, after, limit);
        },
        [](const v1::Event& event) { return event.payload() == "last"; }, /*over=*/nullptr,
        topic == context->client_metadata().end() ? "" : std::string(topic->second.data(), topic->second.size()));
  }

  std::atomic<int> looks = 0;            // how often a poll or a stream has looked at the log
  std::atomic<size_t> looked_at = 0;     // how many events they have read
  std::atomic<size_t> most_in_look = 0;  // the most that one of them has read
  std::atomic<grpc::CallbackServerContext*> last_add = nullptr;
  std::atomic<grpc::CallbackServerContext*> last_poll = nullptr;  // its first look is queued
  const std::shared_ptr<int> alive = std::make_shared<int>();  // held by every stream that has not been deleted

 private:
  static v1::Counter MakeCounter(const std::string& name, int64_t value) {
    v1::Counter counter;
    counter.set_counter(name);
    counter.set_value(value);
    return counter;
  }

  // An event that begins with "secret" is shown to services only.
  StreamPage<v1::Event> LookAtLog(const storage::Reader& reader, const Call& call, uint64_t after, size_t limit) {
    ++looks;
    size_t read = 0;
    const auto page = storage::LookAtLog<storage::OutboxEvent>(
        after, limit,
        [&](uint64_t last, size_t most) {
          std::vector<storage::OutboxEvent> events = storage::ReadOutbox(reader, last, most);
          read += events.size();
          return events;
        },
        [&](const storage::OutboxEvent& event) {
          return call.principal.service() || !event.payload.starts_with("secret");
        });
    looked_at += read;
    most_in_look = std::max(most_in_look.load(), read);
    return ToStreamPage(page, ToProto);
  }

  static v1::Event ToProto(const storage::OutboxEvent& event) {
    v1::Event to;
    to.set_sequence(static_cast<int64_t>(event.sequence));
    to.set_payload(event.payload);
    to.set_counter("counters/1");
    if (event.payload.starts_with("bad")) {
      to.mutable_counter_changed()->set_note("this / that");
      to.mutable_counter_changed()->set_person("people/1");
    } else if (event.payload.starts_with("end")) {
      to.mutable_counter_ended()->set_note("at last");
    }
    return to;
  }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const v1::GetCounterRequest* request,
                                v1::Counter* response, std::string_view method) {
    return handler_.Read(context, request, response, method,
                         [](const storage::Reader& reader, const Call&,
                            const v1::GetCounterRequest& from) -> Result<v1::Counter> {
                           if (from.counter() == "missing") {
                             return Error(Reason::kNOT_FOUND, {{"resource", "counters/missing"}});
                           }
                           return MakeCounter(from.counter(), CounterIn(reader, from.counter()));
                         });
  }

  Handler& handler_;
};

/// A CallRecord that outlives the call.
struct RecordedCall {
  std::string method;
  std::string subject;
  std::string request_id;
  Code code;
  std::string reason;
  bool audit;
  bool replayed;
};

/// Tokens are names: "bidder", "rival", "clerk" and "operator" have the roles their names say.
Result<Principal> PrincipalOf(std::string_view token);

struct ProbeOptions {
  bool tcp = false;        // clients come over loopback instead of the in-process channel
  bool run_writer = true;  // otherwise the test steps it
  size_t queue_commands = 8192;
  int reader_threads = 2;
  size_t reader_queue = 1024;
};

/// The probe on a server of its own, put together and stopped like a module (architecture.md section 7).
class ProbeHost {
 public:
  ProbeHost(const Clock& clock, ProbeOptions options = {},
            std::unique_ptr<storage::Kv> kv = std::make_unique<storage::MemKv>());
  ~ProbeHost();

  /// While nothing can be audited, successes of audited calls are held back; then all of them leave.
  void SetCanAudit(bool can_audit);
  size_t held() const;

  /// Idempotent. gRPC cuts off in-process calls that are still under way.
  void Stop();

  std::shared_ptr<grpc::Channel> TcpChannel() const;

  /// Commits one event with this payload, as a command of the service's own; returns when it is committed.
  void Emit(std::string payload) {
    storage::Command command;
    command.method = "Own";
    command.run = [payload = std::move(payload)](storage::Txn& txn) -> Result<std::string> {
      txn.Emit(payload);
      return std::string();
    };
    const auto committed = std::make_shared<std::promise<void>>();
    command.done = [committed](const storage::Answer&) { committed->set_value(); };
    shell_.writer().Submit(std::move(command));
    StepAll();
    committed->get_future().wait();
  }

  void StepAll() {
    while (!options_.run_writer && shell_.writer().Step() > 0) {
    }
  }

  std::vector<RecordedCall> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }

  /// From now on no token counts.
  void RevokeTokens() { revoked_.store(true); }

  v1::ProbeService::Stub& stub() { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  storage::Shell& shell() { return shell_; }
  ReaderPool& readers() { return readers_; }
  CommitSignal& signal() { return signal_; }
  ProbeService& service() { return service_; }
  int64_t Value(std::string_view counter) const { return CounterIn(shell_.kv(), counter); }

 private:
  std::unique_ptr<Handler> MakeHandler(const Clock& clock);
  void Record(const CallRecord& call);
  void Answer(const CallRecord& call, const std::function<void()>& answer);

  const ProbeOptions options_;
  mutable std::mutex mutex_;
  std::vector<RecordedCall> records_;
  std::vector<std::function<void()>> held_;
  std::atomic<bool> can_audit_ = true;
  std::atomic<bool> revoked_ = false;
  CommitSignal signal_;
  storage::Shell shell_;
  ReaderPool readers_;
  const std::unique_ptr<Handler> handler_;
  ProbeService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ProbeService::Stub> stub_;
};

/// Who calls: a user with a token, a service with a secret, or nobody.
struct Caller {
  std::string token;
  std::string service;
  std::string secret;
};

inline const Caller kNobody;
inline const Caller kBidder{"bidder", "", ""};
inline const Caller kRival{"rival", "", ""};
inline const Caller kClerk{"clerk", "", ""};
inline const Caller kOperator{"operator", "", ""};
inline const Caller kListing{"", "listing", std::string(kServiceSecret)};

inline void Introduce(const Caller& caller, grpc::ClientContext& context) {
  if (!caller.token.empty()) context.AddMetadata("authorization", "Bearer " + caller.token);
  if (!caller.service.empty()) context.AddMetadata(std::string(kServiceHeader), caller.service);
  if (!caller.secret.empty()) context.AddMetadata(std::string(kSecretHeader), caller.secret);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

inline v1::AddRequest MakeAdd(std::string request_id, std::string counter = "c", int64_t amount = 1) {
  v1::AddRequest request;
  request.set_request_id(std::move(request_id));
  request.set_counter(std::move(counter));
  request.set_amount(amount);
  return request;
}

}  // namespace ttx::rpc::testdata
