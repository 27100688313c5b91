#pragma once

#include <utility>

#include "libs/rpc/event_stream.h"
#include "libs/rpc/page.h"

namespace ttx::rpc {

// The two methods over its event log that every service has. `events(reader, call, after_sequence, limit)`
// gives the StreamPage of what the caller may see; it is called on a reader thread, any number of times.

template <class Request, class Response, class Events>
grpc::ServerUnaryReactor* ListEvents(Handler& handler, grpc::CallbackServerContext* context,
                                     const Request* request, Response* response, Events events) {
  return handler.Poll(
      context, request, response, "ListEvents", WaitOf(*request),
      [events = std::move(events)](const storage::Reader& reader, const Call& call,
                                   const Request& from) -> Result<Response> {
        TTX_TRY(const uint64_t after, SequenceAfter(from.after_sequence()));
        TTX_TRY(const size_t size, PageSize(from.page_size()));
        Response to;
        for (auto& [sequence, event] : events(reader, call, after, size)) *to.add_events() = std::move(event);
        return to;
      },
      [](const Response& page) { return page.events().empty(); });
}

template <class Event, class Request, class Events>
grpc::ServerWriteReactor<Event>* StreamEvents(Handler& handler, grpc::CallbackServerContext* context,
                                              const Request* request, Events events) {
  return EventStream<Request, Event>::Start(handler, context, *request, "StreamEvents",
                                            request->after_sequence(), std::move(events),
                                            [](const Event&) { return false; });
}

}  // namespace ttx::rpc
