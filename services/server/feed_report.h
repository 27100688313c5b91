#pragma once

#include <map>
#include <string>

#include "libs/storage/kv.h"

namespace ttx::server {

/// What services have taken from each other, as an operator asks for it on the admin listener: a JSON object
///   {"feeds":[{"service":"auction","source":"listing","cursor":7,
///              "refusals":[{"sequence":5,"reason":"INVALID_FIELD","event":"listing_published",
///                           "resource":"listings/1"}]}]}
/// `cursor` is the sequence of the last event taken, `refusals` the newest 100 events without effect, newest
/// first, with the event's type and the resource it is about where they are known. A feed that has taken nothing
/// yet is left out. `stores` are the key spaces by service. Safe from any thread.
std::string FeedReport(const std::map<std::string, const storage::Kv*>& stores);

}  // namespace ttx::server
