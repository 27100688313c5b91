#include "services/server/call_log.h"

#include <chrono>
#include <cstdio>

#include "libs/obs/log.h"
#include "services/server/clocks.h"

namespace ttx::server {
namespace {

constexpr std::chrono::milliseconds kTryAgain{200};
constexpr int64_t kTryEveryNs = 1'000'000'000;

int64_t SteadyNs() { return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

template <class Write>
Status WriteAudit(const rpc::CallRecord& call, Write write) {
  return write("call", {{"service", call.service},
                        {"method", call.method},
                        {"subject", call.subject},
                        {"organization", call.organization},
                        {"person", call.person},
                        {"request_id", call.request_id},
                        {"trace", call.trace},
                        {"code", static_cast<int>(call.code)},
                        {"reason", call.reason},
                        {"replayed", call.replayed},
                        {"latency_us", call.latency_us}});
}

Status WriteToLog(const rpc::CallRecord& call) {
  return WriteAudit(call, [](std::string_view event, std::initializer_list<obs::Field> fields) {
    return obs::Audit(event, fields);
  });
}

void WriteToStandardError(const rpc::CallRecord& call) {
  const SystemClock clock;
  const auto logger = obs::Logger::Open({}, clock);
  const Status ignored = WriteAudit(call, [&](std::string_view event, std::initializer_list<obs::Field> fields) {
    return (*logger)->Audit(event, fields);
  });
  if (!ignored.ok()) std::fprintf(stderr, "ttx: an audit record was lost\n");
}

}  // namespace

const CallLog::Series& CallLog::Find(const rpc::CallRecord& call) {
  std::string key(call.service);
  key.append("/").append(call.method).append("/").append(std::to_string(static_cast<int>(call.code)));
  const std::lock_guard lock(series_mutex_);
  const auto it = series_.find(key);
  if (it != series_.end()) return it->second;
  const obs::Labels labels = {{"service", std::string(call.service)}, {"method", std::string(call.method)}};
  obs::Labels with_code = labels;
  with_code.emplace_back("code", std::to_string(static_cast<int>(call.code)));
  return series_
      .emplace(std::move(key),
               Series{obs::MakeCounter("ttx_calls_total", "Finished calls", with_code),
                      obs::MakeLatencyHistogram("ttx_call_latency_seconds", "Time to answer", labels)})
      .first->second;
}

CallLog::Kept::Kept(const rpc::CallRecord& call, std::function<void()> to_answer)
    : record(call), answer(std::move(to_answer)) {
  using Text = std::string_view rpc::CallRecord::*;
  constexpr Text kTexts[] = {&rpc::CallRecord::service,      &rpc::CallRecord::method,
                             &rpc::CallRecord::subject,      &rpc::CallRecord::organization,
                             &rpc::CallRecord::person,       &rpc::CallRecord::request_id,
                             &rpc::CallRecord::trace,        &rpc::CallRecord::reason};
  for (const Text text : kTexts) texts += call.*text;
  std::string_view rest = texts;
  for (const Text text : kTexts) {
    record.*text = rest.substr(0, (call.*text).size());
    rest.remove_prefix((call.*text).size());
  }
}

void CallLog::Record(const rpc::CallRecord& call, std::function<void()> answer) {
  const Series& series = Find(call);
  series.count.Add();
  series.latency.Observe(Nanoseconds(call.latency_us * 1000));
  if (!call.audit) {
    obs::Log(obs::Level::kInfo, "call",
             {{"service", call.service},
              {"method", call.method},
              {"subject", call.subject},
              {"trace", call.trace},
              {"code", static_cast<int>(call.code)},
              {"reason", call.reason},
              {"latency_us", call.latency_us}});
  } else if (const Status written = WriteToLog(call); written.ok()) {
    End();
  } else {
    Begin(written.error());
    // A refusal changed nothing, and its answer says so.
    if (call.code == Code::kOk && Keep(call, answer)) return;
    if (call.code == Code::kOk) WriteToStandardError(call);
  }
  answer();
}

bool CallLog::Keep(const rpc::CallRecord& call, const std::function<void()>& answer) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || kept_.size() >= kept_max_) return false;
  kept_.emplace_back(call, answer);
  if (!thread_.joinable()) thread_ = std::thread([this] { WriteKept(); });
  wake_.notify_all();
  return true;
}

void CallLog::WriteKept() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !kept_.empty(); });
    if (stopping_) break;
    // Others only add behind it, which moves nothing.
    Kept& oldest = kept_.front();
    lock.unlock();
    const Status written = WriteToLog(oldest.record);
    if (written.ok()) {
      End();
      oldest.answer();
    } else {
      Begin(written.error());
    }
    lock.lock();
    if (written.ok()) {
      kept_.pop_front();
    } else {
      wake_.wait_for(lock, kTryAgain, [this] { return stopping_; });
    }
  }
  lock.unlock();  // nothing is added any more
  for (const Kept& kept : kept_) {
    WriteToStandardError(kept.record);
    kept.answer();
  }
  kept_.clear();
}

bool CallLog::Writable() {
  if (!outage_.load(std::memory_order_relaxed)) return true;
  {
    const std::lock_guard lock(mutex_);
    const int64_t now = SteadyNs();
    if (now < next_try_ns_) return false;
    next_try_ns_ = now + kTryEveryNs;
  }
  if (!obs::Audit("audit_resumed").ok()) return false;
  End();
  return true;
}

void CallLog::Begin(const Error& error) {
  obs::MakeCounter("ttx_audit_failures_total", "Audit records that could not be written at once", {}).Add();
  if (outage_.exchange(true)) return;
  const auto detail = error.metadata.find("detail");
  const std::string why = detail == error.metadata.end() ? "" : detail->second;
  std::fprintf(stderr, "ttx: the audit log cannot be written (%s): no call is taken until it can\n", why.c_str());
  obs::Log(obs::Level::kError, "audit_failed", {{"detail", why}});
}

void CallLog::End() {
  if (!outage_.load(std::memory_order_relaxed) || !outage_.exchange(false)) return;
  std::fprintf(stderr, "ttx: the audit log can be written again\n");
  obs::Log(obs::Level::kWarning, "audit_works_again");
}

void CallLog::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ttx::server
