#include "libs/storage/shell.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace ttx::storage {
namespace {

constexpr std::chrono::milliseconds kTickEvery{10};
constexpr Duration kRemovalEvery = Minutes(1);
constexpr size_t kDuePerCommand = 64;
constexpr size_t kRemovalsPerCommand = 1000;
constexpr const char* kMarkerFile = "TTX";
constexpr const char* kMarkerDraft = "TTX.new";  // the marker until it is whole

// Writes `text`, if any, to the file or folder and syncs it. Durable when it returns true.
bool WriteAndSync(const std::string& path, int flags, std::string_view text) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool written = text.empty() || ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = ::fsync(file) == 0;
  return (::close(file) == 0) && written && synced;
}

}  // namespace

Shell::Shell(std::unique_ptr<Kv> kv, const Clock& clock, WriterOptions options, ShellHooks hooks)
    : kv_(std::move(kv)), clock_(clock), hooks_(std::move(hooks)), writer_(*kv_, clock, options, hooks_.on_failure) {
  LoadDue();
  writer_.OnApplied([this](const Overlay& applied) { KeepDue(applied); });
}

Shell::~Shell() { Drain(); }

void Shell::LoadDue() {
  constexpr size_t kPage = 10'000;
  KeyRange range = DueRange();
  while (true) {
    const std::vector<Entry> page = kv_->Scan(range, kPage, Direction::kForward);
    for (const Entry& entry : page) due_keys_.insert(entry.key);
    if (page.size() < kPage) return;
    range.begin = page.back().key + '\0';
  }
}

void Shell::KeepDue(const Overlay& applied) {
  const KeyRange range = DueRange();
  const std::lock_guard lock(due_mutex_);
  for (auto it = applied.lower_bound(range.begin); it != applied.end() && it->first < range.end; ++it) {
    if (it->second) {
      due_keys_.insert(it->first);
    } else {
      due_keys_.erase(it->first);
    }
  }
}

std::vector<Due> Shell::TakeDue(Time until) const {
  std::vector<Due> due;
  const std::lock_guard lock(due_mutex_);
  for (auto it = due_keys_.begin(); it != due_keys_.end() && due.size() < kDuePerCommand; ++it) {
    Due next = ParseDueKey(*it);
    if (next.time > until) break;
    due.push_back(std::move(next));
  }
  return due;
}

void Shell::RunDue(Txn& txn) {
  for (const Due& due : TakeDue(txn.now())) {
    // An earlier command of the same batch may have moved or run it.
    if (!HasDue(txn, due)) continue;
    txn.ClearDue(due.time, due.subject);
    hooks_.on_due(txn, due.subject);
  }
}

void Shell::Tick() {
  const Time now = clock_.Now();
  if (!timer_queued_.load()) {
    if (!TakeDue(now).empty()) {
      timer_queued_.store(true);
      Command command;
      command.method = "Timer";
      command.run = [this](Txn& txn) -> Result<std::string> {
        RunDue(txn);
        return std::string();
      };
      command.done = [this](Answer) { timer_queued_.store(false); };
      writer_.Submit(std::move(command));
    }
  }
  if ((now >= next_removal_ || more_to_remove_.load()) && !removal_queued_.load()) {
    next_removal_ = now + kRemovalEvery;
    removal_queued_.store(true);
    Command command;
    command.method = "RemoveAnswers";
    command.run = [this](Txn& txn) -> Result<std::string> {
      const size_t removed = Writer::RemoveAnswers(txn, txn.now() - kAnswerRetention, kRemovalsPerCommand);
      more_to_remove_.store(removed >= kRemovalsPerCommand);
      return std::string();
    };
    command.done = [this](Answer) { removal_queued_.store(false); };
    writer_.Submit(std::move(command));
  }
}

void Shell::Start() {
  writer_.Start();
  ticker_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      Tick();
      lock.lock();
      wake_.wait_for(lock, kTickEvery, [this] { return stopping_; });
    }
  });
}

void Shell::Drain() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  writer_.Stop();
}

std::string FolderOwner(std::string_view service, std::string_view mode) {
  return "ttx " + std::string(service) + " " + std::string(mode) + " format 3";
}

Status CheckFolder(const std::string& path, const std::string& owner) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (!fs::exists(path, failed) && !failed) return {};
  const fs::path marker = fs::path(path) / kMarkerFile;
  const bool marked = fs::exists(marker, failed);
  if (failed) return Error(Reason::kDATA_UNREADABLE, {{"path", path}, {"detail", failed.message()}});
  if (marked) {
    std::ifstream in(marker);
    if (!in) return Error(Reason::kDATA_UNREADABLE, {{"path", path}, {"detail", "cannot read " + marker.string()}});
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (text == owner) return {};
    return Error(Reason::kDATA_MISMATCH, {{"path", path}, {"found", text}, {"expected", owner}});
  }
  fs::directory_iterator entry(path, failed);
  if (failed) return Error(Reason::kDATA_UNREADABLE, {{"path", path}, {"detail", failed.message()}});
  // A claim that was cut short leaves no more than its draft.
  if (entry != fs::directory_iterator() && entry->path().filename() == kMarkerDraft) ++entry;
  if (entry == fs::directory_iterator()) return {};
  return Error(Reason::kDATA_MISMATCH, {{"path", path}, {"found", "something else"}, {"expected", owner}});
}

Status ClaimFolder(const std::string& path, const std::string& owner) {
  namespace fs = std::filesystem;
  TTX_RETURN_IF_ERROR(CheckFolder(path, owner));
  std::error_code failed;
  const fs::path folder = fs::absolute(path, failed).lexically_normal();
  std::vector<fs::path> parents;  // of the folders that are about to be made
  for (fs::path made = folder; !fs::exists(made, failed) && made.has_relative_path(); made = made.parent_path()) {
    parents.push_back(made.parent_path());
  }
  fs::create_directories(folder, failed);
  if (failed) return Error(Reason::kDATA_UNREADABLE, {{"path", path}, {"detail", failed.message()}});
  const fs::path marker = folder / kMarkerFile;
  if (fs::exists(marker, failed) && !failed) return {};
  // The marker appears whole or not at all, and it and the names of new folders survive a power cut: data without
  // a marker belongs to nobody.
  const fs::path draft = folder / kMarkerDraft;
  bool durable = WriteAndSync(draft, O_WRONLY | O_CREAT | O_TRUNC, owner + "\n") &&
                 ::rename(draft.c_str(), marker.c_str()) == 0 && WriteAndSync(folder, O_RDONLY, "");
  for (const fs::path& parent : parents) durable = durable && WriteAndSync(parent, O_RDONLY, "");
  if (!durable) {
    return Error(Reason::kDATA_UNREADABLE, {{"path", path}, {"detail", "cannot write " + marker.string()}});
  }
  return {};
}

}  // namespace ttx::storage
