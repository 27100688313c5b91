#pragma once

#include "libs/rpc/handler.h"
#include "services/listing/app/listing_app.h"
#include "ttx/listing/v1/listing.grpc.pb.h"

namespace ttx::listing {

/// The gRPC face of ListingApp: convert, call, convert back. `app` and `handler` must outlive it.
class ListingService : public v1::ListingService::CallbackService {
 public:
  ListingService(const ListingApp& app, rpc::Handler& handler) : app_(app), handler_(handler) {}

  grpc::ServerUnaryReactor* CreateAchievement(grpc::CallbackServerContext* context,
                                              const v1::CreateAchievementRequest* request,
                                              v1::Achievement* response) override;
  grpc::ServerUnaryReactor* UpdateAchievement(grpc::CallbackServerContext* context,
                                              const v1::UpdateAchievementRequest* request,
                                              v1::Achievement* response) override;
  grpc::ServerUnaryReactor* SubmitAchievement(grpc::CallbackServerContext* context,
                                              const v1::SubmitAchievementRequest* request,
                                              v1::Achievement* response) override;
  grpc::ServerUnaryReactor* ClearAchievement(grpc::CallbackServerContext* context,
                                             const v1::ClearAchievementRequest* request,
                                             v1::Achievement* response) override;
  grpc::ServerUnaryReactor* ClassifyAchievement(grpc::CallbackServerContext* context,
                                                const v1::ClassifyAchievementRequest* request,
                                                v1::Achievement* response) override;
  grpc::ServerUnaryReactor* PassAchievementRights(grpc::CallbackServerContext* context,
                                                  const v1::PassAchievementRightsRequest* request,
                                                  v1::Achievement* response) override;
  grpc::ServerUnaryReactor* FailAchievementRights(grpc::CallbackServerContext* context,
                                                  const v1::FailAchievementRightsRequest* request,
                                                  v1::Achievement* response) override;
  grpc::ServerUnaryReactor* PublishAchievement(grpc::CallbackServerContext* context,
                                               const v1::PublishAchievementRequest* request,
                                               v1::Achievement* response) override;
  grpc::ServerUnaryReactor* WithdrawAchievement(grpc::CallbackServerContext* context,
                                                const v1::WithdrawAchievementRequest* request,
                                                v1::Achievement* response) override;
  grpc::ServerUnaryReactor* GetAchievement(grpc::CallbackServerContext* context,
                                           const v1::GetAchievementRequest* request,
                                           v1::Achievement* response) override;
  grpc::ServerUnaryReactor* ListAchievements(grpc::CallbackServerContext* context,
                                             const v1::ListAchievementsRequest* request,
                                             v1::ListAchievementsResponse* response) override;
  grpc::ServerUnaryReactor* CreateListing(grpc::CallbackServerContext* context,
                                          const v1::CreateListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* UpdateListing(grpc::CallbackServerContext* context,
                                          const v1::UpdateListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* SubmitListing(grpc::CallbackServerContext* context,
                                          const v1::SubmitListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* AcceptListing(grpc::CallbackServerContext* context,
                                          const v1::AcceptListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* ReturnListing(grpc::CallbackServerContext* context,
                                          const v1::ReturnListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* ApproveListing(grpc::CallbackServerContext* context,
                                           const v1::ApproveListingRequest* request,
                                           v1::Listing* response) override;
  grpc::ServerUnaryReactor* RejectListing(grpc::CallbackServerContext* context,
                                          const v1::RejectListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* RecordPriorityNotice(grpc::CallbackServerContext* context,
                                                 const v1::RecordPriorityNoticeRequest* request,
                                                 v1::Listing* response) override;
  grpc::ServerUnaryReactor* AnswerPriorityNotice(grpc::CallbackServerContext* context,
                                                 const v1::AnswerPriorityNoticeRequest* request,
                                                 v1::Listing* response) override;
  grpc::ServerUnaryReactor* PublishListing(grpc::CallbackServerContext* context,
                                           const v1::PublishListingRequest* request,
                                           v1::Listing* response) override;
  grpc::ServerUnaryReactor* SuspendListing(grpc::CallbackServerContext* context,
                                           const v1::SuspendListingRequest* request,
                                           v1::Listing* response) override;
  grpc::ServerUnaryReactor* ResumeListing(grpc::CallbackServerContext* context,
                                          const v1::ResumeListingRequest* request,
                                          v1::Listing* response) override;
  grpc::ServerUnaryReactor* TerminateListing(grpc::CallbackServerContext* context,
                                             const v1::TerminateListingRequest* request,
                                             v1::Listing* response) override;
  grpc::ServerUnaryReactor* ConfirmListing(grpc::CallbackServerContext* context,
                                           const v1::ConfirmListingRequest* request,
                                           v1::Listing* response) override;
  grpc::ServerUnaryReactor* WithdrawListing(grpc::CallbackServerContext* context,
                                            const v1::WithdrawListingRequest* request,
                                            v1::Listing* response) override;
  grpc::ServerUnaryReactor* ScheduleBidding(grpc::CallbackServerContext* context,
                                            const v1::ScheduleBiddingRequest* request,
                                            v1::Listing* response) override;
  grpc::ServerUnaryReactor* QuoteListing(grpc::CallbackServerContext* context,
                                         const v1::QuoteListingRequest* request,
                                         v1::Listing* response) override;
  grpc::ServerUnaryReactor* GetListing(grpc::CallbackServerContext* context,
                                       const v1::GetListingRequest* request, v1::Listing* response) override;
  grpc::ServerUnaryReactor* ListListings(grpc::CallbackServerContext* context,
                                         const v1::ListListingsRequest* request,
                                         v1::ListListingsResponse* response) override;
  grpc::ServerUnaryReactor* CreateIntent(grpc::CallbackServerContext* context,
                                         const v1::CreateIntentRequest* request,
                                         v1::Intent* response) override;
  grpc::ServerUnaryReactor* GiveOpinion(grpc::CallbackServerContext* context,
                                        const v1::GiveOpinionRequest* request, v1::Intent* response) override;
  grpc::ServerUnaryReactor* ConsentIntent(grpc::CallbackServerContext* context,
                                          const v1::ConsentIntentRequest* request,
                                          v1::Intent* response) override;
  grpc::ServerUnaryReactor* ObjectIntent(grpc::CallbackServerContext* context,
                                         const v1::ObjectIntentRequest* request,
                                         v1::Intent* response) override;
  grpc::ServerUnaryReactor* DecideDispute(grpc::CallbackServerContext* context,
                                          const v1::DecideDisputeRequest* request,
                                          v1::Intent* response) override;
  grpc::ServerUnaryReactor* WithdrawIntent(grpc::CallbackServerContext* context,
                                           const v1::WithdrawIntentRequest* request,
                                           v1::Intent* response) override;
  grpc::ServerUnaryReactor* GetIntent(grpc::CallbackServerContext* context,
                                      const v1::GetIntentRequest* request, v1::Intent* response) override;
  grpc::ServerUnaryReactor* ListIntents(grpc::CallbackServerContext* context,
                                        const v1::ListIntentsRequest* request,
                                        v1::ListIntentsResponse* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;

 private:
  const ListingApp& app_;
  rpc::Handler& handler_;
};

}  // namespace ttx::listing
