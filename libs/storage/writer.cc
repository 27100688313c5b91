#include "libs/storage/writer.h"

#include <algorithm>

#include "libs/storage/codec.h"

namespace ttx::storage {
namespace {

constexpr uint8_t Table(ShellTable table) { return static_cast<uint8_t>(table); }

std::string LastTimeKey() { return Key(Table(ShellTable::kMeta)).Text("last_time").str(); }

std::string AnswerKey(const Command& command) {
  return Key(Table(ShellTable::kAnswer)).Text(command.principal).Text(command.method).Text(command.request_id).str();
}

bool IsStored(Code code) {
  return code != Code::kUnavailable && code != Code::kDeadlineExceeded && code != Code::kResourceExhausted &&
         code != Code::kInternal;
}

// Stored answer: fingerprint, then 1 + body, or 0 + reason name + metadata + violations (docs/formats.md).
std::string EncodeAnswer(const std::string& fingerprint, const Result<std::string>& body) {
  std::string out;
  AppendBytes(out, fingerprint);
  AppendU64(out, body.ok() ? 1 : 0);
  if (body.ok()) {
    AppendBytes(out, *body);
    return out;
  }
  const Error& error = body.error();
  AppendBytes(out, ReasonName(error.reason));
  AppendU64(out, error.metadata.size());
  for (const auto& [key, value] : error.metadata) {
    AppendBytes(out, key);
    AppendBytes(out, value);
  }
  AppendU64(out, error.violations.size());
  for (const FieldViolation& violation : error.violations) {
    AppendBytes(out, violation.field);
    AppendBytes(out, ReasonName(violation.reason));
    AppendBytes(out, violation.limit);
  }
  return out;
}

uint64_t MustU64(std::string_view& in) {
  const auto value = TakeU64(in);
  TTX_CHECK(value.has_value(), "stored answer too short");
  return *value;
}

std::string MustBytes(std::string_view& in) {
  const auto value = TakeBytes(in);
  TTX_CHECK(value.has_value(), "stored answer too short");
  return std::string(*value);
}

Reason MustReason(std::string_view& in) {
  const ReasonInfo* info = FindReason(MustBytes(in));
  TTX_CHECK(info != nullptr, "stored answer with an unknown reason");
  return static_cast<Reason>(info - AllReasons().data());
}

struct StoredAnswer {
  std::string fingerprint;
  Result<std::string> body;
};

StoredAnswer DecodeAnswer(std::string_view in) {
  std::string fingerprint = MustBytes(in);
  if (MustU64(in) == 1) return {std::move(fingerprint), MustBytes(in)};
  Error error(MustReason(in));
  for (uint64_t n = MustU64(in); n > 0; --n) {
    std::string key = MustBytes(in);
    error.metadata.emplace(std::move(key), MustBytes(in));
  }
  for (uint64_t n = MustU64(in); n > 0; --n) {
    std::string field = MustBytes(in);
    const Reason reason = MustReason(in);
    error.violations.push_back({std::move(field), reason, MustBytes(in)});
  }
  return {std::move(fingerprint), std::move(error)};
}

void Complete(const Command& command, Answer answer) {
  if (command.done) command.done(std::move(answer));
}

}  // namespace

struct Writer::Batch {
  Overlay overlay;
  std::unordered_map<std::string, std::optional<std::string>> prefetched;
  std::string answer_keys;  // of the answers in it
  size_t bytes = 0;
  uint64_t first_sequence = 0;
};

Writer::Writer(Kv& kv, const Clock& clock, WriterOptions options, std::function<void(const Error&)> on_failure)
    : kv_(kv),
      cache_(kv),
      clock_(clock),
      options_(options),
      on_failure_(std::move(on_failure)),
      next_sequence_(LastSequence(kv) + 1) {
  if (const auto stored = kv_.Get(LastTimeKey())) {
    std::string_view in = *stored;
    last_time_ = Time{static_cast<int64_t>(MustU64(in))};
  }
}

Writer::~Writer() { Stop(); }

void Writer::Submit(Command command) {
  std::optional<Reason> refused;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || failed_) {
      refused = Reason::kUNAVAILABLE;
    } else if (queue_.size() >= options_.queue_commands) {
      refused = Reason::kQUEUE_FULL;
    } else {
      queue_.push_back(std::move(command));
    }
  }
  if (refused) {
    Complete(command, {Error(*refused)});
  } else {
    wake_.notify_one();
  }
}

std::vector<Command> Writer::Take() {
  const std::lock_guard lock(mutex_);
  std::vector<Command> commands;
  const size_t count = std::min(queue_.size(), options_.batch_commands);
  commands.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    commands.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return commands;
}

void Writer::Requeue(std::vector<Command>& commands, size_t from) {
  const std::lock_guard lock(mutex_);
  while (commands.size() > from) {
    queue_.push_front(std::move(commands.back()));
    commands.pop_back();
  }
}

