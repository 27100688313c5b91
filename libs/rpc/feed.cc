#include "libs/rpc/feed.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <future>
#include <sstream>
#include <utility>

#include "libs/obs/log.h"
#include "libs/rpc/status.h"
#include "libs/storage/codec.h"

namespace ttx::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int32_t kPageSize = 200;
constexpr Duration kWait = Seconds(20);
constexpr std::chrono::milliseconds kRetryAfter{200};

std::string CursorKey(std::string_view source) {
  return storage::Key(static_cast<uint8_t>(storage::ShellTable::kFeedCursor)).Text(source).str();
}

std::string RefusalKey(std::string_view source, uint64_t sequence) {
  return storage::Key(static_cast<uint8_t>(storage::ShellTable::kFeedRefusal)).Text(source).U64(sequence).str();
}

// The reason, the type of the event and the resource, with blanks between: none of them has one.
std::string RefusalValue(const FeedEvent& event, Reason reason) {
  std::string value(ReasonName(reason));
  if (!event.type.empty()) value += " " + event.type + " " + event.resource;
  return value;
}

FeedRefusal ParseRefusal(uint64_t sequence, const std::string& value) {
  FeedRefusal refusal;
  refusal.sequence = sequence;
  std::istringstream in(value);
  in >> refusal.reason >> refusal.type >> refusal.resource;
  return refusal;
}

// The first of the message's own texts that is a name of a resource.
std::string FirstName(const Message& message) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) continue;
    std::string text = message.GetReflection()->GetString(message, field);
    if (text.find('/') != std::string::npos && text.find(' ') == std::string::npos) return text;
  }
  return {};
}

// Says what a service's event is about: its payload, and the resource that the payload names before all others.
void Describe(const Message& message, FeedEvent& event) {
  if (message.GetDescriptor()->real_oneof_decl_count() != 1) return;
  const auto* reflection = message.GetReflection();
  const FieldDescriptor* set = reflection->GetOneofFieldDescriptor(message, message.GetDescriptor()->oneof_decl(0));
  if (set == nullptr) return;
  event.type = set->name();
  if (set->type() == FieldDescriptor::TYPE_MESSAGE) event.resource = FirstName(reflection->GetMessage(message, set));
  if (event.resource.empty()) event.resource = FirstName(message);
}

// ListEvents of any TTX service, by reflection: they all have after_sequence, page_size, wait_time and `events`
// whose elements have `sequence`. Those with `milestones_only` give each milestone's `previous_milestone` too.
class GrpcFeedSource : public FeedSource {
 public:
  GrpcFeedSource(const Directory& directory, std::string service, ServiceIdentity self)
      : directory_(directory), service_(std::move(service)), self_(std::move(self)) {
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    const auto* descriptor = pool->FindServiceByName(service_);
    TTX_CHECK(descriptor != nullptr, "a feed of a service that is not linked in: " + service_);
    method_ = descriptor->FindMethodByName("ListEvents");
    TTX_CHECK(method_ != nullptr, service_ + " has no ListEvents");
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    request_ = factory->GetPrototype(method_->input_type());
    response_ = factory->GetPrototype(method_->output_type());
    const auto* event = method_->output_type()->FindFieldByName("events")->message_type();
    milestones_only_ = method_->input_type()->FindFieldByName("milestones_only");
    previous_ = event->FindFieldByName("previous_milestone");
    TTX_CHECK((milestones_only_ == nullptr) == (previous_ == nullptr), service_ + " has half of what milestones need");
  }

