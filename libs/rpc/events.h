#pragma once

#include <string_view>
#include <utility>

#include "libs/rpc/event_stream.h"
#include "libs/rpc/page.h"

namespace ttx::rpc {

// The two methods over its event log that every service has. `events(reader, call, after_sequence, limit)`
// gives the StreamPage of what the caller may see (ToStreamPage); it is called on a reader thread, any number of times.

template <class Request, class Response, class Events>
grpc::ServerUnaryReactor* ListEvents(Handler& handler, grpc::CallbackServerContext* context,
                                     const Request* request, Response* response, Events events) {
  using Page = decltype(events(std::declval<const storage::Reader&>(), std::declval<const Call&>(), 0, 0));
  return handler.PollLog(
      context, request, response, "ListEvents", WaitOf(*request),
      [events = std::move(events)](const storage::Reader& reader, const Call& call, const Request& from,
                                   uint64_t after) -> Result<Page> {
        TTX_TRY([[maybe_unused]] const uint64_t first, SequenceAfter(from.after_sequence()));
        TTX_TRY(const size_t size, PageSize(from.page_size()));
        return events(reader, call, after, size);
      });
}

template <class Event, class Request, class Events>
grpc::ServerWriteReactor<Event>* StreamEvents(Handler& handler, grpc::CallbackServerContext* context,
                                              const Request* request, Events events) {
  return EventStream<Request, Event>::Start(handler, context, *request, "StreamEvents",
                                            request->after_sequence(), std::move(events),
                                            [](const Event&) { return false; });
}

}  // namespace ttx::rpc
