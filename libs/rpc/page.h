#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include "libs/core/encoding.h"
#include "libs/core/result.h"
#include "libs/rpc/proto_time.h"
#include "libs/storage/log_page.h"

namespace ttx::rpc {

/// One page of a List method.
struct PageRequest {
  size_t size;
  std::string after;  // the key of the last item of the page before; empty for the first page
};

/// Reads page_size and page_token of any List request.
template <class Request>
Result<PageRequest> ReadPage(const Request& request) {
  constexpr size_t kMaxToken = 512;
  TTX_TRY(const size_t size, PageSize(request.page_size()));
  std::optional<std::string> after = FromBase64Url(request.page_token());
  if (!after || request.page_token().size() > kMaxToken || after->find('\0') != std::string::npos) {
    return InvalidField("page_token", Reason::kBAD_FORMAT);
  }
  return PageRequest{size, *std::move(after)};
}

/// `items` was filled with up to size + 1 elements: drops the surplus one and sets next_page_token from the key of
/// the last that stays.
template <class Response, class Items, class KeyOf>
void FinishPage(const PageRequest& page, Response& response, Items& items, KeyOf key_of) {
  if (static_cast<size_t>(items.size()) <= page.size) return;
  items.DeleteSubrange(static_cast<int>(page.size), items.size() - static_cast<int>(page.size));
  response.set_next_page_token(Base64Url(key_of(items.Get(items.size() - 1))));
}

/// For a list that is looked through (storage::LookAtList): next_page_token leads on from where the look ended, also
/// when it found nothing to show.
template <class Response, class Item>
void FinishPage(const storage::ListPage<Item>& look, Response& response) {
  if (look.more) response.set_next_page_token(Base64Url(look.last));
}

/// For lists whose key is a number: 0 on the first page.
inline Result<int64_t> NumberAfter(const PageRequest& page) {
  int64_t number = 0;
  if (page.after.empty()) return number;
  const char* const end = page.after.data() + page.after.size();
  const auto [stop, failed] = std::from_chars(page.after.data(), end, number);
  if (failed != std::errc() || stop != end || number < 0) return InvalidField("page_token", Reason::kBAD_FORMAT);
  return number;
}

/// A feed position from outside.
inline Result<uint64_t> SequenceAfter(int64_t after_sequence) {
  if (after_sequence < 0) return InvalidField("after_sequence", Reason::kOUT_OF_RANGE, ">= 0");
  return static_cast<uint64_t>(after_sequence);
}

/// The wait a long poll asks for; nonsense counts as none, because the poll itself then reports it.
template <class Request>
Duration WaitOf(const Request& request) {
  const Result<Duration> wait = FromProtoDuration(request.wait_time(), "wait_time");
  return wait.ok() ? *wait : Duration{};
}

}  // namespace ttx::rpc