void Writer::Prefetch(const std::vector<Command>& commands, Batch& batch) const {
  std::vector<std::string> keys;
  for (const Command& command : commands) {
    if (!command.request_id.empty()) keys.push_back(AnswerKey(command));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  auto values = kv_.MultiGet(keys);
  for (size_t i = 0; i < keys.size(); ++i) batch.prefetched.emplace(std::move(keys[i]), std::move(values[i]));
}

Answer Writer::Run(const Command& command, Batch& batch) {
  if (command.abandoned && command.abandoned()) return {Error(Reason::kDEADLINE_EXCEEDED)};
  const Time now = std::max(last_time_ + Nanoseconds(1), clock_.Now());
  Txn txn(cache_, batch.overlay, batch.prefetched, now, next_sequence_);
  const std::string answer_key = command.request_id.empty() ? "" : AnswerKey(command);
  if (!answer_key.empty()) {
    if (const auto stored = txn.Get(answer_key)) {
      StoredAnswer answer =
          DecodeAnswer(command.seal == nullptr ? *stored : command.seal->Open(answer_key, *stored));
      if (answer.fingerprint != command.fingerprint) return {Error(Reason::kREQUEST_ID_REUSED)};
      return {std::move(answer.body), true};
    }
  }
  last_time_ = now;
  Result<std::string> body = command.run(txn);
  if (!body.ok() && !txn.keeps_on_error()) txn.Discard();
  if (!answer_key.empty() && (body.ok() || IsStored(body.error().code()))) {
    std::string encoded = EncodeAnswer(command.fingerprint, body);
    txn.Put(answer_key, command.seal == nullptr ? std::move(encoded) : command.seal->Seal(answer_key, encoded));
    AppendBytes(batch.answer_keys, answer_key);
  }
  next_sequence_ = txn.next_sequence();
  batch.bytes += txn.staged_bytes();
  txn.MoveInto(batch.overlay);
  return {std::move(body)};
}

Writer::Answered Writer::RunBatch() {
  Answered done{.commands = Take(), .answers = {}, .failure = {}};
  if (done.commands.empty()) return done;
  Batch batch;
  batch.first_sequence = next_sequence_;
  Prefetch(done.commands, batch);
  for (const Command& command : done.commands) {
    if (batch.bytes >= options_.batch_bytes) break;
    done.answers.push_back(Run(command, batch));
  }
  if (done.answers.size() < done.commands.size()) Requeue(done.commands, done.answers.size());
  if (batch.overlay.empty()) return done;
  WriteBatch write(std::move(batch.overlay));
  if (!batch.answer_keys.empty()) {
    write.Put(Key(Table(ShellTable::kAnswerByTime)).I64(last_time_.ns).str(), std::move(batch.answer_keys));
  }
  std::string time;
  AppendU64(time, static_cast<uint64_t>(last_time_.ns));
  write.Put(LastTimeKey(), std::move(time));
  if (const Status status = kv_.Write(write); !status.ok()) {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    done.failure = status.error();
    for (Answer& answer : done.answers) answer = {Error(Reason::kOUTCOME_UNKNOWN)};
    return done;
  }
  cache_.Apply(write.changes());
  if (on_applied_) on_applied_(write.changes());
  if (on_commit_ && next_sequence_ != batch.first_sequence) on_commit_(next_sequence_ - 1);
  return done;
}

void Writer::Deliver(Answered batch) const {
  for (size_t i = 0; i < batch.answers.size(); ++i) Complete(batch.commands[i], std::move(batch.answers[i]));
  if (batch.failure) on_failure_(*batch.failure);
}

size_t Writer::Step() {
  Answered batch = RunBatch();
  const size_t count = batch.answers.size();
  Deliver(std::move(batch));
  return count;
}

void Writer::HandOver(Answered batch) {
  {
    std::unique_lock lock(answers_mutex_);
    answers_changed_.wait(lock, [this] { return answers_.size() < options_.answered_batches; });
    answers_.push_back(std::move(batch));
  }
  answers_changed_.notify_all();
}

void Writer::AnswerLoop() {
  while (true) {
    Answered batch;
    {
      std::unique_lock lock(answers_mutex_);
      answers_changed_.wait(lock, [this] { return no_more_answers_ || !answers_.empty(); });
      if (answers_.empty()) return;
      batch = std::move(answers_.front());
      answers_.pop_front();
    }
    answers_changed_.notify_all();
    Deliver(std::move(batch));
  }
}

void Writer::Loop() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty() || failed_) break;
    }
    Answered batch = RunBatch();
    if (queued() > 0) {
      HandOver(std::move(batch));
    } else {
      Deliver(std::move(batch));
    }
  }
  std::deque<Command> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(queue_);
  }
  for (const Command& command : left) Complete(command, {Error(Reason::kUNAVAILABLE)});
}

void Writer::Start() {
  answers_thread_ = std::thread([this] { AnswerLoop(); });
  thread_ = std::thread([this] { Loop(); });
}

void Writer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  {
    const std::lock_guard lock(answers_mutex_);
    no_more_answers_ = true;
  }
  answers_changed_.notify_all();
  if (answers_thread_.joinable()) answers_thread_.join();
}

size_t Writer::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

size_t Writer::RemoveAnswers(Txn& txn, Time before, size_t limit) {
  constexpr size_t kBatchesPerScan = 8;
  KeyRange range = {Key(Table(ShellTable::kAnswerByTime)).str(),
                    Key(Table(ShellTable::kAnswerByTime)).I64(before.ns).str()};
  size_t removed = 0;
  while (removed < limit) {
    const std::vector<Entry> batches = txn.Scan(range, kBatchesPerScan);
    if (batches.empty()) break;
    range.begin = batches.back().key + '\0';
    for (const Entry& batch : batches) {
      if (removed >= limit) break;
      for (std::string_view keys = batch.value; !keys.empty(); ++removed) txn.Delete(MustBytes(keys));
      txn.Delete(batch.key);
    }
  }
  return removed;
}

}  // namespace ttx::storage
