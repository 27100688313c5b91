#include "services/listing/rpc/listing_service.h"

#include "libs/auth/permissions.h"
#include "libs/rpc/events.h"
#include "libs/rpc/page.h"
#include "libs/rpc/proto_time.h"
#include "libs/rpc/second_person.h"
#include "services/listing/rpc/convert.h"

namespace ttx::listing {
namespace {

template <class Request>
struct Asked {
  Target target;
  Request request;
};
template <class Request>
struct AskedIntent {
  IntentTarget target;
  Request request;
};

// What UpdateListing asks for.
struct ListingChange {
  ListingContent content;
  std::optional<Fen> reserve;
};

// Parsers of requests that name one resource.
constexpr auto kAchievementOf = []<class Request>(const Request& from,
                                                  const rpc::Call&) -> Result<Asked<Request>> {
  TTX_TRY(Target target, ParseTarget(from.name(), from.etag(), "achievements"));
  return Asked<Request>{std::move(target), from};
};
constexpr auto kListingOf = []<class Request>(const Request& from,
                                              const rpc::Call&) -> Result<Asked<Request>> {
  TTX_TRY(Target target, ParseTarget(from.name(), from.etag(), "listings"));
  return Asked<Request>{std::move(target), from};
};
constexpr auto kIntentOf = []<class Request>(const Request& from,
                                             const rpc::Call&) -> Result<AskedIntent<Request>> {
  TTX_TRY(IntentTarget target, ParseIntentTarget(from.name(), from.etag()));
  return AskedIntent<Request>{std::move(target), from};
};

// A command on an existing achievement or listing: `run(txn, caller, target, request)` gives the resource,
// which is shown as the side that may give the command sees it.
template <class Request, class Response, class Parse, class Run>
grpc::ServerUnaryReactor* Command(rpc::Handler& handler, grpc::CallbackServerContext* context,
                                  const Request* request, Response* response, std::string_view method,
                                  Parse parse, Sight sight, Run run) {
  return handler.Write(context, request, response, method, parse,
                       [run, sight](storage::Txn& txn, const rpc::Call& call,
                                    const Asked<Request>& asked) -> Result<Response> {
                         TTX_TRY(const auto resource, run(txn, call.principal, asked.target, asked.request));
                         return ToProto(resource, sight);
                       });
}

template <class Request, class Parse, class Run>
grpc::ServerUnaryReactor* IntentCommand(rpc::Handler& handler, grpc::CallbackServerContext* context,
                                        const Request* request, v1::Intent* response, std::string_view method,
                                        Parse parse, Run run) {
  return handler.Write(context, request, response, method, parse,
                       [run](storage::Txn& txn, const rpc::Call& call,
                             const AskedIntent<Request>& asked) -> Result<v1::Intent> {
                         TTX_TRY(const Intent intent, run(txn, call.principal, asked.target, asked.request));
                         return ToProto(intent);
                       });
}

Status CheckTechField(const std::string& text) {
  if (text.empty() || (text.size() == 2 && text >= "01" && text <= "11")) return {};
  return InvalidField("tech_field", Reason::kBAD_FORMAT, "01..11");
}

// Which of the two reviews the caller gives: the one asked for, or the only one its roles admit.
Result<Review> ReviewOf(const Principal& caller, v1::ApproveListingRequest::Review asked) {
  const bool business = auth::Grants(caller, "listing.listing.approve_business");
  const bool compliance = auth::Grants(caller, "listing.listing.approve_compliance");
  switch (asked) {
    case v1::ApproveListingRequest::BUSINESS:
      if (business) return Review::kBusiness;
      break;
    case v1::ApproveListingRequest::COMPLIANCE:
      if (compliance) return Review::kCompliance;
      break;
    default:
      if (business != compliance) return business ? Review::kBusiness : Review::kCompliance;
      return InvalidField("review", Reason::kREQUIRED, "BUSINESS, COMPLIANCE");
  }
  return Error(Reason::kPERMISSION_DENIED);
}

v1::Event Show(const ListingApp& app, const StoredEvent& event, const Principal& caller) {
  std::optional<ListingApp::Reserve> reserve;
  const auto* announcement = std::get_if<Announcement>(&event.payload);
  if (caller.service() && announcement != nullptr &&
      announcement->type == AnnouncementType::kBiddingScheduled) {
    reserve = app.OpenReserve(*announcement->listing);
  }
  return ToProto(event, caller.service(), reserve);
}

// What both methods over the event log show a caller.
auto EventsOf(const ListingApp& app) {
  return [&app](const storage::Reader& reader, const rpc::Call& call, uint64_t after, size_t limit) {
    return rpc::ToStreamPage(app.ListEvents(reader, call.principal, after, limit),
                             [&](const StoredEvent& event) { return Show(app, event, call.principal); });
  };
}

}  // namespace

grpc::ServerUnaryReactor* ListingService::CreateAchievement(grpc::CallbackServerContext* context,
                                                            const v1::CreateAchievementRequest* request,
                                                            v1::Achievement* response) {
  return handler_.Write(
      context, request, response, "CreateAchievement",
      [](const v1::CreateAchievementRequest& from, const rpc::Call&) {
        return FromProto(from.achievement());
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const AchievementContent& content) -> Result<v1::Achievement> {
        TTX_TRY(const Achievement achievement, app_.CreateAchievement(txn, call.principal, content));
        return ToProto(achievement, Sight::kOwner);
      });
}

grpc::ServerUnaryReactor* ListingService::UpdateAchievement(grpc::CallbackServerContext* context,
                                                            const v1::UpdateAchievementRequest* request,
                                                            v1::Achievement* response) {
  return handler_.Write(
      context, request, response, "UpdateAchievement",
      [](const v1::UpdateAchievementRequest& from, const rpc::Call&) -> Result<Asked<AchievementContent>> {
        TTX_TRY(Target target, ParseTarget(from.name(), from.etag(), "achievements"));
        TTX_TRY(AchievementContent content, FromProto(from.achievement()));
        return Asked<AchievementContent>{std::move(target), std::move(content)};
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Asked<AchievementContent>& asked) -> Result<v1::Achievement> {
        TTX_TRY(const Achievement achievement,
                app_.UpdateAchievement(txn, call.principal, asked.target, asked.request));
        return ToProto(achievement, Sight::kOwner);
      });
}

grpc::ServerUnaryReactor* ListingService::SubmitAchievement(grpc::CallbackServerContext* context,
                                                            const v1::SubmitAchievementRequest* request,
                                                            v1::Achievement* response) {
  return Command(handler_, context, request, response, "SubmitAchievement", kAchievementOf, Sight::kOwner,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::SubmitAchievementRequest& from) -> Result<Achievement> {
                   return app_.SubmitAchievement(txn, caller, target, from.exchange());
                 });
}