  Result<std::vector<FeedEvent>> Fetch(uint64_t after_sequence, int32_t limit, Duration wait) override {
    const std::shared_ptr<grpc::Channel> channel = directory_.Channel(service_);
    if (channel == nullptr) return Error(Reason::kUNAVAILABLE);
    grpc::ClientContext context;
    context.AddMetadata(std::string(kServiceHeader), self_.name);
    if (directory_.InProcess(service_)) context.AddMetadata(std::string(kSecretHeader), self_.secret);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds((wait + Seconds(10)).ns));
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) return Error(Reason::kUNAVAILABLE);
      context_ = &context;
    }
    const std::unique_ptr<Message> request = MakeRequest(after_sequence, limit, wait);
    const std::unique_ptr<Message> response(response_->New());
    const grpc::Status status = Call(*channel, context, *request, *response);
    {
      const std::lock_guard lock(mutex_);
      context_ = nullptr;
    }
    if (!status.ok()) return FromGrpc(status);
    return TakeEvents(*response);
  }

  void Cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }

 private:
  std::unique_ptr<Message> MakeRequest(uint64_t after_sequence, int32_t limit, Duration wait) const {
    std::unique_ptr<Message> request(request_->New());
    const auto* descriptor = request->GetDescriptor();
    const auto* reflection = request->GetReflection();
    reflection->SetInt64(request.get(), descriptor->FindFieldByName("after_sequence"),
                         static_cast<int64_t>(after_sequence));
    reflection->SetInt32(request.get(), descriptor->FindFieldByName("page_size"), limit);
    auto* duration = static_cast<google::protobuf::Duration*>(
        reflection->MutableMessage(request.get(), descriptor->FindFieldByName("wait_time")));
    duration->set_seconds(wait.ns / 1'000'000'000);
    if (milestones_only_ != nullptr) reflection->SetBool(request.get(), milestones_only_, true);
    return request;
  }

  // Waits on a future, not in gRPC: a thread that waits there also serves the process's sockets, and many that take
  // turns at it cost every call a switch of threads.
  grpc::Status Call(grpc::Channel& channel, grpc::ClientContext& context, const Message& request, Message& response) {
    const grpc::internal::RpcMethod rpc_method(full_method_.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
    const auto done = std::make_shared<std::promise<grpc::Status>>();
    grpc::internal::CallbackUnaryCall<Message, Message, Message, Message>(
        &channel, rpc_method, &context, &request, &response,
        [done](grpc::Status status) { done->set_value(std::move(status)); });
    return done->get_future().get();
  }

  std::vector<FeedEvent> TakeEvents(const Message& response) const {
    const auto* list = response.GetDescriptor()->FindFieldByName("events");
    const auto* sequence = list->message_type()->FindFieldByName("sequence");
    std::vector<FeedEvent> events;
    for (int i = 0; i < response.GetReflection()->FieldSize(response, list); ++i) {
      const Message& event = response.GetReflection()->GetRepeatedMessage(response, list, i);
      const auto number = static_cast<uint64_t>(event.GetReflection()->GetInt64(event, sequence));
      FeedEvent& taken = events.emplace_back(FeedEvent{number, event.SerializeAsString()});
      if (previous_ != nullptr) {
        taken.previous = static_cast<uint64_t>(event.GetReflection()->GetInt64(event, previous_));
      }
      Describe(event, taken);
    }
    return events;
  }

  const Directory& directory_;
  const std::string service_;
  const std::string full_method_ = "/" + service_ + "/ListEvents";
  const ServiceIdentity self_;
  const google::protobuf::MethodDescriptor* method_ = nullptr;
  const Message* request_ = nullptr;
  const Message* response_ = nullptr;
  const FieldDescriptor* milestones_only_ = nullptr;
  const FieldDescriptor* previous_ = nullptr;
  std::mutex mutex_;
  grpc::ClientContext* context_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace

std::unique_ptr<FeedSource> MakeGrpcFeedSource(const Directory& directory, std::string service_full_name,
                                               ServiceIdentity self) {
  return std::make_unique<GrpcFeedSource>(directory, std::move(service_full_name), std::move(self));
}

uint64_t FeedCursor(const storage::Reader& reader, std::string_view source_name) {
  const auto stored = reader.Get(CursorKey(source_name));
  if (!stored) return 0;
  std::string_view in = *stored;
  const auto cursor = storage::TakeU64(in);
  TTX_CHECK(cursor.has_value(), "feed cursor too short");
  return *cursor;
}

std::vector<FeedRefusal> NewestRefusals(const storage::Reader& reader, std::string_view source_name, size_t limit) {
  constexpr auto kTable = static_cast<uint8_t>(storage::ShellTable::kFeedRefusal);
  const storage::KeyRange range = storage::PrefixRange(storage::Key(kTable).Text(source_name).str());
  std::vector<FeedRefusal> refusals;
  for (const storage::Entry& entry : reader.Scan(range, limit, storage::Direction::kReverse)) {
    storage::KeyReader key(entry.key, kTable);
    key.Text();
    refusals.push_back(ParseRefusal(key.U64(), entry.value));
  }
  return refusals;
}

Feed::Feed(std::string source_name, std::unique_ptr<FeedSource> source, storage::Shell& shell, Handler handler,
           std::function<void(const std::string&, uint64_t, const Error&)> on_refusal)
    : source_name_(std::move(source_name)),
      source_(std::move(source)),
      shell_(shell),
      handler_(std::move(handler)),
      on_refusal_(std::move(on_refusal)) {}

Feed::~Feed() { Stop(); }

storage::Command Feed::MakeCommand(FeedEvent event) {
  storage::Command command;
  command.method = "Feed";
  command.run = [this, event = std::move(event)](storage::Txn& txn) -> Result<std::string> {
    const uint64_t cursor = FeedCursor(txn, source_name_);
    // A duplicate, or an event behind one that got lost on the way: the next fetch brings what is missing.
    if (event.previous != cursor) return std::string();
    const Status status = handler_(txn, event);
    if (!status.ok()) {
      // The event comes again; the writer drops what was staged, unless the handler wants it kept (Txn::KeepOnError).
      if (status.error().code() == Code::kUnavailable) return status.error();
      txn.Discard();
      txn.Put(RefusalKey(source_name_, event.sequence), RefusalValue(event, status.error().reason));
      if (on_refusal_) on_refusal_(source_name_, event.sequence, status.error());
    }
    std::string value;
    storage::AppendU64(value, event.sequence);
    txn.Put(CursorKey(source_name_), std::move(value));
    return std::string();
  };
  command.done = [this](storage::Answer) {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    wake_.notify_all();
  };
  return command;
}

size_t Feed::Step(int32_t limit) {
  Result<std::vector<FeedEvent>> events = source_->Fetch(FeedCursor(shell_.kv(), source_name_), limit, Duration{});
  if (!events.ok()) return 0;
  {
    const std::lock_guard lock(mutex_);
    in_flight_ += events->size();
  }
  for (FeedEvent& event : *events) shell_.writer().Submit(MakeCommand(std::move(event)));
  return events->size();
}

void Feed::Loop() {
  uint64_t cursor = FeedCursor(shell_.kv(), source_name_);
  bool reachable = true;
  while (true) {
    Result<std::vector<FeedEvent>> events = source_->Fetch(cursor, kPageSize, kWait);
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (std::exchange(reachable, events.ok()) != events.ok()) {
      obs::Log(events.ok() ? obs::Level::kInfo : obs::Level::kWarning, "feed_source",
               {{"source", source_name_}, {"reachable", events.ok()},
                {"reason", events.ok() ? std::string_view() : ReasonName(events.error().reason)}});
    }
    if (!events.ok()) {
      wake_.wait_for(lock, kRetryAfter, [this] { return stopping_; });
      continue;
    }
    in_flight_ += events->size();
    lock.unlock();
    for (FeedEvent& event : *events) shell_.writer().Submit(MakeCommand(std::move(event)));
    lock.lock();
    wake_.wait(lock, [this] { return in_flight_ == 0; });
    // Nothing took effect: a source with a gap or one that drains, or a writer that takes no more. Asking again at
    // once would only spin.
    const uint64_t before = std::exchange(cursor, FeedCursor(shell_.kv(), source_name_));
    if (cursor == before) wake_.wait_for(lock, kRetryAfter, [this] { return stopping_; });
    if (stopping_) return;
  }
}

void Feed::Start() { thread_ = std::thread([this] { Loop(); }); }

void Feed::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  source_->Cancel();
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ttx::rpc
