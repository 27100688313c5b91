#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "libs/core/clock.h"
#include "libs/storage/kv.h"
#include "libs/storage/writer.h"

namespace ttx::storage {

/// How long answers are kept for replay (architecture.md section 4).
inline constexpr Duration kAnswerRetention = Hours(24 * 7);

struct ShellHooks {
  /// Runs a planned call (Txn::SetDue). The plan has been cleared already; staged changes always count.
  std::function<void(Txn&, const std::string& subject)> on_due;
  /// A write failed: the process must stop (Writer).
  std::function<void(const Error&)> on_failure;
};

/// The thin shell every service has: its store, its writer, its timers, the removal of old answers.
/// Timers are commands: Tick looks at the due index and submits at most one timer command at a time.
class Shell {
 public:
  /// `clock` must outlive the object.
  Shell(std::unique_ptr<Kv> kv, const Clock& clock, WriterOptions options, ShellHooks hooks);
  ~Shell();

  Writer& writer() { return writer_; }
  const Kv& kv() const { return *kv_; }
  const Clock& clock() const { return clock_; }

  /// Starts the writer's and the timers' threads.
  void Start();
  /// Stops timers, completes queued commands, stops the writer. Idempotent.
  void Drain();

  /// One look at the timers: what the ticker thread does every few milliseconds and the simulator does by hand.
  void Tick();

 private:
  void LoadDue();
  void KeepDue(const Overlay& applied);
  std::vector<Due> TakeDue(Time until) const;
  void RunDue(Txn& txn);

  const std::unique_ptr<Kv> kv_;
  const Clock& clock_;
  const ShellHooks hooks_;
  Writer writer_;
  // The keys of the planned calls, as committed. In memory because the table's head is nothing but what timers left
  // behind: a store would walk over all of it at each look.
  mutable std::mutex due_mutex_;
  std::set<std::string> due_keys_;
  std::atomic<bool> timer_queued_ = false;
  std::atomic<bool> removal_queued_ = false;
  std::atomic<bool> more_to_remove_ = false;
  Time next_removal_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread ticker_;
};

/// Who owns a data folder: which service, in which mode ("sandbox" or "production"), and the version of the format on
/// disk, which counts up whenever an older store can no longer be read (docs/formats.md).
std::string FolderOwner(std::string_view service, std::string_view mode);

/// Whether ClaimFolder would succeed, touching nothing: DATA_MISMATCH when it would not.
Status CheckFolder(const std::string& path, const std::string& owner);

/// Marks a data folder: which service, which mode, which format. DATA_MISMATCH when the folder is marked otherwise;
/// nothing in it is touched then. A new or empty folder is marked.
Status ClaimFolder(const std::string& path, const std::string& owner);

}  // namespace ttx::storage