grpc::ServerUnaryReactor* ListingService::ClearAchievement(grpc::CallbackServerContext* context,
                                                           const v1::ClearAchievementRequest* request,
                                                           v1::Achievement* response) {
  return Command(handler_, context, request, response, "ClearAchievement", rpc::Seen(kAchievementOf),
                 Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ClearAchievementRequest& from) -> Result<Achievement> {
                   return app_.ClearAchievement(txn, caller, target, static_cast<Secrecy>(from.secrecy()),
                                                from.redacted_abstract());
                 });
}

grpc::ServerUnaryReactor* ListingService::ClassifyAchievement(grpc::CallbackServerContext* context,
                                                              const v1::ClassifyAchievementRequest* request,
                                                              v1::Achievement* response) {
  return Command(handler_, context, request, response, "ClassifyAchievement", rpc::Seen(kAchievementOf),
                 Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ClassifyAchievementRequest& from) -> Result<Achievement> {
                   return app_.ClassifyAchievement(txn, caller, target, static_cast<Secrecy>(from.secrecy()));
                 });
}

grpc::ServerUnaryReactor* ListingService::PassAchievementRights(
    grpc::CallbackServerContext* context, const v1::PassAchievementRightsRequest* request,
    v1::Achievement* response) {
  return Command(handler_, context, request, response, "PassAchievementRights", rpc::Seen(kAchievementOf),
                 Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::PassAchievementRightsRequest&) -> Result<Achievement> {
                   return app_.PassRights(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::FailAchievementRights(
    grpc::CallbackServerContext* context, const v1::FailAchievementRightsRequest* request,
    v1::Achievement* response) {
  return Command(handler_, context, request, response, "FailAchievementRights", rpc::Seen(kAchievementOf),
                 Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::FailAchievementRightsRequest& from) -> Result<Achievement> {
                   return app_.FailRights(txn, caller, target, from.note());
                 });
}

grpc::ServerUnaryReactor* ListingService::PublishAchievement(grpc::CallbackServerContext* context,
                                                             const v1::PublishAchievementRequest* request,
                                                             v1::Achievement* response) {
  return Command(handler_, context, request, response, "PublishAchievement", kAchievementOf, Sight::kOwner,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::PublishAchievementRequest&) -> Result<Achievement> {
                   return app_.PublishAchievement(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::WithdrawAchievement(grpc::CallbackServerContext* context,
                                                              const v1::WithdrawAchievementRequest* request,
                                                              v1::Achievement* response) {
  return Command(handler_, context, request, response, "WithdrawAchievement", kAchievementOf, Sight::kOwner,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::WithdrawAchievementRequest&) -> Result<Achievement> {
                   return app_.WithdrawAchievement(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::GetAchievement(grpc::CallbackServerContext* context,
                                                         const v1::GetAchievementRequest* request,
                                                         v1::Achievement* response) {
  return handler_.Read(context, request, response, "GetAchievement",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetAchievementRequest& from) -> Result<v1::Achievement> {
                         TTX_TRY(const Target target, ParseTarget(from.name(), "", "achievements"));
                         TTX_TRY(const Seen<Achievement> seen,
                                 app_.GetAchievement(reader, call.principal, target.id));
                         return ToProto(seen.value, seen.sight);
                       });
}

grpc::ServerUnaryReactor* ListingService::ListAchievements(grpc::CallbackServerContext* context,
                                                           const v1::ListAchievementsRequest* request,
                                                           v1::ListAchievementsResponse* response) {
  return handler_.Read(
      context, request, response, "ListAchievements",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListAchievementsRequest& from) -> Result<v1::ListAchievementsResponse> {
        TTX_RETURN_IF_ERROR(CheckTechField(from.tech_field()));
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        Filter filter;
        filter.tech_field = from.tech_field();
        if (from.state() != 0) filter.state = v1::Achievement::State_Name(from.state());
        v1::ListAchievementsResponse to;
        const storage::ListPage<Seen<Achievement>> found =
            app_.ListAchievements(reader, call.principal, from.mine(), filter, page.after, page.size);
        for (const auto& seen : found.items) *to.add_achievements() = ToProto(seen.value, seen.sight);
        rpc::FinishPage(found, to);
        return to;
      });
}

grpc::ServerUnaryReactor* ListingService::CreateListing(grpc::CallbackServerContext* context,
                                                        const v1::CreateListingRequest* request,
                                                        v1::Listing* response) {
  return handler_.Write(
      context, request, response, "CreateListing",
      [](const v1::CreateListingRequest& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const ListingApp::CreateListingInput& input) -> Result<v1::Listing> {
        TTX_TRY(const Listing listing, app_.CreateListing(txn, call.principal, input));
        return ToProto(listing, Sight::kOwner);
      });
}

grpc::ServerUnaryReactor* ListingService::UpdateListing(grpc::CallbackServerContext* context,
                                                        const v1::UpdateListingRequest* request,
                                                        v1::Listing* response) {
  return handler_.Write(
      context, request, response, "UpdateListing",
      [](const v1::UpdateListingRequest& from, const rpc::Call&) -> Result<Asked<ListingChange>> {
        TTX_TRY(Target target, ParseTarget(from.name(), from.etag(), "listings"));
        ListingChange change;
        TTX_TRY(change.content, FromProto(from.listing()));
        if (from.has_reserve_fen()) {
          TTX_TRY(change.reserve, ParseReserve(from.reserve_fen()));
        }
        return Asked<ListingChange>{std::move(target), std::move(change)};
      },
      [this](storage::Txn& txn, const rpc::Call& call, const Asked<ListingChange>& asked) -> Result<v1::Listing> {
        TTX_TRY(const Listing listing, app_.UpdateListing(txn, call.principal, asked.target,
                                                          asked.request.content, asked.request.reserve));
        return ToProto(listing, Sight::kOwner);
      });
}

grpc::ServerUnaryReactor* ListingService::SubmitListing(grpc::CallbackServerContext* context,
                                                        const v1::SubmitListingRequest* request,
                                                        v1::Listing* response) {
  return Command(handler_, context, request, response, "SubmitListing", kListingOf, Sight::kOwner,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::SubmitListingRequest&) -> Result<Listing> {
                   return app_.SubmitListing(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::AcceptListing(grpc::CallbackServerContext* context,
                                                        const v1::AcceptListingRequest* request,
                                                        v1::Listing* response) {
  return Command(handler_, context, request, response, "AcceptListing", rpc::Seen(kListingOf), Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::AcceptListingRequest&) -> Result<Listing> {
                   return app_.AcceptListing(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::RecordPriorityNotice(grpc::CallbackServerContext* context,
                                                               const v1::RecordPriorityNoticeRequest* request,
                                                               v1::Listing* response) {
  return Command(handler_, context, request, response, "RecordPriorityNotice", kListingOf, Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::RecordPriorityNoticeRequest& from) -> Result<Listing> {
                   TTX_TRY(const PriorityNotice notice, FromProto(from));
                   return app_.RecordPriorityNotice(txn, caller, target, from.holder(), notice);
                 });
}

grpc::ServerUnaryReactor* ListingService::AnswerPriorityNotice(grpc::CallbackServerContext* context,
                                                               const v1::AnswerPriorityNoticeRequest* request,
                                                               v1::Listing* response) {
  return handler_.Write(
      context, request, response, "AnswerPriorityNotice", kListingOf,
      [this](storage::Txn& txn, const rpc::Call& call,
             const Asked<v1::AnswerPriorityNoticeRequest>& asked) -> Result<v1::Listing> {
        TTX_TRY(const Seen<Listing> seen,
                app_.AnswerPriority(txn, call.principal, asked.target, asked.request.holder(),
                                    static_cast<PriorityAnswer>(asked.request.answer())));
        return ToProto(seen.value, seen.sight);
      });
}

grpc::ServerUnaryReactor* ListingService::PublishListing(grpc::CallbackServerContext* context,
                                                         const v1::PublishListingRequest* request,
                                                         v1::Listing* response) {
  return Command(handler_, context, request, response, "PublishListing", rpc::Seen(kListingOf), Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::PublishListingRequest&) -> Result<Listing> {
                   return app_.PublishListing(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::ConfirmListing(grpc::CallbackServerContext* context,
                                                         const v1::ConfirmListingRequest* request,
                                                         v1::Listing* response) {
  return Command(handler_, context, request, response, "ConfirmListing", rpc::Seen(kListingOf), Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ConfirmListingRequest&) -> Result<Listing> {
                   return app_.ConfirmListing(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::WithdrawListing(grpc::CallbackServerContext* context,
                                                          const v1::WithdrawListingRequest* request,
                                                          v1::Listing* response) {
  return Command(handler_, context, request, response, "WithdrawListing", kListingOf, Sight::kOwner,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::WithdrawListingRequest&) -> Result<Listing> {
                   return app_.WithdrawListing(txn, caller, target);
                 });
}

grpc::ServerUnaryReactor* ListingService::ReturnListing(grpc::CallbackServerContext* context,
                                                        const v1::ReturnListingRequest* request,
                                                        v1::Listing* response) {
  return Command(handler_, context, request, response, "ReturnListing", rpc::Seen(kListingOf), Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ReturnListingRequest& from) -> Result<Listing> {
                   return app_.ReturnListing(txn, caller, target, from.note());
                 });
}

grpc::ServerUnaryReactor* ListingService::RejectListing(grpc::CallbackServerContext* context,
                                                        const v1::RejectListingRequest* request,
                                                        v1::Listing* response) {
  return Command(handler_, context, request, response, "RejectListing", rpc::Seen(kListingOf), Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::RejectListingRequest& from) -> Result<Listing> {
                   return app_.RejectListing(txn, caller, target, from.note());
                 });
}

grpc::ServerUnaryReactor* ListingService::ApproveListing(grpc::CallbackServerContext* context,
                                                         const v1::ApproveListingRequest* request,
                                                         v1::Listing* response) {
  return Command(handler_, context, request, response, "ApproveListing", rpc::Seen(kListingOf), Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ApproveListingRequest& from) -> Result<Listing> {
                   TTX_TRY(const Review review, ReviewOf(caller, from.review()));
                   return app_.ApproveListing(txn, caller, target, review);
                 });
}

grpc::ServerUnaryReactor* ListingService::SuspendListing(grpc::CallbackServerContext* context,
                                                         const v1::SuspendListingRequest* request,
                                                         v1::Listing* response) {
  return Command(handler_, context, request, response, "SuspendListing", kListingOf, Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::SuspendListingRequest& from) -> Result<Listing> {
                   return app_.ProposeForListing(txn, caller, target, Action::kSuspend, from.reason(),
                                                 from.note());
                 });
}

grpc::ServerUnaryReactor* ListingService::TerminateListing(grpc::CallbackServerContext* context,
                                                           const v1::TerminateListingRequest* request,
                                                           v1::Listing* response) {
  return Command(handler_, context, request, response, "TerminateListing", kListingOf, Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::TerminateListingRequest& from) -> Result<Listing> {
                   return app_.ProposeForListing(txn, caller, target, Action::kTerminate, from.reason(),
                                                 from.note());
                 });
}

grpc::ServerUnaryReactor* ListingService::ResumeListing(grpc::CallbackServerContext* context,
                                                        const v1::ResumeListingRequest* request,
                                                        v1::Listing* response) {
  return Command(handler_, context, request, response, "ResumeListing", kListingOf, Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ResumeListingRequest& from) -> Result<Listing> {
                   return app_.ProposeForListing(txn, caller, target, Action::kResume, "", from.note());
                 });
}

grpc::ServerUnaryReactor* ListingService::ScheduleBidding(grpc::CallbackServerContext* context,
                                                          const v1::ScheduleBiddingRequest* request,
                                                          v1::Listing* response) {
  return Command(handler_, context, request, response, "ScheduleBidding", kListingOf, Sight::kStaff,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::ScheduleBiddingRequest& from) -> Result<Listing> {
                   Time start_time;
                   if (from.has_start_time()) {
                     TTX_TRY(start_time, rpc::FromProtoTime(from.start_time(), "start_time"));
                   }
                   return app_.ScheduleBidding(txn, caller, target, start_time);
                 });
}

grpc::ServerUnaryReactor* ListingService::QuoteListing(grpc::CallbackServerContext* context,
                                                       const v1::QuoteListingRequest* request,
                                                       v1::Listing* response) {
  return Command(handler_, context, request, response, "QuoteListing", kListingOf, Sight::kBuyer,
                 [this](storage::Txn& txn, const Principal& caller, const Target& target,
                        const v1::QuoteListingRequest& from) -> Result<Listing> {
                   TTX_RETURN_IF_ERROR(CheckCurrency(from.currency_code(), "currency_code"));
                   return app_.QuoteListing(txn, caller, target, {from.price_fen()});
                 });
}

grpc::ServerUnaryReactor* ListingService::GetListing(grpc::CallbackServerContext* context,
                                                     const v1::GetListingRequest* request,
                                                     v1::Listing* response) {
  return handler_.Read(context, request, response, "GetListing",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetListingRequest& from) -> Result<v1::Listing> {
                         TTX_TRY(const Target target, ParseTarget(from.name(), "", "listings"));
                         TTX_TRY(const Seen<Listing> seen,
                                 app_.GetListing(reader, call.principal, target.id));
                         return ToProto(seen.value, seen.sight);
                       });
}

grpc::ServerUnaryReactor* ListingService::ListListings(grpc::CallbackServerContext* context,
                                                       const v1::ListListingsRequest* request,
                                                       v1::ListListingsResponse* response) {
  return handler_.Read(
      context, request, response, "ListListings",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListListingsRequest& from) -> Result<v1::ListListingsResponse> {
        if (!from.exchange().empty()) {
          TTX_TRY([[maybe_unused]] const std::string id,
                  ParseName(from.exchange(), "organizations", "exchange"));
        }
        TTX_RETURN_IF_ERROR(CheckTechField(from.tech_field()));
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        Filter filter{from.exchange(), "", from.tech_field()};
        if (from.state() != 0) filter.state = v1::Listing::State_Name(from.state());
        v1::ListListingsResponse to;
        const storage::ListPage<Seen<Listing>> found =
            app_.ListListings(reader, call.principal, from.mine(), filter, page.after, page.size);
        for (const auto& seen : found.items) *to.add_listings() = ToProto(seen.value, seen.sight);
        rpc::FinishPage(found, to);
        return to;
      });
}

grpc::ServerUnaryReactor* ListingService::CreateIntent(grpc::CallbackServerContext* context,
                                                       const v1::CreateIntentRequest* request,
                                                       v1::Intent* response) {
  return handler_.Write(
      context, request, response, "CreateIntent",
      [](const v1::CreateIntentRequest& from, const rpc::Call&) -> Result<Asked<IntentContent>> {
        TTX_TRY(std::string listing, ParseName(from.parent(), "listings", "parent"));
        return Asked<IntentContent>{{std::move(listing), ""}, FromProto(from.intent())};
      },
      [this](storage::Txn& txn, const rpc::Call& call,
             const Asked<IntentContent>& asked) -> Result<v1::Intent> {
        TTX_TRY(const Intent intent, app_.CreateIntent(txn, call.principal, asked.target.id, asked.request));
        return ToProto(intent);
      });
}

grpc::ServerUnaryReactor* ListingService::GiveOpinion(grpc::CallbackServerContext* context,
                                                      const v1::GiveOpinionRequest* request,
                                                      v1::Intent* response) {
  return IntentCommand(handler_, context, request, response, "GiveOpinion", kIntentOf,
                       [this](storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                              const v1::GiveOpinionRequest& from) {
                         return app_.GiveOpinion(txn, caller, target, from.qualified(), from.opinion(),
                                                   from.priority_confirmed());
                       });
}

grpc::ServerUnaryReactor* ListingService::ConsentIntent(grpc::CallbackServerContext* context,
                                                        const v1::ConsentIntentRequest* request,
                                                        v1::Intent* response) {
  return IntentCommand(
      handler_, context, request, response, "ConsentIntent", rpc::Seen(kIntentOf),
      [this](storage::Txn& txn, const Principal& caller, const IntentTarget& target,
             const v1::ConsentIntentRequest&) { return app_.ConsentIntent(txn, caller, target); });
}

grpc::ServerUnaryReactor* ListingService::ObjectIntent(grpc::CallbackServerContext* context,
                                                       const v1::ObjectIntentRequest* request,
                                                       v1::Intent* response) {
  return IntentCommand(handler_, context, request, response, "ObjectIntent", rpc::Seen(kIntentOf),
                       [this](storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                              const v1::ObjectIntentRequest& from) {
                         return app_.ObjectIntent(txn, caller, target, from.note());
                       });
}

grpc::ServerUnaryReactor* ListingService::DecideDispute(grpc::CallbackServerContext* context,
                                                        const v1::DecideDisputeRequest* request,
                                                        v1::Intent* response) {
  return IntentCommand(handler_, context, request, response, "DecideDispute", rpc::Seen(kIntentOf),
                       [this](storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                              const v1::DecideDisputeRequest& from) {
                         return app_.DecideDispute(
                             txn, caller, target, from.qualified(), from.note(),
                             from.has_priority_confirmed() ? std::optional(from.priority_confirmed()) : std::nullopt);
                       });
}

grpc::ServerUnaryReactor* ListingService::WithdrawIntent(grpc::CallbackServerContext* context,
                                                         const v1::WithdrawIntentRequest* request,
                                                         v1::Intent* response) {
  return IntentCommand(
      handler_, context, request, response, "WithdrawIntent", kIntentOf,
      [this](storage::Txn& txn, const Principal& caller, const IntentTarget& target,
             const v1::WithdrawIntentRequest&) { return app_.WithdrawIntent(txn, caller, target); });
}

grpc::ServerUnaryReactor* ListingService::GetIntent(grpc::CallbackServerContext* context,
                                                    const v1::GetIntentRequest* request,
                                                    v1::Intent* response) {
  return handler_.Read(context, request, response, "GetIntent",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetIntentRequest& from) -> Result<v1::Intent> {
                         TTX_TRY(const IntentTarget target, ParseIntentTarget(from.name(), ""));
                         TTX_TRY(const Intent intent,
                                 app_.GetIntent(reader, call.principal, target.listing, target.id));
                         return ToProto(intent);
                       });
}

grpc::ServerUnaryReactor* ListingService::ListIntents(grpc::CallbackServerContext* context,
                                                      const v1::ListIntentsRequest* request,
                                                      v1::ListIntentsResponse* response) {
  return handler_.Read(
      context, request, response, "ListIntents",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListIntentsRequest& from) -> Result<v1::ListIntentsResponse> {
        TTX_TRY(const std::string listing, ParseName(from.parent(), "listings", "parent"));
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        TTX_TRY(const storage::ListPage<Intent> intents,
                app_.ListIntents(reader, call.principal, listing, page.after, page.size));
        v1::ListIntentsResponse to;
        for (const Intent& intent : intents.items) *to.add_intents() = ToProto(intent);
        rpc::FinishPage(intents, to);
        return to;
      });
}

grpc::ServerUnaryReactor* ListingService::ListEvents(grpc::CallbackServerContext* context,
                                                     const v1::ListEventsRequest* request,
                                                     v1::ListEventsResponse* response) {
  return rpc::ListEvents(handler_, context, request, response, EventsOf(app_));
}

grpc::ServerWriteReactor<v1::Event>* ListingService::StreamEvents(grpc::CallbackServerContext* context,
                                                                  const v1::StreamEventsRequest* request) {
  return rpc::StreamEvents<v1::Event>(handler_, context, request, EventsOf(app_));
}

}  // namespace ttx::listing
