#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ttx::storage {

// Looks at logs and lists on behalf of somebody who may see or wants to see only some of what is in them. A look has
// a bound, however little of what it finds may be shown; who wants more looks again from where it ended.

/// How many entries one look may read.
inline constexpr size_t kLookedAtMost = 2000;

/// A look at a part of an event log.
template <class Event>
struct LogPage {
  std::vector<Event> events;   // what may be seen, in order; at most `limit`
  uint64_t last_sequence = 0;  // everything up to here was looked at, shown or not
  bool more = false;           // the look may have ended before the log did: at `limit`, or at kLookedAtMost
};

/// A look at a part of a list in the order of its keys.
template <class Item>
struct ListPage {
  std::vector<Item> items;  // at most `limit`
  std::string last;         // the key of the last item that was looked at, shown or not
  bool more = false;        // as LogPage's
};

namespace internal {

inline constexpr size_t kReadAtOnce = 500;

/// Reads on after `last` with `fetch(last, most)`, moves `last` to the `position` of each item it looks at, and
/// collects those that are `visible`. Whether it may have ended before the items did.
template <class Item, class Position, class Fetch, class PositionOf, class Visible>
bool LookOn(std::vector<Item>& found, Position& last, size_t limit, Fetch& fetch, PositionOf position,
            Visible& visible) {
  // The first read takes no more than may be needed: mostly everything is visible.
  size_t most = std::min(limit, kReadAtOnce);
  for (size_t looked_at = 0; looked_at < kLookedAtMost;) {
    std::vector<Item> read = fetch(std::as_const(last), most);
    const bool ended = read.size() < most;
    looked_at += read.size();
    for (size_t i = 0; i < read.size(); ++i) {
      last = position(std::as_const(read[i]));
      if (!visible(std::as_const(read[i]))) continue;
      found.push_back(std::move(read[i]));
      if (found.size() >= limit) return !ended || i + 1 < read.size();
    }
    if (ended) return false;
    most = std::min(kReadAtOnce, kLookedAtMost - looked_at);
  }
  return true;
}

}  // namespace internal

/// Up to `limit` (at least 1) of the events after `after_sequence` that `visible(event)` lets through.
/// `fetch(after, most)` gives at most `most` events after a sequence, in order, and fewer only at the log's end;
/// events have a `sequence`.
template <class Event, class Fetch, class Visible>
LogPage<Event> LookAtLog(uint64_t after_sequence, size_t limit, Fetch fetch, Visible visible) {
  LogPage<Event> page;
  page.last_sequence = after_sequence;
  page.more = internal::LookOn(
      page.events, page.last_sequence, limit, fetch, [](const Event& event) { return event.sequence; }, visible);
  return page;
}

/// The same for a list: `fetch(after, most)` gives items after a key, `key(item)` is an item's key.
template <class Item, class Fetch, class KeyOf, class Visible>
ListPage<Item> LookAtList(std::string_view after, size_t limit, Fetch fetch, KeyOf key, Visible visible) {
  ListPage<Item> page;
  page.last = after;
  page.more = internal::LookOn(
      page.items, page.last, limit, fetch, [&](const Item& item) { return std::string(key(item)); }, visible);
  return page;
}

/// The same page with `convert(event)` in place of each event.
template <class Event, class Convert>
auto MapPage(const LogPage<Event>& page, Convert convert) {
  LogPage<std::decay_t<std::invoke_result_t<Convert&, const Event&>>> to;
  to.last_sequence = page.last_sequence;
  to.more = page.more;
  to.events.reserve(page.events.size());
  for (const Event& event : page.events) to.events.push_back(convert(event));
  return to;
}

}  // namespace ttx::storage
