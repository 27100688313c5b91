#pragma once

#include <optional>

#include "libs/core/result.h"
#include "services/listing/app/listing_app.h"
#include "ttx/listing/v1/listing.pb.h"

namespace ttx::listing {

/// "achievements/{id}", "listings/{id}" with the etag of the request.
Result<Target> ParseTarget(const std::string& name, const std::string& etag, std::string_view collection);
/// "listings/{id}/intents/{id}".
Result<IntentTarget> ParseIntentTarget(const std::string& name, const std::string& etag);
/// Empty or CNY.
Status CheckCurrency(const std::string& currency_code, std::string_view field);

/// What a request says about an achievement, a listing, an intent; what the server sets is ignored.
Result<AchievementContent> FromProto(const v1::Achievement& from);
Result<ListingContent> FromProto(const v1::Listing& from);
Result<ListingApp::CreateListingInput> FromProto(const v1::CreateListingRequest& from);
/// Without holder and person.
Result<PriorityNotice> FromProto(const v1::RecordPriorityNoticeRequest& from);
IntentContent FromProto(const v1::Intent& from);
/// OUT_OF_RANGE unless 0 or an amount.
Result<Fen> ParseReserve(int64_t fen);

/// Resources as `sight` may see them. The content of a publicly seen achievement has been reduced by the app.
v1::Achievement ToProto(const Achievement& from, Sight sight);
v1::Listing ToProto(const Listing& from, Sight sight);
v1::Intent ToProto(const Intent& from);

/// An event as services see it (`internal`) or as staff of the exchange do. `reserve` belongs to a
/// bidding_scheduled.
v1::Event ToProto(const StoredEvent& stored, bool internal,
                  const std::optional<ListingApp::Reserve>& reserve);

}  // namespace ttx::listing
